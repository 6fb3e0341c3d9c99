"""What lies ahead: the plan as the ledger has it, drawn on as the planner would go on, and how far stock reaches."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from steadycast.language import gettext as _
from steadycast.ledger.mix_steps import in_force
from steadycast.ledger.plans import as_slot
from steadycast.ledger.stock_reads import OVERDUE
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.report.model import Runway
from steadycast.schedule.fairness import LONG_AGO
from steadycast.schedule.forecast import SPREAD_OVER, WEEK, WITHIN, Forecast, forecast, intake
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Past, Series, Slot, StockItem
from steadycast.schedule.past_pins import PastPins
from steadycast.schedule.planner import plan
from steadycast.schedule.reserve import from_reserve
from steadycast.schedule.slots import occasion_of
from steadycast.schedule.slots import slots as slots_of
from steadycast.schedule.stock import StockLeft, suits
from steadycast.workspace import Workspace

MEMORY = dt.timedelta(days=400)  # how far back the planner's turns and mix look
OVER = (State.WITHDRAWN, State.CANCELLED, State.EXCUSED)
RATE_AFTER = dt.timedelta(days=7)  # before that it would be a guess
OPENING = dt.timedelta(hours=1)  # what the first intake found


Asks = tuple[Any, ...]


@dataclass(frozen=True)
class Outlook:
    """The coming slots of all series, and the drafts that they carry or would carry as things stand."""

    now: dt.datetime
    slots: tuple[Slot, ...]  # in order of time; excused ones are among them
    stock: KnownStock
    carried: dict[str, Assignment] = field(default_factory=dict)  # slot -> what it carries
    reserve: Callable[[], Mapping[str, Assignment]] = dict  # gap -> what would fill it, if nothing more came in
    beyond: tuple[Slot, ...] = ()  # of the slots, those that the ledger does not have yet

    def state(self, slot: Slot) -> str:
        """planned, filled (from reserve), gap, later (nothing is planned so far ahead, and stock ends) or excused."""
        if slot.excused:
            return "excused"
        given = self.carried.get(slot.id)
        if given is None:
            return "later" if slot.id in self._computed else "gap"
        return "filled" if given.filled else "planned"

    @cached_property
    def _computed(self) -> frozenset[str]:
        return frozenset(slot.id for slot in self.beyond)

    def of(self, names: Iterable[str]) -> list[Slot]:
        """The coming slots of these series."""
        wanted = set(names)
        return [slot for slot in self.slots if slot.series in wanted]

    def runway(self, names: Iterable[str]) -> Runway:
        """How far stock covers these series, all together: to their first gap, else to the last slot looked at."""
        owed = [slot for slot in self.of(names) if not slot.excused]
        gap = next((slot for slot in owed if slot.id not in self.carried), None)
        covered = owed.index(gap) if gap else len(owed)
        end = gap.at if gap else owed[-1].at if owed else self.now
        filled = self.reserve() if gap else {}
        bare = next((slot for slot in owed if slot.id not in self.carried and slot.id not in filled), None)
        zone = self.now.tzinfo
        first, last = (slot.at.astimezone(zone) if slot else None for slot in (gap, bare))
        return Runway(covered, max(0, (end - self.now).days), first, last)

    def forecast(self, series: Series, stock: int) -> Forecast | None:
        """What is to be expected of the next 30 days, as drafts came in so far; `stock` is what `in_stock` says.

        None where nothing is owed in that time, and in the first week, when there is no rate to speak of: what a
        community begins with is its opening stock and did not come in at any rate.
        """
        times = [slot.at for slot in slots_of(series, self.now, self.now + WITHIN) if not slot.excused]
        began = self.stock.began or self.now
        known = self.now - began - OPENING
        if not times or self.now - began < RATE_AFTER:
            return None
        came = self.stock.came(series, self.now - SPREAD_OVER * WEEK)
        return forecast(times, stock, intake(came, self.now, known), self.now)

    def in_stock(self, series: Series) -> int:
        """Drafts not yet used that this series could use: of reserve what its `fill` names, evergreens once rested."""
        always, at_times = self.stock.usable(series)
        return always + sum(
            (item.expires is None or item.expires > self.now)
            and (not item.evergreen or self._rested(series, item))
            and not (item.slot and self._past_pins.has(item.slot, [series]))  # no slot will carry it
            for item in at_times
        )

    @cached_property
    def _past_pins(self) -> PastPins:
        return PastPins(self.now)

    def _rested(self, series: Series, item: StockItem) -> bool:
        if "evergreen" not in series.fill:
            return False
        return item.last_used is None or item.last_used + series.cooldown <= self.now


class KnownStock:
    """The stock as a report asks of it: gone through once, and once for each series that asks alike."""

    def __init__(self, items: Sequence[StockItem], history: History) -> None:
        self.items, self.history = items, history
        self._left = items if isinstance(items, StockLeft) else StockLeft(items, began=_first(items))
        self.began = self._left.began  # when the first of it came
        last = history.last
        out = {item.draft for item in items if item.last_used or item.draft in last}  # or before the time of `history`
        self._free = [item for item in items if item.evergreen or item.draft not in out]
        self._open = {  # not what went out: no plan gives it to a slot again, but for an occasion that it announces
            item.draft
            for item in items
            if item.evergreen or item.slot or item.draft not in out or occasion_of(last.get(item.draft, ""))
        }
        self._newest = [item for item in items if not item.reserve]
        self._came: dict[Asks, list[dt.datetime]] = {}
        self._usable: dict[Asks, tuple[int, list[StockItem]]] = {}

    def to_plan(self, assigned: Iterable[Assignment]) -> list[StockItem]:
        """What a plan depends on of it, where these slots have their drafts."""
        asked = self._open.union(each.draft for each in assigned)
        return [item for item in self.items if item.draft in asked]

    def came(self, series: Series, after: dt.datetime) -> list[dt.datetime]:
        """When what this series could use came into stock, `after` that; reserve is not among it. In order of time."""
        if (found := self._came.get(asks := _asks(series))) is None:
            found = [item.since for item in self._newest if suits(series, item)]
            found += [at for form in series.forms for at in self._left.came.get(form, ())]
            found.sort()
            self._came[asks] = found
        return found[bisect_right(found, after) :]

    def usable(self, series: Series) -> tuple[int, list[StockItem]]:
        """What this series could use of what is not out, and of reserve: how many, and which at times only."""
        if (found := self._usable.get(asks := _asks(series))) is None:
            its = [item for item in self._free if suits(series, item) and (not item.circle or "shared" in series.fill)]
            at_times = [item for item in its if item.evergreen or item.expires or item.slot]
            found = self._usable[asks] = len(its) - len(at_times), at_times
        return found


def _first(items: Iterable[StockItem]) -> dt.datetime | None:
    return min((item.since for item in items), default=None)


def _asks(series: Series) -> Asks:
    """What decides whether a draft suits a series."""
    return series.name, series.was, series.forms, series.channels, "shared" in series.fill


def ahead(  # noqa: PLR0917 what is asked, and what is known already
    ledger: Ledger,
    workspace: Workspace,
    stock: Sequence[StockItem],
    now: dt.datetime,
    until: dt.datetime,
    lately: History | None = None,
) -> Outlook:
    """The outlook of this community from `now` to `until`: the ledger's slots as they stand, then the planner's.

    `lately` is what went out since `now` - MEMORY, where somebody has read it.
    """
    series = tuple(in_force(ledger, workspace.series).values())
    return look(
        series,
        *_planned(ledger, now, until),
        KnownStock(stock, lately or History(ledger.used(now - MEMORY))),
        now=now,
        until=until,
        fill_within=workspace.publish.fill_within,
        digests=_digests(ledger, series),
    )


def _digests(ledger: Ledger, series: Iterable[Series]) -> Collection[str]:
    """The drafts that no digest counts, where some series is filled by one."""
    return ledger.unlisted_drafts() if any("digest" in each.fill for each in series) else ()


def _taken_away(ledger: Ledger, now: dt.datetime) -> set[str]:
    """The coming slots that went out before their hour, and were taken away wherever they were: nothing is owed."""
    some = {d.slot for d in ledger.deliveries(states=[State.WITHDRAWN], after=now)}
    left = {d.slot for d in ledger.deliveries(slots=some) if d.state not in OVER} if some else set()
    return some - left


def _planned(ledger: Ledger, now: dt.datetime, until: dt.datetime) -> tuple[list[Slot], list[Assignment]]:
    over, slots = _taken_away(ledger, now), [as_slot(row) for row in ledger.slots_between(now, until)]
    known = [replace(slot, excused=_("taken away again")) if slot.id in over else slot for slot in slots]
    return known, ledger.assignments(now - OVERDUE, until)


def out_since(history: Sequence[Past], since: dt.datetime) -> list[Past]:
    """What went out from then on, and before there was a ledger, as a ledger gives it; `history` is all of it."""
    old = bisect_left(history, since, key=lambda past: past.at)
    return [*(past for past in history[:old] if not past.series), *history[old:]]


class Foresight:
    """The outlook as it was made last: as long as nothing else is known, it is another only after some instant."""

    def __init__(self) -> None:
        self._asked: tuple[Any, ...] = ()
        self._holds_until = LONG_AGO
        self._made: Outlook | None = None
        self._stock = KnownStock((), History(()))

    def ahead(  # noqa: PLR0917 as `ahead` takes it
        self,
        ledger: Ledger,
        workspace: Workspace,
        stock: Sequence[StockItem],
        now: dt.datetime,
        until: dt.datetime,
        history: Sequence[Past],
    ) -> Outlook:
        """What `ahead` gives. `stock` is the same object as long as nothing of it has changed."""
        known, assigned = _planned(ledger, now, until)
        newest, mixed = out_since(history, now - MEMORY), in_force(ledger, workspace.series)
        if stock is not self._stock.items or newest != self._stock.history.rows:
            out = self._stock.history if newest == self._stock.history.rows else History(newest)
            self._stock = KnownStock(stock, out)
        asked = (known, assigned, until, mixed, workspace.publish.fill_within)
        made = self._made
        same = made is not None and made.stock is self._stock and asked == self._asked
        if made is None or not same or not made.now <= now < self._holds_until:
            series, within = tuple(mixed.values()), workspace.publish.fill_within
            digests = _digests(ledger, series)
            made = look(
                series, known, assigned, self._stock,
                now=now, until=until, fill_within=within, digests=digests,
            )  # fmt: skip
            # A slot is past after its hour; evergreens go into one that is less than `fill_within` away.
            times = {at for slot in made.slots for at in (slot.at, slot.at - within) if at > now}
            self._made, self._asked, self._holds_until = made, asked, min(times, default=until)
        return replace(made, now=now)


def look(
    series: Sequence[Series],
    known: Iterable[Slot],
    assigned: Sequence[Assignment],
    stock: KnownStock,
    *,
    now: dt.datetime,
    until: dt.datetime,
    fill_within: dt.timedelta,
    digests: Collection[str] = (),
) -> Outlook:
    """The outlook from `now` to `until`.

    `known` slots are in the ledger, with what they are `assigned`: they are shown as they stand, gaps and all. Beyond
    them, slots are computed, and the planner says what each would carry if nothing more came in; nothing is written.
    What is assigned to other slots, overdue ones, is taken all the same. What reserve would fill of the gaps that are
    left is told apart.
    """
    there = {slot.id: slot for slot in known}
    last: dict[str, dt.datetime] = {}
    for slot in there.values():
        last[slot.series] = max(slot.at, last.get(slot.series, slot.at))
    further = [
        slot
        for each in series
        for slot in slots_of(each, max(now, last.get(each.name, now)), until)
        if slot.id not in there
    ]
    fixed = [replace(each, fixed=True) for each in assigned]
    full = {each.slot for each in fixed}
    asked = [*(slot for slot in there.values() if slot.id in full), *further]
    made = plan(series, asked, stock.to_plan(fixed), fixed, stock.history, now, fill_within)
    carried = {each.slot: each for each in (*made, *fixed)}
    ahead = tuple(sorted((*there.values(), *further)))

    @cache  # and only where somebody asks: an outlook may be over years
    def reserve() -> Mapping[str, Assignment]:
        known, within = (stock.items, stock.history), fill_within
        return from_reserve(series, ahead, carried, *known, now=now, fill_within=within, digests=digests)

    return Outlook(now, ahead, stock, carried, reserve, tuple(further))
