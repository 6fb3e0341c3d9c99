"""What would move a series' first gap: how many more drafts, by when, and where the next gap is then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from steadycast.report.model import Coming

EMPTY = ("gap", "later")  # nothing would carry it
TOGETHER = dt.timedelta(days=7)  # gaps so near to the first one are asked for with it


@dataclass(frozen=True, slots=True)
class Need:
    """`count` more drafts, the first by `by`; the first gap is `then` after that, None where none is in sight."""

    count: int
    by: dt.datetime
    then: dt.datetime | None


def need(coming: Sequence[Coming]) -> Need | None:
    """What the coming slots of a series lack; None where none of them is empty."""
    gaps = sorted(slot.at for slot in coming if slot.state in EMPTY)
    if not gaps:
        return None
    near = [at for at in gaps if at < gaps[0] + TOGETHER]
    return Need(len(near), gaps[0], gaps[len(near)] if len(gaps) > len(near) else None)
