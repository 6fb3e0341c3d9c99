"""What the report, the alarms and the record on the desk say in the same words."""

from __future__ import annotations

from collections.abc import Mapping

from steadycast.language import N_, Language
from steadycast.report.model import MARKS, Runway, Streak
from steadycast.schedule.forecast import Forecast

OF_MARKS = {
    "kept": N_("kept"),
    "filled": N_("filled from reserve"),
    "late": N_("late"),
    "missed": N_("missed"),
    "open": N_("not settled"),
    "excused": N_("excused"),
    "planned": N_("planned"),
    "gap": N_("empty"),
    "later": N_("not planned yet"),
}
OF_ALARMS = {
    "starvation": N_("Nothing to publish"),
    "machinery": N_("Machinery"),
    "fair": N_("Shares"),
    "ask": N_("Asked for"),
    "series": N_("Decisions"),
    "mix": N_("The mix"),
    "class": N_("Classes"),
}


def marks(say: Language) -> dict[str, str]:
    """Each mark of a square in words, in the order of a legend."""
    return {mark: say.gettext(words) for mark, words in OF_MARKS.items()}


def alarms(say: Language) -> dict[str, str]:
    """Each kind of alarm in words."""
    return {kind: say.gettext(words) for kind, words in OF_ALARMS.items()}


def tally(counts: Mapping[str, int], named: Mapping[str, str]) -> str:
    """Marks, as `marks` names them, with their numbers, the gravest first: 漏发 1 · 按时 2."""
    return " · ".join(f"{named[mark]} {counts[mark]}" for mark in MARKS if counts.get(mark))


def streak(streak: Streak, say: Language) -> str:
    """A streak in words: 连更 128 天."""
    if streak.unit == "day":
        return say.ngettext("%(num)s day in a row", "%(num)s days in a row", streak.current)
    return say.ngettext("%(num)s slot in a row", "%(num)s slots in a row", streak.current)


def reserve_ends(runway: Runway, say: Language) -> str:
    """Up to when reserve fills what the plan leaves empty; "" where there is no gap, or nothing fills the first."""
    if runway.gap is None or runway.ends == runway.gap:
        return ""
    if runway.ends is None:
        return say.gettext("the reserve fills every gap in sight")
    return say.gettext("the reserve fills the gaps up to %(when)s", when=say.instant(runway.ends))


def expected_gap(found: Forecast | None, say: Language) -> list[str]:
    """When the first gap is to be expected, and what that is judged by where it is little; [] where nothing is told."""
    if found is None:
        return []
    told = []
    if found.likely and found.early and found.around:
        day, early = say.day(found.around.date()), say.month_day(found.early.date())
        if found.late:
            words, late = N_("with new drafts, first gap around %(day)s (%(early)s to %(late)s)"), found.late
            told.append(say.gettext(words, day=day, early=early, late=say.month_day(late.date())))
        else:
            words = N_("with new drafts, first gap around %(day)s (%(early)s or later)")
            told.append(say.gettext(words, day=day, early=early))
        told.append(say.gettext("%(rate)s that it is within a day of that", rate=say.percent(found.near)))
    if found.few:
        told.append(say.ngettext("judged by one week of drafts", "judged by %(num)s weeks of drafts", found.weeks))
    return told


def share(parts: Mapping[str, int], origin: str = "pgc") -> float:
    """One origin's share of all parts, 0 to 1; 0 of nothing."""
    whole = sum(parts.values())
    return parts.get(origin, 0) / whole if whole else 0.0


def ratio(parts: Mapping[str, int]) -> str:
    """A ratio as people write it: 3 : 7."""
    return " : ".join(str(parts.get(origin, 0)) for origin in ("pgc", "ugc"))
