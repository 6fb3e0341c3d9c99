"""What was published before there was a ledger, taken in by the hundred thousand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, among, chunks, table
from steadycast.ledger.installation import markers
from steadycast.ledger.plans import BLANK
from steadycast.ledger.raw_sql import Values, micros, run
from steadycast.ledger.record_changes import tell_whole
from steadycast.ledger.tables import State

SLOT = table("slot")
BATCH = 20_000  # rows a transaction: large enough that a commit is nothing, small enough to hold


class PastSlot(NamedTuple):
    """One thing that went out, or should have, before Steadycast kept the record."""

    slot: str
    series: str
    at: dt.datetime
    local: str  # naive ISO wall time
    channel: str
    verdict: str
    finished: dt.datetime | None = None
    origin: str = ""
    member: str = ""
    url: str = ""


def backfill(db: Database, rows: Iterable[PastSlot]) -> int:
    """Write past slots with their deliveries; what the ledger knows already stays. Returns the deliveries written.

    What an earlier backfill missed only because its source did not have it, and this one has, is kept after all.
    """
    added = 0
    for batch in chunks(rows, BATCH):
        with db.write() as connection:
            slots = {row.slot: _slot(row) for row in batch}
            if run(connection, NEW_SLOT, list(slots.values())) < len(slots):
                slots |= _there(connection, slots)
            fresh = run(connection, NEW_DELIVERY, list(map(_delivery(db.secret, slots), batch)))
            fresh += _found_after_all(connection, batch) if fresh < len(batch) else 0
            if fresh:
                tell_whole(connection)
            added += fresh
    return added


def _found_after_all(connection: Connection, rows: Iterable[PastSlot]) -> int:
    """Turns what a backfill, and nothing else, called missed into what these rows say went out."""
    backfilled = select(SLOT.c.id).where(SLOT.c.why == "backfill")
    names = ("finished", "origin", "member", "url")
    change = (
        update(DELIVERY)
        .where(DELIVERY.c.slot == bindparam("b_slot"), DELIVERY.c.channel == bindparam("b_channel"))
        .where(DELIVERY.c.state == State.MISSED, DELIVERY.c.attempt == 0, DELIVERY.c.slot.in_(backfilled))
        .values(
            state=State.PUBLISHED, verdict=bindparam("b_verdict"), **{name: bindparam(f"b_{name}") for name in names}
        )
    )
    found = [row for row in rows if row.verdict not in STATES]
    given = ("slot", "channel", "verdict", *names)
    values = [{f"b_{name}": getattr(row, name) for name in given} for row in found]
    return connection.execute(change, values).rowcount if values else 0


def _sql(value: Any) -> str:
    """A default of ours (nothing, a number, a word) as SQL."""
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


SLOT_NAMES = ("id", "series", "at", "local", "occasion", "filled", "why", "excused", "manual")
REST = {k: _sql(v) for k, v in BLANK.items() if k not in ("state", "verdict", "finished", "origin", "member", "url")}
DELIVERY_NAMES = (
    "slot", "channel", "series", "at", "marker", "state", "verdict", "finished", "origin", "member", "url"
)  # fmt: skip
STATES = {"missed": State.MISSED.value, "excused": State.EXCUSED.value}


def _insert(into: str, names: Sequence[str], same: Mapping[str, str]) -> str:
    """A statement that leaves what is there already; `same` is SQL for all rows."""
    places = ", ".join(["?"] * len(names) + list(same.values()))
    return f"INSERT INTO {into} ({', '.join([*names, *same])}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608


NEW_SLOT, NEW_DELIVERY = _insert("slot", SLOT_NAMES, {}), _insert("delivery", DELIVERY_NAMES, REST)


def _slot(row: PastSlot) -> Values:
    return (row.slot, row.series, micros(row.at), row.local, "", row.verdict == "filled", "backfill", "", True)


def _there(connection: Connection, ids: Collection[str]) -> dict[str, Values]:
    """The slots as the ledger has them: a series may have another name by now."""
    found = among(connection, select(SLOT.c.id, SLOT.c.series, SLOT.c.at), SLOT.c.id, ids)
    return {id: (id, series, micros(at)) for id, series, at in found}


def _delivery(secret: bytes, slots: Mapping[str, Values]) -> Any:
    """What makes a row's values: series and instant are those of its slot."""
    published, marker = State.PUBLISHED.value, markers(secret)

    def values(row: PastSlot) -> Values:
        slot, _, _, _, channel, verdict, finished, origin, member, url = row
        _, series, when, *_ = slots[slot]
        there = None if finished is None else micros(finished)
        state = STATES.get(verdict, published)
        return (slot, channel, series, when, marker(slot, channel), state, verdict, there, origin, member, url)

    return values
