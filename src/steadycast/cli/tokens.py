"""Commands about programs that act for a person: a token for the API, listed, revoked; and tools for assistants."""

from __future__ import annotations

import datetime as dt
import os
from enum import StrEnum
from typing import Annotated, Any

from cyclopts import Parameter, validators

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import OK, as_json, say, show
from steadycast.cli.parameters import Json
from steadycast.cli.users import written
from steadycast.errors import InputError
from steadycast.language import N_
from steadycast.language import gettext as _

COLUMNS = {"label": N_("for"), "role": N_("role"), "made": N_("made"), "used": N_("used"), "state": ""}
SHOWN = 12  # characters of a hash by which a token is named
NOT_THERE = N_("the tools for assistants are not installed")
INSTALL = "`pip install 'steadycast[mcp]'`"


class UpTo(StrEnum):
    """What a token may do at most; the same words as in pipeline.permissions."""

    reader = "reader"
    member = "member"
    editor = "editor"
    owner = "owner"


def add(
    name: str,
    *,
    role: UpTo,
    label: str = "",
    series: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    days: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=3650))] | None = None,
    json: Json = False,
) -> int:
    """Make a token, with which a program acts for a person. It is shown once.

    Parameters
    ----------
    name
        The person, by the name that they log in with.
    role
        What it may do at most: reader, member, editor, owner. It never may more than its person.
    label
        What it is for.
    series
        A series that it is limited to; may be repeated.
    days
        After how many days it ends; without this never.
    """
    with pipeline.App.open() as app:
        now = pipeline.now()
        lasts = dt.timedelta(days=days) if days else None
        made = pipeline.accounts.make_token(
            app, name, label, pipeline.permissions.Role(role), now, series=series, lasts=lasts
        )
        written(app, f"token of {name}", f"token add {made.row.hash[:SHOWN]} {role}")
    if json:
        as_json({"token": made.text, "id": made.row.hash[:SHOWN]})
        return OK
    say(made.text, _("It is shown this once. `steadycast token revoke %(id)s` ends it.", id=made.row.hash[:SHOWN]))
    return OK


def list_(*, json: Json = False) -> int:
    """Show the tokens of all people: what each is for, and when it was used last."""
    with pipeline.App.open() as app:
        zone, now = app.workspace.community.zone, pipeline.now()
        rows: list[dict[str, Any]] = [
            {
                "id": row.hash[:SHOWN], "person": row.person, "label": row.label, "role": row.role,
                "series": row.series, "made": f"{row.made.astimezone(zone):%Y-%m-%d}",
                "used": f"{row.used.astimezone(zone):%Y-%m-%d}" if row.used else "",
                "ended": bool(row.revoked or (row.expires and row.expires <= now)),
            }
            for person in pipeline.accounts.people(app)
            for row in pipeline.accounts.tokens_of(app, person.name)
        ]  # fmt: skip
    if json:
        as_json(rows)
        return OK
    shown = [{**row, "state": _("ended") if row["ended"] else ""} for row in rows]
    show(shown, {"id": "id", "person": N_("person"), **COLUMNS}, title=_("Tokens"), empty=_("There is no token."))
    return OK


def revoke(id: str) -> int:
    """End a token at once.

    Parameters
    ----------
    id
        As `steadycast token list` shows it.
    """
    with pipeline.App.open() as app:
        found = [
            row
            for person in pipeline.accounts.people(app)
            for row in pipeline.accounts.tokens_of(app, person.name)
            if len(id) >= SHOWN and row.hash.startswith(id)
        ]
        if len(found) != 1:
            raise InputError(_("there is no token %(id)s", id=id[:64]), hint="`steadycast token list`")
        pipeline.accounts.revoke_token(app, found[0].person, found[0].hash, pipeline.now())
        written(app, f"token of {found[0].person}", f"token revoke {id}")
    say(_("The token of %(name)s is revoked.", name=found[0].person))
    return OK


def mcp() -> int:
    """Serve the tools for assistants on standard input and output (Model Context Protocol).

    It acts for the person whose token `STEADYCAST_TOKEN` holds; without one, as an editor on this machine.
    No tool publishes: that takes a person, on the desk. The desk serves the same tools at /mcp.
    """
    try:
        from steadycast.api import tools
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] != "mcp":
            raise
        raise InputError(_(NOT_THERE), hint=INSTALL) from None
    from steadycast.pipeline.open_workspace import Opened
    from steadycast.pipeline.permissions import Person, Role
    from steadycast.workspace.paths import root_or_here

    opened = Opened(root_or_here())
    with opened.app() as app:
        person = Person(pipeline.who(), Role.EDITOR).within(pipeline.leaders.editors_of(app))
        if token := os.environ.get("STEADYCAST_TOKEN"):
            found = pipeline.accounts.token(app, token, pipeline.now())
            if found is None:
                raise InputError(_("%(name)s opens nothing: it ended, or never was", name="STEADYCAST_TOKEN"))
            person = found
        desk = app.workspace.desk.url.rstrip("/") or "http://127.0.0.1:8420"
    try:
        tools.serve_stdio(tools.Caller(opened, person, desk))
    finally:
        opened.close()
    return OK
