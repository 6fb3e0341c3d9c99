"""The few calls of the Client-Server API that the adapter makes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any
from urllib.parse import quote

from steadycast.platform import Answer, Busy, Channel, HttpClient, Media, Post, Refused, Unknown

from .answers import created, kept, lacking, part_of, sorted_error
from .content import file_of, files_of

PAGES = 25  # of 100 messages of this account: who sends more between a post and its look is not looked through
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out
AGAIN = 5  # how often a message that was taken away can be sent anew


class Api:
    """One room, as the account that the channel's token speaks for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        base = f"{self.channel.settings['url'].rstrip('/')}/_matrix"
        token = {"Authorization": f"Bearer {self.channel.secret('token')}"}
        return self.channel.http.using(base=base, headers=token, errors=partial(sorted_error, self.channel))

    @cached_property
    def user(self) -> str:
        """As whom the token speaks."""
        return str(self._named(self.http.request("GET", "client/v3/account/whoami"), "user_id"))

    @cached_property
    def room(self) -> str:
        """The room's id: an alias may be given to another room one day."""
        named = self.channel.settings["room"].strip()
        if named.startswith("!"):
            return named
        there = self.http.request("GET", f"client/v3/directory/room/{quote(named, safe='')}", ok=(200, 404))
        if there.status == 404:
            raise Refused(self.channel.tell("no-room", said=there.message), channel=self.channel.name)
        return str(self._named(there, "room_id"))

    def state(self, kind: str, **params: str) -> Any:
        """An event of the room's state, or {} where there is none."""
        there = self.http.request("GET", self._path(f"state/{kind}/"), params=params, ok=(200, 404))
        return there.json() if there.status == 200 else {}

    def lacks(self, wanted: tuple[str, ...]) -> list[str]:
        """Which of these the account may not do in the room."""
        lacks = lacking(self.user, self.state("m.room.power_levels"), wanted)
        return lacks if lacks and not created(self.user, self.state("m.room.create", format="event")) else []

    def most(self) -> int | None:
        """How many bytes a file may have."""
        size = self.http.request("GET", "client/v1/media/config").json().get("m.upload.size")
        return size if isinstance(size, int) else None

    def send(self, content: Mapping[str, Any], txn: str) -> dict[str, Any]:
        """The message under that transaction id: the same id of the same device gives the first one again.

        Also one that was taken away since. Where the message is gone, it is sent anew, under an id made of it.
        """
        for _ in range(AGAIN):
            path = self._path(f"send/m.room.message/{txn}")
            id = str(self._named(self.http.request("PUT", path, json=content), "event_id"))
            try:
                if there := self.event(id):
                    return kept(there)
            except Busy:  # it was accepted: that it cannot be looked at does not make it late
                return {"id": id, "at": 0}
            txn = f"{txn}-{id[1:9]}"
        raise Unknown(self.channel.tell("gone"), channel=self.channel.name)

    def event(self, id: str) -> Any:
        """A message by its id; None where it is not there, or was taken away."""
        there = self.http.request("GET", self._path(f"event/{quote(id, safe='')}"), ok=(200, 404))
        return there.json() if there.status == 200 and there.json().get("content") else None

    def own(self, post: Post) -> dict[str, Any]:
        """The messages of a post by their parts, from among this account's own in the room, the newest first."""
        since = (min(post.published, post.due) - EARLY).timestamp() * 1000
        wanted = json.dumps({"senders": [self.user], "types": ["m.room.message"]})
        found, params = dict[str, Any](), {"dir": "b", "limit": "100", "filter": wanted}
        for _ in range(PAGES):
            page = self.http.request("GET", self._path("messages"), params=params)
            events, end = self._named(page, "chunk"), page.json().get("end")
            found |= {part: kept(event) for event in events if (part := part_of(event, post.key))}
            if not end or any(event["origin_server_ts"] < since for event in events):
                return found
            params["from"] = end
        raise Unknown(self.channel.tell("too-many", num=PAGES * 100), channel=self.channel.name)

    def redact(self, id: str) -> None:
        """Take a message away, its edits first: afterwards the server would not tell them, and still show them."""
        path = self._path(f"relations/{quote(id, safe='')}/m.replace", version=1)
        edits = self.http.request("GET", path, ok=(200, 404))
        for each in (*(edits.json()["chunk"] if edits.status == 200 else ()), {"event_id": id}):
            path = self._path(f"redact/{quote(each['event_id'], safe='')}/{each['event_id'][1:]}")
            self.http.request("PUT", path, json={}, ok=(200, 404), repeatable=True)

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

    def _path(self, rest: str, version: int = 3) -> str:
        return f"client/v{version}/rooms/{quote(self.room, safe='')}/{rest}"

    def _named(self, answer: Answer, name: str) -> Any:
        try:
            return answer.json()[name]
        except (KeyError, TypeError):
            raise answer.garbled(self.channel.tell("no-id"), answer) from None
