"""What steadycast.toml may say: its models."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from steadycast.language import gettext as _
from steadycast.language import quoted
from steadycast.schedule.model import Form, Origin
from steadycast.workspace.circle_settings import MOST_CIRCLES, Circle
from steadycast.workspace.class_settings import ClassTable
from steadycast.workspace.fair_settings import Fair, MixAt, rising
from steadycast.workspace.ready_settings import Ready
from steadycast.workspace.ritual_settings import AsksTable, RitualTable
from steadycast.workspace.upload_target import UploadTarget, upload_target
from steadycast.workspace.values import NAME, FormerNames, MemberName, Model, Skip, Span, WebAddress, Zone

BY_HAND = "draft"  # the series of the slots that `steadycast publish --draft` makes: SERIES@<id>-<revision>
NO_CALL = "none"  # of a series or a draft: nothing is said at its end
TABLE = "table"  # what counts of an imported table are counted as
SHORTEST_UPLOAD, LONGEST_UPLOAD = dt.timedelta(seconds=30), dt.timedelta(hours=1)


class Community(Model):
    """[community]: whose output it is."""

    name: str = Field(min_length=1, max_length=80)
    timezone: Zone
    language: str = Field(default="zh-CN", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    url: str = ""
    description: str = ""
    email: str = ""
    founder: str = Field(default="", max_length=80)  # a member; "": the house. For the founder's share alone

    @property
    def zone(self) -> ZoneInfo:
        """The zone that its promises are made in."""
        return self.timezone


class Member(Model):
    """[members.ID]: a person who writes; `trusted` ones need no editor."""

    title: str = ""
    trusted: bool = False
    url: str = ""


class SeriesTable(Model):
    """[series.NAME]: a promise, as written; `Workspace.series` holds it as schedule.model.Series."""

    title: str = ""
    was: FormerNames = ()  # its names before it was renamed
    every: str | None = None
    rrule: str | None = None
    start: dt.date | None = None
    until: dt.date | None = None
    forms: tuple[Form, ...] = (Form.ARTICLE,)
    channels: tuple[str, ...] = ()
    grace: Span = dt.timedelta(minutes=10)
    late: Span = dt.timedelta(hours=12)
    mix: dict[Origin, Annotated[int, Field(ge=0, le=100)]] = Field(default_factory=dict)
    mix_at: tuple[MixAt, ...] = Field(default=(), max_length=9)  # other mixes, from so many active members on
    reserve: int = Field(default=0, ge=0, le=1000)
    fill: tuple[Literal["evergreen", "shared", "digest"], ...] = ()
    cooldown: Span = dt.timedelta(days=90)
    skip: tuple[Skip, ...] = ()
    on_day_off: Literal["excuse", "move"] = "excuse"
    per_year: int | None = Field(default=None, ge=1, le=10000)
    announce: tuple[Span, ...] = ()
    editor: str = ""  # who can fix it: named in alarms
    editors: tuple[MemberName, ...] = Field(default=(), max_length=50)  # who alone decides on it; (): any editor
    call: str = Field(default="", pattern=f"{NAME}|^$")  # the name of another [call.NAME] than the first, or none

    @model_validator(mode="after")
    def _one_rhythm(self) -> SeriesTable:
        if (self.every is None) == (self.rrule is None):
            message = _('give it exactly one rhythm: every = "day at 20:00", or rrule = "FREQ=..."')
            raise ValueError(message)
        if self.grace > self.late:
            message = _("grace is longer than late: a delivery would be missed before it could be late")
            raise ValueError(message)
        rising(self.mix_at, base=any(self.mix.values()))
        return self


class Call(Model):
    """[call.NAME]: what posts say at their end, and where that leads: the community's own place."""

    text: str = Field(default="", max_length=200)
    url: WebAddress = Field(default="", max_length=1000)  # stands in every post: nothing secret is in it
    channels: tuple[str, ...] = ()  # where it is said; (): wherever the platform lets it
    qr: str = Field(default="", max_length=200)  # a picture of the workspace; "": drawn from the address
    utm: bool = True  # the address says where it stands, for statistics

    @field_validator("url")
    @classmethod
    def _without_a_password(cls, url: str) -> str:
        if "@" in re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)[0]:
            message = _("every reader sees it: write it without a name or a password")
            raise ValueError(message)
        return url

    @field_validator("qr")
    @classmethod
    def _in_the_workspace(cls, qr: str) -> str:
        if qr.startswith(("/", "\\", "~")) or ".." in re.split(r"[/\\]", qr) or ":" in qr:
            message = _("is no file of the workspace; write images/join.png")
            raise ValueError(message)
        return qr

    @model_validator(mode="after")
    def _says_something(self) -> Call:
        if not (self.text.strip() or self.url):
            message = _("give it a text, a url, or both")
            raise ValueError(message)
        return self


