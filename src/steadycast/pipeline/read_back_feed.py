"""Posts that a feed shows: a kit that somebody posted, or a delivery that nobody knew of, and where it is.

Presence is evidence; absence proves nothing, so nothing is ever sent again for what a feed lacks: many outlets have a
feed only by a converter (RSSHub), which fails for weeks.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from steadycast.errors import FeedError
from steadycast.intake.feed_items import Item
from steadycast.intake.feeds import FeedSettings, FeedState, read
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.outgoing import Fetcher, PrivateAddressError
from steadycast.pipeline.app import App
from steadycast.pipeline.post_address import is_of, is_web_address
from steadycast.platform.post_bytes import post_from_bytes

EARLIER = dt.timedelta(hours=12)  # a person may post before the hour
LATER = dt.timedelta(days=14)
UNDATED = dt.timedelta(days=2)  # of a slot, within which an item without a time may be it
PAUSE = dt.timedelta(minutes=10)  # between two looks at one feed
SHORTEST = 6  # letters and digits that are left of a title which the outlet cut
LONG = 12  # of a title with which a text begins, so that it is no other's beginning
URL = re.compile(r"https?://[^\s<>\"'()\[\]]+")
KEY = "read-back-feed"  # in the channel's state: when its feed was looked at last
BY = "feed"


@dataclass(frozen=True, slots=True)
class Expected:
    """A delivery that may be there, and what an item of it would have."""

    id: int
    since: dt.datetime  # what was out before that is another post
    slot: dt.datetime
    titles: frozenset[str]  # as its post has it, and as its draft has it
    addresses: frozenset[str] = frozenset()  # of the post itself, or of its page that the post leads to


@dataclass(frozen=True, slots=True)
class Sighting:
    """A delivery that a feed shows."""

    id: int
    url: str
    at: dt.datetime | None = None  # since when, where the feed says so


def sighted(
    items: Iterable[Item], expected: Sequence[Expected], now: dt.datetime, others: Collection[str] = ()
) -> list[Sighting]:
    """Which deliveries these items are, each item at most one: by an address, else by the title. Pure.

    `others` are addresses that belong to other deliveries already. Where one item could be two deliveries, or two
    undated items one, none is: a person says which.
    """
    known, left, found = {_plain(url) for url in others}, list(expected), list[Sighting]()
    free = sorted(
        (item for item in items if item.link and _plain(item.link) not in known),
        key=lambda item: (item.published is None, item.published or ""),
    )
    for same in (_same_address, _same_title):
        for item in list(free):
            candidates = [each for each in left if _in_time(item, each, now) and same(item, each)]
            if len(candidates) == 1 and (item.published or not _has_twin(item, free, candidates[0])):
                left.remove(candidates[0])
                free.remove(item)
                found.append(Sighting(candidates[0].id, item.link, item.published))
    return found


def _same_address(item: Item, expected: Expected) -> bool:
    """Whether the item is at our address; or leads to our page under our title: who cites us has another."""
    ours = {_plain(address) for address in expected.addresses}
    leads = any(_plain(url) in ours for url in URL.findall(item.body))
    return _plain(item.link) in ours or (leads and _same_title(item, expected))


def _same_title(item: Item, expected: Expected) -> bool:
    """Whether one title is the other, or surely its beginning: outlets cut titles, and a short post's is its text."""
    told, was_cut = letters(item.title), item.title.rstrip().endswith(("…", "..."))
    for title in expected.titles:
        ours = letters(title)
        begins = ours.startswith(told) and was_cut and len(told) >= SHORTEST
        goes_on = told.startswith(ours) and (len(ours) >= LONG or item.title.lstrip().startswith(f"【{title}】"))
        if ours and (told == ours or begins or goes_on):
            return True
    return False


def _has_twin(item: Item, items: Iterable[Item], expected: Expected) -> bool:
    return any(other is not item and _same_title(other, expected) for other in items)


def _in_time(item: Item, expected: Expected, now: dt.datetime) -> bool:
    if item.published is None:
        return now - expected.slot <= UNDATED
    return expected.since <= item.published <= expected.slot + LATER


def letters(title: str) -> str:
    """A title's letters and digits in their plainest form: what no outlet changes when it cuts or decorates."""
    return "".join(c for c in unicodedata.normalize("NFKC", title).casefold() if c.isalnum())


