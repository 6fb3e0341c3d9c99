"""Approved drafts as the planner sees them: all, those that a plan may still ask for, and those that have changed."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from steadycast.ledger.raw_sql import MICROSECOND, instant
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.stock_reads import ApprovedDraft
from steadycast.pipeline.frozen_draft import to_stock
from steadycast.schedule.fairness import LONG_AGO
from steadycast.schedule.model import Form, Past, StockItem, heirs
from steadycast.schedule.slots import occasion_of
from steadycast.schedule.stock import StockLeft

if TYPE_CHECKING:
    from steadycast.pipeline.app import App
    from steadycast.schedule.history import History

ONE_DROP = dt.timedelta(minutes=1)
LONG = dt.timedelta(weeks=8)  # before the newest was approved: no slot of that time is looked at for what it carries
_FORM, _PATH, _APPROVED, _PLANNED, _CIRCLE = map(
    ApprovedDraft._fields.index, ("form", "path", "approved", "planned", "circle")
)
_NOT_EVERGREEN, _NO_SLOT, _NO_SERIES, _NO_SKIP = '"evergreen": false', '"slot": null', '"series": []', '"skip": []'


def stock_of(app: App, history: Iterable[Past] | None = None) -> list[StockItem]:
    """Every approved draft that may still go out, as the planner sees it."""
    last_used = {past.draft: past.at for past in (app.ledger.used() if history is None else history)}
    rows = app.ledger.approved_drafts()
    stock = [to_stock(row, last_used.get(row.id), app.workspace.pin) for row in rows]
    return _dropped_together(stock)


def stock_left(
    app: App, history: History, besides: Iterable[str] = (), out: Container[str] | None = None
) -> list[StockItem]:
    """Those of `stock_of` that planning may still ask for: of what went out only evergreens, drafts of occasions, which
    are announced more than once, and those named `besides`, as what the coming slots carry.

    `out` are the drafts that ever went out, where somebody knows them.
    """
    each_approved = app.ledger.approved_briefly()
    out = app.ledger.drafts_out() if out is None else out
    asked = {*besides, *(each.draft for each in history.announced)}
    asked |= {id for id, _approved, again in each_approved if again or id not in out}
    rows = app.ledger.approved_among(asked)
    used = app.ledger.last_used(row.id for row in rows)
    stock = [to_stock(row, used.get(row.id), app.workspace.pin) for row in rows]
    return _dropped_together(stock, list(map(instant, _lots(approved for _id, approved, _again in each_approved))))


class Stock:
    """What planning and a report may still ask of `stock_of`: only drafts that have changed are looked at again.

    What went out long ago is left out but for when it came: no plan gives it to a slot again, and of ten years it is
    nearly all there is.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[Any, ...], Past | None, StockItem | None]] = {}
        self._stock = StockLeft()
        self._for: tuple[str | None, History | None] = None, None
        self._renamed: dict[str, str] = {}

    def of(self, app: App, history: History, word: str | None) -> StockLeft:
        """Its items; the same object as last time where nothing has changed.

        `word` is what the ledger said of its drafts before: what changes from there on is seen the next time.
        """
        renamed = heirs(app.workspace.series.values())
        if renamed != self._renamed:  # a draft's slot is called otherwise
            self._known, self._stock, self._for, self._renamed = {}, StockLeft(), (None, None), renamed
        if word is not None and self._for == (word, history):
            return self._stock
        before, changed, pin = self._known, False, app.workspace.pin
        rows, found = app.ledger.approved_values(), {}
        lately = EPOCH + max((values[_APPROVED] for values in rows), default=0) * MICROSECOND - LONG
        for values in rows:
            used, known = history.last_past(values[0]), before.get(values[0])
            if known is None or known[0] != values or known[1] != used:
                over, at = used is not None and _is_over(values, used, lately), used.at if used else None
                known, changed = (values, used, None if over else to_stock(ApprovedDraft._make(values), at, pin)), True
            found[values[0]] = known
        if changed or len(found) != len(before):
            self._stock = _left(found.values())
        self._known, self._for = found, (word, history)
        return self._stock


def _is_over(values: tuple[Any, ...], used: Past, lately: dt.datetime) -> bool:
    """Whether a draft went out long ago, and nothing is asked of it: where its plan's text is another, it is kept."""
    said = values[_PLANNED]
    return (
        used.at < lately and _NOT_EVERGREEN in said and _NO_SLOT in said and _NO_SERIES in said and _NO_SKIP in said
        and not (values[_CIRCLE] or occasion_of(used.slot))
    )  # fmt: skip


def _left(known: Iterable[tuple[tuple[Any, ...], Past | None, StockItem | None]]) -> StockLeft:
    kept, over = list[tuple[str, StockItem]](), defaultdict[str, list[int]](list)
    approved = list[int]()
    for values, _used, item in known:
        approved.append(values[_APPROVED])
        if item is not None:
            kept.append((values[_PATH], item))
        else:
            over[values[_FORM]].append(values[_APPROVED])
    lots = list(_lots(sorted(approved)))
    began = [EPOCH + each * MICROSECOND for each in lots]
    items = _dropped_together([item for _path, item in sorted(kept, key=itemgetter(0))], began)
    came = {Form(form): sorted(began[bisect_right(lots, at) - 1] for at in its) for form, its in over.items()}
    return StockLeft(items, came, min(began, default=None))


def _lots(approved: Iterable[int]) -> Iterator[int]:
    """When each lot began of what was approved then, in order: one draft at most `ONE_DROP` after another."""
    last, within = -1 << 63, ONE_DROP // MICROSECOND
    for at in approved:
        if at - last > within:
            yield at
        last = at


def _dropped_together(stock: Sequence[StockItem], began: Sequence[dt.datetime] = ()) -> list[StockItem]:
    """What came into stock within a moment of another came at once: a folder is copied file by file, in any order.

    `began` is when each such lot began, where the stock is not all that came.
    """
    found: list[StockItem] = []
    last = LONG_AGO
    for item in sorted(stock, key=lambda item: item.since):
        first = item.since
        if began:
            first = began[max(bisect_right(began, first) - 1, 0)]
        elif found and first - last <= ONE_DROP:
            first = found[-1].since
        last = item.since
        found.append(item if item.since == first else replace(item, since=first))
    return found
