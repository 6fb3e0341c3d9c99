"""The drill itself: the product is run, look by look, through the time that was asked for."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from steadycast import pipeline
from steadycast.drill.stage import Stage
from steadycast.drill.supply import Piece
from steadycast.errors import SteadycastError
from steadycast.ledger.tables import DeliveryRow, SlotRow, State
from steadycast.pipeline.classes import judge_all
from steadycast.pipeline.community_state import report_of
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.forecast import Forecast
from steadycast.schedule.model import Slot
from steadycast.schedule.slots import slots

MORNING = dt.timedelta(hours=9)  # when somebody approves, and alarms are looked at; the hourly flow finds the same
READY = dt.timedelta(minutes=2)  # before a slot: what was dropped since is taken in
AGAIN = dt.timedelta(seconds=65)  # as sweeps do, where something is due still
ENOUGH = 9  # days that stock lasts: no alarm can be near
SELDOM = 7  # days between two looks where it lasts for longer
EDITOR = "editor"
OPEN = (State.DUE, State.CLAIMED, State.SENDING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was said one morning of one series' coming slots."""

    at: dt.datetime
    series: str
    ends: dt.datetime | None  # the first slot that nothing of what is in stock would carry
    chance: float | None  # of a gap, with what may come in
    alarmed: bool
    around: dt.datetime | None = None  # the likeliest first gap, with what may come in, where one is told


@dataclass
class Year:
    """What was seen while it ran; what came of each slot is in the ledger."""

    begin: dt.datetime
    slots: list[Slot]
    ready: dict[str, dt.datetime] = field(default_factory=dict)  # draft's path -> since when it could go out
    foreseen: list[Foreseen] = field(default_factory=list)
    alarms: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # key -> how often it was raised
    ticks: int = 0
    handed: dict[tuple[str, dt.datetime], str] = field(default_factory=dict)  # member and duty -> the draft's path
    up: int = 0  # members of whom a rule said that they should leave


