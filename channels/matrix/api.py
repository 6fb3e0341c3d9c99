"""The calls of the Client-Server API by which messages are sent, read and taken away."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from steadycast.platform import Busy, Media, Post, Refused, Unknown

from .answers import kept, part_of, removed, sent_as, sorted_error
from .content import TEXT, file_of, files_of
from .server import Server

PAGES = 25  # of 100 messages of this account: who sends more between a post and its look is not looked through
PAGE = "100"
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out
AGAIN = 5  # how often a message that was taken away can be sent anew


class Api(Server):
    """What the account says in the room, and takes away."""

    def send(self, content: Mapping[str, Any], txn: str) -> dict[str, Any]:
        """The message under that transaction id: the same id of the same device gives the first one again.

        Also one that was taken away since. What this account itself took away is sent anew, under an id made of it.
        """
        for _ in range(AGAIN):
            path = self._path(f"send/m.room.message/{txn}")
            id = str(self._named(self.http.request("PUT", path, json=content), "event_id"))
            try:
                there = self._event(id)
            except (Busy, Refused):
                there = None
            if not there:  # it was accepted: that it cannot be looked at does not make it late, nor gone
                return {"id": id, "at": 0}
            if there.get("content"):
                return kept(there)
            if removed(there, self.user):
                raise Unknown(self.channel.tell("removed"), channel=self.channel.name)
            txn = f"{txn}-{id[1:9]}"
        raise Unknown(self.channel.tell("gone"), channel=self.channel.name)

    def event(self, id: str) -> Any:
        """A message by its id; None where it is not there, or was taken away."""
        there = self._event(id)
        return there if there and there.get("content") else None

    def _event(self, id: str) -> Any:
        there = self.http.request("GET", self._path(f"event/{quote(id, safe='')}"), ok=(200, 404))
        return there.json() if there.status == 200 else None

    def own(self, post: Post) -> dict[str, Any]:
        """As `standing`; Unknown where somebody else took the text away: it was there, and is not sent again."""
        there, taken = self._read(post)
        if taken and TEXT not in there:
            raise Unknown(self.channel.tell("removed"), channel=self.channel.name)
        return there

    def standing(self, post: Post) -> dict[str, Any]:
        """The messages of a post by their parts, from among this account's own in the room, the newest first."""
        return self._read(post)[0]

    def _read(self, post: Post) -> tuple[dict[str, Any], bool]:
        """The messages of a post that stand, by their parts; and whether somebody else took its text away."""
        there, taken = dict[str, Any](), False
        for event in self._sent(post):
            if part := part_of(event, post.key):
                there[part] = kept(event)
            elif sent_as(event).startswith(f"{post.key}-{TEXT}") and removed(event, self.user):
                taken = True
        return there, taken

    def _sent(self, post: Post) -> Iterator[Any]:
        """This account's messages in the room, the newest first, back to the day before the post's."""
        since = (min(post.published, post.due) - EARLY).timestamp() * 1000
        wanted = json.dumps({"senders": [self.user], "types": ["m.room.message"]})
        params = {"dir": "b", "limit": PAGE, "filter": wanted}
        for _ in range(PAGES):
            page = self.http.request("GET", self._path("messages"), params=params)
            events, end = self._named(page, "chunk"), page.json().get("end")
            yield from events
            if not end or any(event["origin_server_ts"] < since for event in events):
                return
            params["from"] = end
        raise Unknown(self.channel.tell("too-many", num=PAGES * 100), channel=self.channel.name)

    def redact(self, id: str) -> None:
        """Take a message away, its edits first: afterwards the server would not tell them, and still show them."""
        for each in (*self._edits(id), id):
            path = self._path(f"redact/{quote(each, safe='')}/{each[1:]}")
            self.http.request("PUT", path, json={}, ok=(200, 404), repeatable=True)

    def _edits(self, id: str) -> list[str]:
        """The ids of every edit of a message, from all pages: a server gives few at once."""
        path, params = self._path(f"relations/{quote(id, safe='')}/m.replace", version=1), {"limit": PAGE}
        edits = list[str]()
        for _ in range(PAGES):
            page = self.http.request("GET", path, params=params, ok=(200, 404))
            if page.status == 404:
                return edits
            edits += [each["event_id"] for each in self._named(page, "chunk")]
            if not (more := page.json().get("next_batch")):
                return edits
            params["from"] = more
        raise Unknown(self.channel.tell("too-many", num=PAGES * 100), channel=self.channel.name)

    def files(self, post: Post) -> dict[str, dict[str, Any]]:
        """The content that shows each file of a post, by its part; the file itself is on the server then."""
        cover = self._uploaded(post.cover) if post.cover and post.of("video") else ""
        named = {part: (file, cover if file.role == "video" else "") for part, file in files_of(post).items()}
        return {part: file_of(post, part, file, self._uploaded(file), small) for part, (file, small) in named.items()}

    def _uploaded(self, file: Media) -> str:
        """Its mxc address, of one upload: the server would keep the same bytes twice as two files."""
        return self.channel.step(f"upload-{file.sha256[:32]}", partial(self._upload, file), repeatable=True)

    def _upload(self, file: Media) -> str:
        http = self.http.using(errors=partial(sorted_error, self.channel, large="file-too-large"))
        with file.path.open("rb") as data:
            headers, params = {"Content-Type": file.mime}, {"filename": file.name}
            answer = http.request("POST", "media/v3/upload", data=data, headers=headers, params=params, repeatable=True)
        return str(self._named(answer, "content_uri"))
