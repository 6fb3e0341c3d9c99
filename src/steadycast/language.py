"""What Steadycast says, in the language of who reads it: gettext catalogues, and Babel's forms of dates and numbers.

A text is written in English where it is said, as `_("No draft is called %(name)s.", name=name)`, with
`from steadycast.language import gettext as _`. It is said in the language that is current when the line runs: so a text
that stands in a table of a module is only marked there, by `N_`, and goes through `_` where it is shown.
"""

from __future__ import annotations

import datetime as dt
import gettext as catalogues
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from steadycast.typesetting import fitted

if TYPE_CHECKING:
    from babel import Locale

DOMAIN = "steadycast"
FOLDER = Path(__file__).parent / "locale"
LOCALES = ("zh_Hans", "zh_Hant", "en")
DAY = dt.timedelta(days=1)
QUOTES = {"zh_Hans": "“”", "zh_Hant": "「」"}
TRADITIONAL = {"hant", "tw", "hk", "mo"}


class Language(NamedTuple):
    """One language: its texts, and how it writes days, hours and numbers."""

    name: str  # one of LOCALES
    texts: catalogues.NullTranslations

    def gettext(self, text: str, /, **values: object) -> str:
        """A text in this language, with `%(name)s` filled in."""
        found = self.texts.gettext(text) if text else ""  # "" is the catalogue's head
        return self._filled(found, text, values) if values else found

    def ngettext(self, one: str, many: str, num: int, **values: object) -> str:
        """A text that counts; `%(num)s` is the number."""
        found = self.texts.ngettext(one, many, num)
        return self._filled(found, one if num == 1 else many, {"num": num, **values})

    def pgettext(self, context: str, text: str) -> str:
        """A short word that reads differently by where it stands."""
        return self.texts.pgettext(context, text)

    def _filled(self, found: str, text: str, values: Mapping[str, object]) -> str:
        try:
            if ")r" in found:
                values = {k: _Quoted(v, self) if isinstance(v, str) else v for k, v in values.items()}
            found, values = fitted(found, values)
            return found % values
        except (KeyError, TypeError, ValueError):  # a translation that names what its text does not: a test finds it
            return text % values

    def quoted(self, text: object) -> str:
        """What somebody wrote, in this language's quotation marks; what a terminal would obey is spelled out."""
        marks = QUOTES.get(self.name) if isinstance(text, str) else None
        return f"{marks[0]}{repr(text)[1:-1]}{marks[1]}" if marks else repr(text)

    @property
    def locale(self) -> Locale:
        """As Babel knows it."""
        return _locale(self.name)

    @property
    def tag(self) -> str:
        """For the lang attribute: zh-Hans, zh-Hant, en."""
        return self.name.replace("_", "-")

    def day(self, day: dt.date) -> str:
        """A date without its year: 11月27日周五, Fri, Nov 27."""
        return _day_as("MMMEd", day, self.name)

    def full_day(self, day: dt.date) -> str:
        """A date with its year and weekday."""
        return _day_as("yMMMEd", day, self.name)

    def days(self, first: dt.date, last: dt.date) -> str:
        """From one date to another, with the year of the last one too where it is another."""
        end = self.day(last) if last.year == first.year else self.full_day(last)
        return self.gettext("%(first)s to %(last)s", first=self.full_day(first), last=end)

    def month(self, day: dt.date) -> str:
        """A month with its year: 2026年11月."""
        return _day_as("yMMMM", day, self.name)

    def short_month(self, day: dt.date) -> str:
        """A month without its year: 11月, Nov."""
        return _day_as("MMM", day, self.name)

    def weekdays(self) -> list[str]:
        """From Monday on, short."""
        return [*_weekdays(self.name)]

    def listed(self, names: Iterable[str]) -> str:
        """Names one after another: 小艾、阿宝; Ai, Bao."""
        return (", " if self.name == "en" else "、").join(names)

    def month_day(self, day: dt.date) -> str:
        """A date without its year and weekday: 11月27日, Nov 27."""
        return _day_as("MMMd", day, self.name)

    def weekday(self, day: dt.date) -> str:
        """The day of the week, short."""
        return _weekdays(self.name)[day.weekday()]

    def instant(self, at: dt.datetime) -> str:
        """A date and a time of the day."""
        return f"{self.day(at.date())} {at:%H:%M}"

    def wall(self, text: str, year: int = 0) -> str:
        """A time as slots are written (2026-11-27T20:00), as `instant`; anything else as it is.

        Where `year` is given, a day of another year is said with its own.
        """
        day, _space, hour = text.replace("T", " ").partition(" ")
        try:
            on = dt.date.fromisoformat(day)
            if hour != "24:00":  # the end of that day, and no beginning of the next
                hour = f"{dt.time.fromisoformat(hour):%H:%M}"
        except ValueError:
            return text
        return f"{self.full_day(on) if year and on.year != year else self.day(on)} {hour}"

    def away(self, at: dt.datetime, now: dt.datetime) -> str:
        """How far off an instant is: 3 天前, in 2 hours. From a day on it counts dates, as people do."""
        from babel import dates

        span, days = at - now, (at.astimezone(now.tzinfo).date() - now.date()).days
        if abs(span) < dt.timedelta(minutes=1):
            return self.gettext("now") if span > dt.timedelta() else self.gettext("just now")
        if abs(span) < DAY:
            return self._span(dates.format_timedelta(span, add_direction=True, threshold=1, locale=self.locale))
        whole = dt.timedelta(days=days)
        return self._span(dates.format_timedelta(whole, "day", threshold=1e9, add_direction=True, locale=self.locale))

    def length(self, span: dt.timedelta) -> str:
        """How long something lasts: 3 天, 2 hours."""
        from babel import dates

        return self._span(dates.format_timedelta(span, locale=self.locale))

    def _span(self, said: str) -> str:
        """A span as the catalogues write it: Babel's Chinese has no blank behind the figure, and seconds as 秒钟."""
        if self.name not in QUOTES:
            return said
        return re.sub(r"(?<=\d)(?=[^\d\s.,])", " ", said).replace("秒钟", "秒").replace("秒鐘", "秒")

    def size(self, count: int) -> str:
        """A number of bytes for people: 5 MB is 5,000,000. No more than it is: what is a limit must not look larger."""
        for unit, much in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
            if count >= much:
                return f"{count * 100 // much / 100:g} {unit}"
        return self.ngettext("%(num)s byte", "%(num)s bytes", count)

    def percent(self, rate: float) -> str:
        """A rate for people; only what is whole is shown as 100%, only nothing as 0%."""
        from babel import numbers

        shown = min(max(rate, 0.01), 0.999) if 0 < rate < 1 else rate
        return numbers.format_percent(shown, format="0.#%" if 0.99 < rate < 1 else "0%", locale=self.locale)


