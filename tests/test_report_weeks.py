"""The record that is kept by weeks is at each moment the one that is counted anew, whatever happened in between."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, FILES
from sqlalchemy import column, update

from steadycast import pipeline
from steadycast.ledger import matrix, record
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.connection import table
from steadycast.ledger.installation import STOCK
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger, State
from steadycast.ledger.tables import DraftRow, RevisionRow
from steadycast.pipeline import App
from steadycast.pipeline.community_state import shares, standing, supply
from steadycast.pipeline.plan import Reads, Supply, foresee
from steadycast.pipeline.stock import Stock, stock_left, stock_of
from steadycast.receipt import Receipt
from steadycast.report.gather import Kept, gather_by_series
from steadycast.report.model import span
from steadycast.report.outlook import Foresight
from steadycast.report.weeks import Weeks
from steadycast.schedule.days import midnight
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Slot, StockItem
from steadycast.schedule.stock import StockLeft
from steadycast.testing import workspace
from steadycast.workspace import Workspace, load

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
MONDAY = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)  # the week before it is over since the evening
SETTINGS = (
    COMMUNITY
    + """
[series.notes]
title = "Notes"
every = "day at 20:00"
channels = ["blog", "far"]
mix = { pgc = 1, ugc = 1 }
fill = ["evergreen"]
[series.friday]
title = "Friday"
every = "week on fri at 20:00"
channels = ["blog"]
[channel.blog]
platform = "far"
[channel.far]
platform = "far"
"""
)
OTHERWISE = SETTINGS.replace('title = "Notes"', 'title = "Other"\nwas = "ended"').replace(
    "[channel.far]", "[channel.gone]"
)
OTHERWISE = OTHERWISE.replace('["blog", "far"]', '["blog", "gone"]')
CHANNELS, SERIES = ("blog", "far", "gone"), ("notes", "friday", "ended", "draft")


class Story:
    """One thing after another happens to a ledger: what planning, workers, people, clocks and backfills may do."""

    def __init__(self, ledger: Ledger, rng: random.Random) -> None:
        self.ledger, self.rng, self.now = ledger, rng, MONDAY
        self.made = 0

    def go_on(self) -> str:
        """Something happens; what it was."""
        what: Callable[[], object] = self.rng.choice(
            (
                self.backfill,
                self.plan,
                self.plan,
                self.send,
                self.send,
                self.decide,
                self.decide,
                self.withdraw,
                self.recover,
                self.set_back,
                self.rename,
                self.drop,
                self.draft,
                self.wait,
            )
        )
        what()
        return what.__name__

    def backfill(self) -> None:
        """What went out before, on any channel."""
        rng = self.rng
        rows = []
        for _ in range(rng.randint(1, 12)):
            at, series = self._some_evening(-130, 0), rng.choice(SERIES)
            verdict = rng.choice(("kept", "kept", "late", "filled", "missed", "excused"))
            finished = None if verdict in ("missed", "excused") else at + HOUR
            rows.append(
                PastSlot(
                    f"{series}@{at:%Y-%m-%dT%H:%M}", series, at, f"{at:%Y-%m-%dT%H:%M}", rng.choice(CHANNELS),
                    verdict, finished, rng.choice(("pgc", "ugc")), rng.choice(("", "alice")),
                )
            )  # fmt: skip
        self.ledger.backfill(rows)

    def plan(self) -> None:
        """Slots, also past ones and of the week before, with drafts and without, on some channels."""
        at, series = self._some_evening(-10, 14), self.rng.choice(SERIES)
        slot = Slot(at, f"{series}@{at:%Y-%m-%dT%H:%M}", series, at.replace(tzinfo=None))
        drafts = [row.id for row in self.ledger.drafts()]
        chosen = [Assignment(slot.id, self.rng.choice(drafts))] if drafts and self.rng.random() < 0.8 else []
        asked = [
            PlannedDelivery(slot.id, channel, late=self.rng.choice((HOUR, 30 * DAY)))
            for channel in self.rng.sample(CHANNELS, self.rng.randint(0, 3))
        ]
        self.ledger.save_plan([slot], chosen, asked, self.now, manual=self.rng.random() < 0.3)

    def send(self) -> None:
        """What is due is sent, and ends in any way."""
        claims = self.ledger.claim(self.now, "worker", HOUR, limit=self.rng.randint(1, 4))
        self.ledger.freeze([(replace(c, revision="r1"), b"{}") for c in claims], self.now)
        claims = self.ledger.intend(claims, self.now, HOUR)
        ends = (State.PUBLISHED, State.PUBLISHED, State.UNKNOWN, State.REFUSED, State.HANDED, None)
        outcomes = []
        for claim in claims:
            end, proof = self.rng.choice(ends), Receipt("id", "https://x.example/1")
            if end is not None:
                there = proof if end in (State.PUBLISHED, State.HANDED) else None
                outcomes.append(Outcome(claim, end, self.now, there))
        self.ledger.receive(outcomes, self.now)

    def decide(self) -> None:
        """A person says what only a person can."""
        rows = self.ledger.deliveries()
        if not rows:
            return
        id, ledger, now = self.rng.choice(rows).id or 0, self.ledger, self.now
        at = self.rng.choice((now, now - 3 * DAY))
        self.rng.choice(
            (
                lambda: ledger.settle_as_there(id, "https://x.example/2", "editor", now, at=at),
                lambda: ledger.confirm(id, "https://x.example/3", "editor", now, at=at),
                lambda: ledger.settle_as_missed(id, "editor", now),
                lambda: ledger.send_again(id, "editor", now),
                lambda: ledger.retry(id, "editor", now),
                lambda: ledger.cancel(id, "editor", now),
            )
        )()

    def withdraw(self) -> None:
        """What is out is taken away again."""
        rows = self.ledger.deliveries(states=[State.PUBLISHED, State.CONFIRMED])
        if rows:
            row = self.rng.choice(rows)
            claim = self.ledger.begin_amendment(row.id or 0, "", self.now, HOUR, who="editor", why="")
            if claim is not None:
                self.ledger.end_amendment(claim, Outcome(claim, State.PUBLISHED, self.now), b"{}", self.now)

    def recover(self) -> None:
        """A tick: what is past `late` is missed."""
        self.ledger.recover(self.now)
        self.ledger.ticked(self.now)

    def set_back(self) -> None:
        """The clock was ahead."""
        self.now -= self.rng.choice((HOUR, DAY, 9 * DAY))
        self.ledger.take_back(self.now)

    def rename(self) -> None:
        """A series has another name now."""
        self.ledger.rename_series(*self.rng.sample(SERIES[:3], 2))

    def drop(self) -> None:
        """Slots that no rhythm asks for any more."""
        slots = self.ledger.slots_between(MONDAY - 200 * DAY, MONDAY + 60 * DAY)
        self.ledger.drop_slots(slot.id for slot in self.rng.sample(slots, min(len(slots), 3)))

    def draft(self) -> None:
        """A draft comes, or is another, or goes."""
        self.made += 1
        id = f"d{self.rng.randint(0, 5)}"
        state = self.rng.choice(("approved", "approved", "rejected"))
        came = self.now - self.rng.randint(0, 40) * DAY
        plan: dict[str, Any] = {
            "series": [],
            "slot": None,
            "evergreen": self.rng.random() < 0.3,
            "priority": self.rng.randint(0, 1),
        }
        plan["skip"] = []
        before = self.rng.choice((None, None, None, came))
        row = DraftRow(
            id=id, path=f"ugc/alice/{id}.md", origin="ugc", member="alice", form="article", title=f"{self.made}",
            revision=f"r{self.made}", state=state, first_seen=came, changed=came, approved_revision="r1",
            approved_at=came, plan=plan, published_before=before,
        )  # fmt: skip
        self.ledger.put_drafts([row], [RevisionRow(hash=f"r{self.made}", draft=id, at=came, content={})])

    def wait(self) -> None:
        """Time passes."""
        self.now += self.rng.choice((dt.timedelta(minutes=1), HOUR, 11 * HOUR, 3 * DAY, 8 * DAY))

    def _some_evening(self, first: int, last: int) -> dt.datetime:
        evening = self.now.replace(hour=12, minute=0, second=0)  # 20:00 in Shanghai
        late = self.rng.choice((dt.timedelta(), dt.timedelta(), 4 * HOUR))  # the local midnight
        return evening + late + self.rng.randint(first, last) * DAY


@pytest.fixture
def roots(quick_path: Path, empty_sqlite: Path) -> Callable[[], Path]:
    """Workspaces with empty ledgers, one a call."""
    made: list[Path] = []

    def make() -> Path:
        root = quick_path / f"w{len(made)}"
        made.append(root)
        there = workspace(root, SETTINGS, {}, FILES)
        there.var.mkdir(parents=True)
        shutil.copyfile(empty_sqlite, there.ledger)
        return root

    return make


def planned_alike(app: App, now: dt.datetime, known: Supply) -> bool:
    """Whether what may still go out makes the plan that the whole stock makes."""
    left = stock_left(app, known.history)
    ids = {item.draft for item in left}
    assert left == [item for item in known.stock if item.draft in ids]
    assert all(item.draft in known.history.last and not item.evergreen for item in known.stock if item.draft not in ids)
    plans = [
        foresee(app, now, now + 14 * DAY, Supply(stock, known.history), Reads(app.ledger))
        for stock in (left, known.stock)
    ]
    return plans[0]._replace(stock=()) == plans[1]._replace(stock=())


def assert_left(made_of: Supply, stock: list[StockItem]) -> None:
    """What is no more of the whole stock went out and asks for nothing; when it came is known."""
    assert isinstance(made_of.stock, StockLeft)
    gone = [item for item in stock if item not in made_of.stock]
    assert [item for item in stock if item in made_of.stock] == made_of.stock
    assert {item.draft for item in gone} <= made_of.history.last.keys()
    assert not any(item.evergreen or item.slot or item.series or item.skip_channels or item.circle for item in gone)
    came = sorted((item.form, item.since) for item in gone)
    assert came == sorted((form, at) for form, its in made_of.stock.came.items() for at in its)
    assert made_of.stock.began == min((item.since for item in stock), default=None)


@pytest.fixture(params=["weeks ago", "just now"])
def _long(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long ago a draft went out that is only counted."""
    if request.param == "just now":
        monkeypatch.setattr("steadycast.pipeline.stock.LONG", dt.timedelta(0))


