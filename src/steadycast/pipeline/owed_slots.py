"""What slots each rhythm owes since it stands; those that came up while nobody planned are on record as missed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Protocol

from steadycast.language import N_, ngettext
from steadycast.language import gettext as _
from steadycast.ledger.connection import chunks
from steadycast.ledger.older_copy import COPY
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.recovery import Recovered
from steadycast.pipeline.app import App
from steadycast.pipeline.class_records import keep_records
from steadycast.schedule import promises
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Assignment, Series, Slot

PROMISES = "promises"  # meta: of each series its rhythm, and since when it stands
LOOKED = "looked"  # meta: the instant up to which every slot that was promised is in the ledger
OFTEN = dt.timedelta(minutes=5)  # it is not looked for more often
WINDOW = 30 * DAY  # looked at in one step
BATCH = 1_000  # slots of one commit: no publisher waits for long
MOST = 50_000  # slots that one look writes: every hour of five years; the look after goes on
BEGINNING = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # no right clock ever told this program an earlier instant

Stands = dict[str, dict[str, str]]


class Slots(Protocol):
    """What tells of the slots that are planned: the ledger, or what it said before."""

    def promised(self, after: dt.datetime, before: dt.datetime, /) -> list[promises.PromisedSlot]:
        """Those of that time that a rhythm asked for."""

    def assignments(self, after: dt.datetime, before: dt.datetime, /) -> list[Assignment]:
        """What those of that time carry."""


def keep_rhythms(app: App, now: dt.datetime) -> None:
    """Remembers each rhythm that is new from `now` on, and gives what was renamed its record."""
    keep_records(app)
    for series in app.workspace.series.values():
        for old in series.was:
            app.ledger.rename_series(old, series.name)
    stands = as_of(app, now)
    if stands != known(app):
        app.ledger.set_meta(PROMISES, json.dumps(stands))


def as_of(app: App, now: dt.datetime) -> Stands:
    """Since when each rhythm stands if it is planned with now: one that is new begins."""
    before, begins = known(app), now.isoformat()
    found = {}
    for name, series in app.workspace.series.items():
        rhythm, stood = promises.rhythm(series), before.get(name, {})
        found[name] = stood if stood.get("rhythm") == rhythm else {"rhythm": rhythm, "since": begins}
    return found


def owed(  # noqa: PLR0917 what is asked, and what is known already
    app: App,
    now: dt.datetime,
    until: dt.datetime,
    stands: Stands | None = None,
    dropped: Collection[str] = (),
    ledger: Slots | None = None,
) -> list[Slot]:
    """The slots that all series owe up to `until`, in order of time; one whose rhythm is not in the ledger owes none.

    A rhythm begins to count when it is planned with: until then nobody was promised anything. `stands` is what the
    ledger would say of that, and `dropped` are slots that it would have no more, where that is asked before it is done.
    """
    oldest = now - max((series.late for series in app.workspace.series.values()), default=DAY)
    there = (ledger or app.ledger).promised(oldest - 2 * DAY, until + 2 * DAY)
    promised = [each for each in there if each.slot.id not in dropped]
    standing = _standing(app, stands or known(app))
    return sorted(slot for each, since in standing for slot in promises.owed(each, since, promised, now, until))


def known(app: App) -> Stands:
    """Of each series its rhythm, and since when it stands, as the ledger has it."""
    found: Stands = json.loads(app.ledger.meta(PROMISES) or "{}")
    return found


def _standing(app: App, stands: Stands) -> Iterator[tuple[Series, dt.datetime]]:
    """Every series whose rhythm is in `stands`, and since when it stands."""
    for name, series in app.workspace.series.items():
        if (stood := stands.get(name, {})).get("rhythm") == promises.rhythm(series):
            yield series, dt.datetime.fromisoformat(stood["since"])


def recover(app: App, now: dt.datetime) -> Recovered:
    """The ledger's recovery, which misses what is past `late`: that of a time when nobody planned, too.

    In a restored ledger what was published by hand since is put back first, and then in doubt as all of that time.
    """
    note_unplanned(app, now)
    done = app.ledger.recover(now)
    if until := app.ledger.restored_until:
        from steadycast.pipeline.lost_by_hand import put_back  # which nobody else needs

        if put_back(app, until):
            return replace(done, unknown=done.unknown + app.ledger.recover(now).unknown)
    return done


def note_unplanned(app: App, now: dt.datetime) -> None:
    """Write the slots that were promised, are past `late`, and were never planned: the plans made before end earlier.

    Of the time that a restored ledger does not know nothing is said: what went out then is looked for.
    """
    begin = _begin(app, now)
    if begin <= now < begin + OFTEN:
        return
    series, written = list(_standing(app, known(app))), 0
    channels = {each.name: _channels(app, each, begin, now) for each, _ in series}
    while begin < now and written < MOST:
        end = min(begin + WINDOW, now)
        found = [slot for each, since in series for slot in _promised(app, each, max(begin, since), end)]
        for some in chunks(sorted(found), BATCH):
            asked = [
                PlannedDelivery(slot.id, channel, each.grace, each.late)
                for slot in some
                for each in (app.workspace.series[slot.series],)
                for channel in channels[slot.series]
            ]
            app.ledger.save_plan(some, (), asked, now)
        begin, written = end, written + len(found)
    app.ledger.set_meta(LOOKED, min(begin, now).isoformat())


def unplanned_so_far(app: App, now: dt.datetime) -> str:
    """A line for whoever plans before a tick has looked at slots whose time is over; else ""."""
    found, last = app.ledger.passed_by(now), app.ledger.last_tick()
    if not found:
        return ""
    slots = ngettext("%(num)s slot", "%(num)s slots", found)
    said = N_("nobody looked at what is due: %(slots)s came up, and the next look calls them missed")
    if last:
        said = N_("nobody looked at what is due since %(when)s: %(slots)s came up, and the next look calls them missed")
    when = format(last.astimezone(app.workspace.community.zone), "%Y-%m-%d %H:%M") if last else ""
    then = _("Is the clock right? If it is, `steadycast up` or `steadycast publish` goes on from here")
    return f"{_(said, when=when, slots=slots)}. {then}"


def _begin(app: App, now: dt.datetime) -> dt.datetime:
    if app.ledger.meta(COPY) or app.ledger.objection():
        return now  # what went out from elsewhere is looked for first
    looked = app.ledger.meta(LOOKED)
    last = dt.datetime.fromisoformat(looked) if looked else app.ledger.last_tick()
    return max(last or BEGINNING, app.ledger.restored_until or BEGINNING, BEGINNING)


def _promised(app: App, series: Series, begin: dt.datetime, end: dt.datetime) -> list[Slot]:
    """What a series owed in a time that is past `late`, and the ledger has not."""
    until = end - series.late
    if begin >= end:
        return []
    there = app.ledger.promised(begin - series.late - 2 * DAY, end)
    known = {each.slot.id for each in there}
    return [slot for slot in promises.owed(series, begin, there, begin, until) if slot.id not in known]


def _channels(app: App, series: Series, begin: dt.datetime, now: dt.datetime) -> list[str]:
    """Whom those slots were promised to: one that came to the series since is owed none of them."""
    planned = app.ledger.slots_between(begin, now, series=series.name)[-1:]
    before = {row.channel for row in app.ledger.deliveries(slots=[slot.id for slot in planned])} if planned else None
    channels = [name for name in series.channels if not app.workspace.channels[name].paused]
    return [name for name in channels if before is None or name in before]
