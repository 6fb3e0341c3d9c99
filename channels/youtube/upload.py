"""A film that goes up in pieces (resumable upload): after a cut it goes on where YouTube says that it stands."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from functools import partial
from typing import Any

from steadycast.platform import Answer, Busy, Channel, Post, Refused, Unknown, piece

from .answers import reached
from .api import Api
from .content import fields

SIZE = 32 * 1024 * 1024  # of one piece: a multiple of 256 kB, as YouTube asks
GONE = (404, 410)  # a session that YouTube knows no more
LASTS = dt.timedelta(days=6)  # YouTube keeps a session about a week


class Upload:
    """One film's way up. Its session's address stands in the channel's state: who has it can send in its place."""

    def __init__(self, channel: Channel, api: Api, post: Post) -> None:
        self.channel, self.api, self.post = channel, api, post
        films = post.of("video")
        if not films:
            raise Refused(channel.tell("no-film"), channel=channel.name)
        self.media = films[0]
        self.known = f"session-{post.key}-{self.media.sha256[:16]}"

    def film(self) -> str:
        """The id of the film, once all of it is there."""
        session = self.channel.state.get(self.known)
        at: Any = self._stands(session) if session else None
        if at is None:
            self.channel.step(f"begin-{secrets.token_hex(4)}", self._begun, repeatable=True)  # each is a new one
            at, session = 0, self.channel.state.get(self.known)
        name = hashlib.sha256(session.encode()).hexdigest()[:8]  # of the steps: each makes the turn longer
        while isinstance(at, int):
            at = self.channel.step(f"bytes-{name}-{at}", partial(self._sent, session, at), repeatable=True)
        return str(at["film"])

    def _begun(self) -> bool:
        head = {
            "X-Upload-Content-Length": str(self.media.size),
            "X-Upload-Content-Type": self.media.mime,
        }
        asked = {"uploadType": "resumable", "part": "snippet,status"}
        body = fields(self.channel, self.post)
        answer = self.api.call(
            "POST", "upload/youtube/v3/videos", params=asked, json=body, headers=head, repeatable=True
        )
        if not (session := answer.headers.get("Location", "")):
            raise answer.garbled(self.channel.tell("garbled"), answer)
        self.channel.state.set(self.known, session, expires=self.channel.now() + LASTS)
        return True

    def _stands(self, session: str) -> Any:
        """How many bytes are there, or the film; None where YouTube knows the session no more."""
        head = {"Content-Range": f"bytes */{self.media.size}"}
        answer = self.api.call("PUT", session, headers=head, data=b"", ok=(200, 201, 308, *GONE), repeatable=True)
        return None if answer.status in GONE else self._told(answer)

    def _sent(self, session: str, at: int) -> Any:
        """As `_stands`, after one piece more. A lost answer does no harm: the session tells what it has."""
        size = min(SIZE, self.media.size - at)
        head = {"Content-Range": f"bytes {at}-{at + size - 1}/{self.media.size}", "Content-Type": self.media.mime}
        with piece(self.media.path, at, size) as data:
            answer = self.api.call("PUT", session, headers=head, data=data, ok=(200, 201, 308, *GONE), repeatable=True)
        if answer.status in GONE:
            self.channel.state.set(self.known, None)
            raise Busy(self.channel.tell("begin-again"), channel=self.channel.name)
        told = self._told(answer)
        if told == at:
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name)
        return told

    def _told(self, answer: Answer) -> Any:
        if answer.status == 308:
            return reached(answer)
        told = answer.json()
        if not isinstance(told, dict) or not told.get("id"):
            raise answer.garbled(self.channel.tell("garbled"), answer)
        return {"film": str(told["id"])}
