"""A slot's draft as one channel will show it: where its page will be, and by what name the member goes."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from steadycast.draft import Draft
from steadycast.errors import DraftError, Refused
from steadycast.ledger.claims import Claimed
from steadycast.ledger.looks import Lookup
from steadycast.pipeline.app import App
from steadycast.pipeline.crosslinks import PageLinks
from steadycast.pipeline.drafts import approved
from steadycast.platform import Post
from steadycast.platform.files import page_path
from steadycast.render.body import Body, prepare
from steadycast.render.compose import Target, compose

GONE = "its draft is gone, or its approval was taken back"
KEPT = 64  # parsed bodies: one slot's channels share one


@dataclass(frozen=True, slots=True)
class Place:
    """One slot on one channel: its instant, the delivery's marker, and what readers see it dated where that differs."""

    channel: str
    slot: str
    series: str
    at: dt.datetime
    key: str
    dated: dt.datetime | None = None
    draft: str | None = None  # the id of what goes out there


class Posts:
    """Makes posts for one run: a draft's body is parsed once for all its channels. Its files come into `media`."""

    def __init__(self, app: App, media: Path | None = None) -> None:
        self.app = app
        self.links = PageLinks(app)
        self.media = media or app.workspace.media
        self._bodies: OrderedDict[str, Body] = OrderedDict()

    def make(self, claimed: Claimed) -> Post:
        """The post of a claimed delivery, of the newest approved revision; Refused when it cannot be made."""
        try:
            draft = approved(self.app, claimed.draft)
            if draft is None:
                raise Refused(GONE, channel=claimed.channel)
            slot = (claimed.channel, claimed.slot, claimed.series, claimed.at, claimed.marker)
            return self.post(draft, Place(*slot, dated=self._dated(claimed), draft=claimed.draft))
        except DraftError as error:
            raise Refused(str(error), channel=claimed.channel) from None

    def _dated(self, claimed: Claimed) -> dt.datetime | None:
        """The date that readers see: now for what a person publishes before its hour, else None for the slot's."""
        now = self.app.clock.now()
        return now if claimed.at > now + self.app.workspace.publish.lead else None

    def post(self, draft: Draft, place: Place) -> Post:
        """`draft` on a channel at a slot; raises the DraftError that `fits` would list first."""
        workspace, platform = self.app.workspace, self.app.platform(place.channel)
        target, body = self.target(draft, place), self.body(draft)
        return compose(draft, platform, target, workspace.media, workspace.cache, body=body)

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
        carried = {row.channel for row in self.app.ledger.deliveries(slots=[slot])}  # none yet: a preview
        return page_url(self.app, slot, partial(self.app.ledger.marker, slot), carried or self.app.workspace.channels)

    def target(self, draft: Draft, place: Place) -> Target:
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
            site_url=workspace.community.url,
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


def stand_in(app: App) -> Callable[[Lookup], Post]:
    """Makes a post to look for what a restored ledger lost: its key, its slot, and what its draft would be today."""
    zone = app.workspace.community.zone

    def made(look: Lookup) -> Post:
        row = app.ledger.delivery(look.id)
        key, series = (row.marker, row.series) if row else ("", "")
        try:
            draft = approved(app, row.draft) if row and row.draft else None
            if row and draft:
                place = Place(look.channel, look.slot, series, look.at, key, draft=row.draft)
                return Posts(app).post(draft, place)
        except Exception:  # noqa: S110 a draft that cannot be rendered any more stops no look: the key is what counts
            pass
        return Post(key, look.channel, look.slot, "", "", "", "", ("",), look.at.astimezone(zone), series=series)

    return made
