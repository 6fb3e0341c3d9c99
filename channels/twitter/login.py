"""The account lets the app in, on X's page (OAuth 2.0 with PKCE). Each refresh token is good once."""

from __future__ import annotations

from steadycast.platform import Ask, Channel, OAuth, Refused, Show, log_in

APPS = "https://console.x.com/"
PAGE = "https://x.com/i/oauth2/authorize"
SCOPE = "tweet.read tweet.write users.read media.write offline.access"


def oauth_of(channel: Channel, secret: str, refresh: str) -> OAuth:
    """The account's access tokens, of two hours each."""
    client = {"client_id": channel.settings["client"], "client_secret": secret}
    url = f"{channel.settings['server'].rstrip('/')}/2/oauth2/token"
    return OAuth(channel, url, client, refresh, basic=True, rotates=True)


def settings_for(channel: Channel, show: Show, ask: Ask) -> dict[str, str]:
    """The app's secret, and the refresh token of the account."""
    if not channel.settings["client"]:
        raise Refused(channel.tell("needs-client"), channel=channel.name)
    show(channel.tell("show-app"), APPS)
    secret = ask(channel.tell("ask-secret")).strip()
    wanted = {"redirect_uri": channel.settings["back"], "scope": SCOPE}
    told = log_in(oauth_of(channel, secret, ""), PAGE, wanted, show, ask)
    if not (refresh := str(told.get("refresh_token") or "")):
        raise Refused(channel.tell("no-refresh"), channel=channel.name)
    return {"client_secret": secret, "refresh": refresh}
