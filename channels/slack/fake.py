"""Slack with one channel, for tests: errors with status 200, metadata in the history, files in three steps."""

from __future__ import annotations

import time
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

TOKEN, HOOK, CHANNEL = "xoxb-fake-token-of-the-bot", "fakeHookOfTheChannel", "C0123456789"
SCOPES = "chat:write,channels:history,files:write"
BYTES = 13_000  # of all blocks, about


class Fake(FakeServer):
    """One workspace. `member`: the bot is in the channel; `waits`: so often is a picture not ready yet."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, Any]] = {}
        self.files: dict[str, str] = {}  # id -> asked for, uploaded, private, shared
        self.scopes, self.member, self.gone, self.waits = SCOPES, True, False, 0
        self._count = 0

    @property
    def is_hook(self) -> bool:
        """Whether it stands for the platform of the webhook."""
        return bool(self.platform) and self.platform.delivery == "blind"

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"files": "https://hu.example"} if self.is_hook else {"server": f"{self.url}/api", "channel": CHANNEL}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"url": f"{self.url}/services/T01/B01/{HOOK}"} if self.is_hook else {"token": TOKEN}

    def posts(self) -> list[Seen]:
        """What stands in the channel."""
        ours = [(ts, m) for ts, m in self.kept.items() if self.is_hook or "metadata" in m]
        return [Seen(ts, _key(m), _words(m), media=_files(m), url=self._url(ts)) for ts, m in ours]

    def _url(self, ts: str) -> str:
        return "" if self.is_hook else f"{self.url}/archives/{CHANNEL}/p{ts.replace('.', '')}"

    def add(self, **told: Any) -> str:
        """A message that is there, whoever wrote it."""
        self._count += 1
        ts = f"{time.time() + self._count:.6f}"
        self.kept[ts] = told
        return ts

    def handle(self, request: Request) -> Reply:
        """As FakeServer."""
        if self.is_hook:
            return self._hook(request)
        if request.path.startswith("/upload/"):
            assert "Authorization" not in request.headers, "a file's host gets no token"
            self.files[request.path.rpartition("/")[2]] = "uploaded"
            return Reply(200, f"OK - {len(request.body)}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _no("invalid_auth")
        asked = request.query or (request.json() if request.body[:1] == b"{" else request.form())
        method = request.path.removeprefix("/api/")
        if method == "auth.test":
            told = {"ok": True, "url": f"{self.url}/", "team": "沪语读书会", "user": "huyu"}
            return Reply(200, told, {"X-OAuth-Scopes": self.scopes})
        if method.startswith("files."):
            return self._files(method, asked)
        if asked.get("channel") != CHANNEL:
            return _no("channel_not_found")
        if not self.member:
            return _no("not_in_channel")
        if method == "conversations.history":
            return self._history(asked)
        if method == "chat.postMessage":
            return self._wrong(asked) or Reply(200, {"ok": True, "channel": CHANNEL, "ts": self.add(**asked)})
        if asked.get("ts") not in self.kept:
            return _no("message_not_found")
        if method == "chat.delete":
            del self.kept[asked["ts"]]
            return Reply(200, {"ok": True})
        if wrong := self._wrong(asked):
            return wrong
        self.kept[asked["ts"]].update(asked)
        return Reply(200, {"ok": True, "channel": CHANNEL, "ts": asked["ts"]})

    def _wrong(self, asked: dict[str, Any]) -> Reply | None:
        if not asked.get("text") and not asked.get("blocks"):
            return _no("no_text")
        if len(_words(asked)) > BYTES:
            return _no("msg_blocks_too_long")
        shown = [block["slack_file"]["id"] for block in asked["blocks"] if block["type"] == "image"]
        if shown and self.waits:
            self.waits -= 1
            messages = ["[ERROR] invalid slack file [json-pointer:/blocks/1/slack_file]"]
            return _no("invalid_blocks", response_metadata={"messages": messages})
        return None if all(self.files.get(id) == "private" for id in shown) else _no("invalid_blocks")

    def _files(self, method: str, asked: dict[str, Any]) -> Reply:
        if method == "files.getUploadURLExternal":
            id = f"F{len(self.files):09}"
            self.files[id] = "asked for"
            return Reply(200, {"ok": True, "upload_url": f"{self.url}/upload/{id}", "file_id": id})
        if method == "files.delete":
            return Reply(200, {"ok": True}) if self.files.pop(asked["file"], "") else _no("file_not_found")
        (file,) = asked["files"]
        if self.files.get(file["id"]) not in ("uploaded", "private"):
            return _no("file_not_found")
        self.files[file["id"]] = "shared" if asked.get("channel_id") else "private"
        return Reply(200, {"ok": True, "files": [{"id": file["id"], "title": file.get("title")}]})

    def _history(self, asked: dict[str, Any]) -> Reply:
        oldest, latest = float(asked.get("oldest", 0)), float(asked.get("latest", "inf"))
        within = [{**m, "ts": ts} for ts, m in reversed(self.kept.items()) if oldest <= float(ts) <= latest]
        begin, limit = int(asked.get("cursor") or 0), int(asked.get("limit", 100))
        page = within[begin : begin + limit]
        if asked.get("include_all_metadata") != "true":
            page = [{name: value for name, value in m.items() if name != "metadata"} for m in page]
        cursor = str(begin + limit) if begin + limit < len(within) else ""
        return Reply(200, {"ok": True, "messages": page, "response_metadata": {"next_cursor": cursor}})

    def _hook(self, request: Request) -> Reply:
        if request.path != f"/services/T01/B01/{HOOK}":
            return Reply(403, "invalid_token")
        if self.gone:
            return Reply(404, "no_service")
        told = request.json()
        if "metadata" in told or not told.get("text") or len(_words(told)) > BYTES:
            return Reply(400, "invalid_payload")
        self.add(**told)
        return Reply(200, "ok")


def _no(error: str, **more: Any) -> Reply:
    return Reply(200, {"ok": False, "error": error, **more})


def _key(message: dict[str, Any]) -> str:
    return str(message["metadata"]["event_payload"]["key"]) if "metadata" in message else ""


def _words(message: dict[str, Any]) -> str:
    sections = [s for block in message.get("blocks", ()) if block["type"] == "rich_text" for s in block["elements"]]
    return "".join(e.get("text", e.get("url", "")) for section in sections for e in section["elements"])


def _files(message: dict[str, Any]) -> tuple[str, ...]:
    images = [block for block in message.get("blocks", ()) if block["type"] == "image"]
    return tuple(i["slack_file"]["id"] if "slack_file" in i else i["image_url"] for i in images)
