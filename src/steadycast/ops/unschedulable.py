"""Drafts that would stay in stock for ever: no series takes them, or no slot that is still to come. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from steadycast.draft import Draft
from steadycast.language import N_, moment
from steadycast.language import gettext as _
from steadycast.schedule.fairness import Mix
from steadycast.schedule.model import Form, Origin, Series, Slot, StockItem
from steadycast.schedule.planner import fits
from steadycast.schedule.slots import slots as slots_of
from steadycast.schedule.stock import EVENT_WITHIN, in_time, suits

NO_SERIES = {
    Form.ARTICLE: N_("no series takes an article"),
    Form.AUDIO: N_("no series takes an audio"),
    Form.VIDEO: N_("no series takes a video"),
    Form.EVENT: N_("no series takes an event"),
}
TAKES_NO = {
    Form.ARTICLE: N_("%(series)s takes no article"),
    Form.AUDIO: N_("%(series)s takes no audio"),
    Form.VIDEO: N_("%(series)s takes no video"),
    Form.EVENT: N_("%(series)s takes no event"),
}


class Reason(NamedTuple):
    """Why no slot takes a draft."""

    key: str  # of the front matter, that is to blame; "" for none
    said: str
    hint: str


def unschedulable(
    promises: Sequence[Series], slots: Iterable[Slot], draft: Draft, zone: dt.tzinfo, now: dt.datetime
) -> Reason | None:
    """Why a ready draft that did not go out yet never will; None where a slot may take it, or its time is over.

    `slots` are those of all series for the coming year that may still be served. Where nothing is promised at all, a
    person sends by hand.
    """
    item = as_stock(draft, zone)
    by_hand = _("send it by hand: `steadycast publish --draft %(path)s`", path=draft.path)
    takes = [series for series in promises if suits(series, item)]
    if not takes:
        return _without_series(promises, draft, by_hand) if promises else None
    if draft.slot is not None or any(at and at <= now for at in (item.expires, item.event_start)):
        return None  # told elsewhere
    takes, reason = _open_to(takes, item, by_hand)
    if reason is not None:
        return reason
    if item.form is Form.EVENT and item.event_start:
        return _without_occasion(takes, item, item.event_start.astimezone(zone), now, by_hand)
    return _without_slot(takes, slots, item, zone)


def as_stock(draft: Draft, zone: dt.tzinfo) -> StockItem:
    """A draft that is not in the ledger, as the planner would see it."""
    start = draft.event.start if draft.event else None
    return StockItem(
        draft=str(draft.path),
        form=draft.form,
        origin=draft.origin,
        series=draft.series,
        not_before=draft.opens,
        expires=draft.expires,
        evergreen=draft.evergreen,
        event_start=start.replace(tzinfo=zone) if start and start.tzinfo is None else start,
        skip_channels=frozenset(name for name, own in draft.channels.items() if own.get("skip") is True),
    )


def _without_series(promises: Sequence[Series], draft: Draft, by_hand: str) -> Reason:
    """No series takes it: by its form, or because it leaves out each channel."""
    named = [series for series in promises if series.meant_by(draft.series)]
    if any(draft.form in series.forms for series in named):
        return Reason("channels", _("it leaves out every channel of its series"), _("leave it one of them"))
    said = _(NO_SERIES[draft.form])
    if draft.series:
        said = _(TAKES_NO[draft.form], series=_(" or ").join(draft.series))
    return Reason(
        "series" if draft.series else "form",
        said,
        _('put "%(form)s" into the `forms` of a series, or %(otherwise)s', form=draft.form, otherwise=by_hand),
    )


def _open_to(takes: list[Series], item: StockItem, by_hand: str) -> tuple[list[Series], Reason | None]:
    """Those of the series that leave a draft of this origin, or reserve, any place; else why none does."""
    names = _names(takes)
    if item.evergreen:
        open_ = [series for series in takes if "evergreen" in series.fill]
        said = _("it is evergreen, and %(series)s is not filled from reserve", series=names)
        hint = _('write `fill = ["evergreen"]` there')
    else:
        open_ = [series for series in takes if _has_place(series, item.origin)]
        said = _("the mix of %(series)s has no place for %(origin)s", series=names, origin=item.origin)
        hint = _("give it one, or %(otherwise)s", otherwise=by_hand)
    return open_, None if open_ else Reason("evergreen" if item.evergreen else "", said, hint)


def _has_place(series: Series, origin: Origin) -> bool:
    """Whether any of the mixes of a series leaves this origin a place."""
    mixes = (series.mix, *(each.mix for each in series.mix_at))
    return any(origin in (Mix(mix).order() or (origin,)) for mix in mixes)


def _without_occasion(
    takes: list[Series], item: StockItem, start: dt.datetime, now: dt.datetime, by_hand: str
) -> Reason | None:
    """An event that no slot announces: each must be before its start, and for a day near it."""
    able = [
        (slot, series)
        for series in takes
        for slot in slots_of(series, start - EVENT_WITHIN - max(series.announce, default=dt.timedelta()), start)
        if not slot.excused and fits(series, slot, item)
    ]
    if any(slot.at + series.late >= now for slot, series in able):
        return None
    if able:
        last = max(slot.local for slot, _ in able)
        said = _("the last slot that could announce it was that of %(when)s", when=moment(last))
        return Reason("event", said, by_hand)
    said = _(
        "%(series)s has nothing within %(days)s days of its start on %(when)s",
        series=_names(takes), days=EVENT_WITHIN.days, when=moment(start),
    )  # fmt: skip
    return Reason("event", said, _("move its `start`, or %(otherwise)s", otherwise=by_hand))


def _without_slot(takes: list[Series], slots: Iterable[Slot], item: StockItem, zone: dt.tzinfo) -> Reason | None:
    """A draft whose time holds no slot of its series."""
    names = {series.name for series in takes}
    if any(slot.series in names and in_time(item, slot.at) for slot in slots):
        return None
    if item.not_before and item.expires is None:
        return None  # later than anybody plans
    if item.expires is None:
        said = _("no slot of %(series)s comes within a year", series=_names(takes))
        return Reason("", said, _("see `until` and `skip` of the series"))
    last = (item.expires - dt.timedelta(microseconds=1)).astimezone(zone)  # a date alone ends with its day
    said = _("no slot of %(series)s comes while it may go out, until %(day)s", series=_names(takes), day=last.date())
    return Reason("expires", said, _("give it more time"))


def _names(takes: Iterable[Series]) -> str:
    return _(" or ").join(series.name for series in takes)
