"""A Matrix server as far as the adapter asks, with Synapse's habits: transaction ids, redactions, errcodes, limits."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from steadycast.testing import FakeServer, Reply, Request, Seen
from steadycast.testing.bench import NOW

from .fake_login import TOKEN, USER, Door, after
from .fake_room import Room
from .fake_rules import edits, error, shown, wrong

ROOM, ALIAS = "!roomoftheclub", "#club:hu.example"
FIELD = "dev.steadycast.post"


class Fake(Room, FakeServer):
    """One account in one room. `joined`, `levels` and `encrypted` are the room's; `door.flows` the ways to log in."""

    def __init__(self) -> None:
        FakeServer.__init__(self)
        Room.__init__(self, NOW)
        self.files: dict[str, tuple[str, bytes]] = {}  # mxc -> name, bytes
        self.door = Door()
        self.joined, self.invited, self.encrypted = True, True, False
        self.levels: dict[str, Any] = {"users": {USER: 50}, "events_default": 0}
        self.room_version = "11"
        self.largest = 50 * 1024 * 1024

    def settings(self) -> dict[str, str]:
        return {"url": self.url, "room": ALIAS, "user": USER}

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def code(self, address: str) -> str:
        """As FakeServer."""
        return after(address)

    def forget(self) -> None:
        """A day has gone by: no transaction id is known any more."""
        self.transactions.clear()

    def posts(self) -> list[Seen]:
        """What stands in the room: each text, with the files of its post."""
        live = {id: each["content"] for id, each in self.events.items() if each["content"].get(FIELD)}
        seen = []
        for id, content in live.items():
            key, part = content[FIELD]["key"], content[FIELD]["part"]
            if part == "text":
                files = [c["url"] for c in live.values() if c[FIELD]["key"] == key and "url" in c]
                said = shown(self.events[id], edits(self.events, id))
                seen.append(Seen(id, key, said["body"], media=(*files,)))
        return seen

    def handle(self, request: Request) -> Reply:
        path = unquote(request.path)
        if path == "/_matrix/client/v3/login":
            status, told = self.door.login(request.method, request.json() if request.body else {})
            return Reply(status, told)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.door.tokens:
            return Reply(*error(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False))
        match (request.method, path):
            case ("GET", "/_matrix/client/v3/account/whoami"):
                return Reply(200, {"user_id": USER, "is_guest": False, "device_id": self.door.device})
            case ("GET", "/_matrix/client/v1/media/config"):
                return Reply(200, {"m.upload.size": self.largest})
            case ("POST", "/_matrix/media/v3/upload"):
                return self._upload(request)
            case ("POST", _) if path.startswith("/_matrix/client/v3/join/"):
                self.joined = self.joined or self.invited
                return Reply(200, {"room_id": ROOM}) if self.joined else self._stranger("You are not invited")
            case ("GET", _) if path.startswith("/_matrix/client/v3/directory/room/"):
                there = path.endswith(ALIAS)
                return Reply(200, {"room_id": ROOM}) if there else Reply(*error(404, "M_NOT_FOUND", "alias not found"))
        of_room = re.fullmatch(rf"/_matrix/client/v[13]/rooms/{ROOM}/([^/]+)/?(.*)", path)
        if not of_room:
            return Reply(*error(404, "M_UNRECOGNIZED", "Unrecognized request"))
        if not self.joined:
            return self._stranger(f"User {USER} not in room {ROOM}")
        return self._in_room(of_room[1], of_room[2], request)

    def _in_room(self, verb: str, rest: str, request: Request) -> Reply:
        if verb == "send":
            return self._send(rest.partition("/")[2], request.json())
        if verb == "redact":
            return self._redact(*rest.split("/"))
        if verb == "messages":
            return Reply(200, self._messages(request.query))
        if verb == "event":
            return Reply(200, self.events[rest]) if rest in self.events else self._nothing()
        if verb == "relations":
            return Reply(200, self._relations(rest.partition("/")[0], request.query))
        state: dict[str, Any] = {"m.room.power_levels": self.levels}
        state |= {"m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2"}} if self.encrypted else {}
        state["m.room.create"] = {"sender": USER, "content": {"room_version": self.room_version}}
        kind = rest.rstrip("/")
        return Reply(200, state[kind]) if kind in state else self._nothing()

    def _send(self, txn: str, content: Any) -> Reply:
        if txn in self.transactions:
            return Reply(200, {"event_id": self.transactions[txn]})
        own, needed = self.levels["users"].get(USER, 0), self.levels["events_default"]
        if own < needed:
            said = f"You don't have permission to post that to the room. user_level ({own}) < send_level ({needed})"
            return Reply(*error(403, "M_FORBIDDEN", said))
        if said_wrong := wrong(content):
            return Reply(*said_wrong)
        return Reply(200, {"event_id": self._add("m.room.message", content, txn)})

    def _redact(self, id: str, txn: str) -> Reply:
        return Reply(200, {"event_id": self.transactions.get(txn) or self._take_away(id, txn, USER)})

    def _upload(self, request: Request) -> Reply:
        if len(request.body) > self.largest:
            return Reply(*error(413, "M_TOO_LARGE", "Upload request body is too large"))
        uri = f"mxc://hu.example/{next(self._numbers)}"
        self.files[uri] = request.query.get("filename", ""), request.body
        return Reply(200, {"content_uri": uri})

    def _stranger(self, said: str) -> Reply:
        return Reply(*error(403, "M_FORBIDDEN", said))

    def _nothing(self) -> Reply:
        return Reply(*error(404, "M_NOT_FOUND", "Event not found."))
