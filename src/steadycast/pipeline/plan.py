"""Planning: slots of the coming days, what each will carry, and the deliveries that follow from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from steadycast.language import gettext as _
from steadycast.ledger.installation import PLANNED
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.record_weeks import last_kept
from steadycast.ledger.tables import DraftRow, SlotRow
from steadycast.pipeline import owed_slots
from steadycast.pipeline.app import App
from steadycast.pipeline.results import Planned, PlannedSlot
from steadycast.pipeline.stock import stock_left
from steadycast.schedule.model import Assignment, Series, Slot, StockItem
from steadycast.schedule.promises import PromisedSlot, carried_over

if TYPE_CHECKING:
    from steadycast.schedule.history import History

BEGUN = {"claimed", "sending", "unknown", "handed", "published", "seen", "confirmed", "refused", "missed", "withdrawn"}
PATIENCE = 120.0  # seconds that planning may take another process


def plan(app: App, now: dt.datetime, *, days: int | None = None) -> Planned:
    """Gives each coming slot its draft, writes that to the ledger, and says what each slot will carry.

    `days` defaults to the setting `publish.horizon`. Planning again moves nothing that need not move.
    """
    from steadycast.pipeline import (
        digest,
        mix,
        reminders,  # of asks, which plan
        ritual_drafts,
    )
    from steadycast.schedule.history import History

    horizon = app.workspace.publish.horizon if days is None else dt.timedelta(days=days)
    until = now + horizon
    unwritten = ritual_drafts.make(app, now)
    reminders.write(app, now)
    with app.in_turn("plan", PATIENCE):
        app.ledger.take_back(now)
        owed_slots.note_unplanned(app, now)  # before: a rhythm that is new from now on owes nothing of that time
        owed_slots.keep_rhythms(app, now)
        former = _former(app.ledger, now, until)
        _drop(app, now, owed_slots.owed(app, now, until), until)  # first: what begins from here on is seen below
        history = History(app.ledger.used())
        stock = stock_left(app, history, {each.draft for each in former.assigned}, history.last)
        supply, slots = Supply(stock, history), owed_slots.owed(app, now, until)
        made = _decide(app, now, until, former, slots, supply, app.ledger, mix.step(app, now))
        chosen = digest.write(app, now, made.slots, made.chosen)
        app.ledger.save_plan(made.slots, chosen, deliveries_of(app, now, made.slots, chosen, made.stock), now)
        app.ledger.set_meta(PLANNED, made.as_of.isoformat())
    _keep_weeks(app, now)
    warnings = [owed_slots.unplanned_so_far(app, now), *map(str, unwritten)]
    return replace(show(app, now, horizon), warning="\n".join(filter(None, warnings)), made_of=supply)


def _keep_weeks(app: App, now: dt.datetime) -> None:
    """Once a week, have the ledger keep the weeks of the record that are over: a report only reads, and counts anew."""
    zone = app.workspace.community.zone
    today = now.astimezone(zone).date()
    if last_kept(app.ledger) < str(today - dt.timedelta(days=today.weekday() + 7)):
        from steadycast.report.model import span
        from steadycast.report.weeks import Weeks

        Weeks(zone).up_to(app.ledger, now, *span(today))


class PlanDecision(NamedTuple):
    """What planning decides, before anything of it is written."""

    slots: list[Slot]
    chosen: list[Assignment]
    stock: Sequence[StockItem]
    as_of: dt.datetime


class Supply(NamedTuple):
    """What a plan is made of besides its slots: the drafts that may go out, and what went out."""

    stock: Sequence[StockItem]
    history: History


class FormerPlan(NamedTuple):
    """The slots of a plan that was made before, and what they carry."""

    promised: list[PromisedSlot]
    assigned: list[Assignment]


class Reads:
    """What the ledger says of the coming slots, each question asked once: for plans by more than one settings."""

    def __init__(self, ledger: owed_slots.Slots) -> None:
        self.promised = cache(ledger.promised)
        self.assignments = cache(ledger.assignments)


def foresee(  # noqa: PLR0917 what is asked, and what is known already
    app: App,
    now: dt.datetime,
    until: dt.datetime,
    supply: Supply,
    reads: Reads,
    pins: Mapping[str, str | None] = MappingProxyType({}),
) -> PlanDecision:
    """What `plan` would decide now by this desk's settings, and with these drafts pinned so; nothing is written."""
    from steadycast.pipeline import mix

    stands, former = owed_slots.as_of(app, now), _former(reads, now, until)
    slots = owed_slots.owed(app, now, until, stands, ledger=reads)
    wanted = {slot.id for slot in slots}
    stale = {each.slot.id for each in former.promised if each.slot.id not in wanted and not each.fixed}
    if stale:
        slots = owed_slots.owed(app, now, until, stands, stale, reads)
    if pins:
        pinned = [replace(item, slot=pins[item.draft]) if item.draft in pins else item for item in supply.stock]
        supply = Supply(pinned, supply.history)
    return _decide(app, now, until, former, slots, supply, reads, mix.judged(app, now)[0], stale)


