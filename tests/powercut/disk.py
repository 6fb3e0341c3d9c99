"""A disk that can lose its power: what is durable, what is not yet, and the images that may be left of it.

Two kinds of disk, both harsher than most real ones:

`ext4`    Names and sizes (create, rename, link, unlink, mkdir, truncate) become durable in the order in which they
          were asked for, and any fsync makes all of them durable so far: one journal. Un-synced data may be lost, in
          part or whole, in any order, even where a rename has made its file visible (no auto_da_alloc).
`posix`   Nothing more than the standard promises: a name is durable once its own folder was synced, a file's bytes
          once the file was. Each un-synced name and each un-synced write is kept, lost or torn for itself.

Torn: of one write some sectors (512 bytes) or blocks (4096) are kept, others not. A rename within one folder is atomic.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXT4, POSIX = "ext4", "posix"
KINDS = (EXT4, POSIX)
CHANCES = (0.0, 1.0, 0.5, 0.1, 0.9)  # of an un-synced change to be kept: two ends, and three ways between


@dataclass(slots=True)
class Change:
    """A write, or with `data` None a truncation to `offset`."""

    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def pieces(self, size: int) -> Iterator[Change]:
        """The same write as the sectors it falls on."""
        if self.data is None:
            yield self
            return
        at, end = self.offset, self.offset + len(self.data)
        while at < end:
            until = min(end, at - at % size + size)
            yield Change(at, self.data[at - self.offset : until - self.offset])
            at = until


@dataclass(eq=False, slots=True)
class File:
    """A file's bytes as processes see them, as the disk surely holds them, and what lies between."""

    live: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        change.apply(self.live)
        self.pending.append(change)

    def sync(self) -> None:
        if self.pending:
            self.durable = bytearray(self.live)
            self.pending = []

    def shorten(self) -> None:
        """Make the truncations durable, and nothing of what was written."""
        while cut := next((c for c in reversed(self.pending) if c.data is None), None):
            at = self.pending.index(cut)
            before = [Change(c.offset, c.data[: max(0, cut.offset - c.offset)]) for c in self.pending[:at] if c.data]
            cut.apply(self.durable)
            self.pending = [c for c in before if c.data] + self.pending[at + 1 :]

    def image(self, rng: random.Random, chance: float, tear: int) -> bytes:
        """The bytes that may be left of it."""
        content = bytearray(self.durable)
        for change in self.pending:
            for piece in change.pieces(tear) if tear else (change,):
                if rng.random() < chance:
                    piece.apply(content)
        return bytes(content)


@dataclass(eq=False, slots=True)
class Folder:
    """A folder's names as processes see them, and as the disk surely holds them."""

    live: dict[str, File | Folder] = field(default_factory=dict)
    durable: dict[str, File | Folder] = field(default_factory=dict)


Node = File | Folder


@dataclass(eq=False, slots=True)
class Naming:
    """A change of names in one folder that happens whole or not at all; None takes a name away."""

    folder: Folder
    names: dict[str, Node | None]


class Disk:
    """One disk of one kind, told of everything that is asked of it."""

    def __init__(self, kind: str, root: Folder) -> None:
        self.kind = kind
        self.root = root
        self.pending: list[
            Naming | tuple[File, Change]
        ] = []  # in order: names, and for ext4 the truncations among them

    def name(self, folder: Folder, names: dict[str, Node | None]) -> None:
        _rename(folder.live, names)
        self.pending.append(Naming(folder, names))

    def rename(self, old: tuple[Folder, str], new: tuple[Folder, str]) -> None:
        node = old[0].live[old[1]]
        if old[0] is new[0]:
            self.name(old[0], {old[1]: None, new[1]: node})
        else:
            self.name(new[0], {new[1]: node})
            self.name(old[0], {old[1]: None})

    def write(self, file: File, change: Change) -> None:
        file.change(change)
        if self.kind == EXT4 and change.data is None:
            self.pending.append((file, change))

    def sync(self, node: Node) -> None:
        if self.kind == EXT4:
            for done in self.pending:
                if isinstance(done, Naming):
                    _rename(done.folder.durable, done.names)
                else:
                    done[0].shorten()
            self.pending = []
        elif isinstance(node, Folder):
            for done in self.pending:
                if isinstance(done, Naming) and done.folder is node:
                    _rename(node.durable, done.names)
            self.pending = [p for p in self.pending if not (isinstance(p, Naming) and p.folder is node)]
        if isinstance(node, File):
            node.sync()

    def image(self, rng: random.Random) -> dict[str, bytes]:
        """One of the states that a cut may leave behind: path -> bytes; an empty folder is left out."""
        chance, tear = rng.choice(CHANCES), rng.choice((0, 512, 4096))
        names = self._kept(rng, chance)
        done: dict[int, bytes] = {}
        return dict(self._walk(self.root, "", names, lambda f: _once(done, f, rng, chance, tear)))

    def _kept(self, rng: random.Random, chance: float) -> dict[int, list[Naming]]:
        """The namings that are on the disk, by folder: for ext4 the first so many, else each for itself."""
        if self.kind == EXT4:
            count = {0.0: 0, 1.0: len(self.pending)}.get(chance, rng.randint(0, len(self.pending)))
            kept = self.pending[:count]
        else:
            kept = [p for p in self.pending if rng.random() < chance]
        found: dict[int, list[Naming]] = {}
        for naming in kept:
            if isinstance(naming, Naming):
                found.setdefault(id(naming.folder), []).append(naming)
        return found

    def _walk(self, folder: Any, path: Any, names: Any, content: Any) -> Iterator[Any]:
        entries = dict(folder.durable)
        for naming in names.get(id(folder), ()):
            _rename(entries, naming.names)
        for name, node in entries.items():
            if isinstance(node, Folder):
                yield from self._walk(node, f"{path}{name}/", names, content)
            else:
                yield f"{path}{name}", content(node)


def _once(done: Any, file: Any, rng: Any, chance: Any, tear: Any) -> Any:
    """A file of two names has the same bytes under both."""
    if id(file) not in done:
        done[id(file)] = file.image(rng, chance, tear)
    return done[id(file)]


def _rename(entries: dict[str, Node], names: dict[str, Node | None]) -> None:
    for name, node in names.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


def load(folder: Path) -> Folder:
    """A real folder as a disk holds it, all of it durable."""
    made = Folder()
    for entry in folder.iterdir():
        if entry.is_symlink():
            raise ValueError(f"{entry}: links are not modelled")
        node: Node = load(entry) if entry.is_dir() else File()
        if isinstance(node, File):
            node.durable = bytearray(entry.read_bytes())
            node.live = bytearray(node.durable)
        made.durable[entry.name] = node
    made.live = dict(made.durable)
    return made
