"""The year by series as one picture (SVG), for a slide or a message; drawn from the same squares as the page."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from steadycast.language import of_tag
from steadycast.report import words
from steadycast.report.model import Report, SeriesYear
from steadycast.report.page import environment
from steadycast.report.year_view import HALF, PITCH, TOP, halves

MOST = 20  # series: a picture of more could not be read
HEAD, ROW, EDGE = 88, 20 + TOP + 7 * PITCH + 22, 24


def picture(report: Report, years: Iterable[SeriesYear]) -> str:
    """An SVG of the whole year, in the community's language."""
    say, shown = of_tag(report.language), list(years)[:MOST]
    series = {each.name: each for each in report.series}
    rows = []
    for n, year in enumerate(shown):
        its = series[year.name]
        rate = "–" if its.on_time is None else say.percent(its.on_time)
        told = f"{say.gettext('On time')} {rate} · {words.streak(its.streak, say)}"
        both = halves(year.squares, report.first, report.at.date(), tip=lambda _: "", month=say.short_month)
        rows.append({"y": HEAD + n * ROW, "title": its.title, "told": told, "halves": both})
    told = say.gettext("As of %(when)s", when=say.full_day(report.at.date()))
    marks = Markup(environment().get_template("marks.svg.j2").render(pitch=PITCH, top=TOP))  # noqa: S704  our own file
    return environment().get_template("picture.svg.j2").render(
        width=2 * HALF * PITCH + 2 * EDGE, height=HEAD + max(len(rows), 1) * ROW, community=report.community, rows=rows,
        told=told, marks=marks, pitch=PITCH, top=TOP, weeks=HALF,
    )  # fmt: skip