def _former(ledger: owed_slots.Slots, now: dt.datetime, until: dt.datetime) -> FormerPlan:
    return FormerPlan(ledger.promised(now, until), ledger.assignments(now, until))


def _decide(  # noqa: PLR0917 all that was read before
    app: App,
    now: dt.datetime,
    until: dt.datetime,
    former: FormerPlan,
    slots: list[Slot],
    supply: Supply,
    ledger: owed_slots.Slots,
    series: Mapping[str, Series],
    dropped: Collection[str] = (),
) -> PlanDecision:
    from steadycast.schedule.planner import plan as decide

    after, as_of = min((s.at for s in slots), default=now), _planning_instant(now, slots)
    assigned = [each for each in ledger.assignments(after, until) if each.slot not in dropped]
    chosen = decide(
        list(series.values()),
        slots,
        supply.stock,
        [*assigned, *carried_over(slots, [each.slot for each in former.promised], former.assigned)],
        supply.history,
        as_of,
        fill_within=app.workspace.publish.fill_within,
    )
    return PlanDecision(slots, chosen, supply.stock, as_of)


def _planning_instant(now: dt.datetime, slots: Iterable[Slot]) -> dt.datetime:
    """The planner gives nothing to past slots; an overdue one that may still be served late is not past yet."""
    return min(now, min((s.at for s in slots), default=now))


def deliveries_of(
    app: App, now: dt.datetime, slots: Sequence[Slot], chosen: Iterable[Assignment], stock: Iterable[StockItem]
) -> list[PlannedDelivery]:
    """What each slot asks of each channel; a channel that came to its series since owes no slot that is past."""
    past = [slot.id for slot in slots if slot.at < now]
    there: dict[str, set[str]] = {}
    for delivery in app.ledger.deliveries(slots=past) if past else ():
        there.setdefault(delivery.slot, set()).add(delivery.channel)
    items = {item.draft: item for item in stock}
    carried = {a.slot: items.get(a.draft) for a in chosen}
    found = []
    for slot in slots:
        series = app.workspace.series[slot.series]
        for channel in series.channels:
            if not app.workspace.channels[channel].paused and channel in there.get(slot.id, (channel,)):
                why = _leaves_out(app, channel, carried.get(slot.id))
                found.append(PlannedDelivery(slot.id, channel, series.grace, series.late, why))
    return found


def _leaves_out(app: App, channel: str, item: StockItem | None) -> str:
    """Why a draft does not go to one of its series' channels, or ""."""
    if item is None:
        return ""
    if channel in item.skip_channels:
        return _("the draft leaves this channel out")
    platform = app.usable(channel)  # without one the sending is refused, and told
    takes = app.workspace.channels[channel].forms or (platform.forms if platform else (item.form,))
    return "" if item.form in takes else _("the channel takes no %(form)s", form=_(item.form))


def _drop(app: App, now: dt.datetime, slots: Iterable[Slot], until: dt.datetime) -> None:
    """Slots that no cadence asks for any more, because steadycast.toml changed."""
    wanted = {s.id for s in slots}
    stale = [s.id for s in app.ledger.slots_between(now, until) if s.id not in wanted and not s.manual]
    if stale:
        app.ledger.drop_slots(stale)


def show(app: App, now: dt.datetime, horizon: dt.timedelta) -> Planned:
    """The plan as it stands in the ledger, from now to the horizon."""
    rows = app.ledger.slots_between(now, now + horizon)
    drafts = app.ledger.drafts_of(s.draft for s in rows if s.draft)
    states = app.ledger.states_of(s.id for s in rows)
    found = [_shown(app, s, drafts.get(s.draft or ""), states.get(s.id, ())) for s in rows]
    return Planned(tuple(found), horizon.days)


def _shown(app: App, slot: SlotRow, draft: DraftRow | None, states: Iterable[str]) -> PlannedSlot:
    series = app.workspace.series.get(slot.series)
    state = "excused" if slot.excused else "gap" if draft is None else "filled" if slot.filled else "planned"
    return PlannedSlot(
        slot=slot.id,
        when=slot.local.replace("T", " "),
        series=slot.series,
        series_title=app.series_title(slot.series),
        draft=slot.draft or "",
        title=draft.title if draft else slot.excused,
        member=draft.member or draft.circle if draft else "",
        origin=draft.origin if draft else "",
        state=next(iter(sorted(BEGUN.intersection(states))), state),
        why=slot.why,
        channels=series.channels if series else (),
    )
