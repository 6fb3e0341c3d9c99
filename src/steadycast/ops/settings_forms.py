"""What a form of settings is told as it is filled in: the slots of a rhythm, a channel's fields, a free name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.platform import Platform, Setting
from steadycast.schedule.cadence import Cadence, parse
from steadycast.schedule.model import Series, Slot
from steadycast.schedule.rhythm_warnings import rhythm_warnings
from steadycast.schedule.slots import next_slot

SHOWN = 10  # slots of a rhythm
LONGEST_RHYTHM = 300  # characters


@dataclass(frozen=True)
class RhythmSeen:
    """What a rhythm promises, or what is wrong with it."""

    slots: tuple[Slot, ...] = ()
    cadence: Cadence | None = None
    wrong: SettingsError | None = None
    warnings: tuple[tuple[str, str], ...] = ()


def check_rhythm(rhythm: str) -> Cadence:
    """A rhythm in words, or an RRULE where it says FREQ=; a SettingsError where it is neither."""
    words = " ".join(rhythm.split())
    if len(words) > LONGEST_RHYTHM:
        raise SettingsError(_("a rhythm has at most %(num)s characters", num=LONGEST_RHYTHM))
    rule = "FREQ=" in words.upper()
    return parse(None if rule else words, words if rule else None)


def rhythm_seen(rhythm: str, zone: ZoneInfo, now: dt.datetime, start: dt.date | None = None) -> RhythmSeen:
    """The next slots of a rhythm, and what it does that its words do not say."""
    words = " ".join(rhythm.split())
    if not words:
        return RhythmSeen()
    try:
        cadence = check_rhythm(words)
        rule = "FREQ=" in words.upper()
        series = Series("x", every=None if rule else words, rrule=words if rule else None, zone=zone, start=start)
        found: list[Slot] = []
        at = now
        while len(found) < SHOWN and (slot := next_slot(series, at)):
            found.append(slot)
            at = slot.at + dt.timedelta(seconds=1)
        return RhythmSeen(tuple(found), cadence, warnings=tuple(rhythm_warnings(series, now)))
    except SettingsError as error:
        return RhythmSeen(wrong=error)


def channel_fields(platform: Platform, fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """(settings as text, values of secrets) of a filled-in form: what is empty is left at its default."""
    given: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, setting in platform.settings.items():
        value = str(fields.get(f"setting_{name}", "")).strip()
        if value and value not in _default(setting):
            (secrets if setting.secret else given)[name] = value
    return given, secrets


def _default(setting: Setting) -> tuple[str, ...]:
    """How a form writes what holds anyway."""
    said = str(setting.default)
    return (said, said.lower()) if setting.type == "bool" else (said,)


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted` where nothing is called so, else with the first free number."""
    return next(n for n in (wanted, *(f"{wanted}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)
