"""A film that goes up in pieces of 16 MB: each is a step, so that after a cut the next one follows."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import secrets
from functools import partial
from typing import Any

from steadycast.platform import Channel, Post, Refused

from .api import Api
from .content import fields
from .storage import Storage

SIZE = 16 * 1024 * 1024
LASTS = dt.timedelta(hours=20)  # ours: how long an upload may be gone on with is not told
SOON = dt.timedelta(minutes=10)  # before the storage's credentials end, new ones are asked for
STORAGE = ("endpoint", "security_token", "temp_access_id", "temp_access_secret", "expire_time")


class Upload:
    """One film's way up. Its tokens stand in the channel's state: who has them can send in its place."""

    def __init__(self, channel: Channel, api: Api, post: Post) -> None:
        self.channel, self.api, self.post = channel, api, post
        films = post.of("video")
        if not films:
            raise Refused(channel.tell("no-film"), channel=channel.name)
        self.media = films[0]
        self.known = f"upload-tokens-{post.key}-{self.media.sha256[:16]}"

    def token(self) -> str:
        """The token of the upload, once all of the film is there."""
        step = self.channel.step
        if not self._kept():
            step(f"begin-{secrets.token_hex(4)}", self._begun, repeatable=True)  # each is a new one
        token = str(self._kept()["upload_token"])
        name = hashlib.sha256(token.encode()).hexdigest()[:8]
        upload = step(f"opened-{name}", lambda: self._storage().begin(), repeatable=True)
        tags = list[str]()
        for n in range(1, math.ceil(self.media.size / SIZE) + 1):
            tags.append(step(f"bytes-{name}-{n}", partial(self._sent, upload, n), repeatable=True))
        step(f"whole-{name}", partial(self._completed, upload, tags), repeatable=True)
        return token

    def _sent(self, upload: str, n: int) -> str:
        at = (n - 1) * SIZE
        return self._storage().send(upload, n, self.media.path, (at, min(SIZE, self.media.size - at)))

    def _completed(self, upload: str, tags: list[str]) -> bool:
        self._storage().complete(upload, tags)
        return True

    def _kept(self) -> Any:
        return self.channel.state.get(self.known)

    def _begun(self) -> bool:
        with self.media.path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        asked = {**fields(self.channel, self.post), "isnew": "1", "file_md5": digest, "file_size": str(self.media.size)}
        asked["file_name"] = f"{self.media.sha256[:16]}.{self.media.name.rpartition('.')[2]}"
        self._keep(self.api.call("uploads/create.json", asked, repeatable=True))
        return True

    def _keep(self, told: Any) -> None:
        kept = {name: str(told[name]) for name in (*STORAGE, "upload_token", "oss_bucket", "oss_object")}
        self.channel.state.set(self.known, kept, expires=self.channel.now() + LASTS)

    def _storage(self) -> Storage:
        """The storage, under credentials that last for one more piece."""
        kept = self._kept()
        if not kept:
            raise Refused(self.channel.tell("begin-again"), channel=self.channel.name)
        if dt.datetime.fromisoformat(kept["expire_time"]) < self.channel.now() + SOON:
            asked = {name: kept[name] for name in ("upload_token", "oss_bucket", "oss_object")}
            told = self.api.call("uploads/get_sts_inf.json", asked, repeatable=True)
            self._keep({**kept, **{name: told[name] for name in STORAGE}})
        return Storage(self.channel, self._kept())
