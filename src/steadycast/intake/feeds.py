"""Members' feeds: asked for politely, taken apart out of harm's way, and every item once for ever."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

from steadycast.errors import FeedError
from steadycast.intake import child_process
from steadycast.intake.feed_items import Item
from steadycast.intake.feed_worker import MAX_BYTES
from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.outgoing import Fetched, Fetcher, FetchError, PrivateAddressError, shown_url
from steadycast.schedule.model import Form

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
PATIENCE = 120.0  # seconds that a feed's process may take of a busy machine; its own limit is of its own time


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """A member's feed, or what a community shares, as steadycast.toml has it."""

    member: str
    url: str
    take_old: int = 0  # how many of the items that are there at the first look to take
    allow_private: bool = False
    form: Form | None = None  # what its items are, whatever media they carry
    circle: str = ""  # the community that shares it; then it is of no member

    @property
    def whose(self) -> str:
        """The member, or the community, that it is of."""
        return self.member or self.circle

    @property
    def key(self) -> str:
        """16 characters that stand for this feed in the ledger."""
        return hashlib.sha256(f"{self.whose}\n{self.url}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between two looks."""

    url: str = ""  # where it is now; "" = where the settings say
    etag: str = ""
    modified: str = ""
    baseline: bool = False
    gone: bool = False


class Outcome(StrEnum):
    """How a look at a feed ended."""

    READ = "read"
    UNMODIFIED = "unmodified"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FeedResult:
    """One look at one feed. `state` is what to remember; of a failed look it is what was remembered before."""

    feed: FeedSettings
    outcome: Outcome
    state: FeedState
    items: tuple[Item, ...] = ()
    title: str = ""
    error: FeedError | None = None


def read(feed: FeedSettings, state: FeedState, fetcher: Fetcher, now: dt.datetime) -> FeedResult:
    """What a feed holds now, asked for conditionally; never raises for what a feed can do wrong: `error` says it.

    A permanent redirect moves the feed, 410 ends it. One hour a day, another for each feed, it is asked for
    unconditionally: some servers say "not modified" for ever.
    """
    url = state.url or feed.url
    whole = now.astimezone(dt.UTC).hour == int(feed.key, 16) % 24
    try:
        got = fetcher.get(
            url,
            etag="" if whole else state.etag,
            modified="" if whole else state.modified,
            max_bytes=MAX_BYTES,
            ends=True,
            allow_private=feed.allow_private or None,
            accept=ACCEPT,
        )
        if got.status == 304 and (state.etag or state.modified) and not whole:
            return FeedResult(feed, Outcome.UNMODIFIED, replace(state, url=_moved(feed, got)))
        if got.status == 410:
            error = _wrong(
                feed, _("the feed is gone for good (410)"), _("ask the member for a new address, or remove it")
            )
            return FeedResult(feed, Outcome.GONE, replace(state, gone=True), error=error)
        if got.status != 200 and "challenge" in got.headers.get("cf-mitigated", ""):
            raise _wrong(feed, *map(_, _INSTEAD["challenge"]))
        if got.status != 200:
            raise _wrong(
                feed, _("the feed's server answered %(status)s", status=got.status), _("open the address in a browser")
            )
        title, items = take_apart(feed, got, now)
    except FetchError as error:
        private = isinstance(error, PrivateAddressError)
        hint = _("set allow_private = true for this feed") if private else _("it is tried again")
        wrong = _wrong(feed, str(error), hint)
        wrong.__cause__ = error
        return FeedResult(feed, Outcome.FAILED, state, error=wrong)
    except FeedError as error:
        return FeedResult(feed, Outcome.FAILED, state, error=error)
    etag, modified = got.headers.get("ETag", "")[:500], got.headers.get("Last-Modified", "")[:100]
    after = FeedState(_moved(feed, got), etag, modified, baseline=state.baseline)
    return FeedResult(feed, Outcome.READ, after, items, title)


def read_all(
    feeds: Iterable[tuple[FeedSettings, FeedState]], fetcher: Fetcher, now: dt.datetime, *, workers: int = 4
) -> Iterator[FeedResult]:
    """A look at each feed, a few at a time, in the order given: one that hangs costs its own deadline only."""

    def one(each: tuple[Context, FeedSettings, FeedState]) -> FeedResult:
        return each[0].run(read, each[1], each[2], fetcher, now)

    asked = [(copy_context(), *each) for each in feeds]  # what is wrong is said, and noted, as in this thread
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="feed") as pool:
        try:
            results = pool.map(one, asked)
        except RuntimeError:  # can't start new thread: one after the other, then
            pool.shutdown(cancel_futures=True)
            results = map(one, asked)
        yield from results


