"""What a file platform has published: one file a post under its own folder, and how far its pages have caught up.

A platform whose far side is a folder (pages, feeds, calendars) keeps its posts here and makes everything else from
them. `posts/<key>.json` is the truth; `posts/index.json` is written last, and says which posts everything else has
taken in. Whatever a crash left between the two shows as `unfinished`, and the next publish or find makes good.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.characters import CONTROLS
from steadycast.crash_safety import crashpoints, durable
from steadycast.platform.contract import Channel
from steadycast.platform.post import Media, Post
from steadycast.platform.post_bytes import post_from_values, post_to_values, values_to_bytes

POSTS = "posts"
INDEX = "posts/index.json"
KEY = re.compile(r"[a-z2-7]{13}")
CONTROL = re.compile(f"[{CONTROLS}]")
SUFFIX = re.compile(r"[.][A-Za-z0-9]{1,5}")
MADE_WITH = {".j2", ".css", ".py", ".toml", ".jpg"}  # files of a platform, and of a workspace's own templates
LONG = ("html", "text", "parts", "links", "extra")  # left out of the index


@dataclass
class PostStore:
    """One channel's published posts. Make a new one for each publish or find: it reads the folder once.

    `edition` names whatever else the pages depend on (templates, settings): when it changes, all is unfinished.
    """

    out: Path
    write: Callable[[str, bytes], Path]
    zone: ZoneInfo
    edition: str = ""

    @classmethod
    def of(cls, channel: Channel) -> PostStore:
        """The shelf of a channel; its edition is the files and settings it is made with, and the community."""
        of_it = [channel.community, channel.about, channel.title, channel.language, channel.site_url]
        told = [*of_it, sorted(channel.settings.items())]
        digest = hashlib.sha256(json.dumps(told, default=str, ensure_ascii=False).encode())
        own = (channel.templates,) if channel.templates and channel.templates.is_dir() else ()
        for folder in (*own, *(channel.spec.folders if channel.spec else ())):
            for file in sorted(f for f in folder.rglob("*") if f.suffix in MADE_WITH and f.is_file()):
                name = file.relative_to(folder)
                if name.parts[0] != "samples":
                    digest.update(name.as_posix().encode() + file.read_bytes())
        return cls(channel.out, channel.write, channel.zone, digest.hexdigest()[:16])

    def put(self, post: Post) -> None:
        """Make `post` durable: its media first, then the post itself; the same post again changes not one byte."""
        for media in post.media:
            place_media(media.path, self.out / media_name(media))
        name = f"{POSTS}/{post.key}.json"
        data = _public(post)
        if not self._holds(name, data):
            self.write(name, data)
        crashpoints.checkpoint("shelf-put")
        self._look_again()

    def get(self, key: str) -> Post | None:
        """The whole post of that key, or None."""
        try:
            return self._post(json.loads((self.out / POSTS / f"{key}.json").read_bytes()))
        except FileNotFoundError:
            return None

    def whole(self, posts: Iterable[Post]) -> list[Post]:
        """The same posts with what the index leaves out."""
        return [full for post in posts if (full := self.get(post.key)) is not None]

    def drop(self, key: str) -> bool:
        """Take a post from the shelf; False when it was not there. Its media stay: others may show them."""
        with contextlib.suppress(FileNotFoundError):
            (self.out / POSTS / f"{key}.json").unlink()
            self._look_again()
            return True
        return False

    @cached_property
    def posts(self) -> list[Post]:
        """Every post, newest first, without html, text, parts, links and extra."""
        briefs = (self._post(brief) for _, brief in self._briefs.values())
        return sorted(briefs, key=lambda p: (p.published, p.key), reverse=True)

    @cached_property
    def unfinished(self) -> frozenset[str]:
        """Keys of the posts that came, changed or went since the last `finish`."""
        seen = self._index
        return frozenset(
            {key for key, (stamp, _) in self._briefs.items() if key not in seen or seen[key][0] != stamp}
            | {key for key in seen if key not in self._briefs}
        )

    @property
    def gone(self) -> list[Post]:
        """What was on the shelf at the last `finish` and is no longer, without the long parts."""
        return [self._post(brief) for key, (_, brief) in self._index.items() if key not in self._briefs]

    def finish(self) -> None:
        """Say that pages, feeds and all else now show exactly these posts. Call it last."""
        index = {"edition": self.edition, "posts": self._briefs}
        data = json.dumps(index, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        crashpoints.checkpoint("shelf-finish")
        if not self._holds(INDEX, data):
            self.write(INDEX, data)
        crashpoints.checkpoint("shelf-finished")
        self._look_again()

    def keep(self, name: str, data: bytes) -> None:
        """Write `data` as `name`, unless the file is that already: unchanged pages keep their time."""
        if not self._holds(name, data):
            self.write(name, data)

    @cached_property
    def _index(self) -> dict[str, list[Any]]:
        try:
            index = json.loads((self.out / INDEX).read_bytes())
            return dict(index["posts"]) if index["edition"] == self.edition else {}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}  # none yet, or one that cannot be used: everything is unfinished

    @cached_property
    def _briefs(self) -> dict[str, list[Any]]:
        """Key -> [mtime and size of the post's file, the post without its long parts]; read again where it changed."""
        found: dict[str, list[Any]] = {}
        try:
            entries = sorted(os.scandir(self.out / POSTS), key=lambda e: e.name)
        except FileNotFoundError:
            return {}
        for entry in entries:
            key = entry.name.removesuffix(".json")
            if not KEY.fullmatch(key) or key == entry.name:
                continue
            stat = entry.stat()
            stamp = [stat.st_mtime_ns, stat.st_size]
            known = self._index.get(key)
            if known and known[0] == stamp:
                found[key] = known
            else:
                whole = json.loads(Path(entry.path).read_bytes())
                found[key] = [stamp, {k: v for k, v in whole.items() if k not in LONG}]
        return found

    def _holds(self, name: str, data: bytes) -> bool:
        try:
            return (self.out / name).read_bytes() == data
        except FileNotFoundError:
            return False

    def _look_again(self) -> None:
        for name in ("posts", "unfinished", "_index", "_briefs"):
            self.__dict__.pop(name, None)

    def _post(self, kept: dict[str, Any]) -> Post:
        values = {**{name: () if name in ("parts", "links") else "" for name in LONG}, "extra": {}, **kept}
        values["media"] = [{**m, "path": self.out / _file_name(m["name"], m["sha256"])} for m in kept["media"]]
        return post_from_values(values, self.zone)


def missing(out: Path, keys: Collection[str]) -> frozenset[str]:
    """Which of these posts a channel's folder lacks; of a folder that has no shelf all, where nothing is in it."""
    with contextlib.suppress(FileNotFoundError):
        return frozenset(keys) - {file.name.removesuffix(".json") for file in (out / POSTS).iterdir()}
    return frozenset() if out.is_dir() and any(out.iterdir()) else frozenset(keys)


def slot_path(post: Post) -> str:
    """Where the page of a slot's post lives: `morning/2026-11-27-0620`; the same on every channel, for ever.

    Not the draft's slug: a title may be fixed after it was published, an address may not.
    """
    return page_path(post.slot, post.key)


def page_path(slot: str, key: str) -> str:
    """`slot_path` of a post that is yet to be made."""
    series, _, local = slot.partition("@")
    parts = (_safe(series), _safe(local.replace(":", "").replace("T", "-")))
    return "/".join(parts) if all(parts) else f"{parts[0] or 'p'}/{key}"


def media_name(media: Media) -> str:
    """`media/<sha256>.<ext>`, the name under which a shelf keeps a file."""
    return _file_name(media.name, media.sha256)


def _file_name(name: str, sha256: str) -> str:
    suffix = os.path.splitext(name)[1]  # noqa: PTH122  thousands of times a publish
    return f"media/{sha256}{suffix if SUFFIX.fullmatch(suffix) else ''}"


def place_media(source: Path, target: Path) -> None:
    """Put a media file in place whole or not at all: a hard link where the file system can, else a copy."""
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return

    def linked() -> None:
        crashpoints.checkpoint("media-linked")

    durable.make_folder(target.parent)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), fresh)
    except OSError:
        with durable.landing(target, synced=linked) as copy:
            shutil.copyfile(source, copy)
    else:
        linked()
        durable.land(fresh, target)
    crashpoints.checkpoint("media-placed")


def _safe(word: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-")[:80]


def _public(post: Post) -> bytes:
    """The post as the folder keeps it, which others may read: no path of this machine, and no way to the draft.

    A hash of the draft's path tells which posts share one. A page is dated by when it was published.
    """
    draft = post.draft and hashlib.sha256(post.draft.encode()).hexdigest()[:16]
    media = tuple(replace(m, path=Path(media_name(m))) for m in post.media)
    return values_to_bytes(_clean(post_to_values(replace(post, draft=draft, slot_at=None, media=media))))


def _clean(value: Any) -> Any:
    """The same value without a character that would make a feed or a page unreadable."""
    if isinstance(value, str):
        return CONTROL.sub("", value)
    if isinstance(value, Mapping):
        return {key: _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value
