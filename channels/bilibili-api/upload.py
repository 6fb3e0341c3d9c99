"""A film that goes up in pieces of 8 MB: each is a step, so that after a cut the next one follows."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import secrets
from functools import partial

from steadycast.platform import Channel, Post, Refused, piece

from .answers import meant
from .api import Api

SIZE = 8 * 1024 * 1024  # of one piece, as the documents say
LASTS = dt.timedelta(hours=20)  # ours: how long an upload may be gone on with is not told


class Upload:
    """One film's way up. Its token stands in the channel's state: who has it can send in its place."""

    def __init__(self, channel: Channel, api: Api, post: Post) -> None:
        self.channel, self.api = channel, api
        films = post.of("video")
        if not films:
            raise Refused(channel.tell("no-film"), channel=channel.name)
        self.media = films[0]
        self.known = f"upload-token-{post.key}-{self.media.sha256[:16]}"

    def token(self) -> str:
        """The token of the upload, once all of the film is there."""
        step = self.channel.step
        if not self.channel.state.get(self.known):
            step(f"begin-{secrets.token_hex(4)}", self._begun, repeatable=True)  # each is a new one
        token = str(self.channel.state.get(self.known))
        name = hashlib.sha256(token.encode()).hexdigest()[:8]
        for n in range(math.ceil(self.media.size / SIZE)):
            step(f"bytes-{name}-{n + 1}", partial(self._sent, token, n), repeatable=True)
        step(f"whole-{name}", partial(self._completed, token), repeatable=True)
        return token

    def _begun(self) -> bool:
        token = self.api.begin(f"{self.media.sha256[:16]}.{self.media.name.rpartition('.')[2]}")
        self.channel.state.set(self.known, token, expires=self.channel.now() + LASTS)
        return True

    def _sent(self, token: str, n: int) -> bool:
        """Send one piece; the same number again takes its place."""
        size = min(SIZE, self.media.size - n * SIZE)
        uploads = self.channel.settings["uploads"].rstrip("/")
        http = self.channel.http.using(base=uploads, errors=partial(meant, self.channel.tell))
        with piece(self.media.path, n * SIZE, size) as data:
            asked = {"upload_token": token, "part_number": str(n + 1)}
            head = {"Content-Type": "application/octet-stream"}
            http.request("POST", "video/v2/part/upload", params=asked, headers=head, data=data, repeatable=True)
        return True

    def _completed(self, token: str) -> bool:
        self.api.complete(token)
        return True
