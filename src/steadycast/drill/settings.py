"""What drill.toml may say: a year's promises, who writes how much, and what goes wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from steadycast import reasons
from steadycast.drill.profiles import COUNTS
from steadycast.errors import InputError, SettingsError, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.schedule.cadence import parse
from steadycast.schedule.model import Form, Origin
from steadycast.workspace.class_settings import ClassTable
from steadycast.workspace.settings import Publish, SeriesTable
from steadycast.workspace.toml_file import checked, line_of
from steadycast.workspace.values import NAME, MemberName, Model, Skip, Span, Zone

SHIPPED = Path(__file__).parent / "drills"
LONGEST = 3660  # days
Count = Annotated[int, Field(ge=0, le=1000)]


class Supply(Model):
    """[supply.NAME]: drafts that come in. At most one of profile, counts and from says how many a week."""

    profile: str = ""
    counts: tuple[Count, ...] = Field(default=(), max_length=600)  # a week each, in order, again and again
    from_: str = Field(default="", alias="from", max_length=1000)  # "git:FOLDER", or "ledger": each week is drawn
    share: float = Field(default=1.0, ge=0, le=1)  # of them, so many are fit to be published
    origin: Origin = Origin.UGC
    people: int = Field(default=12, ge=1, le=10_000)  # who write; the house is one
    member: MemberName | None = None  # one person writes them all
    series: str = ""  # they ask for this series
    form: Literal[Form.ARTICLE, Form.AUDIO, Form.VIDEO] = Form.ARTICLE
    opening: int = Field(default=0, ge=0, le=10_000)  # there when it begins
    evergreens: int = Field(default=0, ge=0, le=10_000)
    away: tuple[Skip, ...] = ()  # nothing is written on these days

    @model_validator(mode="after")
    def _one_source(self) -> Supply:
        if sum(map(bool, (self.profile, self.counts, self.from_))) > 1:
            message = _("say once how many come: profile, counts or from")
            raise ValueError(message)
        if self.profile and self.profile not in COUNTS:
            hint = did_you_mean(self.profile, COUNTS, listed(COUNTS))
            message = _("there is no profile %(name)s: %(hint)s", name=quoted(self.profile), hint=hint)
            raise ValueError(message)
        if self.from_ not in ("", "ledger") and not self.from_.startswith("git:"):
            message = _('write from = "git:FOLDER" or from = "ledger"')
            raise ValueError(message)
        return self


class HandIns(Model):
    """[hand_in.NAME]: the members of [class.NAME], and how they hand in."""

    members: int = Field(default=77, ge=1, le=1000)
    rate: float = Field(default=0.75, ge=0, le=1)  # of those who are still in, so many hand in
    no_shows: float = Field(default=0.3, ge=0, le=1)  # never begin
    gives_up: float = Field(default=0.04, ge=0, le=1)  # at each duty


class Trouble(Model):
    """[[trouble]]: what goes wrong, from when, for how long."""

    what: Literal["down", "token", "far", "clock"]  # our machine; a channel's token or server; the machine's clock
    from_: dt.datetime = Field(alias="from")  # local time
    for_: Span = Field(alias="for")
    channel: str = ""  # of token and far; "": all
    by: Span = dt.timedelta(0)  # of clock: so far ahead
    back: bool = False  # of clock: behind instead

    @model_validator(mode="after")
    def _local(self) -> Trouble:
        if self.from_.tzinfo:
            message = _("write it as local time, without a zone")
            raise ValueError(message)
        if self.what == "clock" and not self.by:
            message = _('say how far the clock is off: by = "2h"')
            raise ValueError(message)
        return self


class Chance(Model):
    """[chance]: how often in a year things go wrong at instants that are drawn, for lengths that are drawn."""

    down: Count = 0
    token: Count = 0
    far: Count = 0
    clock: Count = 0


class DrillSettings(Model):
    """drill.toml."""

    title: str = Field(default="", max_length=200)
    seed: int = Field(default=1, ge=0, le=2**31)
    start: dt.date = dt.date(2027, 1, 4)
    days: int = Field(default=364, ge=1, le=LONGEST)
    timezone: Zone | None = None  # as Shanghai, or as the community
    series: dict[Annotated[str, Field(pattern=NAME)], SeriesTable] = Field(default_factory=dict)
    supply: dict[str, Supply] = Field(default_factory=dict)
    classes: dict[Annotated[str, Field(pattern=NAME)], ClassTable] = Field(default_factory=dict, alias="class")
    hand_in: dict[str, HandIns] = Field(default_factory=dict)
    trouble: tuple[Trouble, ...] = Field(default=(), max_length=1000)
    chance: Chance = Field(default_factory=Chance)
    editor_away: tuple[Skip, ...] = ()  # nobody approves on these days
    publish: Publish = Field(default_factory=Publish)

    @model_validator(mode="after")
    def _named(self) -> DrillSettings:
        for name in self.classes.keys() ^ self.hand_in.keys():
            message = _("%(name)s needs both [class.%(name)s] and [hand_in.%(name)s]", name=name)
            raise ValueError(message)
        channels = {each for series in self.series.values() for each in series.channels}
        for trouble in self.trouble:
            if self.series and trouble.channel and trouble.channel not in channels:
                message = _("trouble: there is no channel %(name)s", name=quoted(trouble.channel))
                raise ValueError(message)
        for name, supply in self.supply.items():
            if supply.series and self.series and supply.series not in self.series:
                message = _("supply.%(name)s: there is no [series.%(series)s]", name=name, series=supply.series)
                raise ValueError(message)
        return self


def shipped() -> list[str]:
    """The names of the drills that come with the package."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def read(named: str) -> tuple[DrillSettings, dict[str, Any]]:
    """A drill, checked and as it is written; `named` is a file, or the name of one that is shipped.

    Raises a SettingsError with file, line and hint.
    """
    names = listed(shipped())
    file = SHIPPED / f"{named}.toml" if named in shipped() else Path(named)
    if file.suffix != ".toml":
        hint = did_you_mean(named, shipped(), _("a file such as drill.toml, or one of: %(names)s", names=names))
        raise InputError(_("there is no drill %(name)s", name=quoted(named)), hint=hint)
    try:
        raw = file.read_bytes()
    except OSError as error:
        said = _("cannot read it: %(error)s", error=reasons.of_system(error))
        raise SettingsError(said, file=file, hint=_("drills that are shipped: %(names)s", names=names)) from None
    found, text, table = checked(DrillSettings, file, raw)
    for name, series in found.series.items():
        try:
            parse(series.every, series.rrule)
        except SettingsError as error:
            path = ("series", name, "every" if series.every else "rrule")
            raise replace(error, file=file, line=line_of(text, path)) from None
    return found, table
