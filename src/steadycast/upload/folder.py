"""A channel's folder as it is on this machine: each file's hash, read again only where the file is another."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steadycast.crash_safety import cache_files, durable

_HASH = re.compile(r"[0-9a-f]{64}")
RECORDS = "posts/"  # what a folder platform keeps of its posts: it is read, and never uploaded


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """The files that are uploaded, and the records of the posts that they show."""

    root: Path
    files: dict[str, str] = field(default_factory=dict)  # name -> SHA-256
    sizes: dict[str, int] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)  # key -> SHA-256 of its record

    @classmethod
    def read(cls, root: Path, cache: Path) -> LocalFolder:
        """The folder as it is now; hidden files, links and whatever is no file are left out.

        `cache` is a file that keeps what was hashed: inode, times and size tell whether it is the same still.
        """
        kept, fresh, found = _kept(cache), dict[str, list[Any]](), cls(root)
        for name, stat in _walk(root, ""):
            stamp = [stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size]
            *before, digest = kept.get(name, [""])
            if before != stamp or not _HASH.fullmatch(digest):
                digest = _hash(root / name)
            fresh[name] = [*stamp, digest]
            if name.startswith(RECORDS):
                found.posts[name.removeprefix(RECORDS).removesuffix(".json")] = digest
            else:
                found.files[name], found.sizes[name] = digest, stat.st_size
        found.posts.pop("index", None)
        if fresh != kept:
            durable.make_folder(cache.parent)
            durable.put(cache, json.dumps(fresh, ensure_ascii=False).encode())
        return found


def _walk(root: Path, below: str) -> Iterator[tuple[str, os.stat_result]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(root / below) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                yield from _walk(root, f"{below}{entry.name}/")
            elif entry.is_file():
                yield f"{below}{entry.name}", entry.stat()


def _hash(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _kept(cache: Path) -> dict[str, list[Any]]:
    kept = cache_files.read_json(cache)
    if not isinstance(kept, dict):
        return {}
    return {name: told for name, told in kept.items() if isinstance(told, list) and told and isinstance(told[-1], str)}