def run(
    stage: Stage,
    pieces: Sequence[Piece],
    until: dt.datetime,
    editor_away: Collection[dt.date] = (),
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Year:
    """Everything from the stage's present to `until`, and what is late after that."""
    return _Run(stage, pieces, until, editor_away).all(told)


class _Run:
    """One run. Things happen when a slot comes up, somebody looks, or a spell ends: nothing is done between."""

    def __init__(
        self, stage: Stage, pieces: Sequence[Piece], until: dt.datetime, editor_away: Collection[dt.date]
    ) -> None:
        self.stage, self.app, self.until, self.editor_away = stage, stage.app, until, editor_away
        self.left = list(reversed(pieces))
        self.waiting = False  # drafts that nobody approved yet
        self.zone = self.app.workspace.community.zone
        self.begin = stage.world.now
        series = self.app.workspace.series.values()
        self.year = Year(self.begin, sorted(slot for each in series for slot in slots(each, self.begin, until)))
        self.year.handed = {(piece.member, piece.duty): piece.path for piece in pieces if piece.duty}
        self.wrong: set[str] = set()
        self.events: list[tuple[dt.datetime, str]] = list(self._events())
        heapify(self.events)

    def _events(self) -> Iterable[tuple[dt.datetime, str]]:
        """When something is to be done, and what: look, ready, serve, fixed."""
        yield self.begin, "look"
        day = self.begin.astimezone(self.zone).date()
        while (at := midnight(day, self.zone) + MORNING) < self.until:
            yield at, "morning"
            day += DAY
        for slot in self.year.slots:
            yield slot.at - READY, "ready"
            yield slot.at, "serve"
            for spell in self.stage.spells:
                if spell.what == "clock" and spell.covers(slot.at - spell.by):
                    yield slot.at - spell.by, "serve"  # when our clock says that it is time
        for the_class in self.app.workspace.classes.values():
            for slot in slots(the_class.rhythm, self.begin, self.until):
                yield slot.at + the_class.rhythm.late + READY, "judge"
        for spell in self.stage.spells:
            if spell.what == "clock" and spell.begin < self.until:
                yield spell.begin, "look"
            if spell.end < self.until:
                yield spell.end, "fixed" if spell.what in ("token", "far") else "look"
        yield self.until + max((s.late for s in self.app.workspace.series.values()), default=DAY) + AGAIN, "serve"

    def all(self, told: Callable[[int, int], None]) -> Year:
        last, days = None, (self.until - self.begin).days
        while self.events:
            at, what = heappop(self.events)
            self._dropped(at)
            if (at, what) == last or self.stage.down(at):
                continue
            last = at, what
            self.stage.go_to(at)
            self.year.ticks += 1
            getattr(self, f"_{what}")(self.app.clock.now())
            told(min((at - self.begin).days, days), days)
        return self.year

    def _dropped(self, until: dt.datetime) -> None:
        """Files appear whether our machine is up or not; it sees them when it looks."""
        while self.left and self.left[-1].at <= until:
            self.stage.drop(self.left.pop())
            self.fresh = True

    fresh = False  # whether a file was dropped since the last look
    rest = 0  # mornings without a look: stock lasts for ENOUGH after them

    def _morning(self, now: dt.datetime) -> None:
        """A look every morning; once a week while there is plenty of stock."""
        if self.rest > 0:
            self.rest -= 1
        else:
            self._look(now)

    def _look(self, now: dt.datetime) -> None:
        """What the hourly flows and an editor do."""
        if self._open(now):
            self._serve(now)
        self._up_till(now)
        self._take_in(now)
        if self.waiting and now.astimezone(self.zone).date() not in self.editor_away:
            rows = pipeline.waiting(self.app)
            pipeline.decide(self.app, (), "approve", by=EDITOR, now=now, besides=rows)
            self._mark(now)
            self.waiting = False
        pipeline.plan(self.app, now)
        if self._open(now):  # an overdue slot that was empty has a draft now: the next sweep serves it
            heappush(self.events, (self.stage.world.now + AGAIN, "serve"))
        self._judge(now)
        self._alarms(now)

    def _judge(self, now: dt.datetime) -> None:
        """What members owe is judged after its time, as the hourly flow does."""
        if self.app.workspace.classes:
            self._take_in(now, look=True)
            self.year.up += sum(len(judged.up) for judged in judge_all(self.app, now))

    def _ready(self, now: dt.datetime) -> None:
        """The intake flow sees within minutes what is dropped: here, at the latest when it could matter."""
        if not all(slot.draft and (not slot.filled or not self.fresh) for slot in self._next(now)):
            self._take_in(now)
            pipeline.plan(self.app, now)

    def _next(self, now: dt.datetime) -> list[SlotRow]:
        return self.app.ledger.slots_between(now, now + 2 * READY)

    def _up_till(self, now: dt.datetime) -> None:
        """The sweeps of the minutes before, in which nothing was due, left this behind."""
        if not self.stage.down(self.stage.world.now - AGAIN):
            self.app.ledger.ticked(now - AGAIN)

    def _serve(self, now: dt.datetime) -> None:
        """A sweep: it serves what is due, and comes again where something is."""
        if any(row.state == State.UNKNOWN and row.wake and row.wake <= now for row in self._open(now)):
            pipeline.verify(self.app, now)
        self._up_till(now)
        pipeline.publish(self.app)
        self._expect_rescue()
        off, rows = self.stage.world.now - self.app.clock.now(), self._begun(self.app.clock.now())
        for row in rows:
            if row.state == State.REFUSED and not row.verdict:  # once its time is over, its draft is stock again
                heappush(self.events, (row.at + dt.timedelta(seconds=row.late) + AGAIN + off, "serve"))
        if wakes := [row.wake for row in rows if row.wake and row.state in OPEN]:
            again = max(min(wakes) + off, self.stage.world.now + AGAIN)
            heappush(self.events, (again, "serve"))

    def _expect_rescue(self) -> None:
        """An empty slot may be served late by what is dropped while its time lasts: that is looked at at once."""
        now = self.stage.world.now
        for series in self.app.workspace.series.values():
            for slot in self.app.ledger.slots_between(now - series.late, now + READY, series=series.name):
                for piece in reversed(self.left):
                    if piece.at > slot.at + series.late:
                        break
                    if slot.draft is None and not slot.excused:
                        heappush(self.events, (piece.at, "rescue"))

    def _rescue(self, now: dt.datetime) -> None:
        self._take_in(now)
        pipeline.plan(self.app, now)
        self._serve(now)

    def _open(self, now: dt.datetime) -> list[DeliveryRow]:
        return [row for row in self._begun(now) if row.state in OPEN]

    def _begun(self, now: dt.datetime) -> list[DeliveryRow]:
        """What is open, or was refused, of the slots that have come up."""
        rows = self.app.ledger.deliveries(states=(*OPEN, State.REFUSED), before=now + READY)
        return [row for row in rows if row.at <= now]

    def _fixed(self, now: dt.datetime) -> None:
        """A person gave a new token, and asks for what was refused to be sent."""
        for row in self.app.ledger.deliveries(states=[State.REFUSED]):
            if row.id and row.at + dt.timedelta(seconds=row.late) > now:
                self.app.ledger.retry(row.id, EDITOR, now)
        self._serve(now)

    def _take_in(self, now: dt.datetime, *, look: bool = False) -> None:
        if self.fresh or look:
            found = pipeline.collect(self.app, now, feeds=False)
            if found.problems:
                raise SteadycastError(found.problems[0].said)
            self.fresh = False
            self._mark(now)
            self.waiting = bool(pipeline.waiting(self.app))

    def _mark(self, now: dt.datetime) -> None:
        for id, *_values in self.app.ledger.approved_values():
            self.year.ready.setdefault(id, now)

    def _alarms(self, now: dt.datetime) -> None:
        made = report_of(self.app, now)
        wrong = {alarm.key for alarm in pipeline.alarm(self.app, now, made)}
        for key in wrong - self.wrong:
            self.year.alarms[key] += 1
        self.wrong = wrong
        starving = {key.split(":")[1] for key in wrong if key.startswith("starvation:")}
        left = min((each.runway.days for each in made.series), default=0)
        self.rest = 0 if wrong else min(SELDOM, left - ENOUGH) - 1
        self.year.foreseen += [
            Foreseen(now, each.name, each.runway.ends, each.gap_chance, each.name in starving, _told(each.forecast))
            for each in made.series
        ]


def _told(found: Forecast | None) -> dt.datetime | None:
    """The likeliest day of the first gap, where the record tells one: a gap is likelier than not."""
    return found.around if found and found.likely else None
