"""How the community stands, for the pages that show all of it: made once, and again when the ledger says more."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from steadycast.ledger import matrix, overdue
from steadycast.ledger.plans import PLANNED
from steadycast.pipeline import App
from steadycast.pipeline.plan import stock_of
from steadycast.report.gather import gather_by_series
from steadycast.report.model import Report, SeriesYear

_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Standing:
    """The record, the year by series, and how each series stands on each channel."""

    report: Report
    years: tuple[SeriesYear, ...]
    cells: dict[tuple[str, str], matrix.Cell]
    waiting: dict[tuple[str, str], dict[str, int]]
    made_for: tuple[Any, ...] = field(repr=False, default=())


def standing(request: Request, app: App, now: dt.datetime) -> Standing:
    """As of now; what was made for the same ledger within this minute is shown again."""
    asked = (id(app), now.replace(second=0, microsecond=0), *_said(app))
    with _making:  # two readers at once wait for one making
        known: Standing | None = getattr(request.app.state, "standing", None)
        if known is None or known.made_for != asked:
            known = _made(app, now, asked)
            request.app.state.standing = known
    return known


def _said(app: App) -> tuple[Any, ...]:
    """What changes whenever something happened to a delivery, was planned, or was looked at."""
    return overdue.latest_event(app.ledger), app.ledger.last_tick(), app.ledger.meta(PLANNED)


def _made(app: App, now: dt.datetime, asked: tuple[Any, ...]) -> Standing:
    report, years = gather_by_series(app.ledger, app.workspace, now, stock_of(app))
    cells = {(cell.series, cell.channel): cell for cell in matrix.cells(app.ledger, now)}
    return Standing(report, years, cells, matrix.waiting_cells(app.ledger), asked)
