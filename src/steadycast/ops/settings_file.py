"""steadycast.toml as a text that a person edits: read as it lies there, checked, and written if nobody else did."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from steadycast.crash_safety import durable
from steadycast.errors import InputError, SettingsError
from steadycast.language import gettext as _
from steadycast.pipeline.app import check_settings
from steadycast.workspace import Workspace
from steadycast.workspace.loading import read as checked
from steadycast.workspace.paths import SETTINGS_FILE, SOURCES
from steadycast.workspace.toml_file import MAX_SETTINGS

AROUND = 3  # lines before and after a wrong one


@dataclass(frozen=True)
class Text:
    """The file's text; `fingerprint` tells whether it is still the same."""

    text: str
    fingerprint: str


def read(root: Path) -> Text:
    """The file as it lies there; one that is not there, or no text, is empty."""
    raw = _raw(root)
    return Text(raw.decode("utf-8-sig", "replace") if len(raw) <= MAX_SETTINGS else "", _fingerprint(raw))


def parsed(root: Path, text: str) -> Workspace:
    """The workspace that a text would be; a SettingsError with the line where it would be none."""
    file = root / SETTINGS_FILE
    data = text.replace("\r\n", "\n")
    if _raw(root).count(b"\r\n"):
        data = data.replace("\n", "\r\n")
    holidays = file.with_name(SOURCES[1])
    more = {holidays.name: holidays.read_bytes()} if holidays.is_file() else {}
    workspace = checked(root, {SETTINGS_FILE: data.encode(), **more}, file)
    check_settings(workspace)
    return workspace


def write(workspace: Workspace, seen_as: str) -> None:
    """Puts the text in its place. Refuses where another one lies there than the person began with."""

    def unchanged() -> None:
        if _fingerprint(_raw(workspace.root)) != seen_as:
            said = _("it was changed meanwhile, and is left as it is")
            raise InputError(said, file=SETTINGS_FILE, hint=_("copy what you wrote, and load the page again"))

    durable.put_again(workspace.settings_file, workspace.sources[SETTINGS_FILE], unchanged)


def around(text: str, error: SettingsError) -> list[tuple[int, str, bool]]:
    """(number, line, whether it is the wrong one) of the lines about an error."""
    lines = text.splitlines()
    if not error.line:
        return []
    first = max(error.line - AROUND, 1)
    return [(n, line[:200], n == error.line) for n, line in enumerate(lines[first - 1 : error.line + AROUND], first)]


def _raw(root: Path) -> bytes:
    try:
        return (root / SETTINGS_FILE).read_bytes()
    except OSError:
        return b""


def _fingerprint(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:24]
