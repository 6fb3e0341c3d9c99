"""A community on the stage: a workspace in a temporary folder, its ledger, a clock, and far sides that fail as told."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import tomlkit

from steadycast.drill.supply import SAMPLES, Piece, text_of
from steadycast.errors import InputError, Refused, Unknown
from steadycast.language import gettext as _
from steadycast.pipeline import App
from steadycast.platform import Adapter, Post
from steadycast.platform.contract import Step, sent_now
from steadycast.testing import Clock, FakeChannel, drop, workspace

PLATFORM = "stage"
OWN = ("STEADYCAST_LEDGER", "STEADYCAST_VAR")
CHANNEL_TOML = """\
api = 2
title = "Stage"
forms = ["article", "audio", "video", "event"]
delivery = "read-back"
read_back = true
deadline = 60
settle = 60
"""
ADAPTER = '''\
"""The far side stands in memory: nothing is loaded from here."""
'''


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of time in which something is wrong."""

    what: str  # down, token, far, clock
    begin: dt.datetime
    end: dt.datetime
    channel: str = ""  # "": all
    by: dt.timedelta = dt.timedelta(0)

    def covers(self, at: dt.datetime) -> bool:
        """Whether it is so at that instant."""
        return self.begin <= at < self.end


class FarSide(FakeChannel):
    """A far side that refuses, or does not answer, while a spell lasts; the world's time tells, not our clock's."""

    def __init__(self, name: str, clock: Clock, world: World, spells: Sequence[Spell]) -> None:
        super().__init__("read-back", clock, deadline=60.0, settle=60.0)
        self._world = world
        self._spells = [each for each in spells if each.what in ("token", "far") and each.channel in ("", name)]

    def request(self, post: Post, part: int) -> object:
        """As it would be, but for the spells."""
        for spell in self._spells:
            if spell.covers(self._world.now):
                self.calls += 1
                if spell.what == "token":
                    raise Refused(_("the token has expired"), "401")
                raise Unknown(_("the server answers 502"), "502")
        return super().request(post, part)

    def doubled(self) -> int:
        """How many posts are there more than once."""
        keys = [(there.key, there.part) for there in self.posts]
        return len(keys) - len(set(keys))


@dataclass
class World:
    """The true time, whatever our machine's clock says."""

    now: dt.datetime


@dataclass
class StagedApp(App):
    """A workspace opened as ever, but that its channels lead to far sides in memory."""

    far: Mapping[str, FarSide] = field(default_factory=dict)

    def adapter(self, name: str, **more: Any) -> Adapter:
        """An adapter that speaks to the far side of that channel."""
        step: Step = more.get("step", sent_now)
        return self.far[name].adapter(step)


@contextlib.contextmanager
def alone(ledger: str = "") -> Iterator[None]:
    """Inside the block no variable of the environment leads to a real community's ledger or files."""
    before = {name: os.environ.pop(name, None) for name in OWN}
    if ledger:
        os.environ["STEADYCAST_LEDGER"] = ledger
    try:
        yield
    finally:
        os.environ.pop("STEADYCAST_LEDGER", None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


class Stage:
    """One simulated community. Use it in a `with` block; `folder` is thrown away by whoever made it."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        begin: dt.datetime,
        spells: Sequence[Spell],
        roster: str = "",
    ) -> None:
        self.clock, self.world, self.spells = Clock(begin), World(begin), spells
        channels = sorted({name for series in settings["series"].values() for name in series.get("channels", ())})
        written = {**settings, "channel": {name: {"platform": PLATFORM} for name in channels}}
        far = {name: FarSide(name, self.clock, self.world, spells) for name in channels}
        files = {f"channels/{PLATFORM}/channel.toml": CHANNEL_TOML, f"channels/{PLATFORM}/adapter.py": ADAPTER}
        if roster:
            files["roster.csv"] = roster
        made = workspace(folder, tomlkit.dumps(written), files=files)
        self.app = StagedApp(made, clock=self.clock, far=far)

    def __enter__(self) -> Self:
        if self.app.ledger.drafts() or self.app.ledger.last_tick():
            self.app.close()
            raise InputError(_("that ledger is in use"), hint=_("a drill needs an empty database of its own"))
        return self

    def __exit__(self, *exc: object) -> None:
        self.app.close()

    def go_to(self, at: dt.datetime) -> None:
        """Time passes until the world's clock says `at`; ours may be off."""
        if at > self.world.now:
            self.clock.advance(at - self.world.now)
            self.world.now = at
        by = sum((each.by for each in self.spells if each.what == "clock" and each.covers(at)), dt.timedelta(0))
        if self.clock.now() != at + by:
            self.clock.set_wall(at + by)

    def down(self, at: dt.datetime) -> bool:
        """Whether our machine is off at that instant."""
        return any(each.what == "down" and each.covers(at) for each in self.spells)

    def drop(self, piece: Piece) -> None:
        """A draft's file appears in its folder."""
        content = self.app.workspace.content
        if (sample := SAMPLES.get(piece.form)) and not (content / Path(piece.path).parent / sample).is_file():
            drop(content, str(Path(piece.path).parent / sample), SOUND if piece.form == "audio" else FILM)
        file = drop(content, piece.path, text_of(piece))
        if piece.duty:
            os.utime(file, (piece.at.timestamp(), piece.at.timestamp()))


SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" + (b"\xff\xfb\x90\x00" + bytes(413)) * 3
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(64)
