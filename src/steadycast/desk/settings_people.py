"""Settings of members, their feeds, and of the alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here, done
from steadycast.desk.settings import Fields, decided, shown
from steadycast.errors import InputError, SteadycastError
from steadycast.language import current
from steadycast.ops import alarm_addresses, settings_edits
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act

router = APIRouter(prefix="/settings")
SPANS = ("quiet_after", "ahead")
FAIR_KEYS = ("top", "founder_share", "wait", "decided", "waiting", "founder")


@router.get("/members")
def new_member(request: Request, app: Here) -> HTMLResponse:
    """The form of a member who is not named yet."""
    return _member(request, app, "", {})


@router.get("/members/{name}")
def member(request: Request, app: Here, name: str) -> HTMLResponse:
    """The form of one member, and their feeds."""
    return _member(request, app, name, settings_edits.written(app.workspace, ("members", name)))


def _member(
    request: Request, app: App, name: str, given: Mapping[str, Any], wrong: SteadycastError | None = None
) -> HTMLResponse:
    feeds = [(number, feed) for number, feed in enumerate(app.workspace.feeds) if feed.member == name]
    return shown(request, app, "member", member=name, given=given, wrong=wrong, feeds=feeds)


@router.post("/members", dependencies=[form_of(Act.SETTINGS)])
def change_member(request: Request, app: Here, given: Fields) -> Response:
    """Names a member, or changes what is said of one."""
    name = str(given.get("folder", "")).strip()
    asked = {key: str(given.get(key, "")) for key in ("title", "trusted", "url")}
    return decided(
        request, app, given, lambda: settings_edits.member(app.workspace, name, asked), to="/settings",
        again=lambda error: _member(request, app, str(given.get("known", "")), {**asked, "folder": name}, error),
    )  # fmt: skip


@router.post("/members/{name}/feeds", dependencies=[form_of(Act.SETTINGS)])
def add_feed(request: Request, app: Here, given: Fields, name: str) -> Response:
    """Reads one more feed of a member."""
    url = str(given.get("feed", "")).strip()
    return decided(
        request, app, given, lambda: settings_edits.with_feed(app.workspace, name, url),
        to=f"/settings/members/{quote(name)}",
        again=lambda error: _member(request, app, name, {"feed": url}, error),
    )  # fmt: skip


@router.post("/members/{name}/feeds/{number}/remove", dependencies=[form_of(Act.SETTINGS)])
def remove_feed(request: Request, app: Here, given: Fields, name: str, number: int) -> Response:
    """Reads a feed no more."""
    return decided(
        request, app, given, lambda: settings_edits.without_feed(app.workspace, number),
        to=f"/settings/members/{quote(name)}",
        again=lambda error: _member(request, app, name, {}, error),
    )  # fmt: skip


@router.get("/alarms")
def alarms(request: Request, app: Here) -> HTMLResponse:
    """Who is told when something is wrong."""
    return _alarms(request, app, {})


def _alarms(request: Request, app: App, given: Mapping[str, Any], wrong: SteadycastError | None = None) -> HTMLResponse:
    there = [(name, app.find_secret(name) is not None) for name in app.workspace.alarms.urls]
    written = settings_edits.written(app.workspace, ("alarms",))
    spans = {key: written.get(key, "") for key in SPANS}
    return shown(request, app, "alarms", there=there, given={**spans, **given}, wrong=wrong)


@router.post("/alarms", dependencies=[form_of(Act.SETTINGS)])
def change_alarms(request: Request, app: Here, given: Fields) -> Response:
    """Changes after how long a silence is told and how long ahead an empty slot, or takes an address away."""
    gone = str(given.get("remove", ""))
    spans = {} if gone else {key: str(given.get(key, "")) for key in SPANS}
    urls = [name for name in app.workspace.alarms.urls if name != gone]
    return decided(
        request, app, given, lambda: settings_edits.alarms(app.workspace, urls, **spans), to="/settings/alarms",
        again=lambda error: _alarms(request, app, spans, error),
    )  # fmt: skip


@router.get("/fair")
def fair(request: Request, app: Here) -> HTMLResponse:
    """From which shares on somebody is told, and how many drafts of one member wait at once."""
    written = settings_edits.written(app.workspace, ("fair",))
    given = {"founder_share": written.pop("founder", ""), "founder": app.workspace.community.founder}
    return _fair(request, app, {**written, **given})


def _fair(request: Request, app: App, given: Mapping[str, Any], wrong: SteadycastError | None = None) -> HTMLResponse:
    return shown(request, app, "fair", given=given, wrong=wrong, members=app.workspace.members)


@router.post("/fair", dependencies=[form_of(Act.SETTINGS)])
def change_fair(request: Request, app: Here, given: Fields) -> Response:
    """Changes them."""
    asked = {key: str(given.get(key, "")) for key in FAIR_KEYS}
    return decided(
        request, app, given, lambda: settings_edits.fair(app.workspace, asked), to="/settings/alarms",
        again=lambda error: _fair(request, app, asked, error),
    )  # fmt: skip


@router.post("/alarms/add", dependencies=[form_of(Act.SETTINGS)])
def add_alarm(app: Here, given: Fields) -> Response:
    """Adds an address. It is a secret: it is kept, and shown on no page."""
    try:
        alarm_addresses.add(app, str(given.get("address", "")), pipeline.now())
    except InputError as error:
        return done("/settings/alarms", str(error), refused=True)
    return done("/settings/alarms", current().gettext("The address is kept. Send a test to see that it arrives."))


@router.post("/alarms/test", dependencies=[form_of(Act.SETTINGS)])
def test_alarms(app: Here) -> RedirectResponse:
    """Sends a test to all addresses."""
    say = current()
    if alarm_addresses.send_test(app):
        return done("/settings/alarms", say.gettext("A test was sent, and at least one address took it."))
    return done("/settings/alarms", say.gettext("No address took the test."), refused=True)
