"""What we put on the far side: one list of files and their hashes, which lies there beside them. Pure.

Only what stands in it is ever taken away. A file that is being written, or taken away, stands in it without its hash,
so that a cut in the middle leaves nothing that would be taken for somebody else's, or for up to date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from steadycast.errors import Refused
from steadycast.language import gettext as _
from steadycast.language import quoted

LIST = ".steadycast-upload.json"
FORMAT = 1
MOST_BYTES = 50_000_000  # of a list that is read
COMING, CHANGING = "", "~"  # in the place of a hash: it may be there or not; it is there, as it was or as it is to be
# What shows others comes after what it shows. Everything else of a page (pictures, styles) comes before it.
_SHOWING = (".html", ".xml", ".json", ".ics", ".txt")
_ENTRANCE = "index.html"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files that one channel has on the far side, and the posts that they show."""

    owner: str  # whose they are: no two channels share a folder
    files: Mapping[str, str] = field(default_factory=dict)  # name -> SHA-256, or COMING, or CHANGING
    posts: Mapping[str, str] = field(default_factory=dict)  # key -> SHA-256 of its record

    def to_bytes(self) -> bytes:
        """As it lies on the far side; the same manifest gives the same bytes."""
        told = {"steadycast": FORMAT, "owner": self.owner, "files": dict(self.files), "posts": dict(self.posts)}
        return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=0).encode()

    @classmethod
    def read(cls, data: bytes, place: str) -> Manifest:
        """The manifest of these bytes; Refused where they are none, or name a file outside of the folder."""
        try:
            told: Any = json.loads(data[:MOST_BYTES])
            files, posts = dict(told["files"]), dict(told["posts"])
            fine = told["steadycast"] == FORMAT and isinstance(told["owner"], str)
            fine = fine and all(isinstance(v, str) for v in (*files.values(), *posts.values()))
        except (ValueError, KeyError, TypeError):
            fine, files, posts, told = False, {}, {}, {}
        if not fine or not all(map(inside, files)):
            said = _(
                "%(file)s at %(place)s is not as Steadycast wrote it: remove it there, and set overwrite = true for "
                "one upload",
                file=LIST,
                place=place,
            )
            raise Refused(said)
        return cls(told["owner"], files, posts)


def inside(name: str) -> bool:
    """Whether a name means a file below the folder, and not our list."""
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and not _CONTROL.search(name) and name != LIST


@dataclass(frozen=True, slots=True)
class Chunk:
    """One portion of an upload, done in this order: `before`, `new`, `changed`, `gone`, `after`."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    before: bytes | None = None  # the list that is written first
    after: bytes | None = None  # and the one that is written last


def chunks(  # noqa: PLR0917 all of one upload
    have: Manifest, want: Manifest, sizes: Mapping[str, int], pages: frozenset[str], files: int, size: int
) -> Iterator[Chunk]:
    """The portions that bring the far side from `have` to `want`, at most so many files and bytes each (one at least).

    New files come first, as nothing there leads to them yet. So no page that changes leads to one that is missing, and
    among new ones the posts' own `pages` come before all that lists them. What is gone goes last, the lists before the
    pages. The list of files is whole after each portion.
    """
    new = [name for name in want.files if have.files.get(name, COMING) == COMING]
    changed = [name for name in want.files if have.files.get(name, COMING) not in (COMING, want.files[name])]
    gone = [name for name in have.files if name not in want.files]
    new.sort(key=lambda name: rank(name, pages))
    changed.sort(key=lambda name: rank(name, pages))
    gone.sort(key=lambda name: rank(name, pages), reverse=True)
    begun = dict.fromkeys((*new, *gone), COMING) | dict.fromkeys(changed, CHANGING)
    fresh, known = set(new), dict(have.files) | dict.fromkeys(gone, COMING)
    portions = list(_portions([*new, *changed], sizes, files, size)) or [()]
    ahead = {name: begun[name] for name in portions[0]}
    before: bytes | None = Manifest(have.owner, known | ahead, have.posts).to_bytes()
    for n, portion in enumerate(portions):
        last = n + 1 == len(portions)
        known |= {name: want.files[name] for name in portion}
        ahead = {} if last else {name: begun[name] for name in portions[n + 1]}
        after = want if last else Manifest(have.owner, known | ahead, have.posts)
        yield Chunk(
            tuple(name for name in portion if name in fresh),
            tuple(name for name in portion if name not in fresh),
            tuple(gone) if last else (),
            before,
            after.to_bytes(),
        )
        before = None


def rank(name: str, pages: frozenset[str]) -> tuple[int, int, str]:
    """What comes first: what shows nothing else, then posts' own pages, then what lies deep, and last the entrance."""
    if not name.endswith(_SHOWING):
        return 0, 0, name
    if name in pages:
        return 1, 0, name
    return (3 if name == _ENTRANCE else 2), -name.count("/"), name


def _portions(names: Iterable[str], sizes: Mapping[str, int], files: int, size: int) -> Iterator[tuple[str, ...]]:
    portion, bytes_ = list[str](), 0
    for name in names:
        if portion and (len(portion) == files or bytes_ + sizes[name] > size):
            yield tuple(portion)
            portion, bytes_ = [], 0
        portion.append(name)
        bytes_ += sizes[name]
    if portion:
        yield tuple(portion)


def owned(data: bytes | None, owner: str, place: str) -> Manifest | None:
    """The manifest that lies on the far side, None where there is none; Refused where it is another channel's."""
    if data is None:
        return None
    found = Manifest.read(data, place)
    if found.owner != owner:
        said = _(
            "%(place)s is the place of %(other)s: give this channel a folder of its own. If it is the same under "
            "another name, remove %(file)s there, and set overwrite = true for one upload",
            place=place,
            other=quoted(found.owner[:100]),
            file=LIST,
        )
        raise Refused(said)
    return found
