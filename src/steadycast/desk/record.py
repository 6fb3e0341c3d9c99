"""The record: the year by series with the channels of each, how far stock reaches, whose drafts went out; to keep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from steadycast import pipeline
from steadycast.desk.pages import Here, page
from steadycast.errors import unknown_name
from steadycast.language import Language, current
from steadycast.pipeline import App
from steadycast.pipeline.community_state import Standing, standing
from steadycast.render.raster import png
from steadycast.report import words
from steadycast.report.badge import badge
from steadycast.report.day_table import to_csv
from steadycast.report.first_gap import need
from steadycast.report.model import Report, Runway, Square, to_json
from steadycast.report.picture import picture
from steadycast.report.year_view import HALF, PITCH, TOP, Half, halves
from steadycast.schedule.forecast import Forecast

router = APIRouter()
PEOPLE = 50  # contributors shown


@router.get("/record")
def record(request: Request, app: Here, channels: str = "") -> HTMLResponse:
    """The page; `channels=all` opens the channels of every series, as for printing."""
    now = pipeline.now()
    stands = standing(app, now)
    return page(
        request, app, "record", "record", r=stands.report, cells=stands.cells,
        years={year.name: year for year in stands.years},
        view=View(stands.report, current()), needs=_needs(app, stands), whole=channels == "all",
        waiting=sum(row.kind == "draft" for row in stands.report.waiting), people=stands.report.contributors[:PEOPLE],
    )  # fmt: skip


@router.get("/record/series/{name}")
def series(request: Request, app: Here, name: str) -> HTMLResponse:
    """The year of one series on each of its channels; what is asked for by a page gets the rows alone."""
    stands = standing(app, pipeline.now())
    year = next((year for year in stands.years if year.name == name), None)
    if year is None:
        raise unknown_name("series", name, app.workspace.series)
    part = "record_channels" if request.headers.get("hx-request") else "record_series"
    mine = next(each for each in stands.report.series if each.name == name)
    view = View(stands.report, current())
    return page(request, app, part, "record", r=stands.report, cells=stands.cells, s=mine, year=year, view=view)


@router.get("/record.csv")
def as_table(app: Here) -> Response:
    """For a spreadsheet."""
    stands = standing(app, pipeline.now())
    return _file(to_csv(stands.report, stands.years), "text/csv; charset=utf-8", "record.csv")


@router.get("/record.json")
def as_json(app: Here) -> Response:
    """For a program: the same as the report's."""
    return _file(to_json(standing(app, pipeline.now()).report), "application/json", "record.json")


@router.get("/record.svg")
def as_badge(app: Here) -> Response:
    """The streak as a badge, for a README or a site."""
    return _file(badge(standing(app, pipeline.now()).report), "image/svg+xml", "record.svg")


@router.get("/record.png")
def as_picture(app: Here) -> Response:
    """The year by series, for a slide or a message."""
    stands = standing(app, pipeline.now())
    return _file(_drawn(picture(stands.report, stands.years)), "image/png", "record.png")


@lru_cache(maxsize=4)  # it is the same as long as no square has changed, and takes a quarter of a second
def _drawn(svg: str) -> bytes:
    return png(svg)


def _file(content: str | bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _needs(app: App, stands: Standing) -> Mapping[str, tuple[Any, str]]:
    """What would move each series' first gap, and of which form."""
    found = {}
    for each in stands.report.series:
        asked, forms = need(each.coming), app.workspace.series[each.name].forms
        if asked:
            found[each.name] = (asked, forms[0].value if len(forms) == 1 else "draft")
    return found


class View:
    """What the templates ask for besides: squares with their places, marks in words, shares."""

    pitch, top, weeks = PITCH, TOP, HALF
    share, ratio = staticmethod(words.share), staticmethod(words.ratio)

    def __init__(self, report: Report, say: Language) -> None:
        self._report = report
        self._say = say
        self.marks = words.marks(say)
        self._days: dict[dt.date, str] = {}
        self._tallies: dict[tuple[tuple[str, int], ...], str] = {}

    def reserve_ends(self, runway: Runway) -> str:
        """Up to when reserve fills what the plan leaves empty, in words."""
        return words.reserve_ends(runway, self._say)

    def expected_gap(self, found: Forecast | None) -> list[str]:
        """When the first gap of a series is to be expected, in words."""
        return words.expected_gap(found, self._say)

    def halves(self, squares: tuple[Square, ...]) -> tuple[Half, Half]:
        """Both halves of a year."""
        return halves(squares, self._report.first, self._report.at.date(), tip=self._tip, month=self._month)

    def tally(self, counts: Mapping[str, int]) -> str:
        """Marks with their numbers, the gravest first."""
        return words.tally(counts, self.marks)

    def _tip(self, square: Square) -> str:
        counts = tuple(square.counts.items())
        if (tally := self._tallies.get(counts)) is None:  # most days are like others, and all years have the same
            tally = self._tallies[counts] = str(escape(self.tally(square.counts)))
        if (day := self._days.get(square.date)) is None:
            day = self._days[square.date] = str(escape(self._say.day(square.date)))
        return f"{day} {tally}"

    def _month(self, day: dt.date) -> str:
        return self._say.short_month(day)
