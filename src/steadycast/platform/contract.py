"""What a platform declares, what its adapter is given, and the verbs that an adapter has."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from steadycast.language import current
from steadycast.platform.post import Post
from steadycast.platform.state import MemoryState, State
from steadycast.platform.words import nearest, spoken

T = TypeVar("T")
LONGEST = 10_000  # characters of a setting that has a pattern
Show = Callable[[str, str], None]  # words, and an address that a person opens
Ask = Callable[[str], str]  # words -> what a person pastes

if TYPE_CHECKING:
    from steadycast.outgoing import HttpClient
    from steadycast.platform.subscribers import Subscribers
    from steadycast.platform.unsubscribed import UnsubscribedFile
    from steadycast.receipt import Receipt


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
    bytes: int | None = None  # and at most so many bytes of UTF-8, where a platform has both limits
    escapes: str = ""  # characters that count twice: the far side takes them for markup without a sign before each

    def of(self, room: int) -> Limit:
        """What is left of it where `room` of its `max` is: its bytes shrink with it, and a least length is none."""
        most = None if self.bytes is None else max(1, self.bytes * room // self.max)
        return replace(self, max=room, min=0, bytes=most)


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
    animated: tuple[str, ...] = ("gif", "webp")  # which of `formats` move here; others come as their first picture
    codecs: tuple[str, ...] = ()  # of sounds and films, as ffprobe calls them ("h264"); () = any
    tags: bool = False  # of sounds: title, artist, album and cover are written into the file, and nothing encoded anew
    alone: bool = False  # of sounds and films: where one is sent, the draft's pictures are not
    convert: bool = True  # a sound or film that does not fit is converted, where ffmpeg is there
    ratios: tuple[str, ...] = ()  # of covers one crop each ("2.35:1"); of films those that are asked for
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
    beside: str = ""  # a key of a draft's `channels.<name>`: its words stand beside the text, and count into its limit
    # What the text is made of: {title} {summary} {when} {place} {text} {url} {tags} {author}; "": {text} alone
    compose: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a platform, as channel.toml declares it."""

    name: str
    type: str = "str"  # str, int, bool, url, path, list
    default: Any = None
    required: bool = False
    secret: bool = False  # steadycast.toml holds the NAME of an environment variable or Secret block
    lines: bool = False  # of a secret: it has several, as a key in PEM
    help: str = ""
    helps: Mapping[str, str] = field(default_factory=dict)  # in other languages, by tag
    title: str = ""  # what a form calls it; its name where there is none
    titles: Mapping[str, str] = field(default_factory=dict)
    pattern: str = ""  # of a str or a secret, and of each entry of a list: a regular expression of the whole value
    examples: tuple[str, ...] = ()  # values as they should look, for people
    min: int | None = None  # of an int, both ends included
    max: int | None = None
    choices: tuple[str | int, ...] = ()  # one of these, and nothing else

    @property
    def shown_help(self) -> str:
        """What it is for, for whoever reads now."""
        return nearest(self.helps, current().tag, self.help)

    @property
    def shown_title(self) -> str:
        """What a form calls it, for whoever reads now."""
        return nearest(self.titles, current().tag, self.title) or self.name

    def fits(self, value: str) -> bool:
        """Whether a text looks as it should: that is asked of no empty one."""
        return not (self.pattern and value) or bool(
            len(value) <= LONGEST and re.fullmatch(self.pattern, value, re.ASCII)
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a far side itself allows, as an adapter's `probe()` answers; what it leaves out stays the platform's."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    media: Mapping[str, MediaRule] = field(default_factory=dict)
    by_hand: bool = False  # the account may make something ready, and a person has to finish it: `Receipt.handed`


@dataclass(frozen=True, slots=True)
class Platform:
    """What one platform folder declares in channel.toml; `base` is the folder whose adapter and templates it shares."""

    name: str
    folder: Path
    title: str
    forms: tuple[str, ...]
    delivery: str  # conditional, read-back, blind, kit
    base: Platform | None = None
    adapter: str = "Adapter"  # the class in adapter.py
    limits: Mapping[str, Limit] = field(default_factory=dict)  # title, summary, text, html, tag, tags
    media: Mapping[str, MediaRule] = field(default_factory=dict)  # image, cover, thumb, audio, video, attachment
    render: RenderRule = field(default_factory=RenderRule)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    read_back: bool = False
    about: str = ""  # what it is in a line, where its title does not say it
    # How a post may lead its reader away from there: link, qr (a picture to be scanned), text (words alone), none
    call: str = "none"
    permalink: str = ""  # where a post's page is below the channel's address: "{path}.html"; other channels link to it
    confirm_hosts: tuple[str, ...] = ()  # `host/path` prefixes: an address that confirms a post by hand begins with one
    local: bool = False  # it writes into a folder of this machine, and nothing leaves by it
    local_without: tuple[str, ...] = ()  # nor does it by a channel in which one of these settings is empty
    serves: tuple[str, ...] = ()  # files of its folder that have one address for ever: feeds, a first page
    form: tuple[str, ...] = ()  # the settings that a form asks for first, in order; (): the required and the secrets
    uploads: bool = False  # of a channel, not of channel.toml: its folder is then brought to another machine
    deadline: float = 60.0  # seconds: one total deadline a request
    settle: float = 30.0  # seconds after that deadline before a read-back counts
    rate: int = 0  # sendings a minute, 0 = no limit known
    by_hand: bool = False  # this channel's far side said so: what is made ready there, a person finishes; see Limits
    subscribers: bool = False  # it sends to each of many, who can leave by themselves
    one_writer: bool = False  # no two workers, of any machine, publish to one channel at once
    starter: Mapping[str, Any] | None = None  # [starter]: it is in a new workspace, with these settings
    data: Mapping[str, Any] = field(default_factory=dict)  # [data] of channel.toml, for its own adapter and templates
    words: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # language tag -> words; its base's not among them

    titles: Mapping[str, str] = field(default_factory=dict)  # title in other languages, by tag; not its base's
    abouts: Mapping[str, str] = field(default_factory=dict)
    experimental: bool = False  # nobody has tried it against the live platform: a person has to ask for it by name
    tried: str = ""  # against which far side and how often, for lists of platforms; "": against its own fake only

    @property
    def can_upload(self) -> bool:
        """Whether it writes a folder that a web host can serve."""
        return self.local and self.delivery == "conditional"

    @property
    def stays_here(self) -> bool:
        """Whether nothing leaves this machine by it."""
        return self.local and not self.uploads

    @property
    def asked_first(self) -> list[Setting]:
        """The settings that a form for a new channel asks for first."""
        return [self.settings[name] for name in self.form] or [
            s for s in self.settings.values() if s.required or s.secret
        ]

    @property
    def asked_later(self) -> list[Setting]:
        """The other settings, which a form has folded away."""
        first = self.asked_first
        return [setting for setting in self.settings.values() if setting not in first]

    @property
    def shown_title(self) -> str:
        """Its title for whoever reads now."""
        return nearest(self.titles, current().tag, self.title)

    @property
    def shown_about(self) -> str:
        """What it is in a line, for whoever reads now."""
        return nearest(self.abouts, current().tag, self.about)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where templates are looked for: its own folder, then its base's."""
        return (self.folder,) if self.base is None else (self.folder, *self.base.folders)

    def title_in(self, language: str) -> str:
        """Its title in a language (a tag), else in English."""
        return nearest(self.titles, language, self.titles.get("en", self.title))

    def words_in(self, language: str) -> Mapping[str, Any]:
        """Its words in a language (a tag), else in the nearest that it speaks; its base's for what it does not say."""
        platforms = [self]
        while platforms[0].base is not None:
            platforms.insert(0, platforms[0].base)
        return spoken([platform.words for platform in platforms], language)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a delivery before its far side is looked at."""

    receipt: Receipt | None = None
    steps: Mapping[str, Any] = field(default_factory=dict)  # name -> its value; None: begun, not known to be done
    frozen: bool = True  # False: what was sent was lost with an older ledger; of the post only its key is sure


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of those to whom a post is sent by itself, and what came of that."""

    name: str  # as the far side knows them: an address, a number
    # sent, refused, unknown (it may have arrived: never sent again by itself), waiting (still to be sent); left,
    # bounced (sent nothing any more)
    state: str
    why: str = ""  # the far side's code, where it said one


class Step(Protocol):
    """`Channel.step`."""

    def __call__(self, name: str, send: Callable[[], T], *, repeatable: bool = False) -> T:
        """What `send` gave, now or when it was called before."""
        ...


def signed_by_nobody(text: str) -> str:
    """As `Channel.sign`, of a channel that sends nothing: anybody can make it."""
    return hashlib.sha256(text.encode()).hexdigest()


def sent_now(name: str, send: Callable[[], T], *, repeatable: bool = False) -> T:  # noqa: ARG001
    """A step of which nothing is kept."""
    return send()


@dataclass(frozen=True)
class Channel:
    """What an adapter is given: its settings, a place to write, its steps, and the HTTP half.

    One instance serves one delivery attempt. Nothing here reaches the ledger but `step`, `thread` and `state`.

    `step("draft", send)`: the JSON value that `send()` gives is in the ledger before this returns; called again it
    gives the stored one and sends nothing. A step that was begun before and is not known to be done raises Unknown,
    where a second sending could double it. `repeatable=True` (an upload by hash, get-or-create, a draft that no reader
    sees): it is simply done again, and an Unknown in it becomes Busy.
    """

    name: str
    platform: str
    settings: Mapping[str, Any]  # typed as channel.toml declares them, defaults filled in, secrets absent
    out: Path  # this channel's own folder (`var/out/<name>`), made on first write
    zone: ZoneInfo
    language: str
    community: str  # its name for people
    about: str = ""  # the community in one line
    email: str = ""  # where the community is reached
    site_url: str = ""
    title: str = ""  # this channel's name for people
    spec: Platform | None = None  # what channel.toml declares, with this channel's limits
    templates: Path | None = None  # the workspace's own templates for this channel, if it has any
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    secret: Callable[[str], str] = lambda name: ""  # setting's name -> its value; raises Refused when it is not set
    step: Step = sent_now
    state: State = field(default_factory=MemoryState)
    sign: Callable[[str], str] = signed_by_nobody  # hexadecimal digits that nobody else can make of a text, for ever
    desk: str = ""  # where everybody reaches the desk, if anybody but this machine does
    unsubscribed: UnsubscribedFile | None = None  # who left, beside the ledger; None of a channel that is made to look
    render: Callable[..., str] = lambda template, **values: ""  # a template of this platform, autoescaped by name
    http: HttpClient = None  # type: ignore[assignment]  # a channel that is made without one sends nothing
    write: Callable[[str, bytes], Path] = lambda name, data: Path(name)  # atomic, under `out`: temp, fsync, rename

    @property
    def limits(self) -> Mapping[str, Limit]:
        """What each text may be here: the platform's limits, over them the far side's own, over those the settings'."""
        return self.spec.limits if self.spec else {}

    @property
    def media(self) -> Mapping[str, MediaRule]:
        """Which files are taken here, by role, from the same three."""
        return self.spec.media if self.spec else {}

    @property
    def words(self) -> Mapping[str, Any]:
        """What the platform says here to readers and operators, in the community's language: its [words]."""
        return self.spec.words_in(self.language) if self.spec else {}

    def tell(self, error: str, /, **values: object) -> str:
        """What went wrong, in the words of who reads it now: a key of [words.TAG.errors], with its {values}.

        A list is written as that language does: a, b or a、b.
        """
        told = self.spec.words_in(current().tag).get("errors", {}) if self.spec else {}
        shown = {
            name: current().listed(map(str, v)) if isinstance(v, list | tuple) else v for name, v in values.items()
        }
        return str(told.get(error, error)).format(**shown)

    @property
    def subscribers(self) -> Subscribers:
        """Who wants nothing any more, and the address by which each says so."""
        from steadycast.platform.subscribers import Subscribers  # few channels have any

        return Subscribers(self.name, self.state, self.sign, self.desk, self.now, file=self.unsubscribed)

    @property
    def public_title(self) -> str:
        """The name readers see: the channel's own where the community gave it one, else the community's."""
        return self.title if self.title and not (self.spec and self.title == self.spec.title) else self.community

    def thread(self, post: Post, send: Callable[[int, str, Any], T]) -> list[T]:
        """What `send(n, text, previous)` gave for each part in order; `previous` is that of the part before, or None.

        Each is a step `part-N`: a thread goes on after the last that is done, or that `find` saw (`Receipt.parts`).
        """
        done: list[T] = []
        for n, text in enumerate(post.parts or (post.text,), 1):
            done.append(self.step(f"part-{n}", partial(send, n, text, done[-1] if done else None)))
        return done


@dataclass(frozen=True, slots=True)
class Account:
    """Who a channel is on the far side, as `check()` found it."""

    name: str  # as whom; "" where the far side does not say
    rights: tuple[str, ...] = ()  # what it may do, in the far side's words
    until: dt.datetime | None = None  # when its credentials end, aware; None where the far side does not say
    note: str = ""  # what follows from its rights for whoever runs the channel, in a sentence


class Adapter(Protocol):
    """One platform. `publish` makes the post be there; `find` looks whether it is.

    An adapter may also have `check() -> Account`: try the credentials and publish nothing, or raise as `publish` does.
    And `views(post) -> Iterable[View]`: what a preview shows. It sends nothing: its channel has no HTTP and no secrets,
    and a folder that is thrown away, so that a platform which writes files may publish into it.
    And `recipients(known) -> Iterable[Recipient]`, where each recipient is sent to by themselves: who, and what came of
    it by `known.steps`. It asks nobody, and sends nothing.
    And `arrivals(first, last) -> Iterable[Arrival]`: how many joined or left on those local days, both included.
    And `listen() -> Mapping[str, int] | None`: read what came back by itself (bounces, letters that unsubscribe), and
    tell how many of each kind there were; None where nothing is set up that could be read. It sends nothing, and is
    called now and then by the flow that looks back.
    And `probe() -> Limits`: ask the far side what it allows, and publish nothing. It is never asked while a post waits.
    And `login(show, ask) -> Mapping[str, str]`: let a person in, and give the settings that came of it, by name. There
    is no secret yet when it is called, and its state ends with it.
    """

    def __init__(self, channel: Channel) -> None: ...

    def publish(self, post: Post) -> Receipt:
        """Make `post` be there and return the proof; raise Refused, Busy or Unknown.

        A publish in several steps wraps each in `channel.step("draft", send)`, a thread is one `channel.thread(...)`.
        """
        ...

    def find(self, post: Post, known: Known, /) -> Receipt | None:
        """Look on the far side: a Receipt when the post is there, None when it surely is not, Unknown otherwise.

        It looks for `post.key`: after a restore, title and text may be another draft's than those that were sent.
        """
        ...
