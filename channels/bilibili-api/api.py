"""The few calls of B站's open platform that the adapter makes, each signed, under tokens that renew themselves."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import secrets
import time
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Answer, Channel, HttpClient, Media, OAuth, Post, Refused, Unknown

from .answers import NO_FILM, has_ended, meant
from .login import oauth_of
from .signing import headers

NEEDED = "ARC_BASE"
PAGE, PAGES = 50, 4  # films that are looked through
EARLY = dt.timedelta(days=1)


class Api:
    """One account that let the app in."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        server = self.channel.settings["server"].rstrip("/")
        return self.channel.http.using(base=f"{server}/arcopen/fn", errors=partial(meant, self.channel.tell))

    @cached_property
    def oauth(self) -> OAuth:
        return oauth_of(self.channel, self.channel.secret("client_secret").strip(), self.channel.secret("refresh"))

    def call(self, method: str, path: str, *, json: Any = None, look: bool = False, **asked: Any) -> Any:
        """The `data` of an answer. What is signed is the body as it leaves."""
        body = b"" if json is None else jsonlib.dumps(json, ensure_ascii=False).encode()
        client, secret = self.oauth.client["client_id"], self.oauth.client["client_secret"]

        def send(token: str) -> Answer:
            # It is held against the vendor's clock: real time, whatever hour the plan is made for.
            signed = headers(client, secret, body, nonce=secrets.token_hex(16), timestamp=int(time.time()))
            signed |= {"Access-Token": token} | ({"Content-Type": "application/json"} if body else {})
            return self.http.request(method, path, headers=signed, data=body or None, **asked)

        told = self.oauth.call(send, look=look, ended=has_ended).json()
        return told.get("data") if isinstance(told, dict) else None

    def scopes(self) -> tuple[str, ...]:
        told = self._dict(self.call("GET", "user/account/scopes", look=True))
        return tuple(str(each) for each in told.get("scopes") or ())

    def categories(self) -> dict[int, str]:
        """The categories by their tid."""
        rows = self.call("GET", "archive/type/list", look=True) or []
        return {row["id"]: str(row["name"]) for top in rows for row in top.get("children") or ()}

    def begin(self, name: str) -> str:
        """The token of a new upload in pieces."""
        told = self._dict(self.call("POST", "archive/video/init", json={"name": name, "utype": "0"}, repeatable=True))
        return str(told["upload_token"])

    def complete(self, token: str) -> None:
        self.call("POST", "archive/video/complete", params={"upload_token": token}, repeatable=True)

    def cover(self, cover: Media) -> str:
        """The address of a cover."""
        with cover.path.open("rb") as data:
            files = {"file": (cover.name, data.read(), cover.mime)}
        return str(self._dict(self.call("POST", "archive/cover/upload", files=files, repeatable=True))["url"])

    def hand_in(self, token: str, asked: Mapping[str, Any]) -> str:
        """The number of the new film."""
        told = self._dict(self.call("POST", "archive/add-by-utoken", params={"upload_token": token}, json=asked))
        return str(told["resource_id"])

    def film(self, number: str) -> Any:
        """A film with its state; None where there is none."""
        try:
            return self._dict(self.call("GET", "archive/view", params={"resource_id": number}))
        except Refused as error:
            if error.code not in {str(code) for code in NO_FILM}:
                raise
            return None

    def newer(self, post: Post) -> list[Any]:
        """The account's films since a day before the hour, the newest first, also those in review."""
        since = (min(post.due, self.channel.now()) - EARLY).timestamp()
        found: list[Any] = []
        for page in range(1, PAGES + 1):
            asked = {"ps": PAGE, "pn": page, "status": "all"}
            rows = self._dict(self.call("GET", "archive/viewlist", params=asked)).get("list") or []
            found += [row for row in rows if row["ctime"] >= since]
            if len(rows) < PAGE or rows[-1]["ctime"] < since:
                return found
        raise Unknown(self.channel.tell("cannot-tell", num=len(found)), channel=self.channel.name)

    def _dict(self, told: Any) -> Any:
        if not isinstance(told, dict):
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name)
        return told
