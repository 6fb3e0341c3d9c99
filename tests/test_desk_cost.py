"""What a page asks of the ledger: as few statements of a large ledger as of a small one, and no look at all deliveries."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_bench import Desk
from many_drafts import SERIES, fill
from pipeline_bench import COMMUNITY, FAR, SITE, Bench
from sqlalchemy import Engine, event

from steadycast import ops, pipeline
from steadycast.ledger.delivery_log import LOOKED_THROUGH
from steadycast.ledger.record_changes import tell_whole
from steadycast.ledger.store import Ledger
from steadycast.pipeline import stock
from steadycast.platform import registry
from steadycast.schedule.history import History
from steadycast.schedule.stock import Pool
from steadycast.workspace import edit

SETTINGS = (
    COMMUNITY
    + SITE
    + FAR
    + "".join(
        f'[series.{name}]\ntitle = "{name.title()}"\nevery = "day at 20:00"\nchannels = ["far"]\n' for name in SERIES
    )
)
SKIP = "/skip?series=notes&day=TOMORROW"
# A page, and the most statements that it may take. The record is made once for all its pages, and kept while nothing
# happens: what it counts, it counts over all deliveries.
PAGES = {
    "/": 24,
    "/calendar": 10,
    "/calendar?view=week": 10,
    "/calendar?view=list": 10,
    "/drafts": 6,
    "/drafts?shelf=stock": 6,
    "/drafts?words=1": 6,
    "/drafts?tag=a": 6,
    "/drafts?series=notes": 6,
    "/drafts?language=en": 6,
    "/drafts/unread": 4,
    "/kits": 4,
    "/log": 5,
    "/log?channel=far": 4,
    "/why": 50,  # it counts what needs a person as the first page does
    "/members": 7,
    "/members/member3": 10,
    "/fair": 24,
    "/settings": 2,
    "/record": 50,
    "/record?channels=all": 50,
    SKIP: 22,
    "/matrix": 6,
    "/channels/far": 12,
}
SHANGHAI = ZoneInfo("Asia/Shanghai")
OPEN = re.compile(r"verdict = ('|\?)")  # what is not decided yet: few, told apart within the record's index
FREED = "USING INDEX ix_delivery_freed"  # what gave its draft back: few as well, and nothing else is in that index
Statement = tuple[str, Any]


@contextmanager
def heard() -> Iterator[list[Statement]]:
    """The statements that this process runs inside the block, on whatever ledger, with their values."""
    said: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            said.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _tomorrow(now: dt.datetime) -> str:
    return str((now.astimezone(SHANGHAI) + dt.timedelta(days=1)).date())


def asked_of(bench: Bench, deliveries: int) -> dict[str, list[Statement]]:
    """What each page asks of a ledger with so many deliveries; each page was shown before."""
    app, now = bench.set_up(SETTINGS, {}), pipeline.now()
    with app.ledger.write() as connection:
        for name in ("delivery", "slot", "revision", "draft"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
        tell_whole(connection)
    fill(app.ledger, now, drafts=deliveries // 10, deliveries=deliveries)
    pipeline.plan(app, now)
    found = {}
    with Desk(bench.root).up() as desk:
        for page in PAGES:
            with heard() as said:
                # Another request than any: it is made anew.
                answer = desk.get(page.replace("TOMORROW", _tomorrow(now)), **{"Accept-Language": page})
            assert answer.status_code == 200, page
            found[page] = said
    return found


def test_no_page_asks_more_of_a_large_ledger_than_of_a_small_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one look through the deliveries, which only grow: each read of them goes by an index."""
    began = pipeline.now()
    monkeypatch.setattr(pipeline, "now", lambda: began)
    small, large = asked_of(bench, 1_000), asked_of(bench, 4 * LOOKED_THROUGH)
    assert {page: len(asked) for page, asked in large.items() if len(asked) > len(small[page])} == {}
    assert {page: len(asked) for page, asked in large.items() if len(asked) > PAGES[page]} == {}
    with bench.app.ledger.read() as connection:
        for page, asked in large.items():
            for statement, values in asked:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                steps = [step for *_, step in plan]
                assert "SCAN draft" not in steps or not page.startswith("/calendar"), statement
                scans = {step for step in steps if step.startswith("SCAN delivery")}
                assert not scans & {"SCAN delivery"}, (page, statement)
                scans = {step for step in scans if not step.endswith(FREED)}
                assert not scans or OPEN.search(statement) or page == "/record", (page, statement, scans)


def test_what_a_change_would_do_is_told_without_a_look_at_each_draft(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both plans are made of what is known already, until a draft is another or something goes out."""
    # A given instant: what the years behind it served on its own day decides whether the day's slot moves, too.
    app, now = bench.set_up(SETTINGS, {}), dt.datetime(2026, 11, 28, 13, 17, tzinfo=dt.UTC)
    fill(app.ledger, now, drafts=600, deliveries=1_000)
    pipeline.plan(app, now)
    looked: Counter[str] = Counter()

    def counted(where: Any, name: str) -> None:
        real = getattr(where, name)

        def counts(*given: Any, **named: Any) -> Any:
            looked[name] += 1
            return real(*given, **named)

        monkeypatch.setattr(where, name, counts)

    counted(stock, "to_stock")
    counted(Ledger, "approved_values")
    counted(Ledger, "used")
    counted(History, "__init__")
    counted(Pool, "__init__")
    counted(registry, "platforms")
    after = edit.with_rhythm(app.workspace, "notes", "day at 21:00")
    first = ops.settings_effect.look(app, after, now)
    assert looked["to_stock"] == 540
    looked.clear()
    app.ledger.ticked(now)
    assert ops.settings_effect.look(app, after, now) == first
    assert looked == {}
    assert len(first.change.effect.slots) == 14
    app.ledger.set_plan("draft0000005", "r5", {"series": ["notes"], "slot": "notes@2031-01-01"})
    ops.settings_effect.look(app, after, now)
    assert looked == {"approved_values": 1, "to_stock": 1, "used": 1}
