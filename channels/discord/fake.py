"""Discord with one channel, for tests: a webhook that cannot read, a bot that can, a nonce known for minutes."""

from __future__ import annotations

import json
import time
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

TOKEN, HOOK = "fake-token-of-the-bot", "fake-token-of-the-webhook"
GUILD, CHANNEL, ME = "1100", "1200", "1300"
EPOCH = 1_420_070_400_000


class Fake(FakeServer):
    """One server with one channel. `forum`: it is one; no message tells its nonce when it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.forum = False
        self.gone = False  # the webhook was deleted
        self.may_read = True
        self.kept: dict[str, dict[str, Any]] = {}
        self.nonces: dict[str, str] = {}
        self._count = 0

    @property
    def is_bot(self) -> bool:
        """Whether it stands for the platform of the bot."""
        return bool(self.platform) and self.platform.data["way"] == "bot"

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"server": f"{self.url}/api/v10", "channel": CHANNEL} if self.is_bot else {}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"token": TOKEN} if self.is_bot else {"url": f"{self.url}/api/webhooks/1400/{HOOK}"}

    def posts(self) -> list[Seen]:
        """What stands in the channel, by whomever."""
        return [self._seen(message) for message in self.kept.values() if message["author"]["id"] == ME]

    def _seen(self, m: dict[str, Any]) -> Seen:
        card: dict[str, Any] = next(iter(m["embeds"]), {})
        url = f"https://discord.com/channels/{GUILD}/{m['channel_id']}/{m['id']}"
        return Seen(m["id"], "", m["content"] or card["description"], card.get("title", ""), (*m["files"],), url)

    def forget_nonces(self) -> None:
        """Some minutes have gone by."""
        self.nonces.clear()

    def add(self, content: str, author: str = ME, **more: Any) -> dict[str, Any]:
        """A message that is there, whoever wrote it."""
        self._count += 1
        id = str((int(time.time() * 1000) - EPOCH << 22) + self._count)
        message = {"id": id, "channel_id": CHANNEL, "content": content, "embeds": [], "files": [], **more}
        self.kept[id] = {**message, "author": {"id": author}}
        return self.kept[id]

    def handle(self, request: Request) -> Reply:
        """As FakeServer."""
        method, path = request.method, request.path.removeprefix("/api/")
        if self.is_bot and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _error(401, 0, "401: Unauthorized")
        base = f"v10/channels/{CHANNEL}" if self.is_bot else f"webhooks/1400/{HOOK}"
        if self.is_bot and path == "v10/users/@me":
            return Reply(200, {"id": ME, "username": "huyu", "bot": True})
        if self.gone or not path.startswith(base):
            known = (404, 10003, "Unknown Channel") if self.is_bot else (404, 10015, "Unknown Webhook")
            return _error(*known)
        rest = path.removeprefix(base).strip("/")
        if not rest and method == "GET":
            return Reply(200, {"id": CHANNEL, "guild_id": GUILD, "channel_id": CHANNEL, "name": "通知"})
        if rest == ("messages" if self.is_bot else "") and method == "POST":
            return self._create(request)
        if rest == "messages" and self.is_bot:
            return Reply(200, self._listed(request.query)) if self.may_read else _error(403, 50001, "Missing Access")
        return self._one(method, rest.removeprefix("messages/"), request)

    def _create(self, request: Request) -> Reply:
        form = request.form() if request.headers.get_content_type() == "multipart/form-data" else {}
        told = json.loads(form["payload_json"]) if form else request.json()
        files = [file for name, file in form.items() if name.startswith("files[")]
        in_thread = self.is_bot or told.get("thread_name") or request.query.get("thread_id")
        if self.forum and not in_thread:
            return _error(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
        if told.get("thread_name") and not self.forum:
            return _error(400, 220003, "Webhooks can only create threads in forum channels")
        if wrong := _wrong(told, files):
            return wrong
        if told.get("enforce_nonce") and (first := self.nonces.get(told["nonce"])) in self.kept:
            return Reply(200, self._shown(self.kept[str(first)]))
        made = self.add(told["content"].strip(), embeds=told["embeds"], files=[file.name for file in files])
        if told.get("thread_name"):
            made.update(channel_id=made["id"], title=told["thread_name"])
        elif request.query.get("thread_id"):
            made["channel_id"] = request.query["thread_id"]
        self.nonces[told.get("nonce", "")] = made["id"]
        if not self.is_bot and request.query.get("wait") != "true":
            return Reply(204)
        return Reply(200, self._shown(made))

    def _one(self, method: str, id: str, request: Request) -> Reply:
        message = self.kept.get(id)
        if message is None or (not self.is_bot and request.query.get("thread_id", CHANNEL) != message["channel_id"]):
            return _error(404, 10008, "Unknown Message")
        if method == "DELETE":
            del self.kept[id]
            return Reply(204)
        if method == "PATCH":
            if wrong := _wrong({**message, **request.json()}, message["files"]):
                return wrong
            message.update({name: request.json()[name] for name in ("content", "embeds")})
        return Reply(200, self._shown(message))

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        after = int(query.get("after", 0))
        new = sorted((m for m in self.kept.values() if int(m["id"]) > after), key=lambda m: int(m["id"]))
        limit = int(query.get("limit", 50))
        page = new[:limit] if "after" in query else new[-limit:]
        return [self._shown(message) for message in reversed(page)]

    def _shown(self, message: dict[str, Any]) -> dict[str, Any]:
        return {name: message[name] for name in ("id", "channel_id", "content", "embeds", "author")}


def _wrong(told: dict[str, Any], files: list[Any]) -> Reply | None:
    if not (told["content"].strip() or told["embeds"] or files):
        return _error(400, 50006, "Cannot send an empty message")
    if len(told["content"]) > 2000 or any(
        len(e["title"]) > 256 or len(e["description"]) > 4096 for e in told["embeds"]
    ):
        return _error(400, 50035, "Invalid Form Body")
    if any(len(getattr(file, "data", b"")) > 10 * 1024 * 1024 for file in files):
        return _error(413, 40005, "Request entity too large")
    return None


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"message": message, "code": code})
