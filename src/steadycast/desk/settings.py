"""Settings: what the community promises, and how. Each change shows its effect first, and is written after that."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.first_run import FORMS, TAGS, rhythms_in
from steadycast.desk.pages import Here, done, page
from steadycast.desk.setting_labels import about
from steadycast.desk.zones import zone_called, zones_named
from steadycast.errors import SettingsError, SteadycastError
from steadycast.language import current, known, names
from steadycast.ops import settings_edits, settings_effect, settings_forms
from steadycast.ops.check_settings import of_settings
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act
from steadycast.schedule.slots import next_slot
from steadycast.workspace import Workspace
from steadycast.workspace.paths import SETTINGS_FILE

router = APIRouter(prefix="/settings")
SHOWN = 50  # rows of a list
READING = 1_000  # fields of a form that are looked at
NOT_ASKED = {"form_token", "sure", "seen"}  # fields that say nothing of the settings
SERIES_KEYS = ("title", "rhythm", "late", "reserve", "mix", "mix_at", "editors", "editor", "start", "until")
COMMUNITY_KEYS = ("name", "timezone", "language", "url", "description", "email", "desk_url")


async def fields(request: Request) -> FormData:
    """The fields of a form."""
    return await request.form(max_files=0, max_fields=READING)


Fields = Annotated[FormData, Depends(fields)]


def shown(request: Request, app: App, name: str, **values: Any) -> HTMLResponse:
    """A page of the settings; one on which something is wrong is no success."""
    status = 422 if values.get("wrong") else 200
    request.state.change = None  # a form that is answered by a page of settings has changed nothing yet
    values["given"] = defaultdict(str, values.get("given", {}))  # what a form does not say is empty
    return page(request, app, f"settings_{name}", "settings", status=status, **{"wrong": None, **values})


def decided(
    request: Request,
    app: App,
    given: FormData,
    edited: Callable[[], Workspace],
    *,
    to: str,
    again: Callable[[SteadycastError], Response],
    then: str = "",
) -> Response:
    """The answer to a form of settings: its effect, and once a person has seen that, the settings written.

    What is wrong is said on the form, with all that was filled in. `then` tells what comes after saving.
    """
    now, say = pipeline.now(), current()
    try:
        settings_effect.whole(app)
        seen = settings_effect.look(app, edited(), now)
        if seen.same:
            return done(to, say.gettext("The settings say so already."))
        if not given.get("sure"):
            return _effect(request, app, given, seen, to=to, then=then)
        settings_effect.make(app, seen, str(given.get("seen", "")), now)
    except SteadycastError as error:
        return again(error)
    return done(to, say.gettext("Saved. The plan follows the new settings."))


def _effect(
    request: Request, app: App, given: FormData, seen: settings_effect.SettingsEffect, *, to: str, then: str
) -> HTMLResponse:
    kept = [(key, value) for key, value in given.multi_items() if key not in NOT_ASKED and isinstance(value, str)]
    return shown(
        request, app, "effect", effect=seen, kept=kept, to=to, then=then, address=request.url.path,
        seen=settings_effect.fingerprint(app.workspace), titles=titles(seen.change.after),
    )  # fmt: skip


def titles(workspace: Workspace) -> dict[str, str]:
    """What people call each series and each channel."""
    series = {f"series {name}": each.title or name for name, each in workspace.promises.items()}
    return series | {f"channel {name}": each.title or name for name, each in workspace.channels.items()}


@router.get("")
def overview(request: Request, app: Here) -> HTMLResponse:
    """All of it: what is wrong, the community, its series, channels, members, alarms."""
    now, workspace = pipeline.now(), app.workspace
    found = of_settings(app, now)
    planned, zone = app.ledger.next_slots(now), workspace.community.zone
    coming: dict[str, dt.datetime | None] = {name: at.astimezone(zone) for name, at in planned.items()}
    for name, series in workspace.series.items():
        if name not in coming:  # of one that was just added nothing is planned yet
            with suppress(SettingsError):
                coming[name] = slot.local if (slot := next_slot(series, now)) else None
    unset = [name for name in workspace.alarms.urls if app.find_secret(name) is None]
    return shown(
        request, app, "overview", found=found[:SHOWN], more=max(len(found) - SHOWN, 0), coming=coming, w=workspace,
        platforms=app.usable_platforms, unset=unset, most=SHOWN, own_file=SETTINGS_FILE,
        about=partial(about, app), broken=app.broken_settings,
        spoken=dict(names()).get(known(workspace.community.language), ""),
    )  # fmt: skip


@router.get("/community")
def community(request: Request, app: Here) -> HTMLResponse:
    """Name, zone, language, addresses."""
    written = settings_edits.written(app.workspace, ("community",))
    return _community(request, app, written | {"desk_url": app.workspace.desk.url})


def _community(
    request: Request, app: App, given: Mapping[str, Any], wrong: SteadycastError | None = None
) -> HTMLResponse:
    locale = current().name
    tags = dict(TAGS)
    if (own := app.workspace.community.language) not in tags.values():
        tags[own] = own
    return shown(request, app, "community", given=given, zones=zones_named(locale), tags=tags, wrong=wrong)


@router.post("/community", dependencies=[form_of(Act.SETTINGS)])
def change_community(request: Request, app: Here, given: Fields) -> Response:
    """Changes them."""
    asked = {key: str(given[key]) for key in COMMUNITY_KEYS if key in given}
    if "timezone" in asked:
        asked["timezone"] = zone_called(asked["timezone"])
    return decided(
        request, app, given, lambda: settings_edits.community(app.workspace, asked), to="/settings",
        again=lambda error: _community(request, app, asked, error),
    )  # fmt: skip


@router.get("/series")
def new_series(request: Request, app: Here) -> HTMLResponse:
    """The form of a series that is not there yet."""
    return _series(request, app, "", {"forms": ["article"], "channels": []})


@router.get("/series/{name}")
def series(request: Request, app: Here, name: str) -> HTMLResponse:
    """The form of one series."""
    known = app.known_series(name).name
    written = settings_edits.written(app.workspace, ("series", known))
    given = {"forms": ["article"], "channels": [], **written, "rhythm": settings_edits.rhythm_of(written)}
    given |= settings_edits.told_mix(written)
    return _series(request, app, known, given)


def _series(
    request: Request, app: App, name: str, given: Mapping[str, Any], wrong: SteadycastError | None = None
) -> HTMLResponse:
    rhythm = str(given.get("rhythm", ""))
    return shown(
        request, app, "series", known=name, given=given, wrong=wrong, forms=FORMS, w=app.workspace,
        rhythm=rhythm, seen=_seen(app, rhythm, name), examples=rhythms_in(current()),
    )  # fmt: skip


def _seen(app: App, rhythm: str, name: str = "") -> settings_forms.RhythmSeen:
    known = app.workspace.promises.get(name)
    zone, start = app.workspace.community.zone, known.start if known else None
    return settings_forms.rhythm_seen(rhythm, zone, pipeline.now(), start)


@router.post("/slots", dependencies=[form_of(Act.SETTINGS, changes=False)])
def slots(request: Request, app: Here, given: Fields) -> HTMLResponse:
    """The next ten slots of a rhythm as it is typed: a part of the form."""
    rhythm = str(given.get("rhythm", ""))
    return shown(request, app, "slots", rhythm=rhythm, seen=_seen(app, rhythm))


@router.post("/series", dependencies=[form_of(Act.SETTINGS)])
def add_series(request: Request, app: Here, given: Fields) -> Response:
    """Adds a series."""
    asked = _asked_series(given)
    if given.get("look"):
        return _series(request, app, "", asked)
    return decided(
        request, app, given, lambda: settings_edits.new_series(app.workspace, asked)[1], to="/settings",
        again=lambda error: _series(request, app, "", asked, error),
    )  # fmt: skip


@router.post("/series/{name}", dependencies=[form_of(Act.SETTINGS)])
def change_series(request: Request, app: Here, given: Fields, name: str) -> Response:
    """Changes a series."""
    asked = _asked_series(given)
    if given.get("look"):
        return _series(request, app, name, asked)
    return decided(
        request, app, given, lambda: settings_edits.series(app.workspace, name, asked), to="/settings",
        again=lambda error: _series(request, app, name, asked, error),
    )  # fmt: skip


def _asked_series(given: FormData) -> dict[str, Any]:
    asked: dict[str, Any] = {key: str(given[key]) for key in SERIES_KEYS if key in given}
    for key in ("forms", "channels"):
        asked[key] = [str(value) for value in given.getlist(key)]
    return asked
