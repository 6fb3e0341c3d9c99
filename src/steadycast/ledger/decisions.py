"""What only a person can say: it is there, it never appeared, send it again, here is the kit's link, leave it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    case,
    cast,
    delete,
    literal,
    select,
    type_coerce,
    update,
)

from steadycast.language import gettext as _
from steadycast.ledger.claims import DELIVERY, STEP
from steadycast.ledger.connection import Database, upsert
from steadycast.ledger.frozen_posts import FROZEN
from steadycast.ledger.history import write_events
from steadycast.ledger.older_copy import RESTORED
from steadycast.ledger.outcomes import RECEIPT, verdict
from steadycast.ledger.raw_sql import micros
from steadycast.ledger.rows import Instant
from steadycast.ledger.tables import State
from steadycast.schedule.model import Verdict

SAID = ("person", "feed")  # how a post was seen whose address can be corrected
AGAIN = dt.timedelta(hours=1)  # how long a sending that a person asks for past `late` may still take


def settle_as_there(
    db: Database,
    delivery: int,
    url: str,
    who: str,
    now: dt.datetime,
    *,
    at: dt.datetime | None = None,
    seen: str = "person",
) -> bool:
    """From unknown to published: a person or a feed showed that it is there. False when it is no longer unknown."""
    return _arrived(db, delivery, (State.UNKNOWN, State.PUBLISHED), url, who, min(at or now, now), now, seen)


def confirm(
    db: Database,
    delivery: int,
    url: str,
    who: str,
    now: dt.datetime,
    *,
    at: dt.datetime | None = None,
    seen: str = "person",
) -> bool:
    """From handed to confirmed: the kit was posted, at `at` where that is known. False when no kit lies ready."""
    return _arrived(db, delivery, (State.HANDED, State.CONFIRMED), url, who, min(at or now, now), now, seen)


def correct(db: Database, delivery: int, url: str, who: str, now: dt.datetime) -> bool:
    """Another address for a post that a person had said is there. False when it was no person's word, or is not there.

    When it was there, and so its verdict, stays: only the address was mistyped.
    """
    c = DELIVERY.c
    said = select(RECEIPT.c.delivery).where(RECEIPT.c.delivery == delivery, RECEIPT.c.seen.in_(SAID))
    with db.write() as connection:
        there = c.state.in_((State.CONFIRMED, State.PUBLISHED)) & c.id.in_(said)
        if connection.execute(update(DELIVERY).where((c.id == delivery) & there).values(url=url)).rowcount != 1:
            return False
        connection.execute(update(RECEIPT).where(RECEIPT.c.delivery == delivery).values(url=url, detail={"who": who}))
        write_events(connection, [delivery], now, "corrected", f"{who}: {url}")
        return True


def settle_as_missed(db: Database, delivery: int, who: str, now: dt.datetime) -> bool:
    """From unknown to missed: it never appeared, and is not to be sent again; its draft is free."""
    gone = {"state": State.MISSED, "wake": None, "verdict": Verdict.MISSED.value}
    with db.write() as connection:
        return _move(connection, delivery, (State.UNKNOWN,), gone, now, _("%(who)s: it never appeared", who=who))


def send_again(db: Database, delivery: int, who: str, now: dt.datetime) -> bool:
    """From unknown to due: a person saw that it is not there. It resumes after its last known step.

    What a restore put in doubt ahead of its hour goes out at its hour.
    """
    c = DELIVERY.c
    due = _due(now)
    due["wake"] = case(((c.code == RESTORED) & (c.at > now), c.at), else_=literal(now, Instant))
    with db.write() as connection:
        if not _move(connection, delivery, (State.UNKNOWN,), due, now, _("%(who)s: send again", who=who)):
            return False
        connection.execute(delete(STEP).where(STEP.c.delivery == delivery, STEP.c.value.is_(None)))
        return True


def retry(db: Database, delivery: int, who: str, now: dt.datetime) -> bool:
    """From refused or missed to due: a person fixed the cause. The post is rendered and frozen anew."""
    with db.write() as connection:
        fixed = {**_due(now), "frozen": None, "verdict": "", "code": "", "message": ""}
        has_draft = DELIVERY.c.draft.is_not(None)
        states = (State.REFUSED, State.MISSED)
        if not _move(connection, delivery, states, fixed, now, _("%(who)s: try again", who=who), has_draft):
            return False
        connection.execute(delete(FROZEN).where(FROZEN.c.delivery == delivery))
        return True


def cancel(db: Database, delivery: int, who: str, now: dt.datetime) -> bool:
    """From planned, due, claimed, refused or handed to cancelled: nothing is owed. False when it cannot be stopped."""
    states = (State.PLANNED, State.DUE, State.CLAIMED, State.REFUSED, State.HANDED)
    off = {
        "state": State.CANCELLED,
        "wake": None,
        "verdict": Verdict.EXCUSED.value,
        "code": "",
        "owner": "",
        "lease": None,
    }
    nothing_in_doubt = DELIVERY.c.state.not_in((State.DUE, State.CLAIMED)) | (DELIVERY.c.looks == 0)
    with db.write() as connection:
        return _move(connection, delivery, states, off, now, _("%(who)s: cancelled", who=who), nothing_in_doubt)


def _due(now: dt.datetime) -> dict[str, Any]:
    """Due at once; where `late` is past, a person's word gives it another hour."""
    since = micros(now + AGAIN) - type_coerce(DELIVERY.c.at, BigInteger)
    needed = cast(since / 1_000_000, Integer)
    late = case((needed > DELIVERY.c.late, needed), else_=DELIVERY.c.late)
    return {"state": State.DUE, "wake": now, "late": late, "looks": 0}


def _arrived(  # noqa: PLR0917 one row's facts
    db: Database,
    delivery: int,
    move: tuple[State, State],
    url: str,
    who: str,
    finished: dt.datetime,
    now: dt.datetime,
    seen: str,
) -> bool:
    there = {"state": move[1], "wake": None, "url": url, "finished": finished, "code": "", "message": "",
             "verdict": verdict(finished)}  # fmt: skip
    with db.write() as connection:
        if not _move(connection, delivery, move[:1], there, now, f"{who}: {url}"):
            return False
        receipt = {"delivery": delivery, "remote_id": "", "url": url, "at": finished, "seen": seen,
                   "detail": {"who": who}}  # fmt: skip
        upsert(connection, RECEIPT, [receipt], ("url", "at", "seen", "detail"))
        return True


def _move(  # noqa: PLR0917 one row's facts
    connection: Connection,
    delivery: int,
    before: tuple[State, ...],
    change: Mapping[str, Any],
    now: dt.datetime,
    why: str,
    also: ColumnElement[bool] | None = None,
) -> bool:
    here = (DELIVERY.c.id == delivery) & DELIVERY.c.state.in_(before)
    moved = connection.execute(update(DELIVERY).where(here if also is None else here & also).values(**change))
    write_events(connection, [delivery] if moved.rowcount == 1 else [], now, str(change["state"]), why)
    return moved.rowcount == 1
