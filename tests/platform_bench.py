"""What tests of platforms stand on: posts of every form, and a Channel as the pipeline would build one."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from steadycast.platform import Channel, Platform, Post
from steadycast.platform.registry import load, platforms
from steadycast.testing import bench
from steadycast.testing.bench import NOW, templates  # noqa: F401
from steadycast.testing.posts import (  # noqa: F401  what tests of platforms take from here
    HOSTILE,
    ZONE,
    article,
    audio,
    event,
    hostile,
    key,
    media,
    of_form,
    png,
    tone,
    video,
)

ROOT = Path(__file__).resolve().parent.parent
PLATFORMS = platforms([ROOT / "channels"])  # those that are shipped
OURS = platforms([ROOT / "tests" / "platforms"])


def channel(
    platform: str | Platform, out: Path, *, secrets: dict[str, Any] | None = None, http: Any = None, **settings: Any
) -> Channel:
    """A channel of one platform with the settings given over the defaults, as the pipeline would hand it over."""
    spec = (OURS | PLATFORMS)[platform] if isinstance(platform, str) else platform
    return bench.channel(spec, out, settings=settings, secrets=secrets, http=http)


def adapter(platform: str | Platform, out: Path, **wanted: Any) -> Any:
    """The platform's Adapter over such a channel."""
    return opened(channel(platform, out, **wanted))


def opened(channel: Channel) -> Any:
    """The Adapter of a channel's platform."""
    assert channel.spec is not None
    return load(channel.spec)(channel)


def changed(post: Post, **values: Any) -> Post:
    """The same post, edited."""
    return dataclasses.replace(post, **values)


def settings_rows(spec: Platform) -> list[str]:
    """The rows of the settings table that a platform's README shows."""
    rows = []
    for s in spec.settings.values():
        kind = s.type + (", required" if s.required else "") + (", secret" if s.secret else "")
        default = (
            "" if s.default in (None, "", []) else f"`{str(s.default).lower() if s.type == 'bool' else s.default}`"
        )
        rows.append(f"| `{s.name}` | {kind} | {default} | {s.help} |")
    return rows


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def held(platform: str, name: str, data: bytes) -> None:
    """Hold a sample against what is rendered now; STEADYCAST_SAMPLES=1 writes it anew."""
    sample = ROOT / "channels" / platform / "samples" / name
    if os.environ.get("STEADYCAST_SAMPLES"):
        sample.parent.mkdir(exist_ok=True)
        sample.write_bytes(data)
    assert sample.read_bytes() == data, (
        f"{sample} is no longer what the platform makes: look, then STEADYCAST_SAMPLES=1"
    )
