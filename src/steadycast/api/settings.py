"""Settings: the community, its series, channels, members and alarms; each change shows its effect before it is written.

No secret is ever answered: of each only the name under which it is kept, and whether it is there.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.drafts import Word
from steadycast.api.routes import changes, looks
from steadycast.api.settings_change import MOST, Effect, Line, Names, Settling, decided
from steadycast.api.shapes import Asked, Here, Name, Note, Shown
from steadycast.errors import SettingsError
from steadycast.language import current
from steadycast.ops import channel_add, settings_edits, settings_effect, settings_forms, upload_forms
from steadycast.ops.check_settings import of_settings
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act
from steadycast.schedule.cadence import parse
from steadycast.typesetting import sentences
from steadycast.workspace import Workspace
from steadycast.workspace.settings import Upload

router, changed = looks("settings"), changes("settings")


class Community(Shown):
    """The community itself."""

    name: str
    timezone: str
    language: str
    url: str
    description: str
    email: str
    desk_url: str = Field("", description="The public address of the desk.")


class Promise(Shown):
    """One series as steadycast.toml has it."""

    name: str
    title: str
    rhythm: str = Field(description="In words, or an RRULE.")
    cadence: str = Field(description="The same as people read it.")
    forms: list[str]
    channels: list[str]
    late: str
    reserve: int
    editor: str
    start: dt.date | None
    until: dt.date | None


class Secret(Shown):
    """One secret of a channel. Its value is never told."""

    setting: str
    kept_as: str = Field(description="The name of the variable, file or Secret block; empty where there is none yet.")
    required: bool
    there: bool


class UploadShown(Shown):
    """Where a channel's folder is brought to. Its secrets stand among the channel's, as `upload.key`."""

    to: str
    endpoint: str
    region: str
    within: str
    overwrite: bool


class ChannelSettings(Shown):
    """One channel as steadycast.toml has it."""

    name: str
    title: str
    platform: str
    paused: bool
    read_back_feed: str
    read_back_private: bool
    settings: dict[str, Any]
    upload: UploadShown | None = Field(description="Nothing where its folder stays on this machine.")
    secrets: list[Secret]
    series: list[str]


class Feed(Shown):
    """One feed that drafts are read from: a member's, or what another community shares."""

    number: int
    member: str
    circle: str = Field(description="The community that shares it, where it is no member's.")
    url: str = Field(description="Empty where a secret holds it.")
    secret: str = Field(description="The name of the secret that holds its address.")


class MemberSettings(Shown):
    """One member whom steadycast.toml names."""

    name: str
    title: str
    trusted: bool
    url: str


class AlarmAddress(Shown):
    """One address that alarms go to. It is a secret: here is its name."""

    name: str
    there: bool


class Alarms(Shown):
    """Who is told when something is wrong."""

    quiet_after: str = Field(description="After how long a silence; empty: as usual.")
    ahead: str = Field(description="How long before a slot for which nothing is left; empty: as usual.")
    addresses: list[AlarmAddress]


class Settings(Shown):
    """All settings that have a form on the desk; `GET /settings/file` has the whole text."""

    seen: str
    broken: str = Field(description="Why steadycast.toml cannot be read; these are the last that could be. Else empty.")
    found: list[Note] = Field(description="What `steadycast check` says of them.")
    community: Community
    series: list[Promise]
    channels: list[ChannelSettings]
    members: list[MemberSettings]
    feeds: list[Feed]
    alarms: Alarms


class Rhythm(Shown):
    """What a rhythm promises, or what is wrong with it."""

    cadence: str
    slots: list[dt.datetime]
    wrong: str
    warnings: list[str]


class RhythmAsked(Asked):
    """A rhythm, as a person would write it."""

    rhythm: Line
    series: Word = Field("", description="The series that would have it: it counts from that one's start.")


class CommunityAsked(Settling):
    """What is said of the community."""

    name: Line | None = None
    timezone: Line | None = None
    language: Line | None = None
    url: Line | None = None
    description: Line | None = None
    email: Line | None = None
    desk_url: Line | None = Field(None, description="The public address of the desk; it stands under [desk].")


class SeriesAsked(Settling):
    """What is said of a series; an empty text takes the key away."""

    title: Line | None = None
    rhythm: Line | None = None
    forms: Names | None = None
    channels: Names | None = None
    late: Line | None = None
    reserve: Annotated[int, Field(ge=0, le=100_000)] | None = None
    editor: Line | None = None
    start: Line | None = None
    until: Line | None = None


class NewSeriesAsked(SeriesAsked):
    """A series more."""

    title: Line
    rhythm: Line


