"""How the community stands, for who shows all of it: of the past, only what has changed is counted again."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from steadycast.ledger import matrix, record
from steadycast.ledger.intake import ShownDraft
from steadycast.ledger.record import Share
from steadycast.ledger.record_changes import Said, said
from steadycast.ledger.store import Ledger
from steadycast.pipeline.app import App
from steadycast.pipeline.plan import Supply
from steadycast.pipeline.stock import Stock
from steadycast.report.gather import Kept, Titles, gather, gather_by_series
from steadycast.report.kept_rows import KeptRows
from steadycast.report.model import Report, SeriesYear, Waiting, span
from steadycast.report.outlook import Foresight
from steadycast.report.weeks import Weeks
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.history import History
from steadycast.schedule.model import StockItem
from steadycast.workspace import Workspace

READ_LATELY = 600.0  # seconds
_lock = threading.Lock()
_known: WeakKeyDictionary[Ledger, _Memory] = WeakKeyDictionary()
_newest: tuple[tuple[Any, ...], _Memory] | None = None  # and of which ledger


@dataclass(frozen=True, slots=True)
class Standing:
    """The record, the year by series, and how each series stands on each channel."""

    report: Report
    years: tuple[SeriesYear, ...]
    cells: dict[tuple[str, str], matrix.Cell]
    waiting: dict[tuple[str, str], dict[str, int]]
    made_for: tuple[dt.datetime, Said] | None = field(repr=False, default=None)


def standing(app: App, now: dt.datetime) -> Standing:
    """As of now; what was made for the same ledger within this minute is shown again."""
    asked, memory = (now.replace(second=0, microsecond=0), said(app.ledger)), _memory(app)
    memory.asked = time.monotonic()
    with memory.making:  # two readers at once wait for one making
        if memory.made is None or memory.made.made_for != asked:
            memory.made = memory.make(app, now, asked)
        return memory.made


def report_of(app: App, now: dt.datetime) -> Report:
    """The report as of now, made anew: of the past, only what has changed is counted."""
    memory = _memory(app)
    with memory.making:
        return gather(app.ledger, app.workspace, now, *memory.known(app, now, said(app.ledger)))


def last_report(app: App) -> Report | None:
    """The report that somebody was shown last, where this process made one: it costs nothing, and may be old."""
    memory = _memory(app)
    return memory.made.report if memory.made else None


def supply(app: App, now: dt.datetime) -> Supply:
    """What a plan is made of now: read is what has changed since somebody asked for it, or for `standing`."""
    memory = _memory(app)
    with memory.making:
        return memory.supply(app, now, said(app.ledger))


def shares(app: App, now: dt.datetime) -> list[Share]:
    """Whose drafts went out in the year that the record shows; a slot counts once."""
    memory = _memory(app)
    with memory.making:
        return memory.shares(app.ledger, now)


def _memory(app: App) -> _Memory:
    """What is kept of this ledger; with other settings it is opened again, and what went out is the same."""
    global _newest  # noqa: PLW0603 one a process: which ledgers were opened before is no one's to know
    with _lock:
        memory = _known.get(app.ledger)
        if memory is None or memory.workspace is not app.workspace:
            of = app.ledger.name, app.ledger.secret, app.workspace.community.zone
            former = _newest[1] if _newest and _newest[0] == of else None
            memory = _known[app.ledger] = _Memory(app.workspace, former)
            _newest = of, memory
        return memory


def renew(app: App, now: dt.datetime) -> None:
    """Has it ready for the next reader, where somebody has read it lately or nobody has yet: so none of them waits."""
    memory = _known.get(app.ledger)
    asked = memory.asked if memory else None
    if asked is None or time.monotonic() - asked < READ_LATELY:
        standing(app, now)
        if asked is not None and memory:
            memory.asked = asked  # by a reader, and not by this


def renew_by_settings(app: App, now: dt.datetime) -> None:
    """Has it ready by settings that are new, where it was ever read by those before."""
    memory = _memory(app)
    if memory.made is None and (asked := memory.asked) is not None:
        standing(app, now)
        memory.asked = asked


class _Memory:
    """What is kept of one ledger: its weeks, its stock, its outlook, and what was made of them last.

    All but what was made is shared with the memory by the settings before, which a slow request may still use.
    """

    def __init__(self, workspace: Workspace, former: _Memory | None = None) -> None:
        self.workspace = workspace
        self.making: threading.Lock = former.making if former else threading.Lock()
        self.made: Standing | None = None
        # When it was, by the clock that only goes on.
        self.asked: float | None = former.asked if former else None
        self._weeks: Weeks = former._weeks if former else Weeks(workspace.community.zone)
        self._stock: Stock = former._stock if former else Stock()
        self._history: History = former._history if former else History(())
        self._history_of: tuple[Any, ...] = ()
        self._counted: tuple[Any, ...] | None = None  # what had happened when the weeks were counted last
        self._waiting: dict[ShownDraft, Waiting] = former._waiting if former else {}
        self._rows: KeptRows = former._rows if former else KeptRows()
        self._foresight: Foresight = former._foresight if former else Foresight()

    def make(self, app: App, now: dt.datetime, asked: tuple[dt.datetime, Said]) -> Standing:
        """As of now: read is what is open, what has changed, and each draft's few values."""
        report, years = gather_by_series(app.ledger, app.workspace, now, *self.known(app, now, asked[1]))
        cells = {(cell.series, cell.channel): cell for cell in self._weeks.cells()}
        return Standing(report, years, cells, matrix.waiting_cells(app.ledger), asked)

    def known(self, app: App, now: dt.datetime, told: Said) -> tuple[Sequence[StockItem], Titles, Titles, Kept]:
        """What a report is gathered with: stock, how channels and members are called, and the weeks as of now."""
        self._count(app.ledger, now, told, anyway=True)
        stock, history = self.supply(app, now, told)
        happened, known = _happened(app.ledger, told), (self._weeks, self._foresight, history.rows, self._waiting)
        return stock, app.published_title, app.member_title, Kept(*known, self._rows, told, happened)

    def supply(self, app: App, now: dt.datetime, told: Said) -> Supply:
        """Stock and history as of now; each the same object as last time where nothing of it has changed."""
        ledger, happened = app.ledger, _happened(app.ledger, told)
        asked = (*happened, told.stock)
        if not happened or asked != self._history_of:
            rows = self._weeks.used(ledger) if self._count(ledger, now, told) else ledger.used()
            self._history = self._history if rows == self._history.rows else History(rows)
            self._history_of = asked
        return Supply(self._stock.of(app, self._history, told.stock), self._history)

    def shares(self, ledger: Ledger, now: dt.datetime) -> list[Share]:
        """Whose drafts went out, from the first day shown to the last: what went out before its hour is among it."""
        zone = self.workspace.community.zone
        first, last = span(now.astimezone(zone).date())
        if self._count(ledger, now, said(ledger)):
            return self._weeks.shares(first)
        return record.shares(ledger, midnight(first, zone), midnight(last + DAY, zone))

    def _count(self, ledger: Ledger, now: dt.datetime, told: Said, *, anyway: bool = False) -> bool:
        """Have the past of the weeks as it is; False where nobody has asked for the record yet: the first time is long.

        `anyway` has what comes as well, and what is past since.
        """
        if self._counted is None and not anyway:
            return False
        happened = _happened(ledger, told)
        if anyway or not happened or happened != self._counted:
            self._weeks.up_to(ledger, now, *span(now.astimezone(self.workspace.community.zone).date()))
            self._counted = happened
        return True


def _happened(ledger: Ledger, told: Said) -> tuple[Any, ...]:
    """Another one after each change of the record; () where it cannot be told.

    PostgreSQL may show an older event later: see `record_changes.where_now`.
    """
    return (told.event, told.whole) if ledger.is_sqlite else ()


def health_of(app: App, stands: Standing, series: str, channel: str) -> str:
    """How one series stands on one channel: what asks most for a look comes first."""
    known, waits = stands.cells.get((series, channel)), stands.waiting.get((series, channel), {})
    missed_last = known and known.missed and (known.last is None or known.missed > known.last)
    kinds = {
        "broken": app.usable(channel) is None,
        "refused": bool(waits.get("refused")),
        "unknown": bool(waits.get("unknown")),
        "missed": bool(missed_last),
        "paused": app.workspace.channels[channel].paused,
        "kit": bool(waits.get("handed")),
        "new": known is None or known.last is None,
    }
    return next((kind for kind, so in kinds.items() if so), "well")
