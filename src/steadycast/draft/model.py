"""A draft as a frozen value, with what it names and when it happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from steadycast.schedule.forms import Form, Origin

# How the names of sounds and films end.
AUDIO_ENDINGS = "mp3|m4a|aac|ogg|oga|opus|wav|flac"
VIDEO_ENDINGS = "mp4|m4v|mov|webm|mkv|avi|flv"


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file that a draft names: where it lies, and what it is for."""

    role: str  # image, cover, audio, video, attachment
    ref: str  # as the draft writes it
    path: Path  # the file, inside content/ (or the feed cache) after resolve()
    alt: str = ""
    line: int | None = None
    sha256: str = ""  # hex, of the bytes as they were when the draft was read
    size: int = 0  # bytes
    mtime_ns: int = 0
    ctime_ns: int = 0  # 0: of a file of our own, which only gets more names
    stored: str = ""  # its name in var/media, once its kind is known: <sha256>.<extension>
    focal: tuple[float, float] | None = None  # what a crop keeps: from the left and from the top, each from 0 to 1
    below: tuple[tuple[str, int], ...] = ()  # found by its name alone: how many of each (folder/name) lay below
    nearer: tuple[str, ...] = ()  # where it was looked for first, and nothing was: what comes there is meant instead


@dataclass(frozen=True, slots=True)
class Note:
    """What was noticed while a draft was read: it is taken all the same."""

    message: str
    hint: str = ""
    line: int | None = None
    harmless: bool = False  # said for clearness only: nothing has to be fixed


@dataclass(frozen=True, slots=True)
class DraftEvent:
    """The event keys of the front matter; both instants are aware."""

    start: dt.datetime
    end: dt.datetime | None = None
    place: str = ""
    url: str = ""
    all_day: bool = False  # days are given without hours; `end` is the midnight after the last


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft, as found. Origin and member come from the path or the feed, never from what the draft claims."""

    path: PurePosixPath  # relative to content/; for a feed item `feed/<member>/<item key>`
    origin: Origin
    member: str  # "" for the house
    revision: str  # sha256 hex of the content: front matter that means something, body, media bytes
    title: str
    body: str  # Markdown
    summary: str = ""
    author: str = ""
    form: Form = Form.ARTICLE
    tags: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    slot: str | None = None
    not_before: dt.datetime | None = None  # aware
    expires: dt.datetime | None = None  # aware
    evergreen: bool = False
    priority: int = 0
    language: str = ""
    canonical_url: str = ""
    slug: str = ""
    ready: bool = True  # front matter `draft: true` makes it False
    date: dt.datetime | None = None  # aware: front matter, else the file's name, else mtime
    dated: bool = True  # False: `date` is the time of the file, and nobody said it
    event: DraftEvent | None = None
    media: tuple[MediaRef, ...] = ()
    call: str = ""  # the name of another call than the series' own, or none
    comment_on: str = ""  # whose hand-in it comments on: it is no draft to publish
    circle: str = ""  # the name of the community that shares it, where it is another's: told at its end
    licence: str = ""  # under which that community shares it
    for_circle: str = ""  # the name of the community that it is meant for, whose leader decides on it: no stock here
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # per-channel overrides
    extra: Mapping[str, Any] = field(default_factory=dict)  # unknown keys, kept
    title_line: int | None = None  # the file's line on which its title stands
    body_line: int = 1  # the file's line on which the body begins
    notes: tuple[Note, ...] = ()  # told by `check` and by intake; not kept

    @property
    def of_html(self) -> bool:
        """Whether its body is a feed's item: what was written in HTML, so that no character of its words is a mark."""
        return self.path.parts[:1] == ("feed",)

    @property
    def opens(self) -> dt.datetime | None:
        """The instant before which it does not go out: `not_before`, else its date, as Hugo and Jekyll hold it back.

        A pin says more than a date; and an event is announced ahead of its own.
        """
        if self.not_before or not self.dated or self.slot or self.event:
            return self.not_before
        return self.date
