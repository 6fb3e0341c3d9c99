"""The account's refresh token, which a person makes on the vendor's page of tools. The next one comes with each use."""

from __future__ import annotations

from steadycast.platform import Ask, Channel, OAuth, Show

APPS = "https://cloud.youku.com/app"
TOOLS = "https://cloud.youku.com/tools"


def oauth_of(channel: Channel, secret: str, refresh: str) -> OAuth:
    """The account's access tokens."""
    client = {"client_id": channel.settings["client"], "client_secret": secret}
    url = f"{channel.settings['server'].rstrip('/')}/oauth2/token.json"
    return OAuth(channel, url, client, refresh.strip(), rotates=True)


def settings_for(channel: Channel, show: Show, ask: Ask) -> dict[str, str]:
    """The app's secret, and a refresh token that was tried."""
    show(channel.tell("show-app"), APPS)
    secret = ask(channel.tell("ask-secret")).strip()
    show(channel.tell("show-tools"), TOOLS)
    refresh = ask(channel.tell("ask-refresh")).strip()
    channel.state.set("login-secrets", [secret, refresh])  # from here on no message says them
    told = oauth_of(channel, secret, refresh).grant({"grant_type": "refresh_token", "refresh_token": refresh})
    return {"client_secret": secret, "refresh": str(told.get("refresh_token") or refresh)}
