"""The channels to render for: each with its template, its settings, and an edition that changes when any of it does."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from steadycast.bulk_render.cache import facts
from steadycast.platform import Channel, Platform, configured, registry
from steadycast.render.templates import Templates
from steadycast.schedule.model import Form
from steadycast.workspace import Workspace

PACKAGE = Path(__file__).resolve().parent.parent
OWN_CODE = ("platform", "draft", "render", "bulk_render")  # what decides how a draft looks
LIBRARIES = ("comrak", "jinja2", "markupsafe", "nh3", "pygments", "regex", "slugify", "yaml")


@dataclass(frozen=True)
class Outlet:
    """One channel to render for."""

    channel: Channel  # what a template may ask: settings, zone, community
    platform: Platform
    forms: frozenset[Form]
    templates: Templates
    template: str  # post.<ext>.j2, or ""
    edition: str  # a hash of all that a post depends on besides its draft
    depends: tuple[str, ...]  # the files and folders that its platform and its templates are made of


def outlets(workspace: Workspace, names: Sequence[str]) -> dict[str, Outlet]:
    """The channels called `names`; raises SettingsError where one's platform or settings are wrong."""
    platforms = registry.some(workspace.platform_folders, [workspace.channels[name].platform for name in names])
    return {name: _outlet(workspace, name, platforms) for name in names}


def _outlet(workspace: Workspace, name: str, platforms: dict[str, Platform]) -> Outlet:
    given, community = workspace.channels[name], workspace.community
    with workspace.naming(name):
        chosen = registry.chosen(name, given.platform, platforms)
        platform = configured.limited(name, chosen, given.limits, given.media)
        settings = configured.settings(name, platform, given.own, workspace.root)
    channel = Channel(
        name=name,
        platform=platform.name,
        settings=settings,
        out=workspace.var / "render" / name,
        zone=community.zone,
        language=community.language,
        community=community.name,
        about=community.description,
        email=community.email,
        site_url=community.url,
        title=given.title or platform.title,
        spec=platform,
    )
    folders = (workspace.root / "templates" / name, *platform.folders)
    offered = (sorted(file.name for file in folder.glob("post.*.j2")) for folder in folders)
    inside = [path for folder in folders for path in _inside(folder)]
    files = [path for path in inside if path.is_file()]
    return Outlet(
        channel,
        platform,
        frozenset(Form(form) for form in platform.forms) & frozenset(given.forms or Form),
        Templates(folders, zone=community.zone, watched=False),
        next((names[0] for names in offered if names), ""),
        _edition(workspace, name, files),
        tuple(map(str, (*folders, *inside))),
    )


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
        [(path, facts(path)) for path in _code_files()],  # reading them would cost more than it tells
    ]
    return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()[:32]


@cache
def _code_files() -> list[str]:
    """Our own code and the libraries that render."""
    own = [str(file) for name in OWN_CODE for file in sorted((PACKAGE / name).glob("*.py"))]
    found = (importlib.util.find_spec(name) for name in LIBRARIES)
    return own + [spec.origin for spec in found if spec and spec.origin]


def inputs(workspace: Workspace, made: Sequence[Outlet]) -> dict[str, list[int] | None]:
    """Every file and folder whose change could make an edition another, with its facts."""
    paths = {str(workspace.root / "steadycast.toml"), *map(str, workspace.platform_folders), *_code_files()}
    return {path: facts(path) for path in sorted(paths.union(*(outlet.depends for outlet in made)))}
