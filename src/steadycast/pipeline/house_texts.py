"""Texts that Steadycast writes for the house from templates: a digest, a milestone, who is on duty.

A template is a file of the workspace, `templates/rituals/NAME.md.j2`, or one of the same name that comes along. What is
put into it was written by others: names and titles are words there, never marks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from steadycast.errors import SettingsError, did_you_mean
from steadycast.language import Language, of_tag
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.render.sanitise import calm
from steadycast.render.templates import Templates

BUNDLED = Path(__file__).parent / "templates" / "rituals"
ENDING = ".md.j2"
LONGEST = 200  # characters of one value
MOST = 60  # entries of one list
_MARKS = "\\`*_[]<>#|~&!$"
_AT_THE_BEGINNING = re.compile(r"^(\d{0,9})([-+=:.)])")  # a list, a rule, the line below a heading, a block
_ADDRESS = re.compile(r"https?://[^\s<>]{1,2000}", re.IGNORECASE)
ADDRESS = "url"  # the key of a value that is an address, and not words


def house_text(app: App, template: str, values: Mapping[str, Any], *, bundled: bool = False) -> bytes:
    """A draft's file as the template says it, with these values; a SettingsError names the template's file and line.

    A day is written as the community writes it. With `bundled` the workspace's own templates are left out.
    """
    say = of_tag(app.workspace.community.language)
    folders = (() if bundled else (app.workspace.ritual_templates,)) + (BUNDLED / say.name,)
    text = Templates(folders, zone=app.workspace.community.zone).render(
        f"{template}{ENDING}", **{name: _as_words(say, name, value) for name, value in values.items()}
    )
    if len(raw := text.encode()) > app.workspace.intake.max_bytes:
        most = format(app.workspace.intake.max_bytes / 1e6, "g")
        raise SettingsError(
            _("makes more than %(size)s MB of text", size=most), file=template_file(app, template),
            hint=_("write a shorter one"),
        )  # fmt: skip
    return raw


def template_file(app: App, template: str) -> Path | None:
    """Where a template lies: the workspace's own, else the one that comes along; None where there is none."""
    own, given = app.workspace.ritual_templates / f"{template}{ENDING}", BUNDLED / "en" / f"{template}{ENDING}"
    return next((file for file in (own, given) if file.is_file()), None)


def missing_template(app: App, template: str) -> SettingsError:
    """The error for a template that is not there."""
    folder = app.workspace.ritual_templates
    known = {file.name.removesuffix(ENDING) for file in folder.glob(f"*{ENDING}")} | set(bundled_templates())
    write = _("write %(file)s", file="templates/rituals/" + template + ENDING)
    return SettingsError(_("there is no template %(name)s", name=template), hint=did_you_mean(template, known, write))


@lru_cache(maxsize=1)
def bundled_templates() -> tuple[str, ...]:
    """The templates that come along, by name; the digest is the planner's own."""
    return tuple(sorted(file.name.removesuffix(ENDING) for file in (BUNDLED / "en").iterdir()))


def _as_words(say: Language, name: str, value: Any) -> Any:
    """A value as a template may put it anywhere: in a list or a table too, and none longer than people read."""
    if isinstance(value, str):
        if name == ADDRESS:
            return value if _ADDRESS.fullmatch(value) else ""
        return plain(value[:LONGEST])
    if isinstance(value, dt.date):
        return plain(say.full_day(value))
    if isinstance(value, Mapping):
        return {str(key): _as_words(say, str(key), each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_as_words(say, name, each) for each in value[:MOST]]
    return value if isinstance(value, int | float) else ""


def plain(text: str) -> str:
    """Words as Markdown: what would be markup in them is escaped, they are one line, and they call nobody."""
    escaped = "".join(f"\\{c}" if c in _MARKS else c for c in calm(" ".join(text.split())))
    return _AT_THE_BEGINNING.sub(r"\1\\\2", escaped)
