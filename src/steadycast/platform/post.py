"""What an adapter is given to publish: a Post, with its media; and what it shows of one."""

from __future__ import annotations

import datetime as dt
import html as entities
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ALONE = re.compile(r'<p>\s*(<img\b[^>]* title="([^"]+)"[^>]*>)\s*</p>')
NAMED = re.compile(r'="media:([0-9a-f]*)"')


@dataclass(frozen=True, slots=True)
class Media:
    """One file of a post: content-addressed on disk, measured, and free of EXIF."""

    role: str  # image, cover, thumb, audio, video, attachment
    path: Path  # where the bytes are now
    name: str  # the file name a reader sees, ASCII, with its right extension
    mime: str
    size: int  # bytes
    sha256: str
    alt: str = ""
    width: int | None = None  # pixels
    height: int | None = None
    seconds: float | None = None
    ref: str = ""  # how the draft's body names it (`images/a.png`); in `Post.html` the src is `media:<sha256>`


@dataclass(frozen=True, slots=True)
class Event:
    """An offline or online event; both instants are aware. An all-day one ends at the midnight after its last day."""

    start: dt.datetime
    end: dt.datetime
    place: str = ""
    url: str = ""
    all_day: bool = False  # days were promised, and no hours
    uid: str = ""  # one event has one, on every channel and for ever

    @property
    def last(self) -> dt.datetime:
        """The end as people say it: of an all-day event its last day."""
        return self.end - dt.timedelta(days=1) if self.all_day else self.end


@dataclass(frozen=True, slots=True)
class Post:
    """A draft as one channel will show it: rendered, cut to the channel's limits, media adapted; frozen.

    `key` is the marker: the same for ever for one slot on one channel, 13 characters of a-z2-7.
    `html` is sanitised and names its pictures as `media:<sha256>`: an adapter puts its own address there.
    """

    key: str
    channel: str
    slot: str
    title: str
    summary: str
    html: str
    text: str
    parts: tuple[str, ...]  # a thread: `text` split to the channel's limit; one part where it fits
    published: dt.datetime  # what readers see it dated, in the community's zone: the slot's instant, or before it
    form: str = "article"
    origin: str = "pgc"
    member: str = ""
    member_title: str = ""  # the member's name for people
    member_url: str = ""  # the member's own page: http or https
    author: str = ""  # credit only
    series: str = ""
    series_title: str = ""
    slug: str = ""
    language: str = "zh-CN"
    tags: tuple[str, ...] = ()
    canonical_url: str = ""
    links: tuple[tuple[str, str], ...] = ()  # (text, url), numbered from 1 where links became footnotes
    media: tuple[Media, ...] = ()
    event: Event | None = None
    revision: str = ""  # content hash of the draft's revision
    draft: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)  # `channels.<name>` of the front matter
    credit: str = ""  # of another community's text: whose it is, as the text says at its end; not ours to share
    slot_at: dt.datetime | None = None  # the slot's instant where `published` is another; None where it is the same

    @property
    def due(self) -> dt.datetime:
        """The slot's instant, aware: the promised hour, also of what is published before it."""
        return self.slot_at or self.published

    @property
    def cover(self) -> Media | None:
        """The cover, or None."""
        return next((m for m in self.media if m.role == "cover"), None)

    @property
    def opening(self) -> Media | None:
        """The cover, unless the text shows the same picture anyway: what a page opens with."""
        cover = self.cover
        return None if cover and cover.ref and cover.ref in {m.ref for m in self.of("image")} else cover

    @property
    def keyed_slug(self) -> str:
        """An address of its own on a site: the slug in ASCII, cut at 60 characters, and the key at its end."""
        words = re.sub(r"[^a-z0-9]+", "-", self.slug.lower()).strip("-")[:60].strip("-")
        return self.key if words in ("", self.key) else f"{words}-{self.key}"

    def of(self, role: str) -> tuple[Media, ...]:
        """The media of one role, in order of use."""
        return tuple(m for m in self.media if m.role == role)

    def html_with(self, addresses: Callable[[Media], str] | Mapping[str, str], *, captions: bool = True) -> str:
        """`html` with the address of each file in the place of its `media:<sha256>`, and with captions.

        `addresses` gives a file's address, or maps hashes to addresses; a file that has none becomes "#". A caption is
        a picture's title: one that stands alone becomes a figure with its title below.
        """
        known = addresses if isinstance(addresses, Mapping) else {m.sha256: addresses(m) for m in self.media}
        html = ALONE.sub(r"<figure>\1<figcaption>\2</figcaption></figure>", self.html) if captions else self.html
        return NAMED.sub(lambda m: f'="{entities.escape(known.get(m[1]) or "#")}"', html)


@dataclass(frozen=True, slots=True)
class View:
    """What a reader, or the person who pastes, has before them: a page in frames, plain words, or a page of its own."""

    kind: str  # page, letter, item, body, text, title, ...: what stands above it
    html: str = ""  # a whole page; a relative address in it is a file's below `base`
    text: str = ""  # plain words
    widths: tuple[int, ...] = (600,)  # CSS pixels of the frames it is shown in
    base: Path | None = None  # the folder the page lies in; `channel.out` when it is not given
    file: Path | None = None  # a page that is opened as it lies there
    n: int = 0  # how much of a limit it takes
    max: int = 0  # 0: none is known
