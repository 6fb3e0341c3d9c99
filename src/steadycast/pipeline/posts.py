"""A slot's draft as one channel will show it: where its page will be, and by what name the member goes."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from steadycast.draft import Draft
from steadycast.draft.comments import as_shown
from steadycast.errors import DraftError, Refused
from steadycast.ledger.delivery import Delivery
from steadycast.pipeline.app import App
from steadycast.pipeline.crosslinks import PageLinks
from steadycast.pipeline.frozen_draft import from_content
from steadycast.platform import Post
from steadycast.platform.files import page_path
from steadycast.render.compose import Target, compose
from steadycast.render.prepared_body import Body, prepare

GONE = "its draft is gone, or its approval was taken back"
KEPT = 64  # parsed bodies: one slot's channels share one
TOGETHER = 50  # drafts, or slots, that are read at once
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class PostPlace:
    """One slot on one channel: its instant, the delivery's marker, and what readers see it dated where that differs."""

    channel: str
    slot: str
    series: str
    at: dt.datetime
    key: str
    dated: dt.datetime | None = None
    draft: str | None = None  # the id of what goes out there


class ReadAhead(dict[str, V | None]):
    """What is asked for one by one, and read for the next few of `coming` together; the few before are dropped."""

    def __init__(self, coming: Iterable[str], read: Callable[[list[str]], Mapping[str, V]]) -> None:
        self._coming = list(dict.fromkeys(coming))
        self._place = {key: n for n, key in enumerate(self._coming)}
        self._read_them = read

    def __missing__(self, key: str) -> V | None:
        at = self._place.get(key)
        wanted = [key] if at is None else self._coming[at : at + TOGETHER]
        self.clear()
        self.update(dict.fromkeys(wanted), **self._read_them(wanted))
        return self[key]


class Posts:
    """Makes posts for one run: a draft's body is parsed once for all its channels. Its files come into `media`."""

    def __init__(self, app: App, media: Path | None = None, coming: Sequence[Delivery] = ()) -> None:
        self.app = app
        self.links = PageLinks(app)
        self.media = media or app.workspace.media
        self._bodies: OrderedDict[str, Body] = OrderedDict()
        self._contents = ReadAhead((claim.draft for claim in coming), app.ledger.approved)
        self._drafts: dict[str, Draft] = {}
        self._channels = ReadAhead((claim.slot for claim in coming), app.ledger.channels_of)

    def draft(self, id_: str) -> Draft | None:
        """The newest approved revision of a draft: what goes out at its slot. None when there is none (any more).

        Raises DraftError where a comment of it does not end: it may be private from there on.
        """
        content = self._contents[id_]
        if content and id_ not in self._drafts:
            workspace = self.app.workspace
            self._drafts = {key: kept for key, kept in self._drafts.items() if key in self._contents}
            self._drafts[id_] = as_shown(from_content(content, workspace.media, workspace.content))
        return self._drafts[id_] if content else None

    def make(self, claimed: Delivery) -> Post:
        """The post of a claimed delivery, of the newest approved revision; Refused when it cannot be made."""
        try:
            draft = self.draft(claimed.draft)
            if draft is None:
                raise Refused(GONE, channel=claimed.channel)
            slot = (claimed.channel, claimed.slot, claimed.series, claimed.at, claimed.marker)
            return self.post(draft, PostPlace(*slot, dated=self._dated(claimed), draft=claimed.draft))
        except DraftError as error:
            raise Refused(str(error), channel=claimed.channel) from None

    def _dated(self, claimed: Delivery) -> dt.datetime | None:
        """The date that readers see: now for what a person publishes before its hour, else None for the slot's."""
        now = self.app.clock.now()
        return now if claimed.at > now + self.app.workspace.publish.lead else None

    def post(self, draft: Draft, place: PostPlace) -> Post:
        """`draft` on a channel at a slot; raises the DraftError that `fits` would list first."""
        return compose(self.body(draft), self.app.platform(place.channel), self.target(draft, place))

    def body(self, draft: Draft) -> Body:
        """The parsed body of a draft, from the last few kept."""
        workspace = self.app.workspace
        if draft.revision not in self._bodies:
            self._bodies[draft.revision] = prepare(draft, self.media, workspace.cache, base=workspace.community.url)
            if len(self._bodies) > KEPT:
                self._bodies.popitem(last=False)
        return self._bodies[draft.revision]

    def _page(self, slot: str) -> str:
        """The slot's page on the community's own pages; "" where they do not carry it: a link to it would be dead."""
        carried = self._channels[slot] or self.app.workspace.channels  # none yet: a preview
        return page_url(self.app, slot, partial(self.app.ledger.marker, slot), carried)

    def target(self, draft: Draft, place: PostPlace) -> Target:
        """Where and when a post will stand, as rendering asks for it."""
        workspace, promise = self.app.workspace, self.app.workspace.series.get(place.series)
        zone = workspace.community.zone
        return Target(
            channel=place.channel,
            slot=place.slot,
            key=place.key,
            draft=place.draft or "",
            published=(place.dated or place.at).astimezone(zone),
            slot_at=place.at.astimezone(zone) if place.dated else None,
            zone=zone,
            language=workspace.community.language,
            community=workspace.community.name,
            series=place.series if promise else "",
            series_title=promise.title if promise else "",
            member_title=workspace.member_title(draft.member) if draft.member else workspace.community.name,
            member_url=workspace.member_url(draft.member),
            canonical_url=self._page(place.slot),
            links=self.links.of(draft, self.body(draft).inside, place.channel),
        )


def page_url(app: App, slot: str, key_on: Callable[[str], str], carried: Collection[str]) -> str:
    """Where the community's own pages show this slot: on the first of its channels whose platform has permalinks.

    channel.toml says how: `permalink = "{path}.html"`, {path} being `slot_path` of the post; `key_on` gives its key.
    """
    for name, settings in app.workspace.channels.items():
        platform, base = app.usable(name), str(settings.own.get("url") or "")
        if platform and platform.permalink and base and name in carried:
            path = page_path(slot, key_on(name))
            return f"{base.rstrip('/')}/{platform.permalink.format(path=path)}"
    return ""


def stand_in(app: App) -> Callable[[Delivery], Post]:
    """Makes a post to look for what a restored ledger lost: its key, its slot, and what its draft would be today."""
    zone = app.workspace.community.zone

    def made(look: Delivery) -> Post:
        row = app.ledger.delivery(look.id)
        key, series = (row.marker, row.series) if row else ("", "")
        try:
            posts = Posts(app)
            draft = posts.draft(row.draft) if row and row.draft else None
            if row and draft:
                place = PostPlace(look.channel, look.slot, series, look.at, key, draft=row.draft)
                return posts.post(draft, place)
        except Exception:  # noqa: S110 a draft that cannot be rendered any more stops no look: the key is what counts
            pass
        return Post(key, look.channel, look.slot, "", "", "", "", ("",), look.at.astimezone(zone), series=series)

    return made
