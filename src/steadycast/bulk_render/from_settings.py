"""The recipe as the settings have it now, with an edition of each channel that changes when any of it does."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from steadycast.bulk_render.outlets import folders_of
from steadycast.bulk_render.recipe import Call, Community, Inputs, Member, Outlet, Recipe, Series
from steadycast.crash_safety.cache_files import facts
from steadycast.errors import unknown_name
from steadycast.platform import Platform, configured, registry
from steadycast.schedule.forms import Form
from steadycast.workspace import Workspace, load
from steadycast.workspace.paths import SOURCES

PACKAGE = Path(__file__).resolve().parent.parent
OWN_CODE = ("platform", "draft", "render", "bulk_render")  # what decides how a draft looks
READS_SETTINGS = "workspace"  # what is kept of them was read by it
PROGRAMS = ("ffprobe", "ffmpeg")  # without them no sound or film fits that would have to be converted
LIBRARIES = ("comrak", "jinja2", "markupsafe", "nh3", "pygments", "regex", "slugify", "yaml")


def recipe(root: Path, channel: str) -> tuple[Recipe, Inputs]:
    """How drafts are made for `channel`, or for all, as the settings say; and the facts of all that they come from.

    Raises SettingsError where the settings, or a channel's platform, are wrong.
    """
    sources = {str(root / name): facts(str(root / name)) for name in SOURCES}  # what is edited meanwhile differs
    workspace = load(root)
    if channel and channel not in workspace.channels:
        raise unknown_name("channel", channel, workspace.channels)
    names = [channel] if channel else list(workspace.channels)
    platforms = registry.some(workspace.platform_folders, [workspace.channels[name].platform for name in names])
    found = {name: _configured(workspace, name, platforms) for name in names}
    codes = [workspace.root / call.qr for call in workspace.calls.values() if call.qr]  # pictures that are scanned
    depends = {name: codes + _depends(workspace, name, platform) for name, (platform, _settings) in found.items()}
    inputs = _inputs(workspace, [*depends.values(), *(_hiding(workspace, of) for of, _own in found.values())]) | sources
    outlets = {name: _outlet(workspace, name, *found[name], depends[name]) for name in names}
    of = workspace.community
    made = Recipe(
        workspace.root,
        Community(of.name, str(of.timezone), of.language, of.url, of.description, of.email),
        {name: Member(member.title, member.url) for name, member in workspace.members.items()},
        {n: Call(call.text, call.url, call.channels, call.qr, call.utm) for n, call in workspace.calls.items()},
        {name: Series(table.call) for name, table in workspace.promises.items()},
        workspace.series_names,
        workspace.intake.max_bytes,
        outlets,
    )
    return made, inputs


def _configured(workspace: Workspace, name: str, platforms: dict[str, Platform]) -> tuple[Platform, dict[str, object]]:
    given = workspace.channels[name]
    with workspace.naming(name):
        chosen = registry.chosen(name, given.platform, platforms)
        platform = configured.limited(name, chosen, given.limits, given.media)
        return platform, configured.settings(name, platform, given.own, workspace.root)


def _outlet(
    workspace: Workspace, name: str, platform: Platform, settings: dict[str, object], depends: Sequence[Path]
) -> Outlet:
    given, folders = workspace.channels[name], folders_of(workspace.root, name, platform)
    offered = (sorted(file.name for file in folder.glob("post.*.j2")) for folder in folders)
    return Outlet(
        platform,
        settings,
        given.title or platform.title,
        tuple(str(form) for form in given.forms or Form if form in platform.forms),
        next((names[0] for names in offered if names), ""),
        _edition(workspace, name, [path for path in depends if path.is_file()]),
    )


def _depends(workspace: Workspace, name: str, platform: Platform) -> list[Path]:
    """The files and folders that its platform and its templates are made of."""
    own, *folders = folders_of(workspace.root, name, platform)
    return [own, *sorted(own.rglob("*")), *folders, *(path for folder in folders for path in _inside(folder))]


def _hiding(workspace: Workspace, platform: Platform | None) -> list[Path]:
    """The files that would make a platform, or one that it is based on, another if they were there."""
    if platform is None:
        return []
    here = [folder / platform.name / "channel.toml" for folder in workspace.platform_folders]
    return here + _hiding(workspace, platform.base)


def _inside(folder: Path) -> list[Path]:
    """The files of a platform's folder that decide how a post looks, and the folders that they are in."""
    inside = (f for f in sorted(folder.rglob("*")) if f.suffix not in {".md", ".pyc"})
    return [f for f in inside if f.relative_to(folder).parts[0] not in {"samples", "__pycache__"}]


def _edition(workspace: Workspace, name: str, files: Sequence[Path]) -> str:
    told = [
        workspace.community.model_dump(),
        {name: (member.title, member.url) for name, member in workspace.members.items()},
        workspace.series_names,  # a draft that names another one is refused
        workspace.intake.max_bytes,
        {name: call.model_dump() for name, call in workspace.calls.items()},
        {name: table.call for name, table in workspace.promises.items()},
        workspace.channels[name].model_dump(exclude={"paused", "read_back_feed", "read_back_private", "upload"}),
        [(file, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files],
        list(map(shutil.which, PROGRAMS)),
        [(path, (facts(path) or ())[:3]) for path in _code_files()],  # reading them would cost more than it tells
    ]
    return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()[:32]


@cache
def _code_files() -> list[str]:
    """Our own code and the libraries that render."""
    found = (importlib.util.find_spec(name) for name in LIBRARIES)
    return _files_of(*OWN_CODE) + [spec.origin for spec in found if spec and spec.origin]


def _files_of(*rooms: str) -> list[str]:
    return [str(file) for name in rooms for file in sorted((PACKAGE / name).glob("*.py"))]


def _inputs(workspace: Workspace, depends: Iterable[Sequence[Path]]) -> Inputs:
    """Every file and folder whose change could make a recipe another, with its facts."""
    given = [*workspace.platform_folders, *(path for paths in depends for path in paths)]
    programs = (os.path.join(folder, name) for folder in os.get_exec_path() for name in PROGRAMS)  # noqa: PTH118
    paths = {*map(str, given), *_code_files(), *_files_of(READS_SETTINGS), *programs}
    return {path: facts(path) for path in sorted(paths)}
