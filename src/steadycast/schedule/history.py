"""What went out before, as planning asks of it: gone through once, for however many plans are made with it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter

from steadycast.schedule.model import Past
from steadycast.schedule.slots import occasion_of

BY_TIME = itemgetter(Past._fields.index("at"), Past._fields.index("slot"))


def in_time(past: Iterable[Past]) -> list[Past]:
    """What went out, in order of time."""
    return sorted(past, key=BY_TIME)


class History:
    """Every slot that went out, and what of it does not depend on the plan that is made.

    What an occasion's slots count for does: another hour may give it another name. They stand apart, in order of time.
    Of ten years a plan asks little: each thing is made of the rows when somebody asks for it first.
    """

    def __init__(self, past: Iterable[Past]) -> None:
        self.rows = in_time(past)

    @cached_property
    def last(self) -> Mapping[str, str]:
        """Draft -> the slot that it went out in last."""
        return {each.draft: each.slot for each in self.rows}

    @cached_property
    def slots(self) -> frozenset[str]:
        """The slots that went out."""
        return frozenset(each.slot for each in self.rows)

    @cached_property
    def announced(self) -> list[Past]:
        """The slots of occasions."""
        return [each for each in self.rows if not each.slot[-1:].isdigit() and occasion_of(each.slot)]

    @cached_property
    def turns(self) -> dict[str, tuple[dt.datetime, int]]:
        """Of each member, but for occasions: when the last was, and how many there were."""
        occasions = {each.slot for each in self.announced}
        its = [each for each in self._once if each.slot not in occasions and (each.member or not each.nobodys)]
        times = Counter(each.member for each in its)
        return {member: (at, times[member]) for member, at in {each.member: each.at for each in its}.items()}

    @cached_property
    def _once(self) -> Sequence[Past]:
        """One row a slot: a further one is of another draft, on other channels."""
        if len(self.slots) == len(self.rows):
            return self.rows
        found: dict[str, Past] = {}
        for each in self.rows:
            found.setdefault(each.slot, each)
        return [*found.values()]

    def of_series(self, name: str) -> list[Past]:
        """The slots of a series that went out, one row a slot."""
        return [each for each in self._once if each.series == name]

    @cached_property
    def _of_draft(self) -> Mapping[str, list[Past]]:
        found: dict[str, list[Past]] = defaultdict(list)
        for each in self.rows:
            found[each.draft].append(each)
        return found

    def of_draft(self, draft: str) -> Sequence[Past]:
        """The slots in which a draft went out."""
        return self._of_draft.get(draft, ())

    @cached_property
    def _last_past(self) -> Mapping[str, Past]:
        return {each.draft: each for each in self.rows}

    def last_past(self, draft: str) -> Past | None:
        """The last slot in which a draft went out; None where it never did."""
        return self._last_past.get(draft)
