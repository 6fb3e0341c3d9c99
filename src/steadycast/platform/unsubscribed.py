"""Who left which channel, in a file beside the ledger: an older ledger that is put back does not know it.

A line is an instant, the channel, the mark, the way of leaving or `back`, and what the far side said. It is on the disk
before the ledger is told. Nobody reads out of a mark who it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from steadycast import reasons
from steadycast.crash_safety import durable
from steadycast.errors import LedgerError
from steadycast.language import gettext as _

BACK = "back"
WAYS = ("link", "message", "person", "bounced", BACK)


@dataclass(frozen=True, slots=True)
class Left:
    """That somebody is sent nothing any more; in the file also that they came back."""

    why: str  # one of WAYS; person: who looks after the channel
    at: dt.datetime
    said: str = ""  # the far side's code, where it was that


class UnsubscribedFile:
    """The file, of all channels and processes. LedgerError where it cannot be used: then nobody is sent anything."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, channel: str) -> dict[str, Left]:
        """The last that is known of each mark of a channel; a line that a power cut tore was never told to be there."""
        found: dict[str, Left] = {}
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return found
        except OSError as error:
            raise self._broken(error) from error
        for line in lines:
            at, whose, mark, why, said = [*line.split(" ", 4), "", "", "", ""][:5]
            if whose == channel and why in WAYS:
                found[mark] = Left(why, dt.datetime.fromisoformat(at), said)
        return found

    def add(self, channel: str, new: Mapping[str, Left]) -> None:
        """Add what came of these marks; on the disk when this returns."""
        # Each begins a line of its own: the one before may be torn.
        told = [f"\n{one.at.isoformat()} {channel} {mark} {one.why} {one.said}".rstrip() for mark, one in new.items()]
        try:
            durable.make_folder(self._path.parent)
            with open(self._path, "ab", opener=durable.owners_alone) as file:
                file.write(("".join(told) + "\n").encode())
            durable.sync(self._path)
            durable.sync(self._path.parent)
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> LedgerError:
        why = reasons.of_system(error)
        return LedgerError(_("%(file)s, which says who left, cannot be used: %(why)s", file=self._path, why=why))
