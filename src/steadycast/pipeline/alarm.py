"""Ticks, and the alarms that are raised and closed at them."""

from __future__ import annotations

import datetime as dt
import logging

from steadycast import alarms
from steadycast.pipeline.app import App
from steadycast.pipeline.plan import stock_of
from steadycast.report.gather import gather
from steadycast.report.words import words

LOG = logging.getLogger(__name__)
APART = dt.timedelta(minutes=10)  # clocks of machines that share a ledger may be so far apart


def alarm(app: App, now: dt.datetime) -> list[alarms.Alarm]:
    """One round: tells what is newly wrong, closes what is fixed; what is wrong now."""
    workspace = app.workspace
    report = gather(app.ledger, workspace, now, stock_of(app, app.ledger.used()))
    alarm_inputs = alarms.alarm_inputs(
        app.ledger,
        report,
        quiet_after=workspace.alarms.quiet_after,
        editors={name: table.editor for name, table in workspace.promises.items() if table.editor},
    )
    urls = [app.redact.learn(url) for name in workspace.alarms.urls if (url := app.find_secret(name))]
    return alarms.watch(app.ledger, alarm_inputs, urls)


def jumped(app: App, now: dt.datetime) -> str:
    """A line for whoever made the tick of `now`, where it called slots missed that no tick had seen due; else ""."""
    jump, say = app.ledger.jump(), words("en")
    if jump is None or jump.at != now:
        return ""
    since, at = (say.instant(when.astimezone(app.workspace.community.zone)) for when in (jump.since, jump.at))
    return say("a_jumped", n=jump.slots, at=at, why=say("a_jumped_why", since=since))


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
