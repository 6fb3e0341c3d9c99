"""Files of a kit: safe names, atomic copies that never hold a film in memory, and the manifest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from steadycast.platform import Channel, Media, durable

CHUNK = 1 << 20


def safe(name: str) -> str:
    """Return `name` as lower-case ASCII letters, digits and single hyphens; "" when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]


def suffix(media: Media) -> str:
    """Return the extension a reader sees, with its dot."""
    return f".{safe(Path(media.name).suffix)}" if safe(Path(media.name).suffix) else ""


def put(channel: Channel, name: str, content: bytes | Path) -> list[Any]:
    """Put bytes, or a copy of a file, in place atomically; return `[size, sha256]` as kit.json holds them."""
    if isinstance(content, bytes):
        channel.write(name, content)
        return [len(content), hashlib.sha256(content).hexdigest()]
    return _copy(content, channel.out / name)


def _copy(source: Path, target: Path) -> list[Any]:
    """Copy by chunks into a temporary name, sync, rename: `channel.write` wants all bytes at once, a film is larger."""
    total, digest = 0, hashlib.sha256()
    # a colleague posts it, whatever the umask says
    with durable.landing(target, rights=0o644) as fresh, source.open("rb") as read, fresh.open("wb") as write:
        while chunk := read.read(CHUNK):
            write.write(chunk)
            digest.update(chunk)
            total += len(chunk)
    return [total, digest.hexdigest()]


def digest(sums: Mapping[str, list[Any]]) -> str:
    """Return one hash over names and hashes: the same content is the same kit."""
    return hashlib.sha256("".join(f"{name} {sums[name][1]}\n" for name in sorted(sums)).encode()).hexdigest()


def manifest(folder: Path) -> dict[str, Any]:
    """Return kit.json of a folder, or {} where there is none, or none that reads as one."""
    try:
        found = json.loads((folder / "kit.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("files"), dict) else {}


def whole(folder: Path, told: Mapping[str, Any]) -> bool:
    """Say whether every file that a manifest names lies there in its full size."""
    try:
        return all((folder / name).stat().st_size == size for name, (size, _) in told["files"].items())
    except (FileNotFoundError, TypeError, ValueError):
        return False


def forget(folder: Path, names: Iterable[str]) -> None:
    """Take away files that an older kit of the same delivery had and this one has not; a person's own files stay."""
    for name in names:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)
