"""The channels to render for, as drafts and templates meet them: made of a recipe, without a look at any settings."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from steadycast.bulk_render.recipe import Outlet, Recipe
from steadycast.platform import Channel, Platform
from steadycast.render.templates import Templates


class Open(NamedTuple):
    """One channel that drafts are rendered for."""

    channel: Channel  # what a template may ask: settings, zone, community
    platform: Platform
    forms: frozenset[str]
    templates: Templates
    template: str  # post.<ext>.j2, or ""


def opened(recipe: Recipe) -> dict[str, Open]:
    """The channels of a recipe, by name."""
    return {name: _opened(recipe, name, outlet) for name, outlet in recipe.outlets.items()}


def _opened(recipe: Recipe, name: str, outlet: Outlet) -> Open:
    community, platform = recipe.community, outlet.platform
    channel = Channel(
        name=name,
        platform=platform.name,
        settings=outlet.settings,
        out=recipe.var / "render" / name,
        zone=community.zone,
        language=community.language,
        community=community.name,
        about=community.description,
        email=community.email,
        site_url=community.url,
        title=outlet.title,
        spec=platform,
    )
    folders = folders_of(recipe.root, name, platform)
    templates = Templates(folders, zone=community.zone, watched=False, compiled=recipe.compiled)
    return Open(channel, platform, frozenset(outlet.forms), templates, outlet.template)


def folders_of(root: Path, channel: str, platform: Platform) -> tuple[Path, ...]:
    """Where a channel's templates are looked for, the workspace's own first."""
    return (root / "templates" / channel, *platform.folders)
