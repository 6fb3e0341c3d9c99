"""`steadycast desk`: the page that an operator keeps open, served on this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TextIO
from urllib.parse import urlsplit

from cyclopts import Parameter, validators

from steadycast.cli.output import OK, say
from steadycast.cli.ports import free_port, kept
from steadycast.crash_safety import durable
from steadycast.errors import InputError
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.workspace.paths import Paths

PORT = 8420
HERE = "127.0.0.1"
ASK = "steadycast desk --address"
BEGIN = N_("No community is here yet: open that address, and four short pages make one.")


def desk(
    *,
    port: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))] = PORT,
    host: str = HERE,
    where: Annotated[bool, Parameter(name="--address", negative="")] = False,
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
    where
        Start none: print the address of the desk that runs, with its key, which stands in no log.
    """
    from steadycast.desk.server import serve
    from steadycast.workspace.paths import Paths, root_or_here

    place = Paths(root_or_here())
    if where:
        return _where(place, port)
    if host != HERE:
        _may_be_reached(place)
    port = free_port(port)
    key = key_of(place)
    said = () if place.is_there else (_(BEGIN),)
    ask = ASK if port == PORT else f"{ASK} --port {port}"
    say(_("Desk        %(address)s", address=shown(address(port, key), ask)), *said, _("Press Ctrl-C to stop."))
    of_up = bool(os.environ.get("STEADYCAST_PREFECT"))  # one that runs alone leaves the note of `up` as it is
    serve(place.root, port, key, host, (lambda: note_port(place, port)) if of_up else None)
    return OK


def _where(place: Paths, port: int) -> int:
    """Prints where the desk and the report of `up` are, or the desk that was started alone at `port`.

    No address with the key is printed of a listener that has not proved to be this workspace's desk.
    """
    from steadycast.ops.desk_proof import is_ours

    key = key_of(place)
    of_up = noted_port(place) or port  # of one that has ended, it may be
    asked = {at: is_ours(key, at) for at in ((of_up, port) if port == PORT else (port, of_up))}
    found = next((at for at, ours in asked.items() if ours), None)
    if found is None:
        raise _none_found(port, next((at for at, ours in asked.items() if ours is False), None))
    say(_("Desk        %(address)s", address=address(found, key)))
    with contextlib.suppress(OSError):
        report = place.report_address.read_text(encoding="utf-8")
        if answers(urlsplit(report).port or 0):  # its key is new at each start: at a foreign listener it opens nothing
            say(_("Report      %(address)s", address=report))
    return OK


def note_port(place: Paths, port: int) -> None:
    """Writes down where the desk of `up` listens: started again, it may be at another port than before."""
    with contextlib.suppress(OSError):  # a full disk
        durable.put(place.desk_port, str(port).encode(), rights=0o600)


def noted_port(place: Paths) -> int:
    """Where the desk of `up` listens, or did last; 0 where nothing is noted. Whoever goes there asks for a proof."""
    try:
        noted = int(place.desk_port.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    return noted if 0 < noted < 1 << 16 else 0


def followed(place: Paths, port: int) -> Callable[[], int]:
    """Tells where the desk of `up` is by now, and says so where it is another port: somebody else took its own."""

    def now() -> int:
        nonlocal port
        if (noted := noted_port(place)) and noted != port:
            port = noted
            say(_("Desk        %(address)s", address=shown(address(port, key_of(place)))))
        return port

    return now


def _none_found(port: int, other: int | None) -> InputError:
    hint = _("`steadycast up` starts one; `--port` names the port of one that runs alone")
    said = (
        _("no desk of this workspace is running") if port == PORT else _("no desk answers at port %(port)s", port=port)
    )
    if other:
        said = _("what listens at port %(port)s is not this workspace's desk, and is not told its key", port=other)
    return InputError(said, hint=hint)


def answers(port: int) -> bool:
    """Whether anybody listens at that port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection((HERE, port), timeout=2):
        return True
    return False


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


def shown(whole: str, ask: str = ASK, to: TextIO | None = None) -> str:
    """An address that holds a key, for whoever reads what we print: whole at a terminal, and in a log without the key.

    A log is read by more people than may open the desk, and is kept. `ask` is the command that prints the address.
    """
    if (to or sys.stdout).isatty():
        return whole
    parts = urlsplit(whole)
    return _(
        "%(address)s (its key stands in no log: `%(command)s` prints it)",
        address=f"{parts.scheme}://{parts.netloc}/",
        command=ask,
    )
