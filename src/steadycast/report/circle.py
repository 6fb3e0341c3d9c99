"""Another community's report.json, as much of it as a hub looks at: hostile bytes in, checked values out. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, TypeGuard

import orjson

from steadycast.characters import one_line
from steadycast.errors import InputError
from steadycast.language import gettext as _

MAX_BYTES = 5 * 1024 * 1024
MOST_SERIES = 200
MOST_COUNT = 100_000  # days, or slots
LONGEST = 80  # characters of a name
AHEAD = dt.timedelta(hours=1)  # clocks of two machines may be so far apart


@dataclass(frozen=True, slots=True)
class CircleReport:
    """What a community says of itself: `days` is the shortest runway of its series, None where nothing is owed."""

    community: str
    at: dt.datetime  # aware: when it was written
    days: int | None = None
    series: str = ""  # the one with the shortest runway
    gap: dt.datetime | None = None  # its first slot with nothing


def read(raw: bytes, now: dt.datetime) -> CircleReport:
    """What `raw` says. InputError for what is no report, or one of which a value that is needed is missing or odd."""
    if len(raw) > MAX_BYTES:
        raise InputError(_("it is larger than %(num)s MB", num=MAX_BYTES >> 20))
    try:
        told = orjson.loads(raw)  # bounds its own depth
    except orjson.JSONDecodeError:
        raise InputError(_("it is no JSON"), hint=_("`steadycast report` there writes it")) from None
    record = told.get("record") if isinstance(told, dict) else None
    if not isinstance(record, dict) or told.get("report") != 1:
        raise InputError(_("it is no report of Steadycast"), hint=_("`steadycast report` there writes it"))
    at = _instant(record, "at")
    if at > now + AHEAD:
        raise InputError(_("it is dated ahead of now"), hint=_("look at the clock of one of the two machines"))
    series = record.get("series")
    if not isinstance(series, list) or len(series) > MOST_SERIES:
        raise _odd("series")
    reach = [each for n, one in enumerate(series) if (each := _reach(one, n)) is not None]
    days, name, gap = min(reach, key=lambda each: (each[0], each[2] or dt.datetime.max.replace(tzinfo=dt.UTC)),
                          default=(None, "", None))  # fmt: skip
    return CircleReport(_text(record, "community"), at, days, name, gap)


def _reach(one: Any, number: int) -> tuple[int, str, dt.datetime | None] | None:
    """(days, series, first gap) of one series; None where it owes nothing."""
    runway = one.get("runway") if isinstance(one, dict) else None
    if not isinstance(runway, dict):
        raise _odd(f"series[{number}].runway")
    days, slots = runway.get("days"), runway.get("slots")
    if not _is_count(days) or not _is_count(slots):
        raise _odd(f"series[{number}].runway")
    gap = _instant(runway, "gap") if runway.get("gap") is not None else None
    return None if gap is None and not slots else (days, _text(one, "title"), gap)


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MOST_COUNT


def _text(of: dict[str, Any], name: str) -> str:
    value = of.get(name)
    if not isinstance(value, str) or not (said := one_line(value[: 4 * LONGEST])[:LONGEST].strip()):
        raise _odd(name)
    return said


def _instant(of: dict[str, Any], name: str) -> dt.datetime:
    value = of.get(name)
    try:
        at = dt.datetime.fromisoformat(value[:40]) if isinstance(value, str) else None
        if at is not None and at.tzinfo is not None and 2000 <= at.year < 2200:
            return at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise _odd(name)


def _odd(name: str) -> InputError:
    said = _("%(name)s in it is missing, or is not what it should be", name=name)
    return InputError(said, hint=_("`steadycast report` there writes it anew"))
