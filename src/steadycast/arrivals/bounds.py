"""What is asked of a counter, and what is kept of its answer: anybody can put words into an address that is counted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from steadycast.arrival import KINDS, Arrival
from steadycast.characters import one_line
from steadycast.errors import Busy
from steadycast.language import gettext as _
from steadycast.outgoing import HttpClient

LONGEST = 100  # characters of a source, a medium, a campaign, a content
DAILY = 500  # rows of one day and counter; the smaller ones are counted together
OTHERS = "…"  # the source of those
HIGHEST = 10**9  # of one row
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content")
NOT_SET = frozenset({"(not set)", "(none)", "Direct / None"})  # how counters spell nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """What a counter is asked: the days, both included, at the place where they begin."""

    http: HttpClient  # with the counter's address and key
    first: dt.date
    last: dt.date
    zone: dt.tzinfo
    domain: str = ""  # which of the sites that it counts
    tag: str = ""  # which of its links
    goal: str = ""  # which of its goals is a join

    def begins(self, day: dt.date) -> dt.datetime:
        """The first instant of a local day."""
        return dt.datetime.combine(day, dt.time(), self.zone)

    @property
    def days(self) -> list[dt.date]:
        """Each of the days."""
        return [self.first + dt.timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def garbled(self) -> Busy:
        """The error for an answer of another form than the documents say."""
        return Busy(_("the answer cannot be read"), channel=self.http.channel)


def words(text: object) -> str:
    """One of the four words as it is kept: one short line without controls; "" for what says nothing."""
    line = one_line(str(text or ""))[:LONGEST].strip()
    return "" if line in NOT_SET else line


def number(value: Any) -> int:
    """How many, as a whole number from 0; ValueError for what is none."""
    whole = int(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1
    if not 0 <= whole <= HIGHEST:
        raise ValueError(value)
    return whole


def where_from(visited: object, referrer: object) -> tuple[str, str, str, str]:
    """Source, medium, campaign and content of an address that was visited; else the referrer's host is the source."""
    try:
        said = dict(parse_qsl(urlsplit(str(visited or "")[:4000]).query, max_num_fields=50))
        host = urlsplit(str(referrer or "")[:4000]).hostname or ""
    except ValueError:
        said, host = {}, ""
    source, medium, campaign, content = (words(said.get(name)) for name in UTM)
    return source or words(host), medium, campaign, content


def bounded(rows: Iterable[Arrival], first: dt.date, last: dt.date, *, least: int = 1) -> Iterator[Arrival]:
    """The rows of these days of at least so many, each way once with its sum.

    Of a day the largest, the others counted together.
    """
    counts: Counter[Arrival] = Counter()
    for row in rows:
        if first <= row.day <= last and row.kind in KINDS and row.n >= least:
            source, medium, campaign, content = map(words, (row.source, row.medium, row.campaign, row.content))
            counts[Arrival(row.day, source, medium, campaign, content, row.kind)] += min(row.n, HIGHEST)
    seen: Counter[dt.date] = Counter()
    rest: Counter[Arrival] = Counter()
    for row, n in sorted(counts.items(), key=lambda each: (-each[1], str(each[0]))):
        seen[row.day] += 1
        if seen[row.day] <= DAILY:
            yield replace(row, n=n)
        else:
            rest[Arrival(row.day, OTHERS, kind=row.kind)] += n
    yield from (replace(row, n=n) for row, n in rest.items())
