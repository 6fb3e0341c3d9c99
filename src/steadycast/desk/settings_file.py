"""steadycast.toml as text: for what no form has, and for when it cannot be read, with the line that is wrong."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.first_run import beginning
from steadycast.desk.pages import done, page, rendered
from steadycast.desk.settings import Fields
from steadycast.errors import SettingsError, SteadycastError
from steadycast.language import current
from steadycast.ops import promise_change, settings_effect, settings_file
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act
from steadycast.workspace.paths import SETTINGS_FILE

router = APIRouter()


def _answer(
    request: Request, app: App | None, text: settings_file.Text, wrong: SteadycastError | None = None,
    effect: settings_effect.SettingsEffect | None = None,
) -> HTMLResponse:  # fmt: skip
    """In the desk's frame; in one of its own where no settings are in force at all."""
    lines = settings_file.around(text.text, wrong) if isinstance(wrong, SettingsError) else []
    say = current()
    told = {"text": text, "wrong": wrong, "lines": lines, "effect": effect, "file": SETTINGS_FILE}
    status = 422 if wrong and request.method == "POST" else 200
    if app:
        return page(request, app, "settings_file", "settings", status=status, frame="base.html.j2", **told)
    return HTMLResponse(rendered(request, say, "settings_file", frame="bare.html.j2", **told), status)


def _wrong(request: Request, text: settings_file.Text, error: SteadycastError) -> HTMLResponse:
    """The text with what is wrong with it; the settings before it may still be in force."""
    try:
        with request.app.state.opened.app() as app:
            return _answer(request, app, text, error)
    except SettingsError:
        return _answer(request, None, text, error)


@router.get("/settings/file")
def show(request: Request) -> Response:
    """The text as it lies there, and what is wrong with it."""
    opened = request.app.state.opened
    if not opened.is_there:
        beginning(request)
        return RedirectResponse("/start", 303)
    text = settings_file.read(opened.root)
    try:
        settings_file.parsed(opened.root, text.text)
    except SettingsError as error:
        return _wrong(request, text, error)
    with opened.app() as app:
        return _answer(request, app, text)


@router.post("/settings/file", dependencies=[form_of(Act.SETTINGS)])
def save(request: Request, given: Fields) -> Response:
    """Writes it, where it can be read: its effect is shown before, as far as there are settings to hold it against."""
    opened, now = request.app.state.opened, pipeline.now()
    text = settings_file.Text(str(given.get("text", "")), str(given.get("print", "")))
    try:
        after = settings_file.parsed(opened.root, text.text)
    except SteadycastError as error:
        return _wrong(request, text, error)
    try:
        with opened.app() as app:
            effect = settings_effect.look(app, after, now)
            if not given.get("sure") and not effect.same:
                return _answer(request, app, text, effect=effect)
            settings_file.write(after, text.fingerprint)
            promise_change.settle(app, app.workspace, after, now)
    except SettingsError:  # none could ever be read: there is nothing to hold it against
        settings_file.write(after, text.fingerprint)
    return done("/settings", current().gettext("Saved. The plan follows the new settings."))
