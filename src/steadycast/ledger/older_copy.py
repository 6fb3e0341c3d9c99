"""A ledger that was restored from an older copy must not send again what the lost part had sent.

Two things tell that a ledger is an older copy. Beside it lies a mark, `<ledger>.sent`: how many intents were ever
written, when the last was, how far ahead of their hour slots were sent, by when the last request had ended, and by
which installation; a ledger that knows of fewer is older. And a copy made by `copies.copy` says of itself that it is
one, wherever it is opened.

Then every delivery of the time that is lost is in doubt: slots up to the last intent, and the next slot of a series
where one may have been published ahead of its hour, as `up` and `publish SERIES` do. Where the markers are the same
(the copy has the installation's secret) read-back settles them; where a whole ledger was lost, or nobody can look, a
person does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, case, delete, func, select, true, update

from steadycast.crash_safety import crashpoints, durable, file_lock
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.connection import Database, table, translate_errors, upsert
from steadycast.ledger.history import write_events
from steadycast.ledger.installation import keep, secret_of, value, values
from steadycast.ledger.raw_sql import run
from steadycast.ledger.tables import State

META = table("meta")
SLOT = table("slot")
DELIVERY = table("delivery")
FAR = dt.timedelta(days=400)  # ahead of its hour nobody sends anything further
RESTORED = "restored"  # the code of a delivery that is in doubt for this
WHY = N_("the ledger was restored from an older copy: look whether it is there")
LOST = "lost"  # meta: this ledger is new, and beside it lies the mark of one that published until then
PLACE = "place"  # meta: the machine and folder that it publishes from
COPY = "copy"  # meta: this ledger is a copy, made then; nothing is known of what was sent since
INSTANTS = ("until", "ahead", "ended")
PATIENCE, NAP = 30.0, 0.002  # seconds to wait for another worker's mark, and between two looks at it
HANDED_OUT = 1000  # tokens that the lost part may have given to workers which still live


@dataclass(frozen=True, slots=True)
class Mark:
    """What lies beside a ledger: how far it had come."""

    intents: int
    until: dt.datetime  # of the last intent
    ahead: dt.datetime  # the latest slot that was sent, if ahead of its hour
    ended: dt.datetime  # by when every request had ended
    installation: str = ""  # whose: `fingerprint` of its secret


@dataclass(frozen=True, slots=True)
class Doubt:
    """What an older copy cannot know."""

    until: dt.datetime | None = None  # slots up to then may have been sent; None: nothing is in doubt
    ahead: dt.datetime | None = None  # and the next slot of each series, up to then
    ended: dt.datetime | None = None  # by when the requests of the lost part had ended
    copy: bool = False  # it is a copy, and has not been told until when
    new: bool = False  # what was tried before is in doubt too, once
    looks: bool = True  # the markers are the lost part's: read-back can find them


def fingerprint(secret: bytes) -> str:
    """Which installation a secret belongs to, without the secret."""
    return hashlib.sha256(b"steadycast " + secret).hexdigest()[:16]


def count_intents(connection: Connection, intents: int) -> int:
    """Add to the number of intents ever written; the new number. Whoever comes second waits for the first's commit."""
    if intents:
        run(connection, COUNT, [("intents", str(intents))])
    return int(value(connection, "intents") or 0)


COUNT = (
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE "
    "SET value = CAST(CAST(meta.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT)"
)


def reach(connection: Connection, slots: Iterable[tuple[str, dt.datetime]], now: dt.datetime) -> dt.datetime:
    """Up to when slots may have been sent once these are, (series, instant) each: `now`, or the farthest of them.

    One that is the next of its series does not count: the mark's `ahead` tells of it.
    """

    def nearer(series: str, at: dt.datetime) -> bool:
        between = select(SLOT.c.id).where(SLOT.c.series == series, SLOT.c.at > now, SLOT.c.at < at).limit(1)
        return connection.scalar(between) is not None

    return max((at for series, at in slots if at > now and nearer(series, at)), default=now)


def set_mark(db: Database, latest: Mark) -> None:
    """Write beside the ledger, durably, how far it has come; one that came further already stays."""
    if db.beside is None:
        return
    lock = db.beside.with_name(f"{db.beside.name}.lock")
    # Two workers' marks take turns: the lower one must not come last. While another keeps it, nothing may be sent.
    with translate_errors(db.name), file_lock.held(lock, PATIENCE, NAP):
        known = read_mark(db.beside)
        if known is None or known.intents < latest.intents:
            spans = {name: max(getattr(latest, name), getattr(known or latest, name)) for name in INSTANTS}
            _write_mark(db.beside, replace(latest, **spans, installation=fingerprint(db.secret)))


def _write_mark(path: Path, mark: Mark) -> None:
    told = (mark.intents, *(getattr(mark, name).isoformat() for name in INSTANTS), mark.installation)
    line = " ".join(map(str, told)) + "\n"
    durable.put(path, line.encode("ascii"), synced=lambda: crashpoints.checkpoint("mark-written"))
    crashpoints.checkpoint("mark-replaced")


