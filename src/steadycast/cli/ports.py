"""Ports of this machine that are free, and secrets that only its user may read: what our servers start with."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from steadycast.crash_safety import durable
from steadycast.crash_safety.file_lock import held
from steadycast.errors import InputError
from steadycast.language import gettext as _

Server = TypeVar("Server")


def free_port(port: int) -> int:
    """`port`, or the next one that nobody listens on."""
    for candidate in range(port, port + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", candidate))
                return candidate
    return port


def listening(port: int, listen: Callable[[int], Server], tries: int = 20) -> Server:
    """A server on `port`, or on the next one that is free, also where it is taken between the look and the start."""
    for candidate in range(port, port + tries):
        with contextlib.suppress(OSError):
            return listen(free_port(candidate))
    said = _("no port from %(first)s to %(last)s is free for /health", first=port, last=port + tries)
    raise InputError(said, hint=_("choose another: `steadycast up --health-port N`; 0 leaves it out"))


def kept(file: Path, make: Callable[[], str]) -> str:
    """The text of a file that only its owner may read, made on first use; never empty.

    A full disk or a power cut may have left the file without its text: that is no secret, and it is made anew.
    """
    with held(file.with_name(f".{file.name}.lock")):
        if not (file.is_file() and file.read_text(encoding="utf-8").strip()):
            durable.put(file, make().encode(), rights=0o600)
        return file.read_text(encoding="utf-8").strip()
