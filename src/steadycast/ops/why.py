"""Why is nothing happening? One look after another, in the order in which a person would look; none of them waits.

A look says what was seen as values: whoever shows it says in the reader's language what that means, and what to do.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from steadycast.errors import BAD, OK, WARN, SteadycastError
from steadycast.ledger import overdue
from steadycast.ledger.delivery_log import log
from steadycast.ledger.tables import DONE, State
from steadycast.ops import one_up
from steadycast.ops.deployments import differences
from steadycast.ops.doctor import unreachable
from steadycast.ops.doctor_checks import FULL, MINUTE, SCARCE, SWEEP_LATE
from steadycast.ops.health import health
from steadycast.pipeline.app import App

STARTING = 2 * MINUTE  # how long `up` may take until its schedules run
SERVER_WITHIN = 1.0  # seconds that Prefect's server may take to answer


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at, and how it is: ok, warn or bad."""

    what: str
    state: str
    how: str = ""  # which of several things it is that was seen there
    at: dt.datetime | None = None  # when it was seen last, or since when it is so
    count: int = 0
    names: tuple[str, ...] = ()
    said: str = ""  # an error's own words


@dataclass(frozen=True, slots=True)
class Why:
    """All looks in their order; `answer` is the first that explains why nothing happens, None where all is well."""

    looks: tuple[Look, ...]

    @property
    def answer(self) -> Look | None:
        """What stops everything comes before what stops something."""
        bad = [look for look in self.looks if look.state == BAD]
        return next(iter(bad or [look for look in self.looks if look.state == WARN]), None)


def why(app: App, now: dt.datetime) -> Why:
    """Every look; one that breaks is a bad look itself, and stops no other."""
    looks: dict[str, Callable[[App, dt.datetime], Look | None]] = {
        "ledger": _ledger,
        "clock": _clock,
        "disk": _disk,
        "settings": _settings,
        "tick": _tick,
        "main job": _main_job,
        "server": _server,
        "watcher": _watcher,
        "workers": _workers,
        "plan": _plan,
        "overdue": _overdue,
        "person": _person,
        "next": _next,
        "paused": _paused,
        "unread": _unread,
        "alarms": _alarms,
        "schedules": _schedules,
        "served": _served,
    }
    return Why(tuple(look for name, each in looks.items() if (look := _tried(name, each, app, now))))


def _tried(name: str, look: Callable[[App, dt.datetime], Look | None], app: App, now: dt.datetime) -> Look | None:
    try:
        return look(app, now)
    except SteadycastError as error:
        return Look(name, BAD, "broken", said=app.redact(str(error)))
    except Exception as error:  # its words may hold a secret
        return Look(name, BAD, "broken", said=type(error).__name__)


# What everything stands on.


def _ledger(app: App, now: dt.datetime) -> Look:  # noqa: ARG001  looks are called alike
    stopped = app.ledger.objection()
    return Look("ledger", BAD, "stopped", said=str(stopped)) if stopped else Look("ledger", OK)


def _clock(app: App, now: dt.datetime) -> Look:
    latest = max(filter(None, (app.ledger.last_tick(), overdue.latest_event(app.ledger))), default=None)
    behind = latest is not None and latest - now > MINUTE
    return Look("clock", BAD if behind else OK, "behind" if behind else "", latest)


