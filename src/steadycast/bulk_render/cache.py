"""What the last run made of what, and what differs from it now: one file under var/cache, written whole.

It is a cache: whatever is wrong with it means making everything once more, and writing what differs. Nothing here needs
settings, a parser or a template: a run that finds nothing changed loads none of them. Nor does it read what was made of
each draft: its first line tells of all of them together (`Summary`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from steadycast.errors import Problem
from steadycast.intake.stamps import Limits, Stamp, are_the_same

if TYPE_CHECKING:
    from steadycast.intake import folder

VERSION = 4  # of this file's form: another number is as good as no file
NO_LIMIT = Limits(draft_bytes=1 << 62)  # whoever reads a draft knows how long it may be


class Made(NamedTuple):
    """One draft as it was read last, and what was written for it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    revision: str  # "" where it could not be read
    shown: bool  # False: nobody has approved it, so nothing was written
    files: dict[str, str]  # channel -> extension of what was written
    media: list[list[Any]]  # each file that it names: path, size, mtime_ns, ctime_ns
    faults: list[list[Any]]  # why it, or a channel's post of it, could not be made: line, message, hint

    def outputs(self, path: str) -> Iterable[str]:
        """The files below var/render that were written for it; `path` is its own, below content/."""
        stem = stem_of(path)
        return [f"{channel}/{stem}.{extension}" for channel, extension in self.files.items()]


@dataclass(frozen=True)
class Summary:
    """What is remembered of all drafts together: enough to know that nothing has changed, and to say what there is."""

    inputs: dict[str, list[int] | None]
    folders: dict[str, int]
    media: list[list[Any]]  # each file that a draft names: path, size, mtime_ns, ctime_ns
    hides: bool  # a draft that nobody had approved, or that could not be read: another run may show it
    drafts: int
    channels: int
    outputs: int
    faults: list[list[Any]]  # path, line, message, hint
    stamps: bytes = b""  # of all drafts, as `_line` writes them

    @classmethod
    def load(cls, file: Path) -> Summary | None:
        """What `file` begins with; None where there is none that can be used."""
        try:
            with file.open("rb") as kept:
                version, summary = orjson.loads(kept.readline())
                return cls(**summary, stamps=kept.readline()) if version == VERSION else None
        except (OSError, ValueError, TypeError):
            return None

    def holds(self, lying: Mapping[str, Stamp], render: Path) -> bool:
        """Whether drafts, what they name, settings, code and outputs are all what they were."""
        return (
            not self.hides
            and _line(lying) == self.stamps
            and _unchanged(self.inputs)
            and are_the_same(self.media)
            and not _touched(self.folders, render)
        )


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
        if (summary := Summary.load(file)) is None:
            return None
        try:
            kept = orjson.loads(file.read_bytes().split(b"\n", 2)[2])
            drafts = {path: Made._make(row) for path, row in kept["drafts"].items()}
            return cls(summary.inputs, dict(kept["editions"]), drafts, summary.folders)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def save(self, file: Path) -> None:
        """Writes it whole. Not made durable: what a crash loses is made again."""
        drafts = {path: tuple(made) for path, made in self.drafts.items()}
        fresh = file.with_suffix(".tmp")
        summary = orjson.dumps((VERSION, _plain(self.summary()))) + b"\n"
        stamps = _line({path: made[:4] for path, made in self.drafts.items()})
        fresh.write_bytes(summary + stamps + orjson.dumps({"editions": self.editions, "drafts": drafts}))
        fresh.replace(file)

    def summary(self) -> Summary:
        """What it says of all drafts together."""
        all_made = self.drafts.values()
        return Summary(
            self.inputs,
            self.folders,
            sorted({tuple(each): each for made in all_made for each in made.media}.values()),
            any(not made.shown and not (made.faults and made.revision) for made in all_made),
            len(self.drafts),
            len(self.editions),
            sum(len(made.files) for made in all_made),
            [[path, *fault] for path, made in self.drafts.items() for fault in made.faults],
        )

    def inputs_unchanged(self) -> bool:
        """Whether settings, templates and code are what they were."""
        return _unchanged(self.inputs)

    def missing(self, render: Path) -> dict[str, set[str]]:
        """Outputs that somebody removed, as path -> channels.

        Only folders that changed since the last run are listed: removing a file changes its folder's time. What was
        edited in place is not seen; `--force` makes everything again.
        """
        touched = _touched(self.folders, render)
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


def differences(lying: Mapping[str, Stamp], known: Mapping[str, Made]) -> Differences | None:
    """What lies in content/ against what is known; None where a file was written just now, and has to be waited for."""
    from steadycast.intake import folder  # a run that finds nothing changed does without

    found = Differences()
    settled = time.time_ns() - int(NO_LIMIT.recent * 1e9)
    for path, stamp in lying.items():
        made = known.get(path)
        if made is not None and made.revision and made[:4] == stamp and (not made.media or are_the_same(made.media)):
            found.same[path] = made
        elif stamp[1] > settled:  # or in the future
            return None
        else:
            found.fresh[path] = folder.FileStamp(*stamp)
    found.gone = any(path not in lying for path in known)
    return found


def look(content: Path, known: dict[str, Made]) -> Differences:
    """What a scan tells of content/ against what is known; a file that is being written stands as it was."""
    from steadycast.intake import folder

    found, standing = Differences(), []
    same = found.same

    def unchanged(path: str, entry: os.DirEntry[str]) -> bool:
        made = known.get(path)
        if made is None or not made.revision:  # what it lacked, a picture it may be, can be there by now
            return False
        now = entry.stat(follow_symlinks=False)
        if (now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino) != made[:4] or (
            made.media and not are_the_same(made.media)
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


def _unchanged(inputs: Mapping[str, list[int] | None]) -> bool:
    return all(facts(path) == known for path, known in inputs.items())


def _touched(folders: Mapping[str, int], render: Path) -> set[str]:
    return {name for name, mtime in folders.items() if _mtime(render / name) != mtime}


def _plain(summary: Summary) -> dict[str, Any]:
    return {name: value for name, value in vars(summary).items() if name != "stamps"}


def _line(drafts: Mapping[str, Sequence[int]]) -> bytes:
    """All of their stamps as one line: compared as bytes, that makes no object of a draft."""
    return orjson.dumps(sorted(drafts.items()), option=orjson.OPT_APPEND_NEWLINE)


def _mtime(path: Path) -> int:
    found = facts(str(path))
    return found[1] if found else 0
