"""The account lets the app in, on B站's page. Each refresh token is good once."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Answer, Ask, Channel, OAuth, Refused, Show, log_in

from .answers import code_of, meant

APPS = "https://open.bilibili.com/"
PAGE = "https://account.bilibili.com/pc/account-pc/auth/oauth"


def oauth_of(channel: Channel, secret: str, refresh: str) -> OAuth:
    """The account's access tokens."""
    tokens = f"{channel.settings['tokens'].rstrip('/')}/x/account-oauth2/v1"
    client = {"client_id": channel.settings["client"], "client_secret": secret}

    def made(answer: Answer) -> Any:
        """The fields of RFC 6749: they stand in `data`, and `expires_in` is the second in which the token ends."""
        if code_of(answer):
            raise meant(channel.tell, answer) or Refused(answer.message)
        told = answer.json().get("data") or {}
        ends = told.get("expires_in")
        now = int(channel.now().timestamp())
        return {**told, "expires_in": max(ends - now, 600) if isinstance(ends, int) and ends > 10**9 else ends}

    return OAuth(
        channel, f"{tokens}/token", client, refresh.strip(), rotates=True, made=made, renewal=f"{tokens}/refresh_token"
    )


def settings_for(channel: Channel, show: Show, ask: Ask) -> dict[str, str]:
    """The app's secret, and the refresh token of the account."""
    show(channel.tell("show-app"), APPS)
    secret, back = ask(channel.tell("ask-secret")).strip(), channel.settings["back"]
    told = log_in(oauth_of(channel, secret, ""), PAGE, {"redirect_uri": back, "gourl": back}, show, ask, pkce=False)
    if not (refresh := str(told.get("refresh_token") or "")):
        raise Refused(channel.tell("no-refresh"), channel=channel.name)
    return {"client_secret": secret, "refresh": refresh}
