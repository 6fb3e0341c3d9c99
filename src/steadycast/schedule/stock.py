"""The fresh drafts that one series could use, and which of them is best for its next empty slot."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from heapq import heappop, heappush, heapreplace
from types import MappingProxyType

from steadycast.schedule.fairness import LONG_AGO, Mix, Turns
from steadycast.schedule.model import Form, Origin, Series, Slot, StockItem

EVENT_WITHIN = dt.timedelta(days=3)  # an event's draft serves an occasion at most this far from its own start
Turn = tuple[dt.datetime, str, str]
IN_HAND = 1  # slots: a draft about to expire goes out one slot early, in case the last one is missed


class StockLeft(list[StockItem]):
    """The stock without drafts that went out long ago, and that ask for nothing: they are numbers."""

    def __init__(
        self,
        items: Iterable[StockItem] = (),
        came: Mapping[Form, Sequence[dt.datetime]] = MappingProxyType({}),
        began: dt.datetime | None = None,
    ) -> None:
        super().__init__(items)
        self.came = came  # when the others came: they suit each series that takes their form
        self.began = began  # when the first of all came


def suits(series: Series, item: StockItem) -> bool:
    """Whether a draft could serve some slot of a series: by form, series and channels."""
    return (
        item.form in series.forms
        and series.meant_by(item.series)
        and not (series.channels and item.skip_channels.issuperset(series.channels))
    )


def in_time(item: StockItem, at: dt.datetime) -> bool:
    """Whether a draft may go out at an instant."""
    return (item.not_before is None or item.not_before <= at) and (item.expires is None or at < item.expires)


def near(item: StockItem, at: dt.datetime, occurrence: dt.datetime) -> bool:
    """Whether an event's draft, sent at `at`, announces what happens at `occurrence`; any other draft may."""
    start = item.event_start
    return start is None or item.form is not Form.EVENT or (at < start and abs(start - occurrence) <= EVENT_WITHIN)


class Pool:
    """What one series could publish. Asked for slot after slot in order of time; `used` says what is gone.

    No step looks at every draft: those that are not ready wait in order of `not_before`, the ready ones stand in
    queues by priority and origin, each a heap of members by turn.
    """

    def __init__(
        self,
        series: Series,
        stock: Iterable[StockItem],
        empty: Sequence[dt.datetime],
        *,
        used: Container[str],
        turns: Turns,
        mix: Mix,
    ) -> None:
        allowed = mix.order()
        items = [
            item
            for item in stock
            if item.draft not in used and suits(series, item) and (not allowed or item.origin in allowed)
        ]
        plain = [item for item in items if item.form is not Form.EVENT or item.event_start is None]
        self._events = sorted(
            ((item.event_start, item.draft, item) for item in items if item.form is Form.EVENT and item.event_start),
            key=lambda event: event[:2],
        )
        self._waiting = sorted(plain, key=lambda item: (item.not_before or LONG_AGO, item.turn))[::-1]
        self._expiring = sorted((item for item in plain if item.expires), key=lambda item: (item.expires, item.turn))
        self._empty = sorted(empty)
        self._last = {item.draft: bisect_left(self._empty, item.expires) for item in self._expiring if item.expires}
        self._calm_until = 0  # index of the empty slot before which nothing can have come close to expiring
        self._priorities: list[int] = []  # negated: the highest first
        self._queues: dict[int, dict[Origin | None, _Queue]] = {}
        self._used, self._turns, self._mix = used, turns, mix

    def best(self, slot: Slot, occurrence: dt.datetime) -> tuple[StockItem, str] | None:
        """The draft for an empty slot, and the one word why; None when nothing fresh fits."""
        if event := self._event(slot.at, occurrence):
            return event, "expiry"
        self._make_ready(slot.at)
        if urgent := self._urgent(slot.at):
            return urgent, "expiry"
        return self._fairest(slot.at)

    def _event(self, at: dt.datetime, occurrence: dt.datetime) -> StockItem | None:
        """The event nearest to the occurrence: it has no other occasion, so it comes before anything else."""
        low = bisect_left(self._events, occurrence - EVENT_WITHIN, key=lambda event: event[0])
        high = bisect_right(self._events, occurrence + EVENT_WITHIN, key=lambda event: event[0])
        able = [
            item
            for _, draft, item in self._events[low:high]
            if draft not in self._used and in_time(item, at) and near(item, at, occurrence)
        ]
        order = self._mix.order()
        return min(
            able,
            key=lambda item: (
                -item.priority,
                abs((item.event_start or at) - occurrence),
                order.index(item.origin) if order else 0,
                self._turns.of(item.member),
                item.turn,
            ),
            default=None,
        )

    def _make_ready(self, at: dt.datetime) -> None:
        while self._waiting and (self._waiting[-1].not_before or LONG_AGO) <= at:
            item = self._waiting.pop()
            level = -item.priority
            if level not in self._queues:
                insort(self._priorities, level)
                self._queues[level] = defaultdict(lambda: _Queue(self._used, self._turns))
            self._queues[level][item.origin if self._mix.asked else None].push(item)

    def _urgent(self, at: dt.datetime) -> StockItem | None:
        """The soonest to expire, once the drafts expiring by some date need every slot there is before it."""
        index = bisect_left(self._empty, at)
        if index < self._calm_until:
            return None
        self._expiring = [
            item for item in self._expiring if item.expires and item.expires > at and item.draft not in self._used
        ]
        spare = len(self._empty)
        for rank, item in enumerate(self._expiring, 1):
            left = self._last[item.draft] - index - rank - IN_HAND
            spare = min(spare, left)
            if left <= 0 and (able := next((each for each in self._expiring[:rank] if in_time(each, at)), None)):
                return able  # one that waits for its own hour keeps no other from this slot
        self._calm_until = index + spare  # each slot that passes costs at most one of the spare ones
        return None

    def _fairest(self, at: dt.datetime) -> tuple[StockItem, str] | None:
        order: tuple[Origin | None, ...] = self._mix.order() or (None,)
        for position, level in enumerate(self._priorities):
            for origin in order:
                queue = self._queues[level].get(origin)
                if queue and (item := queue.best(at)):
                    lower = position + 1 < len(self._priorities)
                    return item, "priority" if lower else "mix" if self._mix.asked else "fair"
        return None


class _Queue:
    """Drafts of one priority and origin: the member whose turn it is, and of theirs the one that waited longest."""

    def __init__(self, used: Container[str], turns: Turns) -> None:
        self._used, self._turns = used, turns
        self._drafts: dict[str, list[tuple[Turn, StockItem]]] = defaultdict(list)
        self._members: list[tuple[tuple[dt.datetime, int], Turn, str]] = []

    def push(self, item: StockItem) -> None:
        drafts = self._drafts[item.member]
        heappush(drafts, (item.turn, item))
        if drafts[0][1].draft == item.draft:
            heappush(self._members, (self._turns.of(item.member), item.turn, item.member))

    def best(self, at: dt.datetime) -> StockItem | None:
        """The next draft; it stays until it is used or has expired."""
        while self._members:
            first = self._members[0]
            member = first[2]
            drafts = self._drafts[member]
            while drafts and (drafts[0][1].draft in self._used or not in_time(drafts[0][1], at)):
                heappop(drafts)
            if not drafts:
                heappop(self._members)
                continue
            # Turns only grow: an entry that is out of date stands too far ahead, never too far behind.
            current = (self._turns.of(member), drafts[0][0], member)
            if current == first:
                return drafts[0][1]
            heapreplace(self._members, current)
        return None
