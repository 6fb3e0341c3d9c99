"""Which draft each slot will carry: what the planner decided, written so that nothing claimed is ever moved."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, delete, insert, select, update

from steadycast.ledger.connection import Database, among, chunks, row_of, rows_of, table, upsert
from steadycast.ledger.history import write_events
from steadycast.ledger.installation import PLANNED, marker, meta
from steadycast.ledger.record_changes import tell_whole
from steadycast.ledger.tables import DeliveryRow, SlotRow, State
from steadycast.schedule.model import Assignment, Slot, Verdict
from steadycast.schedule.promises import PromisedSlot
from steadycast.schedule.slots import wall_time

SLOT = table("slot")
DELIVERY = table("delivery")
DRAFT = table("draft")
EVENT = table("event")
KEPT = {"id", "manual"}  # of a slot that is planned again
SKIP = "skip"  # the code of a delivery that its draft said no to: another draft may say yes
LOCK = 0x5EAD1CA58  # PostgreSQL's planners queue at this number; SQLite's writers queue anyway
# Made once, with what is asked as parameters: a plan asks each of them several times, and to make one takes as long as
# the database takes to answer it.
_C = DELIVERY.c
_SPAN = (SLOT.c.at >= bindparam("after")) & (SLOT.c.at < bindparam("before"))
_IN_ORDER = (SLOT.c.at, SLOT.c.id)
BETWEEN = select(SLOT).where(_SPAN).order_by(*_IN_ORDER)
BETWEEN_OF = BETWEEN.where(SLOT.c.series == bindparam("series"))
DUE = (
    select(SLOT)
    .where(SLOT.c.id.in_(select(_C.slot).where(_C.wake <= bindparam("until"), _C.state == State.DUE)))
    .order_by(*_IN_ORDER)
)
# What has begun is found by the index of what is open: a handful.
_BEGUN = _SPAN | SLOT.c.id.in_(select(_C.slot).where(_C.wake.is_not(None), _C.attempt > 0))
CARRY = (
    select(SLOT.c.id, SLOT.c.draft, SLOT.c.filled, SLOT.c.why)
    .where(_BEGUN, SLOT.c.draft.is_not(None))
    .order_by(*_IN_ORDER)
)
_BY_RHYTHM = _SPAN & ~SLOT.c.manual
PROMISED = select(SLOT).where(_BY_RHYTHM)
_TRIED = case((_C.attempt == 0, 0), else_=1).label("attempt")
_STATES = select(_C.slot, _C.state, _TRIED, _C.code, _C.verdict).select_from(DELIVERY).join(SLOT).distinct()
WAITS = (State.PLANNED, State.DUE, State.EXCUSED)
LOST = (State.MISSED, State.CANCELLED, State.EXCUSED)  # a slot of which all came to this carries nothing
STATES_BEGUN, STATES_PROMISED = _STATES.where(_BEGUN), _STATES.where(_BY_RHYTHM)


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One delivery that a slot asks for."""

    slot: str
    channel: str
    grace: dt.timedelta = dt.timedelta(minutes=10)
    late: dt.timedelta = dt.timedelta(hours=12)
    skip: str = ""  # why the slot's draft is not for this channel, or ""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one planning changed: slots that are new, slots that carry another draft now, and slots left alone."""

    new: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()  # something of theirs is claimed, sent or settled already


def planned_at(db: Database) -> dt.datetime | None:
    """The instant as of which the coming slots were planned last; None where they never were."""
    known = meta(db, PLANNED)
    return dt.datetime.fromisoformat(known) if known else None


def save_plan(
    db: Database,
    slots: Iterable[Slot],
    assignments: Iterable[Assignment],
    deliveries: Iterable[PlannedDelivery],
    now: dt.datetime,
    *,
    manual: bool = False,
) -> Planned:
    """Write the plan of these slots, whole: a slot without an assignment has no draft, a channel left out is dropped.

    Saying the same again changes nothing. A slot of which any delivery was tried already is left as it is; a `manual`
    one may still gain channels. Safe against other planners and against claims at the same moment. A new delivery is
    due at its slot's instant when there is a draft; without one it waits until it is past `late`, and is missed then.
    """
    wanted = {s.id: s for s in slots}
    chosen = {a.slot: a for a in assignments}
    asked: dict[str, dict[str, PlannedDelivery]] = defaultdict(dict)
    for delivery in deliveries:
        asked[delivery.slot][delivery.channel] = delivery
    with db.write() as connection:
        if not db.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        known, there = _known(connection, wanted)
        fixed = {id for id in known if any(not movable(row) for row in there[id].values())}
        people = _people(connection, {a.draft for a in chosen.values()})
        slot_rows = {id: _slot_row(s, chosen.get(id), manual=manual) for id, s in wanted.items() if id not in fixed}
        new = [id for id in slot_rows if id not in known]
        moved = [
            id for id in slot_rows if id in known and known[id] != {**slot_rows[id], "manual": known[id]["manual"]}
        ]
        upsert(connection, SLOT, [slot_rows[id] for id in new])  # what a backfill wrote meanwhile stays
        upsert(connection, SLOT, [slot_rows[id] for id in moved], set(SLOT.c.keys()) - KEPT)
        changed = [*new, *moved]
        for id, row in slot_rows.items():
            if _set_deliveries(db, connection, row, asked[id], there[id], people):
                changed.append(id)
        for id in sorted(fixed) if manual else ():  # a person may send what went out to one channel to another, too
            more = {channel: a for channel, a in asked[id].items() if channel not in there[id]}
            if _set_deliveries(db, connection, known[id], more, {}, people):
                changed.append(id)
        for id in moved:
            if known[id]["draft"] != (draft := slot_rows[id]["draft"]):
                write_events(connection, [row.id for row in there[id].values()], now, "planned", draft or "no draft")
        if any(wanted[id].at < now for id in changed):
            tell_whole(connection)
    return Planned(tuple(new), tuple(moved), tuple(sorted(fixed)))


