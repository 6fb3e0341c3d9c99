"""Drafts a page at a time, by where they stand and what they are: the database chooses, and only a page is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, literal, not_, or_, select, true

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import NONE_YET, Database, one_of, rows_of, table
from steadycast.ledger.draft_labels import labelled
from steadycast.ledger.intake import DRAFT, INBOX, REVISION, SHOWN, ShownDraft, fetched
from steadycast.ledger.stock_reads import evergreen
from steadycast.ledger.tables import WENT_OUT, DraftRow, State

SLOT = table("slot")
SHELVES = ("inbox", "stock", "reserve", "archive")
STANDINGS = (
    "waiting", "copy", "doubtful", "stock", "planned", "past", "used", "archive", "hand-in", "rejected",
    "not-ready", "gone",
)  # fmt: skip
LONGEST = 100  # characters of what is searched for


@dataclass(frozen=True, slots=True)
class DraftsAsked:
    """Which drafts: of one shelf ("" for all), and what is asked of them besides ("" for anything)."""

    shelf: str = ""
    standing: str = ""  # one of STANDINGS
    origin: str = ""
    member: str | None = None
    form: str = ""
    series: str = ""  # its front matter names it, by any of `series_names`, or a slot of it carries the draft
    series_names: tuple[str, ...] = ()
    tag: str = ""
    language: str = ""
    own_language: str = ""  # of the community: a draft that names none is in it
    words: str = ""  # in its title or its path
    id: str = ""
    at_once: int = 0  # of one member's waiting drafts that the inbox shows, the oldest; 0: all


class Listed(NamedTuple):
    """One draft of a list."""

    id: str
    title: str  # of what is there now
    path: str
    form: str
    origin: str
    member: str
    circle: str  # the community that shares it, where it is another's
    standing: str  # one of STANDINGS
    revision: str
    edited: bool  # since it was approved
    evergreen: bool
    resembles: str
    changed: dt.datetime
    coming: dt.datetime | None  # its next slot
    tags: tuple[str, ...]


class DraftPage(NamedTuple):
    """One page, how many there are in all, and how many stand on each shelf."""

    rows: list[Listed]
    total: int
    shelves: dict[str, int]
    kept: int = 0  # drafts that wait behind others of their member, and are on no page


D, C, R = DRAFT.c, DELIVERY.c, REVISION.c
_approved = D.state == "approved"
_slots_of = SLOT.c.draft == D.id
_out = or_(
    D.published_before.is_not(None),
    exists(select(C.id).where(C.draft == D.id, one_of(C.state, WENT_OUT)).correlate(DRAFT)),
)
_carried = select(C.draft).where(
    C.verdict == NONE_YET, one_of(C.state, (State.DUE, State.CLAIMED)), C.draft.is_not(None)
)
_here = (R.draft == D.id) & (R.hash == D.revision)


def draft_page(
    db: Database,
    asked: DraftsAsked,
    now: dt.datetime,
    *,
    most: int,
    first: int = 0,
    after: tuple[dt.datetime, str] | None = None,
    past: Collection[str] = (),
) -> DraftPage:
    """`most` drafts from the `first` on, or `after` one that changed then and has that id.

    What waits comes the oldest first, of anything else the newest. `past` are drafts of no use to any slot, as the one
    that they are pinned to is past: they are neither stock nor reserve.
    """
    where, oldest_first = _where(asked, now, past), asked.shelf == "inbox"
    newest = D.changed.asc() if oldest_first else D.changed.desc()
    with db.read() as connection:
        shelves = dict.fromkeys(SHELVES, 0) | dict(map(tuple, connection.execute(_shelves(past))))
        kept = _kept(connection, asked.at_once)
        shelves["inbox"] -= kept
        here = and_(where, _after(*after, oldest_first=oldest_first)) if after else where
        is_whole = asked == DraftsAsked(asked.shelf, at_once=asked.at_once)
        counted = literal(0) if is_whole or after else func.count().over()  # a filter is asked of each draft once
        chosen = select(D.id, counted).where(here).order_by(newest, D.id).limit(most).offset(first)
        found = connection.execute(chosen).all()
        ids, total = [id for id, _ in found], found[0][1] if found else 0
        if is_whole:
            total = shelves[asked.shelf] if asked.shelf else sum(shelves.values())
        elif not total:
            total = connection.execute(select(func.count()).select_from(DRAFT).where(where)).scalar_one()
        rows = {row.id: row for row in connection.execute(_rows(ids, now))} if ids else {}
    return DraftPage([_listed(rows[id], past) for id in ids], total, shelves, kept)


def _shelf_of(past: Collection[str]) -> ColumnElement[str]:
    over = [(D.id.in_(past), "archive")] if past else []
    return case(
        (D.state.in_(INBOX), "inbox"),
        (not_(_approved), "archive"),
        *over,
        (evergreen, "reserve"),
        (_out, "archive"),
        (D.circle != "", "reserve"),
        else_="stock",
    )


def _shelves(past: Collection[str]) -> Select[Any]:
    return select(_shelf_of(past).label("shelf"), func.count()).group_by("shelf")


def paths_out(db: Database) -> dict[str, bool]:
    """The path of each draft that went out; True where it goes out no more, and is as it was then."""
    over = _approved & not_(evergreen) & (D.source == "folder") & (D.revision == D.approved_revision)
    return {path: bool(done) for path, done in fetched(db, select(D.path, over).where(_out, D.state != "gone"))}


def drafts_due(db: Database) -> set[str]:
    """The drafts that a slot carries, of which something has not gone out yet."""
    with db.read() as connection:
        return set(connection.scalars(_carried))


def listed_drafts(
    db: Database, *, standing: str = "", member: str | None = None, form: str = "", past: Collection[str] = ()
) -> list[str]:
    """The ids of the drafts that stand so, are a member's ("" for the house's) and of a form; the newest first.

    `planned` is what a slot carries, though its hour be over, as long as it may go out late; `past` as in `draft_page`.
    """
    asked = {
        "": true(),
        "used": and_(_approved, _out),
        "planned": and_(_approved, not_(_out), D.id.in_(_carried)),
        "stock": and_(_approved, not_(_out), D.id.not_in(_carried), D.id.not_in(past)),
        "past": and_(_approved, not_(_out), D.id.in_(past)),
    }
    query = select(D.id).where(asked.get(standing, D.state == standing))
    query = query if member is None else query.where(D.member == member)
    query = query.where(D.form == form) if form else query
    return [id for (id,) in fetched(db, query.order_by(D.changed.desc(), D.path.desc()))]


def behind(at_once: int) -> ColumnElement[bool]:
    """Whether a draft waits behind so many others of its member."""
    place = func.row_number().over(partition_by=D.member, order_by=(D.first_seen, D.id)).label("place")
    numbered = select(D.id, place).where(D.state == "waiting", D.origin == "ugc").subquery()
    return D.id.in_(select(numbered.c.id).where(numbered.c.place > at_once))


def drafts_to_decide(db: Database, at_once: int = 0) -> list[DraftRow]:
    """The drafts that wait for an editor, by path; of one member `at_once`, the oldest; 0: all."""
    query = select(DRAFT).where(D.state == "waiting").order_by(D.path)
    return rows_of(db, DraftRow, query.where(not_(behind(at_once))) if at_once else query)


def waiting_drafts(db: Database, at_once: int = 0) -> list[ShownDraft]:
    """The drafts that wait for a person, the oldest first; of one member `at_once`, 0: all."""
    wait: ColumnElement[bool] = D.state.in_(INBOX)
    query = SHOWN.where(wait & not_(behind(at_once)) if at_once else wait)
    with db.read() as connection:
        return [ShownDraft._make(row) for row in connection.execute(query.order_by(D.changed, D.id)).all()]


def _kept(connection: Connection, at_once: int) -> int:
    if not at_once:
        return 0
    return connection.execute(select(func.count()).select_from(DRAFT).where(behind(at_once))).scalar_one()


def _after(changed: dt.datetime, id: str, *, oldest_first: bool) -> ColumnElement[bool]:
    further = D.changed > changed if oldest_first else D.changed < changed
    return or_(further, and_(D.changed == changed, D.id > id))


def _shelf(name: str, past: Collection[str]) -> ColumnElement[bool]:
    if name == "inbox":
        return D.state.in_(INBOX)
    of_approved = and_(_approved, _shelf_of(past) == name)
    return or_(D.state.not_in((*INBOX, "approved")), of_approved) if name == "archive" else of_approved


def _coming(now: dt.datetime) -> Any:
    """The instant of a draft's next slot."""
    return select(func.min(SLOT.c.at)).where(_slots_of, SLOT.c.at >= now).correlate(DRAFT).scalar_subquery()


