"""A platform on the bench: its channel as the pipeline would build it, its far side, and one delivery's attempts."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from steadycast.errors import Busy, FarSideError, Refused, SteadycastError, Unknown
from steadycast.platform import (
    Adapter,
    Channel,
    HttpClient,
    Known,
    MemoryState,
    Platform,
    Post,
    Receipt,
    configured,
    cut,
    registry,
    split,
)
from steadycast.platform.composition import composed, hashtags
from steadycast.platform.state import State
from steadycast.render.templates import Templates
from steadycast.testing.fake_server import FakeServer
from steadycast.testing.posts import ZONE, drawn, of_form

T = TypeVar("T")
NOW = dt.datetime(2026, 11, 27, 20, 0, 5, tzinfo=ZONE)
DEADLINE = 3.0  # seconds that one request may take on the bench
TRIES = 6  # attempts that one delivery gets
RESENDABLE = ("conditional", "kit")  # classes of which a second sending is harmless
NOBODY = "http://127.0.0.1:9"
CANARY = "canary-{}-5ecre7"
SAMPLES: Mapping[str, Any] = {"url": NOBODY, "int": 1, "bool": True, "list": (), "str": "probe@hu.example", "path": ""}


class FakeFailed(SteadycastError):
    """A platform's fake.py, not its adapter, raised something."""


class Steps:
    """`Channel.step` over memory, with the ledger's rules: what is done is kept, what is in doubt is not done again."""

    def __init__(self, delivery: str) -> None:
        self.delivery = delivery
        self.kept: dict[str, Any] = {}  # None: begun, and not known to be done

    def step(self, name: str, send: Callable[[], T], *, repeatable: bool = False) -> T:
        """As `Channel.step`."""
        if self.kept.get(name) is not None:
            known: T = self.kept[name]
            return known
        if name in self.kept and not repeatable and self.delivery not in RESENDABLE:
            raise Unknown(f"{name} was begun before, and whether it arrived is not known")
        self.kept[name] = None
        try:
            self.kept[name] = value = send()
        except (Busy, Refused):
            del self.kept[name]
            raise
        except Unknown as error:
            if not repeatable:
                raise
            del self.kept[name]
            raise Busy(error.message, error.code, error.channel) from error
        return value


def channel(
    spec: Platform,
    out: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    http: HttpClient | None = None,
    steps: Steps | None = None,
    state: State | None = None,
) -> Channel:
    """A channel of one platform with `settings` over the defaults, as the pipeline would hand it over."""
    known = {name: s.default for name, s in spec.settings.items() if not s.secret}
    kept = steps or Steps(spec.delivery)

    def secret(name: str) -> str:
        if name in (given := secrets or {}) or name not in spec.settings or not spec.settings[name].required:
            return given.get(name, "")
        raise Refused(f"the secret {name} is not set", channel="out")

    def write(name: str, data: bytes) -> Path:
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        partial.write_bytes(data)
        os.replace(partial, target)  # noqa: PTH105
        return target

    return Channel(
        name="out",
        platform=spec.name,
        settings={**known, **(settings or {})},
        out=out,
        zone=ZONE,
        language="zh-CN",
        community="沪语读书会",
        site_url="https://hu.example",
        title="沪语读书会",
        spec=spec,
        now=lambda: NOW,
        secret=secret,
        step=kept.step,
        state=state or MemoryState(lambda: NOW),
        render=templates(spec.folders).render,
        http=http or HttpClient("out", deadline=DEADLINE),
        write=write,
    )


@functools.cache
def templates(folders: tuple[Path, ...]) -> Templates:
    """Compiled once for all that is made of a platform."""
    return Templates(folders, zone=ZONE)


