"""Leave: asked ahead, counted, not argued."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from steadycast.classes.model import Class, Leave, LeaveLimits
from steadycast.language import gettext as _
from steadycast.language import ngettext


def refused(the_class: Class, taken: Iterable[Leave], wanted: Leave, asked: dt.date) -> str:
    """Why a member cannot have that leave, or ""; `taken` are those that they have, `asked` is the day they asked."""
    ahead, notice = (wanted.first - asked).days, the_class.leave.notice.days
    if ahead < notice:
        said = ngettext("%(num)s day ahead", "%(num)s days ahead", ahead)
        return _("%(said)s; %(notice)s are asked", said=said, notice=notice)
    return over_limit(the_class.leave, [*taken, wanted], wanted)


def over_limit(limits: LeaveLimits, all_of_them: Iterable[Leave], one: Leave) -> str:
    """What limit `one` of a member's leaves is over, or ""."""
    leaves = sorted(all_of_them)
    if one.days > limits.most.days:
        said = ngettext("%(num)s day", "%(num)s days", one.days)
        return _("%(said)s; %(most)s are the most", said=said, most=limits.most.days)
    if sum(each.first <= one.last and one.first <= each.last for each in leaves) > 1:
        return _("there is a leave on some of these days already")
    in_year = sum(each.first.year == one.first.year for each in leaves)
    if in_year > limits.per_year:
        return _("it is number %(n)s of that year; %(most)s are the most", n=in_year, most=limits.per_year)
    return ""
