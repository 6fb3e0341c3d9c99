"""The record of a workspace, read from its ledger: everything the page shows, at one instant."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from steadycast import hints
from steadycast.ledger import record
from steadycast.ledger.intake import ShownDraft
from steadycast.ledger.mix_steps import in_force
from steadycast.ledger.record import Share
from steadycast.ledger.record_changes import Said
from steadycast.ledger.store import Ledger, State
from steadycast.ledger.tables import DONE, DeliveryRow, page_in
from steadycast.receipt import Receipt
from steadycast.report import model as m
from steadycast.report.closed_weeks import Year
from steadycast.report.kept_rows import KeptRows
from steadycast.report.outlook import Foresight, Outlook, ahead
from steadycast.report.streaks import Streaks, in_units, streaks
from steadycast.report.week import CellName, Marks, add
from steadycast.report.weeks import Weeks
from steadycast.schedule.cadence import parse
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.forecast import Forecast
from steadycast.schedule.model import Past, Series, Slot, StockItem, Verdict
from steadycast.schedule.runway import pressing
from steadycast.schedule.slots import slots
from steadycast.workspace import Workspace
from steadycast.workspace.paths import preview_name
from steadycast.workspace.settings import BY_HAND

Titles = Callable[[str], str]
KINDS = {State.UNKNOWN: "unknown", State.REFUSED: "refused", State.HANDED: "kit"}


def gather(  # noqa: PLR0917 what is kept besides
    ledger: Ledger,
    workspace: Workspace,
    now: dt.datetime,
    stock: Sequence[StockItem],
    titles: Titles = str,
    members: Titles | None = None,
    kept: Kept | None = None,
) -> m.Report:
    """The report of this community at `now`; `stock` is every approved draft, as the planner is given it. `titles` says
    how a channel is called for people, and `members` how a member is; as steadycast.toml has it where nobody says.

    Counting is the database's work: what is read grows with days, channels and people, not with deliveries, but for
    one pass of raw tuples over the record's covering index that streaks need; not even that with what is `kept`.
    """
    at = now.astimezone(workspace.community.zone)
    return _Gathering(ledger, workspace, at, stock, titles, members or workspace.member_title, kept).report()


@dataclass(frozen=True)
class Kept:
    """What is kept from one report to the next, so that only what has changed is counted and planned."""

    weeks: Weeks  # as of this report's now
    foresight: Foresight
    history: Sequence[Past]  # the drafts that went out, in order of time
    waiting: dict[ShownDraft, m.Waiting] = field(default_factory=dict)  # by these settings
    rows: KeptRows = field(default_factory=KeptRows)
    said: Said | None = None  # by the ledger, before anything was read
    happened: Hashable = ()  # another one after each change of the record, where there is such a word


def gather_by_series(  # noqa: PLR0917 what is kept besides
    ledger: Ledger,
    workspace: Workspace,
    now: dt.datetime,
    stock: Sequence[StockItem],
    titles: Titles = str,
    members: Titles | None = None,
    kept: Kept | None = None,
) -> tuple[m.Report, tuple[m.SeriesYear, ...]]:
    """The report, and the year by series with the channels of each; what both need is read once."""
    at = now.astimezone(workspace.community.zone)
    gathering = _Gathering(ledger, workspace, at, stock, titles, members or workspace.member_title, kept)
    return gathering.report(), gathering.years()


@dataclass
class _Gathering:
    ledger: Ledger
    workspace: Workspace
    now: dt.datetime  # in the community's zone
    stock: Sequence[StockItem]
    titles: Titles
    members: Titles
    kept: Kept | None = None
    left_out: dict[str, Sequence[dt.date]] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)  # channels, for people
    served: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the channels of each series, for people
    further: dict[frozenset[str], Marks] = field(default_factory=dict)  # by series, all together

    def report(self) -> m.Report:
        community = self.workspace.community
        counts = self._verdicts(self.cells)
        return m.Report(
            community=community.name,
            zone=str(community.zone),
            language=community.language,
            url=community.url,
            at=self.now,
            first=self.span[0],
            last=self.span[1],
            counts=counts,
            on_time=m.on_time(counts),
            ahead=self._ahead(self.cells),
            streak=self.streaks.community,
            channels=tuple(self._channel(name) for name in self.workspace.channels),
            series=tuple(self._series(series) for series in self.workspace.series.values()),
            plan=tuple(self._entry(slot) for slot in self.outlook.slots),
            lately=tuple(self._lately()),
            contributors=self._contributors(),
            waiting=(*self._deliveries(), *self._gaps(), *self._drafts()),
            problems=self._problems(),
            alarms=tuple(m.OpenAlarm(a.kind, a.text, self._local(a.opened)) for a in self.ledger.alarms()),
        )

    # -- what is read, once

    @cached_property
    def rows(self) -> KeptRows:
        return self.kept.rows if self.kept else KeptRows()

    @cached_property
    def span(self) -> tuple[dt.date, dt.date]:
        return m.span(self.now.date())

    @cached_property
    def in_force(self) -> Mapping[str, Series]:
        """The series with the mix that is in force, and those that were."""
        return in_force(self.ledger, self.workspace.series)

    @cached_property
    def until(self) -> dt.datetime:
        return midnight(self.span[1] + DAY, self.workspace.community.zone)

    @cached_property
    def year(self) -> Year:
        if self.kept:
            return Year(self.kept.weeks.open_days(), self.kept.weeks.over(self.span[0]))
        zone = self.workspace.community.zone
        return Year(record.day_counts(self.ledger, self.workspace.channels, zone, self.span, self.now))

    @cached_property
    def cells(self) -> list[CellName]:
        """Each series on each channel that steadycast.toml has."""
        return [(series, channel) for series, channel in self.year.cells if channel in self.workspace.channels]

    @cached_property
    def shares(self) -> list[Share]:
        if self.kept:
            return self.kept.weeks.shares(self.span[0])
        # To the last day shown, not to now: what was published before its hour has gone out as well.
        return record.shares(self.ledger, midnight(self.span[0], self.workspace.community.zone), self.until)

    @cached_property
    def drafts(self) -> Mapping[str, ShownDraft]:
        """The drafts that are shown by name: what the coming slots carry, and what went out lately."""
        carried = {given.draft for given in self.outlook.carried.values()}
        shown = carried | {rows[0].draft for rows in self.sent.values() if rows[0].draft}
        return self.rows.shown_drafts(self.ledger, shown, self.kept.said if self.kept else None)

    @cached_property
    def sent(self) -> dict[str, list[DeliveryRow]]:
        """The last slots that went out, by when they did, with their deliveries."""
        return self.rows.sent(self.ledger, self.now, self.kept.happened if self.kept else ())

    @cached_property
    def streaks(self) -> Streaks:
        if self.kept:
            return in_units(*self.kept.weeks.streaks())
        ended = (slot for slot in record.slot_verdicts(self.ledger, self.now) if slot.series != BY_HAND)
        rows = self.ledger.record(before=self.now)
        return streaks(rows, ended, self.workspace.community.zone)

    @cached_property
    def outlook(self) -> Outlook:
        known = (self.ledger, self.workspace, self.stock, self.now, self.until)
        return self.kept.foresight.ahead(*known, self.kept.history) if self.kept else ahead(*known)

    # -- channels and series

    def _channel(self, name: str) -> m.ChannelRecord:
        settings = self.workspace.channels[name]
        cells = [cell for cell in self.cells if cell[1] == name]
        served = {series.name for series in self.workspace.series.values() if name in series.channels}
        counts = self._verdicts(cells)
        return m.ChannelRecord(
            name=name,
            title=self.title(name),
            platform=settings.platform,
            squares=self._squares_of(cells, served, paused=settings.paused),
            counts=counts,
            on_time=m.on_time(counts),
            streak=self.streaks.channels.get(name, m.Streak()),
            runway=self.outlook.runway(served),
        )

    def years(self) -> tuple[m.SeriesYear, ...]:
        """The year by series, as steadycast.toml has them."""
        return tuple(self._year(series) for series in self.workspace.series.values())

    def _year(self, series: Series) -> m.SeriesYear:
        channels, cells = [], [(series.name, name) for name in series.channels if name in self.workspace.channels]
        alike: list[tuple[Marks, int]] = []  # most channels of a series have the same days: they are added up once
        for cell in cells:
            name, closed = cell[1], self.year.squares([cell])
            marks = self._marks([cell], (series.name,), closed, paused=self.workspace.channels[name].paused)
            same = alike.pop()[1] if alike and alike[-1][0] == marks else 0
            alike.append((marks, same + 1))
            counts = self._verdicts([cell])
            channels.append(
                m.ChannelYear(name, self.title(name), self.year.joined([cell], marks), counts, m.on_time(counts))
            )
        whole: Marks = {}
        for marks, times in alike:
            for date, its in marks.items():
                add(whole, date, its, times)
        return m.SeriesYear(series.name, self.year.joined(cells, whole), tuple(channels))

    def _squares_of(
        self, cells: Collection[CellName], series: Collection[str], *, paused: bool = False
    ) -> tuple[m.Square, ...]:
        marks = self._marks(cells, series, self.year.squares(cells), paused=paused)
        return self.year.joined(cells, marks)

    def _marks(
        self, cells: Iterable[CellName], series: Collection[str], closed: Iterable[m.Square], *, paused: bool
    ) -> Marks:
        """How many of each mark a date has that is not `closed`: what the ledger counted, what is planned beyond it
        (not on a `paused` channel), and what these series leave out.
        """
        further = {} if paused else self._further_of(frozenset(series))
        found, counted = {**further}, set[dt.date]()
        for day in self.year.days(cells):
            if day.date not in counted:  # what is planned further is other channels' as well
                found[day.date] = {**further.get(day.date, {})}
                counted.add(day.date)
            add(found, day.date, {day.mark: day.deliveries})
        if off := {date for name in series for date in self._left_out(name)}:
            for date in off.difference(found, (square.date for square in closed)):
                found[date] = {"excused": 1}
        return found

    def _further_of(self, series: frozenset[str]) -> Marks:
        """What is planned for these series beyond the ledger's slots."""
        if series not in self.further:
            found: Marks = {}
            for slot in self.outlook.beyond:
                if slot.series in series:
                    add(found, self._local(slot.at).date(), {self.outlook.state(slot): 1})
            self.further[series] = found
        return self.further[series]

    def _left_out(self, name: str) -> Sequence[dt.date]:
        """The days on which a series would have a slot, and somebody left it out: no row tells of it."""
        if name not in self.left_out:
            series, (first, last) = self.workspace.series[name], self.span
            found: list[Slot] = []
            if any(first <= day <= last for day in series.except_):
                start = midnight(first, self.workspace.community.zone)
                found = slots(replace(series, except_=frozenset()), start, self.until)
            self.left_out[name] = [day for slot in found if (day := slot.day) in series.except_]
        return self.left_out[name]

    def _verdicts(self, cells: Iterable[CellName]) -> Mapping[str, int]:
        """Only slots of a series are owed: what a person published by hand went out, and was promised to nobody."""
        promised = [cell for cell in cells if cell[0] != BY_HAND]
        counts = self.year.totals(promised)
        for day in self.year.days(promised):
            if not day.ahead:
                counts[day.mark] += day.deliveries
        return {verdict.value: counts[verdict.value] for verdict in Verdict if counts[verdict.value]}

    def _ahead(self, cells: Iterable[CellName]) -> int:
        """Deliveries that are there before their slot's hour: the record is of past slots, as streaks are."""
        days = self.year.days(cell for cell in cells if cell[0] != BY_HAND)
        return sum(day.deliveries for day in days if day.ahead and day.mark in record.THERE)

    def _series(self, series: Series) -> m.SeriesRecord:
        cells = [cell for cell in self.cells if cell[0] == series.name]
        counts, stock = self._verdicts(cells), self.outlook.in_stock(series)
        expected = self._forecast(series, stock)
        mix, writers = Counter[str](), Counter[str]()
        for share in self.shares:
            if share.series == series.name and share.origin:
                mix[share.origin] += share.slots
                writers[share.member] += share.slots
        return m.SeriesRecord(
            name=series.name,
            title=series.title or series.name,
            cadence=parse(series.every, series.rrule).describe(self.workspace.community.language),
            channels=series.channels,
            mix_asked={origin.value: parts for origin, parts in self.in_force[series.name].mix.items()},
            mix_real=dict(mix),
            streak=self.streaks.series.get(series.name, m.Streak()),
            runway=self.outlook.runway((series.name,)),
            gap_chance=expected.chance if expected else None,
            forecast=expected,
            stock=stock,
            reserve=series.reserve,
            coming=tuple(m.Coming(self._local(s.at), self._state(s)) for s in self.outlook.of((series.name,))),
            writers=tuple(self.members(who) for who, _ in writers.most_common() if who),
            counts=counts,
            on_time=m.on_time(counts),
            ahead=self._ahead(cells),
        )

    def _forecast(self, series: Series, stock: int) -> Forecast | None:
        found = self.outlook.forecast(series, stock)
        if found is None:
            return None
        names = ("likely", "early", "late", "around")
        likely, early, late, around = (self._local(at) if (at := getattr(found, name)) else None for name in names)
        return replace(found, likely=likely, early=early, late=late, around=around)

    @cached_property
    def out_early(self) -> frozenset[str]:
        """The coming slots that went out before their hour, and are there."""
        return frozenset(row.slot for row in self.ledger.deliveries(states=DONE, after=self.now))

    def _state(self, slot: Slot) -> str:
        return "kept" if slot.id in self.out_early else self.outlook.state(slot)

    def _entry(self, slot: Slot) -> m.PlanEntry:
        series = self.workspace.series.get(slot.series)
        given = self.outlook.carried.get(slot.id)
        row = self.drafts.get(given.draft) if given else None
        return m.PlanEntry(
            slot=slot.id,
            at=self._local(slot.at),
            series=slot.series,
            series_title=(series.title if series else "") or slot.series,
            state=self._state(slot),
            draft=given.draft if given else "",
            title=row.title if row else "",
            origin=row.origin if row else "",
            member=self._writer(row) if row else "",
            channels=self._titles(series) if series else (),
            note=slot.excused,
            page=self._preview(row),
        )

    # -- what went out

    def _lately(self) -> Iterable[m.WentOut]:
        """The last slots that went out, each with where it can be seen."""
        receipts = self.ledger.receipts_of(row.id for rows in self.sent.values() for row in rows if row.id)
        for slot, rows in self.sent.items():
            first = rows[0]
            series, draft = self.workspace.series.get(first.series), self.drafts.get(first.draft or "")
            named = series.title or series.name if series else "" if first.series == BY_HAND else first.series
            places = tuple(
                m.Place(self.title(row.channel), withdrawn=True)
                if row.state == State.WITHDRAWN
                else m.Place(self.title(row.channel), row.url, self._page(row.channel, receipts.get(row.id or 0)))
                for row in rows
            )
            yield m.WentOut(slot, self._local(went(rows)), named, draft.title if draft else slot, places)

    def _preview(self, row: ShownDraft | None) -> str:
        """The page of a draft's preview, where one was made since the draft came, and it is surely this draft's."""
        if row is None or not self.previewed or (name := preview_name(PurePosixPath(row.path))) not in self.previewed:
            return ""
        page = self.workspace.previews / name / "index.html"
        if not page.is_file() or page.stat().st_mtime < row.changed.timestamp() or self.previews[name] > 1:
            return ""
        return self._beside(page)

    @cached_property
    def previewed(self) -> frozenset[str]:
        """The places in which there is a preview."""
        folder = self.workspace.previews
        return frozenset(each.name for each in folder.iterdir()) if folder.is_dir() else frozenset()

    @cached_property
    def previews(self) -> Counter[str]:
        """How many drafts would have their preview in one place."""
        return Counter(preview_name(PurePosixPath(path)) for path in self.ledger.draft_paths())

    def _beside(self, page: Path) -> str:
        """A file under var/ as the report that lies in var/out/report names it."""
        return quote(os.path.relpath(page.resolve(), (self.workspace.out / "report").resolve()))

    # -- people

    def _contributors(self) -> tuple[m.Contributor, ...]:
        counts, last = Counter[str](), dict[str, dt.datetime]()
        for share in self.shares:
            if share.nobodys:
                continue  # another community's: it counts for nobody here
            counts[share.member] += share.slots
            went = min(share.last, self.now)
            last[share.member] = max(went, last.get(share.member, went))
        return tuple(
            m.Contributor(who, self.members(who), count, self._local(last[who]))
            for who, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        )

    def _deliveries(self) -> Iterable[m.Waiting]:
        waiting = self.ledger.waiting()
        receipts = self.ledger.receipts_of(row.id for row in waiting)
        for row in waiting:
            yield m.Waiting(
                kind=KINDS[row.state],
                id=row.marker,
                title=row.title or row.slot,
                channel=self.title(row.channel),
                at=self._local(row.at),
                note=" ".join(filter(None, (row.code, row.message))),
                link=row.url,
                page=self._page(row.channel, receipts.get(row.id)),
                command=hints.command(row.state, row.marker),
            )

    def _page(self, channel: str, receipt: Receipt | None) -> str:
        """The page of a kit or a post that lies on this machine: channels' folders stand beside the report's."""
        page = page_in(receipt.detail, self.workspace.out / channel) if receipt else None
        return self._beside(page.resolve()) if page and page.suffix == ".html" else ""

    def _gaps(self) -> Iterable[m.Waiting]:
        """Gaps of the coming day in the ledger's plan, but for a series' next slot where an open alarm tells it."""
        planned, within = self.ledger.planned_at() or self.now, self.workspace.publish.fill_within
        told, computed = {alarm.key for alarm in self.ledger.alarms()}, {slot.id for slot in self.outlook.beyond}
        for series in self.workspace.series.values():
            owed = [slot for slot in self.outlook.of((series.name,)) if not slot.excused and slot.id not in computed]
            for slot in owed[1:] if f"starvation:{series.name}:empty" in told else owed:
                near = pressing(slot.at, series, within, self.now, planned)
                if near and self.outlook.state(slot) == "gap":
                    entry = self._entry(slot)
                    yield m.Waiting("gap", slot.id, entry.series_title, " · ".join(entry.channels), entry.at)

    def _drafts(self) -> Iterable[m.Waiting]:
        """What waits for approval; as it was told last where its row is the same and there are no previews."""
        known = self.kept.waiting if self.kept and not self.previewed else {}
        said, at_once = self.kept.said if self.kept else None, self.workspace.fair.waiting
        waiting = self.rows.waiting_drafts(self.ledger, said, at_once)
        found = {row: self._waits(row, known.get(row)) for row in waiting}
        if self.kept:
            self.kept.waiting.clear()
            self.kept.waiting.update({} if self.previewed else found)
        return found.values()

    def _writer(self, row: ShownDraft) -> str:
        """Who wrote a draft: a member, else the community that shares it; "" for the house."""
        return self.members(row.member) or row.circle

    def _waits(self, row: ShownDraft, known: m.Waiting | None) -> m.Waiting:
        if known and known.member == self._writer(row):  # who may be called otherwise since
            return known
        return m.Waiting(
            kind="draft",
            id=row.id,
            title=row.title,
            at=self._local(row.changed),
            member=self._writer(row),
            link=row.path,
            page=self._preview(row),
            command=hints.command("draft", row.id),
        )

    def _problems(self) -> tuple[m.Unread, ...]:
        return tuple(
            m.Unread(
                f"{row.path}:{row.line}" if row.line else row.path,
                None,
                row.message,
                row.hint,
                kind="feed" if row.path.startswith("feed/") else "draft",
                since=self._local(row.at),
            )
            for row in self.ledger.problems(apart=True)
        )

    # -- names and times

    def title(self, channel: str) -> str:
        """A channel's name for people; of one that steadycast.toml no longer has, its name."""
        if channel not in self.named:
            settings = self.workspace.channels.get(channel)
            self.named[channel] = (settings.title if settings else "") or self.titles(channel)
        return self.named[channel]

    def _titles(self, series: Series) -> tuple[str, ...]:
        """The names of a series' channels for people."""
        if series.name not in self.served:
            self.served[series.name] = tuple(map(self.title, series.channels))
        return self.served[series.name]

    def _local(self, at: dt.datetime) -> dt.datetime:
        return at.astimezone(self.now.tzinfo)


def went(rows: Iterable[DeliveryRow]) -> dt.datetime:
    """When the last of a slot's deliveries was done."""
    return max(row.finished or row.at for row in rows)
