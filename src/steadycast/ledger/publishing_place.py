"""Where a ledger is published from: two copies of a workspace, and a ledger that is new where an old one was.

A ledger in a file remembers its machine and its folder from its first publication on. From anywhere else it publishes
nothing until a person says that it goes on there: a tool that keeps two folders alike makes two publishers of one. A
PostgreSQL ledger is one wherever it is asked from, and has no place.

A ledger that has sent nothing, beside the mark of another one that had, is what is left when the file was deleted: all
that went out is forgotten, and would go out again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sys
from pathlib import Path

from sqlalchemy import delete

from steadycast.errors import LedgerError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.connection import Database, beside, refusal, table
from steadycast.ledger.installation import meta, set_meta
from steadycast.ledger.older_copy import LOST, PLACE, mark_as_copy, put_in_doubt, read_mark

META = table("meta")
MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
CONTAINERS = ("/.dockerenv", "/run/.containerenv")


def machine() -> str:
    """This machine's name, hashed; "" where it has none that lasts, as in a container: then the folder alone counts.

    STEADYCAST_HOST names it by hand: where a container's volume may be copied, or an image is on many machines.
    """
    named = os.environ.get("STEADYCAST_HOST", "")
    contained = any(Path(file).exists() for file in CONTAINERS) or "KUBERNETES_SERVICE_HOST" in os.environ
    if not named and sys.platform == "linux" and not contained:
        named = next(filter(None, map(_first_line, MACHINE_IDS)), "")
    return hashlib.sha256(f"steadycast {named}".encode()).hexdigest()[:16] if named else ""


def _first_line(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def here(db: Database) -> str | None:
    """Where this ledger is now: machine and folder; None where that means nothing."""
    return f"{machine()} {Path(db.name).resolve().parent}" if db.is_sqlite else None


def lost(db: Database) -> LedgerError | None:
    """That this ledger is new where another one had published: what that one knew is forgotten."""
    until = meta(db, LOST)
    said = N_("it is new, and the one that lay here has published until %(when)s UTC")
    return None if until is None else _lost(db.name, said, until)


def gone(file: str | Path) -> LedgerError | None:
    """The same of a ledger whose file is away, and no new one was made yet: its mark tells."""
    path = Path(file)
    mark = None if "://" in str(file) or path.exists() else read_mark(beside(path))
    if mark is None:
        return None
    said = N_("it is gone, and has published until %(when)s UTC")
    return _lost(str(file), said, mark.until.astimezone(dt.UTC).isoformat())


def _lost(name: str, said: str, until: str) -> LedgerError:
    when = until[:16].replace("T", " ")
    hint = _("`steadycast restore FILE --force` puts a backup back, `steadycast here --new` goes on without one")
    return refusal(name, _(said, when=when), hint)


def objection(db: Database) -> LedgerError | None:
    """Why nothing may be published from this ledger, here and now, until a person says what happened."""
    if error := lost(db):
        return error
    before, now = meta(db, PLACE), here(db)
    if before is None or now is None or _same(before, now):
        return None
    folder = before.partition(" ")[2]
    where = folder if folder != now.partition(" ")[2] else _("%(folder)s of another machine", folder=folder)
    said = _("it has published from %(where)s; two copies would send everything twice", where=where)
    hint = _("once no other publishes: `steadycast here`, or `steadycast here --moved` where none has since")
    return refusal(db.name, said, hint)


def _same(before: str, now: str) -> bool:
    """Whether two places are one; a machine without a name may be any."""
    (machine_before, _, folder_before), (machine_now, _, folder_now) = (p.partition(" ") for p in (before, now))
    return folder_before == folder_now and (machine_before == machine_now or not (machine_before and machine_now))


def settle_here(db: Database) -> None:
    """Remember that this ledger publishes from here; raises LedgerError where a person has to say so first."""
    if error := objection(db):
        raise error
    now = here(db)
    if now is not None and meta(db, PLACE) != now:
        set_meta(db, PLACE, now)


def move_here(db: Database, now: dt.datetime, *, moved: bool = False, new: bool = False) -> bool:
    """A person's word that this ledger goes on from here; whether anything stood against it.

    Unless it only `moved`, what is due by now may have gone out from elsewhere: it is looked for before it is sent.
    A ledger that took a lost one's place needs `new` besides, since what that one knew is given up by it.
    """
    stood, forgot = objection(db), lost(db) is not None
    if stood and forgot and not new:
        raise stood
    with db.write() as connection:
        connection.execute(delete(META).where(META.c.key.in_([LOST, PLACE])))
        if stood and not moved and not forgot:  # of a lost one the mark tells what is in doubt
            mark_as_copy(connection, now)
            put_in_doubt(db, connection, now)
    settle_here(db)
    return stood is not None
