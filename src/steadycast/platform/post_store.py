"""What a file platform has published: one file a post under its own folder, and how far its pages have caught up.

A platform whose far side is a folder (pages, feeds, calendars) keeps its posts here and makes everything else from
them. `posts/<key>.json` is the truth; the index beside them is written last, and says which posts everything else has
taken in. Whatever a crash left between the two shows as `unfinished`, and the next publish or find makes good.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import orjson

from steadycast.characters import CONTROLS
from steadycast.crash_safety import crashpoints
from steadycast.errors import Busy
from steadycast.platform.contract import Channel
from steadycast.platform.index_file import NAME, as_busy
from steadycast.platform.post import Post
from steadycast.platform.post_bytes import post_from_values, post_to_values, values_to_bytes
from steadycast.platform.post_files import file_name, media_name, place_media
from steadycast.platform.post_index import Kind, PostIndex, Record, Stamp, Touched
from steadycast.platform.unchanged import doubt, marked, state_of

POSTS = "posts"
INDEX = f"{POSTS}/{NAME}"
BEFORE = f"{POSTS}/index.json"  # the index of versions before: one file, with every post in it
KEY = re.compile(r"[a-z2-7]{13}")
CONTROL = re.compile(f"[{CONTROLS}]")
MADE_WITH = {".j2", ".css", ".py", ".toml", ".jpg"}  # files of a platform
EDITORS_OWN = re.compile(r"\..*\.sw.|\.?#.*|.*~|4913")  # of the workspace's templates any file may be included
LONG = ("html", "text", "parts", "links", "extra")  # left out of the index
_TAKEN_IN = "taken in"  # the index's word for the time of the folder whose records it has taken in


class _Look(NamedTuple):
    state: str  # the folder's before it
    only: list[str] | None  # the posts whose files are looked at; None: all


@dataclass
class PostStore:
    """One channel's published posts. Make a new one for each publish or find: it reads the folder once.

    `edition` names whatever else the pages depend on (templates, settings): when it changes, all is unfinished.
    A folder that has the time at which all of it was taken in is not looked at again, but for what was written since.
    """

    out: Path
    write: Callable[[str, bytes], Path]
    zone: ZoneInfo
    edition: str = ""
    _own: set[str] = field(default_factory=set, init=False, repr=False)  # records that it alone changed since then
    _own_state: str = field(default="", init=False, repr=False)  # the folder's after the last of them

    @classmethod
    def of(cls, channel: Channel) -> PostStore:
        """The shelf of a channel; its edition is the files and settings it is made with, and the community."""
        of_it = [channel.community, channel.about, channel.title, channel.language, channel.site_url, channel.email]
        told = [*of_it, str(channel.zone), sorted(channel.settings.items())]
        digest = hashlib.sha256(json.dumps(told, default=str, ensure_ascii=False).encode())
        own = (channel.templates,) if channel.templates else ()
        for folder in (*own, *(channel.spec.folders if channel.spec else ())):
            for file in _made_with(folder, any_file=folder in own):
                digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
        return cls(channel.out, channel.write, channel.zone, digest.hexdigest()[:16])

    def put(self, post: Post) -> None:
        """Make `post` durable: its media first, then the post itself; the same post again changes not one byte."""
        for media in post.media:
            place_media(media.path, self.out / media_name(media))
        name = f"{POSTS}/{post.key}.json"
        data = _public(post)
        if not self._holds(name, data):
            with self._changing(post.key):
                self.write(name, data)
        crashpoints.checkpoint("shelf-put")
        self._look_again()

    def get(self, key: str) -> Post | None:
        """The whole post of that key; None where there is none, or its record cannot be read."""
        with contextlib.suppress(FileNotFoundError):
            if kept := _kept(key, (self.out / POSTS / f"{key}.json").read_bytes()):
                return self._post(kept)
        return None

    def whole(self, posts: Iterable[Post]) -> list[Post]:
        """The same posts with what the index leaves out."""
        return [full for post in posts if (full := self.get(post.key)) is not None]

    def drop(self, key: str) -> bool:
        """Take a post from the shelf; False when it was not there. Its media stay: others may show them."""
        with contextlib.suppress(FileNotFoundError):
            with self._changing(key):
                (self.out / POSTS / f"{key}.json").unlink()
            self._look_again()
            return True
        return False

    @property
    def posts(self) -> list[Post]:
        """Every post, newest first, without html, text, parts, links and extra."""
        return self._told

    @cached_property
    def _told(self) -> list[Post]:
        briefs = {**self.index.all_briefs(), **{key: found.brief for key, found in (self._before | self._came).items()}}
        found = (self._post(brief) for key, brief in briefs.items() if key not in self._went)
        return sorted(found, key=lambda p: (p.published, p.key), reverse=True)

    def newest(self, most: int) -> list[Post]:
        """The newest posts, newest first, without their long parts: however many there are."""
        if self._before:
            return self.posts[:most]
        others = [key for key in self.index.newest(most + len(self._changed)) if key not in self._changed]
        found = [*self.brief(others), *(self._post(came.brief) for came in self._came.values())]
        return sorted(found, key=lambda p: (p.published, p.key), reverse=True)[:most]

    def brief(self, keys: Iterable[str]) -> list[Post]:
        """These posts as the index has them, in this order, without their long parts."""
        return [self._post(brief) for brief in self.index.briefs(keys)]

    @property
    def slots(self) -> dict[str, str]:
        """The slot of each post, by key."""
        came = {key: str(found.brief["slot"]) for key, found in (self._before | self._came).items()}
        return {key: slot for key, slot in (self.index.slots() | came).items() if key not in self._went}

    @property
    def changed(self) -> frozenset[str]:
        """Keys of the posts that came, changed or went since the last `finish`; none where there never was one."""
        return frozenset() if self.is_new else self._changed

    @cached_property
    def is_new(self) -> bool:
        """Whether there never was a `finish`, or nothing is left of it."""
        return self.index.fresh and not self._before

    @cached_property
    def is_current(self) -> bool:
        """Whether all that was made, was made with these templates and settings."""
        return self.index.told("edition") == self.edition != ""

    @property
    def unfinished(self) -> frozenset[str]:
        """Keys of the posts that came, changed or went since the last `finish`; all, where `edition` is another."""
        return self._changed if self.is_current else frozenset(self._changed | self.slots.keys())

    @property
    def gone(self) -> list[Post]:
        """What was on the shelf at the last `finish` and is no longer, without the long parts."""
        before = [self._post(known.brief) for key, known in self._before.items() if key in self._went]
        return before or self.brief(sorted(self._went))

    def take_in(self) -> dict[Kind, Touched]:
        """Let the index know of what `changed`, for good only with `finish`; which lists it touches, and where."""
        return self._taken

    @cached_property
    def _taken(self) -> dict[Kind, Touched]:
        if self.is_new:
            return self.index.apply({}, (), self._came)
        return self.index.apply(self._came, self._went, self._before)

    def finish(self, *, whole: bool = True) -> None:
        """Say that pages, feeds and all else now show exactly these posts. Call it last.

        `whole = False`: pages that were made with another edition are still there.
        """
        self.take_in()
        self.index.note("edition", self.edition if whole else "")
        # Only with what else is written: a publish that changes nothing writes nothing.
        state = self._look.state
        if self.index.is_changed and state and state == state_of(self.out / POSTS):  # nothing came since
            self.index.note(_TAKEN_IN, state)
        crashpoints.checkpoint("shelf-finish")
        self.index.commit()
        (self.out / BEFORE).unlink(missing_ok=True)
        crashpoints.checkpoint("shelf-finished")
        self._own.clear()
        self._look_again()

    def keep(self, name: str, data: bytes) -> None:
        """Write `data` as `name`, unless the file is that already: unchanged pages keep their time."""
        if not self._holds(name, data):
            self.write(name, data)

    def close(self) -> None:
        """Let go of the index; what was not finished is done again by whoever comes next."""
        self._look_again()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.close()
        if isinstance(error, Busy | sqlite3.DatabaseError):
            doubt(self.out / INDEX)  # whoever comes next looks for damage first
        if isinstance(error, sqlite3.DatabaseError):
            raise as_busy(error) from error

    @cached_property
    def index(self) -> PostIndex:
        """What is known of the posts without reading their files."""
        return PostIndex(self.out / POSTS)

    @contextlib.contextmanager
    def _changing(self, key: str) -> Iterator[None]:
        """The block changes a record: where all others are as they were taken in, only that one is to be looked at."""
        quiet = self._is_quiet()
        yield
        if quiet:
            self._own.add(key)
            self._own_state = marked(self.out / POSTS)

    def _is_quiet(self) -> bool:
        """Whether no record came, changed or went since the index took in all of them, but our `own`."""
        if not (self.out / INDEX).is_file():
            return False
        known = self._own_state if self._own else self.index.told(_TAKEN_IN)
        return bool(known) and known == state_of(self.out / POSTS)

    @cached_property
    def _look(self) -> _Look:
        if self._is_quiet():
            return _Look(state_of(self.out / POSTS), sorted(self._own))
        return _Look(marked(self.out / POSTS), None)  # what comes while it looks gives the folder another time

    @cached_property
    def _stamps(self) -> dict[str, Stamp]:
        """Key -> mtime and size of the post's file, of those that are looked at."""
        with contextlib.suppress(FileNotFoundError):
            return _stamps(self.out / POSTS, self._look.only)
        return {}

    @cached_property
    def _seen(self) -> dict[str, Stamp]:
        """The same as the index has it."""
        if self._look.only is not None:
            return self.index.stamps_of(self._look.only)
        return self.index.stamps() | {key: known.stamp for key, known in self._before.items()}

    @cached_property
    def _came(self) -> dict[str, Record]:
        """Key -> the record, where the index has it otherwise or not. One that cannot be read is as it was taken in.

        A copied folder's records have other times: what has the same hash only gets its new stamp.
        """
        found, same = dict[str, Record](), dict[str, Stamp]()
        for key in sorted(key for key, stamp in self._stamps.items() if self._seen.get(key) != stamp):
            data = (self.out / POSTS / f"{key}.json").read_bytes()
            told = hashlib.sha256(data).digest()
            if self.index.hash(key) == told:
                same[key] = self._stamps[key]
            elif kept := _kept(key, data):
                found[key] = Record(self._stamps[key], told, {k: v for k, v in kept.items() if k not in LONG})
        if same:
            self.index.restamp(same)
        return found

    @cached_property
    def _went(self) -> frozenset[str]:
        return frozenset(self._seen.keys() - self._stamps.keys())

    @cached_property
    def _changed(self) -> frozenset[str]:
        return frozenset(self._came.keys() | self._went)

    @cached_property
    def _before(self) -> dict[str, Record]:
        """What the index of a version before says, where there is none of ours yet."""
        if not self.index.fresh:
            return {}
        try:
            told = json.loads((self.out / BEFORE).read_bytes())["posts"]
            return {key: Record((stamp[0], stamp[1]), b"", dict(brief)) for key, (stamp, brief) in told.items()}
        except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
            return {}  # none, or one that cannot be used

    def _holds(self, name: str, data: bytes) -> bool:
        try:
            return (self.out / name).read_bytes() == data
        except FileNotFoundError:
            return False

    def _look_again(self) -> None:
        if index := self.__dict__.get("index"):
            index.close()
        for name in _READ:
            self.__dict__.pop(name, None)

    def _post(self, kept: dict[str, Any]) -> Post:
        values = {**{name: () if name in ("parts", "links") else "" for name in LONG}, "extra": {}, **kept}
        values["media"] = [{**m, "path": self.out / file_name(m["name"], m["sha256"])} for m in kept["media"]]
        return post_from_values(values, self.zone)


