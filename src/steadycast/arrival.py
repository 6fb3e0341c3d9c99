"""A counted arrival: the same from whoever counted it to the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

VISIT, JOIN, LEAVE = "visit", "join", "leave"
KINDS = (VISIT, JOIN, LEAVE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many came (or went) on one day from one source; of a person nothing is known.

    The four words are those of the utm parameters: a call's link carries the channel, its kind, the series, the slot.
    """

    day: dt.date  # local
    source: str
    medium: str = ""
    campaign: str = ""
    content: str = ""
    kind: str = VISIT
    n: int = 1
