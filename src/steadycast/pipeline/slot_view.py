"""Slots as a calendar shows them: what each carries, how far each channel is, what became of the past ones.

Only what is shown is read. Beyond the days that are planned, slots are computed; a day that is left out says why.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import NamedTuple

from steadycast.ledger.calendar_reads import AlikeDeliveries, AnySlot, CarriedDraft, KnownSlot, SlotDelivery
from steadycast.ledger.plans import as_slot, movable
from steadycast.ledger.tables import DONE, DraftRow, SlotRow, State
from steadycast.pipeline import asking
from steadycast.pipeline.app import App
from steadycast.pipeline.asking import Asked
from steadycast.pipeline.frozen_draft import to_stock
from steadycast.pipeline.past_slots import past_slots
from steadycast.pipeline.pinning import is_pinned
from steadycast.schedule.model import Series, Slot, Verdict
from steadycast.schedule.planner import fits
from steadycast.schedule.slots import slots
from steadycast.schedule.stock import suits

MOST = 1_500  # slots of one page that are looked at
MINUTE = dt.timedelta(minutes=1)
OFF = (State.EXCUSED, State.CANCELLED)
GRAVEST = (Verdict.MISSED, Verdict.LATE, Verdict.FILLED, Verdict.KEPT)


class ChannelSeen(NamedTuple):
    """One channel of a slot, and how far its delivery is; `planned` where there is none yet."""

    name: str
    title: str
    state: str
    marker: str = ""
    url: str = ""
    message: str = ""
    finished: dt.datetime | None = None
    wake: dt.datetime | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """One slot. Of the past its `state` is the record: kept, late, filled, missed, excused, early, withdrawn.

    Of what comes it is planned, filled, gap, excused, or `later`: it is not planned yet. Between the two stand overdue,
    sending, making (its kits), handed, unknown and refused.
    """

    id: str
    at: dt.datetime  # in the community's zone
    series: str
    series_title: str
    state: str
    draft: str = ""
    title: str = ""
    member: str = ""  # its name for people; "" for the house
    revision: str = ""
    pinned: bool = False
    filled: bool = False
    note: str = ""  # why it is left out
    channels: tuple[ChannelSeen, ...] = ()
    open: bool = False  # it may be given another draft
    held: bool = False  # its draft is out or on its way: it goes nowhere else
    left_out: bool = False  # by a date in its series' `skip`
    fits: tuple[str, ...] = ()  # series that its draft could go to; () where it cannot be moved
    asked: Asked | None = None  # who was asked last to write for it

    @property
    def day(self) -> dt.date:
        """The local day on which it goes out."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Window:
    """The slots of some days, by day; `more` says how many of a day are not among them."""

    days: Mapping[dt.date, Sequence[SlotSeen]]
    more: Mapping[dt.date, int] = field(default_factory=dict)
    next: dt.date | None = None  # the first day that was not looked at, because the days before it are enough
    whole: bool = True  # False: there are more than anybody reads


def window(
    app: App,
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    *,
    series: str = "",
    channel: str = "",
    per_day: int = MOST,
    enough: int | None = None,
) -> Window:
    """The slots from `start` up to but not including `end`, at most `per_day` of each day.

    With `enough`, no day that would make more slots than that. Of a channel are its names and its state.
    """
    known = app.ledger.known_slots(start, end, series=series, channel=channel, limit=MOST)
    asked = [
        each
        for each in app.workspace.series.values()
        if (not series or each.name == series) and (not channel or channel in each.channels)
    ]
    further = [*_later(app, asked, start, end, now), *_left_out(app, asked, start, end)]
    there = {row.id: row for row in known}
    zone = app.workspace.community.zone
    by_day: dict[dt.date, list[str]] = defaultdict(list)
    times = [(row.at, row.id) for row in known] + [(each.at, each.id) for each in further if each.id not in there]
    for at, id in sorted(times):
        by_day[at.astimezone(zone).date()].append(id)
    beyond = _beyond(by_day, per_day, enough)
    days = {day: ids for day, ids in by_day.items() if beyond is None or day < beyond}
    rows = {id: there[id] for ids in days.values() for id in ids[:per_day] if id in there}
    seen = {each.id: each for each in (*_glance(app, [*rows.values()], now), *further)}
    asks = asking.of_slots(app, seen, now, rows)
    shown = {day: tuple(_with_ask(seen[id], asks) for id in ids[:per_day]) for day, ids in days.items()}
    more = {day: len(ids) - per_day for day, ids in days.items() if len(ids) > per_day}
    return Window(shown, more, beyond, whole=len(known) < MOST)