_READ = {name for name, value in vars(PostStore).items() if isinstance(value, cached_property)}


def _made_with(folder: Path, *, any_file: bool) -> list[Path]:
    """The files of a folder that decide how its pages look."""
    if any_file:
        return sorted(f for f in folder.rglob("*") if f.is_file() and not EDITORS_OWN.fullmatch(f.name))
    files = (f for f in folder.rglob("*") if f.suffix in MADE_WITH and f.is_file())
    return sorted(f for f in files if f.relative_to(folder).parts[0] != "samples")


def missing(out: Path, keys: Collection[str]) -> frozenset[str]:
    """Which of these posts a channel's folder lacks, or cannot read; of one without a shelf all, where it is empty."""
    with contextlib.suppress(FileNotFoundError):
        stamps, shelf = _stamps(out / POSTS), out / POSTS
        with contextlib.closing(PostIndex(shelf, sure=True)) as index:
            taken = index.stamps()  # these were read
        if taken != stamps:
            doubt(shelf)  # whoever publishes or looks next looks at all of them
        doubted = {key for key in stamps.keys() & keys if taken.get(key) != stamps[key]}
        broken = {key for key in doubted if not _kept(key, (shelf / f"{key}.json").read_bytes())}
        return frozenset(keys) - stamps.keys() | broken
    return frozenset() if out.is_dir() and any(out.iterdir()) else frozenset(keys)


