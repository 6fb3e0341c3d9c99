"""A worker: the real delivery package on the real ledger, through the real HTTP half, tick after tick, until it dies.

Time is the machine's own, in both clocks. Only spans that are minutes in life are made shorter, all by SCALE, so that
leases lapse, SETTLE passes and read-backs come round while one watches; what is compared with what stays as it is.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from steadycast.crash_safety import bootclock
from steadycast.delivery import (
    Clock,
    Opened,
    SystemClock,
    deliver,
    lease_check,
    send,
    settle,
    steps,
    transitions,
    verify,
)
from steadycast.errors import Busy, FarSideError, Refused
from steadycast.ledger import connection, pacing
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.store import Ledger
from steadycast.outgoing import HttpClient
from steadycast.platform import Adapter, Channel, Known, Platform, Post, Receipt, registry
from steadycast.platform.contract import Step
from storm.log import Log

SCALE = 200
LEASE = dt.timedelta(minutes=5) / SCALE
QUEUED = send.QUEUED  # as in life
LET_GO = {
    "idle_in_transaction_session_timeout": "300ms"
}  # of whoever freezes with rows in his hand: before he is thawed
PLATFORMS = registry.platforms([Path(__file__).parent / "platforms"])
ADAPTERS = {name: registry.load(platform) for name, platform in PLATFORMS.items()}


def scaled_once() -> None:
    """Make this process's spans as much shorter as the platforms here say theirs are; those it forks have them too."""
    if QUEUED != send.QUEUED:
        return
    send.QUEUED /= SCALE
    steps.SPARE /= SCALE
    lease_check.TRUSTED /= SCALE
    send.OTHERS = pacing.Wait(send.OTHERS.lasts / SCALE, send.OTHERS.why)
    pacing.MINUTE /= SCALE
    transitions.FLOOR /= SCALE
    transitions.CAP /= SCALE
    transitions.VERIFY_AFTER /= SCALE
    early, later, last = (span / (5 * SCALE) for span in transitions.LOOKS)
    transitions.LOOKS = early, later, last  # how soon, not whether


@dataclass
class Shifted:
    """The machine's clock, some time on: what lies between two processes of one story is not waited for."""

    by: float = 0.0  # seconds
    wall: float = 0.0  # and the wall alone, by so many: it was set

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.by + self.wall)

    def monotonic(self) -> float:
        return time.monotonic() + self.by

    def reading(self) -> bootclock.Reading | None:
        by, wall = dt.timedelta(seconds=self.by), dt.timedelta(seconds=self.by + self.wall)
        read = bootclock.reading()
        return read and read._replace(at=read.at + by, wall=read.wall + wall)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Blown(SystemClock):
    """The clock of one of the storm's machines, whose wall is set again and again: `walls` says by how many seconds."""

    def __init__(self, walls: Sequence[float], host: int) -> None:
        self._walls, self._host = walls, host

    def now(self) -> dt.datetime:
        return super().now() + dt.timedelta(seconds=self._walls[self._host])

    def reading(self) -> bootclock.Reading | None:
        read, by = super().reading(), dt.timedelta(seconds=self._walls[self._host])
        return read and read._replace(wall=read.wall + by)


def kind_of(channel: str) -> str:
    """`read-back-3` -> `read-back`: the platform of a storm's channel."""
    return channel.rpartition("-")[0]


def parts_of(channel: str) -> int:
    """Channels with odd numbers carry threads, where their platform can: of three parts, or of six."""
    return {"1": 3, "3": 6}.get(channel[-1], 1) if kind_of(channel) in {"conditional", "read-back"} else 1


def make_post(claim: Delivery) -> Post:
    """A post whose text differs at every rendering: only what was frozen makes a second sending the same."""
    texts = tuple(f"{claim.marker} {n} {os.urandom(4).hex()}" for n in range(1, parts_of(claim.channel) + 1))
    return Post(
        key=claim.marker, channel=claim.channel, slot=claim.slot, title="", summary="", html="", text=texts[0],
        parts=texts, published=claim.at, series=claim.series, draft=claim.draft, revision="r1",
    )  # fmt: skip


