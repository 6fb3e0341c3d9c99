"""What `up` waits for when it is told to end: deliveries that processes of its own are sending."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Collection
from typing import TYPE_CHECKING

from steadycast.cli.output import say
from steadycast.language import ngettext

if TYPE_CHECKING:
    from steadycast.workspace.paths import Paths

LOCKED = 1.0  # seconds for which a look waits where another process keeps the ledger locked


class BeingSent:
    """Asks the ledger, and says once what is waited for."""

    def __init__(self, place: Paths) -> None:
        self._place, self._said = place, False

    def by(self, groups: Collection[int]) -> bool:
        """Whether processes of these groups are sending, or may be: another process keeps the ledger locked.

        False where the ledger does not say for another reason: nothing waits for it.
        """
        from steadycast.ledger.busy import is_busy

        try:
            number = sum(_group(owner) in groups for owner in _owners(self._place))
        except Exception as error:  # whatever it is, all is still to be ended
            return is_busy(error)
        if number and not self._said:
            self._said = True
            say(
                ngettext(
                    "Waiting for a delivery that is being sent.",
                    "Waiting for %(num)s deliveries that are being sent.",
                    number,
                )
            )
        return number > 0


def _owners(place: Paths) -> list[str]:
    from steadycast.ledger.busy import at_most
    from steadycast.pipeline import App

    if not place.is_there:
        return []
    with at_most(LOCKED), App.in_force(place.root, readonly=True) as app:
        return app.ledger.being_sent()


def _group(owner: str) -> int:
    """The process group of a worker, by the name that it claims under; 0 of one that is gone, or on another machine."""
    host, _, process = owner.rpartition(":")
    with contextlib.suppress(OSError, ValueError):
        return os.getpgid(int(process)) if host == socket.gethostname() else 0
    return 0
