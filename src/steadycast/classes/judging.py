"""How a duty ended: by what was handed in, when, and whether anybody could look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from steadycast.classes.model import NEXT, NONE, Class, Duty, HandIn, Work
from steadycast.schedule.model import Verdict

_KEPT, _LATE, _MISSED = Verdict.KEPT, Verdict.LATE, Verdict.MISSED
_new = tuple.__new__  # a year of a hundred classes has 400,000 duties: three times as quick as a NamedTuple's own
_NONE: Mapping[str, HandIn] = MappingProxyType({})


def own_time(own: dt.datetime | None, looked: dt.datetime | None, seen: dt.datetime) -> dt.datetime | None:
    """The time that a draft says of itself, where nobody had looked since; None: it counts from when it was seen.

    `looked` is the last look before `seen` that succeeded. So our outage is never a member's miss, and a clock that was
    put back moves a hand-in no further than to that look.
    """
    return own if own is not None and looked is not None and looked < own < seen else None


def judge(  # noqa: PLR0917 what is judged, by what, and as of when
    the_class: Class,
    member: str,
    duties: Sequence[Duty],
    works: Iterable[Work],
    looked: dt.datetime | None,
    now: dt.datetime,
    judged: Mapping[str, HandIn] = _NONE,
) -> list[HandIn]:
    """How each of a member's duties ended or stands, of those that are owed or excused for them; in order.

    One draft meets one duty: the earliest that came after the duty before. What comes too late makes up for the last
    one that was missed, before it counts for the next. `looked` is the last look at all of a member's sources; nothing
    is missed, and no making-up is over, before there was one after its end. `judged` (by slot) stands as it is.
    """
    used = {work.draft for each in judged.values() for work in (each.work, each.made_up) if work}
    given = sorted(work for work in works if work.draft not in used) if used else sorted(works)
    found: list[HandIn] = []
    missed: list[tuple[int, dt.datetime]] = []  # index in `found`, and since when it can be made up
    before: dt.datetime | None = None  # the slot of the duty before
    at_work, all_works = 0, len(given)
    for n, (slot, kept_by, end, owed, why, on_leave) in enumerate(duties):
        if not owed:
            if on_leave:
                found.append(judged.get(slot.id) or HandIn(slot.id, slot.at, member, Verdict.EXCUSED, note=why))
            continue
        stands = judged.get(slot.id) if judged else None
        met: Work | None = None
        while at_work < all_works and (work := given[at_work])[0] <= end:
            if missed and (index := _makes_up(found, missed, work)) is not None:
                found[index] = found[index]._replace(made_up=work)
            elif before is not None and work[0] <= before:
                pass  # it came for a duty that had been met
            else:
                met = work if stands is None else None
                at_work += stands is None
                break
            at_work += 1
        before = slot.at
        if met is not None:
            verdict = _KEPT if met[0] <= kept_by else _LATE
            found.append(_new(HandIn, (slot.id, before, member, verdict, met, None, None, False, "", "")))
            continue
        if stands is None:
            if looked is None or looked <= end:
                found.append(HandIn(slot.id, before, member, None, unseen=now > end))
                continue
            closes = _closes(the_class, duties, n, end)
            found.append(_new(HandIn, (slot.id, before, member, _MISSED, None, None, closes, False, "", "")))
        else:
            open_ended = stands.counts and stands.closes is None
            found.append(stands._replace(closes=_closes(the_class, duties, n, end)) if open_ended else stands)
            if not stands.counts:
                continue
        missed.append((len(found) - 1, end))
    for work in given[at_work:]:
        if missed and (index := _makes_up(found, missed, work)) is not None:
            found[index] = found[index]._replace(made_up=work)
    return found


def is_over(hand_in: HandIn, looked: dt.datetime | None) -> bool:
    """Whether nothing can change any more: judged, and what was missed can no longer be made up."""
    if hand_in.verdict is None:
        return False
    return not hand_in.counts or (looked is not None and hand_in.closes is not None and hand_in.closes < looked)


def _makes_up(found: Sequence[HandIn], missed: list[tuple[int, dt.datetime]], work: Work) -> int | None:
    """Which missed duty a work makes up for: the last whose time for that has come and is not over; it is taken out."""
    for position in range(len(missed) - 1, -1, -1):
        index, since = missed[position]
        closes = found[index].closes
        if since < work.at and (closes is None or work.at < closes):
            del missed[position]
            return index
    return None


def _closes(the_class: Class, duties: Sequence[Duty], n: int, end: dt.datetime) -> dt.datetime | None:
    """When making up for duty `n` ends; None where the next one that is owed lies beyond all that are known."""
    if the_class.makeup == NONE:
        return end
    if the_class.makeup != NEXT:
        return end + the_class.makeup
    for later in range(n + 1, len(duties)):
        if not duties[later].why:
            return max(end, duties[later].slot.at)
    return None if n + 1 < len(duties) else end
