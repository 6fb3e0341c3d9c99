"""The ledger at ten thousand and at a million deliveries: what is due, claims, the record, and rows by the hundred thousand."""

from __future__ import annotations

import datetime as dt
import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import corpus
from measure import Row, in_turn, median, ratio, seconds, timed

from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow, RevisionRow
from steadycast.platform import Post
from steadycast.platform.post_bytes import post_to_bytes
from steadycast.render.markdown import to_html
from steadycast.report.model import span
from steadycast.report.streaks import tally
from steadycast.report.weeks import Weeks
from steadycast.schedule.model import Assignment, Slot

NOW = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)
CHANNELS, DUE = 50, 1_000
VERDICTS = ("kept",) * 17 + ("late", "filled", "missed")
WEEK, ZONE = dt.timedelta(weeks=1), ZoneInfo("Asia/Shanghai")
RECORD = "SELECT channel, at, verdict FROM delivery WHERE verdict <> '' ORDER BY channel, at"


def rows(folder: Path, most: int, rounds: int) -> Iterator[Row]:
    """Every row that needs a ledger; `most` deliveries in the large one, a hundredth of that in the small one."""
    small, large = _filled(folder / "small.sqlite", most // 100), _filled(folder / "large.sqlite", most)
    with small, large:
        yield _due(small, large, most, rounds)
        yield _claim(large, most, rounds)
        yield from _record(large, folder / "large.sqlite", most, min(rounds, 3))
    yield _bulk(folder, min(most, 100_000), min(rounds, 3))
    yield _kept(folder, min(most // 2_500, 400))
    for name in ("small", "large"):
        (folder / f"{name}.sqlite").unlink()


def past(count: int) -> Iterator[PastSlot]:
    """`count` deliveries that ended, on fifty channels and twenty series, before this year."""
    hour = dt.timedelta(hours=1)
    for n in range(count):
        number, channel = divmod(n, CHANNELS)
        at = NOW - dt.timedelta(days=400) - number * hour
        verdict = VERDICTS[n * 7 % len(VERDICTS)]
        finished = None if verdict == "missed" else at + dt.timedelta(seconds=900 if verdict == "late" else 3)
        yield PastSlot(
            f"series{number % 20}@{at:%Y-%m-%dT%H:%M}", f"series{number % 20}", at, f"{at:%Y-%m-%dT%H:%M}",
            f"channel{channel}", verdict, finished, "pgc" if n % 10 < 3 else "ugc", "" if n % 10 < 3 else f"member{n % 37}",
        )  # fmt: skip


def due_slot(ledger: Ledger, at: dt.datetime, channels: Iterable[str], name: str = "due") -> list[int]:
    """A slot at `at` with an approved draft and a delivery for each channel; their ids."""
    row = DraftRow(
        id="draft", path="ugc/momo/draft.md", origin="ugc", member="momo", form="article", title="今天", revision="r1",
        state="approved", first_seen=at, changed=at, approved_revision="r1",
    )  # fmt: skip
    ledger.put_drafts([row], [RevisionRow(hash="r1", draft="draft", at=at, content={})])
    slot = Slot(at, f"{name}@{at:%Y-%m-%dT%H:%M:%S}", name, at.replace(tzinfo=None))
    asked = [PlannedDelivery(slot.id, channel, late=WEEK) for channel in channels]
    ledger.save_plan([slot], [Assignment(slot.id, "draft")], asked, at)
    return [row.id for row in ledger.deliveries(slots=[slot.id]) if row.id is not None]


def _filled(path: Path, count: int) -> Ledger:
    ledger = Ledger.open(path)
    ledger.backfill(past(count))
    due_slot(ledger, NOW - dt.timedelta(minutes=1), (f"out{n}" for n in range(DUE)))
    return ledger


def _kept(folder: Path, posts: int) -> Row:
    """So many posts on four channels each, a day after they went out: the table's bytes, and those of them as they were sent."""
    with Ledger.open(folder / "kept.sqlite") as ledger:
        sent = 0
        for n in range(posts):
            ids = due_slot(ledger, at := NOW + n * WEEK, (f"c{channel}" for channel in range(4)), name="kept")
            claims = ledger.claim(at, "bench", WEEK, ids=ids)
            body = corpus.draft(n)[1].decode()
            html = to_html(body)
            made = [(c, post_to_bytes(_post(c, html, body))) for c in claims]
            ledger.freeze(made, at)
            sent += sum(len(post) for _, post in made)
        while ledger.pack_frozen(NOW + (posts + 1) * WEEK):
            pass
        with ledger.read() as connection:
            kept = connection.exec_driver_sql("SELECT sum(length(post)) FROM frozen").scalar() or 0
    (folder / "kept.sqlite").unlink()
    part = kept / sent
    return Row(
        f"what the ledger keeps of {posts:,} posts that went out on four channels each", f"{kept / posts / 1000:.1f} kB a post",
        f"as they were sent {sent / posts / 1000:.1f} kB", f"{part:.2f} x", "<= 0.33 x", part <= 0.33,
    )  # fmt: skip


def _post(claim: Delivery, html: str, body: str) -> Post:
    return Post(
        key=claim.marker, channel=claim.channel, slot=claim.slot, title="今天", summary="", html=html, text=body,
        parts=(), published=claim.at, draft=claim.draft, revision="r1",
    )  # fmt: skip


def _due(small: Ledger, large: Ledger, most: int, rounds: int) -> Row:
    assert len(large.slots_due(NOW)) == len(small.slots_due(NOW)) == 1
    few, many = in_turn(rounds * 10, lambda: small.slots_due(NOW), lambda: large.slots_due(NOW), warm=5)
    grown = median(many) / median(few)
    return Row(
        f"the slots of {DUE:,} due rows at {most:,} deliveries",
        seconds(median(many)),
        f"at {most // 100:,} deliveries {seconds(median(few))}",
        f"{grown:.2f} x",
        "<= 2 ms, <= 1.5 x",
        median(many) <= 0.002 and grown <= 1.5,
    )


def _claim(ledger: Ledger, most: int, rounds: int) -> Row:
    lease, times = dt.timedelta(minutes=5), []
    for _ in range(3 * rounds):
        taken: list[Delivery] = []
        times.append(timed(lambda taken=taken: taken.extend(ledger.claim(NOW, "bench", lease, limit=100))))
        assert len(taken) == 100, taken
    what, took = f"pick and claim 100 due rows at {most:,} deliveries", median(times)
    return Row(what, seconds(took), "", "", "<= 5 ms", took <= 0.005)


def _record(ledger: Ledger, path: Path, most: int, rounds: int) -> Iterator[Row]:
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def one_pass() -> int:
        return sum(1 for _ in raw.execute(RECORD))

    assert one_pass() == most
    kept = _shown(ledger)  # and the ledger keeps what was counted, as `report` and the desk have it
    ours, shown, peer = in_turn(rounds, lambda: tally(ledger.record()), lambda: _shown(ledger), one_pass)
    raw.close()
    assert {name: each.longest for name, each in tally(ledger.record()).items()} == kept
    part = ratio(shown, peer)
    yield Row(
        f"record of {most:,} deliveries as a new process shows it", seconds(median(shown)),
        f"one raw pass over the covering index {seconds(median(peer))}", f"{part:.2f} x", "<= 1.5 x", part <= 1.5,
    )  # fmt: skip
    part = ratio(ours, peer)
    yield Row(
        f"streaks over {most:,} deliveries, {CHANNELS} channels, counted anew", seconds(median(ours)),
        f"one raw pass over the covering index {seconds(median(peer))}", f"{part:.2f} x", "<= 1.5 x", part <= 1.5,
    )  # fmt: skip


def _shown(ledger: Ledger) -> dict[str, int]:
    """The longest streak of each channel, with all that the record's page shows besides."""
    weeks, (first, last) = Weeks(ZONE), span(NOW.astimezone(ZONE).date())
    weeks.up_to(ledger, NOW, first, last)
    weeks.cells()
    weeks.shares(first)
    weeks.used(ledger)
    return {name: each.longest for name, each in weeks.streaks()[1].items()}


def _bulk(folder: Path, count: int, rounds: int) -> Row:
    numbers = itertools.count()
    given = list(past(count))
    with Ledger.open(folder / "empty.sqlite") as empty, empty.read() as connection:
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(delivery)")]

    def ours() -> None:
        with Ledger.open(folder / f"bulk-{next(numbers)}.sqlite") as ledger:
            assert ledger.backfill(given) == count

    def peer() -> None:
        raw = sqlite3.connect(folder / f"bulk-{next(numbers)}.sqlite")
        raw.execute(f"CREATE TABLE delivery ({', '.join(columns)})")
        with raw:
            raw.executemany(
                "INSERT INTO delivery (slot, series, at, channel, verdict, finished, origin, member, url) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((r.slot, r.series, r.at.timestamp(), r.channel, r.verdict, r.finished and r.finished.timestamp(),
                  r.origin, r.member, r.url) for r in given),
            )  # fmt: skip
        raw.close()

    a, b = in_turn(rounds, ours, peer)
    for file in folder.glob("*.sqlite*"):
        if file.name.startswith(("bulk", "empty")):
            file.unlink()
    rate = count / median(a)
    return Row(
        f"bulk insert, {count:,} deliveries and their slots", f"{rate:,.0f} rows/s",
        f"one executemany into a bare table {count / median(b):,.0f} rows/s", f"{ratio(a, b):.1f} x the time",
        ">= 100,000 rows/s", rate >= 100_000,
    )  # fmt: skip
