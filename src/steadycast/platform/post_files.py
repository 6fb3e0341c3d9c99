"""Where a post's page and its media lie in a folder, and how a file gets there. Addresses: they never change."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from steadycast.crash_safety import crashpoints, durable
from steadycast.platform.post import Media, Post

SUFFIX = re.compile(r"[.][A-Za-z0-9]{1,5}")


def slot_path(post: Post) -> str:
    """Where the page of a slot's post lives: `morning/2026-11-27-0620`; the same on every channel, for ever.

    Not the draft's slug: a title may be fixed after it was published, an address may not.
    """
    return page_path(post.slot, post.key)


def page_path(slot: str, key: str) -> str:
    """`slot_path` of a post that is yet to be made."""
    series, _, local = slot.partition("@")
    parts = (_safe(series), _safe(local.replace(":", "").replace("T", "-")))
    return "/".join(parts) if all(parts) else f"{parts[0] or 'p'}/{key}"


def media_name(media: Media) -> str:
    """`media/<sha256>.<ext>`, the name under which a shelf keeps a file."""
    return file_name(media.name, media.sha256)


def file_name(name: str, sha256: str) -> str:
    """The same of a file with that name and that hash."""
    suffix = os.path.splitext(name)[1]  # noqa: PTH122  thousands of times a publish
    return f"media/{sha256}{suffix if SUFFIX.fullmatch(suffix) else ''}"


def place_media(source: Path, target: Path) -> None:
    """Put a media file in place whole or not at all: a hard link where the file system can, else a copy."""
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return

    def linked() -> None:
        crashpoints.checkpoint("media-linked")

    durable.make_folder(target.parent)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), fresh)
    except OSError:
        with durable.landing(target, synced=linked) as copy:
            shutil.copyfile(source, copy)
    else:
        linked()
        durable.land(fresh, target)
    crashpoints.checkpoint("media-placed")


def _safe(word: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-")[:80]
