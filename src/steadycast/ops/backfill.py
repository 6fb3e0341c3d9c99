"""What a community published before it kept a record: read from a feed, a folder or a repository into the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.errors import InputError, Problem
from steadycast.language import gettext as _
from steadycast.language import listed, ngettext
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import collect
from steadycast.pipeline.frozen_draft import instant
from steadycast.pipeline.results import Row
from steadycast.progress import Progress, unseen
from steadycast.schedule.model import Series, Slot
from steadycast.schedule.slots import slots

if TYPE_CHECKING:
    from steadycast.intake.backfill import PastItem

DAY = dt.timedelta(days=1)
EVENING, MORNING = dt.time(17), dt.time(5)


def backfill(
    app: App,
    source: str,
    *,
    series: str,
    channel: str = "",
    dry_run: bool = False,
    now: dt.datetime,
    progress: Progress = unseen,
) -> Row:
    """{items, kept, missed, unplaced, problems, written, used, summary}: past items as slots of `series`.

    Each item serves the slot of its own local day; of several in one day the first; what falls on a day without a
    slot is told, not written. From the first item to the last, slots without one are missed. What the ledger knows
    stays. An issue that was out a day early, or in the night after its evening, kept its slot.

    A draft of content/ that is one of these items is used by it, whatever slot it kept: it is no stock any more.
    """
    promise = app.known_series(series)
    channels = [app.known_channel(channel).name] if channel else list(promise.channels)
    if channel and channel not in promise.channels:
        said = _("%(series)s does not go to %(channel)s", series=series, channel=channel)
        raise InputError(said, hint=_("it goes to %(channels)s", channels=listed(promise.channels)))
    from steadycast.intake.backfill import PastItem, history_of  # loads the web: only where a history is read

    known: list[PastItem] = []
    problems: list[Problem] = []
    for n, found in enumerate(history_of(source, zone=app.workspace.community.zone, now=now), 1):
        if isinstance(found, PastItem):
            known.append(found)
        else:
            problems.append(found)
        progress(n, n)
    if not known and not problems:
        raise InputError(
            _("nothing is there that was published"),
            file=source,
            hint=_("name a feed, a folder of Markdown, or a checkout"),
        )
    in_stock = {} if dry_run else _drafts_of(app, source, known, now)
    served, owed, unplaced = _placed(promise, _slots(promise, known, now), known)
    rows = [_row(slot, name, served.get(slot.id)) for slot in owed for name in channels]
    written = 0 if dry_run else app.ledger.backfill(rows)
    used = app.ledger.went_out_before(in_stock, now)
    missed = sum(slot.id not in served and not slot.excused for slot in owed)
    words = _(
        "%(items)s: %(slots)s kept, %(missed)s missed, %(unplaced)s on days without a slot",
        items=ngettext("%(num)s item", "%(num)s items", len(known)),
        slots=ngettext("%(num)s slot", "%(num)s slots", len(served)),
        missed=missed, unplaced=unplaced,
    )  # fmt: skip
    return {
        "items": len(known),
        "kept": len(served),
        "missed": missed,
        "unplaced": unplaced,
        "problems": [str(p) for p in problems],
        "written": written,
        "used": used,
        "summary": _("; ").join(
            (
                words,
                _("a rehearsal: nothing is written") if dry_run else _("%(num)s deliveries written", num=written),
                *([_marked(used)] if used else []),
                *([_("%(num)s left out", num=len(problems))] if problems else []),
            )
        ),
    }


def _marked(used: int) -> str:
    return ngettext("%(num)s draft of content/ marked as used", "%(num)s drafts of content/ marked as used", used)


def _drafts_of(app: App, source: str, items: Iterable[PastItem], now: dt.datetime) -> dict[str, dt.datetime]:
    """The drafts of content/ that are these items, and when each went out: by its file, else by its title and day."""
    root, content, zone = Path(source).resolve(), app.workspace.content.resolve(), app.workspace.community.zone
    if root.is_dir() and (root.is_relative_to(content) or content.is_relative_to(root)):
        collect(app, now, feeds=False)  # what was dropped just now would else come in as fresh, after this
    rows = [row for row in app.ledger.drafts() if row.state not in {"gone", "rejected"}]
    by_path = {content / row.path: row.id for row in rows if row.source == "folder"}
    dates = {id: instant(content["date"]) for id, content in app.ledger.texts([(r.id, r.revision) for r in rows])}
    by_day: dict[tuple[str, dt.date], list[str]] = {}
    for row in rows:
        if (date := dates.get(row.id)) is not None:
            by_day.setdefault((row.title, date.astimezone(zone).date()), []).append(row.id)
    found: dict[str, dt.datetime] = {}
    for item in items:
        id = by_path.get(root / item.draft_path) if item.draft_path else None
        alike = by_day.get((item.title, item.at.astimezone(zone).date()), [])
        for draft in [id] if id else alike if len(alike) == 1 else []:
            found[draft] = min(item.at, found.get(draft, item.at))
    return found


def _slots(series: Series, items: Sequence[PastItem], now: dt.datetime) -> list[Slot]:
    """The slots from the day of the first item to the day of the last: what came after it, its source cannot tell."""
    if not items:
        return []
    days = [item.at.astimezone(series.zone).replace(hour=0, minute=0, second=0, microsecond=0) for item in items]
    # A day more: an issue may be out a day early.
    return [slot for slot in slots(series, min(days) - DAY, max(days) + 2 * DAY) if slot.at <= now]


def _placed(
    series: Series, owed: Iterable[Slot], items: Iterable[PastItem]
) -> tuple[dict[str, PastItem], list[Slot], int]:
    """The item that serves each slot; the slots from the first of them to the last; how many items found no slot.

    An item serves the slot of its local day; in the night after an evening's slot that one; on a day without any slot
    that of the day after.
    """
    by_day: dict[dt.date, list[Slot]] = {}
    for slot in owed:
        by_day.setdefault(slot.day, []).append(slot)
    served: dict[str, PastItem] = {}
    last, first, unplaced = dt.date.min, dt.date.max, 0
    for item in sorted(items, key=lambda i: i.at):
        at = item.at.astimezone(series.zone)
        day = at.date()
        evening = [s for s in by_day.get(day - DAY, ()) if s.local.time() >= EVENING] if _in_the_night(at) else []
        early = by_day.get(day + DAY, []) if not by_day.get(day) else []
        free = [s for s in (*evening, *by_day.get(day, ()), *early) if s.id not in served]
        if free:
            served[free[0].id] = item
            day = free[0].local.date()
        else:
            unplaced += 1
        first, last = min(first, day), max(last, day)
    return served, [slot for slot in owed if first <= slot.day <= last], unplaced


def _in_the_night(at: dt.datetime) -> bool:
    """After midnight and before the morning; midnight itself is how a day without an hour is written."""
    return dt.time() < at.time() < MORNING


def _row(slot: Slot, channel: str, item: PastItem | None) -> PastSlot:
    """One past delivery. Dates of old posts are days, seldom minutes: a post of the slot's day kept it."""
    local = slot.wall
    if item is None:
        verdict = "excused" if slot.excused else "missed"
        return PastSlot(slot.id, slot.series, slot.at, local, channel, verdict)
    origin = "ugc" if item.member else "pgc"
    return PastSlot(slot.id, slot.series, slot.at, local, channel, "kept", slot.at, origin, item.member, item.url)
