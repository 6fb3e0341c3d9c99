"""What the desk says, in the reader's language: gettext catalogues, and Babel's forms of dates and numbers."""

from __future__ import annotations

import datetime as dt
import gettext
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale, dates, negotiate_locale, numbers

DOMAIN = "steadycast"
FOLDER = Path(__file__).parent.parent / "locale"
LOCALES = ("zh_Hans", "zh_Hant", "en")
OF_TAG = {"zh": "zh_Hans", "zh_CN": "zh_Hans", "zh_SG": "zh_Hans", "zh_TW": "zh_Hant", "zh_HK": "zh_Hant"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its texts, and how it writes days, hours and numbers."""

    locale: Locale
    texts: gettext.NullTranslations

    def gettext(self, text: str, **values: object) -> str:
        """A text of the desk in this language, with `%(name)s` filled in."""
        found = self.texts.gettext(text)
        return found % values if values else found

    def ngettext(self, one: str, many: str, num: int, **values: object) -> str:
        """A text that counts; `%(num)s` is the number."""
        return self.texts.ngettext(one, many, num) % {"num": num, **values}

    @property
    def tag(self) -> str:
        """For the lang attribute: zh-Hans, zh-Hant, en."""
        return str(self.locale).replace("_", "-")

    def day(self, day: dt.date) -> str:
        """A date without its year: 11月27日周五, Fri, Nov 27."""
        return dates.format_skeleton("MMMEd", _noon(day), locale=self.locale)

    def full_day(self, day: dt.date) -> str:
        """A date with its year and weekday."""
        return dates.format_skeleton("yMMMEd", _noon(day), locale=self.locale)

    def month(self, day: dt.date) -> str:
        """A month with its year: 2026年11月."""
        return dates.format_skeleton("yMMMM", _noon(day), locale=self.locale)

    def short_month(self, day: dt.date) -> str:
        """A month without its year: 11月, Nov."""
        return dates.format_skeleton("MMM", _noon(day), locale=self.locale)

    def weekdays(self) -> list[str]:
        """From Monday on, short."""
        names = dates.get_day_names("abbreviated", locale=self.locale)
        return [str(names[n]) for n in range(7)]

    def instant(self, at: dt.datetime) -> str:
        """A date and a time of the day."""
        return f"{self.day(at.date())} {at:%H:%M}"

    def away(self, at: dt.datetime, now: dt.datetime) -> str:
        """How far off an instant is: 3天前, in 2 hours."""
        return dates.format_timedelta(at - now, add_direction=True, locale=self.locale)

    def length(self, span: dt.timedelta) -> str:
        """How long something lasts: 3天, 2 hours."""
        return dates.format_timedelta(span, locale=self.locale)

    def percent(self, rate: float) -> str:
        """A rate for people; only what is whole is shown as 100%, only nothing as 0%."""
        shown = min(max(rate, 0.01), 0.999) if 0 < rate < 1 else rate
        return numbers.format_percent(shown, format="0.#%" if 0.99 < rate < 1 else "0%", locale=self.locale)


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12))


@cache
def language(name: str) -> Language:
    """The language under one of LOCALES."""
    texts = gettext.translation(DOMAIN, FOLDER, [name], fallback=True)
    return Language(Locale.parse(name), texts)


def chosen(asked: str, accepted: str, community: str) -> Language:
    """The language a person chose, else the community's, else the first of the browser's that there is."""
    wishes = [asked, community, *(part.partition(";")[0].strip() for part in accepted.split(","))]
    tags = [known for wish in wishes if (known := _known(wish))]
    return language(tags[0] if tags else "en")


def _known(tag: str) -> str:
    wanted = tag.replace("-", "_")
    return OF_TAG.get(wanted) or negotiate_locale([wanted], LOCALES) or ""


def names() -> Sequence[tuple[str, str]]:
    """Each language by its own name, to choose from."""
    return [("zh_Hans", "简体中文"), ("zh_Hant", "繁體中文"), ("en", "English")]