def _stamps(shelf: Path, only: Iterable[str] | None = None) -> dict[str, Stamp]:
    found: dict[str, Stamp] = {}
    for key in only or ():
        with contextlib.suppress(FileNotFoundError):
            stat = (shelf / f"{key}.json").stat()
            found[key] = (stat.st_mtime_ns, stat.st_size)
    if only is not None:
        return found
    with os.scandir(shelf) as entries:
        for entry in entries:
            key = entry.name.removesuffix(".json")
            if KEY.fullmatch(key) and key != entry.name:
                stat = entry.stat()
                found[key] = (stat.st_mtime_ns, stat.st_size)
    return found


def _kept(key: str, data: bytes) -> dict[str, Any]:
    """The values of a record; none where it cannot be read, as after a fault of the disk."""
    with contextlib.suppress(ValueError):
        values = orjson.loads(data)
        if isinstance(values, dict) and values.get("key") == key:
            return values
    return {}


def _public(post: Post) -> bytes:
    """The post as the folder keeps it, which others may read: no path of this machine, and no way to the draft.

    A hash of the draft's path tells which posts share one. A page is dated by when it was published.
    """
    draft = post.draft and public_name(post.draft)
    media = tuple(replace(m, path=Path(media_name(m))) for m in post.media)
    return values_to_bytes(_clean(post_to_values(replace(post, draft=draft, slot_at=None, media=media))))


def public_name(draft: str) -> str:
    """A draft's path as the folder names it: the same for the same draft."""
    return hashlib.sha256(draft.encode()).hexdigest()[:16]


def _clean(value: Any) -> Any:
    """The same value without a character that would make a feed or a page unreadable."""
    if isinstance(value, str):
        return CONTROL.sub("", value)
    if isinstance(value, Mapping):
        return {key: _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value
