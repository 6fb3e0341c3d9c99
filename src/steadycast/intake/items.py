"""What a feed holds, and which of it is new: every item once for ever, whatever its feed does to names and links."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FLOOD = 3  # more new items than this at once, and none that was known: the feed was rebuilt, not written
FRESH = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a feed. `body` is Markdown, made from its sanitised HTML."""

    guid: str
    link: str
    title: str
    body: str
    summary: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    published: dt.datetime | None = None  # aware; None where missing or more than a day ahead
    enclosures: tuple[tuple[str, str], ...] = ()  # (url, MIME type)

    @property
    def content_hash(self) -> str:
        """64 hex digits: the first 24 of the title, the rest of body and enclosures, so that each can be compared."""
        media = [url.partition("?")[0] for url, _ in self.enclosures]  # a query may be a token of the day
        body = json.dumps([self.body, media], ensure_ascii=False)
        return _sha(self.title)[:24] + _sha(body)[:40]

    @property
    def key(self) -> str:
        """What the ledger files it under: its guid, else its link, else its content."""
        return self.guid or self.link or self.content_hash


@dataclass(frozen=True, slots=True)
class SeenItem:
    """An item as the ledger has it; `draft` is None for what was old at the baseline."""

    guid: str  # the item's key
    link: str
    content_hash: str
    draft: str | None = None


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """What to do with a feed's items. `keys` files a new or old item where its own key is taken by another."""

    new: tuple[Item, ...] = ()
    revised: tuple[tuple[Item, SeenItem], ...] = ()
    old: tuple[Item, ...] = ()  # to be remembered, and not taken
    again: tuple[tuple[Item, SeenItem], ...] = ()  # another feed of the member brought it: to be remembered as that
    keys: dict[Item, str] = field(default_factory=dict)


def new_items(
    items: Sequence[Item],
    seen: Iterable[SeenItem],
    *,
    baseline: bool,
    take_old: int = 0,
    now: dt.datetime,
    elsewhere: Iterable[SeenItem] = (),
) -> ItemChanges:
    """Which items are new, which are revisions, and which are old news.

    An item is one that was seen when two of four agree: guid, link, title, and body with enclosures. So a new guid,
    a moved page or an edit is no new item, and a guid used again for something else is. What several items of the
    feed share (a constant guid, a link to the home page, a title of the day) tells nothing and does not count.
    `baseline` False is the first look: only the `take_old` newest are taken. A feed of which nothing is known any more
    was rebuilt, and gives only what is dated within the last three days. `elsewhere` is what the same member's other
    feeds brought: an address that was changed in the settings, or a second feed of one blog, brings nothing twice.
    """
    common = _shared(items)
    known = list(seen)
    index = _index(known)
    fresh: list[Item] = []
    revised: list[tuple[Item, SeenItem]] = []
    met: set[str] = set()
    for item in dict.fromkeys(items):
        match = _match(item, index, common)
        if match is None:
            fresh.append(item)
        elif match.guid not in met:
            met.add(match.guid)
            if match.content_hash != item.content_hash and match.draft is not None:
                revised.append((item, match))
    fresh = _once(fresh, common)
    fresh.sort(key=lambda item: item.published or dt.datetime.min.replace(tzinfo=dt.UTC), reverse=True)
    keys = _keys(fresh, {row.guid for row in known})
    others = _index(elsewhere)
    again = [(item, match) for item in fresh if (match := _match(item, others, common)) is not None]
    remembered = {item for item, _ in again}
    fresh = [item for item in fresh if item not in remembered]
    if not baseline:
        new, old = fresh[:take_old], fresh[take_old:]
    elif known and not met and len(fresh) > FLOOD:
        new = [item for item in fresh if item.published is not None and now - item.published <= FRESH]
        old = [item for item in fresh if item not in new]
    else:
        new, old = fresh, []
    new.reverse()  # the oldest first, as they were written
    return ItemChanges(tuple(new), tuple(revised), tuple(old), tuple(again), keys)


def _index(rows: Iterable[SeenItem]) -> dict[tuple[str, str], list[SeenItem]]:
    index: dict[tuple[str, str], list[SeenItem]] = {}
    for row in rows:
        for signal in _signals(row.guid, row.link, row.content_hash):
            index.setdefault(signal, []).append(row)
    return index


def _signals(guid: str, link: str, content_hash: str) -> list[tuple[str, str]]:
    pairs = (("guid", guid), ("link", link), ("title", content_hash[:24]), ("body", content_hash[24:]))
    return [(name, value) for name, value in pairs if value and value not in _NOTHING]


def _of(item: Item) -> list[tuple[str, str]]:
    return _signals(item.key, item.link, item.content_hash)


def _shared(items: Sequence[Item]) -> set[tuple[str, str]]:
    counts = Counter(signal for item in dict.fromkeys(items) for signal in _of(item))
    return {signal for signal, count in counts.items() if count > 1}


def _match(item: Item, index: dict[tuple[str, str], list[SeenItem]], common: set[tuple[str, str]]) -> SeenItem | None:
    votes: Counter[SeenItem] = Counter()
    signals = _of(item)
    for signal in signals:
        # The whole of an unchanged item counts even where its parts are shared.
        for row in index.get(signal, ()):
            votes[row] += signal not in common or row.content_hash == item.content_hash
    best = max(votes, key=lambda row: votes[row], default=None)
    alone = len(signals) < 2  # an item that has one signal only is known by it
    return best if best is not None and votes[best] >= (1 if alone else 2) else None


def _once(items: list[Item], common: set[tuple[str, str]]) -> list[Item]:
    """The same item listed twice in one feed, once."""
    kept: list[Item] = []
    hashes: set[tuple[str, str]] = set()
    for item in items:
        identity = (item.link if ("link", item.link) in common else "", item.content_hash)
        if identity not in hashes:
            hashes.add(identity)
            kept.append(item)
    return kept


def _keys(items: Iterable[Item], taken: set[str]) -> dict[Item, str]:
    keys: dict[Item, str] = {}
    for item in items:
        key = item.key
        if key in taken:
            key = f"{key}#{item.content_hash[:12]}{item.content_hash[-12:]}"
        taken.add(key)
        keys[item] = key
    return keys


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_NOTHING = {_sha("")[:24], _sha(json.dumps(["", []]))[:40]}
