"""The record as one self-contained HTML page: nothing fetched, nothing scripted, everything foreign escaped."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from steadycast.characters import CONTROLS, TURNING
from steadycast.language import Language, of_tag
from steadycast.report import words
from steadycast.report.model import (
    Came,
    ChannelRecord,
    PlanEntry,
    Report,
    Runway,
    SeriesRecord,
    Square,
    Streak,
    Waiting,
    gravest,
)
from steadycast.report.year_view import HALF, PITCH, TOP, Cell, Half, halves
from steadycast.schedule.forecast import Forecast

SHOWN = 5  # rows of one kind that are open; the others fold
NEVER_SHOWN = re.compile(rf"[{CONTROLS}{TURNING}]")


def page(
    report: Report,
    sources: Sequence[Came] = (),
    slots: Sequence[Came] = (),
    *,
    needs: int | None = None,
    elsewhere: int = 0,
) -> str:
    """One HTML document that holds the whole record, in the community's language; and who came, where that is counted.

    `needs` is how many things need a person, as the desk counts them (None: as many as are shown), and `elsewhere` how
    many of them are told there alone.

    It carries its own style (named by hash in its Content-Security-Policy), no script and no outside reference except
    links that a person may follow, so that it can be mailed, archived or opened from a folder.
    """
    say = of_tag(report.language)
    view = _View(report, say, needs, elsewhere)
    texts = {"say": say, "_": say.gettext, "ngettext": say.ngettext, "sources": sources, "slots": slots}
    return (
        environment()
        .get_template("page.html.j2")
        .render(r=report, view=view, **texts, pitch=PITCH, top=TOP, weeks=HALF, **_style())
    )


@cache
def environment() -> Environment:
    """Where the templates of this package come from: escaping everything, and strict about names."""
    made = Environment(
        loader=PackageLoader("steadycast.report", "."),
        autoescape=True,  # every template here is HTML or SVG
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    made.filters["fold"] = fold
    return made


@cache
def _style() -> Mapping[str, str]:
    css = files("steadycast.report").joinpath("page.css").read_text(encoding="utf-8")
    digest = hashlib.sha256(css.encode()).digest()
    return {"css": css, "css_hash": f"sha256-{base64.b64encode(digest).decode()}"}


def _cleaned(value: object) -> object:
    return clean(value) if type(value) is str else value


def clean(text: str) -> str:
    """Foreign text without control characters and bidi overrides; escaping is the template's own."""
    return NEVER_SHOWN.sub("", text)


class _View:
    """What the template asks for beyond the report itself: positions, tooltips, shares."""

    share, ratio = staticmethod(words.share), staticmethod(words.ratio)

    def __init__(self, report: Report, say: Language, needs: int | None, elsewhere: int) -> None:
        self.report, self.elsewhere = report, elsewhere
        shown = len(report.waiting) + len(report.problems) + len(report.alarms)
        self.calls = shown if needs is None else needs  # how many things need a person
        self.say = say
        self.today = report.at.date()
        self.marks, self.alarms = words.marks(say), words.alarms(say)

    # -- what needs a person

    def safe_link(self, url: str) -> str:
        """The address when a person may follow it, else ""."""
        return url if re.match(r"https?://[^\s]+$", url) else ""

    def overdue(self, row: Waiting) -> bool:
        """Whether its time is past."""
        return row.kind in ("kit", "refused", "unknown") and row.at is not None and row.at < self.report.at

    # -- the year

    def halves(self, channel: ChannelRecord) -> tuple[Half, Half]:
        """Both halves of a channel's year."""
        return halves(channel.squares, self.report.first, self.today, tip=self._tip, month=self.say.short_month)

    def _tip(self, square: Square) -> str:
        return escape(f"{square.date} {self.say.weekday(square.date)} {self.tally(square.counts)}")

    def tally(self, counts: Mapping[str, int]) -> str:
        """Marks with their numbers, gravest first: 漏发 1 · 按时 2."""
        return words.tally(counts, self.marks)

    def streak(self, streak: Streak) -> str:
        """A streak in words."""
        return words.streak(streak, self.say)

    # -- runway and plan

    def reserve_ends(self, runway: Runway) -> str:
        """Up to when reserve fills what the plan leaves empty, in words."""
        return words.reserve_ends(runway, self.say)

    def expected_gap(self, found: Forecast | None) -> list[str]:
        """When the first gap is to be expected, in words."""
        return words.expected_gap(found, self.say)

    def strip(self, series: SeriesRecord) -> list[Cell]:
        """A series' coming days on an axis that all series share."""
        by_day: dict[dt.date, Counter[str]] = defaultdict(Counter)
        for slot in series.coming:
            by_day[slot.at.date()][slot.state] += 1
        return [
            Cell(gravest(counts), column * PITCH, 0, f"{self.say.day(day)} {self.tally(counts)}")
            for day, counts in sorted(by_day.items())
            if 0 <= (column := (day - self.today).days) < 28
        ]

    def strip_weeks(self) -> list[int]:
        """Where on that axis a Monday is."""
        return [n * PITCH for n in range(1, 28) if (self.today + dt.timedelta(days=n)).weekday() == 0]

    def days(self) -> Iterator[tuple[dt.date, list[PlanEntry]]]:
        """Every date from this week's Monday to the last shown, with its plan."""
        entries: dict[dt.date, list[PlanEntry]] = defaultdict(list)
        for entry in self.report.plan:
            entries[entry.at.date()].append(entry)
        monday = self.today.toordinal() - self.today.weekday()
        for day in map(dt.date.fromordinal, range(monday, self.report.last.toordinal() + 1)):
            yield day, entries[day]

    def shortest(self) -> SeriesRecord | None:
        """The series whose first gap comes first, else whose stock reaches least far."""
        far = dt.datetime.max.replace(tzinfo=dt.UTC)
        return min(self.report.series, key=lambda s: (s.runway.gap or far, s.runway.days), default=None)


def fold(rows: Sequence[object]) -> tuple[Sequence[object], Sequence[object]]:
    """The rows that are open and those that fold; one row more than fits is not worth folding."""
    return (rows, ()) if len(rows) <= SHOWN + 1 else (rows[:SHOWN], rows[SHOWN:])
