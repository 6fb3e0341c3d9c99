"""The human forms of a cadence ("week on fri at 20:00", "每周五 20:00"), and what a wrong one probably meant."""

from __future__ import annotations

import re
from difflib import get_close_matches

from steadycast.errors import SettingsError
from steadycast.language import current
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern
from steadycast.schedule.days import LAST, WEEKDAYS, WORKING_DAYS, Days, Interval, Monthly, Weekly

FORMS = (
    "day at 06:20",
    "weekday at 20:00",
    "weekend at 10:00",
    "week on fri at 20:00",
    "week on mon,wed,fri at 08:00",
    "2 weeks on fri at 20:00",
    "3 days at 08:00",
    "month on 1 at 09:00",
    "month on last fri at 19:30",
    "month on first sat at 14:00",
)
HAN_FORMS = (
    "每天 06:20",
    "工作日 20:00",
    "每周五 20:00",
    "每周一、三、五 08:00",
    "每周一至周四 20:00",
    "周末 10:00",
    "每2周的周五 20:00",
    "每3天 08:00",
    "每月1日、15日 09:00",
    "每月最后一个周五 19:30",
)
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {
    1: ("first", "第一个"),
    2: ("second", "第二个"),
    3: ("third", "第三个"),
    4: ("fourth", "第四个"),
    5: ("fifth", "第五个"),
    LAST: ("last", "最后一个"),
}
_NTH = {english: nth for nth, (english, _) in ORDINALS.items()}
_NTH |= {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}
_VOCABULARY = ("day", "days", "weekday", "weekend", "week", "weeks", "month", "on", "at", *WEEKDAYS, *_LONG, *_NTH)
_EVERY_DAY = Weekly((0, 1, 2, 3, 4, 5, 6))
_WEEKEND = (5, 6)
_ENGLISH = lazy_pattern(r"(?:every )?(?:(?P<n>\d{1,3}) )?(?P<unit>[a-z]+)(?: on (?P<on>.+?))? at (?P<times>.+)")
_CHINESE = lazy_pattern(r"(?P<days>(?:每|隔|工作日|周|星期|礼拜).*?)\s*(?P<times>\d{1,2}:\d\d(?:\s*,\s*\d{1,2}:\d\d)*)")
_HAN_NTH = {chinese: nth for nth, (_, chinese) in ORDINALS.items()}
HAN_DAYS = "一二三四五六日"
_HAN_DAY = {**{name: day for day, name in enumerate(HAN_DAYS)}, "天": 6}
_HAN_WEEKDAYS = lazy_pattern(
    "(?:每?(?P<week>周|星期|礼拜))?(?:(?P<first>[一二三四五六日天])[至到~-](?:周|星期|礼拜)?(?P<last>[一二三四五六日天])"
    "|(?P<each>[一二三四五六日天]+))"
)


# The letters of these forms that are written otherwise in traditional Chinese.
SIMPLIFIED = str.maketrans("週禮後個兩號點鐘裡與", "周礼后个两号点钟里与")
TRADITIONAL = str.maketrans("周后个", "週後個")  # those of them that a rhythm is described by

_DAY = 24 * 60  # minutes
_AFTERNOON = ("下午", "傍晚", "晚上", "晚")
_HAN_NUMBERS = {"零": 0, "两": 2} | {
    f"{tens}{ones}": 10 * n + m
    for n, tens in enumerate(("", "十", "二十"))
    for m, ones in enumerate(("", *"一二三四五六七八九"))
    if tens or ones
}
_HAN_HOUR = lazy_pattern(
    r"\s*(?P<part>早上|早晨|清晨|上午|中午|下午|傍晚|晚上|晚|夜里|凌晨|早)?\s*"
    r"(?P<h>\d{1,2}|二?十[一二三四五六七八九]?|[零一二两三四五六七八九])点(?:钟|整)?(?P<m>半|一刻|三刻|\d{1,2}分?)?"
)


class _NotThisForm(Exception):
    """Says what is wrong with a form; becomes a SettingsError that also says what was probably meant."""


