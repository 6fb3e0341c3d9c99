"""`steadycast desk`: the page that an operator keeps open, served on this machine."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from steadycast.cli.output import OK, say
from steadycast.cli.ports import free_port, kept

if TYPE_CHECKING:
    from steadycast.workspace import Workspace

PORT = 8420


def desk(*, port: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))] = PORT) -> int:
    """Serve the desk: what is due, what needs you, calendar, drafts, kits. Ctrl-C ends it; nothing else stops.

    `steadycast up` serves it too. It listens on this machine only, and its address carries a key.

    Parameters
    ----------
    port
        Where it listens; the next free one when it is taken.
    """
    from steadycast.desk.server import serve
    from steadycast.pipeline import check_channels
    from steadycast.workspace import in_force

    workspace, _ = in_force(None, check_channels)
    port = free_port(port)
    key = key_of(workspace)
    say(f"Desk        {address(port, key)}", "Press Ctrl-C to stop.")
    serve(workspace.root, port, key)
    return OK


def key_of(workspace: Workspace) -> str:
    """What opens this workspace's desk: made once, so that an open page outlives a restart."""
    return kept(workspace.var / "desk" / "key", lambda: secrets.token_urlsafe(24))


def address(port: int, key: str) -> str:
    """The desk's first address."""
    return f"http://127.0.0.1:{port}/?key={key}"
