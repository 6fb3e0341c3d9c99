"""What differs from what is remembered: drafts and outputs by their facts, without a parser and without settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from steadycast.bulk_render.cache import Made, Memory
from steadycast.errors import Problem
from steadycast.intake import folder

NO_LIMIT = folder.Limits(draft_bytes=1 << 62)  # whoever reads a draft knows how long it may be


@dataclass
class Differences:
    """One look at content/."""

    fresh: dict[str, folder.Print] = field(default_factory=dict)  # new or changed
    same: dict[str, Made] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)  # what cannot even be read


def look(content: Path, memory: Memory) -> Differences:
    """What lies in content/ against what `memory` knows; a file that is being written stands as it was."""
    found, known, standing = Differences(), memory.drafts, []
    same = found.same

    def unchanged(path: str, entry: os.DirEntry[str]) -> bool:
        made = known.get(path)
        if made is None:
            return False
        facts = entry.stat(follow_symlinks=False)
        if (facts.st_size, facts.st_mtime_ns, facts.st_ino) != made[:3] or (
            made[6] and not folder.are_the_same(made.media)
        ):
            return False
        same[path] = made
        return True

    for item in folder.scan(content, NO_LIMIT, unchanged=unchanged, reading=False):
        if isinstance(item, folder.Found):
            found.fresh[str(item.path)] = item.print
            continue
        if isinstance(item, Problem):
            found.problems.append(item)
        standing.append(str(item.path))
    if len(same) + len(found.fresh) < len(known) or found.fresh or standing:
        left = [path for path in known if path not in same and path not in found.fresh]
        kept = {path for path in left if any(_is_below(path, above) for above in standing)}
        same |= {path: known[path] for path in kept}
        found.gone = [path for path in left if path not in kept]
    return found


def _is_below(path: str, above: str) -> bool:
    return above in {"", ".", path} or path.startswith(f"{above}/")


def folders_of(drafts: dict[str, Made], channels: list[str]) -> list[str]:
    """Every folder below var/render in which these drafts' outputs may lie."""
    above = sorted({path.rpartition("/")[0] for path in drafts})
    return [f"{channel}/{folder_}" for channel in channels for folder_ in above]


def missing(render: Path, memory: Memory) -> dict[str, set[str]]:
    """Outputs that somebody removed, as path -> channels.

    Only folders that changed since the last run are listed: removing a file changes its folder's time. What was edited
    in place is not seen; `--force` makes everything again.
    """
    touched = {name for name, mtime in memory.folders.items() if _mtime(render / name) != mtime}
    if not touched:
        return {}
    there = {name: _names(render / name) for name in touched}
    found: dict[str, set[str]] = {}
    for path, made in memory.drafts.items():
        above, _, name = path.rpartition("/")
        stem = name.rpartition(".")[0]
        for channel, extension in made.files.items():
            names = there.get(f"{channel}/{above}")
            if names is not None and f"{stem}.{extension}" not in names:
                found.setdefault(path, set()).add(channel)
    return found


def folder_times(render: Path, folders: list[str]) -> dict[str, int]:
    """The present time of each folder, 0 for one that is not there."""
    return {name: _mtime(render / name) for name in folders}


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _names(path: Path) -> set[str]:
    try:
        with os.scandir(path) as entries:
            return {entry.name for entry in entries}
    except OSError:
        return set()