class _Quoted(str):
    """A text whose `repr` is as a language quotes it."""

    __slots__ = ("language",)
    language: Language

    def __new__(cls, text: str, language: Language) -> Self:
        made = super().__new__(cls, text)
        made.language = language
        return made

    def __repr__(self) -> str:
        return self.language.quoted(f"{self}")


@cache
def _locale(name: str) -> Locale:
    from babel import Locale

    return Locale.parse(name)


@cache
def _weekdays(name: str) -> tuple[str, ...]:
    from babel import dates

    names = dates.get_day_names("abbreviated", locale=_locale(name))
    return tuple(str(names[n]) for n in range(7))


@lru_cache(maxsize=4096)  # a calendar writes each of its days several times, for every reader
def _day_as(skeleton: str, day: dt.date, name: str) -> str:
    from babel import dates

    noon = dt.datetime.combine(day, dt.time(12))
    return dates.format_skeleton(skeleton, noon, locale=_locale(name))


@cache
def language(name: str) -> Language:
    """The language under one of LOCALES."""
    return Language(name, catalogues.translation(DOMAIN, FOLDER, [name], fallback=True))


@cache
def known(tag: str) -> str:
    """Which of LOCALES a tag means, as zh-CN, zh_TW.UTF-8 or en; "" where it is none of them."""
    parts = tag[:40].partition(".")[0].partition("@")[0].replace("-", "_").lower().split("_")
    if parts[0] == "zh":
        return "zh_Hant" if TRADITIONAL.intersection(parts) and "hans" not in parts else "zh_Hans"
    return "en" if parts[0] == "en" else ""


