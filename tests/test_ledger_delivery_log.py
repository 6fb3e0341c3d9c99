"""The log and the matrix as the ledger tells them: page after page nothing is left out, and no page reads it all."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Any

import pytest
from sqlalchemy import event

from steadycast.ledger import delivery_log, matrix
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.delivery_log import LogPage, log
from steadycast.ledger.store import Ledger, State

NOW = dt.datetime(2026, 11, 22, 13, 3, tzinfo=dt.UTC)
EVERY = tuple(State)


def past(hours: int, series: str, channel: str, verdict: str = "kept") -> PastSlot:
    at = NOW - dt.timedelta(hours=hours)
    return PastSlot(f"{series}@{at:%Y-%m-%dT%H:%M}", series, at, f"{at:%Y-%m-%dT%H:%M}", channel, verdict, at)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Sixty slots of two series on three channels, two series at each hour."""
    rng = random.Random(8)
    rows = [
        past(n, series, channel, rng.choice(("kept", "kept", "late", "missed", "filled")))
        for n, series, channel in itertools.product(range(1, 31), ("notes", "films"), "abc")
    ]
    ledger.backfill(rows)
    return ledger


def pages(ledger: Ledger, **asked: Any) -> list[LogPage]:
    """Every page, from the newest on."""
    found = [log(ledger, **asked)]
    while found[-1].next:
        found.append(log(ledger, before=found[-1].next, **asked))
    return found


@pytest.mark.parametrize("channel", ["", "b"])
@pytest.mark.parametrize("states", [EVERY, (State.MISSED,)])
@pytest.mark.parametrize("looked_through", [7, 1_000])
def test_page_after_page_shows_each_delivery_once(
    filled: Ledger, monkeypatch: pytest.MonkeyPatch, channel: str, states: tuple[State, ...], looked_through: int
) -> None:
    """The newest first, also where a page looks at fewer than hold what is asked for, or several are at one instant."""
    monkeypatch.setattr(delivery_log, "LOOKED_THROUGH", looked_through)
    found = [row for page in pages(filled, states=states, channel=channel, size=5) for row in page.rows]
    wanted = filled.deliveries(states=states, channels=[channel] if channel else None)
    assert len(found) == len({row.id for row in found}) == len(wanted) > 0
    assert [row.at for row in found] == sorted((row.at for row in wanted), reverse=True)


def test_a_page_has_an_end_in_time(filled: Ledger) -> None:
    since, until = NOW - dt.timedelta(hours=10), NOW - dt.timedelta(hours=5)
    rows = [row for page in pages(filled, states=EVERY, after=since, until=until) for row in page.rows]
    assert {row.at for row in rows} == {NOW - dt.timedelta(hours=n) for n in range(6, 11)}
    assert len(rows) == 5 * 6


def test_no_page_reads_more_than_it_looks_through(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many deliveries there are, two statements with a limit answer."""
    monkeypatch.setattr(delivery_log, "LOOKED_THROUGH", 7)
    asked: list[str] = []
    event.listen(filled.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    found = log(filled, states=(State.REFUSED,))
    assert (found.rows, found.next is None) == ((), False)
    assert ["LIMIT" in sql for sql in asked if "FROM slot" in sql] == [True]


def test_a_cell_counts_from_its_last_miss(ledger: Ledger) -> None:
    verdicts = ["kept", "late", "excused", "filled", "missed", "kept"]  # the newest first
    ledger.backfill([past(n, "notes", "a", verdict) for n, verdict in enumerate(verdicts, 1)])
    ledger.backfill([past(1, "films", "a", "missed"), past(2, "films", "a")])
    found = {(cell.series, cell.channel): cell for cell in matrix.cells(ledger, NOW)}
    assert found["notes", "a"][2:] == (NOW - dt.timedelta(hours=1), 3, 1, NOW - dt.timedelta(hours=5))
    assert found["films", "a"][2:] == (NOW - dt.timedelta(hours=2), 0, 0, NOW - dt.timedelta(hours=1))
    before = matrix.cells(ledger, NOW - dt.timedelta(days=9))
    assert {cell[3:] for cell in before} == {(0, 0, None)}, "what is out before its hour counts for nothing yet"
