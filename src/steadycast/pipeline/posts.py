"""A slot's draft as one channel will show it: where its page will be, where its links lead, how its member is named."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

from steadycast.draft import Draft
from steadycast.draft.comments import as_shown
from steadycast.draft.crosslinks import MOST, Crosslinks, Page, crosslinks, leads_nowhere, part_of
from steadycast.draft.decoding import shown
from steadycast.errors import WARN, Busy, DraftError, Problem, Refused
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.queries import Linkable
from steadycast.ledger.tables import DeliveryRow
from steadycast.pipeline.app import App
from steadycast.pipeline.frozen_draft import from_content
from steadycast.platform import Post
from steadycast.platform.post_files import page_path
from steadycast.render.call import Call, call_at
from steadycast.render.compose import Target, compose, fits
from steadycast.render.played_media import NotConverted
from steadycast.render.prepared_body import Body, prepare
from steadycast.workspace.settings import BY_HAND

NAMES = {
    "permalink",
    "url",
    "slug",
    "alias",
    "aliases",
    "redirect_from",
}  # front matter that says what a page is called
MOST_NAMES = 50  # names of one draft that count, and a tenth of their characters


class PageLinks:
    """The drafts of a workspace, and those that are `coming` in, for those that link to them."""

    def __init__(self, app: App, coming: Iterable[Draft] = ()) -> None:
        self.app = app
        self._coming = coming

    @cached_property
    def _pages(self) -> Crosslinks:
        newest: dict[str, Page] = {}
        coming = [Linkable(str(draft.path), draft.slug, draft.extra, {}) for draft in self._coming]
        for row in (
            *self.app.ledger.linkable(),
            *coming,
        ):  # a file that came again goes on where the one before it went out
            before = newest.get(row.path)
            newest[row.path] = Page(row.path, {**(before.urls if before else {}), **row.urls}, tuple(_names(row)))
        return Crosslinks(newest.values())

    @cached_property
    def _with_pages(self) -> frozenset[str]:
        """The channels on which a delivery's address is that of its page alone, not of a feed or a calendar."""
        return frozenset(name for name, p in self.app.usable_platforms.items() if p.permalink or not p.local)

    @cached_property
    def _site(self) -> str:
        """The channel that is the community's own site."""
        return next((name for name, p in self.app.usable_platforms.items() if p.permalink), "")

    def of(self, draft: Draft, hrefs: Iterable[str], channel: str) -> Mapping[str, str]:
        """Address -> where it leads on `channel`, for each that means a draft; "" where that has not gone out."""
        found = {}
        for href in islice(hrefs, MOST):
            if page := self._pages.find(href, draft.path):
                found[href] = self._address(page, channel, href)
        return found

    def _address(self, page: Page, channel: str, href: str) -> str:
        where = channel if channel in self._with_pages and page.urls.get(channel) else self._site
        url = page.urls.get(where, "")
        return url + part_of(href) if url and where == self._site else url

    def problems(self, draft: Draft) -> Iterator[Problem]:
        """Each link to another draft that is only words for now, with its line; said once where a line has it twice."""
        return iter(() if draft.of_html else dict.fromkeys(self._problems(draft)))

    def _problems(self, draft: Draft) -> Iterator[Problem]:
        for line, href in crosslinks(draft.body):
            page = self._pages.find(href, draft.path)
            if leads_nowhere(href) if page is None else not (page.urls.keys() & {*self._with_pages, self._site}):
                to = shown(unquote(href)[:60])
                said = _(
                    "the link to %(target)s leads to no page of this community that is out: only its words go out",
                    target=to,
                )
                hint = _("publish that draft first, or write the address of a page")
                yield Problem(str(draft.path), draft.body_line + line - 1, said, hint, severity=WARN)


def _names(row: Linkable) -> Iterator[str]:
    extra: Mapping[str, Any] = {key.lower(): value for key, value in row.extra.items() if isinstance(key, str)}
    given = [row.slug, *(extra[key] for key in NAMES & extra.keys())]
    flat = [name for value in given for name in (value if isinstance(value, list) else [value])]
    yield from (
        name.strip() for name in flat[:MOST_NAMES] if isinstance(name, str) and 0 < len(name.strip()) <= MOST_NAMES * 10
    )


