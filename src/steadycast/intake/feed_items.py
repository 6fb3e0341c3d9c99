"""What a feed holds, and which of it is new: every item once for ever, whatever its feed does to names and links. Pure.

Whether an item is one that is known is told by two of its marks, where they are marks of it alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

FLOOD = 3  # more new items than this at once, and none that was known: the feed was rebuilt, not written
FRESH = dt.timedelta(days=3)
_COUNTERS = re.compile(r"utm_\w+|fbclid|gclid|spm", re.IGNORECASE)  # say who came, not what is there
_NUMBERED = re.compile(r"#[0-9a-f]{24}\Z")  # what a key has got where its guid was another item's


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
    licence: str = ""  # under which other communities may publish it, where its feed says so

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
    published: dt.datetime | None = None
    pending: bool = False  # a file of it could not be had yet


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """What to do with a feed's items. `keys` files a new or old item where its own key is taken by another."""

    new: tuple[Item, ...] = ()
    revised: tuple[tuple[Item, SeenItem], ...] = ()
    old: tuple[Item, ...] = ()  # to be remembered, and not taken
    again: tuple[tuple[Item, SeenItem], ...] = ()  # another feed of the member brought it: to be remembered as that
    dated: tuple[tuple[Item, SeenItem], ...] = ()  # unchanged, and its date is not on record yet
    keys: dict[Item, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Marks:
    """What tells an item from others; "" where it has none that could."""

    guid: str
    link: str
    title: str
    body: str
    date: str

    @classmethod
    def of(cls, one: Item | SeenItem) -> _Marks:
        key, content_hash = one.key if isinstance(one, Item) else one.guid, one.content_hash
        title, body = content_hash[:24], content_hash[24:]
        return cls(
            address(_NUMBERED.sub("", key)) if key != content_hash else "",
            address(one.link),
            title if title not in _NOTHING else "",
            body if body not in _NOTHING else "",
            one.published.isoformat() if one.published else "",
        )

    @property
    def own_guid(self) -> str:
        """The guid, where it is more than the link said again."""
        return self.guid if self.guid != self.link else ""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name in self.__slots__ if (value := getattr(self, name)))


class KnownItems:
    """Rows of the ledger, and which of them an item is.

    Two of guid, link, title, and body with enclosures have to agree; title and date are enough too. What several
    items share (a constant guid, the title of every day), here or among the rows, tells nothing, nor does a link to a
    home page. Two guids of which each stands for its item are two items, however alike their title and link.
    """

    def __init__(self, rows: Iterable[SeenItem], items: Iterable[Item]) -> None:
        self._index: defaultdict[tuple[str, str], list[SeenItem]] = defaultdict(list)
        holders: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for row in rows:
            for mark in _Marks.of(row):
                self._index[mark].append(row)
                holders[mark].add(row.draft or row.content_hash)
        marks = {item: _Marks.of(item) for item in items}
        counts = Counter(mark for each in marks.values() for mark in each)
        self.shared = {mark for mark, n in counts.items() if n > 1}
        self.shared |= {mark for mark, held in holders.items() if len(held) > 1}
        self._guids_change = any(self._has_a_new_guid(item, each) for item, each in marks.items())

    def find(self, item: Item) -> SeenItem | None:
        """The row that `item` is, or None."""
        marks = _Marks.of(item)
        votes: Counter[SeenItem] = Counter()
        for mark in marks:
            # The whole of an unchanged item counts even where its parts are shared.
            for row in self._index.get(mark, ()) if mark[0] != "date" else ():
                votes[row] += mark not in self.shared or row.content_hash == item.content_hash
        for row in votes:
            if self._dated_alike(marks, row):
                votes[row] += 1
            elif self._another(marks, item, row):
                votes[row] = 0
        best = max(votes, key=lambda row: votes[row], default=None)
        alone = sum(1 for name, _ in marks if name != "date") < 2  # an item that has one mark only is known by it
        return best if best is not None and votes[best] >= (1 if alone else 2) else None

    def _dated_alike(self, marks: _Marks, row: SeenItem) -> bool:
        theirs = _Marks.of(row)
        same = marks.title == theirs.title != "" and marks.date == theirs.date != ""
        return same and not self.shared & {("title", marks.title), ("date", marks.date)}

    def _another(self, marks: _Marks, item: Item, row: SeenItem) -> bool:
        """Whether both have a guid of their own that stands for their own words."""
        theirs = _Marks.of(row)
        differ = marks.own_guid != theirs.own_guid and bool(marks.own_guid and theirs.own_guid)
        return differ and marks.body != theirs.body and not self._guids_change and row.content_hash != item.content_hash

    def _has_a_new_guid(self, item: Item, marks: _Marks) -> bool:
        """Whether the very words of `item` are known under another guid: then guids are made anew at every look."""
        if not marks.own_guid or ("guid", marks.guid) in self._index:
            return False
        rows = self._index.get(("body", marks.body), ())
        return any(row.content_hash == item.content_hash and _Marks.of(row).own_guid for row in rows)


