"""Whether a gap waits for a person."""

from __future__ import annotations

import datetime as dt

from steadycast.schedule.days import DAY
from steadycast.schedule.model import Series

SOON = DAY  # a gap nearer than this waits for a person


def pressing(
    at: dt.datetime, series: Series, fill_within: dt.timedelta, now: dt.datetime, planned: dt.datetime
) -> bool:
    """Whether a gap at `at` waits for a person: it is near, and the plan as of `planned` left it to no later filling.

    Where a series has a ladder, reserve comes only to slots within `fill_within`: beyond that a gap may still close
    by itself. A plan older than half a day is waited for no longer: nobody may be making another.
    """
    reached = max(planned, now - SOON / 2) + fill_within
    return at < now + SOON and (not series.fill or at <= reached)
