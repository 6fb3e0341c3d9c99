"""What the last run made of what: one file under var/cache, read and written whole.

It is a cache: whatever is wrong with it means making everything once more, and writing what differs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

VERSION = 1  # of this file's form: another number is as good as no file


class Facts(NamedTuple):
    """What tells, without reading it, that a file or folder is the one seen before."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path | str) -> Facts | None:
        """The facts of what lies at `path`; None where nothing does."""
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


class Fault(NamedTuple):
    """Why a draft, or a channel's post of it, could not be made."""

    line: int | None
    message: str
    hint: str


class Made(NamedTuple):
    """One draft as it was read last, and what was written for it."""

    size: int
    mtime_ns: int
    inode: int
    revision: str  # "" where it could not be read
    shown: bool  # False: nobody has approved it, so nothing was written
    files: dict[str, str] = {}  # noqa: RUF012  channel -> extension of what was written; a tuple cannot be changed
    media: list[list[Any]] = []  # noqa: RUF012  each file that it names: path, size, mtime_ns
    faults: list[list[Any]] = []  # noqa: RUF012


@dataclass
class Memory:
    """All that one selection of channels was made of."""

    inputs: dict[str, Sequence[int] | None] = field(
        default_factory=dict
    )  # settings, templates, our own code: path -> Facts
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
            kinds = kept.pop("kinds")
            rows = kept.pop("drafts")
            drafts = {path: Made._make((*row[:5], kinds[row[5]], *row[6:8])) for path, row in rows.items()}
            return cls(drafts=drafts, **kept)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def save(self, file: Path) -> None:
        """Writes it whole. Not made durable: what a crash loses is made again."""
        kinds: dict[tuple[tuple[str, str], ...], int] = {}  # most drafts have the same files: each kind is kept once
        rows = {}
        for path, made in self.drafts.items():
            kind = kinds.setdefault(tuple(made.files.items()), len(kinds))
            rows[path] = (*made[:5], kind, *made[6:])
        told = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "drafts"}
        told["inputs"] = {path: facts and list(facts) for path, facts in self.inputs.items()}
        whole = {"version": VERSION, "kinds": [dict(kind) for kind in kinds], "drafts": rows, **told}
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".tmp")
        fresh.write_bytes(orjson.dumps(whole))
        fresh.replace(file)

    def inputs_unchanged(self) -> bool:
        """Whether settings, templates and code are what they were."""
        return all(Facts.of(path) == (tuple(facts) if facts else None) for path, facts in self.inputs.items())
