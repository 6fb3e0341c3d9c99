"""steadycast.toml as text: for what no form has, and for when it cannot be read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import ops, pipeline
from steadycast.api.authorization import needs
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.settings_change import Effect, Settling, as_seen, told
from steadycast.api.shapes import Here, Note, Shown
from steadycast.errors import SettingsError
from steadycast.ops import settings_effect, settings_file
from steadycast.pipeline.permissions import Act
from steadycast.workspace.toml_file import MAX_SETTINGS

router, changed = looks("settings"), changes("settings")


class Text(Shown):
    """steadycast.toml as it lies there."""

    text: str
    seen: str
    wrong: Note | None = Field(description="Why it cannot be read.")


class TextAsked(Settling):
    """steadycast.toml as it is to be."""

    text: Annotated[str, StringConstraints(max_length=MAX_SETTINGS, pattern=r"^[^\x00]*$")]


@router.get("/settings/file", dependencies=[needs(Act.SETTINGS)])
def file_text(app: Here) -> Text:
    """steadycast.toml as text; it holds names of secrets, and no secret."""
    found = settings_file.read(app.workspace.root)
    try:
        settings_file.parsed(app.workspace.root, found.text)
    except SettingsError as error:
        return Text(text=found.text, seen=found.fingerprint, wrong=Note.model_validate(error.problem()))
    return Text(text=found.text, seen=found.fingerprint, wrong=None)


@changed.post("/settings/file", dependencies=[needs(Act.SETTINGS)])
def change_file(request: Request, app: Here, asked: TextAsked) -> Effect:
    """Write steadycast.toml anew: for what no form has, and for when it cannot be read."""
    now, held = pipeline.now(), settings_file.read(app.workspace.root).fingerprint
    try:
        after = settings_file.parsed(app.workspace.root, asked.text)
        seen = settings_effect.look(app, after, now)
    except SettingsError as error:
        where = f"{error.line}: " if error.line else ""
        raise ProblemError(422, f"{where}{error.message}", error.hint or "") from None
    saved = asked.agreed and (not seen.same or app.broken_settings is not None)
    if saved:
        as_seen(asked, held)
        settings_file.write(after, asked.seen)
        ops.promise_change.settle(app, app.workspace, after, now)
    return told(request, seen, settings_effect.fingerprint(after) if saved else held, saved=saved)
