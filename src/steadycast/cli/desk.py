"""`steadycast desk`: the page that an operator keeps open, served on this machine."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from steadycast.cli.output import OK, say
from steadycast.cli.ports import free_port, kept
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.workspace.paths import Paths

PORT = 8420
BEGIN = N_("No community is here yet: open that address, and four short pages make one.")


def desk(*, port: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))] = PORT) -> int:
    """Serve the desk: what is due, what needs you, calendar, drafts, kits. Ctrl-C ends it; nothing else stops.

    Where no community is yet, it leads through the first run. `steadycast up` serves it too.
    It listens on this machine only, and its address carries a key.

    Parameters
    ----------
    port
        Where it listens; the next free one when it is taken.
    """
    from steadycast.desk.server import serve
    from steadycast.workspace.paths import Paths, root_or_here

    place = Paths(root_or_here())
    port = free_port(port)
    key = key_of(place)
    said = () if place.is_there else (_(BEGIN),)
    say(_("Desk        %(address)s", address=address(port, key)), *said, _("Press Ctrl-C to stop."))
    serve(place.root, port, key)
    return OK


def key_of(workspace: Paths) -> str:
    """What opens this workspace's desk: made once, so that an open page outlives a restart."""
    return kept(workspace.var / "desk" / "key", lambda: secrets.token_urlsafe(24))


def address(port: int, key: str) -> str:
    """The desk's first address."""
    return f"http://127.0.0.1:{port}/?key={key}"
