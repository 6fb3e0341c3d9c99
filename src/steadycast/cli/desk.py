"""`steadycast desk`: the page that an operator keeps open, served on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from steadycast.cli.output import OK, say
from steadycast.cli.ports import free_port, kept
from steadycast.errors import InputError
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.workspace.paths import Paths

PORT = 8420
HERE = "127.0.0.1"
BEGIN = N_("No community is here yet: open that address, and four short pages make one.")


def desk(
    *, port: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))] = PORT, host: str = HERE
) -> int:
    """Serve the desk: what is due, what needs you, calendar, drafts, kits. Ctrl-C ends it; nothing else stops.

    Where no community is yet, it leads through the first run. `steadycast up` serves it too.
    It listens on this machine only, and its address carries a key. People who log in may reach it from elsewhere.

    Parameters
    ----------
    port
        Where it listens; the next free one when it is taken.
    host
        The address it listens at. Another than 127.0.0.1 needs people who log in, and a url under [desk].
    """
    from steadycast.desk.server import serve
    from steadycast.workspace.paths import Paths, root_or_here

    place = Paths(root_or_here())
    if host != HERE:
        _may_be_reached(place)
    port = free_port(port)
    key = key_of(place)
    said = () if place.is_there else (_(BEGIN),)
    say(_("Desk        %(address)s", address=address(port, key)), *said, _("Press Ctrl-C to stop."))
    serve(place.root, port, key, host)
    return OK


def _may_be_reached(place: Paths) -> None:
    """Raises InputError where the desk must not listen to other machines: nobody could be told from another."""
    from steadycast.cli.lazy_rooms import pipeline

    hint = _("see docs/operations.md, “The desk for several people”")
    if not place.is_there:
        raise InputError(_("there is no community here yet: make it on this machine first"), hint=hint)
    with pipeline.App.open() as app:
        if not app.ledger.has_people():
            said = _("nobody logs in yet: the desk listens on this machine only")
            raise InputError(said, hint=_("`steadycast desk user add NAME --role owner`"))
        if not app.workspace.desk.url:
            raise InputError(_("[desk] has no url: by which name is the desk reached?"), hint=hint)


def key_of(workspace: Paths) -> str:
    """What opens this workspace's desk: made once, so that an open page outlives a restart."""
    import secrets

    return kept(workspace.var / "desk" / "key", lambda: secrets.token_urlsafe(24))


def address(port: int, key: str) -> str:
    """The desk's first address."""
    return f"http://127.0.0.1:{port}/?key={key}"
