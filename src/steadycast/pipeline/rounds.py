"""Rounds: who comments on whose hand-in, whether it was done, and who was left without a word."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from steadycast.classes.drawing import draw
from steadycast.classes.model import Class, Seat
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.tables import CommentRow, DraftRow, HandInRow
from steadycast.pipeline import source_looks, turns
from steadycast.pipeline.app import App
from steadycast.pipeline.classes import CLASSES, PATIENCE, Judged, judge_all, known_class
from steadycast.pipeline.turns import Roll, rolls
from steadycast.schedule.days import DAY

HOUR = dt.timedelta(hours=1)
DRAWN_UNTIL = 8 * DAY  # after a late window: what was handed in before has had its time
LOOKED_FOR = 30 * DAY  # after a comment was due
MOST = 5000  # comments that are looked for at once
SHOWN = 52  # rounds of a class that can be chosen
ALONE_AFTER = DAY  # after comments were due
ALONE_UNTIL = 14 * DAY
FILE, FEED, PERSON = "file", "feed", "person"  # how a comment was seen
_LOOKED = "looked:comments"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment that a member owes or gave."""

    the_class: str
    slot: str
    reviewer: str
    author: str
    draft: str
    title: str  # the hand-in's
    due: dt.datetime
    done_at: dt.datetime | None = None
    how: str = ""

    def values(self) -> dict[str, object]:
        """For programs."""
        done = self.done_at.isoformat() if self.done_at else None
        own = {"class": self.the_class, "slot": self.slot, "reviewer": self.reviewer, "author": self.author}
        return own | {"draft": self.draft, "due": self.due.isoformat(), "done": done, "how": self.how}


@dataclass(frozen=True, slots=True)
class Round:
    """The comments on one duty slot."""

    the_class: str
    slot: str
    due: dt.datetime
    comments: tuple[Comment, ...]

    @property
    def done(self) -> int:
        """How many were seen."""
        return sum(comment.done_at is not None for comment in self.comments)

    @property
    def alone(self) -> tuple[str, ...]:
        """The authors who have no comment yet."""
        heard = {comment.author for comment in self.comments if comment.done_at}
        return tuple(dict.fromkeys(each.author for each in self.comments if each.author not in heard))

    def values(self) -> dict[str, object]:
        """For programs."""
        own = {"class": self.the_class, "slot": self.slot, "due": self.due.isoformat(), "done": self.done}
        return own | {"alone": [*self.alone], "comments": [each.values() for each in self.comments]}


def see_to_classes(app: App, now: dt.datetime) -> None:
    """All that is to be done for classes each hour: hand-ins judged, turns begun, rounds drawn, comments looked for."""
    if not app.workspace.classes:
        return
    with app.in_turn(CLASSES, PATIENCE):  # two at once would judge twice, and mix two draws of one round
        judged = judge_all(app, now)
        turns.see_to(app, now)
        see_to(app, now, judged)


def see_to(app: App, now: dt.datetime, judged: Iterable[Judged] = ()) -> int:
    """Draws the rounds of all classes whose late window is over, and sees what was done; how many comments were seen.

    It comes after hand-ins were `judged`, which says what could not be seen. A class whose roster cannot be read waits.
    """
    unseen = {each.the_class: each.unseen for each in judged}
    owing = [each for each in rolls(app) if each.the_class.comments.each]
    for each in owing:
        draw_rounds(app, each.the_class, each.seats, now, unseen.get(each.the_class.name, ()))
    return look_for_comments(app, owing, now) if owing else 0


