"""Clocks that jump, machines that sleep, and every change of the clocks of every zone: one slot a day, sent once.

The changes of the clocks are judged by `zdump -v`, which reads the same files of the tz database and shares no code
with Python's zoneinfo.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import NOON, Promise

from steadycast.delivery import deliver, settle, verify
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.schedule.model import Series
from steadycast.schedule.slots import instant, slots
from steadycast.testing import Clock, FakeChannel, a_post

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
LEASE = dt.timedelta(minutes=5)
DAYS = 3
CLASSES = [
    pytest.param("conditional", marks=[pytest.mark.slow, pytest.mark.parallel]),
    "read-back",
    pytest.param("blind", marks=[pytest.mark.slow, pytest.mark.parallel]),
]


# Clocks that jump


class Jumpy(Clock):
    """A clock that is set once, by `jump`, when the place `jump_at` is reached. The monotonic one does not notice.

    Set forward, that is also what a machine sees that slept: the wall goes on, the monotonic clock stood still.
    """

    jump = dt.timedelta()
    jump_at = ""

    def set(self) -> None:
        """Jump, if it has not yet."""
        self.set_wall(self.now() + self.jump)
        self.jump = dt.timedelta()

    def sleep(self, seconds: float) -> None:
        if self.jump_at == "hold":
            self.set()
        super().sleep(seconds)


def tick(ledger: Ledger, fake: Any, clock: Any, *, hold: Any = None) -> None:
    """One tick as publish makes it: recover, claim, hold until the slot, send; then look at what is in doubt."""
    ledger.recover(clock.now())
    until = hold or clock.now()
    claims = ledger.claim(clock.now(), "worker", LEASE, until=until)

    def render(claim: Any) -> Any:
        if clock.jump_at == "render":
            clock.set()
        return a_post(claim)

    deliver(ledger, claims, render, fake.open, clock=clock, hold_until=hold, workers=1)
    settle(ledger, fake.open, clock=clock, workers=1)
    verify(ledger, fake.open, clock=clock, workers=1)


def live_on(ledger: Ledger, fake: Any, clock: Clock, until: Any) -> None:
    """Ticks by the wall, each when something wakes, at least every eight hours."""
    while clock.now() < until:
        wakes = [d.wake for d in ledger.deliveries() if d.wake and d.wake > clock.now()]
        clock.advance(min([*(w - clock.now() for w in wakes), 8 * HOUR]))
        tick(ledger, fake, clock)


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY], ids=["hour", "hour-back", "day", "day-back"])
@pytest.mark.parametrize("place", ["hold", "render", "request", "answer", "between"])
@pytest.mark.parametrize("delivery", CLASSES)
def test_a_clock_that_jumps_fires_nothing_again(
    make_ledger: Callable[[], tuple[Ledger, Promise]], delivery: Any, place: str, jump: Any
) -> None:
    """While held, between claim and send, in the request, before its receipt, between two ticks: each slot once.

    Only where the clock leaves out more than `late` is a slot missed, as by a machine that was off that long.
    """
    ledger, promise = make_ledger()
    clock = Jumpy(NOON - MINUTE)
    clock.jump_at, clock.jump = place, jump
    fake = FakeChannel(delivery, clock)
    for day in range(DAYS):
        promise("blog", at=NOON + day * DAY, draft=f"d{day}", late=12 * HOUR)

    def request(post: Any, part: Any) -> Any:
        if place == "request":
            clock.set()
        answer = fake._accept(post, part)
        if place == "answer":
            clock.set()
        return answer

    fake._verbs.append(request)
    tick(ledger, fake, clock, hold=NOON)
    if place == "between":
        clock.set()
    assert not clock.jump or not fake.calls, "the clock was never set"
    live_on(ledger, fake, clock, NOON + (DAYS + 1) * DAY)

    sent = Counter(post.key for post in fake.posts)
    assert max(sent.values()) == 1, "one slot was sent twice"
    rows = ledger.deliveries()
    missed = [row for row in rows if row.state == State.MISSED]
    assert len(missed) <= (1 if jump == DAY else 0)
    there = State.PUBLISHED if delivery == "blind" else State.SEEN
    assert {row.state for row in rows} - {State.MISSED} == {there}
    assert set(sent) == {row.marker for row in rows if row.state == there}


@pytest.mark.parametrize("jump", [HOUR, DAY], ids=["an-hour", "a-day"])
@pytest.mark.parametrize("delivery", ["conditional", "read-back", "blind"])
def test_what_another_sent_while_this_machine_slept_is_not_sent_again(
    make_ledger: Callable[[], tuple[Ledger, Promise]], delivery: str, jump: Any
) -> None:
    """Asleep between its claim and its send; its lease ran out, another worker made the delivery; it wakes up late."""
    ledger, promise = make_ledger()
    clock = Jumpy(NOON)
    fake = FakeChannel(delivery, clock)
    promise("blog", late=2 * DAY)
    claims = ledger.claim(NOON, "sleeper", LEASE)

    def asleep(claim: Any) -> Any:
        clock.set_wall(NOON + jump)
        tick(ledger, fake, clock)
        assert len(fake.posts) == 1
        return a_post(claim)

    assert not deliver(ledger, claims, asleep, fake.open, clock=clock, workers=1)
    assert len(fake.posts) == 1


def test_the_same_plan_made_by_a_clock_set_back_makes_no_slot_anew(
    make_ledger: Callable[[], tuple[Ledger, Promise]],
) -> None:
    """Slots are keyed by their wall time: what was sent yesterday is still sent when it is yesterday again."""
    ledger, promise = make_ledger()
    clock = Jumpy(NOON)
    fake = FakeChannel("read-back", clock)
    for day in range(2):
        promise("blog", at=NOON + day * DAY, draft=f"d{day}")
        clock.set_wall(NOON + day * DAY)
        tick(ledger, fake, clock)
    clock.set_wall(NOON - HOUR)
    for day in range(2):
        promise("blog", at=NOON + day * DAY, draft=f"d{day}")
    live_on(ledger, fake, clock, NOON + 2 * DAY)
    assert len(fake.posts) == 2


# Changes of the clocks

TIMES = ("00:00", "00:30", "01:30", "02:00", "02:30", "03:30", "23:30")
FIRST, LAST = dt.date(2025, 1, 1), dt.date(2031, 12, 31)
LINE = re.compile(r"(\S+) +\w{3} (\w{3} +\d+ [\d:]+ \d+) UT = .* gmtoff=(-?\d+)")
DATABASE = Path(str(files("tzdata"))) / "zoneinfo"
Changes = list[tuple[dt.datetime, dt.timedelta, dt.timedelta]]  # naive UTC, offset before, offset from then on


def zone_files() -> dict[str, Path]:
    """One name for each set of rules in the tz database: most names are links."""
    names = (DATABASE.parent / "zones").read_text(encoding="ascii").split()
    rules = {(DATABASE / name).read_bytes(): name for name in names}
    return {name: DATABASE / name for name in rules.values()}


def zdumped(paths: list[Path]) -> dict[str, Changes]:
    """What zdump says of each file: every change of its offset, 2024 to 2032."""
    told = subprocess.run(["zdump", "-v", "-c", "2024,2033", *map(str, paths)], capture_output=True, text=True)
    looks = defaultdict(list)
    for line in told.stdout.splitlines():
        if found := LINE.fullmatch(line.strip()):
            at = dt.datetime.strptime(found[2], "%b %d %H:%M:%S %Y")
            looks[found[1]].append((at, dt.timedelta(seconds=int(found[3]))))
    # They come in pairs: the last second before a change, and its first.
    return {
        path: [
            (at, before, after)
            for (_, before), (at, after) in zip(sorted(seen)[::2], sorted(seen)[1::2], strict=True)
            if before != after  # a change of name or of isdst alone
        ]
        for path, seen in looks.items()
    }


def by_zdump(changes: Changes, local: dt.datetime) -> dt.datetime:
    """The UTC instant of a wall time as RFC 5545 reads it: the first of two; in a gap by the offset before it."""
    begin, offset = dt.datetime.min, changes[0][1]
    for at, before, after in changes:
        if begin <= local - before < at:
            return local - before
        if at + before <= local < at + after:
            return local - before
        begin, offset = at, after
    return local - offset


@pytest.fixture(scope="module")
def zones() -> Any:
    """Every zone whose offset changes from 2025 to 2031, with its changes as zdump tells them."""
    if shutil.which("zdump") is None:
        pytest.skip("zdump is not installed (apt install libc-bin)")
    paths = zone_files()
    changes = zdumped(list(paths.values()))
    found = {name: (_zone(name, path), changes[str(path)]) for name, path in paths.items() if changes.get(str(path))}
    assert len(found) > 60
    assert sum(len(changes) for _, changes in found.values()) > 1000
    return found


def _zone(name: str, path: Path) -> ZoneInfo:
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@pytest.mark.parallel
@pytest.mark.slow
def test_every_change_of_the_clocks_of_every_zone_is_read_as_zdump_reads_it(zones: Any) -> None:
    """Each quarter of an hour, and the seconds beside the change, from a day before each change to a day after."""
    looked, wrong = 0, []
    for name, (zone, changes) in zones.items():
        for at, before, after in changes:
            if not FIRST.year <= at.year <= LAST.year:
                continue
            edges = [at + offset + second * dt.timedelta(seconds=1) for offset in (before, after) for second in (-1, 0)]
            quarters = [(at + before).replace(minute=0, second=0) + n * HOUR / 4 for n in range(-96, 97)]
            for local in (*edges, *quarters):
                looked += 1
                if instant(local, zone).replace(tzinfo=None) != by_zdump(changes, local):
                    wrong.append((name, local))
    assert looked > 100_000
    assert wrong == []


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize("time", TIMES)
def test_a_daily_slot_is_one_a_local_day_at_the_instant_that_zdump_tells(zones: Any, time: Any) -> None:
    """2025 to 2031 in every zone: one slot a promised day, in order, and no two on one instant."""
    days = (LAST - FIRST).days + 1
    midnight = dt.datetime.combine(FIRST, dt.time())
    hour, minute = map(int, time.split(":"))
    locals_ = [midnight + n * DAY + hour * HOUR + minute * MINUTE for n in range(days)]
    wrong = []
    for name, (zone, changes) in zones.items():
        series = Series(name="daily", title="", every=f"day at {time}", zone=zone)
        begin = dt.datetime.combine(FIRST, dt.time(), zone) - DAY
        found = {s.local: s for s in slots(series, begin, begin + (days + 3) * DAY)}
        kept = [found.get(local) for local in locals_]
        at = [slot.at.replace(tzinfo=None) for slot in kept if slot]
        if len(at) != days or any(b <= a for a, b in pairwise(at)):
            wrong.append((name, "not one slot a day"))
        wrong += [(name, s.id) for s in kept if s and s.at.replace(tzinfo=None) != by_zdump(changes, s.local)]
    assert wrong == []
