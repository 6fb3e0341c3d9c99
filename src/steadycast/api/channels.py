"""Channels and series, and the matrix of both: where what goes, and how it stands there."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.problems import ProblemError
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Name, Shown
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.delivery_log import failures
from steadycast.pipeline import App, slot_view
from steadycast.pipeline.community_state import Standing, health_of, standing
from steadycast.pipeline.permissions import Act

router = looks("channels")


class Channel(Shown):
    """One outlet of this community."""

    name: str
    title: str
    platform: str
    delivery: str = Field(description="How sure a delivery is: conditional, read-back, blind, kit; empty if unusable.")
    forms: list[str]
    paused: bool
    wrong: str = Field(description="Why it cannot be used; empty where it can.")
    series: list[str]


class Failure(Shown):
    """Something that went wrong with one delivery."""

    marker: str = Field(description="The delivery's id.")
    series: str
    due: dt.datetime
    at: dt.datetime
    kind: str
    detail: str


class WholeChannel(Channel):
    """A channel with what went wrong there lately."""

    failures: list[Failure]


class Series(Shown):
    """One promise: what, how often, on which channels."""

    name: str
    title: str
    every: str
    rrule: str
    forms: list[str]
    channels: list[str]


class Cell(Shown):
    """One series on one channel."""

    series: str
    channel: str
    health: str = Field(description="well, broken, refused, unknown, missed, paused, kit, new.")
    last: dt.datetime | None = Field(description="The last slot that is there.")
    streak: int
    late: int
    missed: dt.datetime | None
    waits: dict[str, int] = Field(description="Deliveries that wait for a person, by state.")


@router.get("/channels", dependencies=[needs(Act.READ)])
def channels(app: Here) -> list[Channel]:
    """All channels, in the order of steadycast.toml."""
    return [_channel(app, name) for name in app.workspace.channels]


@router.get("/channels/{name}", dependencies=[needs(Act.READ)])
def channel(app: Here, name: Name) -> WholeChannel:
    """One channel."""
    if name not in app.workspace.channels:
        raise ProblemError(404, _("There is no such channel."))
    wrong = [Failure.model_validate(each) for each in failures(app.ledger, name, pipeline.now())]
    return WholeChannel(**_channel(app, name).model_dump(), failures=wrong)


@router.get("/series", dependencies=[needs(Act.READ)])
def series(app: Here) -> list[Series]:
    """All series, in the order of steadycast.toml."""
    return [
        Series(
            name=each.name, title=slot_view.title_of(each), every=each.every or "", rrule=each.rrule or "",
            forms=[form.value for form in each.forms], channels=[*each.channels],
        )
        for each in app.workspace.series.values()
    ]  # fmt: skip


@router.get("/matrix", dependencies=[needs(Act.READ)])
def matrix(app: Here) -> list[Cell]:
    """Every series on each of its channels."""
    stands = standing(app, pipeline.now())
    return [
        _cell(app, stands, each.name, channel)
        for each in app.workspace.series.values()
        for channel in each.channels
        if channel in app.workspace.channels
    ]


def _cell(app: App, stands: Standing, series: str, channel: str) -> Cell:
    known = stands.cells.get((series, channel))
    return Cell(
        series=series, channel=channel, health=health_of(app, stands, series, channel),
        last=known.last if known else None, streak=known.streak if known else 0, late=known.late if known else 0,
        missed=known.missed if known else None, waits=stands.waiting.get((series, channel), {}),
    )  # fmt: skip


def _channel(app: App, name: str) -> Channel:
    given = app.workspace.channels[name]
    try:
        platform, wrong = app.platform(name), ""
    except InputError as error:
        platform, wrong = None, str(error)
    return Channel(
        name=name, title=app.channel_title(name), platform=given.platform, paused=given.paused,
        delivery=platform.delivery if platform else "", forms=[*(platform.forms if platform else ())],
        wrong=app.redact(wrong), series=[each.name for each in app.workspace.series.values() if name in each.channels],
    )  # fmt: skip
