"""Settings of the days that a community marks, and which of them are coming."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here
from steadycast.desk.settings import Fields, decided, shown
from steadycast.errors import SteadycastError
from steadycast.ops import settings_edits
from steadycast.ops.ritual_names import called
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act
from steadycast.schedule.occasions import Kind, When, in_words

router = APIRouter(prefix="/settings/rituals")
HERE = "/settings/rituals"
KEYS = ("when", "series", "template", "lead")
AHEAD = 366  # days
SHOWN = 40  # coming ones


@router.get("")
def rituals(request: Request, app: Here) -> HTMLResponse:
    """What is marked, what is coming, and the form for one more."""
    return _page(request, app, {})


def _page(request: Request, app: App, given: Mapping[str, Any], wrong: SteadycastError | None = None) -> HTMLResponse:
    w = app.workspace
    coming = pipeline.rituals.coming(app, pipeline.now(), AHEAD)
    known = [one for name in w.series for one in (When(Kind.EVERY, name, 100), When(Kind.STREAK, name, 365))]
    known += [When(Kind.ANNIVERSARY, name) for name in w.series]
    for name, each in w.classes.items():
        known += [When(Kind.OPENS, name), *([When(Kind.ENDS, name)] if each.rhythm.until else [])]
        known += [When(Kind.TURN, name)] if each.turn else []
    known = known or [When(Kind.EVERY, "daily", 100)]
    examples = [in_words(replace(one, of=called(w, one.of))) for one in known]
    meaning = {said: pipeline.rituals.meaning(app, one) for said, one in zip(examples, known, strict=True)}
    meaning |= {each.when: pipeline.rituals.meaning(app, each.meant, each.series) for each in w.rituals}
    there = settings_edits.written(w, ("asks",))
    asks = {key: given.get(f"asks_{key}", there.get(key, "")) for key in ("channel", "before", "at")}
    return shown(
        request, app, "rituals", w=w, coming=coming[:SHOWN], more=max(len(coming) - SHOWN, 0), examples=examples,
        meaning=meaning, templates=pipeline.ritual_drafts.templates(app), given=given, wrong=wrong, asks=asks,
    )  # fmt: skip


@router.post("", dependencies=[form_of(Act.SETTINGS)])
def add(request: Request, app: Here, given: Fields) -> Response:
    """Marks one day more."""
    asked = {key: str(given.get(key, "")) for key in KEYS}
    return decided(
        request, app, given, lambda: settings_edits.with_ritual(app.workspace, asked), to=HERE,
        again=lambda error: _page(request, app, asked, error),
    )  # fmt: skip


@router.post("/{number}/remove", dependencies=[form_of(Act.SETTINGS)])
def remove(request: Request, app: Here, given: Fields, number: int) -> Response:
    """Marks it no more. Drafts that were written for it stay."""
    return decided(
        request, app, given, lambda: settings_edits.without_ritual(app.workspace, number), to=HERE,
        again=lambda error: _page(request, app, {}, error),
    )  # fmt: skip


@router.post("/asks", dependencies=[form_of(Act.SETTINGS)])
def remind(request: Request, app: Here, given: Fields) -> Response:
    """Where and when the group is reminded of what members are asked for."""
    asked = {key: str(given.get(key, "")) for key in ("channel", "before", "at")}
    return decided(
        request, app, given, lambda: settings_edits.reminders(app.workspace, asked), to=HERE,
        again=lambda error: _page(request, app, {f"asks_{key}": said for key, said in asked.items()}, error),
    )  # fmt: skip
