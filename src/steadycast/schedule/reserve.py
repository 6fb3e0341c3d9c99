"""How long the reserve lasts: what of it would fill the slots that are empty, if nothing more came in."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Series, Slot, StockItem
from steadycast.schedule.planner import is_digest, plan

DIGEST_OF = dt.timedelta(days=14)  # what went out in this time is in a digest
DIGEST_FEWEST = 3  # pieces: fewer are no digest


def from_reserve(
    series: Iterable[Series],
    slots: Sequence[Slot],
    carried: Mapping[str, Assignment],
    stock: Iterable[StockItem],
    history: History,
    *,
    now: dt.datetime,
    fill_within: dt.timedelta,
    digests: Collection[str] = (),
) -> dict[str, Assignment]:
    """What the ladder of each series would put into the coming slots that nothing is planned for, by slot.

    `carried` says what is planned, and stays. The planner fills only slots less than `fill_within` ahead; here it goes
    on to the last of `slots`, the nearest first, each evergreen with its rest and each shared draft once. `digests` are
    the drafts that no digest counts: a slot gets one where enough else went out before it.
    """
    plain = [replace(each, mix={}, mixes=()) for each in series]  # of reserve no mix is asked
    fillable = {each.name for each in plain if each.fill}
    last = max((s.at for s in slots if s.series in fillable and not s.excused and s.id not in carried), default=None)
    if last is None:
        return {}
    fixed = [replace(each, fixed=True) for each in carried.values()]
    reserve = [item for item in stock if item.reserve]
    made = plan(plain, slots, reserve, fixed, history, now, last - now)
    found = {each.slot: each for each in made if each.slot not in carried}
    for each in plain:
        if "digest" in each.fill:
            _without_empty_digests(each.name, slots, carried, found, history, digests, fill_within)
    return found


def _without_empty_digests(  # noqa: PLR0917 all that tells what went out and what will
    name: str,
    slots: Iterable[Slot],
    carried: Mapping[str, Assignment],
    found: dict[str, Assignment],
    history: History,
    digests: Collection[str],
    fill_within: dt.timedelta,
) -> None:
    """Take out the digests for which too little will have gone out when they are written."""
    pieces = sorted(past.at for past in history.of_series(name) if past.draft not in digests)
    for slot in slots:
        given = carried.get(slot.id) or found.get(slot.id)
        if slot.series != name or given is None:
            continue
        if not is_digest(slot, given.draft):
            if given.draft not in digests:
                insort(pieces, slot.at)
            continue
        written = slot.at - fill_within
        if bisect_left(pieces, written) - bisect_left(pieces, written - DIGEST_OF) < DIGEST_FEWEST:
            found.pop(slot.id, None)