GONE = N_("its draft is gone, or its approval was taken back")
KEPT = 64  # parsed bodies: one slot's channels share one
TOGETHER = 50  # drafts, or slots, that are read at once
V = TypeVar("V")


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

    def __init__(
        self,
        app: App,
        media: Path | None = None,
        coming: Sequence[Delivery] = (),
        converts: Literal["no", "yes", "ready"] = "no",
    ) -> None:
        self.app = app
        self.converts = converts  # of sounds and films, as in Studio
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
                raise Refused(_(GONE), channel=claimed.channel)
            return self.post(draft, claimed, self._dated(claimed))
        except NotConverted as error:
            raise Busy(str(error), channel=claimed.channel) from None
        except DraftError as error:
            raise Refused(str(error), channel=claimed.channel) from None

    def _dated(self, claimed: Delivery) -> dt.datetime | None:
        """The date that readers see: now for what a person publishes before its hour, else None for the slot's."""
        now = self.app.clock.now()
        return now if claimed.at > now + self.app.workspace.publish.lead else None

    def post(self, draft: Draft, place: Delivery | DeliveryRow, dated: dt.datetime | None = None) -> Post:
        """`draft` on a channel at a slot, which readers see `dated` so where that differs.

        Raises the DraftError that `fits` would list first.
        """
        return compose(self.body(draft), self.app.platform(place.channel), self._target(draft, place, dated))

    def faults(self, draft: Draft, place: Delivery, now: dt.datetime) -> list[DraftError]:
        """What would fail there, and as harmless what it would lose; each with the draft's line where it has one."""
        return fits(self.body(draft), self.app.platform(place.channel), self._target(draft, place, None), now=now)

    def body(self, draft: Draft) -> Body:
        """The parsed body of a draft, from the last few kept."""
        workspace = self.app.workspace
        if draft.revision not in self._bodies:
            base = workspace.community.url
            made = prepare(draft, self.media, workspace.cache, base=base, converts=self.converts)
            self._bodies[draft.revision] = made
            if len(self._bodies) > KEPT:
                self._bodies.popitem(last=False)
        return self._bodies[draft.revision]

    def _page(self, slot: str) -> str:
        """The slot's page on the community's own pages; "" where they do not carry it: a link to it would be dead."""
        carried = self._channels[slot] or self.app.workspace.channels  # none yet: a preview
        return page_url(self.app, slot, partial(self.app.ledger.marker, slot), carried)

    def _target(self, draft: Draft, place: Delivery | DeliveryRow, dated: dt.datetime | None) -> Target:
        """Where and when a post will stand, as rendering asks for it."""
        workspace = self.app.workspace
        # What went out by hand counts for no series; the one that its slot's id names is where readers find it.
        series = place.series if place.series != BY_HAND else place.slot.partition("@")[0]
        promise = workspace.series.get(series)
        zone = workspace.community.zone
        return Target(
            channel=place.channel,
            slot=place.slot,
            key=place.marker,
            draft=place.draft or "",
            published=(dated or place.at).astimezone(zone),
            slot_at=place.at.astimezone(zone) if dated else None,
            zone=zone,
            language=workspace.community.language,
            community=workspace.community.name,
            series=series if promise else "",
            series_title=promise.title if promise else "",
            member_title=workspace.member_title(draft.member) if draft.member else workspace.community.name,
            member_url=workspace.member_url(draft.member),
            canonical_url=self._page(place.slot),
            call=call_of(self.app, draft, place.channel, series, place.slot),
            links=self.links.of(draft, self.body(draft).inside, place.channel),
        )


def call_of(app: App, draft: Draft, channel: str, series: str, slot: str) -> Call | None:
    """What a draft's post says at its end, at that slot on that channel."""
    workspace, platform = app.workspace, app.usable(channel)
    named = workspace.call(channel, series, draft.call) if platform else None
    return call_at(named, workspace.root, channel, platform, series=series, slot=slot) if platform else None


def page_url(app: App, slot: str, key_on: Callable[[str], str], carried: Collection[str]) -> str:
    """Where the community's own pages show this slot: on the first of its channels whose platform has permalinks.

    channel.toml says how: `permalink = "{path}.html"`, {path} being `slot_path` of the post; `key_on` gives its key.
    Pages whose channel names no `url` are at the community's, as that setting says.
    """
    for name, settings in app.workspace.channels.items():
        platform, base = app.usable(name), str(settings.own.get("url") or app.workspace.community.url)
        if platform and platform.permalink and base and name in carried:
            path = page_path(slot, key_on(name))
            return f"{base.rstrip('/')}/{platform.permalink.format(path=path)}"
    return ""


def stand_in(app: App) -> Callable[[Delivery], Post]:
    """Makes a post to look for what a restored ledger lost: its key, its slot, and what its draft would be today."""
    zone = app.workspace.community.zone

    def made(look: Delivery) -> Post:
        try:
            posts = Posts(app)
            if look.draft and (draft := posts.draft(look.draft)):
                return posts.post(draft, look)
        except Exception:  # noqa: S110 a draft that cannot be rendered any more stops no look: the key is what counts
            pass
        at = look.at.astimezone(zone)
        return Post(look.marker, look.channel, look.slot, "", "", "", "", ("",), at, series=look.series)

    return made
