"""Where drafts stand: the slot that carries one, its turn in stock, or what it waits for. Reads, and writes nothing."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.ledger.stock_reads import OVERDUE
from steadycast.ledger.tables import DraftRow, SlotRow
from steadycast.pipeline.app import App
from steadycast.pipeline.past_pins import past_pin
from steadycast.pipeline.results import Collected
from steadycast.schedule.history import History
from steadycast.schedule.model import Series, Slot, StockItem
from steadycast.schedule.past_pins import PastPins
from steadycast.schedule.pins import day_of
from steadycast.schedule.slots import slots as slots_of
from steadycast.schedule.slots import wall_time
from steadycast.schedule.stock import suits

if TYPE_CHECKING:
    from steadycast.pipeline.plan import Supply

FURTHEST = dt.timedelta(days=366)  # a turn that is later than this is not told
NEVER = N_("in stock; no slot of the coming year is left for it: `steadycast check` may say why")
PAST = N_("pinned to the slot %(slot)s, which is past: name another, or take `slot` out of its front matter")
HELD_FOR = {
    "archive": N_("archive: `steadycast approve %(id)s` makes it stock, `steadycast backfill` puts it on record"),
    "hand-in": N_("a hand-in of a class that publishes none: `steadycast approve %(id)s` makes it stock"),
    "copy": N_("is a copy: `steadycast approve %(id)s` makes it a draft of its own"),
    "doubtful": N_("looks like one that went out: `steadycast approve %(id)s` makes it a draft of its own"),
}
UNAPPROVED = {"not-ready": N_("not ready: its front matter says so"), "rejected": N_("rejected"), "gone": ""}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one approved draft stands."""

    kind: str  # slot, turn (in stock), reserve, went, past (what it is pinned to), never
    series: str = ""
    at: dt.datetime | None = None  # by the community's clock


@dataclass(frozen=True, slots=True)
class WithoutSlot:
    """Approved drafts that no slot of a plan carries."""

    turns: tuple[tuple[str, int], ...] = ()  # of each series, how many have their turn after the plan
    days: int = 0  # a plan of so many days carries all of these
    reserve: int = 0  # evergreens, for slots that nothing fresh serves
    never: int = 0  # such that no slot of the coming year is left for
    past: int = 0  # pinned to a slot that is past

    def lines(self) -> list[str]:
        """What to say of them, a line each."""
        said = []
        if self.turns:
            counts = listed(_("%(num)s of %(series)s", num=n, series=series) for series, n in self.turns)
            said.append(
                _(
                    "in stock beyond it: %(counts)s; `steadycast plan --days %(days)s` shows their turns",
                    counts=counts,
                    days=self.days,
                )
            )
        if self.reserve:
            said.append(_("in reserve: %(num)s evergreen", num=self.reserve))
        if self.never:
            left = N_(
                "in stock besides: %(num)s; no slot of the coming year is left for them; `steadycast check` may say why"
            )
            said.append(_(left, num=self.never))
        if self.past:
            said.append(_("pinned to a slot that is past: %(num)s; `steadycast list` says which", num=self.past))
        return said


