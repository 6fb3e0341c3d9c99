"""Settings of members, their feeds, and of the alarms."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.drafts import Member, Word
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes
from steadycast.api.settings_change import Effect, Line, Settling, decided
from steadycast.api.settings_channels import Value
from steadycast.api.shapes import Asked, Here, Name, Shown
from steadycast.language import gettext as _
from steadycast.ops import alarm_addresses, settings_edits
from steadycast.pipeline.permissions import Act

changed = changes("settings")
Number = Annotated[int, Path(ge=0, le=1_000_000)]


class MemberAsked(Settling):
    """What is said of a member; what is left out stays as it is."""

    name: Member = Field(description="The name of their folder below content/ugc/.")
    title: Line | None = None
    trusted: bool | None = None
    url: Line | None = None


class FeedAsked(Settling):
    """One feed more."""

    url: Line


class RitualAsked(Settling):
    """One day more that the community marks, as [[ritual]] says it."""

    when: Line
    series: Word
    template: Word
    lead: Word = ""


class RemindersAsked(Settling):
    """Where and when the group is reminded of what members are asked for, as [asks] says it."""

    channel: Word = ""
    before: Word = ""
    at: Word = ""


class FairAsked(Settling):
    """At which figures editors are told, as [fair] says it; what is left out stays as it is, "" takes it out."""

    founder: Line | None = Field(None, description="Whose community it is: the name of a member.")
    founder_share: Line | None = None
    top: Line | None = None
    decided: Line | None = None
    wait: Line | None = None
    waiting: Line | None = None


class AlarmsAsked(Settling):
    """After how long a silence is told, how long ahead an empty slot; and one address that is told no more."""

    quiet_after: Line | None = None
    ahead: Line | None = None
    remove: Word = Field("", description="The name of an address.")


class AddressAsked(Asked):
    """An Apprise address, such as mailtos://user:password@example.org. It is a secret."""

    address: Value


class Kept(Shown):
    """The name under which an address is kept."""

    kept_as: str


class Sent(Shown):
    """Whether at least one address took the test."""

    taken: bool


@changed.post("/settings/members", dependencies=[needs(Act.SETTINGS)])
def change_member(request: Request, app: Here, asked: MemberAsked) -> Effect:
    """Name a member, or change what is said of one."""
    known = app.workspace.members.get(asked.name)
    own = {"title": known.title, "trusted": known.trusted, "url": known.url} if known else {}
    said = own | {key: value for key, value in asked.asked().items() if key != "name"}
    return decided(request, app, asked, lambda: settings_edits.member(app.workspace, asked.name, said))


@changed.post("/settings/members/{name}/feeds", dependencies=[needs(Act.SETTINGS)])
def add_feed(request: Request, app: Here, name: Name, asked: FeedAsked) -> Effect:
    """Read one more feed of a member."""
    return decided(request, app, asked, lambda: settings_edits.with_feed(app.workspace, name, asked.url.strip()))


@changed.post("/settings/feeds/{number}/remove", dependencies=[needs(Act.SETTINGS)])
def remove_feed(request: Request, app: Here, number: Number, asked: Settling) -> Effect:
    """Read a feed no more."""
    return decided(request, app, asked, lambda: settings_edits.without_feed(app.workspace, number))


@changed.post("/settings/alarms", dependencies=[needs(Act.SETTINGS)])
def change_alarms(request: Request, app: Here, asked: AlarmsAsked) -> Effect:
    """Change after how long a silence is told and how long ahead an empty slot, or take an address away."""
    urls = [name for name in app.workspace.alarms.urls if name != asked.remove]
    if asked.remove and len(urls) == len(app.workspace.alarms.urls):
        raise ProblemError(404, _("There is no such address."))
    spans = asked.quiet_after, asked.ahead
    return decided(request, app, asked, lambda: settings_edits.alarms(app.workspace, urls, *spans))


@changed.post("/settings/alarms/add", status_code=201, dependencies=[needs(Act.SETTINGS)])
def add_alarm(app: Here, asked: AddressAsked) -> Kept:
    """Add an address. It is kept, and never told again."""
    return Kept(kept_as=alarm_addresses.add(app, asked.address, pipeline.now()))


@changed.post("/settings/alarms/test", dependencies=[needs(Act.SETTINGS)])
def test_alarms(app: Here) -> Sent:
    """Send a test to all addresses."""
    return Sent(taken=alarm_addresses.send_test(app))


@changed.post("/settings/rituals", dependencies=[needs(Act.SETTINGS)])
def add_ritual(request: Request, app: Here, asked: RitualAsked) -> Effect:
    """Mark one day more."""
    given = {"when": asked.when, "series": asked.series, "template": asked.template, "lead": asked.lead}
    return decided(request, app, asked, lambda: settings_edits.with_ritual(app.workspace, given))


@changed.post("/settings/rituals/{number}/remove", dependencies=[needs(Act.SETTINGS)])
def remove_ritual(request: Request, app: Here, number: Number, asked: Settling) -> Effect:
    """Mark a day no more, by its number in steadycast.toml, counted from 0."""
    return decided(request, app, asked, lambda: settings_edits.without_ritual(app.workspace, number))


@changed.post("/settings/reminders", dependencies=[needs(Act.SETTINGS)])
def change_reminders(request: Request, app: Here, asked: RemindersAsked) -> Effect:
    """Change where and when the group is reminded; an empty channel reminds nobody."""
    given = {"channel": asked.channel, "before": asked.before, "at": asked.at}
    return decided(request, app, asked, lambda: settings_edits.reminders(app.workspace, given))


@changed.post("/settings/fair", dependencies=[needs(Act.SETTINGS)])
def change_fair(request: Request, app: Here, asked: FairAsked) -> Effect:
    """Change at which shares and waiting times editors are told, and who the founder is."""
    given = asked.model_dump(exclude_none=True, include=set(FairAsked.model_fields) - set(Settling.model_fields))
    return decided(request, app, asked, lambda: settings_edits.fair(app.workspace, given))
