"""A delivery as a worker gets it, from its claim or for a look: all that it takes to render, send and judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steadycast.ledger.statements import instant
from steadycast.ledger.tables import EPOCH


@dataclass(frozen=True, slots=True)
class Delivery:
    """One slot on one channel. Every later write names its `token`: it is this worker's as long as that is the same."""

    id: int
    slot: str
    channel: str
    series: str
    at: dt.datetime
    late: dt.timedelta
    marker: str
    draft: str = ""
    title: str = ""  # of its draft
    attempt: int = 0  # this one; the first is 1
    token: int = 0
    frozen: str | None = None  # hash of the post frozen by an earlier try
    revision: str | None = None  # and the revision it was made of; of an amendment: the one it shall show
    looks: int = 0  # made so far; of a claim: made for an earlier sending, and none could tell whether it arrived
    remote_id: str = ""
    url: str = ""
    code: str = ""  # what was said last
    message: str = ""
    lease: dt.datetime = EPOCH  # by the wall of whoever claimed it
    left: dt.timedelta = dt.timedelta()  # until the last request has surely ended; below nothing once it has

    @property
    def last(self) -> dt.datetime:
        """The instant after which it is missed."""
        return self.at + self.late


COLUMNS = (
    "id, slot, channel, series, at, late, marker, coalesce(draft, ''), "
    "coalesce((SELECT title FROM draft WHERE draft.id = delivery.draft), ''), "
    "attempt, token, frozen, revision, looks, remote_id, url, code, message"
)


def delivery_of(row: Sequence[Any], **more: Any) -> Delivery:
    """The delivery of a row of `COLUMNS`."""
    id, slot, channel, series, at, late, *rest = row
    return Delivery(id, slot, channel, series, instant(at), dt.timedelta(seconds=late), *rest, **more)
