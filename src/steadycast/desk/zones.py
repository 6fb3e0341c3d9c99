"""Time zones by what people call them: what a form offers, and what somebody may type instead of a zone's name."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from babel import dates
from babel.core import get_global

from steadycast.language import LOCALES, language
from steadycast.ops import first_run

CHINA = (
    "北京",
    "北京时间",
    "北京時間",
    "中国",
    "中國",
    "China",
    "Beijing",
    "重庆",
    "重慶",
)  # no zone is called so, or several are
LABEL = re.compile(r"(?P<place>.*?)(?:\s?[（(](?P<city>.+)[）)])?\s?(?:时间|時間|Time)")


@cache
def zones_named(locale: str) -> list[tuple[str, str]]:
    """Each time zone with what people call it in a language, for a list that is searched as one types."""
    named = language(locale).locale
    return [(name, dates.get_timezone_location(name, locale=named)) for name in first_run.zones()]


def zone_called(text: str) -> str:
    """The zone that a person means by its city, its country or its label, in any language of the desk.

    As it was typed where it is a zone's name already, or nobody could tell which zone it is.
    """
    return text if text in first_run.zones() else _called().get(text.strip().replace("臺", "台").casefold(), text)


@cache
def _called() -> dict[str, str]:
    """Names for people, folded, to the one zone that each means."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, said in _names():
        found[said.casefold()].add(name)
    told = {said: min(names) for said, names in found.items() if len(names) == 1}
    return told | {said.casefold(): "Asia/Shanghai" for said in CHINA}


def _names() -> Iterator[tuple[str, str]]:
    """Each zone with each of its names; of zones that are one and the same, the one that is called as its city is."""
    same: dict[str, list[str]] = defaultdict(list)
    for name in first_run.zones():
        same[get_global("zone_aliases").get(name, name)].append(name)
    for names in same.values():
        city = _plain(dates.get_timezone_location(names[0], locale="en", return_city=True))
        best = min(names, key=lambda name: (_plain(name.rpartition("/")[2]) != city, name))
        yield from ((best, told) for name in names for told in (name, _plain(name.rpartition("/")[2])))
        for locale in LOCALES:
            named = language(locale).locale
            label = dates.get_timezone_location(best, locale=named)
            yield best, label
            yield best, dates.get_timezone_location(best, locale=named, return_city=True)
            if parts := LABEL.fullmatch(label):
                yield best, parts["place"]
                yield best, parts["city"] or parts["place"]


def _plain(city: str) -> str:
    """A city's name as those of zones are written, without accents, and with blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", city) if not unicodedata.combining(c))
    return bare.replace("_", " ")
