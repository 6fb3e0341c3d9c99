"""Settings of channels: what one can be made of, a new one, its secrets replaced, and whether it would be let in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.drafts import Word
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.settings import ChannelSettings, channel_of
from steadycast.api.settings_change import Effect, Line, Names, Settling, decided
from steadycast.api.shapes import Asked, Here, Name, Note, Shown
from steadycast.errors import OK, WARN, SettingsError
from steadycast.language import gettext as _
from steadycast.ops import channel_add, channel_test, first_run, settings_edits, settings_effect
from steadycast.pipeline import recipients
from steadycast.pipeline.permissions import Act
from steadycast.platform import Setting
from steadycast.workspace import Workspace, load

router, changed = looks("settings"), changes("settings")
Value = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Values = Annotated[dict[Word, Value], Field(max_length=50)]


class SettingShown(Shown):
    """One setting of a platform, as its channel.toml declares it."""

    name: str
    title: str = Field(description="What a form calls it.")
    type: str = Field(description="str, int, bool, url, path, list.")
    default: Any
    required: bool
    secret: bool
    help: str
    choices: list[str | int]
    examples: list[str] = Field(description="How a value looks, where it has to look so.")


class Platform(Shown):
    """What a channel can be made of."""

    name: str
    title: str
    kind: str = Field(description="files and kit ask for nothing; account has settings that a person must give.")
    delivery: str
    experimental: bool = Field(description="Tried against a fake of its own only, never against the live platform.")
    forms: list[str]
    settings: list[SettingShown]


class NewChannel(Asked):
    """A channel more. Nothing goes there before a series names it."""

    platform: Word
    name: Word = Field("", description="Its name here; the platform's where left out.")
    settings: Values = Field(
        {}, description="As text; of a secret that is set already its name. `upload.to` and others too."
    )
    secrets: Values = Field({}, description="Values of secrets: kept in var/secrets, and never told again.")


class UploadAsked(Asked):
    """Where a channel's folder is brought to; what is left out stays as it is."""

    to: Line | None = Field(None, description="As `sftp://user@host/path`; empty: it stays on this machine.")
    endpoint: Line | None = Field(None, description="Of s3: the server's address.")
    region: Line | None = None
    within: Line | None = Field(None, description="How long one upload may take, as `5m`.")
    overwrite: bool | None = Field(None, description="The first upload may replace files of others.")


class ChannelAsked(Settling):
    """What is said of a channel; what is left out stays as it is."""

    title: Line | None = None
    paused: bool | None = None
    read_back_feed: str | None = Field(default=None, description="A feed that shows what is out there.")
    read_back_private: bool | None = Field(default=None, description="It is on this machine or in this network.")
    settings: Values = Field({}, description="As text; an empty one takes the key away.")
    series: Names | None = Field(None, description="All series that go there.")
    upload: UploadAsked | None = None


class Secrets(Asked):
    """New values of a channel's secrets, by setting."""

    secrets: Values


class Replaced(Shown):
    """The names under which they are kept."""

    kept: list[str]


class Tried(Shown):
    """What a test of a channel found."""

    let_in: bool
    found: list[Note]


@router.get("/settings/platforms", dependencies=[needs(Act.SETTINGS)])
def platforms(app: Here) -> list[Platform]:
    """What a channel can be made of, and what each asks for."""
    return [
        Platform(
            name=offer.platform.name, title=offer.platform.shown_title, kind=offer.kind,
            delivery=offer.platform.delivery, experimental=offer.platform.experimental, forms=[*offer.platform.forms],
            settings=[_setting(each) for each in offer.platform.settings.values()],
        )
        for offer in first_run.offers(app.workspace.platform_folders, ())
    ]  # fmt: skip


def _setting(each: Setting) -> SettingShown:
    default = [*each.default] if isinstance(each.default, tuple) else each.default
    return SettingShown(
        name=each.name, title=each.shown_title, type=each.type, default=default, required=each.required,
        secret=each.secret,
        help=each.shown_help, choices=[*each.choices], examples=[*each.examples],
    )  # fmt: skip


