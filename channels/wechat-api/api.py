"""The few calls of the official accounts' interface that the adapter makes, under one token that all workers share."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Channel, HttpClient, Media, MemoryState, Refused, Unknown

from .answers import NO_PERMISSION, STALE, meant

EARLY = dt.timedelta(minutes=5)  # before a token ends, when the vendor renews it
PAGE, PAGES = 20, 3  # articles that are looked through


class Api:
    """One account. The token is kept for all workers, or for nobody: who only looks may write nothing into a ledger."""

    def __init__(self, channel: Channel, *, shared: bool = True) -> None:
        self.channel = channel
        self.state = channel.state if shared else MemoryState(channel.now)

    @cached_property
    def http(self) -> HttpClient:
        """The server, without a token."""
        server = self.channel.settings["url"].rstrip("/")
        return self.channel.http.using(base=f"{server}/cgi-bin", errors=partial(meant, self.channel.tell))

    def call(self, path: str, asked: Any, *, repeatable: bool = False) -> Any:
        """An answer. The body is UTF-8 as it is: escaped characters are refused as 40033."""
        body = json.dumps(asked, ensure_ascii=False).encode()
        return self._sent(path, repeatable, lambda: {"data": body, "headers": {"Content-Type": "application/json"}})

    def made(self, path: str, asked: Any, name: str, *, repeatable: bool = True) -> str:
        """The id of what a call made: a text, which the vendor gives as a number at times."""
        try:
            return str(self.call(path, asked, repeatable=repeatable)[name])
        except KeyError:
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name) from None

    def picture(self, media: Media) -> str:
        """The address of a picture inside an article; it counts into no quota."""
        return str(self._upload("media/uploadimg", media)["url"])

    def material(self, media: Media) -> str:
        """The id of a picture kept for good, as a cover has to be."""
        return str(self._upload("material/add_material?type=image", media)["media_id"])

    def published(self) -> Iterator[Any]:
        """The newest articles that were published."""
        return self._listed("freepublish/batchget")

    def boxed(self) -> Iterator[Any]:
        """The newest drafts in the draft box: one that lies there was not published."""
        return self._listed("draft/batchget")

    def may(self, path: str) -> bool:
        """Whether the account has the right to one of the lists."""
        try:
            self.call(path, {"offset": 0, "count": 1, "no_content": 1}, repeatable=True)
        except Refused as error:
            if error.code != NO_PERMISSION:
                raise
            return False
        return True

    def _listed(self, path: str) -> Iterator[Any]:
        for page in range(PAGES):
            asked = {"offset": page * PAGE, "count": PAGE, "no_content": 1}
            rows = self.call(path, asked, repeatable=True).get("item")
            if not isinstance(rows, list):
                raise Unknown(self.channel.tell("garbled"), channel=self.channel.name)
            yield from rows
            if len(rows) < PAGE:
                return

    def _upload(self, path: str, media: Media) -> Any:
        def form() -> dict[str, Any]:
            return {
                "files": {
                    "media": (
                        f"{media.sha256[:16]}.{media.name.rpartition('.')[2]}",
                        media.path.read_bytes(),
                        media.mime,
                    )
                }
            }

        return self._sent(path, True, form)

    def _sent(self, path: str, repeatable: bool, body: Any) -> Any:
        for last in (False, True):
            token = self.state.fresh(self._name, self._new)
            try:
                answer = self.http.request(
                    "POST", path, params={"access_token": token}, repeatable=repeatable, **body()
                )
            except Refused as error:
                if last or error.code not in STALE:
                    raise
                self._forget(token)
            else:
                return answer.json()
        raise AssertionError

    # The token

    @cached_property
    def _name(self) -> str:
        """Of the state: another secret is another token."""
        told = (self.channel.settings["url"], self.channel.settings["appid"], self.channel.secret("secret"))
        return f"access-token-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}"

    def _forget(self, token: str) -> None:
        """Take it for expired, unless another worker has a new one already."""
        if self.state.get(self._name) == token:
            self.state.set(self._name, token, expires=self.channel.now())

    def _new(self, old: Any) -> tuple[str, dt.datetime]:
        """A token that other callers of this account may have as well: a classic one would end theirs.

        Where the vendor took the old one for ended before its time, a new one is asked for by force (20 a day).
        """
        asked = {
            "grant_type": "client_credential",
            "appid": self.channel.settings["appid"],
            "secret": self.channel.secret("secret"),
        }
        said = self.http.request("POST", "stable_token", json=asked | {"force_refresh": False}, repeatable=True).json()
        if old and said.get("access_token") == old:
            said = self.http.request(
                "POST", "stable_token", json=asked | {"force_refresh": True}, repeatable=True
            ).json()
        lasts = said.get("expires_in")
        if not isinstance(said.get("access_token"), str) or not isinstance(lasts, int):
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name)
        return said["access_token"], self.channel.now() + dt.timedelta(seconds=max(lasts, 600)) - EARLY