def _beyond(by_day: Mapping[dt.date, Sequence[str]], per_day: int, enough: int | None) -> dt.date | None:
    """The first day, but for the very first one, with which there are more than `enough` slots."""
    count, first = 0, next(iter(by_day), None)
    for day, ids in by_day.items() if enough is not None else ():
        count += min(len(ids), per_day)
        if enough is not None and count > enough and day != first:
            return day
    return None


def one(app: App, id: str, now: dt.datetime) -> SlotSeen | None:
    """One slot by its id, also one that is not planned yet or left out; None where there is none."""
    row = app.ledger.slot(id)
    seen = look(app, [row], now)[0] if row is not None else _not_planned(app, id, now)
    return seen and _with_ask(seen, asking.of_slots(app, [id], now, {id: row} if row else {}))


def _not_planned(app: App, id: str, now: dt.datetime) -> SlotSeen | None:
    if (where := asking.around(app, id)) is None:
        return None
    series, start, end = where
    found = (*_left_out(app, [series], start, end), *_later(app, [series], start, end, now))
    return next((each for each in found if each.id == id), None)


def _with_ask(seen: SlotSeen, asks: Mapping[str, Asked]) -> SlotSeen:
    return replace(seen, asked=asks.get(seen.id)) if seen.id in asks else seen


def look(app: App, rows: Sequence[SlotRow], now: dt.datetime) -> list[SlotSeen]:
    """These slots as they stand: one read of their deliveries, one of their drafts."""
    ids = [row.id for row in rows]
    deliveries = app.ledger.deliveries_of(ids) if ids else {}
    titles = _Titles(app)
    drafts = app.ledger.carried_drafts({row.draft for row in rows if row.draft}) if rows else {}
    return [
        _seen(
            app, row, its := deliveries.get(row.id, []),
            titles.in_order(row.series, [_channel_seen(app, each, titles) for each in its]),
            drafts.get(row.draft or ""), now,
        )
        for row in rows
    ]  # fmt: skip


def _glance(app: App, rows: Sequence[KnownSlot], now: dt.datetime) -> list[SlotSeen]:
    """The same, with no more of their channels than a calendar shows; past slots as they were seen last."""
    past = past_slots(app.ledger)
    deliveries = past.deliveries(app.ledger, rows, now)
    drafts = app.ledger.carried_drafts({row.draft for row in rows if row.draft}) if rows else {}
    titles, made = _Titles(app), dict[tuple[tuple[str, ...], str, str], list[ChannelSeen]]()

    def channels(each: AlikeDeliveries) -> list[ChannelSeen]:
        key = each.channels, each.state, each.verdict  # most slots stand like their neighbours
        if key not in made:
            made[key] = [ChannelSeen(name, titles[name], _shown_state(app, name, each)) for name in each.channels]
        return made[key]

    def seen(row: KnownSlot) -> SlotSeen:
        its, draft = deliveries.get(row.id, []), drafts.get(row.draft or "")
        shown = titles.in_order(row.series, [each for alike in its for each in channels(alike)])
        return _seen(app, row, its, shown, draft, now)

    return [
        past.seen(app, row, deliveries.get(row.id), drafts.get(row.draft or ""), partial(seen, row)) for row in rows
    ]


