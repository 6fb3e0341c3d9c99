"""The contract between Steadycast and a platform: Post in, Receipt or one of three errors out.

An adapter imports from here and from `steadycast.errors`, and from nowhere else in Steadycast.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from steadycast import durable
from steadycast.errors import Busy, Refused, Unknown
from steadycast.render.count import count
from steadycast.shelf import Shelf, captioned, media_name, slot_path, with_media
from steadycast.turn import held as in_turn

__all__ = [
    "Adapter",
    "Busy",
    "Channel",
    "Event",
    "Limit",
    "Media",
    "MediaRule",
    "Platform",
    "Post",
    "Receipt",
    "Refused",
    "RenderRule",
    "Setting",
    "Shelf",
    "Unknown",
    "View",
    "captioned",
    "count",
    "durable",
    "in_turn",
    "media_name",
    "slot_path",
    "with_media",
]


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

    def of(self, role: str) -> tuple[Media, ...]:
        """The media of one role, in order of use."""
        return tuple(m for m in self.media if m.role == role)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of one text a platform takes, and how it counts."""

    max: int
    # codepoints, graphemes, bytes (UTF-8), utf16, weighted (CJK and emoji 2, else 1), fullwidth (ASCII half, else 1 a
    # UTF-16 unit), words
    count: str = "codepoints"
    min: int = 0
    url: int | None = None  # every URL counts this much, whatever its length
    cut: bool = True  # False: too long is an error at intake, never cut


@dataclass(frozen=True, slots=True)
class MediaRule:
    """Which files of one role a platform takes."""

    formats: tuple[str, ...] = ()  # extensions without a dot, the first is what others are converted to; () = any
    bytes: int | None = None
    count: int | None = None
    width: int | None = None  # pixels, at most
    height: int | None = None
    seconds: float | None = None
    required: bool = False
    ratios: tuple[str, ...] = ()  # covers only: one crop each ("2.35:1")
    sizes: tuple[tuple[int, int], ...] = ()  # covers only: pixels of each crop, in the order of `ratios`


@dataclass(frozen=True, slots=True)
class RenderRule:
    """How a draft's HTML becomes this platform's."""

    tags: tuple[str, ...] = ()  # allowed elements; () = Steadycast's own list
    links: str = "keep"  # keep, footnotes (text[1] and a list at the end), text (the words alone)
    link_hosts: tuple[str, ...] = ()  # with footnotes: these hosts' links stay links
    footnotes_title: str = "引用链接"
    classes: bool = True  # False: no class attribute survives
    style: str = ""  # a file of the platform's folder, "selector = declarations" in TOML: inlined on each element
    code: str = "classes"  # classes (Pygments), inline (styles on spans), plain
    bullets: str = "native"  # native, or literal: "• " and "1. " written into each item
    thread: bool = False  # True: text over its limit is split in parts, not cut
    math: str = "text"  # text (a formula in one line, with sup and sub), or mathml
    text_links: str = "inline"  # in text: inline (words URL), numbered (words[1] and a list), drop


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a platform, as channel.toml declares it."""

    name: str
    type: str = "str"  # str, int, bool, url, path, list
    default: Any = None
    required: bool = False
    secret: bool = False  # steadycast.toml holds the NAME of an environment variable or Secret block
    help: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """What one platform folder declares in channel.toml; `base` is the folder whose adapter and templates it shares."""

    name: str
    folder: Path
    title: str
    forms: tuple[str, ...]
    delivery: str  # conditional, read-back, blind, kit
    base: Platform | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)  # title, summary, text, html, tag, tags
    media: Mapping[str, MediaRule] = field(default_factory=dict)  # image, cover, thumb, audio, video, attachment
    render: RenderRule = field(default_factory=RenderRule)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    read_back: bool = False
    local: bool = False  # it writes into a folder of this machine, and nothing leaves by it
    deadline: float = 60.0  # seconds: one total deadline a request
    settle: float = 30.0  # seconds after that deadline before a read-back counts
    rate: int = 0  # sendings a minute, 0 = no limit known
    data: Mapping[str, Any] = field(default_factory=dict)  # [data] of channel.toml, for its own adapter and templates

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where templates are looked for: its own folder, then its base's."""
        return (self.folder,) if self.base is None else (self.folder, *self.base.folders)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a delivery. `handed` means: a kit lies ready, a person has yet to post it and confirm with the URL."""

    remote_id: str
    url: str = ""
    at: dt.datetime | None = None  # the far side's own time, if it tells
    seen: str = "answer"  # how it was seen: answer, read-back, file, person, feed
    handed: bool = False
    parts: tuple[str, ...] = ()  # remote ids of a thread's parts
    detail: Mapping[str, Any] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Channel:
    """What an adapter is given: its settings, a place to write, its steps, and the HTTP half.

    One instance serves one delivery attempt. Nothing here reaches the ledger by itself except `once`.
    """

    name: str
    platform: str
    settings: Mapping[str, Any]  # as declared in channel.toml, defaults filled in, secrets absent
    out: Path  # this channel's own folder (`var/out/<name>`), made on first write
    zone: ZoneInfo
    language: str
    community: str  # its name for people
    about: str = ""  # the community in one line
    email: str = ""  # where the community is reached
    site_url: str = ""
    title: str = ""  # this channel's name for people
    spec: Platform | None = None  # what channel.toml declares
    templates: Path | None = None  # the workspace's own templates for this channel, if it has any
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    secret: Callable[[str], str] = lambda name: ""  # setting's name -> its value; raises Refused when it is not set
    once: Callable[[str, Callable[[], str]], str] = lambda name, send: send()
    render: Callable[..., str] = lambda template, **values: ""  # a template of this platform, autoescaped by name
    http: Any = None  # steadycast.web.Far: request(...) with one total deadline; answers sorted into the three errors
    write: Callable[[str, bytes], Path] = lambda name, data: Path(name)  # atomic, under `out`: temp, fsync, rename

    @property
    def public_title(self) -> str:
        """The name readers see: the channel's own where the community gave it one, else the community's."""
        return self.title if self.title and not (self.spec and self.title == self.spec.title) else self.community


class Adapter(Protocol):
    """One platform. `publish` makes the post be there; `find` looks whether it is.

    An adapter may also have `check() -> None`: try the credentials and publish nothing, or raise as `publish` does.
    And `views(post) -> Iterable[View]`: what a preview shows. It sends nothing: its channel has no HTTP and no secrets,
    and a folder that is thrown away, so that a platform which writes files may publish into it.
    """

    def __init__(self, channel: Channel) -> None: ...

    def publish(self, post: Post) -> Receipt:
        """Make `post` be there and return the proof; raise Refused, Busy or Unknown.

        A thread or a publish in several steps wraps each in `channel.once("part-2", send)`: it saves the remote
        id as it comes, and answers with the saved one when it is called again.
        """
        ...

    def find(self, post: Post) -> Receipt | None:
        """Look on the far side: a Receipt when the post is there, None when it surely is not, Unknown otherwise.

        It looks for `post.key`: after a restore, title and text may be another draft's than those that were sent.
        """
        ...
