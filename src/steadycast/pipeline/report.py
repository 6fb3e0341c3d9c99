"""The record written down: the report and its fellows, and alarms raised and closed."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import orjson

from steadycast.pipeline.app import App, write_atomically
from steadycast.pipeline.plan import stock_of
from steadycast.pipeline.results import ReportMade, Row, many
from steadycast.report.gather import gather
from steadycast.report.model import Report, SeriesRecord, to_json
from steadycast.schedule.model import Verdict

LOG = logging.getLogger(__name__)
VERDICTS = {verdict.value for verdict in Verdict}


def report(app: App, now: dt.datetime, *, out: Path | None = None) -> ReportMade:
    """Writes index.html, report.json, badge.svg and plan.ics to `out` (var/out/report); says the numbers by series."""
    # Templates and calendars: only where a report is written.
    from steadycast.report.badge import badge
    from steadycast.report.ics import plan_ics
    from steadycast.report.page import page

    folder = out or app.workspace.out / "report"
    made = gather(app.ledger, app.workspace, now, stock_of(app, app.ledger.used()))
    data = to_json(made)
    write_atomically(folder, "report.json", data.encode())
    write_atomically(folder, "badge.svg", badge(made).encode())
    write_atomically(folder, "plan.ics", plan_ics(made.plan, community=made.community, language=made.language, now=now))
    shown = write_atomically(folder, "index.html", page(made).encode())
    return ReportMade(shown, tuple(_row(s) for s in made.series), orjson.loads(data), _since(made))


def _since(made: Report) -> dt.date | None:
    """The first day that the numbers count; None where nothing is on record yet."""
    days = (square.date for channel in made.channels for square in channel.squares if VERDICTS & square.counts.keys())
    return min(days, default=None) if any(made.counts.values()) else None


def renew(app: App, now: dt.datetime) -> None:
    """Writes the report anew after an act, where one is kept; a report that fails stands in the way of nothing."""
    if not (app.workspace.out / "report" / "index.html").is_file():
        return
    try:
        report(app, now)
    except Exception as error:
        LOG.warning("the report could not be written anew: %s", type(error).__name__)


def _row(series: SeriesRecord) -> Row:
    gap, counts = series.runway.gap, series.counts
    streak = f"{series.streak.current}" + (f" ({series.streak.late} late)" if series.streak.late else "")
    return {
        "series": series.title,
        **{verdict: counts.get(verdict, 0) for verdict in ("kept", "late", "filled", "missed", "excused")},
        "ahead": series.ahead,
        "streak": streak,
        "runway": f"{many(series.runway.slots, 'slot')}, {series.runway.days} d",
        "first_gap": gap.strftime("%Y-%m-%d %H:%M") if gap else "none in sight",
        "chance": "too early" if series.gap_chance is None else f"{series.gap_chance:.0%}",
    }
