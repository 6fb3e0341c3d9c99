"""What came in: drafts with their revisions and decisions, and what could not be taken in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from steadycast import retold
from steadycast.ledger import draft_decisions, raw_sql
from steadycast.ledger.connection import Database, among, chunks, row_of, rows_of, table, upsert
from steadycast.ledger.draft_labels import note_labels
from steadycast.ledger.installation import STOCK, WRONG, tell
from steadycast.ledger.raw_sql import fetch
from steadycast.ledger.rows import TableRow
from steadycast.ledger.tables import DraftRow, ProblemRow, RevisionRow

DELIVERY = table("delivery")
DRAFT = table("draft")
REVISION = table("revision")
PROBLEM = table("problem")
FEED = table("feed")
FEED_ITEM = table("feed_item")
HAND_IN = "hand-in"  # of a class that publishes none
UNLISTED = ("digest", "reminder")  # sources of drafts that no digest lists
HELD = ("archive", "copy", "doubtful", HAND_IN)  # states of drafts that are no stock before a person says so
OUT_OF_STOCK = ("gone", "not-ready", "rejected", *HELD)  # states of a draft that no slot may carry

INBOX = ("waiting", "copy", "doubtful")  # a person has to say what becomes of it


def values(rows: Iterable[TableRow]) -> list[dict[str, Any]]:
    """The rows' columns, as Core inserts take them."""
    return [{name: getattr(row, name) for name in type(row).model_fields} for row in rows]


def drafts(db: Database, states: Collection[str] = ()) -> list[DraftRow]:
    """Every draft, or those in the given states, by path."""
    query = select(DRAFT).order_by(DRAFT.c.path)
    return rows_of(db, DraftRow, query.where(DRAFT.c.state.in_(states)) if states else query)


class ShownDraft(NamedTuple):
    """What a report shows of a draft: of hundreds, read in half the time that whole rows take."""

    id: str
    title: str
    origin: str
    member: str
    path: str
    changed: dt.datetime
    circle: str
    state: str


SHOWN = select(*(DRAFT.c[name] for name in ShownDraft._fields))


def shown_drafts(db: Database, ids: Iterable[str]) -> dict[str, ShownDraft]:
    """These drafts by id; those that are not there are left out."""
    with db.read() as connection:
        return {row[0]: ShownDraft._make(row) for row in among(connection, SHOWN, DRAFT.c.id, set(ids))}


def unlisted_drafts(db: Database) -> set[str]:
    """The ids of the drafts that no digest lists."""
    with db.read() as connection:
        return set(connection.scalars(select(DRAFT.c.id).where(DRAFT.c.source.in_(UNLISTED))))


def fetched(db: Database, query: Select[Any]) -> list[tuple[Any, ...]]:
    """A query's rows as the driver makes them."""
    with db.read() as connection:
        return fetch(connection, str(query.compile(db.engine, compile_kwargs={"literal_binds": True})), ())


def draft_paths(db: Database) -> list[str]:
    """The path of every draft."""
    with db.read() as connection:
        return list(connection.scalars(select(DRAFT.c.path)))


def drafts_in(db: Database, state: str) -> int:
    """How many drafts are in this state."""
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(DRAFT).where(DRAFT.c.state == state)).scalar_one()


def has_drafts(db: Database) -> bool:
    """Whether any draft was ever taken in."""
    with db.read() as connection:
        return connection.execute(select(DRAFT.c.id).limit(1)).first() is not None


class KnownDraft(NamedTuple):
    """What tells a draft from others: of ten thousand, read in a twentieth of the time that whole rows take."""

    id: str
    path: str
    source: str
    revision: str
    state: str
    title: str
    held: str
    resembles: str
    first_seen: dt.datetime


KNOWN = select(*(DRAFT.c[name] for name in KnownDraft._fields)).order_by(DRAFT.c.path)


