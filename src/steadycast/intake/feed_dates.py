"""Dates as people write them in feeds, beside those of the standards. Pure."""

from __future__ import annotations

import datetime as dt
import re
import time

_CHINA = dt.timezone(dt.timedelta(hours=8))
_WRITTEN = re.compile(
    r"(\d{4})\s*(年|/|\.|-)\s*(\d{1,2})\s*(?:月|/|\.|-)\s*(\d{1,2})\s*日?"
    r"(?:\s*(?:星期|周|礼拜)[一二三四五六日天])?"
    r"(?:[\s,，T]*(凌晨|早上|上午|中午|下午|傍晚|晚上)?\s*(\d{1,2})\s*[:：时点]\s*(\d{1,2})?\s*(?:分|[:：]\s*(\d{1,2})秒?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_AFTERNOON = {"下午", "傍晚", "晚上"}


def parse_date(text: str) -> time.struct_time | None:
    """A date that feedparser would take for another: Chinese, with slashes, or seconds since 1970; in UTC.

    Without a zone, one with 年 is China's and any other UTC.
    """
    text = text.strip()[:100]
    if _EPOCH.fullmatch(text):
        return dt.datetime.fromtimestamp(int(text[:10]), dt.UTC).timetuple()
    found = _WRITTEN.fullmatch(text)
    if found is None or (found[2] == "-" and "T" in text):  # RFC 3339 is read well as it is
        return None
    year, mark, month, day, part, hour, minute, second, zone = found.groups()
    hours = int(hour or 0) + (12 if part in _AFTERNOON and int(hour or 0) < 12 else 0)
    try:
        naive = dt.datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None
    return naive.replace(tzinfo=_zone(zone or "", mark)).astimezone(dt.UTC).timetuple()


def _zone(written: str, mark: str) -> dt.tzinfo:
    if written[:1] in {"+", "-"} and written:
        ahead = dt.timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
        return dt.timezone(-ahead if written[0] == "-" else ahead) if ahead < dt.timedelta(hours=24) else dt.UTC
    return _CHINA if mark == "年" and not written else dt.UTC
