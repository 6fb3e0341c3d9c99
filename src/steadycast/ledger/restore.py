"""A ledger that was restored from an older copy must not send again what the lost part had sent.

Beside a SQLite ledger lies `<name>.sent`: how many intents were ever written, and up to which instant slots were
sent. A ledger that knows of fewer is an older copy: then every open delivery up to that instant is in doubt, and a
person's, since what was frozen for it was in the part that is lost. PostgreSQL has no file beside it: whoever takes
it back in time looks for himself.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, select, true, update

from steadycast import crashpoints
from steadycast.ledger.connection import Database, table, telling, upsert
from steadycast.ledger.history import tell
from steadycast.ledger.tables import State

META = table("meta")
DELIVERY = table("delivery")
RESTORED = "restored"  # the code of a delivery that is in doubt for this; a person's word frees it
WHY = "the ledger was restored from an older copy: look whether it is there"


def count_intents(db: Database, connection: Connection, intents: int) -> int:
    """Add to the number of intents ever written; the new number."""
    known = int(connection.scalar(select(META.c.value).where(META.c.key == "intents")) or 0)
    if db.beside is not None and intents:
        upsert(connection, META, [{"key": "intents", "value": str(known + intents)}], ["value"])
    return known + intents


def set_mark(db: Database, intents: int, until: dt.datetime) -> None:
    """Write beside the ledger, durably, that so many intents were written, for slots up to `until`."""
    if db.beside is None:
        return
    with telling(db.name):
        known, before = _mark(db.beside) or (0, until)
        if known >= intents:
            return
        text = f"{intents} {max(until, before).isoformat()}\n"
        new = db.beside.with_name(f"{db.beside.name}.{os.getpid()}")
        with new.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        crashpoints.here("mark-written")
        new.replace(db.beside)
        crashpoints.here("mark-replaced")


def notice(db: Database) -> None:
    """On opening: find out whether this is an older copy, and remember up to when its deliveries are in doubt."""
    with db.read() as connection:
        values = dict(connection.execute(select(META.c.key, META.c.value)).tuples().all())
    floor = values.get("restored_until")
    mark = None if db.beside is None else _mark(db.beside)
    if mark and mark[0] > int(values.get("intents", 0)) and not db.readonly:
        floor = mark[1].isoformat()
        with db.write() as connection:
            fresh = {"restored_until": floor, "intents": str(mark[0])}
            upsert(connection, META, [{"key": k, "value": v} for k, v in fresh.items()], ["value"])
    db.restored_until = None if floor is None else dt.datetime.fromisoformat(floor)


def may_go(db: Database) -> ColumnElement[bool]:
    """Whether a delivery's slot comes after what the lost part had sent, or a person has looked."""
    if db.restored_until is None:
        return true()
    return (DELIVERY.c.at > db.restored_until) | (DELIVERY.c.code == RESTORED)


def put_in_doubt(db: Database, connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From due or claimed to unknown: what an older copy of the ledger believes unsent. A person settles it."""
    if db.restored_until is None:
        return ()
    open_ = DELIVERY.c.wake.is_not(None) & DELIVERY.c.state.in_([State.DUE, State.CLAIMED]) & ~may_go(db)
    doubt = {"state": State.UNKNOWN, "wake": None, "owner": "", "lease": None, "code": RESTORED, "message": WHY}
    moved = connection.execute(update(DELIVERY).where(open_).values(**doubt).returning(DELIVERY.c.id))
    ids = tuple(row.id for row in moved)
    tell(connection, ids, now, State.UNKNOWN.value, WHY)
    return ids


def _mark(path: Path) -> tuple[int, dt.datetime] | None:
    try:
        intents, until = path.read_text(encoding="ascii").split()
        return int(intents), dt.datetime.fromisoformat(until)
    except FileNotFoundError:
        return None
    except ValueError:  # torn: it says nothing, and the next intent writes it anew
        return None