def address(text: str) -> str:
    """A link or guid as it is compared: without scheme, `www.` and visitor counters; "" for a site's home page."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return text
    if parts.scheme not in {"http", "https"} or not host:
        return text
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _COUNTERS.fullmatch(k)])
    rest = parts.path.rstrip("/") + (f"?{query}" if query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    return f"{host.removeprefix('www.')}{port}{rest}" if rest else ""


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_NOTHING = {_sha("")[:24], _sha(json.dumps(["", []]))[:40]}


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

    `baseline` False is the first look: only the `take_old` newest are taken. A feed of which nothing is known any more
    moved or was rebuilt, and gives only what was written since: within three days, or (of a few items) after all that
    is known. `elsewhere` is what the same member's other feeds brought: an address that was changed in the settings,
    or a second feed of one blog, brings nothing twice.
    """
    rows = list(seen)
    known = KnownItems(rows, items)
    fresh: list[Item] = []
    revised: list[tuple[Item, SeenItem]] = []
    dated: list[tuple[Item, SeenItem]] = []
    met: set[str] = set()
    for item in dict.fromkeys(items):
        match = known.find(item)
        if match is None:
            fresh.append(item)
        elif match.guid not in met:
            met.add(match.guid)
            if match.draft is not None and (match.pending or match.content_hash != item.content_hash):
                revised.append((item, match))
            elif match.published is None and item.published is not None:
                dated.append((item, match))
    fresh = _once(fresh, known)
    fresh.sort(key=lambda item: item.published or dt.datetime.min.replace(tzinfo=dt.UTC), reverse=True)
    keys = _keys(fresh, {row.guid for row in rows})
    others = KnownItems(elsewhere, items)
    again = [(item, match) for item in fresh if (match := others.find(item)) is not None]
    remembered = {item for item, _ in again}
    fresh = [item for item in fresh if item not in remembered]
    if not baseline:
        new, old = fresh[:take_old], fresh[take_old:]
    else:
        lost = bool(rows) and not met
        new = [item for item in fresh if not lost or _is_news(item, rows, now, flood=len(fresh) > FLOOD)]
        old = [item for item in fresh if item not in new]
    new.reverse()  # the oldest first, as they were written
    return ItemChanges(tuple(new), tuple(revised), tuple(old), tuple(again), tuple(dated), keys)


def _is_news(item: Item, known: Sequence[SeenItem], now: dt.datetime, *, flood: bool) -> bool:
    """Whether an item of a feed of which nothing is known any more was written since, and not moved with its blog."""
    if item.published is None:
        return not flood
    newest = max((row.published for row in known if row.published), default=None)
    since_then = not flood and newest is not None and item.published > newest
    return since_then or now - item.published <= FRESH


def _once(items: list[Item], known: KnownItems) -> list[Item]:
    """The same item listed twice in one feed, once."""
    kept: list[Item] = []
    hashes: set[tuple[str, str]] = set()
    for item in items:
        identity = (item.link if ("link", address(item.link)) in known.shared else "", item.content_hash)
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
