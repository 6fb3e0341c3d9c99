"""The channels to render for: each with its template, its settings, and an edition that changes when any of it does."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from steadycast.bulk_render.cache import Facts
from steadycast.platform import Channel, Platform, configured, registry
from steadycast.schedule.model import Form
from steadycast.workspace import Workspace

PACKAGE = Path(__file__).resolve().parent.parent
OWN_CODE = ("platform", "draft", "render", "bulk_render")  # what decides how a draft looks
LIBRARIES = ("comrak", "jinja2", "markupsafe", "nh3", "pygments", "regex", "slugify", "yaml")


@dataclass(frozen=True)
class Outlet:
    """One channel to render for."""

    name: str
    platform: Platform
    channel: Channel  # what a template may ask: settings, zone, community
    forms: frozenset[Form]
    folders: tuple[Path, ...]  # where its templates are looked for
    template: str  # post.<ext>.j2, or ""
    edition: str

    @property
    def extension(self) -> str:
        """Of what its template writes."""
        return self.template.removeprefix("post.").removesuffix(".j2")


def outlets(workspace: Workspace, names: Sequence[str]) -> list[Outlet]:
    """The channels called `names`; raises SettingsError where one's platform or settings are wrong."""
    platforms = registry.platforms(workspace.platform_folders)
    return [_outlet(workspace, name, platforms) for name in names]


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
    return Outlet(
        name,
        platform,
        channel,
        frozenset(Form(form) for form in platform.forms) & frozenset(given.forms or Form),
        folders,
        next((names[0] for names in offered if names), ""),
        _edition(workspace, channel, folders),
    )


def _edition(workspace: Workspace, channel: Channel, folders: Sequence[Path]) -> str:
    """A hash of all that a post depends on besides its draft."""
    told = [
        workspace.community.model_dump(),
        {name: member.title for name, member in workspace.members.items()},
        sorted(workspace.settings.series),  # a draft that names another one is refused
        workspace.intake.max_bytes,
        [channel.name, channel.platform, channel.title, channel.settings],
        [workspace.settings.channel[channel.name].forms, repr(channel.limits), repr(channel.media)],
        _code(),
    ]
    digest = hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode())
    for folder in folders:
        for file in _files(folder):
            digest.update(f"{file.relative_to(folder)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _files(folder: Path) -> list[Path]:
    """The files of a platform's folder that decide how a post looks, those of its sub-folders too."""
    inside = (f for f in _inside(folder) if f.suffix not in {".md", ".pyc"})
    return sorted(f for f in inside if f.is_file())


def _inside(folder: Path) -> list[Path]:
    """All that lies in a platform's folder, but its samples."""
    return [f for f in folder.rglob("*") if f.relative_to(folder).parts[0] not in {"samples", "__pycache__"}]


@cache
def _code() -> list[tuple[str, Facts | None]]:
    """Our own code and the libraries that render, by their facts: reading them would cost more than it tells."""
    return [(path, Facts.of(path)) for path in _code_files()]


def _code_files() -> Iterator[str]:
    for name in OWN_CODE:
        path = PACKAGE / name
        yield from map(str, sorted(path.glob("*.py")) if path.is_dir() else [path])
    for name in LIBRARIES:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            yield found.origin


def inputs(workspace: Workspace, made: Sequence[Outlet]) -> dict[str, Any]:
    """Every file and folder whose change could make an edition another, with its facts."""
    paths = {str(workspace.root / "steadycast.toml"), *map(str, workspace.platform_folders), *_code_files()}
    for folder in (folder for outlet in made for folder in outlet.folders):
        folders = (f for f in _inside(folder) if f.is_dir())
        paths |= {str(folder), *map(str, folders), *map(str, _files(folder))}
    return {path: Facts.of(path) for path in sorted(paths)}
