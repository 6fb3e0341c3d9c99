"""For people who write channels, and for Steadycast's own tests: a far side with verbs, a clock, a whole workspace.

fake = FakeChannel("read-back", clock)
fake.accept_then_cut()                          # the next call is accepted, and its answer is lost
deliver(ledger, claims, a_post, fake.open, clock=clock)
assert [p.key for p in fake.posts] == [claims[0].marker]

app = App(workspace(tmp_path, SETTINGS, {"pgc/one.md": "# One"}), clock=Clock(noon))
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

from steadycast.crash_safety import bootclock, send_window
from steadycast.delivery import Opened
from steadycast.errors import Busy, Refused, Unknown
from steadycast.ledger.delivery import Delivery
from steadycast.platform import Adapter, Channel, Known, Platform, Post, Receipt
from steadycast.platform.contract import Step, sent_now
from steadycast.workspace import Workspace, load
from steadycast.workspace.paths import SETTINGS_FILE

SETTLED = 60  # seconds: a file that old is whole, so that intake need not wait and look again
SECRET = "s3cr3t-t0k3n"  # noqa: S105 what a fake far side likes to repeat


class Clock:
    """Time that moves only when it is told to, or slept through; safe for threads."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._began = now - bootclock.EPOCH
        self._monotonic = 0.0
        self._lock = Lock()

    def now(self) -> dt.datetime:
        """The wall's time."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that passed since it was made."""
        return self._monotonic

    def reading(self) -> bootclock.Reading:
        """Both; the machine that they are of began with 1970."""
        return bootclock.Reading("test", self._began + dt.timedelta(seconds=self._monotonic), self._now)

    def sleep(self, seconds: float) -> None:
        """Time passes, at once."""
        self.advance(dt.timedelta(seconds=seconds))

    def advance(self, span: dt.timedelta) -> dt.datetime:
        """Let time pass, by both clocks; the new time."""
        with self._lock:
            self._now += span
            self._monotonic += span.total_seconds()
            return self._now

    def set_wall(self, now: dt.datetime) -> None:
        """Set the wall's clock, as a person or NTP does: the monotonic one does not notice."""
        self._now = now


class Died(BaseException):
    """The process ended here, as far as the protocol can tell."""


@dataclass(frozen=True)
class There:
    """One thing that is on the far side: a post, or one part of a thread."""

    id: str
    key: str
    part: int  # from 1
    text: str
    at: dt.datetime


Verb = Callable[[Post, int], object]  # what the far side does with one part of a post


class FakeChannel:
    """A far side. Verbs queue, one a request; when none is left it accepts.

    `delivery` is its class: "conditional" keeps one thing a key and part, "read-back" and "blind" keep whatever comes.
    `posts` is what is there; `calls` counts the requests that reached it.
    """

    def __init__(self, delivery: str, clock: Clock, *, deadline: float = 10.0, settle: float = 5.0) -> None:
        self.platform = Platform(
            name="fake",
            folder=Path(),
            title="Fake",
            forms=("article",),
            delivery=delivery,
            read_back=delivery != "blind",
            deadline=deadline,
            settle=settle,
        )
        self.posts: list[There] = []
        self.calls = 0
        self.looks = 0
        self._clock = clock
        self._verbs: deque[Verb] = deque()
        self._answers: deque[Exception] = deque()
        self._lock = Lock()

    # What the far side does with its next request

    def accept(self) -> None:
        """Take it, and answer with its id."""
        self._verbs.append(self._accept)

    def refuse(self, message: str = "bad content") -> None:
        """Surely not taken, and never will be."""
        self._verbs.append(_raising(lambda: Refused(message, "422")))

    def busy(self, seconds: float | None = None) -> None:
        """Surely not taken; come back in so many seconds."""
        wait = None if seconds is None else dt.timedelta(seconds=seconds)
        self._verbs.append(_raising(lambda: Busy("too many requests", "429", retry_after=wait)))

    def fail(self, message: str = "internal error") -> None:
        """A 500, and it was not taken."""
        self._verbs.append(_raising(lambda: Unknown(message, "500")))

    def hang(self, *, accepted: bool = False) -> None:
        """No answer within the deadline."""

        def verb(post: Post, part: int) -> object:
            if accepted:
                self._accept(post, part)
            self._clock.sleep(self.platform.deadline)
            raise Unknown("no answer within the deadline")

        self._verbs.append(verb)

    def accept_then_cut(self) -> None:
        """Take it, and cut the line before the answer."""
        self._verbs.append(self._then(lambda: Unknown("connection reset")))

    def answer_garbage(self, *, accepted: bool = True) -> None:
        """Answer what is no answer; `accepted`: it was taken all the same."""

        def verb(post: Post, part: int) -> object:
            if accepted:
                self._accept(post, part)
            return object()

        self._verbs.append(verb)

    def die(self, *, accepted: bool = False) -> None:
        """The sending process ends in the middle of the request."""
        self._verbs.append(self._then(Died) if accepted else _raising(Died))

    # What a look at it tells

    def hide(self, error: Exception | None = None) -> None:
        """The next look cannot tell."""
        self._answers.append(error or Unknown("the list is not complete"))

    def open(self, channel: str, step: Step) -> Opened:  # noqa: ARG002 one far side whatever the channel's name
        """The channel, opened for one attempt: hand this to `deliver` and `settle` as `adapter_for`."""
        return Opened(self.adapter(step), self.platform, redact=lambda text: text.replace(SECRET, "***"))

    def adapter(self, step: Step = sent_now) -> Adapter:
        """An adapter that speaks to this far side."""
        channel = Channel(name="fake", platform="fake", settings={"far": self}, out=Path(), zone=ZoneInfo("UTC"),
                          language="en", community="", spec=self.platform, step=step)  # fmt: skip
        return FakeAdapter(channel)

    def request(self, post: Post, part: int) -> object:
        """One request, as its verb says."""
        send_window.touch()  # it has no wire that would say so
        with self._lock:
            self.calls += 1
            verb = self._verbs.popleft() if self._verbs else self._accept
        return verb(post, part)

    def look(self, post: Post) -> Receipt | None:
        """Everything that is there of a post."""
        with self._lock:
            self.looks += 1
            if self._answers:
                raise self._answers.popleft()
        there = [t for t in self.posts if t.key == post.key]
        parts = tuple(t.id for t in there) if len(post.parts) > 1 else ()
        return Receipt(there[0].id, f"https://fake.example/{there[0].id}", there[0].at, parts=parts) if there else None

    def _accept(self, post: Post, part: int) -> str:
        with self._lock:
            same = [t for t in self.posts if (t.key, t.part) == (post.key, part)]
            if self.platform.delivery == "conditional" and same:
                return same[0].id
            text = post.parts[part - 1] if post.parts else post.text
            self.posts.append(There(str(len(self.posts) + 1), post.key, part, text, self._clock.now()))
            return self.posts[-1].id

    def _then(self, error: Callable[[], BaseException]) -> Verb:
        def verb(post: Post, part: int) -> object:
            self._accept(post, part)
            raise error()

        return verb


