"""The settings in force: those of steadycast.toml, or while it cannot be read the last ones that could."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from steadycast.crash_safety import durable
from steadycast.crash_safety.cache_files import facts
from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.workspace.loading import Workspace, load
from steadycast.workspace.paths import SOURCES, Paths, find_root

NAMED = ("series", "members")  # of which one that is new or removed is told whole
VALUES = ("community", "series", "publish", "intake", "members")  # tables whose values may be shown to anybody


def in_force(
    root: Path | None = None, check: Callable[[Workspace], object] = bool
) -> tuple[Workspace, SettingsError | None]:
    """The workspace by the settings in force, and what is wrong with steadycast.toml just now, if anything is.

    For whoever serves: a slip in the file stops no slot. `check` raises SettingsError for what only a platform can tell
    of the settings. Raises SettingsError where none could ever be read.
    """
    root = (root or find_root()).resolve()
    try:
        workspace = load(root)
        check(workspace)
    except SettingsError as error:
        kept = Paths(root).kept_settings
        if not (kept / SOURCES[0]).is_file():
            raise
        return load(root, kept), error
    _keep(workspace)
    return workspace, None


def _keep(workspace: Workspace) -> None:
    """Put the files that were just read beside the ledger, each whole."""
    folder = workspace.kept_settings
    with contextlib.suppress(OSError):  # full, or read-only: who only looks must not fail by it
        for name in SOURCES:
            now, target = workspace.sources.get(name), folder / name
            if now is None:
                target.unlink(missing_ok=True)
            elif not target.is_file() or target.read_bytes() != now:
                durable.put(target, now)


def stamps(place: Paths) -> tuple[tuple[int, ...], ...]:
    """What tells that a file of the settings was written; an editor may put another in its place."""
    return tuple(tuple(facts(place.root / name) or ()) for name in SOURCES)


def as_read(workspace: Workspace) -> bool:
    """Whether the files of the settings still say what this workspace was read from."""
    for name in SOURCES:
        try:
            now = (workspace.root / name).read_bytes()
        except OSError:
            now = None
        if now != workspace.sources.get(name):
            return False
    return True


def changes(before: Workspace, after: Workspace) -> list[str]:
    """What two readings of the settings say differently, a line each; values only where anybody may read them."""
    old, new = _values(before), _values(after)
    tables = tuple({path[:2] for path in values} for values in (old, new))
    told = [
        _told(path, old.get(path), new.get(path), *(path[:2] in each for each in tables))
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    ]
    if before.overrides != after.overrides:
        told.append(_of_table(SOURCES[1], *(SOURCES[1] in each.sources for each in (before, after))))
    return list(dict.fromkeys(told))


def _of_table(name: str, was: bool, stands: bool) -> str:
    if was and stands:
        return _("%(name)s changed", name=name)
    return _("%(name)s is new", name=name) if stands else _("%(name)s is removed", name=name)


def _told(path: tuple[str, ...], old: Any, new: Any, was: bool, stands: bool) -> str:
    rhythm = path[0] == "series" and len(path) == 3 and path[2] in ("every", "rrule")
    whole = path[0] in NAMED and was != stands and not (rhythm and stands)
    if whole or path[0] not in VALUES:
        return _of_table(".".join(path[:2]), was, stands)
    name = path[1] if rhythm else ".".join(path)
    if new is None:
        return _("%(name)s is removed", name=name)
    if rhythm and old is not None:
        return _("%(name)s is now %(new)s (it was %(old)s)", name=name, new=new, old=old)
    return _("%(name)s is now %(new)s", name=name, new=new)


def _values(workspace: Workspace) -> dict[tuple[str, ...], Any]:
    return dict(_leaves(tomllib.loads(workspace.sources[SOURCES[0]].decode("utf-8-sig")), ()))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, Mapping) or len(path) > 2:
        yield path, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, (*path, str(key)))
