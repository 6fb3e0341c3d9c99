"""Commands about people who log in to the desk: add one, list them, another password, let one in no more."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any

from cyclopts import Parameter

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import OK, as_json, say, show
from steadycast.cli.parameters import Json
from steadycast.errors import InputError
from steadycast.language import N_, listed
from steadycast.language import gettext as _

COLUMNS = {"name": N_("name"), "role": N_("role"), "series": N_("series"), "since": N_("since"), "state": ""}
Series = Annotated[tuple[str, ...], Parameter(negative="")]


class As(StrEnum):
    """What a person may be; the same words as in pipeline.permissions, which is not loaded for `--help`."""

    reader = "reader"
    member = "member"
    editor = "editor"
    owner = "owner"


def add(name: str, *, role: As, series: Series = ()) -> int:
    """Let a person log in to the desk. Their password is asked for, or read from standard input.

    Parameters
    ----------
    name
        What they log in with; of a member who writes, the name of their folder below content/ugc.
    role
        reader: sees; member: writes drafts of their own; editor: approves and plans; owner: everything.
    series
        A series that an editor looks after; may be repeated. Without it: all.
    """
    with pipeline.App.open() as app:
        password = _asked()
        person = pipeline.accounts.add_person(
            app, name, pipeline.permissions.Role(role), password, pipeline.now(), series=series
        )
        written(app, f"person {person.name}", f"user add {role}")
    say(_("%(name)s may log in now, as %(role)s.", name=person.name, role=str(role)))
    return OK


def list_(*, json: Json = False) -> int:
    """Show who may log in to the desk."""
    with pipeline.App.open() as app:
        zone = app.workspace.community.zone
        rows: list[dict[str, Any]] = [
            {
                "name": row.name, "role": row.role, "series": row.series,
                "since": row.made.astimezone(zone).isoformat(timespec="minutes"),
                "ended": row.ended.astimezone(zone).isoformat(timespec="minutes") if row.ended else None,
            }
            for row in pipeline.accounts.people(app)
        ]  # fmt: skip
    if json:
        as_json(rows)
        return OK
    shown = [
        {**row, "series": listed(row["series"]) or "–", "state": _("ended") if row["ended"] else ""} for row in rows
    ]
    nobody = _("Nobody logs in: the desk is open to this machine only, by the key in its address.")
    show(shown, COLUMNS, title=_("People"), empty=nobody)
    return OK


def password(name: str) -> int:
    """Give a person another password. They are logged out everywhere.

    Parameters
    ----------
    name
        Who it is.
    """
    with pipeline.App.open() as app:
        pipeline.accounts.set_password(app, name, _asked(), pipeline.now())
        written(app, f"person {name}", "user password")
    say(_("%(name)s has another password, and is logged out everywhere.", name=name))
    return OK


def end(name: str) -> int:
    """Let a person in no more: sessions and tokens end at once. Nobody else can have the name.

    Parameters
    ----------
    name
        Who it is.
    """
    with pipeline.App.open() as app:
        pipeline.accounts.end_person(app, name, pipeline.now())
        written(app, f"person {name}", "user end")
    say(_("%(name)s is let in no more.", name=name))
    return OK


def written(app: pipeline.App, subject: str, detail: str) -> None:
    """Write down that whoever sits at this machine changed something about people."""
    act = pipeline.permissions.Act.PEOPLE
    pipeline.accounts.audit(app, pipeline.who(), "cli", pipeline.now(), act=act, subject=subject, detail=detail)


def _asked() -> str:
    """A password, typed twice and not shown; else the first line of what is sent in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    given = getpass(_("Password (not shown): "))
    if getpass(_("Once more: ")) != given:
        raise InputError(_("the two are not the same"), hint=_("run it again"))
    return given
