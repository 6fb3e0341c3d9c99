"""What a workspace that began as a copy keeps of that: when, why, piece by piece, and what was left to fill in."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.workspace import Workspace
from steadycast.workspace.paths import COPIED_FROM, SETTINGS_FILE
from steadycast.workspace.toml_file import dotted

MOST_BYTES = 5_000_000
Place = tuple[str | int, ...]  # where a value stands in steadycast.toml: ("series", "daily", "every")


@dataclass(frozen=True)
class CopiedFrom:
    """What is kept of how a community began as a copy."""

    community: str
    at: dt.datetime
    sentence: str
    anyway: str = ""
    secrets: str = ""  # what their names begin with, whatever the folder is called by now
    blank: tuple[str, ...] = ()
    hash: Mapping[str, str] = field(default_factory=dict)
    gate: Sequence[Mapping[str, Any]] = ()


def copied_from(root: Path) -> CopiedFrom | None:
    """How the workspace there began as a copy; None where it did not. SettingsError where that cannot be read."""
    file = root / COPIED_FROM
    try:
        if file.stat().st_size > MOST_BYTES:
            raise SettingsError(_("it is too large"), file=file)
        return CopiedFrom(**tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        said, hint = _("what is kept of the copy cannot be read"), _("put it back, or delete it: only that is lost")
        raise SettingsError(said, file=file, hint=hint) from None


def still_blank(workspace: Workspace) -> list[Place]:
    """The keys that the copy left empty, and that are still there and empty."""
    if (begun := copied_from(workspace.root)) is None:
        return []
    table = tomllib.loads(workspace.sources[SETTINGS_FILE].decode("utf-8-sig"))
    return [path for path, value in leaves(table) if value in ("", []) and dotted(path) in begun.blank]


def leaves(table: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each value of a table with its path."""
    if isinstance(table, dict) and table:
        for key, value in table.items():
            yield from leaves(value, (*at, key))
    elif isinstance(table, list) and table and isinstance(table[0], dict):
        for n, value in enumerate(table):
            yield from leaves(value, (*at, n))
    else:
        yield at, table
