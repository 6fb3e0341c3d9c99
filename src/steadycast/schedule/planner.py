"""Which draft goes out in which slot: stable, and fair among those who write."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from steadycast.schedule.fairness import LONG_AGO, Mix, Turns
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Past, Series, Slot, StockItem, heirs
from steadycast.schedule.pins import by_name, means, normal
from steadycast.schedule.slots import asks_for, occasion_of, occurrence_of, wall_time
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
    app = _Planning(series, slots, stock, past, now=now, fill_within=fill_within)
    app.keep(assigned)
    app.pin()
    app.make_room()
    app.serve()
    return [app.given[slot.id] for slot in app.slots if slot.id in app.given]


def fits(series: Series, slot: Slot, item: StockItem) -> bool:
    """Whether a draft could go out in a slot, by form, series, channels, dates, and its event's start."""
    return suits(series, item) and in_time(item, slot.at) and near(item, slot.at, occurrence_of(series, slot))


class _Use(NamedTuple):
    """When and where a draft goes out or went out, and how long it rests there, should it be an evergreen."""

    at: dt.datetime
    place: str = ""
    cooldown: dt.timedelta = dt.timedelta()


class _Planning:
    """The plan while it is made. Slots are looked at in order of time, so turns and mix are those of that moment."""

    def __init__(
        self,
        series: Sequence[Series],
        slots: Sequence[Slot],
        stock: Sequence[StockItem],
        history: History,
        *,
        now: dt.datetime,
        fill_within: dt.timedelta,
    ) -> None:
        self.series = {each.name: each for each in series}
        self.slots = sorted(slots)
        self.by_id = {slot.id: slot for slot in self.slots}
        self.stock = {item.draft: item for item in stock}
        self.now, self.fill_until = now, now + fill_within
        self.past = history.slots
        self.announced_slots = {each.slot for each in history.announced}
        self.given: dict[str, Assignment] = {}
        self.pinned: set[str] = set()  # slots whose draft is there by a pin
        self.occasions: dict[str, str] = {}  # occasion -> the fresh draft that all its slots carry
        self.same = {slot.occasion: slot.occasion for slot in self.slots}  # an occasion -> what it is called now
        self.names = heirs(series)
        self.announced: set[str] = set()  # occasions of which a slot went out, or is claimed
        self.fillers: dict[str, str] = {}  # occasion -> the evergreen that fills its slots
        self.used: dict[str, str] = {}  # draft -> the occasion or slot that has it
        self.uses: dict[str, list[_Use]] = defaultdict(list)
        self.turns = Turns(history.turns)
        self.mixes = {each.name: Mix(each.mix) for each in series}
        self._remember(history)

    def _remember(self, history: History) -> None:
        """Take over what went out; of nothing that an occasion does not make another, one by one."""
        self.used |= history.last
        place = {each.slot: self._occasion(each.slot) for each in history.announced}
        told = set(place.values()) & history.slots
        for each in history.announced:
            occasion = place[each.slot]
            if history.last[each.draft] == each.slot:
                self.used[each.draft] = occasion
            self.occasions[occasion] = each.draft
            self.announced.add(occasion)
            if occasion not in told:
                told.add(occasion)
                if not each.nobodys:
                    self.turns.took(each.member, each.at)
        for name, mix in self.mixes.items():
            self._count(mix, self.series[name], history.of_series(name) if mix.asked else (), place)
        for item in self.stock.values():
            if item.evergreen:
                its = history.of_draft(item.draft)
                self.uses[item.draft] += [_Use(item.last_used)] if item.last_used else []
                self.uses[item.draft] += [
                    _Use(each.at, place.get(each.slot, each.slot), self._cooldown(each.series)) for each in its
                ]

    @staticmethod
    def _count(mix: Mix, series: Series, rows: Iterable[Past], place: Mapping[str, str]) -> None:
        """Count what went out, each by the mix that was in force then."""
        told, asked = set(), series.mix
        for each in rows if mix.asked else ():
            if series.mixes and (then := series.mix_then(each.at)) is not asked:
                mix.ask(asked := then)
            key = place.get(each.slot, each.slot)
            if key not in told:
                told.add(key)
                mix.took(each.origin)
        mix.ask(series.mix)

    def _occasion(self, slot_id: str) -> str:
        """The occasion that a slot announces, as it is called now: an edit of its hour, or a rename, makes no other."""
        told = occasion_of(slot_id)
        if told and told not in self.same:
            name, _, local = told.rpartition("@")
            series = self.series.get(self.names.get(name, name))
            moved = series is not None and not asks_for(series, wall_time(local))
            heirs = self._unannounced(series, local[:10]) if series and (moved or name != series.name) else []
            self.same[told] = next(iter(heirs), told)
        return self.same.get(told, told)

    def _unannounced(self, series: Series, day: str) -> list[str]:
        """The occasions of a local day of which nothing has gone out under the name that they have now."""
        there = {slot.occasion for slot in self.slots if slot.series == series.name}
        known = {*map(occasion_of, self.announced_slots), *(new for old, new in self.same.items() if old != new)}
        return sorted(each for each in there - known if each.rpartition("@")[2][:10] == day)

    # What stays.

    def keep(self, assigned: Sequence[Assignment]) -> None:
        """Take over what may stay of a former plan: fixed ones first, then in order of slots."""
        for each in assigned:
            if each.fixed:
                self._take(each.slot, each)
                self.announced.add(self._occasion(each.slot))
        known = [each for each in assigned if not each.fixed and each.slot in self.by_id]
        for each in sorted(known, key=lambda each: self.by_id[each.slot]):
            if each.slot not in self.given and self._stays(self.by_id[each.slot], each):
                self._take(each.slot, each)

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
            return item.slot is not None or self._rested(series, slot, item)
        if former.filled:
            return "shared" in series.fill and self._free(item, slot)
        return self._free(item, slot) and self.occasions.get(slot.occasion, item.draft) == item.draft

    def _free(self, item: StockItem, slot: Slot) -> bool:
        return self.used.get(item.draft, slot.place) == slot.place

    def _take(self, slot_id: str, assignment: Assignment) -> None:
        slot = self.by_id.get(slot_id)
        occasion = self._occasion(slot_id)
        if slot is not None:
            self.given[slot_id] = assignment
            self.uses[assignment.draft].append(self._use(slot))
        item = self.stock.get(assignment.draft)
        if item is None or not item.evergreen:
            self.used[assignment.draft] = occasion or slot_id
        if occasion:
            (self.fillers if assignment.filled else self.occasions)[occasion] = assignment.draft

    def _release(self, slot: Slot) -> None:
        """Take a slot's draft away from it, and from the other slots of its occasion: they share it."""
        for other in self._siblings(slot):
            former = self.given.get(other.id)
            if former and not former.fixed:
                del self.given[other.id]
                self.used.pop(former.draft, None)
                self.uses[former.draft].remove(self._use(other))
        if slot.occasion:
            self.occasions.pop(slot.occasion, None)
            self.fillers.pop(slot.occasion, None)

    def _siblings(self, slot: Slot) -> list[Slot]:
        return [each for each in self.slots if each.occasion == slot.occasion] if slot.occasion else [slot]

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
        if series is None or not self._opens(slot) or slot.id in self.pinned or (former and former.fixed):
            return False
        bound = self.occasions.get(slot.occasion) if slot.occasion else None
        if bound is not None and bound != item.draft and self._begun(slot):
            return False
        return fits(series, slot, item) and (item.evergreen or self._free(item, slot))

    def _begun(self, slot: Slot) -> bool:
        """Whether one of an occasion's slots has gone out, or is about to: its draft can no longer change."""
        return slot.occasion in self.announced or any(
            (given := self.given.get(each.id)) is not None and (given.fixed or not self._opens(each))
            for each in self._siblings(slot)
        )

    def _pin(self, slot: Slot, item: StockItem) -> None:
        former = self.given.get(slot.id)
        if former is None or former.draft != item.draft:
            if not slot.occasion or self.occasions.get(slot.occasion) != item.draft:
                self._release(slot)
            self._take(slot.id, Assignment(slot.id, item.draft, why="pin"))
        self.pinned.update(each.id for each in self._siblings(slot))

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
                self._release(patient[-1])
                self._take(patient[-1].id, Assignment(patient[-1].id, item.draft, why="expiry"))

    def _could_carry(self, slot: Slot, item: StockItem) -> bool:
        series, given = self.series.get(slot.series), self.given.get(slot.id)
        if series is None or slot.occasion or slot.id in self.pinned or not self._opens(slot):
            return False
        movable = given is None or (not given.fixed and (given.filled or given.draft in self.stock))
        return movable and fits(series, slot, item)

    # What is empty.

    def serve(self) -> None:
        """Give every empty slot what fits it best, in order of time."""
        pools, empty = dict[str, Pool](), self._empty()
        movable = self._movable()
        told = {self._occasion(each) for each in self.announced_slots}
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

    def _opens(self, slot: Slot) -> bool:
        return not slot.excused and slot.at >= self.now and slot.id not in self.past

    def _wants(self, slot: Slot) -> bool:
        """Whether something fresh may be given to a slot: it is empty, or has what came from reserve."""
        former = self.given.get(slot.id)
        return self._opens(slot) and (former is None or (former.filled and not former.fixed))

    def _empty(self) -> dict[str, list[dt.datetime]]:
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
            if slot.occasion or slot.id in self.pinned or not self._opens(slot):
                continue
            item = self.stock.get(given.draft) if given else None
            if given and not given.fixed and item and not item.reserve:
                found[slot.series].append(slot)
        return found

    def _serve(self, series: Series, slot: Slot, pool: Pool, movable: list[Slot]) -> None:
        shared = self.occasions.get(slot.occasion) if slot.occasion else None
        if shared is not None:
            item = self.stock.get(shared)
            chosen = (item, "occasion") if item and fits(series, slot, item) else None
        else:
            chosen = pool.best(slot, occurrence_of(series, slot)) or self._drawn(series, slot, movable)
        if chosen is not None:
            if former := self.given.pop(slot.id, None):
                self.uses[former.draft].remove(self._use(slot))
                left = (self.given.get(each.id) for each in self._siblings(slot))
                if not any(given and given.draft == former.draft for given in left):
                    self.used.pop(former.draft, None)  # what was shared is free for another slot
            self._take(slot.id, Assignment(slot.id, chosen[0].draft, why=chosen[1]))
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
        self._release(best[0])
        return best[1], "gap"

    def _fill(self, series: Series, slot: Slot) -> None:
        for rung in series.fill:
            if rung == "evergreen" and (item := self._evergreen(series, slot)):
                return self._take(slot.id, Assignment(slot.id, item.draft, filled=True, why="evergreen"))
            if rung == "shared" and (item := self._shared(series, slot)):
                return self._take(slot.id, Assignment(slot.id, item.draft, filled=True, why="shared"))
            if rung == "digest":
                return self._take(slot.id, Assignment(slot.id, _digest(slot), filled=True, why="digest"))
        return None

    def _evergreen(self, series: Series, slot: Slot) -> StockItem | None:
        """The reserve that has rested longest; for a further slot of an occasion, the one that filled the first."""
        reserve = (item for item in self.stock.values() if item.evergreen and item.slot is None)
        able = [item for item in reserve if fits(series, slot, item) and self._rested(series, slot, item)]
        same = self.fillers.get(slot.occasion) if slot.occasion else None
        return min(
            able,
            key=lambda item: (
                item.draft != same,
                max((use.at for use in self.uses[item.draft]), default=LONG_AGO),
                item.turn,
            ),
            default=None,
        )

    def _shared(self, series: Series, slot: Slot) -> StockItem | None:
        """What other communities share and has waited longest; for a further slot of an occasion the same again."""
        same = self.fillers.get(slot.occasion) if slot.occasion else None
        able = [
            item
            for item in self.stock.values()
            if item.circle
            and item.slot is None
            and not item.evergreen
            and fits(series, slot, item)
            and self._free(item, slot)
        ]
        return min(able, key=lambda item: (item.draft != same, -item.priority, item.turn), default=None)

    def _rested(self, series: Series, slot: Slot, item: StockItem) -> bool:
        """Whether an evergreen goes out nowhere else within the cooldown of either series, before or after."""
        return all(
            abs(slot.at - use.at) >= max(series.cooldown, use.cooldown) or use.place == slot.place
            for use in self.uses[item.draft]
        )

    def _use(self, slot: Slot) -> _Use:
        return _Use(slot.at, slot.place, self._cooldown(slot.series))

    def _cooldown(self, series: str) -> dt.timedelta:
        return self.series[series].cooldown if series in self.series else dt.timedelta()


def is_digest(slot: Slot, draft: str) -> bool:
    """Whether a plan has a digest for this slot: one that is not written yet has no id of its own."""
    return draft == _digest(slot)


def _digest(slot: Slot) -> str:
    return f"digest:{slot.series}:{slot.id}"
