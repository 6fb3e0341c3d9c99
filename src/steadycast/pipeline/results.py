"""What a verb did, for a table, for JSON and for a run's artifact: plain rows, no colours, no secrets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steadycast.errors import Problem
from steadycast.language import N_, current, ngettext
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow, State, page_in
from steadycast.pipeline.app import App

if TYPE_CHECKING:
    from steadycast.ledger.outcomes import Outcome
    from steadycast.pipeline.plan import Supply

Row = dict[str, Any]
CHANGES = {
    "new": N_("%(num)s new"),
    "edited": N_("%(num)s edited"),
    "renamed": N_("%(num)s renamed"),
    "gone": N_("%(num)s gone"),
}
SOME = 10  # drafts of an archive that are told one by one


def waiting_row(id: str, state: str, say: str, when: str = "", **more: str) -> Row:
    """What a person has to look at, in all that `status` shows of it."""
    empty = dict.fromkeys(("slot", "channel", "title", "message", "url"), "")
    return {"id": id, "state": state, "when": when, **empty, **more, "say": say}


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
        said = [*(("problem", p) for p in self.problems), *(("note", n) for n in self.noticed)]
        found = [
            *((t.kind, t.path, t.title, t.member, t.state, t.where) for t in self.taken),
            *((kind, p.where, str(p), "", kind, "") for kind, p in said),
            *(
                ("feed", f.url, _("%(new)s new, %(edited)s edited", new=f.new, edited=f.revised), f.member, f.said, "")
                for f in self.feeds
            ),
        ]
        return [dict(zip(("what", "path", "title", "by", "state", "where"), each, strict=True)) for each in found]

    def brief(self) -> Collected:
        """The same without each single draft of a large archive: its line in `problems` tells of all."""
        archive = {t.path for t in self.taken if t.state == "archive"}
        if len(archive) <= SOME:
            return self
        taken = tuple(t for t in self.taken if t.path not in archive)
        return replace(self, taken=taken, noticed=tuple(n for n in self.noticed if n.where not in archive))

    def summary(self) -> str:
        """One line: how many of what."""
        counts = Counter(t.kind for t in self.taken)
        words = _(", ").join(_(said, num=counts[kind]) for kind, said in CHANGES.items() if counts[kind])
        waiting = sum(t.state == "waiting" for t in self.taken)
        held, unread = sum(p.held for p in self.problems), sum(not p.held for p in self.problems)
        told = [
            words or _("no draft changed"),
            waiting and ngettext("%(num)s waits for approval", "%(num)s wait for approval", waiting),
            held and _("%(num)s held until a person decides: `steadycast status`", num=held),
            unread and _("%(num)s could not be taken in", num=unread),
        ]
        return _("; ").join(said for said in told if said)


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One coming slot and what it will carry."""

    slot: str
    when: str  # local wall time
    series: str
    draft: str = ""
    title: str = ""
    series_title: str = ""  # the series' name for people
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
    made_of: Supply | None = field(default=None, compare=False, repr=False)  # where it was made just now

    def rows(self) -> list[Row]:
        """One row a slot."""
        return [
            {
                "when": s.when, "series": s.series, "series_title": s.series_title, "title": s.title,
                "member": s.member, "origin": s.origin,
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
        slots = ngettext("%(num)s slot", "%(num)s slots", len(self.slots))
        said = N_("plan: %(slots)s in %(days)s")
        if self.gaps:
            said = N_("plan: %(slots)s in %(days)s, %(num)s without a draft; the first: %(series)s, %(when)s")
        elif self.slots:
            said = N_("plan: %(slots)s in %(days)s, each with a draft")
        first = self.gaps[0] if self.gaps else PlannedSlot("", "", "")
        days = ngettext("%(num)s day", "%(num)s days", self.days)
        return _(said, slots=slots, days=days, num=len(self.gaps), series=first.series_title, when=first.when)


FAILED = {"unknown", "refused", "missed"}


def _counted(outcomes: Iterable[Outcome]) -> str:
    counts = Counter(current().pgettext("table", each.state.value) for each in outcomes)
    return _(", ").join(_("%(count)s %(state)s", count=count, state=state) for state, count in counts.items())


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again on one channel."""

    channel: str
    posts: int
    folder: str
    problems: tuple[str, ...] = ()

    def line(self) -> str:
        """One line for people."""
        said = ngettext(
            "%(channel)s: %(num)s post made again in %(folder)s",
            "%(channel)s: %(num)s posts made again in %(folder)s",
            self.posts,
            channel=self.channel,
            folder=self.folder,
        )
        return _("; ").join((said, *self.problems))


@dataclass(frozen=True, slots=True)
class Published:
    """What went where."""

    sent: tuple[Outcome, ...] = ()
    table: tuple[Row, ...] = ()
    warning: str = ""  # what is suspected of the clock
    made: tuple[Rebuilt, ...] = ()  # what folders lacked, and was made again
    before: frozenset[int] = frozenset()  # of what is told, the deliveries that had gone out by then

    def rows(self) -> list[Row]:
        """One row a delivery."""
        return list(self.table)

    def summary(self) -> str:
        """One line: how many of what, and what had gone out before; "" where there is nothing."""
        now, before = _counted(s for s in self.sent if s.id not in self.before), self._before
        if not before:
            return now
        if now:
            others = ngettext(
                "%(num)s had gone out before, and was not sent again",
                "%(num)s had gone out before, and were not sent again",
                len(before),
            )
            return _("; ").join((now, others))
        words = N_("it had gone out before, and nothing was sent now: %(counts)s")
        if all(s.state == State.HANDED for s in before):
            words = N_("it lay ready before, and nothing was made now: %(counts)s")
        return _(words, counts=_counted(before))

    @property
    def _before(self) -> list[Outcome]:
        return [s for s in self.sent if s.id in self.before]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Deliveries that a person has to look at."""
        return tuple(s for s in self.sent if s.state in FAILED)

    @property
    def without_draft(self) -> tuple[Outcome, ...]:
        """Deliveries that were asked for, and could not be made: nothing is in their slot."""
        return tuple(s for s in self.sent if s.state == "planned" and not s.delivery.draft)


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


ToldRow = Callable[[Row], object]
SAID = {State.PLANNED: N_("no draft yet"), State.WITHDRAWN: N_("not sent: it was taken away")}


def as_they_stand(app: App, rows: Sequence[DeliveryRow]) -> list[Outcome]:
    """What has become of these by now; titles and receipts are read once for all of them."""
    from steadycast.ledger.delivery import Delivery
    from steadycast.ledger.outcomes import Outcome

    if not rows:
        return []
    titles = app.ledger.titles({row.draft for row in rows if row.draft})
    receipts = app.ledger.receipts_of([row.id for row in rows if row.id])
    found = []
    for row in rows:
        receipt = receipts.get(row.id or 0)
        delivery = Delivery(
            row.id or 0, row.slot, row.channel, row.series, row.at, dt.timedelta(seconds=row.late), row.marker,
            row.draft or "", titles.get(row.draft or "", ""), row.attempt, url=row.url,
        )  # fmt: skip
        said = row.message or _(SAID.get(State(row.state), ""))
        if row.state == State.WITHDRAWN:  # its address leads to nothing
            delivery, receipt = replace(delivery, url=""), None
        now = app.clock.now()
        found.append(
            Outcome(delivery, State(row.state), now, receipt, row.code, said, row.wake if row.attempt else None)
        )
    return found


class Telling:
    """The newest outcome of each delivery; `told` hears of each as a row when it comes."""

    def __init__(self, app: App, told: ToldRow | None) -> None:
        self._app = app
        self._told = told
        self._newest: dict[int, Outcome] = {}

    def __call__(self, outcome: Outcome) -> None:
        self._newest[outcome.id] = outcome
        if self._told:
            self._told(row_of(self._app, outcome))

    def all(self, outcomes: Iterable[Outcome]) -> None:
        """Several, one after another."""
        for outcome in outcomes:
            self(outcome)

    def unknown(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Those of deliveries of which nothing was told."""
        return [outcome for outcome in outcomes if outcome.id not in self._newest]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """In the order of their slots."""
        return tuple(sorted(self._newest.values(), key=lambda o: (o.delivery.at, o.delivery.slot, o.delivery.channel)))


def published(app: App, outcomes: Iterable[Outcome], **more: Any) -> Published:
    """The result of a verb."""
    sent = tuple(outcomes)
    return Published(sent, tuple(row_of(app, outcome) for outcome in sent), **more)


def row_of(app: App, outcome: Outcome) -> Row:
    """One outcome for a table, for JSON and for a run's artifact."""
    delivery, zone = outcome.delivery, app.workspace.community.zone
    page = page_in(outcome.receipt.detail, app.workspace.out / delivery.channel) if outcome.receipt else None
    said, file = outcome.message, str(page or "")
    if outcome.state == State.DUE and outcome.wake and outcome.wake > outcome.at:
        said = _(
            "%(said)s; tried again from %(time)s on",
            said=said or _("not sent"),
            time=format(outcome.wake.astimezone(zone), "%H:%M"),
        )
    return {
        "when": delivery.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), "series": delivery.series,
        "series_title": app.series_title(delivery.series),
        "title": delivery.title, "channel": delivery.channel, "state": outcome.state.value,
        "link": outcome.url or file or said, "file": file, "id": delivery.marker, "slot": delivery.slot,
        "message": said,
    }  # fmt: skip


def line_of(row: Row) -> str:
    """The same as one line of a log."""
    series = row["series_title"] or _("by hand")
    what = _("%(series)s on %(channel)s: %(title)s", series=series, channel=row["channel"], title=row["title"])
    return "  ".join(filter(None, (row["when"], f"{row['state']:<9}", what, row["link"])))