def read_human(text: str) -> tuple[Days, tuple[int, ...]]:
    """The days of a human form and its times in minutes of the day, 1440 for 24:00; SettingsError with the hint."""
    plain = text.lower().translate(SIMPLIFIED).replace("：", ":").replace("，", ",").replace("、", ",")
    form = _plain_hours(" ".join(plain.split()))
    try:
        return _read(form)
    except _NotThisForm as problem:
        meant = _meant(form)
        forms = HAN_FORMS if re.search("[一-鿿]", form) or current().tag.startswith("zh") else FORMS
        hint = (
            _('did you mean "%(meant)s"?', meant=meant) if meant else _("forms: %(forms)s", forms=_("; ").join(forms))
        )
        raise SettingsError(
            _('cannot read the rhythm "%(text)s": %(problem)s', text=text, problem=problem), hint=hint
        ) from None


def _plain_hours(form: str) -> str:
    """The form with its hours as 20:00: 8pm, 8:30 p.m., noon, 晚上八点, 下午3点半."""
    form = re.sub(r"\b(noon|midday)\b", "12:00", form)
    form = re.sub(r"\b(\d{1,2})(?::(\d\d))? ?([ap])\.?m\b\.?", _of_half_a_day, form)
    return _HAN_HOUR.sub(_of_han, form)


def _of_half_a_day(found: re.Match[str]) -> str:
    hour = int(found[1])
    if not 1 <= hour <= 12:
        return found[0]
    return f"{hour % 12 + 12 * (found[3] == 'p'):02}:{found[2] or '00'}"


def _of_han(found: re.Match[str]) -> str:
    hour = int(found["h"]) if found["h"].isdecimal() else _HAN_NUMBERS.get(found["h"])
    minute = {None: 0, "半": 30, "一刻": 15, "三刻": 45}.get(found["m"], found["m"])
    minute = int(minute.rstrip("分")) if isinstance(minute, str) and minute.rstrip("分").isdecimal() else minute
    if hour is None or isinstance(minute, str) or minute is None:
        return found[0]
    part = found["part"]
    if part in _AFTERNOON and 1 <= hour < 12:
        hour += 12
    elif part == "晚上" and hour == 12:  # twelve at night is the end of that day
        hour = 24
    return f" {hour:02}:{minute:02}"


def _read(form: str) -> tuple[Days, tuple[int, ...]]:
    if found := _CHINESE.fullmatch(form):
        return _chinese_days(found["days"].replace(" ", "")), _times(found["times"])
    if found := _ENGLISH.fullmatch(form):
        return _days(found["unit"], int(found["n"] or 1), found["on"]), _times(found["times"])
    raise _NotThisForm(_("it is none of the known forms"))


def _days(unit: str, every: int, on: str | None) -> Days:
    if every < 1:
        raise _NotThisForm(_("0 is not an interval"))
    if unit in ("day", "days") and on is None:
        return Interval(every) if every > 1 else _EVERY_DAY
    if unit == "weekday" and on is None and every == 1:
        return WORKING_DAYS
    if unit == "weekend" and on is None and every == 1:
        return Weekly(_WEEKEND)
    if unit in ("week", "weeks") and on is not None:
        return Weekly(tuple(sorted({_weekday(name) for name in _parts(on)})), every)
    if unit == "month" and on is not None and every == 1:
        return _month([_month_day(part) for part in _parts(on)])
    raise _NotThisForm(_('"%(unit)s" does not go with the rest', unit=unit))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace(" and ", ",").split(",")]


def _weekday(name: str) -> int:
    if name in WEEKDAYS:
        return WEEKDAYS.index(name)
    if name in _LONG:
        return _LONG.index(name)
    raise _NotThisForm(_('"%(name)s" is not a day of the week', name=name))


def _month_day(part: str) -> int | tuple[int, int]:
    if part.isascii() and part.isdigit() and 1 <= int(part) <= 31:
        return int(part)
    nth, _space, day = part.partition(" ")
    if nth in _NTH and day:
        return LAST if (nth, day) == ("last", "day") else (_NTH[nth], _weekday(day))
    raise _NotThisForm(_('"%(part)s" is not a day of the month', part=part))


def _month(days: list[int | tuple[int, int]]) -> Monthly:
    numbers = sorted({day for day in days if isinstance(day, int)}, key=lambda number: (number == LAST, number))
    return Monthly(tuple(numbers), tuple(dict.fromkeys(day for day in days if isinstance(day, tuple))))


def _times(text: str) -> tuple[int, ...]:
    return tuple(sorted({_minute(part) for part in _parts(text)}))


