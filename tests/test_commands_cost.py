"""What a command does is as much for a community of ten years as for a new one: what went out long ago costs nothing."""

from __future__ import annotations

import cProfile
import datetime as dt
import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from many_drafts import SERIES, fill
from pictures import picture
from pipeline_bench import COMMUNITY, FAR, PLATFORM, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.ledger.store import Ledger
from steadycast.pipeline import App, unchanged_content

LEFT, FEW, MANY = 20, 60, 360
NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
LONG_AGO = dt.timedelta(days=500)
SETTINGS = COMMUNITY + SITE + FAR + "".join(
    f'[series.{name}]\nevery = "day at 20:00"\nforms = ["article", "audio"]\nchannels = ["far"]\n' for name in SERIES
)  # fmt: skip


def called(work: Callable[[], object]) -> Counter[str]:
    """The functions that a piece of work calls: of a thing that is done for each draft, so many more."""
    profile = cProfile.Profile()
    gc.disable()  # what other tests left is not finalized in the middle of it
    try:
        profile.runcall(work)
    finally:
        gc.enable()
    found: Counter[str] = Counter()
    for entry in profile.getstats():
        found[getattr(entry.code, "co_qualname", str(entry.code))] += entry.callcount
    return found


def calls(work: Callable[[], object]) -> int:
    """How many calls that are; what is loaded, compiled and cached the first time is not what grows."""
    work()
    return called(work).total()


def of_ten_years(bench: Bench, drafts: int) -> App:
    """A community with so many drafts; all but the newest went out, each on one channel."""
    app = bench.set_up(SETTINGS, {})
    now = bench.clock.now()
    fill(app.ledger, now - LONG_AGO, drafts=drafts, deliveries=drafts - LEFT, channels=1, left=LEFT)
    pipeline.plan(app, now)
    return app


def status(app: App, now: dt.datetime) -> object:
    return ops.status(app, now)


def first_page(app: App, now: dt.datetime) -> object:
    return list(pipeline.listed(app, now, most=10).rows)


def planned(app: App, now: dt.datetime) -> object:
    made = pipeline.plan(app, now)
    return pipeline.DraftLocation(app, now, made.made_of).beyond(dt.timedelta(days=14)).lines()


def taken_in(app: App, now: dt.datetime) -> object:
    return pipeline.collect(app, now)


def checked(app: App, now: dt.datetime) -> object:
    return ops.check(now, root=app.workspace.root)


# A command, and how many calls a used draft may cost it: its instant, for the turns and mixes of all that went out.
COMMANDS: dict[Callable[[App, dt.datetime], object], float] = {status: 0.1, first_page: 1.0, planned: 13.0}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_a_draft_that_went_out_long_ago_costs_a_command_next_to_nothing(
    command: Callable[[App, dt.datetime], object], quick_path: Path, empty_sqlite: Path
) -> None:
    taken = []
    for drafts in (FEW, MANY):
        bench = Bench(quick_path / str(drafts), empty_sqlite)
        with of_ten_years(bench, drafts) as app:
            taken.append(calls(partial(command, app, bench.clock.now())))
    assert (taken[1] - taken[0]) / (MANY - FEW) <= COMMANDS[command]


COVERED = (
    PLATFORM.format(delivery="read-back")
    + """
[media.cover]
required = true
formats = ["jpg"]
sizes = [[900, 383]]
"""
)


def dropped(bench: Bench, drafts: int) -> App:
    """A community with so many drafts as files; all but the newest went out before there was a ledger."""
    app = bench.set_up(SETTINGS, {f"pgc/{n:03}.md": article(f"Draft {n}") for n in range(drafts)})
    now = bench.clock.now()
    for file in app.workspace.content.rglob("*.md"):  # what was written just now is looked at twice
        os.utime(file, ((now - LONG_AGO).timestamp(),) * 2)
    pipeline.collect(app, now)
    rows = app.ledger.known_drafts()
    app.ledger.went_out_before({row.id: now - LONG_AGO for row in rows[LEFT:]}, now)
    return app


