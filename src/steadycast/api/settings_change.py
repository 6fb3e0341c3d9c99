"""A change of settings as every form of them asks for it: first for its effect, then, with what was seen, for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api.drafts import Word
from steadycast.api.problems import ProblemError
from steadycast.api.shapes import Asked, Note, Shown, SlotMoved
from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.ops import settings_edits, settings_effect
from steadycast.pipeline import App
from steadycast.workspace import Workspace

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


def decided(request: Request, app: App, asked: Settling, edited: Callable[[], Workspace]) -> Effect:
    """The answer to a change of settings: its effect, and with `agreed` the settings written."""
    now, held = pipeline.now(), settings_effect.fingerprint(app.workspace)
    settings_effect.whole(app)
    try:
        seen = settings_effect.look(app, edited(), now)
    except SettingsError as error:  # of what is asked, and not of what is there
        raise ProblemError(422, error.message, error.hint or "") from None
    if saved := asked.agreed and not seen.same:
        as_seen(asked, held)
        settings_effect.make(app, seen, asked.seen, now)
    return told(request, seen, settings_effect.fingerprint(seen.change.after) if saved else held, saved=saved)


def as_seen(asked: Settling, held: str) -> None:
    """Raises ProblemError where the effect that was looked at is of other settings than those that are held now."""
    if asked.seen != held:
        hint = _("ask for the effect, without `agreed`, and send the `seen` of its answer")
        raise ProblemError(409, _("These are not the settings whose effect was looked at."), hint)


def told(request: Request, seen: settings_effect.SettingsEffect, seen_as: str, *, saved: bool) -> Effect:
    """An effect for programs. One that was only looked at is no change: it leaves its key free."""
    request.state.looked = not saved
    return Effect(
        saved=saved, same=seen.same, seen=seen_as,
        slots=[SlotMoved.model_validate(row, from_attributes=False) for row in seen.change.rows()[:MOST]],
        drafts=[DraftMoved.model_validate(row, from_attributes=False) for row in seen.change.moved_drafts()[:MOST]],
        channels=[ChannelsChanged.model_validate(each) for each in seen.channels],
        worse=[Note.model_validate(each) for each in seen.worse[:MOST]],
        better=[Note.model_validate(each) for each in seen.better[:MOST]],
        lines=[f"{sign} {line}" for sign, line in seen.lines],
    )  # fmt: skip
