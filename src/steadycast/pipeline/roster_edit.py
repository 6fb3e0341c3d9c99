"""roster.csv changed in one place: the row of a member who moves. All other rows stay as they were written."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence

from steadycast.classes.model import Seat
from steadycast.classes.roster import FILE, NAMES, read_roster
from steadycast.classes.turn_table import delimiter
from steadycast.crash_safety import durable
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.pipeline.class_files import called_now, has_mark, text_of


def move_in_roster(app: App, seat: Seat, target: str, group: str, day: dt.date) -> None:
    """Another group in a member's row; for another class the row ends on that day, and a new one begins.

    InputError where the table cannot say it.
    """
    text, problem = text_of(app, FILE)
    if text is None or problem:
        raise InputError(problem.message if problem else _("there is no %(file)s", file=FILE), file=FILE)
    lines = text.splitlines()
    head = next(line for line in lines if line.strip())
    apart = delimiter(text)
    columns = [NAMES.get(cell.strip().lower(), "") for cell in next(csv.reader([head], delimiter=apart))]
    moves = target != seat.the_class
    lacking = [name for name in ("group",) * bool(group) + ("joined", "left") * moves if name not in columns]
    if lacking:
        raise InputError(_("the column %(column)s is missing", column=lacking[0]), file=FILE, line=1)
    cells = next(csv.reader([lines[seat.line - 1]], delimiter=apart))
    cells += [""] * (len(columns) - len(cells))
    row = dict(zip(columns, cells, strict=False))
    names = called_now(app)
    if (row["id"].strip(), names.get(row["class"].strip())) != (
        seat.member,
        seat.the_class,
    ):  # a cell of several lines above it
        raise InputError(_("its rows are not a line each"), file=FILE, line=seat.line, hint=_("change it by hand"))
    if moves:
        lines[seat.line - 1] = _line({"left": day.isoformat()}, cells, columns, apart)
        fresh = {"class": target, "group": group, "joined": day.isoformat(), "left": "", "leave": ""}
        lines.append(_line(fresh, cells, columns, apart))
    else:
        lines[seat.line - 1] = _line({"group": group}, cells, columns, apart)
    changed = "\n".join(lines) + "\n"
    if wrong := read_roster(changed, names).problems:
        raise InputError(wrong[0].message, file=FILE, line=wrong[0].line, hint=wrong[0].hint)
    durable.put_again(app.workspace.root / FILE, changed.encode("utf-8-sig" if has_mark(app, FILE) else "utf-8"))


def _line(changed: Mapping[str, str], cells: Sequence[str], columns: Sequence[str], apart: str) -> str:
    """A row with these cells changed; a column that we do not know keeps what stands in it."""
    made, names = io.StringIO(), [*columns, *[""] * (len(cells) - len(columns))]
    row = [changed.get(name, cell) for name, cell in zip(names, cells, strict=True)]
    csv.writer(made, delimiter=apart, lineterminator="").writerow(row)
    return made.getvalue()