def _moved(feed: FeedSettings, got: Fetched) -> str:
    return "" if got.permanent_url == feed.url else got.permanent_url


def _wrong(feed: FeedSettings, message: str, hint: str) -> FeedError:
    return FeedError(message, file=shown_url(feed.url), hint=hint)


def take_apart(feed: FeedSettings, got: Fetched, now: dt.datetime) -> tuple[str, tuple[Item, ...]]:
    """(title, items) of a fetched feed, read by a process with limits. Raises FeedError for what is no whole feed."""
    headers = {"content-location": got.url, "content-type": got.headers.get("Content-Type", "")[:200], "gap": got.gap}
    try:
        answer = child_process.ask("feed_worker", headers, got.body, PATIENCE)
    except subprocess.TimeoutExpired:
        raise _wrong(feed, _("this machine is too busy to read it"), _("it is tried again")) from None
    except (subprocess.SubprocessError, ValueError):
        raise _wrong(
            feed, _("the feed could not be read within its limits"), _("check it with a feed validator")
        ) from None
    if answer["kind"] != "feed":
        raise _no_feed(feed, got, answer)
    items = (_item(raw, now) for raw in answer["items"])
    return answer["title"], tuple(item for item in items if item.title or item.body or item.enclosures)


def _no_feed(feed: FeedSettings, got: Fetched, answer: dict[str, Any]) -> FeedError:
    """What came instead of a feed, and what to do."""
    kind = answer["kind"]
    if kind == "html" and answer["feeds"]:
        found = listed(shown_feed(urljoin(got.url, link)) for link in answer["feeds"])
        return _wrong(feed, _("this is a web page, not a feed"), _("its page names: %(addresses)s", addresses=found))
    if kind == "unreadable":
        return _wrong(
            feed,
            _("the feed's XML breaks its parser (%(why)s)", why=answer["why"]),
            _("check it with a feed validator"),
        )
    return _wrong(feed, *map(_, _INSTEAD.get(kind, _INSTEAD["other"])))


_INSTEAD = {
    "html": (
        N_("this is a web page, not a feed"),
        N_("give the feed's own address, often /feed, /rss.xml or /atom.xml"),
    ),
    "challenge": (
        N_("a page that tests for browsers (a challenge) stands before the feed"),
        N_("ask the site's owner to let readers of feeds through to this address"),
    ),
    "broken": (N_("the feed breaks off before its end"), N_("it is tried again")),
    "other": (N_("this is no feed"), N_("give the address of an RSS, Atom or JSON feed")),
}


def shown_feed(url: str) -> str:
    """The address that a page gives for its feed: public already, so shown whole, without a query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.hostname else "(none)"


def _item(raw: dict[str, Any], now: dt.datetime) -> Item:
    """An item as the worker hands it on; a date more than a day ahead is none."""
    seconds = raw["published"] or 0
    at = dt.datetime.fromtimestamp(seconds, dt.UTC) if 0 < seconds < (now + dt.timedelta(days=1)).timestamp() else None
    enclosures = tuple((url, kind) for url, kind in raw["enclosures"])
    return Item(**raw | {"published": at, "tags": tuple(dict.fromkeys(raw["tags"])), "enclosures": enclosures})
