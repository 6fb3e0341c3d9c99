"""Slots that came up while nobody looked: promised, never planned, and on record as missed at the first look after."""

from __future__ import annotations

import datetime as dt

from steadycast.ledger.intake import chunks
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.recovery import Recovered
from steadycast.ledger.restore import COPY
from steadycast.pipeline import promises
from steadycast.pipeline.desk import Desk
from steadycast.pipeline.results import many
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Series, Slot
from steadycast.schedule.promises import owed, rhythm

LOOKED = "looked"  # meta: the instant up to which every slot that was promised is in the ledger
OFTEN = dt.timedelta(minutes=5)  # it is not looked for more often
WINDOW = 30 * DAY  # looked at in one step
BATCH = 1_000  # slots of one commit: no publisher waits for long
MOST = 50_000  # slots that one look writes: every hour of five years; the look after goes on
BEGINNING = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # no right clock ever told this program an earlier instant


def recover(desk: Desk, now: dt.datetime) -> Recovered:
    """The ledger's recovery, which misses what is past `late`: that of a time when nobody planned, too."""
    note(desk, now)
    return desk.ledger.recover(now)


def note(desk: Desk, now: dt.datetime) -> None:
    """Write the slots that were promised, are past `late`, and were never planned: the plans made before end earlier.

    Of the time that a restored ledger does not know nothing is said: what went out then is looked for.
    """
    begin = _begin(desk, now)
    if begin <= now < begin + OFTEN:
        return
    series, written = _standing(desk), 0
    channels = {each.name: _channels(desk, each, begin, now) for each, _ in series}
    while begin < now and written < MOST:
        end = min(begin + WINDOW, now)
        found = [slot for each, since in series for slot in _promised(desk, each, max(begin, since), end)]
        for some in chunks(sorted(found), BATCH):
            asked = [
                PlannedDelivery(slot.id, channel, each.grace, each.late)
                for slot in some
                for each in (desk.workspace.series[slot.series],)
                for channel in channels[slot.series]
            ]
            desk.ledger.save_plan(some, (), asked, now)
        begin, written = end, written + len(found)
    desk.ledger.set_meta(LOOKED, min(begin, now).isoformat())


def told(desk: Desk, now: dt.datetime) -> str:
    """A line for whoever plans before a tick has looked at slots whose time is over; else ""."""
    found, last = desk.ledger.passed_by(now), desk.ledger.last_tick()
    if not found:
        return ""
    since = f" since {last.astimezone(desk.workspace.community.zone):%Y-%m-%d %H:%M}" if last else ""
    said = f"no tick{since}: {many(found, 'slot')} came up meanwhile and will be on record as missed at the next tick"
    return f"{said}. Is the clock right? If it is, `steadycast up` or `steadycast publish` goes on from here"


def _begin(desk: Desk, now: dt.datetime) -> dt.datetime:
    if desk.ledger.meta(COPY) or desk.ledger.objection():
        return now  # what went out from elsewhere is looked for first
    looked = desk.ledger.meta(LOOKED)
    last = dt.datetime.fromisoformat(looked) if looked else desk.ledger.last_tick()
    return max(last or BEGINNING, desk.ledger.restored_until or BEGINNING, BEGINNING)


def _standing(desk: Desk) -> list[tuple[Series, dt.datetime]]:
    """Every series whose rhythm the ledger knows, and since when it stands."""
    known = promises.known(desk)
    stands = [(each, known.get(each.name, {})) for each in desk.workspace.series.values()]
    return [
        (each, dt.datetime.fromisoformat(told["since"])) for each, told in stands if told.get("rhythm") == rhythm(each)
    ]


def _promised(desk: Desk, series: Series, begin: dt.datetime, end: dt.datetime) -> list[Slot]:
    """What a series owed in a time that is past `late`, and the ledger has not."""
    until = end - series.late
    if begin >= end:
        return []
    there = desk.ledger.promised(begin - series.late - 2 * DAY, end)
    known = {each.slot.id for each in there}
    return [slot for slot in owed(series, begin, there, begin, until) if slot.id not in known]


def _channels(desk: Desk, series: Series, begin: dt.datetime, now: dt.datetime) -> list[str]:
    """Whom those slots were promised to: one that came to the series since is owed none of them."""
    planned = desk.ledger.slots_between(begin, now, series=series.name)[-1:]
    before = {row.channel for row in desk.ledger.deliveries(slots=[slot.id for slot in planned])} if planned else None
    channels = [name for name in series.channels if not desk.workspace.channels[name].paused]
    return [name for name in channels if before is None or name in before]