def read_mark(path: Path | None) -> Mark | None:
    """The mark at this path; None where there is none, or a torn one: the next intent writes it anew."""
    try:
        intents, *spans, installation = path.read_text(encoding="ascii").split() if path else ["", ""]
        instants = dict(zip(INSTANTS, map(dt.datetime.fromisoformat, spans), strict=True))
        return Mark(int(intents), **instants, installation=installation)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def notice(db: Database) -> None:
    """On opening: find out whether this is an older copy. One that is opened for reading only is not told so."""
    with translate_errors(db.name), db.read() as connection:
        meta = values(connection)
    if not db.readonly and _behind(db, meta):
        with db.write() as connection:
            db.restored_until = _told(db, connection).until
    else:
        db.restored_until = _doubt(meta).until


def doubt(connection: Connection) -> Doubt:
    """What is in doubt, as this transaction sees it."""
    return _doubt(values(connection))


def may_go(of: Doubt, now: dt.datetime) -> ColumnElement[bool]:
    """Whether a delivery may be claimed: its slot is not of the time that is lost, or somebody has looked since."""
    if of.copy:
        of = _now_known(of, now)
    if of.until is None:
        return true()
    return ~_lost(of) if of.new else ~_lost(of) | (DELIVERY.c.attempt > 0)


def put_in_doubt(db: Database, connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From due, claimed or refused to unknown: what an older copy of the ledger cannot know. Read-back settles it.

    What it takes with it is done once; a slot of the lost time that planning makes anew is taken as it comes.
    """
    found = _told(db, connection)
    if found.copy:
        found = _now_known(found, now)
    db.restored_until = found.until
    if found.until is None:
        return ()
    c = DELIVERY.c
    fresh = (c.state == State.DUE) & (c.attempt == 0)
    tried = c.state.in_([State.DUE, State.CLAIMED, State.REFUSED])
    open_ = c.wake.is_not(None) & (c.verdict == "") & (tried if found.new else fresh) & _lost(found)
    change = {
        "state": State.UNKNOWN, "wake": now if found.looks else None, "owner": "", "lease": None, "looks": 0,
        "attempt": case((c.attempt == 0, 1), else_=c.attempt), "token": c.token + HANDED_OUT, "frozen": None,
        "deadline": found.ended, "code": RESTORED, "message": _(WHY),
    }  # fmt: skip
    moved = connection.execute(update(DELIVERY).where(open_).values(**change).returning(c.id))
    ids = tuple(row.id for row in moved)
    write_events(connection, ids, now, State.UNKNOWN.value, _(WHY))
    if found.new:
        _keep(connection, replace(found, new=False))
    return ids


def mark_as_copy(connection: Connection, now: dt.datetime) -> None:
    """Say in this ledger that it is a copy: whoever opens it next puts what it cannot know in doubt."""
    keep(connection, **{COPY: now.isoformat()})


def _now_known(of: Doubt, now: dt.datetime) -> Doubt:
    """A copy's doubt, once it is opened: until now, anything may have been sent."""
    return Doubt(max(now, of.until or now), now + FAR, max(now, of.ended or now), new=True, looks=of.looks)


def _lost(of: Doubt) -> ColumnElement[bool]:
    """Whether a delivery's slot is of the time that is lost, or the first of its series after it."""
    c, until = DELIVERY.c, of.until
    assert until is not None
    before: ColumnElement[bool] = c.at <= until
    if of.ahead is None or of.ahead <= until:
        return before
    next_ = (SLOT.c.series == c.series) & (SLOT.c.at > until) & (SLOT.c.excused == "")
    first = select(func.min(SLOT.c.at)).where(next_).correlate(DELIVERY).scalar_subquery()
    return before | ((c.at <= of.ahead) & (c.at == first))


def _behind(db: Database, meta: Mapping[str, str]) -> Mark | None:
    """The mark, where it knows of more than the ledger."""
    with translate_errors(db.name):
        mark = read_mark(db.beside)
    return mark if mark and mark.intents > int(meta.get("intents", 0)) else None


def _doubt(meta: Mapping[str, str]) -> Doubt:
    texts = {name: meta.get(f"restored_{name}") for name in INSTANTS}
    spans = {name: dt.datetime.fromisoformat(text) for name, text in texts.items() if text}
    new, looks = meta.get("restored_new") == "1", meta.get("restored_looks", "1") == "1"
    return Doubt(**spans, copy=COPY in meta, new=new, looks=looks)


def _told(db: Database, connection: Connection) -> Doubt:
    """What is in doubt, with what the mark beside the ledger has to say; a mark that is behind says nothing."""
    meta = values(connection)
    before, mark = _doubt(meta), _behind(db, meta)
    if mark is None:
        return before
    same = mark.installation == fingerprint(secret_of(meta))
    spans = {name: max(getattr(mark, name), getattr(before, name) or getattr(mark, name)) for name in INSTANTS}
    # A mark of this installation knows until when; of another one it says only that a ledger was here.
    found = Doubt(**spans, copy=before.copy and not same, new=True, looks=same and before.looks)
    if not same and not int(meta.get("intents", 0)):
        upsert(connection, META, [{"key": LOST, "value": mark.until.astimezone(dt.UTC).isoformat()}])
    keep(connection, intents=str(mark.intents))
    _keep(connection, found)
    return found


def _keep(connection: Connection, found: Doubt) -> None:
    rows = {f"restored_{name}": getattr(found, name).isoformat() for name in INSTANTS}
    rows |= {"restored_looks": str(int(found.looks)), "restored_new": str(int(found.new))}
    keep(connection, **rows)
    if not found.copy:
        connection.execute(delete(META).where(META.c.key == COPY))
