"""What is late and waits for no person: its far side asked to come later, or was away, and it is tried again."""

from __future__ import annotations

import datetime as dt

from steadycast.language import gettext as _
from steadycast.language import listed, moment, ngettext
from steadycast.ledger.amendments import TAKEN_AWAY
from steadycast.ledger.tables import AmendmentRow, DeliveryRow, State
from steadycast.pipeline import amend
from steadycast.pipeline.app import App
from steadycast.pipeline.results import Row

MINUTES = "%Y-%m-%d %H:%M"  # for a program; people are told in their language


def delayed(app: App, now: dt.datetime) -> list[Row]:
    """A row a channel: {channel, until, why, what}; until when it waits, why, and what."""
    found = [
        (row.wake, row.channel, _why(row), "post")
        for row in app.ledger.deliveries(states=[State.DUE])
        if row.wake and row.wake > max(now, row.at) and (row.attempt or row.message)
    ]
    found += [
        (row.wake, its.channel, _why(row), "withdrawal" if row.revision == TAKEN_AWAY else "revision")
        for row, its in amend.unfinished(app)
        if row.wake and row.state == State.DUE
    ]
    zone = app.workspace.community.zone
    rows = []
    for channel in sorted({each[1] for each in found}):
        mine = sorted(each for each in found if each[1] == channel)
        until, why = mine[0][0], mine[0][2]
        kinds = [each[3] for each in mine]
        what = listed(_counted(kinds.count(kind), kind) for kind in dict.fromkeys(kinds))
        until_when = until.astimezone(zone).strftime(MINUTES)
        rows.append({"channel": channel, "until": until_when, "why": why, "what": what})
    return rows


def line(row: Row) -> str:
    """One channel's, for people."""
    return _(
        "%(channel)s waits until %(until)s with %(what)s: %(why)s",
        channel=row["channel"], until=moment(dt.datetime.strptime(row["until"], MINUTES)),  # noqa: DTZ007
        what=row["what"], why=row["why"] or _("it could not be sent"),
    )  # fmt: skip


def _counted(number: int, kind: str) -> str:
    return {
        "post": ngettext("%(num)s post", "%(num)s posts", number),
        "withdrawal": ngettext("%(num)s withdrawal", "%(num)s withdrawals", number),
        "revision": ngettext("%(num)s revision", "%(num)s revisions", number),
    }[kind]


def _why(row: DeliveryRow | AmendmentRow) -> str:
    return " ".join(filter(None, (row.code, row.message)))
