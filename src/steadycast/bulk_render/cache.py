"""What the last run made of what, and what differs from it now: one file under var/cache, read and written whole.

It is a cache: whatever is wrong with it means making everything once more, and writing what differs. Nothing here needs
settings, a parser or a template: a run that finds nothing changed loads none of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from steadycast.errors import Problem
from steadycast.intake import folder

VERSION = 2  # of this file's form: another number is as good as no file
NO_LIMIT = folder.Limits(draft_bytes=1 << 62)  # whoever reads a draft knows how long it may be


class Made(NamedTuple):
    """One draft as it was read last, and what was written for it."""

    size: int
    mtime_ns: int
    inode: int
    revision: str  # "" where it could not be read
    shown: bool  # False: nobody has approved it, so nothing was written
    files: dict[str, str]  # channel -> extension of what was written
    media: list[list[Any]]  # each file that it names: path, size, mtime_ns
    faults: list[list[Any]]  # why it, or a channel's post of it, could not be made: line, message, hint

    def outputs(self, path: str) -> Iterable[str]:
        """The files below var/render that were written for it; `path` is its own, below content/."""
        stem = stem_of(path)
        return [f"{channel}/{stem}.{extension}" for channel, extension in self.files.items()]


@dataclass
class Memory:
    """All that one selection of channels was made of."""

    inputs: dict[str, list[int] | None] = field(default_factory=dict)  # settings, templates, our own code -> facts
    editions: dict[str, str] = field(default_factory=dict)  # channel -> what its posts were made with
    drafts: dict[str, Made] = field(default_factory=dict)  # path below content/ -> what was made of it
    folders: dict[str, int] = field(default_factory=dict)  # folder below var/render -> its mtime_ns after the run

    @classmethod
    def load(cls, file: Path) -> Memory | None:
        """What `file` remembers; None where there is none that can be used."""
        try:
            kept = orjson.loads(file.read_bytes())
            if kept.pop("version") != VERSION:
                return None
            drafts = {path: Made._make(row) for path, row in kept.pop("drafts").items()}
            return cls(drafts=drafts, **kept)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, file: Path) -> None:
        """Writes it whole. Not made durable: what a crash loses is made again."""
        drafts = {path: tuple(made) for path, made in self.drafts.items()}
        fresh = file.with_suffix(".tmp")
        fresh.write_bytes(orjson.dumps({**vars(self), "version": VERSION, "drafts": drafts}))
        fresh.replace(file)

    def inputs_unchanged(self) -> bool:
        """Whether settings, templates and code are what they were."""
        return all(facts(path) == known for path, known in self.inputs.items())

    def missing(self, render: Path) -> dict[str, set[str]]:
        """Outputs that somebody removed, as path -> channels.

        Only folders that changed since the last run are listed: removing a file changes its folder's time. What was
        edited in place is not seen; `--force` makes everything again.
        """
        touched = {name for name, mtime in self.folders.items() if _mtime(render / name) != mtime}
        found: dict[str, set[str]] = {}
        for path, made in self.drafts.items() if touched else ():
            above = path.rpartition("/")[0]
            for channel, output in zip(made.files, made.outputs(path), strict=True):
                if f"{channel}/{above}" in touched and not (render / output).exists():
                    found.setdefault(path, set()).add(channel)
        return found

    def note_folders(self, render: Path) -> None:
        """Remembers the present time of every folder in which outputs may lie, 0 for one that is not there."""
        above = sorted({path.rpartition("/")[0] for path in self.drafts})
        names = [f"{channel}/{folder_}" for channel in self.editions for folder_ in above]
        self.folders = {name: _mtime(render / name) for name in names}


@dataclass
class Differences:
    """One look at content/."""

    fresh: dict[str, folder.FileStamp] = field(default_factory=dict)  # new or changed
    same: dict[str, Made] = field(default_factory=dict)
    gone: bool = False  # something that is remembered
    problems: list[Problem] = field(default_factory=list)  # what cannot even be read


def look(content: Path, known: dict[str, Made]) -> Differences:
    """What lies in content/ against what is known; a file that is being written stands as it was."""
    found, standing = Differences(), []
    same = found.same

    def unchanged(path: str, entry: os.DirEntry[str]) -> bool:
        made = known.get(path)
        if made is None:
            return False
        now = entry.stat(follow_symlinks=False)
        if (now.st_size, now.st_mtime_ns, now.st_ino) != made[:3] or (
            made.media and not folder.are_the_same(made.media)
        ):
            return False
        same[path] = made
        return True

    for item in folder.scan(content, NO_LIMIT, unchanged=unchanged, reading=False):
        if isinstance(item, folder.DraftFile):
            found.fresh[str(item.path)] = item.stamp
            continue
        if isinstance(item, Problem):
            found.problems.append(item)
        standing.append(item.where if isinstance(item, Problem) else str(item.path))
    if len(same) + len(found.fresh) < len(known) or found.fresh or standing:
        left = [path for path in known if path not in same and path not in found.fresh]
        kept = {path: known[path] for path in left if any(_is_below(path, above) for above in standing)}
        same |= kept
        found.gone = len(kept) < len(left)
    return found


def _is_below(path: str, above: str) -> bool:
    return above in {"", ".", path} or path.startswith(f"{above}/")


def stem_of(path: str) -> str:
    """A draft's path without its suffix: what its outputs are called."""
    return path.rpartition(".")[0]


def facts(path: str) -> list[int] | None:
    """What tells, without reading it, that a file or folder is the one seen before; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _mtime(path: Path) -> int:
    found = facts(str(path))
    return found[1] if found else 0
