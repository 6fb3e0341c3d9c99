"""Which draft goes out in which slot: stable, and fair among those who write."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Past, Series, Slot, StockItem
from steadycast.schedule.pins import by_name, means, normal
from steadycast.schedule.plan_state import PlanState
from steadycast.schedule.slots import occurrence_of
from steadycast.schedule.stock import Pool, in_time, near, suits


def plan(  # noqa: PLR0917 - all that a plan depends on, in the order of the design's sentence
    series: Sequence[Series],
    slots: Sequence[Slot],
    stock: Sequence[StockItem],
    assigned: Sequence[Assignment],
    history: Sequence[Past] | History,
    now: dt.datetime,
    fill_within: dt.timedelta = dt.timedelta(hours=24),
) -> list[Assignment]:
    """One assignment for each of `slots` that a draft serves, in order of slots.

    Stable: what is `assigned` stays while its draft still fits, unless a pin claims its slot, a draft would otherwise
    expire with no empty slot left, or it came from reserve and there is something fresh now. Only a slot that falls
    empty with nothing left in stock draws on a later one: the last of its series that fits. `fixed` assignments stay
    whatever they are.

    An empty slot takes, in this order: the draft pinned to it; an event's draft near its occasion, and any draft that
    would otherwise expire before it got a slot (soonest first, with one slot in hand); the highest priority; the
    origin that the series' mix is owed (an origin asked for with 0 of others has no place there but by a pin); the
    member who has waited longest, then who was published least, then the draft that has waited longest.

    A draft is used once, in whatever series; the slots of one occasion share one draft and count as one. Evergreens
    are reserve and never fresh: they go out where they are pinned, and on the `fill` ladder, which is walked for
    slots up to `now` + `fill_within` that nothing fresh serves; again only after the series' cooldown. What another
    community shares is reserve, too, and goes out once; it is nobody's turn. A pinned draft
    goes out in its slot or not at all. Nothing new is given to slots that are excused, past, or in `history`; a past
    slot keeps what it has while the series' `late` lasts. Assignments to slots that are not in `slots` are dropped;
    if fixed, their drafts are still taken.

    `stock` is every approved draft that may still go out: of an occasion half announced, too.
    """
    past = history if isinstance(history, History) else History(history)
    made = _Planning(series, slots, stock, past, now=now, fill_within=fill_within)
    made.keep(assigned)
    made.pin()
    made.make_room()
    made.serve()
    return [made.given[slot.id] for slot in made.slots if slot.id in made.given]


def fits(series: Series, slot: Slot, item: StockItem) -> bool:
    """Whether a draft could go out in a slot, by form, series, channels, dates, and its event's start."""
    return suits(series, item) and in_time(item, slot.at) and near(item, slot.at, occurrence_of(series, slot))


