"""roster.csv and turns.csv, as they lie beside steadycast.toml: who belongs to which class, and who has which turn."""

from __future__ import annotations

import codecs
import datetime as dt

from steadycast.classes.model import Happened, MemberStanding, Seat, by_class
from steadycast.classes.roster import FILE as ROSTER
from steadycast.classes.roster import Roster, read_roster
from steadycast.classes.turn_table import FILE as TURNS
from steadycast.classes.turn_table import TurnTable, read_turns
from steadycast.draft.decoding import decode
from steadycast.draft.safe_open import NotRegularError, open_inside, read_up_to
from steadycast.errors import DraftError, Problem
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.schedule.model import heirs

LARGEST = 5_000_000  # bytes of one table


def roster(app: App) -> Roster:
    """Who belongs to which class; where there is no roster.csv, all members of steadycast.toml to each."""
    text, problem = text_of(app, ROSTER)
    if problem:
        return Roster(problems=(problem,), unreadable=True)
    if text is None:
        known = app.workspace.members.items()
        each = (Seat(name, the_class, member.title) for the_class in app.workspace.classes for name, member in known)
        return Roster(tuple(each))
    return read_roster(text, called_now(app))


def called_now(app: App) -> dict[str, str]:
    """What a row may call a class, its name before it was renamed too -> what it is called now."""
    classes = app.workspace.classes
    return heirs(classes.values()) | {name: name for name in classes}


def turn_table(app: App, seats: Roster) -> TurnTable:
    """What a person said about turns; there need be no such file."""
    text, problem = text_of(app, TURNS)
    if problem:
        return TurnTable(problems=(problem,))
    return read_turn_text(app, text or "", seats)


def read_turn_text(app: App, text: str, seats: Roster) -> TurnTable:
    """What turns.csv would say with this text."""
    every = {name: str(the_class.turn) for name, the_class in app.workspace.classes.items()}
    return read_turns(text, by_class(seats.seats), every, called_now(app))


def standings(app: App, the_class: str) -> list[MemberStanding]:
    """What happened to the members of a class, the oldest first."""
    zone = app.workspace.community.zone
    return [
        MemberStanding(
            row.member, row.the_class, row.at.astimezone(zone), Happened(row.what), _day(row.first), _day(row.last),
            row.who, row.why,
        )
        for row in app.ledger.member_standings(the_class)
    ]  # fmt: skip


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def has_mark(app: App, name: str) -> bool:
    """Whether a table begins with a byte order mark, by which spreadsheets know UTF-8."""
    try:
        with (app.workspace.root / name).open("rb") as file:
            return file.read(3) == codecs.BOM_UTF8
    except FileNotFoundError:
        return False


def text_of(app: App, name: str) -> tuple[str | None, Problem | None]:
    """A table as text, None where there is none; or why it cannot be read."""
    try:
        # What a link of the leader's leads to may be read; a pipe would keep the hourly round waiting for ever.
        file = (app.workspace.root / name).resolve()
        with open_inside(file.parent, [file.name]) as opened:
            raw = read_up_to(opened, LARGEST)
        if len(raw) > LARGEST:
            return None, Problem(name, None, _("it is larger than %(size)s MB", size=LARGEST // 1_000_000))
        return decode(raw), None
    except FileNotFoundError:
        return None, None
    except DraftError as error:
        return None, Problem(name, error.line, error.message, error.hint or "")
    except NotRegularError:
        return None, Problem(name, None, _("%(file)s is no file", file=name))
    except OSError as error:
        return None, Problem(name, None, error.strerror or type(error).__name__)
