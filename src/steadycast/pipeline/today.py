"""One day for the person who looks after it: what is due next, what went out, and what needs somebody."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steadycast.language import current
from steadycast.ledger.editor_events import Override
from steadycast.ledger.tables import DONE, AlarmRow, DraftRow, ProblemRow, SlotRow, State
from steadycast.pipeline import leaders
from steadycast.pipeline.app import App
from steadycast.pipeline.publish_requests import Requested
from steadycast.pipeline.to_do import Needs, needs
from steadycast.schedule.cadence import parse

if TYPE_CHECKING:
    from steadycast.ledger.stock_reads import PinnedDraft
    from steadycast.pipeline.asking import Asked
    from steadycast.pipeline.hub_asks import HubAsk

SHOWN = 6  # of each kind; how many there are is told
NEXT = 5
LATELY = dt.timedelta(days=7)
EARLY = dt.timedelta(days=7)  # what a person published that long before its hour went out lately, too


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
    unwritten: tuple[tuple[str, ...], ...] = ()  # settings that nobody has written yet
    coming: tuple[Next, ...] = ()
    lately: tuple[Out, ...] = ()
    requests: tuple[Requested, ...] = ()  # all of them: few can wait
    hub_asks: tuple[HubAsk, ...] = ()  # all of them: few can wait
    asked: tuple[Asked, ...] = ()  # what is overdue or declined first
    asked_in_all: int = 0
    pinned: tuple[PinnedDraft, ...] = ()  # to a slot that is past
    reach: tuple[SeriesReach, ...] = ()
    overrides: tuple[Override, ...] = ()  # what others decided over editors' heads
    news: tuple[AlarmRow, ...] = ()  # alarms of nothing wrong
    tick: dt.datetime | None = None
    quiet: bool = False  # nobody has looked at what is due for too long

    @property
    def calls(self) -> int:
        """How many things need a person, but for the settings that nobody has written yet."""
        return sum(self.counts.values())


def today(app: App, now: dt.datetime) -> Today:
    """The day as it stands at `now`. What is read does not grow with what the ledger holds."""
    ledger = app.ledger
    drafts, in_all = ledger.first_to_decide(SHOWN, app.workspace.fair.waiting)
    found = needs(app, now, in_all)
    calls: dict[State, list[Call]] = {State.REFUSED: [], State.UNKNOWN: [], State.HANDED: []}
    for one in found.deliveries:
        said = " ".join(filter(None, (one.code, one.message)))
        channel = app.channel_title(one.channel)
        calls[one.state].append(Call(one.marker, one.title or one.slot, channel, one.at, said, one.url, one.draft))
    coming = ledger.coming_slots(now, NEXT)
    out = ledger.slots_gone_out(now - LATELY, now + EARLY, SHOWN)
    titles = {row.id: row.title for row in ledger.drafts_of({s.draft for s in (*coming, *out) if s.draft}).values()}
    tick = ledger.last_tick()
    return Today(
        refused=tuple(calls[State.REFUSED][:SHOWN]),
        unknown=tuple(calls[State.UNKNOWN][:SHOWN]),
        kits=tuple(calls[State.HANDED][:SHOWN]),
        amendments=tuple(_amendments(app, found)[:SHOWN]),
        gaps=tuple(_next(app, slot, titles) for slot in found.gaps[:SHOWN]),
        drafts=tuple(drafts),
        problems=tuple(ledger.problems(SHOWN, apart=True)),
        alarms=tuple(found.alarms),
        counts=dict(found.counts),
        unwritten=found.settings,
        coming=tuple(_next(app, slot, titles) for slot in coming),
        lately=tuple(_out(app, out, titles)),
        requests=tuple(found.requests),
        hub_asks=tuple(found.hub_asks),
        asked=tuple(found.asked[:SHOWN]),
        asked_in_all=len(found.asked),
        pinned=tuple(found.pinned[:SHOWN]),
        reach=tuple(_reach(app, now)),
        overrides=tuple(leaders.lately(app, now)),
        news=tuple(found.news),
        tick=tick,
        quiet=tick is not None and now - tick > app.workspace.alarms.quiet_after,
    )


def _amendments(app: App, found: Needs) -> list[Call]:
    """Changes of what is out that came to no good end."""
    titles = app.ledger.titles({d.draft for _, d in found.amendments if d.draft})
    return [
        Call(
            d.marker, titles.get(d.draft or "", d.slot), app.channel_title(d.channel), d.at,
            " ".join(filter(None, (row.code, row.message))), d.url, d.draft or "",
        )
        for row, d in found.amendments
    ]  # fmt: skip


def _next(app: App, slot: SlotRow, titles: dict[str, str]) -> Next:
    draft = slot.draft or ""
    return Next(slot.at, slot.id, app.series_title(slot.series), titles.get(draft, draft), draft, slot.filled)


def _out(app: App, slots: list[SlotRow], titles: dict[str, str]) -> list[Out]:
    deliveries = app.ledger.deliveries_of([slot.id for slot in slots])
    return [
        Out(
            min((d.finished for d in deliveries.get(slot.id, ()) if d.finished), default=slot.at),
            titles.get(slot.draft or "", slot.id), app.series_title(slot.series), slot.draft or "",
            tuple((app.channel_title(d.channel), d.url) for d in deliveries.get(slot.id, ()) if d.state in DONE),
        )
        for slot in slots
    ]  # fmt: skip


def _reach(app: App, now: dt.datetime) -> list[SeriesReach]:
    """Each series, the first to starve before the others."""
    from steadycast.pipeline.community_state import last_report

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
