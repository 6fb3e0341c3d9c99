"""What a change of the settings does to the coming slots and drafts, told before it is done: pure, from two plans."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from steadycast.schedule.model import Assignment, Slot


@dataclass(frozen=True, slots=True, order=True)
class Served:
    """A slot of a plan that is owed, and the draft that it carries, or ""."""

    slot: Slot
    draft: str = ""


@dataclass(frozen=True, slots=True)
class SlotMove:
    """A slot before and after: one of them is None where it is new, or gone."""

    before: Served | None
    after: Served | None


@dataclass(frozen=True, slots=True)
class DraftMove:
    """A draft whose slot is another one after; None where no slot of that time carries it."""

    draft: str
    before: Slot | None
    after: Slot | None


@dataclass(frozen=True, slots=True)
class Effect:
    """All that differs between two plans, and what stays though the change would have touched it."""

    stays: tuple[Served, ...] = ()  # promised and begun: claimed, sent or overdue
    slots: tuple[SlotMove, ...] = ()
    drafts: tuple[DraftMove, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.slots or self.drafts)


def served(slots: Iterable[Slot], chosen: Iterable[Assignment]) -> list[Served]:
    """A plan's owed slots with what each carries; excused ones are owed nothing."""
    drafts = {each.slot: each.draft for each in chosen}
    return sorted(Served(slot, drafts.get(slot.id, "")) for slot in slots if not slot.excused)


def effect(before: Sequence[Served], after: Sequence[Served], begun: Collection[str], now: dt.datetime) -> Effect:
    """How the plan `after` differs from the plan `before`, in order of time.

    `begun` are ids of slots of which something was claimed or sent: those stay, whatever the new settings ask for, and
    so does what is overdue. A slot that went to another hour of its local day has moved.
    """
    new = {each.slot.id: each for each in after}
    kept = [each for each in before if each.slot.id in begun and each.slot.id not in new]
    new |= {each.slot.id: each for each in kept}
    old = {each.slot.id: each for each in before}
    stays = [each for each in before if each.slot.id in begun or each.slot.at < now]
    same = [SlotMove(old[id], new[id]) for id in old if id in new and old[id].slot.at != new[id].slot.at]
    gone = [each for id, each in old.items() if id not in new]
    fresh = [each for id, each in new.items() if id not in old]
    slots = sorted((*same, *_paired(gone, fresh)), key=_when)
    return Effect(tuple(stays), tuple(slots), tuple(_drafts(list(old.values()), list(new.values()))))


def _paired(gone: Iterable[Served], fresh: Iterable[Served]) -> list[SlotMove]:
    """Slots that went and slots that came, one with the other where they are of one series and one local day."""
    days: dict[tuple[str, dt.date], list[Served]] = defaultdict(list)
    for each in sorted(fresh, reverse=True):
        days[_day(each)].append(each)
    moves = [SlotMove(each, days[_day(each)].pop() if days[_day(each)] else None) for each in sorted(gone)]
    return [*moves, *(SlotMove(None, each) for left in days.values() for each in left)]


def _day(each: Served) -> tuple[str, dt.date]:
    return each.slot.series, each.slot.day


def _when(move: SlotMove) -> tuple[dt.datetime, str]:
    there = move.before or move.after
    assert there is not None  # one of the two is
    return there.slot.at, there.slot.id


def _drafts(before: Sequence[Served], after: Sequence[Served]) -> list[DraftMove]:
    """Each draft whose first slot is another one; one that an evergreen's rest or an occasion repeats is told once."""
    old, new = _first(before), _first(after)
    moved = [DraftMove(draft, old.get(draft), new.get(draft)) for draft in dict.fromkeys((*old, *new))]
    return [each for each in moved if (each.before and each.before.id) != (each.after and each.after.id)]


def _first(plan: Iterable[Served]) -> dict[str, Slot]:
    found: dict[str, Slot] = {}
    for each in sorted(plan):
        if each.draft:
            found.setdefault(each.draft, each.slot)
    return found