def movable(row: Any) -> bool:
    """Whether planning may still change a delivery: never tried, and nothing decided about it."""
    return _may_move(row.state, row.attempt, row.code)


def _may_move(state: str, attempt: int, code: str) -> bool:
    return attempt == 0 and (state in WAITS or (state == State.CANCELLED and code == SKIP))


def _known(connection: Connection, ids: Collection[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The slots that are there, and their deliveries by channel; held until the transaction ends."""
    there: dict[str, dict[str, Any]] = defaultdict(dict)
    known = {row.id: dict(row._mapping) for row in among(connection, select(SLOT), SLOT.c.id, ids)}
    held = select(DELIVERY).order_by(DELIVERY.c.id).with_for_update()
    for row in among(connection, held, DELIVERY.c.slot, ids):
        there[row.slot][row.channel] = row
    return known, there


def _people(connection: Connection, drafts: Collection[str]) -> Mapping[str, tuple[str, str]]:
    """Each draft's origin and member."""
    query = select(DRAFT.c.id, DRAFT.c.origin, DRAFT.c.member)
    return {id: (origin, member) for id, origin, member in among(connection, query, DRAFT.c.id, drafts)}


def _slot_row(slot: Slot, chosen: Assignment | None, *, manual: bool) -> dict[str, Any]:
    return {
        "id": slot.id,
        "series": slot.series,
        "at": slot.at,
        "local": slot.wall,
        "occasion": slot.occasion,
        "draft": chosen.draft if chosen and not slot.excused else None,
        "filled": bool(chosen and chosen.filled),
        "why": chosen.why if chosen else "",
        "excused": slot.excused,
        "manual": manual,
    }


def _set_deliveries(  # noqa: PLR0917 one slot's facts
    db: Database,
    connection: Connection,
    slot: dict[str, Any],
    asked: Mapping[str, PlannedDelivery],
    there: Mapping[str, Any],
    people: Mapping[str, tuple[str, str]],
) -> bool:
    """Make one slot's deliveries what is asked: its rows are held, and none of them was tried. False: they are it."""
    wanted = {channel: _delivery_row(slot, a, people) for channel, a in asked.items()}
    fresh = [
        {"slot": slot["id"], "channel": c, "marker": marker(db, slot["id"], c), **values}
        for c, values in wanted.items()
        if c not in there
    ]
    changed = bool(fresh)
    if fresh:
        connection.execute(insert(DELIVERY), [{**BLANK, **row} for row in fresh])
    for channel, row in there.items():
        still = (DELIVERY.c.id == row.id) & (DELIVERY.c.attempt == 0) & (DELIVERY.c.state == row.state)
        if channel not in wanted:
            connection.execute(delete(EVENT).where(EVENT.c.delivery == row.id))
            connection.execute(delete(DELIVERY).where(still))
            changed = True
        elif any(getattr(row, name) != value for name, value in wanted[channel].items()):
            connection.execute(update(DELIVERY).where(still).values(**wanted[channel]))
            changed = True
    return changed


def _delivery_row(
    slot: dict[str, Any], asked: PlannedDelivery, people: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """What planning decides about one delivery."""
    state, wake = (State.DUE, slot["at"]) if slot["draft"] else (State.PLANNED, slot["at"] + asked.late)
    if slot["excused"] or asked.skip:
        state, wake = (State.EXCUSED if slot["excused"] else State.CANCELLED), None
    origin, member = people.get(slot["draft"] or "", ("", ""))
    return {
        "series": slot["series"],
        "at": slot["at"],
        "grace": round(asked.grace.total_seconds()),
        "late": round(asked.late.total_seconds()),
        "state": state.value,
        "wake": wake,
        "draft": slot["draft"],
        "revision": None,
        "origin": origin,
        "member": member,
        "verdict": Verdict.EXCUSED.value if wake is None else "",
        "code": SKIP if state == State.CANCELLED else "",
        "message": slot["excused"] or asked.skip,
    }


# A delivery's columns before anything has happened to it.
BLANK: dict[str, Any] = {
    name: field.default
    for name, field in DeliveryRow.model_fields.items()
    if name not in ("id", "slot", "channel", "series", "at", "marker")
}


def drop_slots(db: Database, ids: Iterable[str]) -> tuple[str, ...]:
    """Take slots out of the plan that no cadence asks for any more; those of which anything was tried stay."""
    dropped: list[str] = []
    with db.write() as connection:
        known, there = _known(connection, set(ids))
        free = [id for id in known if all(movable(row) for row in there[id].values())]
        for batch in chunks(free):
            rows = [row.id for id in batch for row in there[id].values()]
            connection.execute(delete(EVENT).where(EVENT.c.delivery.in_(rows)))
            connection.execute(delete(DELIVERY).where(DELIVERY.c.id.in_(rows)))
            connection.execute(delete(SLOT).where(SLOT.c.id.in_(batch)))
            dropped += batch
        if dropped:
            tell_whole(connection)
    return tuple(dropped)


def slots_between(db: Database, after: dt.datetime, before: dt.datetime, *, series: str | None = None) -> list[SlotRow]:
    """The slots from `after` up to but not including `before`, in order of time."""
    asked = {"after": after, "before": before}
    if series is None:
        return rows_of(db, SlotRow, BETWEEN, asked)
    return rows_of(db, SlotRow, BETWEEN_OF, {**asked, "series": series})


def slots_of(db: Database, draft: str, after: dt.datetime, most: int = 20) -> list[SlotRow]:
    """The slots from `after` on that carry a draft, in order of time."""
    query = select(SLOT).where(SLOT.c.draft == draft, SLOT.c.at >= after).order_by(SLOT.c.at, SLOT.c.id)
    return rows_of(db, SlotRow, query.limit(most))


def slots_due(db: Database, until: dt.datetime) -> list[SlotRow]:
    """The slots of which anything may be claimed by then, in order of time: one walk along a partial index."""
    return rows_of(db, SlotRow, DUE, {"until": until})


def slot(db: Database, id: str) -> SlotRow | None:
    """One slot, or None."""
    return row_of(db, SlotRow, select(SLOT).where(SLOT.c.id == id))


def as_slot(row: Any) -> Slot:
    """A row as the planner sees it."""
    return Slot(row.at, row.id, row.series, wall_time(row.local), row.occasion, row.excused)


def assignments(db: Database, after: dt.datetime, before: dt.datetime) -> list[Assignment]:
    """What the slots of that time carry, and any other of which something has begun; `fixed` where it must not move.

    A slot of which everything was missed or called off carries nothing: its draft is stock again.
    """
    asked = {"after": after, "before": before}
    held, alive = set[str](), set[str]()  # the slots of which something has begun; and of which something may go out
    with db.read() as connection:
        for slot, state, tried, code, _verdict in connection.execute(STATES_BEGUN, asked).all():
            if not _may_move(state, tried, code):
                held.add(slot)
            if state not in LOST:
                alive.add(slot)
        carry = connection.execute(CARRY, asked).all()
    return [
        Assignment(id, draft, filled=filled, fixed=id in held, why=why)
        for id, draft, filled, why in carry
        if id in alive or id not in held
    ]


def promised(db: Database, after: dt.datetime, before: dt.datetime) -> list[PromisedSlot]:
    """The slots of that time that a rhythm asked for, and how far each has come."""
    asked = {"after": after, "before": before}
    with db.read() as connection:
        states = _states(connection, STATES_PROMISED, asked)
        rows = connection.execute(PROMISED, asked).all()
    found = []
    for r in rows:
        fixed = [row for row in states[r.id] if not movable(row)]
        over = bool(fixed) and all(row.verdict for row in states[r.id])
        found.append(PromisedSlot(as_slot(r), fixed=bool(fixed), over=over))
    return found


def _states(connection: Connection, query: Select[Any], asked: Mapping[str, Any]) -> dict[str, list[Any]]:
    """How far the deliveries of the slots that are asked for have come, by slot; that stand alike are told once."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query, asked).all():
        found[row.slot].append(row)
    return found


def rename_series(db: Database, old: str, new: str) -> bool:
    """Give a series' slots and deliveries, and so its record, to its new name; their ids stay. False: there are none.

    An id is part of what a far side was told: it never changes.
    """
    its = select(SLOT.c.id).where(SLOT.c.series == old)
    with db.write() as connection:
        if connection.execute(its.limit(1)).first() is None:
            return False
        connection.execute(update(DELIVERY).where(DELIVERY.c.slot.in_(its)).values(series=new))
        connection.execute(update(SLOT).where(SLOT.c.series == old).values(series=new))
        tell_whole(connection)
    return True