@router.get("/settings", dependencies=[needs(Act.SETTINGS)])
def settings(app: Here) -> Settings:
    """The settings as they hold."""
    workspace = app.workspace
    own = settings_edits.written(workspace, ("community",))
    return Settings(
        seen=settings_effect.fingerprint(workspace),
        broken=str(app.broken_settings or ""),
        found=[Note.model_validate(each) for each in of_settings(app, pipeline.now())[:MOST]],
        community=Community(
            **{key: str(own.get(key, "")) for key in Community.model_fields} | {"desk_url": workspace.desk.url}
        ),
        series=[promise_of(workspace, name) for name in workspace.promises],
        channels=[channel_of(app, name) for name in workspace.channels],
        members=[
            MemberSettings(name=name, title=each.title, trusted=each.trusted, url=each.url)
            for name, each in workspace.members.items()
        ],
        feeds=[
            Feed(number=n, member=f.member, circle=f.circle, url=f.url, secret=f.secret)
            for n, f in enumerate(workspace.feeds)
        ],
        alarms=alarms_of(app),
    )


def promise_of(workspace: Workspace, name: str) -> Promise:
    """One series as it is written."""
    of, own = workspace.promises[name], settings_edits.written(workspace, ("series", name))
    try:
        cadence = parse(of.every, of.rrule).describe(current().tag)
    except SettingsError:
        cadence = ""
    return Promise(
        name=name, title=of.title, rhythm=settings_edits.rhythm_of(own), cadence=cadence, forms=[*of.forms],
        channels=[*of.channels], late=str(own.get("late", "")), reserve=of.reserve, editor=str(own.get("editor", "")),
        start=of.start, until=of.until,
    )  # fmt: skip


def channel_of(app: App, name: str) -> ChannelSettings:
    """One channel as it is written, without its secrets."""
    given, platform = app.known_channel(name), app.usable(name)
    secrets = channel_add.secrets_of(app.workspace, platform, name) if platform else {}
    return ChannelSettings(
        name=name, title=given.title, platform=given.platform, paused=given.paused,
        read_back_feed=given.read_back_feed, read_back_private=given.read_back_private,
        settings={key: value for key, value in given.own.items() if platform and key not in secrets},
        upload=upload_of(given.upload) if given.upload else None,
        secrets=[
            Secret(setting=key, kept_as=kept, required=each.required, there=bool(kept) and app.has_secret(kept))
            for key, (each, kept) in secrets.items()
        ],
        series=[each for each, promise in app.workspace.promises.items() if name in promise.channels],
    )  # fmt: skip


def upload_of(upload: Upload) -> UploadShown:
    """Where a channel's folder is brought to."""
    return UploadShown(
        to=upload.to, endpoint=upload.endpoint, region=upload.region, within=upload_forms.span(upload),
        overwrite=upload.overwrite,
    )  # fmt: skip


def alarms_of(app: App) -> Alarms:
    """Who is told."""
    own = settings_edits.written(app.workspace, ("alarms",))
    there = [AlarmAddress(name=name, there=app.has_secret(name)) for name in app.workspace.alarms.urls]
    spans = {key: str(own.get(key, "")) for key in ("quiet_after", "ahead")}
    return Alarms(**spans, addresses=there)


@router.get("/settings/rhythm", dependencies=[needs(Act.SETTINGS)])
def rhythm(app: Here, asked: Annotated[RhythmAsked, Query()]) -> Rhythm:
    """The next slots of a rhythm that nothing has yet."""
    known = app.workspace.promises.get(asked.series)
    zone, start = app.workspace.community.zone, known.start if known else None
    seen = settings_forms.rhythm_seen(asked.rhythm, zone, pipeline.now(), start)
    return Rhythm(
        cadence=seen.cadence.describe(current().tag) if seen.cadence else "",
        slots=[slot.at.astimezone(zone) for slot in seen.slots],
        wrong=str(seen.wrong or ""), warnings=[sentences(*each) for each in seen.warnings],
    )  # fmt: skip


@changed.post("/settings/community", dependencies=[needs(Act.SETTINGS)])
def change_community(request: Request, app: Here, asked: CommunityAsked) -> Effect:
    """Change name, zone, language, addresses."""
    return decided(request, app, asked, lambda: settings_edits.community(app.workspace, asked.asked()))


@changed.post("/settings/series", dependencies=[needs(Act.SETTINGS)])
def add_series(request: Request, app: Here, asked: NewSeriesAsked) -> Effect:
    """Add a series; its name is made from its title."""
    return decided(request, app, asked, lambda: settings_edits.new_series(app.workspace, asked.asked())[1])


@changed.post("/settings/series/{name}", dependencies=[needs(Act.SETTINGS)])
def change_series(request: Request, app: Here, name: Name, asked: SeriesAsked) -> Effect:
    """Change a series: its hour, its channels, and so on."""
    return decided(request, app, asked, lambda: settings_edits.series(app.workspace, name, asked.asked()))
