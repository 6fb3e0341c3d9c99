"""What a rhythm does that its words do not say: months without a slot, two slots that the clocks make one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from steadycast.language import gettext as _
from steadycast.schedule.cadence import parse
from steadycast.schedule.days import ANCHOR, Monthly
from steadycast.schedule.model import Series
from steadycast.schedule.slots import instant

AHEAD = dt.timedelta(days=366)
SHORTEST = 28  # days of a month


def rhythm_warnings(series: Series, now: dt.datetime) -> Iterator[tuple[str, str]]:
    """(what happens, what to write where that is not meant), for the year from `now` on."""
    cadence = parse(series.every, series.rrule)
    if isinstance(cadence.days, Monthly):
        yield from _skipped(cadence.days)
    first = now.astimezone(series.zone).date()
    moments = sorted(cadence.moments(first, first + AHEAD, series.start or ANCHOR))
    for one, other in pairwise(sorted(moments, key=lambda moment: instant(moment, series.zone))):
        if one != other and instant(one, series.zone) == instant(other, series.zone):
            both = _(
                "%(one)s and %(other)s are one instant, and one slot",
                one=format(min(one, other), "%H:%M"),
                other=format(max(one, other), "%H:%M"),
            )
            yield (
                _("the clocks change on %(day)s: %(both)s", day=format(one, "%Y-%m-%d"), both=both),
                _("name hours that are further apart"),
            )


def _skipped(days: Monthly) -> Iterator[tuple[str, str]]:
    late = sorted(number for number in days.numbers if number > SHORTEST)
    if late:
        named = _(" and ").join(map(str, late))
        yield (
            _("a month without a day %(day)s has no slot for it", day=named),
            _('"month on last day" is the end of each month'),
        )
    if any(nth == 5 for nth, _ in days.nth):
        yield _("a month without a fifth such day has no slot"), _('"month on last fri" has one in each month')
