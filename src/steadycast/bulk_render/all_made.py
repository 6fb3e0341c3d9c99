"""What was made of each draft, by columns: to change one of ten thousand, no object is made of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

from steadycast.intake.stamps import Stamp


class Made(NamedTuple):
    """One draft as it was read last, and what was written for it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    revision: str  # "" where it could not be read
    shown: bool  # False: nobody has approved it, so nothing was written
    files: Mapping[str, str]  # channel -> extension of what was written
    media: list[list[Any]]  # each file that it names: path, size, mtime_ns, ctime_ns
    faults: list[list[Any]]  # why it, or a channel's post of it, could not be made: line, message, hint

    def outputs(self, path: str) -> Iterable[str]:
        """The files below var/render that were written for it; `path` is its own, below content/."""
        stem = stem_of(path)
        return [f"{channel}/{stem}.{extension}" for channel, extension in self.files.items()]


class AllMade(MutableMapping[str, Made]):
    """`Made` of each draft, by its path below content/; a `Made` is put together when it is asked for."""

    def __init__(self) -> None:
        self.stamps: dict[str, Stamp] = {}
        self.hidden: set[str] = set()  # what is not shown
        self.media: dict[str, list[list[Any]]] = {}  # of those that name any
        self.faults: dict[str, list[list[Any]]] = {}  # of those that have any
        self._revisions: dict[str, str] = {}
        self._kinds: list[Mapping[str, str]] = []  # what was written, of all that are alike once
        self._kind: dict[str, int] = {}

    @classmethod
    def read(cls, stamps: Iterable[tuple[str, list[int]]], columns: Mapping[str, Any]) -> AllMade:
        """As `columns` wrote it; raises ValueError, TypeError or LookupError where it did not."""
        made = cls()
        made.stamps = {path: (size, mtime, ctime, inode) for path, (size, mtime, ctime, inode) in stamps}
        made._revisions = dict(zip(made.stamps, columns["revisions"], strict=True))
        made._kind = dict(zip(made.stamps, columns["kind"], strict=True))
        made._kinds = [dict(each) for each in columns["kinds"]]
        made.hidden, made.media, made.faults = set(columns["hidden"]), dict(columns["media"]), dict(columns["faults"])
        exceptional = made.hidden | made.media.keys() | made.faults.keys()
        if not (set(made._kind.values()) <= set(range(len(made._kinds))) and exceptional <= made.stamps.keys()):
            raise LookupError
        return made

    def columns(self) -> dict[str, Any]:
        """All but the stamps, in their order, as plain values."""
        used = {number: n for n, number in enumerate(dict.fromkeys(self._kind.values()))}
        return {
            "revisions": [self._revisions[path] for path in self.stamps],
            "kinds": [self._kinds[number] for number in used],
            "kind": [used[self._kind[path]] for path in self.stamps],
            "hidden": sorted(self.hidden),
            "media": self.media,
            "faults": self.faults,
        }

    def __getitem__(self, path: str) -> Made:
        of_files = self.media.get(path, []), self.faults.get(path, [])
        shown, files = path not in self.hidden, self._kinds[self._kind[path]]
        return Made(*self.stamps[path], self._revisions[path], shown, files, *of_files)

    def __setitem__(self, path: str, made: Made) -> None:
        self.pop(path, None)
        self.stamps[path] = made[:4]
        self._revisions[path] = made.revision
        if made.files not in self._kinds:
            self._kinds.append(made.files)
        self._kind[path] = self._kinds.index(made.files)
        if not made.shown:
            self.hidden.add(path)
        if made.media:
            self.media[path] = made.media
        if made.faults:
            self.faults[path] = made.faults

    def __delitem__(self, path: str) -> None:
        del self.stamps[path], self._revisions[path], self._kind[path]
        self.hidden.discard(path)
        self.media.pop(path, None)
        self.faults.pop(path, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.stamps)

    def __len__(self) -> int:
        return len(self.stamps)

    def __contains__(self, path: object) -> bool:
        return path in self.stamps

    def of(self, paths: Collection[str], channels: Collection[str]) -> AllMade:
        """What was made of those drafts for those channels."""
        found = AllMade()
        found.stamps = {path: stamp for path, stamp in self.stamps.items() if path in paths}
        found._revisions, found._kind = self._revisions.copy(), self._kind.copy()
        found._kinds = [{name: end for name, end in each.items() if name in channels} for each in self._kinds]
        found.hidden = self.hidden & found.stamps.keys()
        found.media = {path: media for path, media in self.media.items() if path in paths}
        found.faults = {path: faults for path, faults in self.faults.items() if path in paths}
        for path in self.stamps.keys() - found.stamps.keys():
            del found._revisions[path], found._kind[path]
        return found

    def in_order(self) -> AllMade:
        """The same, ordered by path."""
        self.stamps = dict(sorted(self.stamps.items()))
        return self

    @property
    def unread(self) -> set[str]:
        """Those that could not be read: what they lacked, a picture it may be, can be there by now."""
        return {path for path in self.hidden if not self._revisions[path]}

    @property
    def outputs(self) -> int:
        """How many files were written for all of them."""
        many = [len(files) for files in self._kinds]
        return sum(many[kind] for kind in self._kind.values())


def stem_of(path: str) -> str:
    """A draft's path without its suffix: what its outputs are called."""
    return path.rpartition(".")[0]
