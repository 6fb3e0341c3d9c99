"""A Mastodon server as far as the adapter asks: statuses, replies, files that take their time, and its limits."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

from .fake_login import Door
from .fake_rules import MIMES, as_html, instance, wrong, wrong_files

TOKEN = "fake-token-of-the-account"  # noqa: S105 it opens nothing
KEPT = {"spoiler_text": "", "sensitive": False, "language": None, "media_ids": [], "in_reply_to_id": None}


class Fake(FakeServer):
    """One account's server. It keeps an Idempotency-Key until `forget_keys`, as the real one for an hour."""

    def __init__(self, *, characters: int = 500, attachments: int = 4) -> None:
        super().__init__()
        self.characters, self.attachments = characters, attachments
        self.polls = 0  # how often a file is answered with 206 before it is ready
        self.scopes = ["read", "write:statuses", "write:media"]
        self.statuses: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}  # Idempotency-Key -> status
        self.door = Door()
        self._ids = itertools.count(110_000_000_000_000_001)

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"url": self.url}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"token": TOKEN}

    def code(self, address: str) -> str:
        """As FakeServer."""
        return self.door.agree(address)

    def posts(self) -> list[Seen]:
        """Every status, the oldest first."""
        rows = [(s["media_ids"], self._shown(s)["url"], s["in_reply_to_id"] or "", s) for s in self.statuses.values()]
        return [Seen(s["id"], s["key"], s["text"], s["spoiler_text"], (*m,), url, above) for m, url, above, s in rows]

    def forget_keys(self) -> None:
        """An hour has gone by."""
        self.keys.clear()

    def add(self, text: str, **more: Any) -> dict[str, Any]:
        """A status that is there, whoever wrote it."""
        id, now = str(next(self._ids)), f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        self.statuses[id] = {"id": id, "key": "", "created_at": now, "text": text, **KEPT, **more}
        return self.statuses[id]

    def handle(self, request: Request) -> Reply:
        """As FakeServer."""
        method, path = request.method, request.path.removeprefix("/api/")
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        status, file = re.fullmatch(r"v1/statuses/(\d+)", path), re.fullmatch(r"v1/media/(\d+)", path)
        match (method, path):
            case ("GET", "v2/instance"):
                return Reply(200, instance(self.characters, self.attachments))
            case ("POST", "v1/apps"):
                return Reply(*self.door.register(request.form()))
            case ("POST", "/oauth/token"):
                return self._token(request.form())
            case _ if not known:
                return Reply(401, {"error": "The access token is invalid"})
            case ("GET", "v1/accounts/verify_credentials"):
                return Reply(200, {"id": "7", "username": "club", "acct": "club"})
            case ("GET", "v1/apps/verify_credentials"):
                return Reply(200, {"name": "steadycast", "scopes": self.scopes})
            case ("GET", "v1/accounts/7/statuses"):
                return Reply(200, self._listed(request.query))
            case ("POST", "v2/media"):
                return self._upload(request.form())
            case ("POST", "v1/statuses"):
                return self._create(request.json(), request.headers.get("Idempotency-Key", ""))
            case ("GET", _) if file:
                return self._file(file[1])
            case _ if status and status[1] in self.statuses:
                return self._one(method, status[1], request)
        return Reply(404, {"error": "Record not found"})

    def _token(self, form: dict[str, Any]) -> Reply:
        scopes = self.door.token(form)
        if not isinstance(scopes, str):
            return Reply(*scopes)
        self.scopes = scopes.split()
        return Reply(200, {"access_token": TOKEN, "token_type": "Bearer", "scope": scopes})

    def _create(self, asked: dict[str, Any], key: str) -> Reply:
        if self.keys.get(key) in self.statuses:
            return Reply(200, self._shown(self.statuses[self.keys[key]]))
        if asked.get("in_reply_to_id") not in (None, *self.statuses):
            return Reply(404, {"error": "The post you are trying to reply to does not appear to exist."})
        if said := self._wrong(asked, ""):
            return Reply(422, {"error": said})
        made = self.add("", key=key.rpartition("-")[0], visibility=asked.get("visibility", "public"))
        self.keys[key] = made["id"]
        return self._write(made, asked)

    def _one(self, method: str, id: str, request: Request) -> Reply:
        if method == "PUT" and (said := self._wrong(request.json(), id)):
            return Reply(422, {"error": said})
        if method == "PUT":
            return self._write(
                self.statuses[id], {**request.json(), "in_reply_to_id": self.statuses[id]["in_reply_to_id"]}
            )
        return Reply(200, self._shown(self.statuses.pop(id) if method == "DELETE" else self.statuses[id]))

    def _wrong(self, asked: dict[str, Any], id: str) -> str:
        files = [self.files.get(file) for file in asked.get("media_ids") or []]
        return wrong(asked, self.characters, self.attachments) or wrong_files(files, id)

    def _write(self, status: dict[str, Any], asked: dict[str, Any]) -> Reply:
        status.update({name: asked.get(name) or empty for name, empty in KEPT.items()}, text=asked.get("status", ""))
        for file in status["media_ids"]:
            self.files[file]["of"] = status["id"]
        return Reply(200, self._shown(status))

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        least, most = int(query.get("since_id") or 0), int(query.get("max_id") or 1 << 62)
        new = [status for id, status in reversed(self.statuses.items()) if least < int(id) < most]
        return [self._shown(status) for status in new[: int(query.get("limit", 20))]]

    def _upload(self, form: dict[str, Any]) -> Reply:
        file, id = form["file"], str(next(self._ids))
        if file.mime not in MIMES:
            return Reply(422, {"error": "Validation failed: File content type is invalid, File is invalid"})
        self.files[id] = {"of": "", "polls": self.polls, "name": file.name, "alt": form.get("description", "")}
        return Reply(202 if self.polls else 200, {"id": id, "url": None if self.polls else f"{self.url}/files/{id}"})

    def _file(self, id: str) -> Reply:
        file = self.files.get(id)
        if file is None or file["of"]:
            return Reply(404, {"error": "Record not found"})
        file["polls"] -= 1
        waits = file["polls"] >= 0
        return Reply(206 if waits else 200, {"id": id, "url": None if waits else f"{self.url}/files/{id}"})

    def _shown(self, status: dict[str, Any]) -> dict[str, Any]:
        told = {name: status[name] for name in status if name not in ("key", "text", "media_ids")}
        return {**told, "url": f"{self.url}/@club/{status['id']}", "content": as_html(status["text"])}