def known_drafts(db: Database, states: Collection[str] = ()) -> list[KnownDraft]:
    """Every draft, or those in the given states, by path."""
    query = KNOWN.where(DRAFT.c.state.in_(states)) if states else KNOWN
    with db.read() as connection:
        return [KnownDraft._make(row) for row in connection.execute(query)]


def dropped_paths(db: Database) -> dict[str, str]:
    """The revisions, by path, of the drafts that were dropped in and are not gone."""
    with db.read() as connection:
        return dict(map(tuple, raw_sql.fetched(connection, DROPPED)))


DROPPED = select(DRAFT.c.path, DRAFT.c.revision).where(DRAFT.c.source == "folder", DRAFT.c.state != "gone")


def held_drafts(db: Database, states: Collection[str]) -> dict[str, int]:
    """How many drafts are in each of these states; those without any are left out."""
    query = select(DRAFT.c.state, func.count()).where(DRAFT.c.state.in_(states)).group_by(DRAFT.c.state)
    with db.read() as connection:
        return dict(map(tuple, connection.execute(query)))


def titles(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """The titles of these drafts by id; those that are not there are left out."""
    with db.read() as connection:
        return dict(map(tuple, among(connection, select(DRAFT.c.id, DRAFT.c.title), DRAFT.c.id, ids)))


def draft(db: Database, id_or_path: str) -> DraftRow | None:
    """One draft by its id or its path; of several at one path (a file that came again) the newest."""
    named = select(DRAFT).where((DRAFT.c.id == id_or_path) | (DRAFT.c.path == id_or_path))
    return row_of(db, DraftRow, named.order_by((DRAFT.c.state == "gone"), DRAFT.c.changed.desc()))


def put_drafts(db: Database, drafts: Iterable[DraftRow], revisions: Iterable[RevisionRow] = ()) -> None:
    """Take drafts in, new and changed, with their revisions, in one transaction.

    An approval that a person gave meanwhile is kept: intake may bring one, it never takes one back.
    """
    new: dict[str, ColumnElement[Any]] = {
        name: literal_column(f"excluded.{name}") for name in ("revision", "state", "approved_revision")
    }
    brings = new["approved_revision"].is_not(None)
    stands = DRAFT.c.approved_revision == new["revision"]
    kept = {n: case((brings, literal_column(f"excluded.{n}")), else_=DRAFT.c[n])
            for n in ("approved_revision", "approved_at", "approved_by")}  # fmt: skip
    decided = stands & or_(*(new["state"] == name for name in ("waiting", *HELD)))
    state = case((decided, "approved"), else_=new["state"])
    for name in ("held", "resembles"):
        kept[name] = case((decided, ""), else_=literal_column(f"excluded.{name}"))
    seen = ("path", "source", "origin", "member", "circle", "form", "title", "revision", "changed", "plan")
    rows = values(drafts)
    with db.write() as connection:
        came = upsert(connection, DRAFT, rows, seen, state=state, **kept)
        upsert(connection, REVISION, values(revisions))
        note_labels(connection, {row["id"] for row in rows})
        if came:
            tell(connection, STOCK)


def approve(  # noqa: PLR0917 one decision's facts
    db: Database, draft: str, revision: str, who: str, now: dt.datetime, why: str = "", **own: Any
) -> bool:
    """Approve one revision of a draft; False when the draft has changed since that revision, or is gone.

    `own` is what the row says of this revision (`title`, `form`, `plan`), where it still speaks of another.
    """
    given = {"approved_revision": revision, "approved_at": now, "approved_by": who, "state": "approved"}
    given |= {"held": "", "resembles": ""}
    return _decide(db, draft, revision, {**own, **given}, why)


def carry_approval(db: Database, draft: str, revision: str, **own: Any) -> bool:
    """Let an approval hold for a revision whose words are the same: nobody decided anew, and no decision is noted."""
    here = (DRAFT.c.id == draft) & (DRAFT.c.revision == revision) & DRAFT.c.approved_revision.is_not(None)
    given = {**own, "approved_revision": revision, "state": "approved"}
    with db.write() as connection:
        return _changed(connection, here, given)


def set_plan(db: Database, draft: str, revision: str, plan: Mapping[str, Any]) -> bool:
    """What the planner is to ask of a draft; False when it has changed since that revision."""
    here = (DRAFT.c.id == draft) & (DRAFT.c.approved_revision == revision)
    with db.write() as connection:
        return _changed(connection, here, {"plan": dict(plan)})


def _changed(connection: Connection, here: ColumnElement[bool], given: Mapping[str, Any]) -> bool:
    """Whether the one draft that is `here` took these values."""
    changed: int = connection.execute(update(DRAFT).where(here).values(**given)).rowcount
    if changed:
        tell(connection, STOCK)
    return changed == 1


def reject(  # noqa: PLR0917 one decision's facts
    db: Database, draft: str, revision: str, who: str, now: dt.datetime, why: str = ""
) -> bool:
    """Reject one revision of a draft and void its approval; False when it has changed since, or is gone."""
    void = {"approved_revision": None, "approved_at": now, "approved_by": who, "state": "rejected"}
    return _decide(db, draft, revision, void, why)


def _decide(db: Database, draft: str, revision: str, decision: dict[str, Any], why: str) -> bool:
    here = (DRAFT.c.id == draft) & (DRAFT.c.revision == revision) & DRAFT.c.state.not_in(["gone", "not-ready"])
    kind = draft_decisions.APPROVED if decision["state"] == "approved" else draft_decisions.REJECTED
    with db.write() as connection:
        before = connection.execute(UNDECIDED, {"its": draft, "hash": revision}).first()
        if before is None or not _changed(connection, here, decision):
            return False
        draft_decisions.note(connection, before, kind, decision["approved_at"], who=decision["approved_by"], why=why)
        return True


UNDECIDED = select(DRAFT).where(
    DRAFT.c.id == bindparam("its"), DRAFT.c.revision == bindparam("hash"), DRAFT.c.state.not_in(["gone", "not-ready"])
)


def revision(db: Database, hash: str, draft: str | None = None) -> RevisionRow | None:
    """One content state by its hash; of several drafts with the same content, the one named."""
    query = select(REVISION).where(REVISION.c.hash == hash)
    return row_of(db, RevisionRow, query if draft is None else query.where(REVISION.c.draft == draft))


class Revision(NamedTuple):
    """One content state of a draft, without its content."""

    hash: str
    at: dt.datetime


def revisions_of(db: Database, draft: str, most: int) -> list[Revision]:
    """The content states that a draft has had, the newest first."""
    query = select(REVISION.c.hash, REVISION.c.at).where(REVISION.c.draft == draft)
    with db.read() as connection:
        newest = query.order_by(REVISION.c.at.desc(), REVISION.c.hash).limit(most)
        return [Revision(*row) for row in connection.execute(newest)]


def unread(db: Database) -> int:
    """How many files and feeds could not be taken in; without those of which a draft waits for a decision."""
    with db.read() as connection:
        return int(connection.execute(select(func.count()).select_from(PROBLEM).where(_APART)).scalar_one())


def approved(db: Database, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The approved content of these drafts by id; those that no slot may carry (any more) are left out."""
    shown = (REVISION.c.draft == DRAFT.c.id) & (REVISION.c.hash == DRAFT.c.approved_revision)
    query = select(DRAFT.c.id, REVISION.c.content).join(REVISION, shown).where(DRAFT.c.state.not_in(OUT_OF_STOCK))
    with db.read() as connection:
        return dict(map(tuple, among(connection, query, DRAFT.c.id, ids)))


def texts(db: Database, drafts: Collection[tuple[str, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, content) of the drafts named by id and revision."""
    wanted = dict(drafts)
    for ids in chunks(wanted):
        query = select(REVISION.c.draft, REVISION.c.hash, REVISION.c.content).where(REVISION.c.draft.in_(ids))
        query = query.where(REVISION.c.hash.in_([wanted[id] for id in ids]))
        with db.read() as connection:
            rows = connection.execute(query).all()
        for row in rows:  # outside: whoever reads them may take any time
            if wanted[row.draft] == row.hash:
                yield row.draft, row.content


def media_of(db: Database, member: str) -> Iterator[tuple[str, bool, list[dict[str, Any]]]]:
    """(path, whether it is there now, files) of each revision of a member's drafts that names files."""
    query = select(DRAFT.c.path, DRAFT.c.state, DRAFT.c.revision, REVISION.c.hash, REVISION.c.content["media"])
    query = query.join(REVISION, REVISION.c.draft == DRAFT.c.id).where(
        DRAFT.c.member == member, DRAFT.c.origin == "ugc"
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
    for path, state, newest, revision, media in rows:
        if media:
            yield path, newest == revision and state != "gone", media


def had(db: Database, revisions: Iterable[str]) -> dict[str, list[str]]:
    """Every draft that has, or once had, each of these revisions."""
    found: dict[str, list[str]] = {}
    query = select(REVISION.c.hash, REVISION.c.draft).order_by(REVISION.c.at)
    with db.read() as connection:
        for row in among(connection, query, REVISION.c.hash, revisions):
            found.setdefault(row.hash, []).append(row.draft)
    return found


def went_out_before(db: Database, when: Mapping[str, dt.datetime], now: dt.datetime) -> int:
    """Put drafts on record as published before there was a ledger; what waited or was held back is approved by that.

    The earliest day that is known stays. Returns how many drafts are used by it that were not.
    """
    marked = 0
    with db.write() as connection:
        for id, at in when.items():
            here = (DRAFT.c.id == id) & (DRAFT.c.published_before.is_(None) | (DRAFT.c.published_before > at))
            new = DRAFT.c.published_before.is_(None)
            marked += len(connection.execute(select(DRAFT.c.id).where(here & new)).all())
            connection.execute(update(DRAFT).where(here).values(published_before=at))
            freed = (DRAFT.c.id == id) & DRAFT.c.state.in_(["waiting", *HELD])
            approved = {"state": "approved", "approved_revision": DRAFT.c.revision, "approved_at": now}
            approved |= {"approved_by": "backfill", "held": "", "resembles": ""}
            connection.execute(update(DRAFT).where(freed).values(**approved))
        tell(connection, STOCK)
    return marked


# A copy or a doubtful draft is a problem, and it waits for a decision: where both are told, it is told as a draft.
_APART = PROBLEM.c.path.not_in(select(DRAFT.c.path).where(DRAFT.c.state.in_(INBOX)))


def problems(db: Database, most: int | None = None, *, apart: bool = False) -> list[ProblemRow]:
    """What could not be taken in, by path; said in the language that is current now. `apart`: as `unread` counts."""
    query = select(PROBLEM).where(_APART) if apart else select(PROBLEM)
    rows = rows_of(db, ProblemRow, query.order_by(PROBLEM.c.path).limit(most))
    for row in rows:
        row.message, row.hint = retold.again(row.message), retold.again(row.hint)
    return rows


def put_problems(db: Database, problems: Iterable[ProblemRow], fixed: Iterable[str] = ()) -> None:
    """Keep the newest problem of each path, since when it has one, and forget those of the `fixed` paths."""
    with db.write() as connection:
        for paths in chunks(fixed):
            connection.execute(delete(PROBLEM).where(PROBLEM.c.path.in_(paths)))
        told = [row | {name: retold.kept(row[name]) for name in ("message", "hint")} for row in values(problems)]
        upsert(connection, PROBLEM, told, ("line", "message", "hint"))
        tell(connection, WRONG)
