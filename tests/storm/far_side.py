"""The other side of the socket: one process, plain HTTP, four kinds of account, and faults as the seed says.

PUT  /conditional/KEY/PART          one thing a key and part, however often it is sent
POST /two-phase/drafts  and  POST /two-phase/drafts/ID/publish
POST /read-back         GET /read-back?since=&page=      whatever comes is kept and shown
POST /blind             whatever comes is kept; nobody can look

What it did is in its own log before it answers: `taken` (a post is there), `again` (nothing changed), `answered`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from storm import faults
from storm.log import Log

PAGE = 50
ACCOUNT = "the-circle"


@dataclass(frozen=True)
class Spans:
    """The far side's half of the bargain: no request acts later than `settle` after `deadline`. Seconds."""

    deadline: float
    settle: float


@dataclass
class Item:
    """One thing that is there."""

    id: str
    kind: str
    key: str
    part: int
    text: str
    at: float  # Unix time
    where: str = ""  # the account
    gone: bool = False

    def shown(self) -> dict[str, Any]:
        """As the list shows it; of what a moderator took down the words are gone."""
        whole = {"id": self.id, "key": self.key, "part": self.part, "at": self.at, "account": ACCOUNT}
        return whole | ({"gone": True} if self.gone else {"text": self.text})


@dataclass
class FarSide:
    """Everything that is there, and how requests are answered."""

    seed: int
    log: Log
    spans: Spans
    script: dict[str, list[str]] = field(default_factory=dict)  # key's first letters or "*" -> kinds, one a request
    items: list[Item] = field(default_factory=list)
    drafts: dict[str, tuple[str, str]] = field(default_factory=dict)
    counts: dict[tuple[str, ...], int] = field(default_factory=dict)
    calm: bool = False
    later: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, sock: socket.socket) -> None:
        """Answer until the process ends."""
        server = await asyncio.start_server(self._connection, sock=sock)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError, IndexError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            length = next((int(h[15:]) for h in head.split("\r\n") if h.lower().startswith("content-length:")), 0)
            body = json.loads(await reader.readexactly(length)) if length else {}
            await self._request(method, target, body, writer)
        with contextlib.suppress(Exception):
            writer.close()
            await writer.wait_closed()

    async def _request(self, method: str, target: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        path = urlsplit(target).path.strip("/").split("/")
        if path[0] == "control":
            await self._control(path[1], body, writer)
        elif method == "GET":
            await self._look(path, parse_qs(urlsplit(target).query), writer)
        else:
            await self._send(path, body, writer)

    async def _control(self, verb: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """The harness's own wire: `calm` ends all faults, `script` sets what comes next, `still` waits for late ones."""
        self.calm = body.get("calm", self.calm)
        self.script = body.get("script", self.script)
        while verb == "still" and self.later:
            await asyncio.wait(set(self.later))
        await _answer(writer, 200, {"items": len(self.items)})

    # What is sent

    async def _send(self, path: list[str], body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        key, part, what = self._named(path, body)
        nth = self._count("send", key, what, str(part))
        fault = faults.send(self.seed, key, f"{what}{part}", nth, calm=self.calm)
        if scripted := self._scripted("send"):
            fault = scripted
        self.log("arrived", key=key, part=part, step=what, nth=nth, kind=fault.kind)
        if fault.kind == "late":
            longest = self.spans.deadline * 0.5 + self.spans.settle * 0.7  # from its arrival: well within the bargain
            task = asyncio.create_task(self._act_later(longest * fault.wait, path, body))
            self.later.add(task)
            task.add_done_callback(self.later.discard)
        answer = self._take(path, body) if fault.taken else {}
        self.log("answered", key=key, part=part, step=what, nth=nth, kind=fault.kind)
        await self._say(fault, answer, writer)

    def _scripted(self, verb: str) -> faults.Fault | None:
        left = self.script.get(verb)
        if not left:
            return None
        kind, _, how = left.pop(0).partition(":")
        usual = {"late": "error", "too-many": "1", "error-before": "500", "error-after": "500"}.get(kind, "")
        return faults.Fault(kind, faults.SENDS.get(kind, (0, False))[1], 0.5, how or usual)

    def _named(self, path: list[str], body: dict[str, Any]) -> tuple[str, int, str]:
        if path[0] == "conditional":
            return path[1], int(path[2]), "put"
        if path[-1] == "publish":
            return self.drafts.get(path[2], ("nobody", ""))[0], 1, "publish"
        return str(body["key"]), int(body.get("part", 1)), "draft" if path[0] == "two-phase" else "post"

    def _count(self, *name: str) -> int:
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name]

    async def _act_later(self, seconds: float, path: list[str], body: dict[str, Any]) -> None:
        await asyncio.sleep(seconds)
        self._take(path, body)

    def _take(self, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
        """Make it be there; what a request for it answers."""
        if path[0] == "conditional":
            return self._put(path[1], int(path[2]), str(body["text"]))
        if path[-1] == "drafts":
            draft = f"draft-{len(self.drafts) + 1}"
            self.drafts[draft] = (str(body["key"]), str(body["text"]))
            self.log("drafted", key=body["key"], id=draft)
            return {"id": draft, "key": body["key"]}
        if path[-1] == "publish":
            key, text = self.drafts[path[2]]
            there = next((i for i in self.items if i.id == f"live-{path[2]}"), None)
            if there:
                self.log("again", key=key, part=1, id=there.id, same=True)
                return {"id": there.id, "key": key}
            return self._keep("two-phase", key, 1, text, f"live-{path[2]}")
        return self._keep(
            path[0], str(body["key"]), int(body.get("part", 1)), str(body["text"]), "", body.get("where", "")
        )

    def _put(self, key: str, part: int, text: str) -> dict[str, Any]:
        there = next((i for i in self.items if (i.kind, i.key, i.part) == ("conditional", key, part)), None)
        if there is None:
            return self._keep("conditional", key, part, text)
        self.log("again", key=key, part=part, id=there.id, same=there.text == text)
        return {"id": there.id, "key": key}

    def _keep(self, kind: str, key: str, part: int, text: str, id: str = "", where: str = "") -> dict[str, Any]:
        item = Item(id or f"{kind}-{len(self.items) + 1}", kind, key, part, text, time.time(), where)
        self.items.append(item)
        self.log("taken", key=key, part=part, id=item.id, kind=kind)
        return {"id": item.id, "key": key}

    async def _say(self, fault: faults.Fault, answer: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """The answer that the fault leaves of it."""
        kind = fault.how if fault.kind == "late" else fault.kind
        if kind in {"accept", "slow"}:
            await asyncio.sleep(self.spans.deadline * (0.4 + 0.4 * fault.wait) if kind == "slow" else 0)
            await _answer(writer, 200, answer)
        elif kind in {"error", "error-after", "error-before"}:
            await _answer(writer, int(fault.how) if fault.how.isdigit() else 504, {"error": "internal"})
        elif kind in {"reset-before", "reset-after"}:
            _reset(writer)
        elif kind in {"hang", "drip"}:
            await self._drip(writer, silent=kind == "hang")
        elif kind == "too-many":
            await _answer(writer, 429, {"error": "slowly"}, {"Retry-After": fault.how})
        elif kind == "refuse":
            await _answer(writer, 422, {"error": "no such words here"})
        elif kind == "wrong-id":
            await _answer(writer, 200, {"id": "somebody-elses", "key": "aaaaaaaaaaaaa"})
        elif kind == "no-id":
            await _answer(writer, 200, {"key": answer["key"]})
        elif kind != "cut" and kind != "cut-after":
            await _malformed(kind, answer, writer)

    async def _drip(self, writer: asyncio.StreamWriter, *, silent: bool) -> None:
        until = time.monotonic() + 3 * self.spans.deadline
        if not silent:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        while time.monotonic() < until and not writer.is_closing():
            if not silent:
                writer.write(b" ")
                await writer.drain()
            await asyncio.sleep(self.spans.deadline / 10)

    # What a look is told

    async def _look(self, path: list[str], query: dict[str, list[str]], writer: asyncio.StreamWriter) -> None:
        page, key = int(query.get("page", ["1"])[0]), query.get("for", [""])[0]
        nth = self._count("look", key) if page == 1 else self.counts.get(("look", key), 1)
        fault = faults.look(self.seed, key, nth, calm=self.calm)
        if page == 1 and (scripted := self._scripted("look")):
            fault = scripted
        if fault.kind == "error":
            await _answer(writer, 503, {"error": "later"})
        elif fault.kind == "cut":
            return
        elif fault.kind in {"garbled", "html"}:
            await _malformed("garbled-after" if fault.kind == "garbled" else "html", {}, writer)
        elif path[0] == "read-back":
            as_of = float(query.get("as_of", [str(time.time())])[0])  # a later page is of the first one's instant
            await _answer(writer, 200, self._list(fault, key, query["where"][0], float(query["since"][0]), as_of, page))
        else:
            there = [i.shown() for i in self.items if (i.kind, i.key) == (path[0], path[1])]
            hidden = fault.kind in {"stale", "newest-missing"}
            await _answer(writer, 200, {"items": [] if hidden else there})

    def _list(self, fault: faults.Fault, key: str, where: str, since: float, as_of: float, page: int) -> dict[str, Any]:
        """One page of the account's own list since then, newest first; `total` counts all of it."""
        if fault.kind == "moderated":
            for item in [i for i in self.items if i.key == key]:
                item.gone = True
                self.log("moderated", key=key, part=item.part, id=item.id)
        if fault.kind == "stale" and page == 1:
            as_of -= 1.0 + fault.wait
        found = [
            i.shown()
            for i in reversed(self.items)
            if i.kind == "read-back" and i.where == where and since <= i.at <= as_of
        ]
        total = len(found)
        if fault.kind == "newest-missing":
            found, total = [i for i in found if i["key"] != key], max(total, 1)
        if fault.kind == "same-text":
            other = {"id": "x1", "key": "", "part": 1, "at": as_of, "account": "another", "text": f"{key} 1"}
            found, total = [other, *found], total + 1
        account = "another" if fault.kind == "other-account" else ACCOUNT
        shown = found[(page - 1) * PAGE : page * PAGE]
        return {"account": account, "as_of": as_of, "total": total, "items": shown, "more": page * PAGE < len(found)}


async def _answer(
    writer: asyncio.StreamWriter, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> None:
    data = json.dumps(body, ensure_ascii=False).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n{more}\r\n"
    writer.write(head.encode() + data)
    await writer.drain()


async def _malformed(kind: str, answer: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    whole = json.dumps(answer).encode()
    page = b"<!doctype html><html><title>Please log in</title></html>"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    writer.write(
        {
            "garbled-after": b"\x16\x03\x01 nothing of HTTP" + random.randbytes(40),
            "garbled-before": head % 8 + b"\x00\xff{]\x80\x81\x82\x83",
            "empty": head % 0,
            "truncated": head % (len(whole) + 40) + whole,
            "truncated-json": head % (len(whole) // 2) + whole[: len(whole) // 2],
            "html": head % len(page) + page,
            "html-before": head % len(page) + page,
            "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
            "created-empty": b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        }[kind]
    )
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def run(sock: socket.socket, folder: Path, seed: int, spans: Spans) -> None:
    """Serve on `sock` until killed."""
    asyncio.run(FarSide(seed, Log(folder / "far.log", sync=True), spans).serve(sock))
