"""The few calls of the AT Protocol that the adapter makes, under one session that all workers share."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Account, Answer, Channel, HttpClient, Media, Refused

from .answers import STALE, error_of, lasts, meant, rights_of, told

POSTS = "app.bsky.feed.post"
NO_LIMIT = 10**12


class Api:
    """One server, as the account that the channel's app password speaks for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.dids: dict[str, str | None] = {}

    @cached_property
    def http(self) -> HttpClient:
        """The server, without a session."""
        server = self.channel.settings["url"].rstrip("/")
        return self.channel.http.using(base=f"{server}/xrpc", errors=partial(meant, self.channel.tell))

    def put(self, key: str, record: Any, swap: str | None = None) -> Any:
        """The uri and cid of the record under `key`, now this one; None where another is there than `swap` says."""
        asked = {"repo": self.did, "collection": POSTS, "rkey": key, "record": record, "swapRecord": swap}
        try:
            return self._told(self.call("POST", "com.atproto.repo.putRecord", json=asked), "uri", "cid")
        except Refused as error:
            if error_of(error.answer) != "InvalidSwap":
                raise
        return None

    def record(self, key: str) -> Any:
        """The record under `key`, with its uri and cid; None where there is none."""
        asked = {"repo": self.did, "collection": POSTS, "rkey": key}
        try:
            return self._told(self.call("GET", "com.atproto.repo.getRecord", params=asked), "uri", "cid", "value")
        except Refused as error:
            if error_of(error.answer) != "RecordNotFound":
                raise
        return None

    def delete(self, records: Sequence[Any]) -> None:
        """The last one first: a reply whose post is gone would stand alone."""
        for each in reversed(records):
            asked = {"repo": self.did, "collection": POSTS, "rkey": each["uri"].rpartition("/")[2]}
            self.call("POST", "com.atproto.repo.deleteRecord", json=asked, repeatable=True)

    def upload(self, media: Media) -> Any:
        """What a record names a file by: its hash, so that a second upload is the same."""
        said = self.call("POST", "com.atproto.repo.uploadBlob", media=media, repeatable=True)
        return self._told(said, "blob")["blob"]

    def did_of(self, handle: str) -> str | None:
        """Whose a handle is; None where nobody's."""
        if handle not in self.dids:
            name, asked = "com.atproto.identity.resolveHandle", {"handle": handle}
            answer = self.http.request("GET", name, params=asked, ok=(200, 400))
            self.dids[handle] = self._told(answer, "did")["did"] if answer.status == 200 else None
        return self.dids[handle]

    def largest(self) -> int:
        """The most bytes that a file may have."""
        said = told(self.channel.tell, self.http.request("GET", "com.atproto.server.describeServer"))
        most = said.get("blobUploadLimit")
        return most if isinstance(most, int) and most > 0 else NO_LIMIT

    def account(self) -> Account:
        """As whom a log-in speaks; its scope tells an app password from the account's own.

        It is kept for nobody: whoever only looks at a ledger may write nothing into it.
        """
        session, _until = self._new(None)
        return Account(f"@{session['handle']}", rights_of(self.channel.tell, session["access_token"]))

    @property
    def did(self) -> str:
        """The account's id."""
        return str(self._session["did"])

    def call(self, method: str, name: str, *, media: Media | None = None, **asked: Any) -> Answer:
        """An answer under the session; under a new one where the server no longer knows it."""
        for last in (False, True):
            session = self._session
            bearer = {"Authorization": f"Bearer {session['access_token']}"}
            with contextlib.ExitStack() as files:
                if media:
                    asked["data"] = files.enter_context(media.path.open("rb"))
                    bearer["Content-Type"] = media.mime
                try:
                    return self.http.request(method, name, headers=bearer, **asked)
                except Refused as error:
                    if last or error_of(error.answer) not in STALE:
                        raise
            self._forget(session)
        raise AssertionError

    # The session

    @property
    def _session(self) -> Any:
        return self.channel.state.fresh(self._name, self._new)

    @cached_property
    def _name(self) -> str:
        """Of the state: another password is another session."""
        told = (self.channel.settings["url"], self.channel.settings["account"], self.channel.secret("password"))
        return f"login-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}"

    def _forget(self, session: Any) -> None:
        """Take it for expired, unless another worker has a new one already."""
        if self.channel.state.get(self._name) == session:
            self.channel.state.set(self._name, session, expires=self.channel.now())

    def _new(self, old: Any) -> tuple[Any, dt.datetime]:
        """The old session renewed, which no limit counts; a log-in where that cannot be."""
        answer = None
        if old:
            bearer = {"Authorization": f"Bearer {old['refresh_token']}"}
            with contextlib.suppress(Refused):
                answer = self.http.request("POST", "com.atproto.server.refreshSession", headers=bearer, repeatable=True)
        if answer is None:
            asked = {
                "identifier": self.channel.settings["account"].lstrip("@"),
                "password": self.channel.secret("password"),
            }
            answer = self.http.request("POST", "com.atproto.server.createSession", json=asked, repeatable=True)
        said = self._told(answer, "accessJwt", "refreshJwt", "did", "handle")
        session = {"did": said["did"], "handle": said["handle"]}
        session |= {"access_token": said["accessJwt"], "refresh_token": said["refreshJwt"]}
        return session, self.channel.now() + lasts(said["accessJwt"])

    def _told(self, answer: Answer, *names: str) -> Mapping[str, Any]:
        return told(self.channel.tell, answer, *names)
