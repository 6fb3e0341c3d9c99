"""Settings: the community, its series, channels, members and alarms; each change shows its effect before it is written.

No secret is ever answered: of each only the name under which it is kept, and whether it is there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import ops, pipeline
from steadycast.api import pages
from steadycast.api.asking import needs
from steadycast.api.drafts import Word
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Note, Shown, SlotMoved
from steadycast.errors import SettingsError
from steadycast.language import current
from steadycast.language import gettext as _
from steadycast.ops import settings_edits, settings_effect, settings_file, settings_forms
from steadycast.ops.check import of_settings
from steadycast.pipeline import App, accounts
from steadycast.pipeline.permissions import Act
from steadycast.schedule.cadence import parse
from steadycast.workspace import Workspace
from steadycast.workspace.loading import MAX_SETTINGS

router, changed = looks("settings"), changes("settings")
MOST = 100  # of each kind of thing that one effect names
Line = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Print = Annotated[str, StringConstraints(max_length=24, pattern=r"^[0-9a-f]*$")]
Names = Annotated[list[Word], Field(max_length=settings_edits.MOST_ENTRIES)]


class Settling(Asked):
    """How each change of settings is asked for: first for its effect, then for good."""

    agreed: bool = Field(False, description="Write it. Without this the effect is answered, and nothing is written.")
    seen: Print = Field("", description="`seen` of the effect that was looked at; needed with `agreed`.")

    def asked(self) -> dict[str, Any]:
        """What is asked for; what is left out stays as it is."""
        return self.model_dump(exclude={"agreed", "seen"}, exclude_none=True)


class DraftMoved(Shown):
    """A draft that does not just go along with its slot."""

    draft: str
    title: str
    was: str
    becomes: str


class ChannelsChanged(Shown):
    """A series that goes to other channels than before."""

    series: str
    added: list[str]
    removed: list[str]
    slots: int = Field(description="Coming slots that this concerns.")


class Effect(Shown):
    """What edited settings do: to slots, drafts and channels, and what `steadycast check` says of them."""

    saved: bool = Field(description="It is written; else send it again with `agreed` and this `seen`.")
    same: bool = Field(description="The settings say so already: there is nothing to write.")
    seen: str = Field(description="Which settings this was held against, or which were written.")
    slots: list[SlotMoved]
    drafts: list[DraftMoved]
    channels: list[ChannelsChanged]
    worse: list[Note] = Field(description="What would be wrong then, and is not now.")
    better: list[Note]
    lines: list[str] = Field(description="Of steadycast.toml: `-` goes, `+` comes.")


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


class ChannelSettings(Shown):
    """One channel as steadycast.toml has it."""

    name: str
    title: str
    platform: str
    paused: bool
    read_back_feed: str
    read_back_private: bool
    settings: dict[str, Any]
    secrets: list[Secret]
    series: list[str]


class Feed(Shown):
    """One feed that a member's drafts are read from."""

    number: int
    member: str
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


class Text(Shown):
    """steadycast.toml as it lies there."""

    text: str
    seen: str
    wrong: Note | None = Field(description="Why it cannot be read.")


class TextAsked(Settling):
    """steadycast.toml as it is to be."""

    text: Annotated[str, StringConstraints(max_length=MAX_SETTINGS, pattern=r"^[^\x00]*$")]


class Changed(Shown):
    """One change that somebody made."""

    at: dt.datetime
    who: str
    via: str = Field(description="desk, api, cli, mcp.")
    act: str
    subject: str
    detail: str


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
        feeds=[Feed(number=n, member=f.member, url=f.url, secret=f.secret) for n, f in enumerate(workspace.feeds)],
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
    secret = {each.name: each for each in platform.settings.values() if each.secret} if platform else {}
    kept = {key: str(given.own.get(key) or each.default or "") for key, each in secret.items()}
    there = {key for key, name in kept.items() if name and app.has_secret(name)}
    return ChannelSettings(
        name=name, title=given.title, platform=given.platform, paused=given.paused,
        read_back_feed=given.read_back_feed, read_back_private=given.read_back_private,
        settings={key: value for key, value in given.own.items() if platform and key not in secret},
        secrets=[
            Secret(setting=key, kept_as=kept[key], required=each.required, there=key in there)
            for key, each in secret.items()
        ],
        series=[each for each, promise in app.workspace.promises.items() if name in promise.channels],
    )  # fmt: skip


def alarms_of(app: App) -> Alarms:
    """Who is told."""
    own = settings_edits.written(app.workspace, ("alarms",))
    there = [AlarmAddress(name=name, there=app.has_secret(name)) for name in app.workspace.alarms.urls]
    return Alarms(quiet_after=str(own.get("quiet_after", "")), addresses=there)


