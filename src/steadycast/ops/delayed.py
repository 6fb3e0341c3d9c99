"""What is late and waits for no person: its far side asked to come later, or was away, and it is tried again."""

from __future__ import annotations

import datetime as dt

from steadycast.ledger.amendments import TAKEN_AWAY
from steadycast.ledger.tables import AmendmentRow, DeliveryRow, State
from steadycast.pipeline import amend
from steadycast.pipeline.app import App
from steadycast.pipeline.results import Row, many


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
    for channel in sorted({channel for _, channel, _, _ in found}):
        mine = sorted(each for each in found if each[1] == channel)
        until, _, why, _ = mine[0]
        kinds = [what for _, _, _, what in mine]
        what = ", ".join(many(kinds.count(kind), kind) for kind in dict.fromkeys(kinds))
        until_when = until.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        rows.append({"channel": channel, "until": until_when, "why": why, "what": what})
    return rows


def line(row: Row) -> str:
    """One channel's, for people."""
    return f"{row['channel']} waits until {row['until']} with {row['what']}: {row['why'] or 'it could not be sent'}"


def _why(row: DeliveryRow | AmendmentRow) -> str:
    return " ".join(filter(None, (row.code, row.message)))
