"""turns.csv: what a person said about turns. It holds exceptions only: with a row taken out, the base holds again."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from steadycast.classes.model import Seat
from steadycast.errors import Problem, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import quoted

FILE = "turns.csv"
COLUMNS = ("class", "group", "period", "member", "why")
NEEDED = ("class", "period", "member")
ROWS = 5000
PERIODS = {
    "month": re.compile("2[01][0-9]{2}-(0[1-9]|1[0-2])"),
    "week": re.compile("2[01][0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])"),
}
LOOKS = {"month": "2027-02", "week": "2027-W06"}


@dataclass(frozen=True, slots=True)
class TurnTable:
    """Who has which turn by a person's word, and what is wrong with the table."""

    overrides: Mapping[str, Mapping[tuple[str, str], str]] = field(default_factory=dict)  # class -> (period, group) ->
    problems: tuple[Problem, ...] = ()

    def of(self, the_class: str) -> Mapping[tuple[str, str], str]:
        """What was said about a class: (period, group) -> member."""
        return self.overrides.get(the_class, {})


def read_turns(
    text: str,
    seats: Mapping[str, Collection[Seat]],
    every: Mapping[str, str],
    called_now: Mapping[str, str] = MappingProxyType({}),
    where: str = FILE,
) -> TurnTable:
    """What a table says; `seats` and `every` ("week", "month" or "") of each class, and what an older name means now.

    A row that cannot be is a problem, and says nothing.
    """
    lines = csv.reader(text.splitlines(), delimiter=delimiter(text), strict=True)
    found: dict[str, dict[tuple[str, str], str]] = {}
    problems: list[Problem] = []
    columns: Sequence[str] = ()
    try:
        for n, cells in enumerate(lines, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                if lacking := next((name for name in NEEDED if name not in columns), ""):
                    said = _("the column %(column)s is missing", column=lacking)
                    return TurnTable(problems=(Problem(where, n, said, ",".join(COLUMNS)),))
                continue
            if n > ROWS:
                return TurnTable(problems=(Problem(where, n, _("it has more than %(most)s rows", most=ROWS)),))
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            row["class"] = called_now.get(row.get("class", ""), row.get("class", ""))
            own, turn = found.setdefault(row["class"], {}), (row.get("period", ""), row.get("group", ""))
            said, hint = _wrong(row, seats, every)
            if not said and turn in own:
                said, hint = _("that turn stands in it already"), _("take one of the two rows out")
            if said:
                problems.append(Problem(where, n, said, hint))
            else:
                own[turn] = row["member"]
    except csv.Error:
        return TurnTable(problems=(Problem(where, lines.line_num, _("that is no table"), _("save it as CSV")),))
    return TurnTable(found, tuple(problems))


def delimiter(text: str) -> str:
    """What stands between the cells of a table: a comma, a semicolon or a tab."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=head.count)


def no_such_class(name: str) -> str:
    """What to write where a table names a class that is not there: a new one, or the one that was called so."""
    if not name:
        return _("write a [class.%(name)s] table in steadycast.toml", name="c1")
    return _(
        'write a [class.%(name)s] table in steadycast.toml, or was = "%(name)s" below the class that was called so',
        name=name,
    )


def _wrong(row: Mapping[str, str], seats: Mapping[str, Collection[Seat]], every: Mapping[str, str]) -> tuple[str, str]:
    """What is wrong with one row, and how to fix it; ("", "") where nothing is."""
    name, group, period, member = (row.get(key, "") for key in COLUMNS[:4])
    if name not in every:
        hint = did_you_mean(name, every, no_such_class(name))
        return _("there is no class %(name)s", name=quoted(name[:40])), hint
    turn = every[name]
    if not turn:
        return _("%(name)s has no turns", name=name), _('write turn = "month" below [class.%(name)s]', name=name)
    if not PERIODS[turn].fullmatch(period):
        hint = _("its turns go by the %(turn)s: write %(looks)s", turn=turn, looks=LOOKS[turn])
        return _("%(value)s is no such period", value=quoted(period[:40])), hint
    seat = next((seat for seat in seats.get(name, ()) if seat.member == member), None)
    if seat is None:
        hint = did_you_mean(member, [seat.member for seat in seats.get(name, ())], _("write an id of roster.csv"))
        return _("%(member)s is not in that class", member=quoted(member[:40])), hint
    if group and seat.group != group:
        hint = _("the group of %(member)s is %(group)s", member=member, group=quoted(seat.group))
        return _("%(member)s is not in the group %(group)s", member=quoted(member), group=quoted(group[:40])), hint
    return "", ""
