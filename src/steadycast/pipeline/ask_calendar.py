"""What members are asked for, as a calendar file: each day, reminding the day before while nothing came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from steadycast.language import Language
from steadycast.pipeline.app import App
from steadycast.pipeline.asking import Asked, Standing
from steadycast.report.ics import CalendarEntry, calendar_ics

ENDED = (Standing.DECLINED, Standing.WITHDRAWN, Standing.LAPSED)
WANTED = (Standing.OPEN, Standing.TAKEN, Standing.OVERDUE)


def asks_ics(app: App, asks: Sequence[Asked], say: Language, now: dt.datetime, *, names: bool = False) -> bytes:
    """An iCalendar file of these asks, one all-day event for each; with `names` of whom each is asked."""
    changes = app.ledger.changes_of(each.slot for each in asks)
    entries = [_entry(say, each, changes.get(each.slot, 0), names=names) for each in asks]
    return calendar_ics(entries, name=app.workspace.community.name, now=now)


def _entry(say: Language, ask: Asked, changes: int, *, names: bool) -> CalendarEntry:
    ended = ask.standing in ENDED
    promised = ask.standing in (Standing.TAKEN, Standing.SENT, Standing.MET)
    mark = {Standing.SENT: "✓ ", Standing.MET: "✓ "}.get(ask.standing, "")
    title = say.gettext("Write for %(series)s of %(day)s", series=ask.series, day=say.day(ask.at.date()))
    return CalendarEntry(
        f"ask-{ask.id}@steadycast",
        ask.due,
        mark + (say.gettext("%(name)s: %(said)s", name=ask.title, said=title) if names else title),
        ask.note,
        ask.series,
        "CANCELLED" if ended else "CONFIRMED" if promised else "TENTATIVE",
        changes,
        reminds=ask.standing in WANTED,
    )