class _Planning(PlanState):
    """The steps of a plan. Slots are looked at in order of time, so turns and mix are those of that moment."""

    # What stays.

    def keep(self, assigned: Sequence[Assignment]) -> None:
        """Take over what may stay of a former plan: fixed ones first, then in order of slots."""
        for each in assigned:
            if each.fixed:
                self.take(each)
                self.announced.add(self.occasion(each.slot))
        known = [each for each in assigned if not each.fixed and each.slot in self.by_id]
        for each in sorted(known, key=lambda each: self.by_id[each.slot]):
            if each.slot not in self.given and self._stays(self.by_id[each.slot], each):
                self.take(each)

    def _stays(self, slot: Slot, former: Assignment) -> bool:
        series = self.series.get(slot.series)
        if series is None or slot.excused or slot.id in self.past or slot.at + series.late < self.now:
            return False
        if former.filled and is_digest(slot, former.draft):
            return "digest" in series.fill
        item = self.stock.get(former.draft)
        if item is None or not fits(series, slot, item) or (former.filled and not item.reserve):
            return False
        if item.slot is not None and not means(item.slot, slot):
            return False
        if item.evergreen:
            return item.slot is not None or self.has_rested(series, slot, item)
        if former.filled:
            return "shared" in series.fill and self.is_free(item, slot)
        return self.is_free(item, slot) and self.occasions.get(slot.occasion, item.draft) == item.draft

    # Pins.

    def pin(self) -> None:
        """Give each pinned draft its slot; of two pinned to one, the one there before, then by priority."""
        pins = [item for item in self.stock.values() if item.slot is not None]
        named = by_name(self.slots) if pins else {}
        for item in sorted(pins, key=lambda item: (item.draft not in self.used, -item.priority, item.turn)):
            for slot in named.get(normal(item.slot or ""), ()):
                if self._may_pin(slot, item):
                    self._pin(slot, item)
                    break

    def _may_pin(self, slot: Slot, item: StockItem) -> bool:
        series = self.series.get(slot.series)
        former = self.given.get(slot.id)
        if series is None or not self.opens(slot) or slot.id in self.pinned or (former and former.fixed):
            return False
        bound = self.occasions.get(slot.occasion)
        if bound is not None and bound != item.draft and self._begun(slot):
            return False
        return fits(series, slot, item) and (item.evergreen or self.is_free(item, slot))

    def _begun(self, slot: Slot) -> bool:
        """Whether one of an occasion's slots has gone out, or is about to: its draft can no longer change."""
        return slot.occasion in self.announced or any(
            (given := self.given.get(each.id)) is not None and (given.fixed or not self.opens(each))
            for each in self.siblings(slot)
        )

    def _pin(self, slot: Slot, item: StockItem) -> None:
        former = self.given.get(slot.id)
        if former is None or former.draft != item.draft:
            if self.occasions.get(slot.occasion) != item.draft:
                self.release(slot)
            self.take(Assignment(slot.id, item.draft, why="pin"))
        self.pinned.update(each.id for each in self.siblings(slot))

    # What would expire.

    def make_room(self) -> None:
        """Give each draft that would expire unused the last of its slots that one without haste has; each moves one."""
        hasty = [i for i in self.stock.values() if i.expires and not i.reserve and i.slot is None]
        for item in sorted(hasty, key=lambda i: (i.expires, -i.priority, i.turn)):
            if item.draft in self.used:
                continue
            able = [s for s in self.slots if self._could_carry(s, item)]
            if any(s.id not in self.given or self.given[s.id].filled for s in able):
                continue  # `serve` gives it one of those
            patient = [s for s in able if not self.stock[self.given[s.id].draft].expires]
            if patient:
                self.release(patient[-1])
                self.take(Assignment(patient[-1].id, item.draft, why="expiry"))

    def _could_carry(self, slot: Slot, item: StockItem) -> bool:
        series, given = self.series.get(slot.series), self.given.get(slot.id)
        if series is None or slot.occasion or slot.id in self.pinned or not self.opens(slot):
            return False
        movable = given is None or (not given.fixed and (given.filled or given.draft in self.stock))
        return movable and fits(series, slot, item)

    # What is empty.

    def serve(self) -> None:
        """Give every empty slot what fits it best, in order of time."""
        pools, empty = dict[str, Pool](), self._empty_at()
        movable = self._movable()
        told = {self.occasion(each) for each in self.announced_slots}
        told |= {slot.place for slot in self.slots if slot.place in self.past}
        for slot in self.slots:
            series = self.series.get(slot.series)
            if series is not None and self._wants(slot):
                if series.name not in pools:
                    pools[series.name] = self._pool(series, empty[series.name])
                self._serve(series, slot, pools[series.name], movable[series.name])
            if (given := self.given.get(slot.id)) is not None and slot.place not in told:
                told.add(slot.place)
                if item := self.stock.get(given.draft):  # a digest is nobody's turn
                    self._took(slot, item)

    def _took(self, slot: Slot, item: StockItem) -> None:
        """Count a served slot, once time has come to it."""
        if not item.circle:
            self.turns.took(item.member, slot.at)
        if slot.series in self.mixes:
            self.mixes[slot.series].took(item.origin)

    def _wants(self, slot: Slot) -> bool:
        """Whether something fresh may be given to a slot: it is empty, or has what came from reserve."""
        former = self.given.get(slot.id)
        return self.opens(slot) and (former is None or (former.filled and not former.fixed))

    def _empty_at(self) -> dict[str, list[dt.datetime]]:
        """The instants of each series' slots that could be given something."""
        empty = defaultdict(list)
        for slot in self.slots:
            if self._wants(slot):
                empty[slot.series].append(slot.at)
        return empty

    def _pool(self, series: Series, empty: Sequence[dt.datetime]) -> Pool:
        """What one series could use: made for its first empty slot, as it looks at each draft in stock."""
        return Pool(series, self.fresh, empty, used=self.used, turns=self.turns, mix=self.mixes[series.name])

    @cached_property
    def fresh(self) -> list[StockItem]:
        """What a pool may begin with: not what went out. What a slot has now, it may give back."""
        held = {each.draft for each in self.given.values()}
        return [
            item
            for item in self.stock.values()
            if (item.draft not in self.used or item.draft in held) and not item.reserve and item.slot is None
        ]

    def _movable(self) -> dict[str, list[Slot]]:
        """Slots of each series, in order of time, whose fresh draft an earlier slot may draw on.

        Not those of an occasion: what announces one event is no use to another. Nor what is reserve.
        """
        found: dict[str, list[Slot]] = defaultdict(list)
        for slot in self.slots:
            given = self.given.get(slot.id)
            if slot.occasion or slot.id in self.pinned or not self.opens(slot):
                continue
            item = self.stock.get(given.draft) if given else None
            if given and not given.fixed and item and not item.reserve:
                found[slot.series].append(slot)
        return found

    def _serve(self, series: Series, slot: Slot, pool: Pool, movable: list[Slot]) -> None:
        shared = self.occasions.get(slot.occasion)
        if shared is not None:
            item = self.stock.get(shared)
            chosen = (item, "occasion") if item and fits(series, slot, item) else None
        else:
            chosen = pool.best(slot, occurrence_of(series, slot)) or self._drawn(series, slot, movable)
        if chosen is not None:
            self.empty(slot)
            self.take(Assignment(slot.id, chosen[0].draft, why=chosen[1]))
        elif slot.id not in self.given and slot.at <= self.fill_until:
            self._fill(series, slot)

    def _drawn(self, series: Series, slot: Slot, movable: list[Slot]) -> tuple[StockItem, str] | None:
        """The draft of the last later slot that fits here, of the origin the mix is owed if there is one."""
        after = takewhile(lambda later: later.at > slot.at, reversed(movable))
        held = ((later, self.stock[self.given[later.id].draft]) for later in after)
        able = ((later, item) for later, item in held if fits(series, slot, item))
        if (best := next(able, None)) is None:
            return None
        owed = self.mixes[series.name].order()[:1]
        if owed and best[1].origin not in owed:
            best = next((each for each in able if each[1].origin in owed), best)
        movable.remove(best[0])
        self.release(best[0])
        return best[1], "gap"

    def _fill(self, series: Series, slot: Slot) -> None:
        """Give a slot what the first rung of its series' ladder has that has something."""
        rungs: dict[str, Callable[[Series, Slot], str]]
        rungs = {"evergreen": self._evergreen, "shared": self._shared, "digest": lambda _series, slot: _digest(slot)}
        for rung in series.fill:
            if draft := rungs[rung](series, slot):
                self.take(Assignment(slot.id, draft, filled=True, why=rung))
                return

    def _evergreen(self, series: Series, slot: Slot) -> str:
        """The reserve that has rested longest; for a further slot of an occasion, the one that filled the first."""
        reserve = (item for item in self.stock.values() if item.evergreen and item.slot is None)
        able = [item for item in reserve if fits(series, slot, item) and self.has_rested(series, slot, item)]
        same = self.fillers.get(slot.occasion)
        return _first(able, key=lambda item: (item.draft != same, self.last_use(item.draft), item.turn))

    def _shared(self, series: Series, slot: Slot) -> str:
        """What other communities share and has waited longest; for a further slot of an occasion the same again."""
        reserve = (item for item in self.stock.values() if item.circle and not item.evergreen and item.slot is None)
        able = [item for item in reserve if fits(series, slot, item) and self.is_free(item, slot)]
        same = self.fillers.get(slot.occasion)
        return _first(able, key=lambda item: (item.draft != same, -item.priority, item.turn))


def _first(able: Iterable[StockItem], key: Callable[[StockItem], Any]) -> str:
    chosen = min(able, key=key, default=None)
    return chosen.draft if chosen else ""


def is_digest(slot: Slot, draft: str) -> bool:
    """Whether a plan has a digest for this slot: one that is not written yet has no id of its own."""
    return draft == _digest(slot)


def _digest(slot: Slot) -> str:
    return f"digest:{slot.series}:{slot.id}"