def draw_rounds(
    app: App, the_class: Class, seats: Sequence[Seat], now: dt.datetime, unseen: Collection[str] = ()
) -> list[str]:
    """Draws the rounds of the slots whose late window is over; the slots for which one was drawn.

    `unseen` are slots of which somebody's hand-in cannot be seen just now: their round waits for as long as comments
    may take, and no longer.
    """
    asked = the_class.comments
    if asked.each < 1:
        return []
    late = the_class.rhythm.late
    handed: dict[str, list[HandInRow]] = defaultdict(list)
    for row in app.ledger.handed_in(the_class.name, now - late - DRAWN_UNTIL):
        closed = row.due + late
        if closed <= now and (row.slot not in unseen or closed + asked.within <= now):
            handed[row.slot].append(row)
    drawn = app.ledger.rounds_drawn(the_class.name, handed)
    made = []
    for slot, rows in handed.items():
        if slot not in drawn and app.ledger.put_round(_drawn(app, the_class, seats, rows, now)):
            made.append(slot)
    return made


def _drawn(
    app: App, the_class: Class, seats: Sequence[Seat], rows: Iterable[HandInRow], now: dt.datetime
) -> list[CommentRow]:
    handed, asked = {row.member: row for row in rows}, the_class.comments
    rooms: dict[str, list[str]] = defaultdict(list)
    for seat in seats:
        if seat.member in handed:
            rooms[seat.group if asked.of == "group" else ""].append(seat.member)
    met = app.ledger.times_met(the_class.name)
    made = []
    for present in rooms.values():
        for reviewer, authors in draw(present, met, asked.each).items():
            for row in (handed[author] for author in authors):
                due = max(row.due + the_class.rhythm.late, now - HOUR) + asked.within  # the flow comes once an hour
                made.append(
                    CommentRow(
                        the_class=the_class.name,
                        slot=row.slot,
                        reviewer=reviewer,
                        author=row.member,
                        draft=row.draft or "",
                        due=due,
                    )
                )
    return made


def look_for_comments(app: App, classes: Iterable[Roll], now: dt.datetime) -> int:
    """Sees what was done: a file or a feed's item of a reviewer that names the author, or links to the piece.

    Returns how many comments were seen. Only what was written since the last look is read.
    """
    owed = app.ledger.comments_open(now - LOOKED_FOR, MOST)
    if not owed:
        return 0
    by_reviewer: dict[str, list[CommentRow]] = defaultdict(list)
    for row in owed:
        by_reviewer[row.reviewer].append(row)
    last = app.ledger.meta(_LOOKED)
    since = dt.datetime.fromisoformat(last) - HOUR if last else now - LOOKED_FOR
    written = app.ledger.written_since(by_reviewer, since)
    places = _addresses(app, {row.draft for each in written for row in by_reviewer[each.member]}) if written else {}
    known, seen = {each.the_class.name: each for each in classes}, 0
    for draft in written:
        owes = [row for row in by_reviewer[draft.member] if row.the_class in known]
        seen += sum(
            app.ledger.comment_done(row, draft.changed, FEED if draft.source == FEED else FILE)
            for row in _met_by(app, draft, owes, known, places)
        )
    app.ledger.set_meta(_LOOKED, now.isoformat())
    return seen


def _met_by(
    app: App, written: DraftRow, owed: Iterable[CommentRow], known: Mapping[str, Roll], places: Mapping[str, set[str]]
) -> Iterable[CommentRow]:
    """The comments that one text is."""
    from steadycast.pipeline.drafts import read  # which writes the report, and that asks for rounds

    text = read(app, written.id, written.revision)
    if text is None:
        return
    length = source_looks.length(text)
    for row in owed:
        roll = known[row.the_class]
        if length < roll.the_class.comments.least or written.id == row.draft:
            continue
        names = {row.author, roll.title(app, row.author)} - {""}
        if text.comment_on in names or any(_links_to(text.body, place) for place in places.get(row.draft, ())):
            yield row


def _links_to(text: str, place: str) -> bool:
    """Whether that address stands in a text, and not only as the beginning of a longer one."""
    return re.search(re.escape(place.rstrip("/")) + r"/?(?![A-Za-z0-9_/-])", text) is not None


