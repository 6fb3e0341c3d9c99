"""What the last run made of what, and what differs from it now: one file under var/cache, written whole.

It is a cache: whatever is wrong with it means making everything once more, and writing what differs. Nothing here needs
settings, a parser or a template: a run that finds nothing changed loads none of them. Nor does it read what was made of
each draft: its first line tells of all of them together (`Summary`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from steadycast.bulk_render.all_made import AllMade
from steadycast.crash_safety import cache_files
from steadycast.crash_safety.cache_files import facts
from steadycast.intake.stamps import Stamp, are_the_same

VERSION = 7  # of this file's form: another number is as good as no file


class Summary(NamedTuple):
    """What is remembered of all drafts together: enough to know that nothing has changed, and to say what there is."""

    inputs: dict[str, list[int] | None]
    folders: dict[str, int]
    runs: dict[str, str]  # channel -> the run that wrote for it last
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
            with cache_files.opened(file) as kept:
                version, summary = orjson.loads(kept.readline())
                return cls(**summary, stamps=kept.readline()) if version == VERSION else None
        except (OSError, ValueError, TypeError):
            return None

    def holds(self, lying: Mapping[str, Stamp], render: Path, runs: Mapping[str, str]) -> bool:
        """Whether drafts, what they name, settings, code and outputs are all what they were."""
        return (
            not self.hides
            and _line(lying) == self.stamps
            and _unchanged(self.inputs)
            and are_the_same(self.media)
            and not _touched(self.folders, render)
            and self.runs == {name: runs.get(name) for name in self.runs}
        )


@dataclass
class Memory:
    """All that one selection of channels was made of."""

    inputs: dict[str, list[int] | None] = field(default_factory=dict)  # settings, templates, our own code -> facts
    editions: dict[str, str] = field(default_factory=dict)  # channel -> what its posts were made with
    drafts: AllMade = field(default_factory=AllMade)
    folders: dict[str, int] = field(default_factory=dict)  # folder below var/render -> its mtime_ns after the run
    runs: dict[str, str] = field(default_factory=dict)  # channel -> the run that wrote for it last

    @classmethod
    def load(cls, file: Path) -> Memory | None:
        """What `file` remembers; None where there is none that can be used."""
        if (summary := Summary.load(file)) is None:
            return None
        try:
            kept = orjson.loads(cache_files.read(file).split(b"\n", 2)[2])
            drafts = AllMade.read(orjson.loads(summary.stamps), kept["drafts"])
            return cls(summary.inputs, dict(kept["editions"]), drafts, summary.folders, summary.runs)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def save(self, file: Path) -> None:
        """Writes it whole. Not made durable: what a crash loses is made again."""
        fresh = file.with_suffix(".tmp")
        summary = orjson.dumps((VERSION, _plain(self.summary()))) + b"\n"
        stamps = _line(self.drafts.in_order().stamps)
        fresh.write_bytes(summary + stamps + orjson.dumps({"editions": self.editions, "drafts": self.drafts.columns()}))
        fresh.replace(file)

    def summary(self) -> Summary:
        """What it says of all drafts together."""
        drafts = self.drafts
        return Summary(
            self.inputs,
            self.folders,
            self.runs,
            sorted({tuple(each): each for media in drafts.media.values() for each in media}.values()),
            bool(drafts.unread or drafts.hidden - drafts.faults.keys()),
            len(drafts),
            len(self.editions),
            drafts.outputs,
            [[path, *fault] for path, faults in sorted(drafts.faults.items()) for fault in faults],
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
        above = sorted({path.rpartition("/")[0] for path in self.drafts.stamps})
        names = [f"{channel}/{folder_}" for channel in self.editions for folder_ in above]
        self.folders = {name: _mtime(render / name) for name in names}


class Runs:
    """Which run wrote for each channel last: one for a channel alone is not remembered by those for all."""

    def __init__(self, file: Path) -> None:
        self._file = file
        told = cache_files.read_json(file)
        self.known: dict[str, str] = told if isinstance(told, dict) else {}

    def begin(self, channels: Iterable[str]) -> None:
        """Notes a new run, before it writes anything."""
        self.known |= dict.fromkeys(channels, os.urandom(8).hex())
        fresh = self._file.with_suffix(".tmp")
        fresh.write_bytes(orjson.dumps(self.known))
        fresh.replace(self._file)

    def of(self, channels: Iterable[str]) -> dict[str, str]:
        """The run that wrote for each of these."""
        return {name: self.known.get(name, "") for name in channels}


def _unchanged(inputs: Mapping[str, list[int] | None]) -> bool:
    return all(facts(path) == known for path, known in inputs.items())


def _touched(folders: Mapping[str, int], render: Path) -> set[str]:
    return {name for name, mtime in folders.items() if _mtime(render / name) != mtime}


def _plain(summary: Summary) -> dict[str, Any]:
    return {name: value for name, value in summary._asdict().items() if name != "stamps"}


def _line(drafts: Mapping[str, Stamp]) -> bytes:
    """All of their stamps as one line: compared as bytes, that makes no object of a draft."""
    return orjson.dumps(sorted(drafts.items()), option=orjson.OPT_APPEND_NEWLINE)


def _mtime(path: Path) -> int:
    found = facts(str(path))
    return found[1] if found else 0