@dataclass
class Bench:
    """One platform, and where its rules are tried: a folder that is thrown away, and a new far side each time."""

    spec: Platform
    scratch: Path
    fakes: type[FakeServer] | None = None
    _numbers: Any = field(default_factory=itertools.count)

    @classmethod
    def of(cls, spec: Platform, scratch: Path) -> Bench:
        """With the platform's own fake.py, where it has one."""
        made = registry.fake(spec)
        return cls(spec, scratch, made if made is not None and issubclass(made, FakeServer) else None)

    @property
    def speaks_http(self) -> bool:
        """Whether it sends requests, as far as its source tells."""
        sources = (file for folder in self.spec.folders for file in folder.glob("*.py") if file.name != "fake.py")
        return any(".http" in source.read_text(encoding="utf-8") for source in sources)

    @contextlib.contextmanager
    def far(self) -> Iterator[FakeServer | None]:
        """A new far side, where the platform brings one; a fault of its own is raised."""
        if self.fakes is None:
            yield None
            return
        with self.fakes() as fake:
            try:
                yield fake
            finally:
                if fake.broken:
                    raise FakeFailed(f"its fake.py failed: {fake.broken[0]!r}") from fake.broken[0]

    def folder(self) -> Path:
        """A new one."""
        return self.scratch / f"{next(self._numbers)}"

    def post(self, form: str = "", number: int = 1, **changes: Any) -> Post:
        """A post of that form, else of the platform's first, cut to its limits as the pipeline would."""
        made = of_form(form or self.spec.forms[0], self.scratch / "in", number, **changes)
        rule = self.spec.media.get("cover")
        if rule and rule.required and made.cover is None:  # the pipeline draws one
            made = replace(made, media=(drawn(self.scratch / "in"), *made.media))
        return fitted(made, self.spec)

    def thread(self, parts: int = 3) -> Post:
        """A post of so many parts."""
        limit = self.spec.limits["text"]
        words = "\n\n".join(f"第{n}段。" + "书要借得勤，闲话要讲得清。" * 40 for n in range(400))
        whole = replace(self.post(), text=words)
        length = max(2, min(limit.max, 20_000)) * (parts - 1)
        for end in range(length, length * 4, max(1, length // 8)):
            made = split(words[:end].rstrip(), limit)
            if len(made) >= parts:
                return replace(whole, text=words[:end], parts=made)
        return whole

    def delivery(self, post: Post, fake: FakeServer | None = None, **more: Any) -> Delivery:
        """One delivery of a post, to `fake` where there is one."""
        return Delivery(self, post, fake, more.pop("out", None) or self.folder(), **more)

    def settings(self, fake: FakeServer | None) -> dict[str, Any]:
        """Settings that make any platform work: the fake's, and what is required, filled in by its type."""
        given = fake.settings() if fake else {}
        for setting in self.spec.settings.values():
            if setting.required and not setting.secret and setting.name not in given:
                given[setting.name] = setting.choices[0] if setting.choices else SAMPLES[setting.type]
        return configured.settings("out", self.spec, given, self.scratch)

    def secrets(self, fake: FakeServer | None) -> dict[str, str]:
        """The fake's secrets; of a platform without one a canary for each."""
        if fake:
            return {**fake.secrets()}
        kinds = {s.name: s.type for s in self.spec.settings.values() if s.secret}
        return {n: f"{NOBODY}/{CANARY.format(n)}" if kind == "url" else CANARY.format(n) for n, kind in kinds.items()}


@dataclass
class Delivery:
    """One delivery as the pipeline makes it: each attempt has a new adapter, and the steps outlive it."""

    bench: Bench
    post: Post
    fake: FakeServer | None
    out: Path
    secrets: Mapping[str, str] | None = None
    deadline: float = DEADLINE
    receipt: Receipt | None = None
    steps: Steps = field(init=False)
    state: MemoryState | None = None
    learnt: set[str] = field(default_factory=set)  # what its state, and whoever logged in, called a secret
    doubt: bool = False  # whether the last attempt may have arrived: it is looked for before another is made

    def __post_init__(self) -> None:
        self.state = self.state or MemoryState(lambda: NOW, self.learnt.add)
        self.steps = Steps(self.bench.spec.delivery)
        if self.secrets is None:
            self.secrets = self.bench.secrets(self.fake)

    def redact(self, text: str) -> str:
        """`text` without a secret in it."""
        for value in sorted({*(self.secrets or {}).values(), *self.learnt}, key=len, reverse=True):
            for part in (value, value.rpartition("/")[2]):
                text = text.replace(part, "***") if len(part) > 3 else text
        return text

    def adapter(self) -> Adapter:
        """A new one, over this delivery's steps."""
        http = HttpClient("out", deadline=self.deadline, redact=self.redact, now=lambda: NOW)
        made = channel(
            self.bench.spec,
            self.out,
            settings=self.bench.settings(self.fake),
            secrets=self.secrets,
            http=http,
            steps=self.steps,
            state=self.state,
        )
        return registry.load(self.bench.spec)(made)

    @property
    def known(self) -> Known:
        """What the ledger would know of it."""
        return Known(receipt=self.receipt, steps=dict(self.steps.kept))

    def publish(self) -> Receipt:
        """One attempt."""
        try:
            self.receipt = self.adapter().publish(self.post)
        except Exception as error:
            self.doubt = not isinstance(error, Busy | Refused)
            raise
        return self.receipt

    def find(self) -> Receipt | None:
        """One look."""
        return self.adapter().find(self.post, self.known)

    def settle(self) -> Receipt | None:
        """Attempts and looks, as the pipeline makes them, until it is there; None where only a person could tell."""
        doubt = self.doubt
        for _ in range(TRIES):
            try:
                if not doubt or self.bench.spec.delivery in RESENDABLE:
                    return self.publish()
                found = self.find()
            except Busy:
                continue
            except Unknown:
                if doubt:
                    return None
                doubt = True
                continue
            doubt = False
            if found is not None and not 0 < len(found.parts) < len(self.post.parts):
                self.receipt = found
                return found
            if found is None:
                self.steps.kept = {name: value for name, value in self.steps.kept.items() if value is not None}
            else:
                self.steps.kept |= {f"part-{n}": value for n, value in enumerate(found.parts, 1)}
        return None


def fitted(post: Post, spec: Platform) -> Post:
    """`post` within the platform's limits: files that it takes, title and summary cut, its text composed, then cut."""
    limits = spec.limits
    none = {role for role, rule in spec.media.items() if rule.count == 0}
    post = replace(post, media=tuple(m for m in post.media if m.role not in none))
    short: dict[str, Any] = {n: cut(getattr(post, n), limits[n]) for n in ("title", "summary", "author") if n in limits}
    tags = post.tags[: limits["tags"].max] if "tags" in limits else post.tags
    post = replace(post, **short, tags=tags)
    limit = limits.get("text")
    text = post.text
    if spec.render.compose:
        pieces = {"title": post.title, "summary": post.summary, "text": text, "author": post.author}
        pieces |= {"url": post.canonical_url or "https://hu.example/p/1", "tags": hashtags(tags)}
        text = composed(spec.render.compose, pieces, None if spec.render.thread else limit) or text
    if limit is None:
        return replace(post, text=text, parts=(text,))
    parts = split(text, limit) if spec.render.thread else (cut(text, limit),)
    return replace(post, text=text if spec.render.thread else parts[0], parts=parts)


def outcome(act: Callable[[], T]) -> T | FarSideError:
    """What `act` gave, or the one of the three errors that it raised."""
    try:
        return act()
    except FarSideError as error:
        return error