def _addresses(app: App, drafts: Collection[str]) -> dict[str, set[str]]:
    """Where each of these hand-ins can be read: where it came from, and where it went."""
    from steadycast.pipeline.drafts import read

    found: dict[str, set[str]] = defaultdict(set)
    for place in app.ledger.places_of(drafts):
        if place.url:
            found[place.draft].add(place.url)
    for id in drafts:
        row = app.ledger.draft(id) if id else None
        text = read(app, id, row.revision) if row else None
        if text and text.canonical_url:
            found[id].add(text.canonical_url)
    return found


def say_done(app: App, reviewer: str, author: str, now: dt.datetime, *, the_class: str = "", slot: str = "") -> Comment:
    """A person's word that a comment was made: of the newest round that owes it, or of that `slot`."""
    found = [
        row
        for row in app.ledger.comments_of(reviewer, now - LOOKED_FOR, MOST)
        if row.author == author and the_class in ("", row.the_class) and slot in ("", row.slot)
    ]
    if not found:
        names = app.member_title
        said = _("%(reviewer)s was not drawn to comment on %(author)s", reviewer=names(reviewer), author=names(author))
        raise InputError(said, hint=_("`steadycast class round` shows who comments on whom"))
    row = next((row for row in found if row.done_at is None), found[0])
    if row.done_at is None:
        app.ledger.comment_done(row, now, PERSON)
        row.done_at, row.how = now, PERSON
    return _told(row, app.ledger.titles([row.draft]))


def _told(row: CommentRow, titles: Mapping[str, str]) -> Comment:
    title = titles.get(row.draft, "")
    return Comment(row.the_class, row.slot, row.reviewer, row.author, row.draft, title, row.due, row.done_at, row.how)


def take_back(app: App, the_class: str, slot: str, reviewer: str, author: str) -> Comment:
    """What a person said to be done was not; InputError where no person had said so."""
    rows = app.ledger.round_of(the_class, slot)
    row = next((row for row in rows if (row.reviewer, row.author) == (reviewer, author)), None)
    if row is None or not app.ledger.comment_undone(row):
        raise InputError(_("no person said that this comment was done"))
    row.done_at, row.how = None, ""
    return _told(row, app.ledger.titles([row.draft]))


def round_of(app: App, the_class: str, slot: str = "") -> Round | None:
    """A class's round on a slot, or its newest one; None where none was drawn."""
    the_class = known_class(app, the_class).name
    slot = slot or next(iter(app.ledger.latest_rounds(the_class, 1)), "")
    rows = app.ledger.round_of(the_class, slot) if slot else []
    return _as_round(app, rows) if rows else None


def rounds(app: App, the_class: str, after: dt.datetime, before: dt.datetime) -> list[Round]:
    """A class's rounds that are due in that time."""
    by_slot: dict[str, list[CommentRow]] = defaultdict(list)
    for row in app.ledger.comments_between(the_class, after, before):
        by_slot[row.slot].append(row)
    return [_as_round(app, rows) for rows in by_slot.values()]


def owed_by(app: App, member: str, now: dt.datetime) -> list[Comment]:
    """What a member owes or gave others lately: the newest round first."""
    rows = app.ledger.comments_of(member, now - LOOKED_FOR, 100)
    newest = {row.the_class: row.slot for row in reversed(rows)}
    shown = [
        row for row in rows if row.slot == newest[row.the_class] or (row.done_at is None and row.due > now - 7 * DAY)
    ]
    titles = app.ledger.titles({row.draft for row in shown})
    return [_told(row, titles) for row in shown]


def left_alone(app: App, the_class: Class, now: dt.datetime) -> Round | None:
    """The newest round whose comments were due a day ago, where somebody has none; else None."""
    last = rounds(app, the_class.name, now - ALONE_UNTIL, now - ALONE_AFTER)
    return last[-1] if last and last[-1].alone else None


def _as_round(app: App, rows: Sequence[CommentRow]) -> Round:
    titles = app.ledger.titles({row.draft for row in rows})
    return Round(
        rows[0].the_class, rows[0].slot, max(row.due for row in rows), tuple(_told(row, titles) for row in rows)
    )
