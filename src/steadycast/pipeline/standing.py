"""How the community stands, for who shows all of it: made once, and again when the ledger says more."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from steadycast.ledger import matrix, overdue
from steadycast.ledger.plans import PLANNED
from steadycast.ledger.store import Ledger
from steadycast.pipeline.app import App
from steadycast.pipeline.plan import stock_of
from steadycast.report.gather import gather_by_series
from steadycast.report.model import Report, SeriesYear

_making = threading.Lock()
_known: WeakKeyDictionary[Ledger, Standing] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Standing:
    """The record, the year by series, and how each series stands on each channel."""

    report: Report
    years: tuple[SeriesYear, ...]
    cells: dict[tuple[str, str], matrix.Cell]
    waiting: dict[tuple[str, str], dict[str, int]]
    made_for: tuple[Any, ...] = field(repr=False, default=())


def standing(app: App, now: dt.datetime) -> Standing:
    """As of now; what was made for the same ledger within this minute is shown again."""
    asked = (id(app), now.replace(second=0, microsecond=0), *_said(app))
    with _making:  # two readers at once wait for one making
        known = _known.get(app.ledger)
        if known is None or known.made_for != asked:
            known = _known[app.ledger] = _made(app, now, asked)
    return known


def health_of(app: App, stands: Standing, series: str, channel: str) -> str:
    """How one series stands on one channel: what asks most for a look comes first."""
    known, waits = stands.cells.get((series, channel)), stands.waiting.get((series, channel), {})
    missed_last = known and known.missed and (known.last is None or known.missed > known.last)
    kinds = {
        "broken": app.usable(channel) is None,
        "refused": bool(waits.get("refused")),
        "unknown": bool(waits.get("unknown")),
        "missed": bool(missed_last),
        "paused": app.workspace.channels[channel].paused,
        "kit": bool(waits.get("handed")),
        "new": known is None or known.last is None,
    }
    return next((kind for kind, so in kinds.items() if so), "well")


def _said(app: App) -> tuple[Any, ...]:
    """What changes whenever something happened to a delivery, was planned, or was looked at."""
    return overdue.latest_event(app.ledger), app.ledger.last_tick(), app.ledger.meta(PLANNED)


def _made(app: App, now: dt.datetime, asked: tuple[Any, ...]) -> Standing:
    report, years = gather_by_series(app.ledger, app.workspace, now, stock_of(app), app.published_title)
    cells = {(cell.series, cell.channel): cell for cell in matrix.cells(app.ledger, now)}
    return Standing(report, years, cells, matrix.waiting_cells(app.ledger), asked)
