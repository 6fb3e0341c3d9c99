"""A person lets the channel in: an application of its own on the server, its page, and the code that the page shows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from steadycast.platform import Answer, Ask, Channel, Refused, Show

OOB = "urn:ietf:wg:oauth:2.0:oob"  # the page shows the code: nobody has to listen for it
NEEDED = ("write:statuses", "write:media", "read:statuses")
SCOPES = ("read:accounts", *NEEDED)  # and as whom it speaks; every server knows these
WRONG = "the server does not take this code: it is mistyped, older than ten minutes, or was used before"


def lacking(scopes: Collection[str]) -> list[str]:
    """What a token cannot do that the channel needs; of one whose scopes the server does not tell, nothing."""
    return [need for need in NEEDED if scopes and not {need, need.partition(":")[0]} & {*scopes}]


def token_for(channel: Channel, show: Show, ask: Ask) -> str:
    """The token of the account that lets the channel in, with no more rights than the channel needs."""
    server = channel.settings["url"].rstrip("/")
    http = channel.http.using(base=server, errors=_meant)
    wanted = {"client_name": "Steadycast", "redirect_uris": OOB, "scopes": " ".join(SCOPES)}
    app = _told(http.request("POST", "api/v1/apps", data=wanted, repeatable=True), "client_id", "client_secret")
    channel.state.set("app", app)  # from here on no message says its secret
    page = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": OOB, "scope": " ".join(SCOPES)}
    show(
        "Open this page as the account that is to post, and let Steadycast in:",
        f"{server}/oauth/authorize?{urlencode(page)}",
    )
    code = ask("The code that the page shows")
    grant = {**app, "grant_type": "authorization_code", "redirect_uri": OOB, "code": code}
    return _told(http.request("POST", "oauth/token", data=grant, repeatable=True), "access_token")["access_token"]


def _meant(answer: Answer) -> Refused | None:
    told = answer.json() if answer.status in (400, 401) else None
    wrong = isinstance(told, dict) and told.get("error") == "invalid_grant"
    return Refused(WRONG) if wrong else None


def _told(answer: Answer, *names: str) -> dict[str, str]:
    told: Any = answer.json()
    try:
        return {name: str(told[name]) for name in names}
    except (KeyError, TypeError):
        raise answer.garbled(f"the answer has no {names[0]}", answer) from None
