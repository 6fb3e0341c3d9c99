"""The few calls of Slack's API that the adapter makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Account, Answer, Channel, HttpClient, Media, Refused, Unknown

from .answers import kept, lacking, sorted_error

PAGES = 50  # of 200 messages each
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out
GONE = ("message_not_found", "file_not_found", "file_deleted")


class Api:
    """One channel of a workspace, as the bot whose token it is."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.place = str(channel.settings["channel"]).strip()

    @cached_property
    def http(self) -> HttpClient:
        token = {"Authorization": f"Bearer {self.channel.secret('token').strip()}"}
        server, meant = self.channel.settings["server"], partial(sorted_error, self.channel.tell)
        return self.channel.http.using(base=server, headers=token, errors=meant)

    def team(self) -> str:
        """The workspace's address, asked for once: a message's address begins with it."""
        if (known := self.channel.state.get("team")) is None:
            known = str(self.http.request("GET", "auth.test").json().get("url") or "")
            self.channel.state.set("team", known)
        return str(known)

    def account(self) -> Account:
        told = self.http.request("GET", "auth.test")
        me, scopes = told.json(), tuple(filter(None, told.headers.get("X-OAuth-Scopes", "").split(",")))
        if lacks := lacking(scopes):
            raise Refused(self.channel.tell("scopes", scopes=lacks), channel=self.channel.name)
        self._history(limit=1)  # it may read the channel
        return Account(f"@{me.get('user')} → {me.get('team')}", scopes)

    def post(self, told: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.http.request("POST", "chat.postMessage", json={"channel": self.place, **told})
        try:
            return kept(answer.json(), self.place)
        except KeyError:
            raise answer.garbled(self.channel.tell("garbled"), answer) from None

    def changed(self, method: str, message: Mapping[str, Any], told: Mapping[str, Any] | None = None) -> bool:
        """Whether the message was there; a lost answer harms nothing, as the same may be asked again."""
        return self._done(method, {"channel": message["channel"], "ts": message["ts"], **(told or {})})

    def forget(self, files: Sequence[str]) -> None:
        for file in files:
            self._done("files.delete", {"file": file})

    def at(self, ts: str) -> Any:
        """The message of that time, None where there is none."""
        found = self._history(oldest=ts, latest=ts, inclusive="true", limit=1)["messages"]
        return next((m for m in found if m["ts"] == ts), None)

    def keyed(self, key: str, due: dt.datetime) -> Any:
        """The message that carries the key, of those that are not much older than `due`; None where there is none."""
        asked: dict[str, Any] = {"oldest": f"{(due - EARLY).timestamp():.6f}", "limit": 200}
        for _ in range(PAGES):
            page = self._history(**asked)
            for message in page["messages"]:
                if (message.get("metadata") or {}).get("event_payload", {}).get("key") == key:
                    return message
            if not (cursor := (page.get("response_metadata") or {}).get("next_cursor")):
                return None
            asked["cursor"] = cursor
        raise Unknown(self.channel.tell("too-many", num=200 * PAGES), channel=self.channel.name)

    def kept(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return kept({"ts": message["ts"]}, self.place)

    def file(self, media: Media) -> str:
        """The id of a picture that only messages of ours show."""
        return self.completed(self.uploaded(media), media.name)

    def uploaded(self, media: Media) -> str:
        """The id of a file that is there and not finished: nobody sees it."""
        asked = {"filename": media.name, "length": media.size, "alt_txt": media.alt or None}
        told = self.http.request("POST", "files.getUploadURLExternal", data=asked, repeatable=True).json()
        with media.path.open("rb") as data:  # another host: it gets no token
            self.channel.http.request("POST", told["upload_url"], data=data, repeatable=True)
        return str(told["file_id"])

    def completed(self, id: str, title: str, *, shared: bool = False) -> str:
        """Finish a file; `shared`: it stands in the channel from now on."""
        asked = {"files": [{"id": id, "title": title}], **({"channel_id": self.place} if shared else {})}
        self.http.request("POST", "files.completeUploadExternal", json=asked, repeatable=not shared)
        return id

    def _history(self, **asked: Any) -> Any:
        asked |= {"channel": self.place, "include_all_metadata": "true"}
        answer: Answer = self.http.request("GET", "conversations.history", params=asked)
        told = answer.json()
        if not isinstance(told.get("messages"), list):
            raise answer.garbled(self.channel.tell("garbled"), answer)
        return told

    def _done(self, method: str, asked: Mapping[str, Any]) -> bool:
        try:
            self.http.request("POST", method, json=asked, repeatable=True)
        except Refused as error:
            if error.code not in GONE:
                raise
            return False
        return True