@dataclass
class Witness:
    """The HTTP half, with every request that changes something told to the log before and after."""

    far: HttpClient
    log: Log
    key: str = ""
    attempt: str = ""

    def request(self, method: str, url: str, **more: Any) -> Any:
        """As `HttpClient.request`."""
        if method == "GET":
            return self.far.request(method, url, **more)
        body = more.get("json") or {}
        step = url.rpartition("/")[2] if "two-phase" in url else "post"
        part = int(body.get("part", url.rpartition("/")[2] if method == "PUT" else 1))
        of = {"key": self.key, "part": part, "step": step, "attempt": self.attempt}
        self.log("invoke", **of)
        try:
            answer = self.far.request(method, url, **more)
        except (Busy, Refused) as error:
            self.log("fail", **of, how=type(error).__name__, code=error.code)
            raise
        except BaseException as error:
            self.log("maybe", **of, how=type(error).__name__)
            raise
        self.log("answer", **of, status=answer.status)
        return answer


@dataclass
class Witnessed:
    """An adapter whose attempts and looks are told to the log."""

    adapter: Adapter
    http: Witness
    log: Log

    def publish(self, post: Post) -> Receipt:
        """As the adapter."""
        self.http.key, self.http.attempt = post.key, os.urandom(5).hex()
        self.log("attempt", key=post.key, attempt=self.http.attempt)
        receipt = self.adapter.publish(post)
        self.log("receipt", key=post.key, attempt=self.http.attempt, id=receipt.remote_id)
        return receipt

    def find(self, post: Post, known: Known) -> Receipt | None:
        """As the adapter; what was seen, and when the looking began."""
        began = self.log.now()
        try:
            found = self.adapter.find(post, known)
        except FarSideError as error:
            self.log("looked", key=post.key, began=began, found=None, sure=False, why=error.message)
            raise
        parts = 0 if found is None else len(found.parts) or 1
        self.log("looked", key=post.key, began=began, found=parts, sure=True)
        return found


class App:
    """Opens channels for `deliver` and `settle`."""

    def __init__(self, url: str, log: Log, clock: Clock) -> None:
        self.url, self.log, self.clock = url, log, clock

    def open(self, channel: str, step: Step) -> Opened:
        """One channel for one attempt."""
        platform: Platform = PLATFORMS[kind_of(channel)]
        http = Witness(HttpClient(channel, deadline=platform.deadline), self.log)
        told = Channel(
            name=channel, platform=platform.name, settings={"url": self.url}, out=Path(), zone=ZoneInfo("UTC"),
            language="en", community="", spec=platform, now=SystemClock().now, step=step, http=cast("HttpClient", http),
        )  # fmt: skip
        return Opened(Witnessed(ADAPTERS[platform.name](told), http, self.log), platform)

    def make_post(self, claim: Delivery) -> Post:
        """What is to be sent."""
        return make_post(claim)


def tick(ledger: Ledger, app: App, clock: Clock, *, limit: int, workers: int) -> int:
    """One round of what publish and verify do; how many deliveries it touched.

    With some channels all is made ready ahead, as for a second that is still to come: then posts are frozen by themselves.
    """
    ledger.clock = clock.reading
    ledger.recover(clock.now())
    claims = ledger.claim(clock.now(), f"pid {os.getpid()}", LEASE, limit=limit)
    hold = clock.now() if any(claim.channel.endswith("-1") for claim in claims) else None
    done = deliver(ledger, claims, app.make_post, app.open, clock=clock, hold_until=hold, workers=workers)
    done += settle(ledger, app.open, clock=clock, workers=workers, limit=6)
    done += verify(ledger, app.open, clock=clock, workers=workers, limit=6)
    return len(done)


def work(ledger: Ledger, url: str, folder: Path, seed: str, clock: Clock) -> None:
    """Tick until killed, on a ledger that was opened before the fork: its statements are made, its connections are not."""
    draw = random.Random(seed)
    app = App(url, Log(folder / "ours.log"), clock)
    ledger.engine.dispose(close=False)
    connection.AT_SERVER |= LET_GO
    while True:
        busy = tick(ledger, app, clock, workers=4, limit=draw.choice([1, 2, 4]))
        time.sleep(0.002 if busy else 0.04)
