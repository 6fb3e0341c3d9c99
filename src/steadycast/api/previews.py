"""A draft, or a text that lies nowhere yet, as each channel would show it: nothing of it is kept or published."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import Query
from pydantic import Field

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.drafts import NewDraft, Word, parsed
from steadycast.api.problems import ProblemError, described
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Name, Note, Shown, draft_of
from steadycast.draft import Draft
from steadycast.language import gettext as _
from steadycast.pipeline import App
from steadycast.pipeline.drafts import read
from steadycast.pipeline.live_preview import OnChannel, live_preview
from steadycast.pipeline.permissions import Act

router = looks("drafts")
ONE_AT_A_TIME = threading.Semaphore(1)
PATIENCE = 20.0  # seconds
LONGEST = 200_000  # characters of one text, and ten times as many of a page


class Measured(Shown):
    """How much of a limit something takes; `most` is 0 where none is known."""

    what: str
    n: int
    most: int


class Screen(Shown):
    """What a reader has before them: words, or a page. It holds what a member wrote: show it in a sandbox only."""

    kind: str
    text: str
    html: str


class ChannelPreview(Shown):
    """What one channel makes of it; nothing where `problems` say why it cannot come there."""

    channel: str
    title: str
    text: list[str] = Field(description="Its words, part by part where it is a thread.")
    cut: list[str] = Field(description="What had to be shortened: title, summary, text.")
    measured: list[Measured]
    screens: list[Screen] = Field(description="Only where `screens` was asked for.")
    problems: list[Note]


class Preview(Shown):
    """A text on every channel that may carry it."""

    title: str
    channels: list[ChannelPreview]
    notes: list[Note]
    left_out: int = Field(description="Channels beyond those that are shown at once.")


Screens = Annotated[bool, Query(description="With the pages and texts that a reader has before them.")]


@router.get("/drafts/{id}/preview", dependencies=[needs(Act.READ)])
def preview(app: Here, id: Name, channel: Annotated[Word, Query()] = "", screens: Screens = False) -> Preview:
    """A draft on each of its channels, or on one."""
    row = draft_of(app, id)
    found = read(app, row.id, row.revision)
    if found is None:
        raise ProblemError(404, _("There is no text of this draft."))
    return previewed(app, found, channel, screens=screens)


@router.post("/drafts/preview", dependencies=[needs(Act.SUBMIT)], responses=described(400, 413))
def preview_new(app: Here, sent: NewDraft, channel: Annotated[Word, Query()] = "", screens: Screens = False) -> Preview:
    """A text that lies nowhere yet; it is kept nowhere, and needs no key."""
    return previewed(app, parsed(app, sent.markdown, sent.member), channel, screens=screens)


def previewed(app: App, draft: Draft, channel: str = "", *, screens: bool = False) -> Preview:
    """What each channel, or one, makes of it."""
    if channel:
        app.known_channel(channel)
    if not ONE_AT_A_TIME.acquire(timeout=PATIENCE):
        raise ProblemError(
            503, _("Other previews are being made."), _("ask again in a while"), headers={"Retry-After": "10"}
        )
    try:
        seen = live_preview(app, draft, pipeline.now(), [channel] if channel else None)
    finally:
        ONE_AT_A_TIME.release()
    return Preview(
        title=draft.title, channels=[_on(draft, one, screens=screens) for one in seen.channels], left_out=seen.left_out,
        notes=[Note.model_validate(each) for each in seen.noticed],
    )  # fmt: skip


def _on(draft: Draft, one: OnChannel, *, screens: bool) -> ChannelPreview:
    shown = one.shown
    words = [*(shown.post.parts or (shown.post.text,))] if shown else []
    views = shown.views if shown and screens else ()
    return ChannelPreview(
        channel=one.channel, title=one.title, text=[text[:LONGEST] for text in words],
        cut=[*shown.cut(draft)] if shown else [],
        measured=[Measured(what=what, n=n, most=most) for what, n, most in shown.measured] if shown else [],
        screens=[Screen(kind=v.kind, text=v.text[:LONGEST], html=v.html[: 10 * LONGEST]) for v in views],
        problems=[Note.model_validate(each) for each in one.faults],
    )  # fmt: skip
