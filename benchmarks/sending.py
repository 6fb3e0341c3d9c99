"""A thousand deliveries of one slot over real sockets, each durable, against plain requests; and how late a held one is."""

from __future__ import annotations

import asyncio
import datetime as dt
import multiprocessing
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from ledgers import due_slot
from measure import Row, median, ratio, seconds, timed
from requests.adapters import HTTPAdapter

from steadycast.delivery import Opened, deliver
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.outgoing import HttpClient
from steadycast.platform import Known, Platform, Post, Receipt

THREADS, FAR_SIDE = 64, 0.020
LEASE = dt.timedelta(minutes=10)
TEXT = "今天" * 200
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"id": "ok"} '


def rows(memory: Path, disk: Path, count: int, sends: int, rounds: int) -> Iterator[Row]:
    """The burst with its ledger in memory and on the disk, and the lateness of held sends."""
    with far_side(FAR_SIDE) as url:
        for where, folder in (("in memory", memory), ("on the disk", disk)):
            yield _burst(url, folder, where, count, rounds)
    with far_side(0.0) as url:
        yield _held(url, memory, sends)


class _Adapter:
    """One POST a post, through the HTTP half that every web platform is given."""

    def __init__(self, url: str, far: HttpClient) -> None:
        self.url, self.far = url, far

    def publish(self, post: Post) -> Receipt:
        answer = self.far.request("POST", self.url, data=post.text.encode(), headers={"Idempotency-Key": post.key})
        return Receipt(remote_id=str(answer.json()["id"]))

    def find(self, post: Post, _known: Known) -> Receipt | None:
        return None


def opener(url: str) -> Callable[..., Opened]:
    platform = Platform(name="bench", folder=Path(), title="Bench", forms=("article",), delivery="conditional")
    return lambda channel, _step: Opened(_Adapter(url, HttpClient(channel)), platform)


def plain_post(claim: Any) -> Post:
    return Post(
        key=claim.marker, channel=claim.channel, slot=claim.slot, title="今天", summary="", html="<p>今天</p>", text=TEXT,
        parts=("今天",), published=claim.at, draft=claim.draft, revision="r1",
    )  # fmt: skip


def _burst(url: str, folder: Path, where: str, count: int, rounds: int) -> Row:
    ours, peer = [], []
    for n in range(rounds + 1):
        place = folder / f"burst-{n}"
        place.mkdir(parents=True)
        with Ledger.open(place / "ledger.sqlite") as ledger:
            now = dt.datetime.now(dt.UTC)
            ids = due_slot(ledger, now - dt.timedelta(seconds=1), (f"c{i}" for i in range(count)))
            took = timed(lambda ledger=ledger, ids=ids: _send(ledger, ids, url))
        shutil.rmtree(place)
        plain = timed(lambda: _plain_requests(url, count))
        if n:  # the first warms both
            ours.append(took)
            peer.append(plain)
    part, limit = ratio(ours, peer), count / THREADS * FAR_SIDE
    return Row(
        f"{count:,} deliveries of one slot, far side {FAR_SIDE * 1000:.0f} ms, {THREADS} at once, ledger {where}",
        seconds(median(ours)), f"plain requests, {THREADS} threads {seconds(median(peer))} (limit {limit:.2f} s)",
        f"{part:.2f} x", "<= 1.5 x", part <= 1.5,
    )  # fmt: skip


def _send(ledger: Ledger, ids: list[int], url: str) -> None:
    """From the claim to the last receipt, every intent and receipt durable."""
    claims = ledger.claim(dt.datetime.now(dt.UTC), "bench", LEASE)
    results = deliver(ledger, claims, plain_post, opener(url), workers=THREADS)
    wrong = [r for r in results if r.state != State.PUBLISHED]
    assert len(results) == len(ids), len(results)
    assert not wrong, wrong[:3]


def _plain_requests(url: str, count: int) -> None:
    own = threading.local()

    def send(n: int) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.mount("http://", HTTPAdapter(pool_maxsize=1))
        answer = own.session.post(url, data=TEXT.encode(), headers={"Idempotency-Key": str(n)}, timeout=60)
        assert answer.json()["id"] == "ok"

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(count)))


def _held(url: str, folder: Path, sends: int) -> Row:
    """One delivery a second, made ready ahead: how long after its second its first byte reached the far side."""
    place = folder / "held"
    place.mkdir()
    late = []
    with Ledger.open(place / "ledger.sqlite") as ledger:
        begin = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=3)
        for n in range(sends):
            at = begin + dt.timedelta(seconds=n)
            due_slot(ledger, at, ["held"], name=f"held{n}")
            claims = ledger.claim(dt.datetime.now(dt.UTC), "bench", LEASE, until=at)
            deliver(ledger, claims, plain_post, opener(url), hold_until=at, workers=1)
            arrived = float(requests.get(f"{url}?last", timeout=5).headers["X-Last"])
            late.append(arrived - at.timestamp())
    shutil.rmtree(place)
    late.sort()
    half, most = late[len(late) // 2], late[min(len(late) - 1, int(len(late) * 0.99))]
    return Row(
        f"lateness of {sends} sends held for their second", f"p50 {seconds(half)}, p99 {seconds(most)}", "the second itself", "",
        "p99 <= 0.5 s", most <= 0.5 and late[0] >= 0,
    )  # fmt: skip


@contextmanager
def far_side(delay: float) -> Iterator[str]:
    """A server in a process of its own that answers each request after `delay` seconds."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    server = context.Process(target=_serve, args=(its, delay), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        server.terminate()
        server.join()


def _serve(pipe: Any, delay: float) -> None:
    last = [0.0]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            came = time.time()
            if size := _size(head):
                await reader.readexactly(size)
            if b"?last" in head.split(b"\r\n", 1)[0]:
                writer.write(HEAD.replace(b"\r\n\r\n", b"\r\nX-Last: %f\r\n\r\n" % last[0]))
            else:
                last[0] = came
                await asyncio.sleep(delay)
                writer.write(HEAD)
            await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _size(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
