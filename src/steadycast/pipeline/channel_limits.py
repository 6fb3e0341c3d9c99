"""What of a draft would fail on the channels that its series go to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from steadycast.draft import Draft
from steadycast.errors import DraftError
from steadycast.pipeline.app import App
from steadycast.pipeline.posts import page_url
from steadycast.platform import Platform
from steadycast.render.compose import Target, fits
from steadycast.render.prepared_body import prepare
from steadycast.render.wording import Words


def unfit(app: App, draft: Draft, now: dt.datetime) -> list[DraftError]:
    """What of `draft` would fail on the channels that its series go to; each fault once."""
    workspace = app.workspace
    body = prepare(draft, workspace.media, workspace.cache, base=workspace.community.url, keeps=False)
    found: dict[str, DraftError] = {}
    for target, platform in _targets(app, draft, now):
        for fault in fits(body, platform, target, now=now):
            found.setdefault(fault.message, replace_line(fault, draft))
    return list(found.values())


def crowded(app: App, draft: Draft, now: dt.datetime) -> list[DraftError]:
    """Titles beside which no text has room, and what else the words alone tell: nothing is read or drawn for it."""
    found: dict[str, DraftError] = {}
    for target, platform in _targets(app, draft, now):
        if platform.render.compose:
            words = Words(draft, platform, target)
            words.check_room()
            found |= {fault.message: replace_line(fault, draft) for fault in words.faults}
    return list(found.values())


def _targets(app: App, draft: Draft, now: dt.datetime) -> Iterator[tuple[Target, Platform]]:
    """Each channel that the draft may come on, with a page of its own as long as the real one will be."""
    slot = likely_slot(app, draft, now)
    for channel in channels_for(app, draft):
        if platform := app.usable(channel):  # else: reported already
            page = page_url(app, slot, lambda _: "", app.workspace.channels) if platform.render.compose else ""
            yield Target(channel, published=now, canonical_url=page), platform


def likely_slot(app: App, draft: Draft, now: dt.datetime) -> str:
    """A slot such as the draft will have, so that its page's address is as long: of the longest series' name."""
    series = app.workspace.series.values()
    names = [each.name for each in series if draft.form in each.forms and each.meant_by(draft.series)]
    return f"{max(names, key=len, default='preview')}@{now:%Y-%m-%dT%H:%M}"


def channels_for(app: App, draft: Draft) -> list[str]:
    """The channels on which a draft may come: those of each series it could serve, less those it leaves out."""
    found: dict[str, None] = {}
    for series in app.workspace.series.values():
        if draft.form in series.forms and series.meant_by(draft.series):
            found |= dict.fromkeys(series.channels)
    wanted = [c for c in found if not draft.channels.get(c, {}).get("skip")]
    return [c for c in wanted if (platform := app.usable(c)) and draft.form in platform.forms]


def replace_line(fault: DraftError, draft: Draft) -> DraftError:
    """A fault with the draft's file named as people know it."""
    return replace(fault, file=str(draft.path))