@pytest.mark.usefixtures("_long")
@settings(examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rng=st.randoms(use_true_random=False), steps=st.lists(st.integers(1, 6), min_size=2, max_size=5))
def test_what_is_kept_is_what_is_counted_anew(roots: Callable[[], Path], rng: random.Random, steps: list[int]) -> None:
    """After any few changes, at any time, also of the settings: the report, the year, the matrix, stock and outlook."""
    root = roots()
    with contextlib.ExitStack() as opened:
        app = opened.enter_context(App(load(root)))
        story = Story(app.ledger, rng)
        for many in steps:
            what = [story.go_on() for _ in range(many)]
            if rng.random() < 0.2:
                what.append("settings")
                (root / "steadycast.toml").write_text(rng.choice((SETTINGS, OTHERWISE)), encoding="utf-8")
                app = opened.enter_context(App(load(root)))
                story.ledger = app.ledger
            made_of = supply(app, story.now)
            assert made_of.history.rows == app.ledger.used(), what
            assert_left(made_of, stock_of(app))
            assert planned_alike(app, story.now, made_of), what
            first, last = span(story.now.astimezone(SHANGHAI).date())
            since, until = midnight(first, SHANGHAI), midnight(last + DAY, SHANGHAI)
            assert sorted(shares(app, story.now)) == sorted(record.shares(app.ledger, since, until)), what
            story.now += dt.timedelta(minutes=1)  # within a minute only events make it anew
            kept, now = standing(app, story.now), story.now
            anew = gather_by_series(app.ledger, app.workspace, now, stock_of(app), app.published_title)
            assert (kept.report, kept.years) == anew, what
            assert [*kept.cells.values()] == sorted(matrix.cells(app.ledger, now)), what


