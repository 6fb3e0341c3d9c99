"""Whether promises are being kept: "the last slot was served", which a process that is merely up does not prove.

What it tells is counts and names of series and channels: no title, no address, no message of a far side.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from steadycast.errors import BAD, OK, Problem, SteadycastError
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.ledger import overdue
from steadycast.ledger.overdue import Overdue
from steadycast.pipeline import owed_slots
from steadycast.pipeline.app import App

UNKNOWN_AFTER = dt.timedelta(days=1)
STARVING = ("empty", "never", "silent")  # of the starvation alarms; `low` is a warning to people, not an outage


@dataclass(frozen=True, slots=True)
class Facts:
    """What health is judged by, at one instant."""

    now: dt.datetime
    last_tick: dt.datetime | None
    quiet_after: dt.timedelta
    overdue: Sequence[Overdue] = ()  # past grace, not served
    missed: Sequence[Overdue] = ()  # whose last slot came to nothing
    unknown: Sequence[Overdue] = ()  # in doubt for longer than UNKNOWN_AFTER
    starving: Sequence[tuple[str, str]] = ()  # series, why
    unread: int | None = None  # the line of steadycast.toml that cannot be read, 0 where none is known
    unplanned: Sequence[str] = ()  # series that owe slots, and none is planned


@dataclass(frozen=True, slots=True)
class Check(Problem):
    """One thing that was looked at: ledger, tick, settings, slots, plan, starving, unknown. It is ok or bad."""

    series: tuple[str, ...] = ()
    count: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {"check": self.where, "status": self.severity, "said": self.message, "series": list(self.series),
                "count": self.count}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Health:
    """All checks at one instant; it is ok when every one is."""

    at: dt.datetime
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every promise is being kept."""
        return all(check.severity == OK for check in self.checks)

    def plain(self) -> dict[str, Any]:
        """{status, at, checks}, as /health and `--json` tell it."""
        checks = [check.plain() for check in self.checks]
        return {"status": OK if self.ok else BAD, "at": self.at.isoformat(timespec="seconds"), "checks": checks}


def health(app: App, now: dt.datetime) -> Health:
    """The health of this community at `now`; a ledger that cannot be read is bad health, not an error."""
    why = _("`steadycast doctor` says why")
    try:
        facts, stopped = _facts(app, now), app.ledger.objection()
    except SteadycastError:
        return Health(now, (_check("ledger", _("the ledger cannot be read: %(why)s", why=why)),))
    said = _("nothing is published until a person has spoken: %(why)s", why=why) if stopped else ""
    return Health(now, (_check("ledger", said, _("the ledger can be read")), *rate(facts)))


def rate(facts: Facts) -> tuple[Check, ...]:
    """The checks that follow from the facts. Pure."""
    file = f"steadycast.toml:{facts.unread}" if facts.unread else "steadycast.toml"
    unread = _("%(file)s cannot be read: the settings before it hold; `steadycast check` says why", file=file)
    planless = _("slots are owed and none is planned: %(series)s", series=listed(sorted(facts.unplanned)))
    which = listed(sorted(f"{series} ({why})" for series, why in facts.starving))
    starving = _("starving: %(series)s", series=which)
    names = [series for series, _ in facts.starving]
    return (
        _tick(facts),
        _check("settings", "" if facts.unread is None else unread, _("the settings can be read")),
        _found(
            "slots", [*facts.overdue, *facts.missed], _("not served within its grace"), _("the last slots were served")
        ),
        _check("plan", planless if facts.unplanned else "", _("what is owed is planned"), facts.unplanned),
        _check("starving", starving if names else "", _("no series starves"), names),
        _found("unknown", facts.unknown, _("unknown for more than a day"), _("nothing is unknown for long")),
    )


def _tick(facts: Facts) -> Check:
    if facts.last_tick is None:
        return _check("tick", _("nobody has looked at what is due yet"))
    quiet = facts.now - facts.last_tick
    minutes = max(0, int(quiet.total_seconds() // 60))
    said = _("what is due was last looked at %(span)s ago", span=_("%(num)s min", num=minutes))
    return replace(_check("tick", said if quiet > facts.quiet_after else "", said), count=minutes)


def _found(name: str, rows: Sequence[Overdue], bad: str, good: str) -> Check:
    where = sorted(
        {_("%(series)s on %(channel)s", series=row.series or _("by hand"), channel=row.channel) for row in rows}
    )
    check = _check(name, f"{bad}: {listed(where)}" if rows else "", good, [row.series for row in rows])
    return replace(check, count=sum(row.deliveries for row in rows))


def _check(name: str, bad: str, good: str = "", series: Sequence[str] = ()) -> Check:
    """One look: what is `bad` about it, with the series that it concerns, else that it is `good`."""
    names = tuple(sorted({each for each in series if each}))
    return Check(name, None, bad or good, severity=BAD if bad else OK, series=names, count=len(series))


def _facts(app: App, now: dt.datetime) -> Facts:
    workspace, ledger = app.workspace, app.ledger
    paused = {name for name, channel in workspace.channels.items() if channel.paused}
    promises = [(s.name, channel) for s in workspace.series.values() for channel in s.channels if channel not in paused]
    return Facts(
        now=now,
        last_tick=ledger.last_tick(),
        quiet_after=workspace.alarms.quiet_after,
        overdue=overdue.overdue(ledger, now),
        missed=overdue.last_missed(ledger, promises, now),
        unknown=overdue.in_doubt(ledger, now - UNKNOWN_AFTER),
        unplanned=_unplanned(app, now),
        starving=[
            (series, why)
            for kind, series, why in (alarm.key.split(":", 2) for alarm in ledger.alarms())
            if kind == "starvation" and why in STARVING and series in workspace.series
        ],
        unread=(app.broken_settings.line or 0) if app.broken_settings else None,
    )


def _unplanned(app: App, now: dt.datetime) -> list[str]:
    """Series that have promised slots within the horizon, none of which is in the ledger: nobody plans."""
    until = now + app.workspace.publish.horizon
    owe = {slot.series for slot in owed_slots.owed(app, now, until) if slot.at >= now and not slot.excused}
    return sorted(owe - {slot.series for slot in app.ledger.slots_between(now, until)})