class ArrivalCounter(Model):
    """[arrivals.NAME]: who counts those that come, and is asked for it."""

    kind: Literal["shlink", "goatcounter", "plausible"]
    url: WebAddress = Field(min_length=1, max_length=500)
    key: str = ""  # name of a secret: its API key
    domain: str = Field(default="", max_length=200)  # of plausible: the site, as it is called there
    tag: str = Field(default="", max_length=100)  # of shlink: the links of one tag
    goal: str = Field(default="", max_length=200)  # of plausible: who reached it has joined

    @model_validator(mode="after")
    def _what_its_kind_needs(self) -> ArrivalCounter:
        own = {"shlink": ("tag",), "goatcounter": (), "plausible": ("domain", "goal")}[self.kind]
        if self.kind == "plausible" and not self.domain:
            message = _("%(kind)s needs %(name)s", kind=self.kind, name="domain")
            raise ValueError(message)
        for name in ("domain", "tag", "goal"):
            if getattr(self, name) and name not in own:
                message = _("%(kind)s has no %(name)s", kind=self.kind, name=name)
                raise ValueError(message)
        return self


class Upload(Model):
    """[channel.NAME.upload]: where the folder of a channel that writes files is brought to."""

    to: str
    key: str = ""  # name of a secret: the private key for SSH
    password: str = ""  # name of a secret: the password for SSH
    endpoint: str = ""  # of s3: the server's address
    region: str = "us-east-1"
    access_key: str = ""  # names of secrets: the two halves of an s3 key
    secret_key: str = ""
    within: Span = dt.timedelta(minutes=5)  # how long one upload may take; the next goes on where it ended
    overwrite: bool = False  # files that others put there may be replaced by ours of the same name

    @property
    def target(self) -> UploadTarget:
        """The place that `to` names."""
        return upload_target(self.to)

    @property
    def secrets(self) -> dict[str, str]:
        """Key -> name of the secret, of those that are set."""
        named = {key: getattr(self, key) for key in ("key", "password", "access_key", "secret_key")}
        return {key: name for key, name in named.items() if name}

    @field_validator("to")
    @classmethod
    def _somewhere(cls, to: str) -> str:
        upload_target(to)
        return to

    @field_validator("endpoint")
    @classmethod
    def _on_the_web(cls, endpoint: str) -> str:
        if endpoint and not re.fullmatch(r"https?://[^/\s?#@]+/?", endpoint, re.IGNORECASE):
            message = _("is no address of a host; write https://s3.example.org")
            raise ValueError(message)
        return endpoint.rstrip("/")

    @field_validator("within")
    @classmethod
    def _not_for_ever(cls, within: dt.timedelta) -> dt.timedelta:
        if not SHORTEST_UPLOAD <= within <= LONGEST_UPLOAD:
            message = _('an upload may take from "30s" to "1h"')
            raise ValueError(message)
        return within

    @model_validator(mode="after")
    def _what_its_way_needs(self) -> Upload:
        s3 = self.target.scheme == "s3"
        of_s3, of_ssh = ("endpoint", "access_key", "secret_key"), ("key", "password")
        strange = (*(() if s3 else of_s3), *(() if self.target.over_ssh else of_ssh))
        for name in of_s3 if s3 else ():
            if not getattr(self, name):
                message = _("%(scheme)s:// needs %(name)s", scheme="s3", name=name)
                raise ValueError(message)
        for name in strange:
            if getattr(self, name):
                message = _("%(scheme)s:// has no %(name)s", scheme=self.target.scheme, name=name)
                raise ValueError(message)
        if self.key and self.password:
            message = _("give it a key or a password, not both")
            raise ValueError(message)
        return self


class ChannelSettings(BaseModel):
    """[channel.NAME]: one outlet. Keys beyond these are its platform's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = ""
    platform: str = Field(pattern=NAME)
    title: str = ""
    forms: tuple[Form, ...] | None = None  # narrows what the platform takes
    paused: bool = False
    read_back_feed: WebAddress = ""  # shows what is out there: closes kits by itself
    read_back_private: bool = False  # it may be on this machine or in this network
    limits: dict[str, Any] = Field(default_factory=dict)  # [channel.NAME.limits.text] goes over the platform's
    media: dict[str, Any] = Field(default_factory=dict)
    upload: Upload | None = None  # where its folder is brought to

    @property
    def own(self) -> dict[str, Any]:
        """The platform's own settings, as written."""
        return dict(self.model_extra or {})


