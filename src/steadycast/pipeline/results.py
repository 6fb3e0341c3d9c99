"""What a verb did, for a table, for JSON and for a run's artifact: plain rows, no colours, no secrets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from steadycast.errors import Problem
from steadycast.ledger.outcomes import Outcome

Row = dict[str, Any]
SOME = 10  # drafts of an archive that are told one by one


def many(number: int, what: str) -> str:
    """`1 slot`, `2 slots`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@dataclass(frozen=True, slots=True)
class DraftChange:
    """One draft that intake found changed."""

    kind: str  # new, edited, renamed, gone
    draft: str  # its id
    path: str
    title: str
    origin: str
    member: str
    form: str
    state: str  # waiting, approved, rejected, not-ready, gone
    where: str = ""  # once planned: its slot, its turn in stock, or what it waits for


@dataclass(frozen=True, slots=True)
class FeedLooked:
    """How one look at a member's feed went."""

    member: str
    url: str
    new: int = 0
    revised: int = 0
    said: str = ""  # not modified, gone, baseline, or the error


@dataclass(frozen=True, slots=True)
class Collected:
    """What intake found."""

    taken: tuple[DraftChange, ...] = ()
    problems: tuple[Problem, ...] = ()  # all that stand now, not only new ones
    feeds: tuple[FeedLooked, ...] = ()
    fresh: tuple[Problem, ...] = ()  # of the problems, those that no look before this one found
    fixed: tuple[str, ...] = ()  # paths that had a problem and have none any more
    noticed: tuple[Problem, ...] = ()  # of drafts that were taken: told once

    def rows(self) -> list[Row]:
        """One row a change, a problem or a feed."""
        return [
            *(
                {
                    "what": t.kind, "path": t.path, "title": t.title, "by": t.member, "state": t.state,
                    "where": t.where,
                }
                for t in self.taken
            ),
            *(
                {"what": "problem", "path": p.where, "title": str(p), "by": "", "state": "problem", "where": ""}
                for p in self.problems
            ),
            *(
                {"what": "note", "path": p.where, "title": str(p), "by": "", "state": "note", "where": ""}
                for p in self.noticed
            ),
            *(
                {
                    "what": "feed",
                    "path": f.url,
                    "title": f"{f.new} new, {f.revised} edited",
                    "by": f.member,
                    "state": f.said,
                    "where": "",
                }
                for f in self.feeds
            ),
        ]  # fmt: skip

    def brief(self) -> Collected:
        """The same without each single draft of a large archive: its line in `problems` tells of all."""
        archive = {t.path for t in self.taken if t.state == "archive"}
        if len(archive) <= SOME:
            return self
        taken = tuple(t for t in self.taken if t.path not in archive)
        return replace(self, taken=taken, noticed=tuple(n for n in self.noticed if n.where not in archive))

    def summary(self) -> str:
        """One line: how many of what."""
        counts = [f"{sum(t.kind == k for t in self.taken)} {k}" for k in ("new", "edited", "renamed", "gone")]
        words = ", ".join(c for c in counts if not c.startswith("0 ")) or "no draft changed"
        waiting = sum(t.state == "waiting" for t in self.taken)
        words += f"; {waiting} wait{'s' if waiting == 1 else ''} for approval" if waiting else ""
        held, unread = sum(p.held for p in self.problems), sum(not p.held for p in self.problems)
        words += f"; {held} held until a person decides: `steadycast status`" if held else ""
        return words + (f"; {unread} could not be taken in" if unread else "")


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One coming slot and what it will carry."""

    slot: str
    when: str  # local wall time
    series: str
    draft: str = ""
    title: str = ""
    member: str = ""
    origin: str = ""
    state: str = "gap"  # planned, filled, excused, gap, or the delivery's state once it has begun
    why: str = ""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan for the coming days."""

    slots: tuple[PlannedSlot, ...] = ()
    days: int = 14
    warning: str = ""  # slots that came up and no tick has looked at yet

    def rows(self) -> list[Row]:
        """One row a slot."""
        return [
            {
                "when": s.when, "series": s.series, "title": s.title, "member": s.member, "origin": s.origin,
                "state": s.state, "why": s.why, "id": s.slot, "channels": " ".join(s.channels), "draft": s.draft,
            }
            for s in self.slots
        ]  # fmt: skip

    @property
    def gaps(self) -> tuple[PlannedSlot, ...]:
        """Slots that nothing fills."""
        return tuple(s for s in self.slots if s.state == "gap")

    def summary(self) -> str:
        """One line: slots, gaps, the first gap."""
        words = f"plan: {many(len(self.slots), 'slot')} in {many(self.days, 'day')}"
        if self.gaps:
            return f"{words}, {len(self.gaps)} without a draft, the first {self.gaps[0].series} at {self.gaps[0].when}"
        return f"{words}, each with a draft" if self.slots else words


FAILED = {"unknown", "refused", "missed"}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again on one channel."""

    channel: str
    posts: int
    folder: str
    problems: tuple[str, ...] = ()

    def line(self) -> str:
        """One line for people."""
        return "; ".join((f"{self.channel}: {many(self.posts, 'post')} made again in {self.folder}", *self.problems))


@dataclass(frozen=True, slots=True)
class Published:
    """What went where."""

    sent: tuple[Outcome, ...] = ()
    table: tuple[Row, ...] = ()
    warning: str = ""  # what is suspected of the clock
    made: tuple[Rebuilt, ...] = ()  # what folders lacked, and was made again

    def rows(self) -> list[Row]:
        """One row a delivery."""
        return list(self.table)

    def summary(self) -> str:
        """One line: how many of what; "" where there is nothing."""
        return ", ".join(f"{count} {state}" for state, count in Counter(s.state.value for s in self.sent).items())

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Deliveries that a person has to look at."""
        return tuple(s for s in self.sent if s.state in FAILED)

    @property
    def without_draft(self) -> tuple[Outcome, ...]:
        """Deliveries that were asked for, and could not be made: nothing is in their slot."""
        return tuple(s for s in self.sent if s.state == "planned")


@dataclass(frozen=True, slots=True)
class ReportMade:
    """The report as written, and its numbers by series."""

    page: Path
    series: tuple[Row, ...] = ()
    data: Row = field(default_factory=dict)
    since: dt.date | None = None  # the first day that the rows count; None: nothing is on record yet

    def rows(self) -> list[Row]:
        """One row a series."""
        return list(self.series)
