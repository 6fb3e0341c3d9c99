"""Dates as people write them in feeds, beside those of the standards. Pure."""

from __future__ import annotations

import datetime as dt
import re
import time

from steadycast.draft.fields import instant

_CHINA = dt.timezone(dt.timedelta(hours=8))
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
# What feedparser takes for another date, or for none; it reads RFC 3339 (with a T) and RFC 2822 well as they are.
_FOR_US = re.compile(r"\d{4}\s*(?:[年/.]|-[^T]*\Z)")


def instant_of(text: str) -> dt.datetime | None:
    """A date in any form, seconds since 1970 among them. Without a zone, one with 年 is China's and any other UTC."""
    text = text.strip()[:100]
    if _EPOCH.fullmatch(text):
        return dt.datetime.fromtimestamp(int(text[:10]), dt.UTC)
    return instant(text, _CHINA if "年" in text else dt.UTC)


def parse_date(text: str) -> time.struct_time | None:
    """A date that feedparser would take for another: Chinese, with slashes, or seconds since 1970; in UTC."""
    ours = _FOR_US.match(text.strip()) or _EPOCH.fullmatch(text.strip())
    at = instant_of(text) if ours else None
    return at.astimezone(dt.UTC).timetuple() if at else None