def _raising(error: Callable[[], BaseException]) -> Verb:
    def verb(_post: Post, _part: int) -> object:
        raise error()

    return verb


class FakeAdapter:
    """One request a post; a thread is one request, and one step, a part."""

    def __init__(self, channel: Channel) -> None:
        self.far: FakeChannel = channel.settings["far"]
        self.channel = channel

    def publish(self, post: Post) -> Receipt:
        """Make it be there."""
        if len(post.parts) <= 1:
            return self._receipt(self.far.request(post, 1))
        ids = self.channel.thread(post, partial(self._part, post))
        return Receipt(ids[0], f"https://fake.example/{ids[0]}", parts=tuple(ids))

    def _part(self, post: Post, part: int, _text: str, _previous: str | None) -> str:
        return self._receipt(self.far.request(post, part)).remote_id

    def _receipt(self, answer: object) -> Receipt:
        if not isinstance(answer, str):
            raise Unknown(f"an answer that is none ({SECRET})", "200")
        return Receipt(answer, f"https://fake.example/{answer}")

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Look whether it is."""
        return self.far.look(post)


def a_post(claim: Delivery, *, parts: int = 1) -> Post:
    """A small post for a claimed delivery; a thread where it has several parts."""
    return Post(
        key=claim.marker,
        channel=claim.channel,
        slot=claim.slot,
        title=f"Post of {claim.slot}",
        summary="",
        html="<p>今天</p>",
        text="今天",
        parts=tuple(f"part {n}" for n in range(1, parts + 1)),
        published=claim.at,
        series=claim.series,
        draft=claim.draft,
        revision="r1",
    )


def workspace(
    folder: Path,
    settings: str,
    content: Mapping[str, str | bytes] | None = None,
    files: Mapping[str, str] | None = None,
) -> Workspace:
    """A workspace written into `folder` and loaded: steadycast.toml, drafts and media below content/, and other files.

    `content` maps paths below content/ to what lies there, `files` paths below the root (`channels/mine/adapter.py`).
    """
    drop(folder, SETTINGS_FILE, settings)
    for path, data in (content or {}).items():
        drop(folder, f"content/{path}", data)
    for path, data in (files or {}).items():
        drop(folder, path, data)
    (folder / "content").mkdir(exist_ok=True)
    return load(folder)


def drop(folder: Path, path: str, data: str | bytes) -> Path:
    """The file `path` below `folder`, written and dated a minute back: intake takes it as whole at once."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data if isinstance(data, bytes) else data.encode())
    then = time.time() - SETTLED
    os.utime(target, (then, then))
    return target
