"""Which slots a draft's `slot` key means: a pin."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steadycast.schedule.model import Slot

_HOUR = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_SPELLED = re.compile(rf"(?:[^@\s]+@)?[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:T{_HOUR})?\Z")  # what a pin looks like


def is_spelled(pin: str) -> bool:
    """Whether it looks like a pin, and its day and hour are such: not 2026-02-30, and not 24:00."""
    return _SPELLED.match(pin) is not None and day_of(pin) is not None


def example(today: dt.date) -> str:
    """A day that a sentence on how a pin is written may name: none that is past."""
    return (today + dt.timedelta(days=7)).isoformat()


def day_of(pin: str) -> dt.date | None:
    """The day that a pin names; None where it names none of the calendar's, or one that has no year after it."""
    found = re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", pin.rpartition("@")[2])
    try:
        day = dt.date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None
    return day if day and day.year < dt.MAXYEAR else None


def means(pin: str, slot: Slot) -> bool:
    """Whether a draft's `slot` key means this one: by its id, its series and day, its local time, or its day."""
    return normal(pin) in _names(slot)


def _names(slot: Slot) -> tuple[str, ...]:
    """What a pin may call a slot: its id, its occasion's, series and day, local time, local day."""
    place = slot.place
    _, _, local = place.rpartition("@")
    day = local[:10]
    return tuple(dict.fromkeys((slot.id, place, f"{slot.series}@{day}", local, day)))


def normal(pin: str) -> str:
    """A pin as `_names` spells it: "2026-11-27 20:00:00" is 2026-11-27T20:00."""
    return re.sub(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::00)?$", r"\1T\2", pin.strip())


def by_name(slots: Iterable[Slot]) -> dict[str, list[Slot]]:
    found: dict[str, list[Slot]] = defaultdict(list)
    for slot in slots:
        for name in _names(slot):
            found[name].append(slot)
    return found