def _minute(text: str) -> int:
    """The minute of the day that a time means; 24:00 is its last."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    minute = int(found[1]) * 60 + int(found[2]) if found else _DAY + 1
    if not found or int(found[2]) > 59 or minute > _DAY:
        raise _NotThisForm(_('"%(text)s" is not a time from 00:00 to 24:00', text=text))
    return minute


def _chinese_days(text: str) -> Days:
    text = text.replace("每个", "每")
    if text in ("每天", "每日"):
        return _EVERY_DAY
    if text in ("工作日", "每工作日"):
        return WORKING_DAYS
    if found := re.fullmatch("每([0-9]{1,3}|两)天", text):
        return _days("days", int(found[1].replace("两", "2")), None)
    if text.startswith("每月"):
        parts = text.removeprefix("每月").split(",")
        unit = parts[-1][-1:] if parts[-1][-1:] in {"日", "号"} else ""  # 每月1、15日: the last one says it for all
        return _month([_chinese_month_day(part + unit if part.isdecimal() else part) for part in parts])
    if found := re.fullmatch("隔(?:周|星期|礼拜)的?((?:周|星期|礼拜)?.+)", text):
        named = found[1] if found[1][0] in "周星礼" else f"周{found[1]}"
        return Weekly(_chinese_weekdays(named), 2)
    if found := re.fullmatch("每([0-9]{1,3}|两)个?(?:周|星期|礼拜)的?((?:周|星期|礼拜).+)", text):
        every = int(found[1].replace("两", "2"))
        if every < 1:
            raise _NotThisForm(_("0 is not an interval"))
        return Weekly(_chinese_weekdays(found[2]), every)
    return Weekly(_chinese_weekdays(text))


def _chinese_weekdays(text: str) -> tuple[int, ...]:
    """周五、周日 as well as 周五、日; a span of days (周一至周四) may reach into the next week."""
    found: set[int] = set()
    for n, part in enumerate(re.split("[,和及与]", text)):
        named = _HAN_WEEKDAYS.fullmatch(part)
        if part in ("周末", "每周末"):
            found.update(_WEEKEND)
        elif part in ("每周", "每星期", "每礼拜"):
            raise _NotThisForm(_('"%(part)s" says no day of the week', part=part))
        elif named is None or (n == 0 and not named["week"]):
            raise _NotThisForm(_('"%(name)s" is not a day of the week', name=part))
        elif named["first"]:
            first, last = _HAN_DAY[named["first"]], _HAN_DAY[named["last"]]
            found.update((first + day) % 7 for day in range((last - first) % 7 + 1))
        else:
            found.update(_HAN_DAY[name] for name in named["each"])
    return tuple(sorted(found))


def _chinese_month_day(part: str) -> int | tuple[int, int]:
    if part == "最后一天":
        return LAST
    if (found := re.fullmatch(r"([0-9]{1,2})[日号]", part)) and 1 <= int(found[1]) <= 31:
        return int(found[1])
    if found := re.fullmatch(rf"({'|'.join(_HAN_NTH)})(?:周|星期)([一二三四五六日天])", part):
        return _HAN_NTH[found[1]], _HAN_DAY[found[2]]
    raise _NotThisForm(_('"%(part)s" is not a day of the month', part=part))


def _meant(form: str) -> str | None:
    """The readable form that is one slip away: a misspelt word, a missing "week on", a time without its 0."""
    words = [_corrected(word) for word in re.findall(r"[0-9]+:[0-9]+|[^\s,]+|,", form)]
    spelt = " ".join(words).replace(" , ", ",")
    stated = spelt if " at " in spelt else re.sub(r" ?([0-9]+:[0-9]+)$", r" at \1", spelt)
    for guess in (
        spelt,
        stated,
        f"week on {stated.removeprefix('every ')}",
        re.sub(r"^(week|month) ", r"\1 on ", stated),
    ):
        try:
            _read(guess)
        except _NotThisForm:
            continue
        return guess
    return None


def _corrected(word: str) -> str:
    if not word.isascii() or not word.isalpha():
        return word
    if word in ("daily", "everyday"):
        return "day"
    return word if word == "every" else next(iter(get_close_matches(word, _VOCABULARY, n=1, cutoff=0.6)), word)
