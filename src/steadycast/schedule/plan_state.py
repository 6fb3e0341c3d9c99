"""What each slot has and where each draft goes out, while a plan is made."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from steadycast.schedule.fairness import LONG_AGO, Mix, Turns
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Past, Series, Slot, StockItem, heirs
from steadycast.schedule.slots import asks_for, occasion_of, wall_time


class _Use(NamedTuple):
    """When and where a draft goes out or went out, and how long it rests there, should it be an evergreen."""

    at: dt.datetime
    place: str = ""
    cooldown: dt.timedelta = dt.timedelta()


class PlanState:
    """What is given so far; it begins with what went out. Which draft a slot gets is the planner's to say."""

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
        place = {each.slot: self.occasion(each.slot) for each in history.announced}
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

    def occasion(self, slot_id: str) -> str:
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

    def opens(self, slot: Slot) -> bool:
        """Whether a slot may be given something new: it is owed, to come, and has not gone out."""
        return not slot.excused and slot.at >= self.now and slot.id not in self.past

    def is_free(self, item: StockItem, slot: Slot) -> bool:
        """Whether no other slot or occasion has a draft, or had it."""
        return self.used.get(item.draft, slot.place) == slot.place

    def take(self, assignment: Assignment) -> None:
        """Let a slot carry a draft; a slot that is not of this plan only uses it up."""
        slot, occasion = self.by_id.get(assignment.slot), self.occasion(assignment.slot)
        if slot is not None:
            self.given[slot.id] = assignment
            self.uses[assignment.draft].append(self._use(slot))
        item = self.stock.get(assignment.draft)
        if item is None or not item.evergreen:
            self.used[assignment.draft] = occasion or assignment.slot
        if occasion:
            (self.fillers if assignment.filled else self.occasions)[occasion] = assignment.draft

    def release(self, slot: Slot) -> None:
        """Take a slot's draft away from it, and from the other slots of its occasion: they share it."""
        for other in self.siblings(slot):
            former = self.given.get(other.id)
            if former and not former.fixed:
                del self.given[other.id]
                self.used.pop(former.draft, None)
                self.uses[former.draft].remove(self._use(other))
        self.occasions.pop(slot.occasion, None)
        self.fillers.pop(slot.occasion, None)

    def empty(self, slot: Slot) -> None:
        """Take what came from reserve out of this slot alone: it is free again, unless a sibling carries it."""
        if former := self.given.pop(slot.id, None):
            self.uses[former.draft].remove(self._use(slot))
            left = (self.given.get(each.id) for each in self.siblings(slot))
            if not any(given and given.draft == former.draft for given in left):
                self.used.pop(former.draft, None)

    def siblings(self, slot: Slot) -> list[Slot]:
        """The slots of its occasion, or the slot alone."""
        return [each for each in self.slots if each.occasion == slot.occasion] if slot.occasion else [slot]

    def last_use(self, draft: str) -> dt.datetime:
        """When an evergreen goes out last, or did."""
        return max((use.at for use in self.uses[draft]), default=LONG_AGO)

    def has_rested(self, series: Series, slot: Slot, item: StockItem) -> bool:
        """Whether an evergreen goes out nowhere else within the cooldown of either series, before or after."""
        return all(
            abs(slot.at - use.at) >= max(series.cooldown, use.cooldown) or use.place == slot.place
            for use in self.uses[item.draft]
        )

    def _use(self, slot: Slot) -> _Use:
        return _Use(slot.at, slot.place, self._cooldown(slot.series))

    def _cooldown(self, series: str) -> dt.timedelta:
        return self.series[series].cooldown if series in self.series else dt.timedelta()