def _disk(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    free = shutil.disk_usage(app.workspace.var).free
    state = BAD if free < FULL else WARN if free < SCARCE else OK
    return Look("disk", state, "full" if state != OK else "", count=free // 1_000_000)


def _settings(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    if not app.broken_settings:
        return Look("settings", OK)
    written = app.workspace.settings_file.stat().st_mtime if app.workspace.settings_file.exists() else 0
    since = dt.datetime.fromtimestamp(written, dt.UTC)
    return Look("settings", WARN, "unread", since, said=app.redact(str(app.broken_settings)))


# What runs.


def _starting(app: App, now: dt.datetime) -> bool:
    """Whether the `up` that this desk belongs to has only just begun."""
    if not os.environ.get("STEADYCAST_PREFECT"):
        return False
    try:
        began = dt.datetime.fromtimestamp(app.workspace.up_began.stat().st_mtime, dt.UTC)
    except OSError:
        return False
    return abs(now - began) < STARTING


def _tick(app: App, now: dt.datetime) -> Look:
    last = app.ledger.last_tick()
    if last is None:
        return Look("tick", WARN, "starting") if _starting(app, now) else Look("tick", BAD, "never")
    quiet = now - last
    state = BAD if quiet > app.workspace.alarms.quiet_after else WARN if quiet > SWEEP_LATE else OK
    return Look("tick", state, "quiet" if state != OK else "", last)


def _main_job(app: App, now: dt.datetime) -> Look | None:  # noqa: ARG001
    """Of the `up` that this desk belongs to; nothing is told where it was done."""
    failed = one_up.instant(one_up.told(app.workspace).get("fault")) if os.environ.get("STEADYCAST_PREFECT") else None
    return Look("main job", WARN, "failed", failed) if failed else None


def _server(app: App, now: dt.datetime) -> Look:
    own = os.environ.get("STEADYCAST_PREFECT", "")
    url = own or os.environ.get("PREFECT_API_URL", "")
    if not url:
        return Look("server", OK, "unknown")
    silent = unreachable(url, SERVER_WITHIN)
    if silent and _starting(app, now):
        return Look("server", WARN, "starting")
    page = (own.removesuffix("/api"),) if own and not silent else ()  # beside a desk that `up` started
    return Look("server", BAD if silent else OK, "silent" if silent else "", names=page, said=silent)


def _schedules(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    wrong = [*map(str, differences(app.workspace))]
    return Look(
        "schedules", WARN if wrong else OK, "differ" if wrong else "", count=len(wrong), said=wrong[0] if wrong else ""
    )


def _watcher(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    # A child ends with its parent: `up` runs, and with it what watches content/.
    ours = bool(os.environ.get("STEADYCAST_PREFECT"))
    return Look("watcher", OK, "" if ours else "apart")


def _workers(app: App, now: dt.datetime) -> Look:
    rows = [row for row in overdue.at_work(app.ledger) if row.lease]
    gone = [row for row in rows if row.lease and row.lease < now - MINUTE]
    names = tuple(sorted({row.owner for row in rows}))[:5]
    if gone:
        return Look("workers", WARN, "gone", min(row.lease for row in gone if row.lease), len(gone), names)
    return Look("workers", OK, "busy" if rows else "idle", count=len(rows), names=names)


# What is planned, and what became of it.


def _plan(app: App, now: dt.datetime) -> Look:
    unplanned = next((check for check in health(app, now).checks if check.where == "plan"), None)
    at = app.ledger.planned_at()
    if not app.workspace.series:
        return Look("plan", BAD, "no_series")
    if unplanned and unplanned.severity != OK:
        return Look("plan", BAD, "unplanned", at, names=_titles(app, unplanned.series))
    return Look("plan", OK, "", at) if at else Look("plan", WARN, "never")


def _next(app: App, now: dt.datetime) -> Look:
    first = next(iter(app.ledger.coming_slots(now, 1)), None)
    if first is None:
        return Look("next", WARN, "none")
    title = app.ledger.titles([first.draft]).get(first.draft, "") if first.draft else ""
    names = (*_titles(app, (first.series,)), title)
    return Look("next", OK if first.draft else WARN, "" if first.draft else "gap", first.at, names=names)


def _overdue(app: App, now: dt.datetime) -> Look:
    rows = overdue.overdue(app.ledger, now)
    if not rows:
        return Look("overdue", OK)
    count, since = sum(row.deliveries for row in rows), min(row.since for row in rows)
    refused = sum(row.state == State.REFUSED and row.at < now for row in app.ledger.waiting())
    return Look("overdue", BAD, "refused" if refused >= count else "late", since, count, tuple(_where(app, rows)))


def _person(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    states = [row.state for row in app.ledger.waiting()]
    drafts = app.ledger.drafts_in("waiting")
    doubt = states.count(State.UNKNOWN) + states.count(State.REFUSED)
    how = "deliveries" if doubt else "kits" if states else "drafts" if drafts else ""
    count = doubt or len(states) or drafts
    return Look("person", WARN if doubt else OK, how, count=count)


def _paused(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    channels = app.workspace.channels
    names = tuple(app.channel_title(name) for name, settings in channels.items() if settings.paused)
    if channels and len(names) == len(channels):
        return Look("paused", BAD, "all", names=names)
    return Look("paused", OK, "some" if names else "", count=len(names), names=names)


def _unread(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    rows = app.ledger.problems()
    first = min(rows, key=lambda row: row.at, default=None)
    if first is None:
        return Look("unread", OK)
    return Look("unread", WARN, "files", first.at, len(rows), (first.path,), first.message)


def _alarms(app: App, now: dt.datetime) -> Look:  # noqa: ARG001
    rows = sorted(app.ledger.alarms(), key=lambda alarm: alarm.opened)
    if not rows:
        return Look("alarms", OK)
    return Look("alarms", WARN, "open", rows[0].opened, len(rows), said=rows[0].text)


def _served(app: App, now: dt.datetime) -> Look:
    early = log(app.ledger, states=DONE, after=now, size=1).rows  # out before its hour
    rows = early or log(app.ledger, states=DONE, until=now, size=1).rows
    if not rows:
        return Look("served", OK, "never")
    last = rows[0]
    title = app.ledger.titles([last.draft or ""]).get(last.draft or "", "")
    return Look("served", OK, "", last.finished or last.at, names=(*_titles(app, (last.series,)), title))


def _titles(app: App, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(app.series_title, names))


def _where(app: App, rows: list[overdue.Overdue]) -> Iterator[str]:
    for row in rows[:5]:
        yield " · ".join(filter(None, (*_titles(app, (row.series,)), app.channel_title(row.channel))))