class Feed(Model):
    """[[feed]]: a member's feed that drafts are read from, or what another community shares."""

    member: MemberName | Literal[""] = ""
    circle: MemberName | Literal[""] = ""  # the name of that community, as readers are told it
    url: WebAddress = ""
    secret: str = ""  # name of a secret that holds the URL, where the URL carries a token
    take_old: int = Field(default=0, ge=0, le=500)  # how many old items the first fetch takes
    allow_private: bool = False
    every: Span = dt.timedelta(minutes=30)
    form: Form | None = None

    @property
    def whose(self) -> str:
        """The member, or the community, that it is of."""
        return self.member or self.circle

    @model_validator(mode="after")
    def _one_address(self) -> Feed:
        if bool(self.url) == bool(self.secret):
            message = _("a feed needs exactly one of url and secret")
            raise ValueError(message)
        if bool(self.member) == bool(self.circle):
            message = _("a feed needs exactly one of member and circle")
            raise ValueError(message)
        if self.circle and self.take_old:
            message = _("of what a community shares, all is taken: take_old is for members' feeds")
            raise ValueError(message)
        if self.form is Form.EVENT:
            message = _("no feed tells when an event is; choose article, audio or video")
            raise ValueError(message)
        return self


class Intake(Model):
    """[intake]: how drafts are taken in."""

    approve_pgc: bool = False  # True: the house's drafts wait for an editor too
    max_bytes: int = Field(default=2_000_000, ge=1_000, le=50_000_000)
    member_media: int = Field(default=5_000_000_000, ge=1_000_000, le=10**15)  # bytes that a member's files may have
    archive_over: int = Field(default=10, ge=0, le=1_000_000)  # so many at one look are no day's work
    archive_after: Span = dt.timedelta(days=30)  # and those of them dated longer back are an archive


class Publish(Model):
    """[publish]: how slots are served."""

    lead: Span = dt.timedelta(minutes=1)  # wakes this long before the slot, renders, and waits
    horizon: Span = dt.timedelta(days=14)  # plans this far ahead
    fill_within: Span = dt.timedelta(hours=24)  # a slot this near is filled from reserve when nothing fresh is there
    workers: int = Field(default=16, ge=1, le=64)
    show_first: bool = False  # `up` shows the first publication at once, in folders of this machine
    keep_runs: Span = Field(default=dt.timedelta(days=7), ge=dt.timedelta(hours=1))  # on the Prefect page of `up`

    @field_validator("lead")
    @classmethod
    def _whole_minutes(cls, lead: dt.timedelta) -> dt.timedelta:
        if lead % dt.timedelta(minutes=1):
            message = _('a schedule knows whole minutes only; write "1m", "2m" or "0m"')
            raise ValueError(message)
        return lead


class Alarms(Model):
    """[alarms]: who is told. Each entry is the NAME of a secret that holds an Apprise URL."""

    urls: tuple[str, ...] = ()
    quiet_after: Span = dt.timedelta(hours=6)  # no tick for this long: the machinery is down
    ahead: Span = dt.timedelta(days=3)  # a slot for which nothing is left is told so long before it


class DeskSettings(Model):
    """[desk]: where people and members reach it, and how much a member may send."""

    url: str = ""  # the public address, where a proxy stands before the desk
    proxies: tuple[str, ...] = ("127.0.0.1",)  # whose X-Forwarded-For and X-Forwarded-Proto are believed
    member_drafts: int = Field(default=10, ge=1, le=1000)  # of one member, in a day
    member_upload: int = Field(default=300_000_000, ge=1_000_000, le=5_000_000_000)  # bytes that are sent at once

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for each in proxies:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                message = _('%(value)s is no address; write "127.0.0.1" or "10.0.0.0/8"', value=quoted(each))
                raise ValueError(message) from None
        return proxies

    @field_validator("url")
    @classmethod
    def _on_the_web(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^/\s?#@]+/?", url, re.IGNORECASE):
            message = _("is no address of a host; write https://desk.example.org")
            raise ValueError(message)
        return url.rstrip("/")


class Settings(Model):
    """steadycast.toml, whole."""

    community: Community
    members: dict[MemberName, Member] = Field(default_factory=dict)
    series: dict[Annotated[str, Field(pattern=NAME)], SeriesTable] = Field(default_factory=dict)
    channel: dict[Annotated[str, Field(pattern=NAME)], ChannelSettings] = Field(default_factory=dict)
    classes: dict[Annotated[str, Field(pattern=NAME)], ClassTable] = Field(default_factory=dict, alias="class")
    call: dict[Annotated[str, Field(pattern=NAME)], Call] = Field(default_factory=dict)
    arrivals: dict[Annotated[str, Field(pattern=NAME)], ArrivalCounter] = Field(default_factory=dict)
    feed: tuple[Feed, ...] = ()
    ritual: tuple[RitualTable, ...] = Field(default=(), max_length=100)
    asks: AsksTable = Field(default_factory=AsksTable)
    circle: tuple[Circle, ...] = Field(default=(), max_length=MOST_CIRCLES)
    intake: Intake = Field(default_factory=Intake)
    publish: Publish = Field(default_factory=Publish)
    alarms: Alarms = Field(default_factory=Alarms)
    desk: DeskSettings = Field(default_factory=DeskSettings)
    fair: Fair = Field(default_factory=Fair)
    ready: Ready = Field(default_factory=Ready)