def _plain(url: str) -> str:
    """An address without what differs between two ways to write it."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}{query}"


def look(app: App, now: dt.datetime) -> list[int]:
    """Looks at the feeds of channels where something waits, and closes what they show; the deliveries' numbers."""
    waiting: dict[str, list[DeliveryRow]] = {}
    for row in app.ledger.deliveries(states=(State.HANDED, State.UNKNOWN), after=now - LATER):
        settings = app.workspace.channels.get(row.channel)
        if settings and settings.read_back_feed and app.usable(row.channel):
            waiting.setdefault(row.channel, []).append(row)
    looked = app.ledger.states(KEY) if waiting else {}
    due = [channel for channel in waiting if _is_due(looked.get(channel), _feed(app, channel), now)]
    return [row for channel in due for row in _look(app, channel, waiting[channel], now)]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a feed holds, as it was read for a test: `error` and `hint` where it could not be."""

    items: int = 0
    usable: int = 0  # whose address may be a post's of this platform
    newest: str = ""
    error: str = ""
    hint: str = ""


def tried(app: App, channel: str, now: dt.datetime) -> Tried:
    """Reads a channel's feed for whoever asks whether it works; closes nothing, and keeps nothing."""
    platform, result = app.platform(channel), read(_feed(app, channel), FeedState(), Fetcher(), now)
    if result.error:
        return Tried(error=app.redact(result.error.message), hint=_way(result.error))
    usable = [item for item in result.items if is_web_address(item.link) and is_of(platform, item.link)]
    return Tried(len(result.items), len(usable), result.items[0].title if result.items else "")


def _way(error: FeedError) -> str:
    if isinstance(error.__cause__, PrivateAddressError):
        return _("is it on this machine or in this network? Then write read_back_private = true")
    return _("open the address in a browser")


def _is_due(last: Mapping[str, str] | None, feed: FeedSettings, now: dt.datetime) -> bool:
    """Whether its time has come; a feed whose settings have changed since is looked at as a new one."""
    if last is None or last["feed"] != _named(feed):
        return True
    return not dt.timedelta() <= now - dt.datetime.fromisoformat(last["at"]) < PAUSE


def _feed(app: App, channel: str) -> FeedSettings:
    settings = app.workspace.channels[channel]
    return FeedSettings(channel, settings.read_back_feed, allow_private=settings.read_back_private)


def _named(feed: FeedSettings) -> str:
    return f"{feed.key}{'+' * feed.allow_private}"


def _look(app: App, channel: str, rows: Sequence[DeliveryRow], now: dt.datetime) -> Iterator[int]:
    platform, feed = app.platform(channel), _feed(app, channel)
    app.ledger.set_state(channel, KEY, {"at": now.isoformat(), "feed": _named(feed)}, None)
    result = read(feed, FeedState(), Fetcher(), now)
    if result.error:
        why, named = app.redact(result.error.message), app.channel_title(channel)
        said = _("%(channel)s: its feed could not be read: %(why)s", channel=named, why=why)
        logging.getLogger(__name__).warning("%s; %s", said, _way(result.error))
    ours = {row.id or 0: row for row in rows}
    around = app.ledger.deliveries(channels=[channel], after=now - 2 * LATER)
    others = [row.url for row in around if row.url and row.id not in ours]
    items = [item for item in result.items if is_web_address(item.link) and is_of(platform, item.link)]
    for seen in sighted(items, _expected(app, ours), now, others):
        close = app.ledger.confirm if ours[seen.id].state == State.HANDED else app.ledger.settle_as_there
        if close(seen.id, seen.url, BY, now, at=seen.at, seen="feed"):
            yield seen.id


def _expected(app: App, rows: Mapping[int, DeliveryRow]) -> list[Expected]:
    titles = app.ledger.titles({row.draft for row in rows.values() if row.draft})
    frozen, handed = app.ledger.frozen(rows), app.ledger.receipts_of(rows)
    expected = []
    for id_, row in rows.items():
        post = post_from_bytes(frozen[id_]) if id_ in frozen else None
        named = {titles.get(row.draft or "", ""), post.title if post else ""}
        leads = {row.url, post.canonical_url if post else ""}
        begun = handed[id_].at if id_ in handed and handed[id_].at else row.at
        since = min(row.at - EARLIER, begun or row.at)
        expected.append(Expected(id_, since, row.at, frozenset(named - {""}), frozenset(leads - {""})))
    return expected
