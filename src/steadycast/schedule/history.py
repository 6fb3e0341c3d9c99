"""What went out before, as planning asks of it: gone through once, for however many plans are made with it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from steadycast.schedule.model import Past
from steadycast.schedule.slots import occasion_of


class History:
    """Every slot that went out, and what of it does not depend on the plan that is made.

    What an occasion's slots count for does: another hour may give it another name. They stand apart, in order of time.
    """

    def __init__(self, past: Iterable[Past]) -> None:
        self.rows = sorted(past, key=lambda each: (each.at, each.slot))
        self.of_draft: dict[str, list[Past]] = defaultdict(list)
        self.of_series: dict[str, list[Past]] = defaultdict(list)  # one row a slot
        self.announced: list[Past] = []
        self.turns: dict[str, tuple[dt.datetime, int]] = {}  # of each member, but for occasions: the last, how many
        self.slots: set[str] = set()
        self.last: dict[str, str] = {}  # draft -> the slot that it went out in last
        for each in self.rows:
            self.of_draft[each.draft].append(each)
            self.last[each.draft] = each.slot
            occasion = occasion_of(each.slot)
            if occasion:
                self.announced.append(each)
            if each.slot not in self.slots:  # else it is another draft, on other channels
                self.slots.add(each.slot)
                self.of_series[each.series].append(each)
                if not occasion and not each.nobodys:
                    self.turns[each.member] = each.at, self.turns.get(each.member, (each.at, 0))[1] + 1

    def last_past(self, draft: str) -> Past | None:
        """The last slot in which a draft went out; None where it never did."""
        return its[-1] if (its := self.of_draft.get(draft)) else None