def standing_of(name: str, now: dt.datetime, past: Collection[str] = ()) -> ColumnElement[bool]:
    """Whether a draft stands so: one of STANDINGS; `past` as in `draft_page`."""
    if name == "used":
        return and_(_approved, _out)
    if name == "planned":
        return and_(_approved, not_(_out), _coming(now).is_not(None))
    if name == "stock":
        return and_(_approved, not_(_out), _coming(now).is_(None), D.id.not_in(past))
    return and_(_approved, not_(_out), D.id.in_(past)) if name == "past" else D.state == name


def _where(asked: DraftsAsked, now: dt.datetime, past: Collection[str]) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [true()]
    if asked.shelf:
        found.append(_shelf(asked.shelf, past))
        if asked.shelf == "inbox" and asked.at_once and asked.member is None:
            found.append(not_(behind(asked.at_once)))
    if asked.standing:
        found.append(standing_of(asked.standing, now, past))
    for column, wanted in ((D.origin, asked.origin), (D.form, asked.form), (D.id, asked.id)):
        if wanted:
            found.append(column == wanted)
    if asked.member is not None:
        found.append(D.member == asked.member)
    if asked.words:
        words = asked.words[:LONGEST]
        found.append(or_(D.title.icontains(words, autoescape=True), D.path.icontains(words, autoescape=True)))
    if asked.tag:
        found.append(labelled("tag", [asked.tag]))
    if asked.language:
        unsaid = [""] if asked.language == asked.own_language else []
        found.append(labelled("language", [asked.language, *unsaid]))
    if asked.series:
        # Read once: asked of each draft, a database goes through the slots of the series each time.
        carried = select(SLOT.c.draft).where(SLOT.c.series == asked.series, SLOT.c.draft.is_not(None))
        found.append(D.id.in_(carried) | labelled("series", [asked.series, *asked.series_names]))
    return and_(*found)


def _rows(ids: Sequence[str], now: dt.datetime) -> Any:
    query = select(
        D.id, D.title, D.path, D.form, D.origin, D.member, D.circle, D.state, D.revision, D.approved_revision,
        D.changed, D.resembles, evergreen.label("evergreen"), _out.label("out"), _coming(now).label("coming"),
        R.content["title"].as_string().label("newest"), R.content["tags"].label("tags"),
    )  # fmt: skip
    return query.outerjoin(REVISION, _here).where(D.id.in_(list(ids)))


def _listed(row: Any, past: Collection[str]) -> Listed:
    standing = row.state
    if standing == "approved":
        standing = "used" if row.out else "planned" if row.coming else "past" if row.id in past else "stock"
    edited = bool(row.approved_revision) and row.approved_revision != row.revision
    return Listed(
        row.id, row.newest or row.title, row.path, row.form, row.origin, row.member, row.circle, standing,
        row.revision, edited, bool(row.evergreen), row.resembles, row.changed, row.coming, tuple(row.tags or ()),
    )  # fmt: skip