class _Titles(dict[str, str]):
    """The channels' names for people, each looked up once, and in which order a slot has them."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._ranks: dict[str, dict[str, int]] = {}

    def __missing__(self, channel: str) -> str:
        self[channel] = title = self._app.channel_title(channel)
        return title

    def in_order(self, series: str, channels: list[ChannelSeen]) -> list[ChannelSeen]:
        """As the slot's series names them, then as the settings do: the same before and after it has its deliveries."""
        if len(channels) < 2:
            return channels
        if (ranks := self._ranks.get(series)) is None:
            its = self._app.workspace.series.get(series)
            names = dict.fromkeys([*(its.channels if its else ()), *self._app.workspace.channels])
            ranks = self._ranks[series] = {name: rank for rank, name in enumerate(names)}
        return sorted(channels, key=lambda each: (ranks.get(each.name, len(ranks)), each.name))


def _seen(  # noqa: PLR0917 one slot, with what was read of it
    app: App,
    row: AnySlot,
    deliveries: Sequence[SlotDelivery | AlikeDeliveries],
    channels: list[ChannelSeen],
    draft: CarriedDraft | None,
    now: dt.datetime,
) -> SlotSeen:
    workspace = app.workspace
    series = workspace.series.get(row.series)
    fixed = any(not movable(each) for each in deliveries)
    if series and not channels and not row.excused:
        channels = [*_planned_channels(app, series)]
    local = row.at.astimezone(workspace.community.zone)
    state, among = state_of(row, deliveries, now), {each.state for each in channels}
    if state == "sending" and "making" in among and not among & {State.CLAIMED, State.SENDING, State.DUE}:
        state = "making"
    return SlotSeen(
        row.id,
        local,
        row.series,
        title_of(series) if series else "",
        state,
        draft=row.draft or "",
        title=draft.title if draft else "",
        member=app.writer_title(draft.member, draft.circle) if draft else "",
        revision=draft.revision if draft else "",
        pinned=bool(draft and series and is_pinned(app, draft, row)),
        filled=row.filled,
        note=row.excused,
        channels=tuple(channels),
        open=series is not None and row.at > now and not fixed and not row.excused,
        held=fixed,
        fits=tuple(series_for(app, draft)) if draft and not (fixed or row.filled) else (),
    )


def state_of(row: AnySlot, deliveries: Sequence[SlotDelivery | AlikeDeliveries], now: dt.datetime) -> str:
    """How a slot stands as a whole: what a person must know first."""
    asked = [each for each in deliveries if each.state not in OFF]
    if row.excused or (deliveries and not asked):
        return "excused"
    if all(movable(each) for each in asked):
        carries = "gap" if row.draft is None else "filled" if row.filled else "planned"
        return "overdue" if row.at <= now and row.draft else carries
    states = {State(each.state) for each in asked}
    if states == {State.WITHDRAWN}:
        return "withdrawn"
    for state in (State.UNKNOWN, State.REFUSED):
        if state in states:
            return state.value
    if State.HANDED in states:  # it waits for a person, whatever the other channels still do by themselves
        return "handed"
    if states & {State.CLAIMED, State.SENDING, State.DUE}:
        return "sending"
    if row.at > now or (states <= {*DONE} and all(e.finished and e.finished < row.at - MINUTE for e in asked)):
        return "early"
    verdicts = {each.verdict for each in asked}
    return next((each.value for each in GRAVEST if each.value in verdicts), "sending")


def _channel_seen(app: App, row: SlotDelivery, titles: _Titles) -> ChannelSeen:
    return ChannelSeen(
        row.channel,
        titles[row.channel],
        _shown_state(app, row.channel, row),
        row.marker,
        row.url if row.url.startswith(("https://", "http://")) else "",
        row.message,
        row.finished,
        row.wake,
        row.attempt,
    )


def _shown_state(app: App, channel: str, row: SlotDelivery | AlikeDeliveries) -> str:
    if row.verdict == Verdict.LATE and row.state in DONE:
        return "late"
    if row.state in (State.CLAIMED, State.SENDING) and channel in app.workspace.channels:
        platform = app.usable(channel)
        return "making" if platform and platform.delivery == "kit" else row.state  # nothing leaves: a kit is made
    return row.state