def of_tag(tag: str) -> Language:
    """The language of a community, by its tag; English where it is none of LOCALES."""
    return language(known(tag) or "en")


def chosen(asked: str, accepted: str, community: str) -> Language:
    """The language a person chose, else the community's, else the first of the browser's that there is."""
    wishes = [asked, community, *accepted_tags(accepted)]
    return language(next(filter(None, map(known, wishes)), "en"))


def accepted_tags(header: str) -> tuple[str, ...]:
    """The tags in a header Accept-Language, in their order."""
    return tuple(part.partition(";")[0].strip() for part in header[:1_000].split(","))


def first_of(*tags: str) -> Language:
    """The language of the first of these tags that there is; else the one that is current."""
    return language(next(filter(None, map(known, tags)), "") or current().name)


def names() -> Sequence[tuple[str, str]]:
    """Each language by its own name, to choose from."""
    return [("zh_Hans", "简体中文"), ("zh_Hant", "繁體中文"), ("en", "English")]


_spoken: ContextVar[str] = ContextVar("language")
_of_process = [""]  # threads start with an empty context


def current() -> Language:
    """The language that is spoken here and now."""
    return language(_spoken.get("") or known(os.environ.get("STEADYCAST_LANGUAGE", "")) or _of_process[0] or "en")


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Says all within the block, and in what it calls, in the language under one of LOCALES."""
    token = _spoken.set(name)
    try:
        yield
    finally:
        _spoken.reset(token)


def speak(*tags: str) -> None:
    """From now on this process speaks the first of these that there is; STEADYCAST_LANGUAGE goes before."""
    _of_process[0] = next(filter(None, map(known, tags)), _of_process[0])


def of_user() -> str:
    """The language that this machine's user has set, as a tag; "" for none."""
    return next(filter(None, (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")


noted: ContextVar[Callable[[str, tuple[object, ...]], str] | None] = ContextVar("noted", default=None)  # see retold.py


def _noted(said: str, *source: object) -> str:
    note = noted.get()
    return note(said, source) if note else said


def gettext(text: str, /, **values: object) -> str:
    """A text in the current language, with `%(name)s` filled in; a literal % in a text with values is %%."""
    return _noted(current().gettext(text, **values), "gettext", text, values)


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """A text that counts, in the current language; `%(num)s` is the number."""
    return _noted(current().ngettext(one, many, num, **values), "ngettext", one, many, num, values)


def moment(at: dt.datetime) -> str:
    """A date with its year and the time of the day, as the current language writes them."""
    return f"{current().full_day(at.date())} {at:%H:%M}"


def listed(names: Iterable[str]) -> str:
    """Names one after another, as the current language does."""
    names = list(names)
    return _noted(current().listed(names), "listed", names)


def joined(texts: Iterable[str]) -> str:
    """Sentences one after another in one line, as the current language parts them."""
    texts = list(texts)
    return _noted(current().gettext("; ").join(texts), "joined", texts)


def quoted(text: object) -> str:
    """What somebody wrote, in the current language's quotation marks."""
    return _noted(current().quoted(text), "quoted", text)


def N_(text: str) -> str:  # noqa: N802  its name in every catalogue's tool
    """Marks a text that is translated where it is shown."""
    return text
