"""The member lets the app in, on LinkedIn's page (OAuth 2.0). Few apps get a refresh token; all others, 60 days."""

from __future__ import annotations

from steadycast.platform import Ask, Channel, OAuth, Refused, Show, log_in

APPS = "https://www.linkedin.com/developers/apps"


def oauth_of(channel: Channel, secret: str, refresh: str) -> OAuth:
    """The member's access tokens, of 60 days each."""
    client = {"client_id": channel.settings["client"], "client_secret": secret}
    return OAuth(channel, f"{channel.settings['tokens'].rstrip('/')}/accessToken", client, refresh)


def settings_for(channel: Channel, show: Show, ask: Ask) -> dict[str, str]:
    """The app's secret with the refresh token, where LinkedIn gave one; else the access token alone."""
    if not channel.settings["client"]:
        raise Refused(channel.tell("needs-client"), channel=channel.name)
    show(channel.tell("show-app"), APPS)
    secret = ask(channel.tell("ask-secret")).strip()
    organization = ":organization:" in channel.settings["author"]
    scope = "w_organization_social" if organization else "openid profile w_member_social"
    page = f"{channel.settings['tokens'].rstrip('/')}/authorization"
    wanted = {"redirect_uri": channel.settings["back"], "scope": scope}
    told = log_in(oauth_of(channel, secret, ""), page, wanted, show, ask, pkce=False)
    if refresh := str(told.get("refresh_token") or ""):
        return {"client_secret": secret, "refresh": refresh}
    return {"token": str(told["access_token"])}