def title_of(series: Series) -> str:
    """A series' name for people."""
    return series.title or series.name


def days_marked(app: App, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> dict[dt.date, str]:
    """Of each day with a slot whether one that is planned is empty (`gap`), or none is (`some`)."""
    zone, planned = app.workspace.community.zone, asking.planned_until(app, now)
    found: dict[dt.date, str] = {}
    for at, gap in app.ledger.slots_marked(start, end, now, MOST):
        day = at.astimezone(zone).date()
        found[day] = "gap" if gap and at < planned else found.get(day, "some")
    return found


def holidays_of(app: App, days: Iterable[dt.date], series: str = "") -> dict[dt.date, str]:
    """The days of these that are off for a series, or for any, and what they are called."""
    asked = [each for each in app.workspace.series.values() if not series or each.name == series]
    return {day: name for day in days for each in asked if (name := each.days_off.get(day))}


def free_stock(app: App, limit: int, *, target: SlotRow | None = None) -> list[DraftRow]:
    """The drafts that no slot carries, the oldest in stock first; those that fit one slot, where it is named."""
    found: list[DraftRow] = []
    series = app.workspace.series[target.series] if target else None
    for looked, row in enumerate(app.ledger.free_stock(batch=4 * limit if target else limit)):
        if looked >= MOST:
            break
        if not (series and target) or fits(series, as_slot(target), to_stock(row, None)):
            found.append(row)
        if len(found) >= limit:
            break
    return found


def has_reserve(app: App, target: SlotRow) -> bool:
    """Whether anything in reserve could fill a slot, be it rested or not."""
    series, slot = app.workspace.series[target.series], as_slot(target)
    for row in islice(app.ledger.free_stock(evergreen=True), MOST):
        item = to_stock(row, None)
        if fits(series, slot, item) and not item.slot and (not item.circle or "shared" in series.fill):
            return True
    return False


def series_for(app: App, row: DraftRow | CarriedDraft) -> list[str]:
    """The series that a draft could serve."""
    item = to_stock(row, None)
    return [each.name for each in app.workspace.series.values() if suits(each, item)]


def _later(
    app: App, asked: Iterable[Series], start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> Iterator[SlotSeen]:
    """What the rhythms promise beyond the days that are planned."""
    begin = max(start, asking.planned_until(app, now), now)
    for series in asked if begin < end else ():
        channels = _planned_channels(app, series)
        for slot in slots(series, begin, end)[:MOST]:
            if slot.excused:
                yield _computed(app, series, (), slot, "excused", slot.excused)
            else:
                yield _computed(app, series, channels, slot, "later", "")


def _left_out(app: App, asked: Iterable[Series], start: dt.datetime, end: dt.datetime) -> Iterator[SlotSeen]:
    """What would have been promised on days that a series leaves out by date."""
    day = dt.timedelta(days=1)
    zone = app.workspace.community.zone
    first, last = (start - day).astimezone(zone).date(), (end + day).astimezone(zone).date()
    for series in asked:
        if any(first <= off <= last for off in series.except_):
            reasons = app.workspace.left_out(series.name)
            for slot in slots(replace(series, except_=frozenset()), start, end)[:MOST]:
                if (off := slot.day) in series.except_:
                    seen = _computed(app, series, (), slot, "excused", reasons.get(off, ""))
                    yield replace(seen, left_out=True)


def _planned_channels(app: App, series: Series) -> tuple[ChannelSeen, ...]:
    return tuple(ChannelSeen(name, app.channel_title(name), "planned") for name in series.channels)


def _computed(  # noqa: PLR0917 one slot
    app: App, series: Series, channels: tuple[ChannelSeen, ...], slot: Slot, state: str, note: str
) -> SlotSeen:
    at = slot.at.astimezone(app.workspace.community.zone)
    return SlotSeen(slot.id, at, series.name, title_of(series), state, note=note, channels=channels)