@changed.post("/settings/channels", status_code=201, dependencies=[needs(Act.SETTINGS)])
def add_channel(app: Here, asked: NewChannel) -> ChannelSettings:
    """Add a channel at once."""
    settings_effect.whole(app)
    given, secrets = asked.settings, asked.secrets
    try:
        wanted = channel_add.wanted(app.workspace, asked.platform, asked.name, given=given, secrets=secrets)
        after = channel_add.add(app.workspace, wanted)
    except SettingsError as error:  # of what is asked, and not of what is there
        raise ProblemError(422, error.message, error.hint or "") from None
    with pipeline.App.open(load(after.root)) as fresh:
        return channel_of(fresh, wanted.name)


@changed.post("/settings/channels/{name}", dependencies=[needs(Act.SETTINGS)])
def change_channel(request: Request, app: Here, name: Name, asked: ChannelAsked) -> Effect:
    """Change a channel's settings, and which series go there. Its secrets stay."""
    known, platform = app.known_channel(name), app.platform(name)
    series = [each for each, promise in app.workspace.promises.items() if name in promise.channels]

    def edited() -> Workspace:
        after = settings_edits.channel(
            app.workspace, platform, name, asked.settings, series if asked.series is None else asked.series,
            common={
                key: getattr(known, key) if getattr(asked, key) is None else getattr(asked, key)
                for key in settings_edits.CHANNEL
            },
        )  # fmt: skip
        if asked.upload is None:
            return after
        said = asked.upload.model_dump(exclude_none=True)
        return settings_edits.upload(after, name, {key: str(value) for key, value in said.items()})

    return decided(request, app, asked, edited)


@changed.post("/settings/channels/{name}/secrets", dependencies=[needs(Act.SETTINGS)])
def replace_secrets(app: Here, name: Name, asked: Secrets) -> Replaced:
    """Keep new secrets in the place of those that were."""
    settings_effect.whole(app)
    app.known_channel(name)
    kept = channel_add.replace_secrets(app.workspace, app.platform(name), name, asked.secrets)
    app.forget(name)
    return Replaced(kept=kept)


class RecipientSeen(Shown):
    """One of those to whom a channel sends by themselves."""

    name: str
    state: str = Field(description="waiting: gets the next post; left, bounced: is sent nothing any more.")
    why: str = Field(description="link, message, person, or the far side's code.")


class RecipientsSeen(Shown):
    """Who is sent the posts of a channel, and who is sent nothing any more; those first."""

    counts: dict[str, int] = Field(description="How many are in each state.")
    rows: list[RecipientSeen] = Field(description="At most 500 of them.")


class RecipientAsked(Asked):
    """What somebody asked a person for."""

    who: Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^[^\x00-\x1f\x7f]+$")]
    act: Literal["leave", "back"]


@router.get("/channels/{name}/recipients", dependencies=[needs(Act.SETTINGS)])
def recipients_of(app: Here, name: Name) -> RecipientsSeen:
    """Who is sent the posts of a channel one by one, and who is sent nothing any more. Empty where it has none."""
    if name not in app.workspace.channels:
        raise ProblemError(404, _("There is no such channel."))
    found = recipients.of_channel(app, name)
    return RecipientsSeen.model_validate(found) if found else RecipientsSeen(counts={}, rows=[])


@changed.post("/channels/{name}/recipients", dependencies=[needs(Act.SETTINGS)])
def change_recipient(app: Here, name: Name, asked: RecipientAsked) -> RecipientsSeen:
    """Send one recipient nothing any more, also when the list is put in again; or send to them again."""
    if name not in app.workspace.channels:
        raise ProblemError(404, _("There is no such channel."))
    (recipients.leave if asked.act == "leave" else recipients.back)(app, name, asked.who.strip())
    return recipients_of(app, name)


@changed.post("/channels/{name}/test", dependencies=[needs(Act.SETTINGS)])
def test_channel(app: Here, name: Name) -> Tried:
    """Ask a channel's far side whether it would let us in. Publishes nothing."""
    found = channel_test.tried(app, name, pipeline.now())
    if found is None:
        said = _("It has not answered within %(num)s seconds.", num=int(channel_test.WITHIN))
        raise ProblemError(503, said, _("try again later"), headers={"Retry-After": "60"})
    let_in = all(each.severity in (OK, WARN) for each in found)
    return Tried(let_in=let_in, found=[Note.model_validate(each) for each in found])