@router.get("/settings/rhythm", dependencies=[needs(Act.SETTINGS)])
def rhythm(app: Here, asked: Annotated[RhythmAsked, Query()]) -> Rhythm:
    """The next slots of a rhythm that nothing has yet."""
    known = app.workspace.promises.get(asked.series)
    zone, start = app.workspace.community.zone, known.start if known else None
    seen = settings_forms.rhythm_seen(asked.rhythm, zone, pipeline.now(), start)
    return Rhythm(
        cadence=seen.cadence.describe(current().tag) if seen.cadence else "",
        slots=[slot.at.astimezone(zone) for slot in seen.slots],
        wrong=str(seen.wrong or ""), warnings=[" ".join(filter(None, each)) for each in seen.warnings],
    )  # fmt: skip


@router.get("/settings/log", dependencies=[needs(Act.PEOPLE)])
def changes_made(request: Request, app: Here, asked: Annotated[pages.Asked, Query()]) -> Page[Changed]:
    """Who changed what, the newest first."""
    before = (place(asked.cursor, int) or (None,))[0]
    rows = accounts.audited(app, before, asked.limit + 1)
    items, more = rows[: asked.limit], len(rows) > asked.limit
    return Page(
        items=[Changed.model_validate(each) for each in items],
        next=address(request, items[-1].id) if more else None,
    )  # fmt: skip


def decided(request: Request, app: App, asked: Settling, edited: Callable[[], Workspace]) -> Effect:
    """The answer to a change of settings: its effect, and with `agreed` the settings written."""
    now, held = pipeline.now(), settings_effect.fingerprint(app.workspace)
    settings_effect.whole(app)
    try:
        seen = settings_effect.look(app, edited(), now)
    except SettingsError as error:  # of what is asked, and not of what is there
        raise ProblemError(422, error.message, error.hint or "") from None
    if saved := asked.agreed and not seen.same:
        _as_seen(asked, held)
        settings_effect.make(app, seen, asked.seen, now)
    return told(request, seen, settings_effect.fingerprint(seen.change.after) if saved else held, saved=saved)


def _as_seen(asked: Settling, held: str) -> None:
    if asked.seen != held:
        hint = _("ask for the effect, without `agreed`, and send the `seen` of its answer")
        raise ProblemError(409, _("These are not the settings whose effect was looked at."), hint)


def told(request: Request, seen: settings_effect.SettingsEffect, print_: str, *, saved: bool) -> Effect:
    """An effect for programs. One that was only looked at is no change: it leaves its key free."""
    request.state.looked = not saved
    return Effect(
        saved=saved, same=seen.same, seen=print_,
        slots=[SlotMoved.model_validate(row, from_attributes=False) for row in seen.change.rows()[:MOST]],
        drafts=[DraftMoved.model_validate(row, from_attributes=False) for row in seen.change.moved_drafts()[:MOST]],
        channels=[ChannelsChanged.model_validate(each) for each in seen.channels],
        worse=[Note.model_validate(each) for each in seen.worse[:MOST]],
        better=[Note.model_validate(each) for each in seen.better[:MOST]],
        lines=[f"{sign} {line}" for sign, line in seen.lines],
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


@router.get("/settings/file", dependencies=[needs(Act.SETTINGS)])
def file_text(app: Here) -> Text:
    """steadycast.toml as text; it holds names of secrets, and no secret."""
    found = settings_file.read(app.workspace.root)
    try:
        settings_file.parsed(app.workspace.root, found.text)
    except SettingsError as error:
        return Text(text=found.text, seen=found.print, wrong=Note.model_validate(error.problem()))
    return Text(text=found.text, seen=found.print, wrong=None)


@changed.post("/settings/file", dependencies=[needs(Act.SETTINGS)])
def change_file(request: Request, app: Here, asked: TextAsked) -> Effect:
    """Write steadycast.toml anew: for what no form has, and for when it cannot be read."""
    now, held = pipeline.now(), settings_file.read(app.workspace.root).print
    try:
        after = settings_file.parsed(app.workspace.root, asked.text)
        seen = settings_effect.look(app, after, now)
    except SettingsError as error:
        where = f"{error.line}: " if error.line else ""
        raise ProblemError(422, f"{where}{error.message}", error.hint or "") from None
    saved = asked.agreed and (not seen.same or app.broken_settings is not None)
    if saved:
        _as_seen(asked, held)
        settings_file.write(after, asked.seen)
        ops.promise_change.settle(app, app.workspace, after, now)
    return told(request, seen, settings_effect.fingerprint(after) if saved else held, saved=saved)