@pytest.mark.parametrize(("command", "most"), [(taken_in, 12.5), (checked, 10.0)], ids=["taken_in", "checked"])
def test_a_file_that_has_not_changed_costs_one_look_at_it(
    command: Callable[[App, dt.datetime], object], most: float, quick_path: Path, empty_sqlite: Path
) -> None:
    taken = []
    for drafts in (LEFT + 10, LEFT + 60):
        bench = Bench(quick_path / str(drafts), empty_sqlite)
        with dropped(bench, drafts) as app:
            taken.append(calls(partial(command, app, bench.clock.now())))
    assert (taken[1] - taken[0]) / 50 <= most


def test_a_look_that_finds_nothing_changed_makes_nothing_of_a_file(
    quick_path: Path, empty_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each file its stamp is asked for; it is not looked up, and no row of the ledger is read for it."""
    monkeypatch.setattr(unchanged_content, "clock_ns", lambda: time.time_ns() + 10_000_000_000)
    found = []
    for drafts in (FEW, MANY):
        bench = Bench(quick_path / str(drafts), empty_sqlite)
        with dropped(bench, drafts) as app:
            work = partial(taken_in, app, bench.clock.now())
            work()
            found.append(called(work))
    few, many = found
    assert (many.total() - few.total()) / (MANY - FEW) <= 9.0
    assert not any(name in many for name in ("FilesRead.unchanged", "_Look.walk", "dropped_paths"))


def files(root: Path) -> Iterator[tuple[Path, int, int]]:
    """Each file below a folder, with what tells that it was written."""
    return ((each, each.stat().st_mtime_ns, each.stat().st_ino) for each in sorted(root.rglob("*")) if each.is_file())


def test_intake_with_nothing_changed_writes_nothing(bench: Bench) -> None:
    app = dropped(bench, 3)
    kept = app.workspace.cache / "intake.json"
    before = kept.stat()
    assert pipeline.collect(app, bench.clock.now()).taken == ()
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_check_draws_nothing_and_writes_nothing(bench: Bench) -> None:
    app = bench.set_up(
        SETTINGS,
        {"pgc/one.md": article("One"), "pgc/two.md": article("Two", "cover: b.jpg"), "pgc/b.jpg": picture((1200, 900))},
    )  # fmt: skip
    (bench.root / "channels/far/channel.toml").write_text(COVERED)
    before = list(files(bench.root))
    with bench.open():
        found = called(lambda: checked(app, bench.clock.now()))
    assert list(files(bench.root)) == before
    assert found["_Composer.post"] >= 2
    assert not found["Studio._lettered"]


def test_what_is_left_is_told_of_the_ledger_as_of_all_its_drafts(ledger: Ledger) -> None:
    """On each database: what may still go out, what is out and since when, and each draft on one list alone."""
    fill(ledger, NOW, drafts=60, deliveries=200, channels=4)
    rows, used = ledger.known_drafts(), {past.draft: past.at for past in ledger.used()}
    approved = ledger.approved_drafts()
    briefly = ledger.approved_briefly()
    assert sorted((id, again) for id, _at, again in briefly) == sorted(
        (draft.id, draft.plan["evergreen"]) for draft in approved
    )
    assert [at for _id, at, _again in briefly] == sorted(draft.approved for draft in approved)
    assert ledger.approved_among({*(draft.id for draft in approved[:2]), "nobody's"}) == approved[:2]
    assert ledger.drafts_out() == used.keys()
    assert ledger.last_used(row.id for row in rows) == used
    assert ledger.paths_out().keys() == {row.path for row in rows if row.id in used}
    standings = ("used", "planned", "stock", "waiting", "rejected", "copy", "not-ready")
    told = [id for standing in standings for id in ledger.listed_drafts(standing=standing)]
    assert sorted(told) == sorted(row.id for row in rows)
