"""roster.csv: who belongs to which class. What is wrong in it is told with its line, and stops its class."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from steadycast.classes.model import Leave, Role, Seat
from steadycast.classes.turn_table import delimiter, no_such_class
from steadycast.errors import Problem, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed, quoted

FILE = "roster.csv"
ROWS = 20_000
LONGEST = 80  # characters of an id, a name, a group
COLUMNS: Mapping[str, str] = {
    "id": "id member 成员 成員",
    "title": "title name 姓名 名字",
    "class": "class 班 班级 班級",
    "group": "group 组 组别 小组 組 組別 小組",
    "joined": "joined 加入 入班",
    "left": "left 离开 離開 退出",
    "role": "role 职务 職務 角色",
    "leave": "leave 请假 請假",
}
NAMES = {alias: name for name, aliases in COLUMNS.items() for alias in aliases.split()}
_ROLES = {
    **dict.fromkeys(("", "member", "组员", "組員"), Role.MEMBER),
    **dict.fromkeys(("leader", "组长", "組長", "班长", "班長"), Role.LEADER),
    **dict.fromkeys(("deputy", "副组长", "副組長"), Role.DEPUTY),
}
YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Roster:
    """The seats of all classes, in order, and what is wrong: with all of it, or with a class of that name."""

    seats: tuple[Seat, ...] = ()
    problems: tuple[Problem, ...] = ()
    broken: frozenset[str] = frozenset()  # classes of which nothing may be judged
    unreadable: bool = False  # nothing may be judged at all

    def usable(self, the_class: str) -> bool:
        """Whether that class can be judged: on half of a roster nobody is."""
        return not self.unreadable and the_class not in self.broken


def read_roster(text: str, classes: Mapping[str, str], where: str = FILE) -> Roster:
    """The roster that a table says: commas, semicolons or tabs between its cells, names of columns in its first line.

    `classes` says what a row may call a class, and what that is called now.
    A row that cannot be read makes its class unusable; one without a known class makes the whole roster so, because
    nobody can tell whose it is.
    """
    lines = csv.reader(text.splitlines(), delimiter=delimiter(text), strict=True)
    try:
        return _read(lines, classes, where)
    except csv.Error:
        said, hint = _("that is no table"), _("save it as CSV")
        return Roster(problems=(Problem(where, lines.line_num, said, hint),), unreadable=True)


class _Wrong(Exception):
    """A cell that cannot be read: what is wrong, and how to fix it."""


def _read(lines: Iterator[Sequence[str]], classes: Mapping[str, str], where: str) -> Roster:
    columns: list[str] = []
    seats: list[Seat] = []
    problems: list[Problem] = []
    broken: set[str] = set()
    unreadable = False
    for n, cells in enumerate(lines, 1):
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = [NAMES.get(cell.strip().lower(), "") for cell in cells]
            if lacking := [name for name in ("id", "class") if name not in columns]:
                said = _("the column %(column)s is missing", column=lacking[0])
                hint = did_you_mean(lacking[0], cells, _("columns are %(names)s", names=listed(COLUMNS)))
                return Roster(problems=(Problem(where, n, said, hint),), unreadable=True)
            continue
        if n > ROWS:
            said = _("it has more than %(most)s rows", most=ROWS)
            return Roster(problems=(Problem(where, n, said),), unreadable=True)
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        name = row.get("class", "")
        if name not in classes:
            hint = did_you_mean(name, classes, no_such_class(name))
            said = _("there is no class %(name)s", name=quoted(name[:40])) if name else _("it names no class")
            problems.append(Problem(where, n, said, hint))
            unreadable = True
            continue
        row["class"] = classes[name]
        try:
            seats.append(_seat(row, n))
        except _Wrong as error:
            problems.append(Problem(where, n, *error.args))
            broken.add(row["class"])
    if not columns:
        said, hint = _("it is empty"), _("its first line names the columns: %(names)s", names=",".join(COLUMNS))
        return Roster(problems=(Problem(where, 1, said, hint),), unreadable=True)
    for seat, first in _twice(seats):
        said = _("%(member)s stands in it already, in line %(line)s", member=quoted(seat.member), line=first)
        problems.append(Problem(where, seat.line, said, _("each member has one row in a class: take one out")))
        broken.add(seat.the_class)
    problems.sort(key=lambda problem: problem.line or 0)
    return Roster(tuple(seats), tuple(problems), frozenset(broken), unreadable)


def _twice(seats: Sequence[Seat]) -> Iterator[tuple[Seat, int]]:
    first: dict[tuple[str, str], int] = {}
    for seat in seats:
        line = first.setdefault((seat.the_class, seat.member), seat.line)
        if line != seat.line:
            yield seat, line


def _seat(row: Mapping[str, str], line: int) -> Seat:
    member, group = row.get("id", ""), row.get("group", "")
    if not member:
        raise _Wrong(_("it names no member"), _("id is the name of the member's folder under content/ugc/"))
    if any(len(text) > LONGEST or not text.isprintable() for text in (member, group, row.get("title", ""))):
        raise _Wrong(_("a name is longer than %(most)s characters, or no plain text", most=LONGEST), "")
    if "/" in member or "\\" in member or member.startswith("."):
        raise _Wrong(_("%(member)s is no folder's name", member=quoted(member)), _("no / or \\, and no . before it"))
    role = _ROLES.get(row.get("role", "").lower())
    if role is None:
        raise _Wrong(_("%(role)s is no role", role=quoted(row["role"][:40])), _("leader, deputy, or nothing"))
    seat = Seat(member, row["class"], row.get("title", ""), group, role=role, line=line)
    joined, left = (_day(row.get(name, "")) for name in ("joined", "left"))
    if joined and left and left < joined:
        raise _Wrong(_("left is before joined"), "")
    leave = tuple(sorted(_leave(text) for text in row.get("leave", "").replace("；", " ").replace(";", " ").split()))
    for one, other in pairwise(leave):
        if other.first <= one.last:
            raise _Wrong(_("%(one)s and %(other)s overlap", one=one, other=other), _("write one range for both"))
    return replace(seat, joined=joined, left=left, leave=leave)


def _day(text: str) -> dt.date | None:
    if not text:
        return None
    parts = text.replace("/", "-").replace(".", "-").split("-")
    try:
        day = dt.date(*map(int, parts)) if len(parts) == 3 else dt.date.min
    except (ValueError, TypeError, OverflowError):
        day = dt.date.min
    if day.year not in YEARS:
        raise _Wrong(_("%(value)s is no day", value=quoted(text[:40])), _("write 2026-11-27"))
    return day


def _leave(text: str) -> Leave:
    first, _dots, last = text.partition("..")
    begins, ends = _day(first), _day(last or first)
    if begins is None or ends is None or ends < begins or (ends - begins).days > 366:
        hint = _("write 2027-01-25..2027-02-14; several with a space between them")
        raise _Wrong(_("%(value)s is no leave", value=quoted(text[:40])), hint)
    return Leave(begins, ends)
