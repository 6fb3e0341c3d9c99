"""Whose turn it is: the origin that a mix is owed, and the member who has waited longest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from steadycast.schedule.model import Origin

LONG_AGO = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


class Mix:
    """A running account of how far one series is from the ratio it was asked for: error diffusion.

    The account is PGC's, in units of 1 / (2 x total) slot, and never leaves half a slot either way: what scarce stock
    made impossible is written off, not made up for later. So in any run of slots that had a choice, of whatever
    length, each origin is within one slot of its share.
    """

    def __init__(self, asked: Mapping[Origin, int]) -> None:
        self._total = self._owed = 0
        self.ask(asked)

    def ask(self, asked: Mapping[Origin, int]) -> None:
        """Ask for this ratio from here on; what is owed by the one before stays owed."""
        before = self._total
        self._pgc, self._ugc = (max(asked.get(origin, 0), 0) for origin in (Origin.PGC, Origin.UGC))
        self._total = self._pgc + self._ugc
        self._owed = int(self._owed * self._total / before) if before else 0

    @property
    def asked(self) -> bool:
        """Whether a ratio was asked for at all."""
        return self._total > 0

    def order(self) -> tuple[Origin, ...]:
        """The origins that may have the next slot, the one it is owed to first; none when no ratio is asked for."""
        if not self.asked:
            return ()
        pgc_first = self._owed + 2 * self._pgc > self._total
        both = (Origin.PGC, Origin.UGC) if pgc_first else (Origin.UGC, Origin.PGC)
        return tuple(origin for origin in both if (self._pgc if origin is Origin.PGC else self._ugc))

    def took(self, origin: Origin) -> None:
        """A slot went to `origin`."""
        owed = self._owed + 2 * self._pgc - (2 * self._total if origin is Origin.PGC else 0)
        self._owed = max(-self._total, min(self._total, owed))


class Turns:
    """When each member was last published or planned, and how often, in all series together."""

    def __init__(self, before: Mapping[str, tuple[dt.datetime, int]] = MappingProxyType({})) -> None:
        self._turns = dict(before)

    def of(self, member: str) -> tuple[dt.datetime, int]:
        """The lower, the sooner it is this member's turn; it only ever grows."""
        return self._turns.get(member, (LONG_AGO, 0))

    def took(self, member: str, at: dt.datetime) -> None:
        """`member` has the slot at `at`."""
        last, times = self.of(member)
        self._turns[member] = (max(last, at), times + 1)
