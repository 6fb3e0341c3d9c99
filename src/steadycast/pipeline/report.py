"""The record written down; ticks, and the alarms that are raised and closed at them."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from steadycast.language import current, ngettext
from steadycast.language import gettext as _
from steadycast.pipeline import leaders
from steadycast.pipeline.app import App, write_atomically
from steadycast.pipeline.results import ReportMade, Row
from steadycast.schedule.model import Verdict

if TYPE_CHECKING:
    from steadycast import alarms
    from steadycast.report.model import Report, SeriesRecord

LOG = logging.getLogger(__name__)
APART = dt.timedelta(minutes=10)  # clocks of machines that share a ledger may be so far apart
TOLD = 20  # sources, and slots, in the report; the desk has all
VERDICTS = {verdict.value for verdict in Verdict}


def report(app: App, now: dt.datetime, *, out: Path | None = None) -> ReportMade:
    """Writes index.html, report.json, badge.svg and plan.ics to `out` (var/out/report); says the numbers by series."""
    from steadycast.pipeline import arrivals
    from steadycast.pipeline import fair as fairness
    from steadycast.pipeline.community_state import report_of
    from steadycast.pipeline.to_do import needs

    # Templates and calendars: only where a report is written.
    from steadycast.report.badge import badge
    from steadycast.report.ics import plan_ics
    from steadycast.report.model import to_json
    from steadycast.report.page import page

    folder = out or app.workspace.out / "report"
    made = report_of(app, now)
    came = arrivals.shown(app, now)
    sources, slots = came.sources[:TOLD], came.slots[:TOLD]
    told, wanted = fairness.fair(app, now).plain(named=False), needs(app, now)
    arrived = {"first": came.first, "last": came.last, "sources": sources, "slots": slots}
    data = to_json(made, fair=told, arrivals=arrived, needs=wanted.total)
    write_atomically(folder, "report.json", data.encode())
    write_atomically(folder, "badge.svg", badge(made).encode())
    write_atomically(folder, "plan.ics", plan_ics(made.plan, community=made.community, language=made.language, now=now))
    shown = write_atomically(
        folder, "index.html", page(made, sources, slots, needs=wanted.total, elsewhere=wanted.elsewhere).encode()
    )
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
    counts, found = series.counts, series.forecast
    around = found.around if found and found.likely else None
    gap, ends = (f"{at:%Y-%m-%d %H:%M}" if at else _("none in sight") for at in (series.runway.gap, series.runway.ends))
    streak = str(series.streak.current)
    if series.streak.late:
        streak = _("%(num)s (%(late)s late)", num=series.streak.current, late=series.streak.late)
    slots = ngettext("%(num)s slot", "%(num)s slots", series.runway.slots)
    return {
        "series": series.title,
        **{verdict: counts.get(verdict, 0) for verdict in ("kept", "late", "filled", "missed", "excused")},
        "ahead": series.ahead,
        "streak": streak,
        "runway": _("%(slots)s, %(days)s d", slots=slots, days=series.runway.days),
        "first_gap": gap,
        "ends": ends,
        "chance": _("too early") if series.gap_chance is None else f"{series.gap_chance:.0%}",
        "expected": around.strftime("%Y-%m-%d") if around else "",
    }


def alarm(app: App, now: dt.datetime, made: Report | None = None) -> list[alarms.Alarm]:
    """One round: tells what is newly wrong, closes what is fixed; what is wrong now, by the report that was `made`."""
    from steadycast import alarms
    from steadycast.pipeline import asking  # which plans, and a decision renews the report
    from steadycast.pipeline.class_problems import alarms_of_classes
    from steadycast.pipeline.community_state import report_of
    from steadycast.pipeline.round_alarms import alarms_of_rounds

    workspace = app.workspace
    report = made or report_of(app, now)
    alarm_inputs = alarms.alarm_inputs(
        app.ledger,
        report,
        quiet_after=workspace.alarms.quiet_after,
        ahead=workspace.alarms.ahead,
        editors=_editors(app),
        others=[
            *_of_fairness(app, now),
            *alarms_of_classes(app, now),
            *alarms_of_rounds(app, now),
            *asking.alarms(app, now),
        ],
    )
    urls = [app.redact.learn(url) for name in workspace.alarms.urls if (url := app.find_secret(name))]
    return alarms.watch(app.ledger, alarm_inputs, urls)


def _editors(app: App) -> dict[str, str]:
    """Who can fix a gap, by series."""
    named = {name: leaders.decided_by(app, [name]) or table.editor for name, table in app.workspace.promises.items()}
    return {name: who for name, who in named.items() if who}


def _of_fairness(app: App, now: dt.datetime) -> list[alarms.Alarm]:
    from steadycast import alarms
    from steadycast.pipeline import fair as fairness

    breaches = fairness.fair(app, now).breaches if any(app.workspace.fair.limits) else ()
    titles = {name: series.title or name for name, series in app.workspace.series.items()}
    return alarms.fair_alarms(breaches, fairness.stepped(app, now), titles, app.workspace.community.language)


def jumped(app: App, now: dt.datetime) -> str:
    """A line for whoever made the tick of `now`, where it called slots missed that no tick had seen due; else ""."""
    from steadycast import alarms

    jump = app.ledger.jump()
    if jump is None or jump.at != now:
        return ""
    return alarms.jumped(jump, app.workspace.community.zone, current())


def set_back(last: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether the tick before was made by a clock that was ahead."""
    return last is not None and last > now + APART


def tick(app: App, now: dt.datetime) -> None:
    """Says that somebody served what was due at `now`; the first tick after a long silence raises the alarm about it.

    The first one by a clock that was set back closes what the clock ahead had raised.

    Called after what was due has gone out: an alarm that is slow or fails stands in no delivery's way.
    """
    last = app.ledger.last_tick()
    quiet = last is not None and now - last > app.workspace.alarms.quiet_after
    if quiet or set_back(last, now) or jumped(app, now):
        try:
            alarm(app, now)
        except Exception as error:
            LOG.warning("the alarm about a silence since %s failed: %s", last, type(error).__name__)
    app.ledger.ticked(now)
