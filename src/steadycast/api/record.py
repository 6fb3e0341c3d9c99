"""The record: each promise and what became of it, for a program or a spreadsheet."""

from __future__ import annotations

from pydantic import BaseModel, Field
from starlette.responses import Response

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.routes import looks
from steadycast.api.shapes import Here
from steadycast.pipeline import App
from steadycast.pipeline.community_state import standing
from steadycast.pipeline.permissions import Act
from steadycast.report.day_table import to_csv
from steadycast.report.model import Report, to_json

router = looks("record")


class Record(BaseModel):
    """The report of one community, as report.json has it."""

    report: int = Field(description="The version of its form: it grows when a key changes its meaning or goes away.")
    record: Report


class Csv(Response):
    """A table for a spreadsheet."""

    media_type = "text/csv"


@router.get("/record", dependencies=[needs(Act.READ)], response_model=Record)
def record(app: Here) -> Response:
    """The year, streaks, runway, the plan of the coming weeks, and what went out lately."""
    return Response(record_of(app), media_type="application/json")


def record_of(app: App) -> str:
    """The record as JSON."""
    return to_json(standing(app, pipeline.now()).report)


@router.get("/record.csv", dependencies=[needs(Act.READ)], response_class=Csv)
def record_csv(app: Here) -> Response:
    """The year day by day, as a table."""
    stands = standing(app, pipeline.now())
    return Csv(to_csv(stands.report, stands.years))
