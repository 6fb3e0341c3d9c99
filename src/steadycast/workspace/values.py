"""What the tables of steadycast.toml are made of: lengths of time, dates, zones and names, as people write them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from steadycast.errors import did_you_mean
from steadycast.language import gettext as _
from steadycast.language import quoted

NAME = r"^[a-z0-9][a-z0-9-]{0,38}$"  # a series' or channel's is a folder, part of a URL and of a slot's id
LONGEST_NAME = 80  # characters of a member's folder
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
YEARS = (2000, 2199)  # of a day that is written down
LONGEST = dt.timedelta(days=3660)  # from today, far beyond it there is no date


def duration(text: object) -> dt.timedelta:
    """A span from "90s", "10m", "12h", "7d" or "2w"."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*([smhdw])\s*", str(text))
    if not found:
        message = _(
            '%(value)s is not a length of time; write a number and a unit: "90s", "10m", "12h", "7d", "2w"',
            value=quoted(text),
        )
        raise ValueError(message)
    span = dt.timedelta(seconds=int(found[1]) * UNITS[found[2]])
    if span > LONGEST:
        message = _('%(value)s is too long; ten years are the most: "520w"', value=quoted(text))
        raise ValueError(message)
    return span


def zone(name: object) -> ZoneInfo:
    """The time zone of that name, from the tz database."""
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):  # a name with "..", one too long, one that is a folder of the database
        hint = did_you_mean(str(name), available_timezones(), _("for example Asia/Shanghai"))
        message = _("there is no time zone %(name)s; %(hint)s", name=quoted(str(name)), hint=hint)
        raise ValueError(message) from None


def member_name(text: str) -> str:
    """The name of a member's folder below content/ugc/, in any script, as intake spells it (NFC)."""
    name = unicodedata.normalize("NFC", text)
    odd = not name.isprintable() or name != name.strip() or any(mark in name for mark in "/\\")
    if not name or odd or name[0] in ".#-" or len(name) > LONGEST_NAME:
        message = _(
            "is no folder's name: at most %(num)s characters, no / or \\ in it, no . # or - before it", num=LONGEST_NAME
        )
        raise ValueError(message)
    return name


def names(said: object) -> object:
    """One name, or a list of them, as a list; "" is none."""
    if not isinstance(said, str | list | tuple):
        raise ValueError(_('should be a name, or several in a list: was = "old", was = ["old", "older"]'))  # noqa: TRY004 pydantic's own
    return ([said] if said else []) if isinstance(said, str) else said


_DAYS = re.compile(r"\s*([^\s.]+(?:\s*\.\.\s*[^\s.]+)?)\s*(.*)", re.DOTALL)


def reason(text: str) -> str:
    """Why the days of an entry of `skip` are left out: what stands behind them, or ""."""
    found = _DAYS.fullmatch(text)
    return " ".join(found[2].split()) if found and not text.startswith("holidays:") else ""


def dates(text: str) -> frozenset[dt.date]:
    """The local dates of "2026-12-31" or of "2027-02-04..2027-02-11", both ends included; a reason may follow."""
    found = _DAYS.fullmatch(text)
    first, _dots, last = (found[1] if found else text).partition("..")
    try:
        start, end = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat((last or first).strip())
    except ValueError:
        message = _(
            '%(value)s is no date; write "2026-12-31", "2027-02-04..2027-02-11" or "holidays:CN"', value=quoted(text)
        )
        raise ValueError(message) from None
    if min(start, end).year < YEARS[0] or max(start, end).year > YEARS[1]:
        message = _(
            "%(value)s: a year is one from %(first)s to %(last)s", value=repr(text), first=YEARS[0], last=YEARS[1]
        )
        raise ValueError(message)
    if not 0 <= (end - start).days <= 366:
        message = _("%(value)s runs backwards or for longer than a year", value=quoted(text))
        raise ValueError(message)
    return frozenset(start + dt.timedelta(days=n) for n in range((end - start).days + 1))


def _skip(text: str) -> str:
    if not text.startswith("holidays:"):
        dates(text)
    return text


Span = Annotated[dt.timedelta, BeforeValidator(duration)]
Zone = Annotated[ZoneInfo, BeforeValidator(zone)]
MemberName = Annotated[str, AfterValidator(member_name)]
FormerNames = Annotated[tuple[Annotated[str, Field(pattern=NAME)], ...], BeforeValidator(names), Field(max_length=20)]
Skip = Annotated[str, AfterValidator(_skip)]


def _on_the_web(url: str) -> str:
    if url and not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
        message = _("is no web address; write https://...")
        raise ValueError(message)
    return url


WebAddress = Annotated[str, AfterValidator(_on_the_web)]


class Model(BaseModel):
    """A table of steadycast.toml: unknown keys are errors, because a typing error must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
