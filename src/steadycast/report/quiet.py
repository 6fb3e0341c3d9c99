"""Who has gone quiet: somebody who used to give, and has not for much longer than they used to pause. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

AT_LEAST = dt.timedelta(days=28)  # nobody is quiet before this


def usual_pause(gifts: Sequence[dt.datetime]) -> dt.timedelta:
    """How long somebody usually pauses between two drafts; what came within a day came together."""
    days = sorted({at.date() for at in gifts})
    pauses = [(later - earlier).days for earlier, later in pairwise(days)]
    return dt.timedelta(days=median(pauses)) if pauses else dt.timedelta()


def quiet_since(gifts: Sequence[dt.datetime], now: dt.datetime) -> dt.datetime | None:
    """Since when somebody is quiet: the last draft, if it is four weeks ago and twice their usual pause; else None."""
    if not gifts:
        return None
    last = max(gifts)
    return last if now - last > max(AT_LEAST, 2 * usual_pause(gifts)) else None