@pytest.mark.parametrize("seed", range(2))
def test_it_is_so_on_each_database(ledger: Ledger, tmp_path: Path, seed: int) -> None:
    """A longer story of one ledger, told to several processes; the drafts that went out are those that it tells."""
    place: Workspace = load(workspace(tmp_path, SETTINGS, {}, FILES).root)
    story, weeks = Story(ledger, random.Random(seed)), Weeks(place.community.zone)
    foresight, others = Foresight(), [weeks]
    for step in range(30):
        what, now = story.go_on(), story.now
        if step % 4 == 0:  # another begins with what the ledger keeps, or goes on with what it had
            weeks = story.rng.choice((*others, Weeks(place.community.zone)))
            others.append(weeks)
        weeks.up_to(ledger, now, *span(now.astimezone(place.community.zone).date()))
        used = weeks.used(ledger)
        assert used == ledger.used(), what
        kept = gather_by_series(ledger, place, now, [], kept=Kept(weeks, foresight, used))
        assert kept == gather_by_series(ledger, place, now, []), what


def test_a_new_process_counts_no_week_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """But those of which something has changed; with another zone, or kept by another program, all of them."""
    story, counted = Story(ledger, random.Random(4)), list[dt.date]()
    real = Weeks._close

    def close(self: Weeks, ledger: Ledger, begin: dt.date, end: dt.date, now: dt.datetime, first: dt.date) -> None:
        counted.extend(begin + n * 7 * DAY for n in range((end - begin).days // 7))
        real(self, ledger, begin, end, now, first)

    def opened(zone: ZoneInfo = SHANGHAI) -> Weeks:
        counted.clear()
        weeks = Weeks(zone)
        weeks.up_to(ledger, story.now, *span(story.now.astimezone(zone).date()))
        return weeks

    monkeypatch.setattr(Weeks, "_close", close)
    for _ in range(60):
        story.go_on()
    first = opened()
    assert len(counted) == len(first.closed) > 10
    again = opened()
    assert counted == []
    assert (again.closed, again.open) == (first.closed, first.open)
    ledger.set_meta("record", "another")
    assert len(opened().closed) == len(counted) > 10
    opened()
    assert counted == []
    opened(ZoneInfo("Europe/Berlin"))
    assert len(counted) > 10
    opened(ZoneInfo("Europe/Berlin"))
    assert counted == []
    for damage in ("", "[]", "null", '[1, "Europe/Berlin", 0, "", 0, 3]'):
        with ledger.write() as connection:
            connection.execute(update(table("record_week")).where(column("monday") == "").values(counts=damage))
        opened(ZoneInfo("Europe/Berlin"))
        assert len(counted) > 10, damage


def test_a_saved_setting_has_no_week_counted_again(roots: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a draft read anew."""
    root, counted = roots(), list[int]()
    real = Weeks._close

    def close(*given: Any) -> None:
        counted.append(1)
        real(*given)

    monkeypatch.setattr(Weeks, "_close", close)
    with App(load(root)) as app:
        story = Story(app.ledger, random.Random(2))
        for _ in range(40):
            story.go_on()
        first = standing(app, story.now)
        assert counted
        counted.clear()
        stock = supply(app, story.now).stock
    with monkeypatch.context() as patch:  # nor what it shows of drafts, and of what went out
        for name in ("shown_drafts", "waiting_drafts"):
            patch.setattr(Ledger, name, lambda *given: pytest.fail("a draft was read again"))
        patch.setattr(record, "last_out", lambda *given: pytest.fail("what went out was read again"))
        (root / "steadycast.toml").write_text(SETTINGS.replace('"Friday"', '"Fridays"'), encoding="utf-8")
        with App(load(root)) as app:
            assert standing(app, story.now).report.lately == first.report.lately
    (root / "steadycast.toml").write_text(SETTINGS.replace('"Friday"', '"Fri"'), encoding="utf-8")
    with App(load(root)) as app:
        again = standing(app, story.now)
        assert counted == []
        assert supply(app, story.now).stock is stock
        assert again.report.series[0] == first.report.series[0]
        assert again.report.series[1].title == "Fri"
        monkeypatch.setattr(record, "slot_verdicts", None)  # the report goes through no delivery that is long over
        assert [row["kept"] for row in pipeline.report(app, story.now).series] == [
            each.counts.get("kept", 0) for each in again.report.series
        ]
        assert counted == []


def test_a_draft_that_did_not_change_is_not_looked_at_again(roots: Callable[[], Path]) -> None:
    """The stock is the same object then, and so the outlook is not planned again."""
    with App(load(roots())) as app:
        story, stock = Story(app.ledger, random.Random(1)), Stock()
        for _ in range(9):
            story.draft()
        out = History(app.ledger.used())
        first = stock.of(app, out, app.ledger.meta(STOCK))
        assert first == stock_of(app)
        assert stock.of(app, out, app.ledger.meta(STOCK)) is first
        assert stock.of(app, History(out.rows), app.ledger.meta(STOCK)) is first
        story.draft()
        assert stock.of(app, History(app.ledger.used()), app.ledger.meta(STOCK)) == stock_of(app)


def test_planning_keeps_the_weeks_for_who_only_reads(
    roots: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, closed, real = roots(), list[str](), Weeks._close

    def close(*given: Any) -> None:
        closed.append("a stretch of weeks")
        real(*given)

    monkeypatch.setattr(Weeks, "_close", close)
    with App(load(root)) as app:
        story = Story(app.ledger, random.Random(3))
        for _ in range(40):
            story.go_on()
        pipeline.plan(app, story.now)
        assert closed
        closed.clear()
        pipeline.plan(app, story.now)
        assert not closed, "once a week"
    with App(load(root), readonly=True) as app:
        pipeline.report(app, story.now)
    assert not closed