class DraftLocation:
    """Where each draft stands as things are now; how far stock reaches is computed once it is asked."""

    def __init__(self, app: App, now: dt.datetime, supply: Supply | None = None) -> None:
        """`supply` is what a plan was made of just now: then neither stock nor history is read again."""
        self.app, self.now, self._supply = app, now, supply
        self.past_pins = PastPins(now)
        self._went: dict[str, dt.datetime | None] = {}  # of the drafts that were asked for

    def placed(self, collected: Collected) -> Collected:
        """`collected` with each draft's whereabouts: to be asked once they have been planned with."""
        rows = self.app.ledger.drafts_of(change.draft for change in collected.taken) if collected.taken else {}
        self.look_up(rows)
        taken = (replace(t, where=self.of(rows[t.draft])) if t.draft in rows else t for t in collected.taken)
        return replace(collected, taken=tuple(taken))

    def look_up(self, drafts: Iterable[str]) -> None:
        """Asks when each of these went out, for all together: for who goes on to ask of one after another."""
        unknown = [id for id in drafts if id not in self._went]
        self._went |= dict.fromkeys(unknown) | self.app.ledger.last_used(unknown) if unknown else {}

    def _out(self, draft: str) -> dt.datetime | None:
        """When a draft went out last; None where it never did."""
        self.look_up([draft])
        return self._went[draft]

    def of(self, row: DraftRow) -> str:
        """One draft's whereabouts in words; "" of one that is gone."""
        if row.state == "waiting":
            before = _("; as approved before: %(place)s", place=self._approved(row)) if row.approved_revision else ""
            return _("waits for approval: `steadycast approve %(id)s`%(before)s", id=row.id, before=before)
        if circle := row.plan.get("circle"):
            return _("for the circle %(name)s: its leader decides", name=circle)
        if row.state in HELD_FOR:
            return _(HELD_FOR[row.state], id=row.id)
        return _(UNAPPROVED[row.state]) if row.state in UNAPPROVED else self._approved(row)

    def _approved(self, row: DraftRow) -> str:
        found = self.place(row)
        at = f"{found.at:%Y-%m-%d %H:%M}" if found.at else ""
        said = {
            "slot": f"{self.app.series_title(found.series)} {at}",
            "reserve": _("in reserve: goes out where nothing fresh does"),
            "went": _("had its slot %(at)s", at=at),
            "past": _(PAST, slot=row.plan.get("slot")),
            "turn": _(
                "in stock of %(series)s, its turn about %(at)s", series=self.app.series_title(found.series), at=at
            ),
        }
        return said.get(found.kind, "") or _(NEVER)

    def place(self, row: DraftRow) -> Place:
        """Where an approved draft stands, for whoever says it in other words."""
        out = self._out(row.id)
        if slot := self._coming.get(row.id) or (None if out else self._overdue.get(row.id)):
            return Place("slot", slot.series, wall_time(slot.local))
        evergreen = bool(row.plan.get("evergreen"))
        if (evergreen or not out) and past_pin(self.app, row, self.past_pins):
            return Place("past")  # an evergreen too: what is pinned fills no other slot
        if evergreen or (row.circle and not out):
            return Place("reserve")
        if out:
            return Place("went", at=out.astimezone(self.app.workspace.community.zone))
        turn = self._turns.get(row.id)
        return Place("turn", turn.series, turn.local) if turn else Place("never")

    def beyond(self, horizon: dt.timedelta) -> WithoutSlot:
        """What is in stock beyond a plan that has just been made of so much time."""
        carried = {row.draft for row in self._slots if row.at < self.now + horizon}
        carried |= self.app.ledger.unlisted_drafts()  # each made for one slot
        left = [item for item in self._stock.values() if item.draft not in carried]
        fresh = [item for item in left if not item.reserve and not self._out(item.draft)]
        turns = [self._turns[item.draft] for item in fresh if item.draft in self._turns] if fresh else []
        past = sum(map(self._is_past, fresh))
        resting = sum(item.evergreen and self._is_past(item) for item in left)
        counts = Counter(slot.series for slot in turns)
        last = max((slot.at for slot in turns), default=self.now)
        return WithoutSlot(
            tuple((self.app.series_title(name), counts[name]) for name in self.app.workspace.series if counts[name]),
            (last - self.now).days + 1,
            sum(item.evergreen for item in left) - resting,
            len(fresh) - len(turns) - past,
            past + resting,
        )

    def _is_past(self, item: StockItem) -> bool:
        promises = (each for each in self._series() if suits(each, item))
        return bool(item.slot) and self.past_pins.has(item.slot or "", promises)

    @cached_property
    def _stock(self) -> dict[str, StockItem]:
        from steadycast.pipeline.stock import stock_left

        carried = {row.draft for row in self._slots if row.draft}
        known = self._supply
        if known and carried.difference(known.history.last) <= {item.draft for item in known.stock}:
            stock: Sequence[StockItem] = known.stock  # else the plan has made some, as digests
        else:
            stock = stock_left(self.app, self._lately, carried)
        self.look_up(item.draft for item in stock)
        return {item.draft: item for item in stock}

    @cached_property
    def _lately(self) -> History:
        from steadycast.report.outlook import MEMORY, out_since

        since = self.now - MEMORY
        return History(out_since(self._supply.history.rows, since) if self._supply else self.app.ledger.used(since))

    @cached_property
    def _slots(self) -> list[SlotRow]:
        return self.app.ledger.slots_between(self.now - OVERDUE, self.now + FURTHEST)

    @cached_property
    def _coming(self) -> dict[str, SlotRow]:
        """The next slot of each draft that the ledger's plan carries."""
        return {row.draft: row for row in reversed(self._slots) if row.draft and row.at >= self.now}

    @cached_property
    def _overdue(self) -> dict[str, SlotRow]:
        return {row.draft: row for row in self._slots if row.draft and row.at < self.now}

    @cached_property
    def _served(self) -> set[str]:
        """The coming slots whose draft went out, as of one that was published ahead of its hour."""
        self.look_up(row.draft for row in self._coming.values() if row.draft)
        return {row.id for row in self._coming.values() if row.draft and self._out(row.draft)}

    @cached_property
    def _turns(self) -> dict[str, Slot]:
        """The first slot that would carry each draft if nothing more came in."""
        from steadycast.report.outlook import ahead

        stock = list(self._stock.values())
        outlook = ahead(self.app.ledger, self.app.workspace, stock, self.now, self._reach(stock), self._lately)
        found: dict[str, Slot] = {}
        for slot in outlook.slots:
            if given := outlook.carried.get(slot.id):
                found.setdefault(given.draft, slot)
        return found

    def _reach(self, stock: Iterable[StockItem]) -> dt.datetime:
        """The instant by which every draft has had its turn where it can have one, and no later: to look costs time."""
        fresh = [item for item in stock if not item.reserve and not self._out(item.draft)]
        ends = [self._end(series, [i for i in fresh if suits(series, i)]) for series in self._series()]
        return max(ends, default=self.now) + dt.timedelta(seconds=1)

    def _series(self) -> Iterable[Series]:
        return self.app.workspace.series.values()

    def _end(self, series: Series, items: list[StockItem]) -> dt.datetime:
        """The slot of a series that is as many slots ahead as it has drafts, counted from when the last may go out."""
        if not items:
            return self.now
        opens = max(self._opens(item) for item in items)
        coming = (s for s in slots_of(series, self.now, self.now + FURTHEST) if not s.excused and s.at >= opens)
        open_ = [s.at for s in coming if s.id not in self._served]
        return (open_[: len(items) + 1] or [self.now + FURTHEST])[-1]

    def _opens(self, item: StockItem) -> dt.datetime:
        """When a draft may go out at the latest guess: its first day, its event's start, the day after its pin's."""
        found = [self.now, *(at for at in (item.not_before, item.event_start) if at)]
        if day := day_of(item.slot or ""):
            found.append(dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(days=2))
        return max(found)
