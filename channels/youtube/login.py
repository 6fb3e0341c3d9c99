"""The account lets the app in, on Google's page."""

from __future__ import annotations

from steadycast.platform import Ask, Channel, OAuth, Refused, Show, log_in

APPS = "https://console.cloud.google.com/apis/credentials"
PAGE = "https://accounts.google.com/o/oauth2/v2/auth"
SCOPE = "https://www.googleapis.com/auth/youtube"


def settings_for(channel: Channel, show: Show, ask: Ask) -> dict[str, str]:
    """The app's secret, and the refresh token of the account."""
    show(channel.tell("show-app"), APPS)
    client = {"client_id": channel.settings["client"], "client_secret": ask(channel.tell("ask-secret")).strip()}
    oauth = OAuth(channel, channel.settings["tokens"], client, "")
    wanted = {"redirect_uri": channel.settings["back"], "scope": SCOPE, "access_type": "offline", "prompt": "consent"}
    told = log_in(oauth, PAGE, wanted, show, ask)
    if not (refresh := str(told.get("refresh_token") or "")):
        raise Refused(channel.tell("no-refresh"), channel=channel.name)
    return {"client_secret": client["client_secret"], "refresh": refresh}
