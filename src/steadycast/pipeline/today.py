"""One day for the person who looks after it: what is due next, what went out, and what needs somebody."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steadycast.language import current
from steadycast.ledger.editor_events import Override
from steadycast.ledger.tables import DONE, AlarmRow, DraftRow, ProblemRow, SlotRow, State
from steadycast.pipeline import amend, leaders, publish_requests
from steadycast.pipeline.app import App
from steadycast.pipeline.publish_requests import Requested
from steadycast.schedule.cadence import parse
from steadycast.schedule.runway import SOON, pressing
from steadycast.workspace.loading import BY_HAND

if TYPE_CHECKING:
    from steadycast.pipeline.asking import Asked
    from steadycast.pipeline.hub_asks import HubAsk

SHOWN = 6  # of each kind; how many there are is told
NEXT = 5
LATELY = dt.timedelta(days=7)
GAPS = 60  # empty slots of one day that are looked at


@dataclass(frozen=True, slots=True)
class Call:
    """One delivery that needs a person."""

    id: str  # its marker
    title: str
    channel: str  # for people
    at: dt.datetime
    said: str = ""  # by the far side
    url: str = ""
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    """A coming slot, and what it carries."""

    at: dt.datetime
    slot: str
    series: str  # for people
    title: str = ""  # "" of an empty one
    draft: str = ""
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Out:
    """A slot that went out, and where it can be seen: (channel, address); nowhere where it was taken away again."""

    at: dt.datetime
    title: str
    series: str
    draft: str
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SeriesReach:
    """How far the plan of one series is filled: to its first gap, else to its end; None where nothing is planned.

    `ends` is the first slot that reserve does not fill either, where that is known to be a later one; `filled` says
    that reserve fills every gap in sight.
    """

    name: str
    title: str
    cadence: str
    gap: dt.datetime | None
    last: dt.datetime | None
    ends: dt.datetime | None = None
    filled: bool = False

    @property
    def dry(self) -> dt.datetime | None:
        """The first slot that goes without, as far as is known."""
        return None if self.filled else self.ends or self.gap


@dataclass(frozen=True, slots=True)
class Today:
    """What a page of one day shows; of what waits the first few, and how many there are in all."""

    refused: tuple[Call, ...] = ()
    unknown: tuple[Call, ...] = ()
    kits: tuple[Call, ...] = ()
    amendments: tuple[Call, ...] = ()
    gaps: tuple[Next, ...] = ()
    drafts: tuple[DraftRow, ...] = ()
    problems: tuple[ProblemRow, ...] = ()
    alarms: tuple[AlarmRow, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    coming: tuple[Next, ...] = ()
    lately: tuple[Out, ...] = ()
    requests: tuple[Requested, ...] = ()  # all of them: few can wait
    hub_asks: tuple[HubAsk, ...] = ()  # all of them: few can wait
    asked: tuple[Asked, ...] = ()  # what is overdue or declined first
    asked_in_all: int = 0
    reach: tuple[SeriesReach, ...] = ()
    overrides: tuple[Override, ...] = ()  # what others decided over editors' heads
    news: tuple[AlarmRow, ...] = ()  # alarms of nothing wrong
    tick: dt.datetime | None = None
    quiet: bool = False  # nobody has looked at what is due for too long

    @property
    def calls(self) -> int:
        """How many things need a person."""
        return sum(self.counts.values())


def today(app: App, now: dt.datetime) -> Today:
    """The day as it stands at `now`. What is read does not grow with what the ledger holds."""
    from steadycast.alarms.due import NEWS
    from steadycast.pipeline import asking, hub_asks

    ledger = app.ledger
    waiting: dict[State, list[Call]] = {State.REFUSED: [], State.UNKNOWN: [], State.HANDED: []}
    for one in ledger.waiting():
        said = " ".join(filter(None, (one.code, one.message)))
        channel = app.channel_title(one.channel)
        waiting[one.state].append(Call(one.marker, one.title or one.slot, channel, one.at, said, one.url, one.draft))
    amendments = _amendments(app)
    drafts, drafts_all = ledger.first_to_decide(SHOWN, app.workspace.fair.waiting)
    coming = ledger.coming_slots(now, NEXT)
    gaps = gaps_of_today(app, now)
    out = ledger.slots_gone_out(now - LATELY, now + SOON, SHOWN)
    titles = {row.id: row.title for row in ledger.drafts_of({s.draft for s in (*coming, *out) if s.draft}).values()}
    tick = ledger.last_tick()
    kinds: dict[str, list[Call]] = {
        "refused": waiting[State.REFUSED],
        "unknown": waiting[State.UNKNOWN],
        "kits": waiting[State.HANDED],
    }
    counts = {name: len(rows) for name, rows in kinds.items()} | {"amendments": len(amendments), "gaps": len(gaps)}
    told = ledger.alarms()
    alarms = [row for row in told if row.kind not in NEWS]
    requests = publish_requests.waiting(app, now)
    asks = hub_asks.waiting(app)
    counts |= {"requests": len(requests), "hub_asks": len(asks)}
    # What is lost comes first; each in order of time.
    asked = sorted(asking.coming(app, now), key=lambda each: each.standing not in asking.LOST)
    counts["asked"] = sum(each.standing in asking.LOST for each in asked)
    return Today(
        refused=tuple(kinds["refused"][:SHOWN]),
        unknown=tuple(kinds["unknown"][:SHOWN]),
        kits=tuple(kinds["kits"][:SHOWN]),
        amendments=tuple(amendments[:SHOWN]),
        gaps=tuple(_next(app, slot, titles) for slot in gaps[:SHOWN]),
        drafts=tuple(drafts),
        problems=tuple(ledger.problems(SHOWN)),
        alarms=tuple(alarms),
        counts=counts | {"drafts": drafts_all, "problems": ledger.unread(), "alarms": len(alarms)},
        coming=tuple(_next(app, slot, titles) for slot in coming),
        lately=tuple(_out(app, out, titles)),
        requests=tuple(requests),
        hub_asks=tuple(asks),
        asked=tuple(asked[:SHOWN]),
        asked_in_all=len(asked),
        reach=tuple(_reach(app, now)),
        overrides=tuple(leaders.lately(app, now)),
        news=tuple(row for row in told if row.kind in NEWS),
        tick=tick,
        quiet=tick is not None and now - tick > app.workspace.alarms.quiet_after,
    )


def _series_title(app: App, name: str) -> str:
    series = app.workspace.series.get(name)
    return "" if name == BY_HAND else (series.title if series else "") or name


def _amendments(app: App) -> list[Call]:
    """Changes of what is out that came to no good end."""
    found = [(row, d) for row, d in amend.unfinished(app) if row.state in (State.REFUSED, State.UNKNOWN)]
    titles = app.ledger.titles({d.draft for _, d in found if d.draft})
    return [
        Call(
            d.marker, titles.get(d.draft or "", d.slot), app.channel_title(d.channel), d.at,
            " ".join(filter(None, (row.code, row.message))), d.url, d.draft or "",
        )
        for row, d in found
    ]  # fmt: skip


def gaps_of_today(app: App, now: dt.datetime) -> list[SlotRow]:
    """The empty slots of the coming day that no later planning fills."""
    planned, within, series = app.ledger.planned_at() or now, app.workspace.publish.fill_within, app.workspace.series
    return [
        slot
        for slot in app.ledger.owed_and_empty(now, now + SOON, GAPS)
        if slot.series in series and pressing(slot.at, series[slot.series], within, now, planned)
    ]


def _next(app: App, slot: SlotRow, titles: dict[str, str]) -> Next:
    draft = slot.draft or ""
    return Next(slot.at, slot.id, _series_title(app, slot.series), titles.get(draft, draft), draft, slot.filled)


def _out(app: App, slots: list[SlotRow], titles: dict[str, str]) -> list[Out]:
    deliveries = app.ledger.deliveries_of([slot.id for slot in slots])
    return [
        Out(
            min((d.finished for d in deliveries.get(slot.id, ()) if d.finished), default=slot.at),
            titles.get(slot.draft or "", slot.id), _series_title(app, slot.series), slot.draft or "",
            tuple((app.channel_title(d.channel), d.url) for d in deliveries.get(slot.id, ()) if d.state in DONE),
        )
        for slot in slots
    ]  # fmt: skip


def _reach(app: App, now: dt.datetime) -> list[SeriesReach]:
    """Each series, the first to starve before the others."""
    from steadycast.pipeline.standing import last_report

    found, rows = app.ledger.reaches(now), []
    shown = last_report(app)
    runways = {each.name: each.runway for each in shown.series} if shown else {}
    for name, series in app.workspace.series.items():
        reach = found.get(name)
        cadence = parse(series.every, series.rrule).describe(current().tag)
        gap, last = (reach.gap, reach.last) if reach else (None, None)
        runway = runways.get(name)
        known = runway if gap and runway and runway.gap == gap and runway.ends != gap else None
        ends, filled = (known.ends, known.ends is None) if known else (None, False)
        rows.append(SeriesReach(name, series.title or name, cadence, gap, last, ends, filled))
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(rows, key=lambda row: (row.dry or far, row.gap or far))
