"""Whether an item of a feed is one that is known: what two of its marks say, where they are marks of it alone. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

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
class _Marks:
    """What tells an item from others; "" where it has none that could."""

    guid: str
    link: str
    title: str
    body: str
    date: str

    @classmethod
    def of(cls, key: str, link: str, content_hash: str, published: dt.datetime | None) -> _Marks:
        title, body = content_hash[:24], content_hash[24:]
        return cls(
            address(_NUMBERED.sub("", key)) if key != content_hash else "",
            address(link),
            title if title not in _NOTHING else "",
            body if body not in _NOTHING else "",
            published.isoformat() if published else "",
        )

    @classmethod
    def of_item(cls, item: Item) -> _Marks:
        return cls.of(item.key, item.link, item.content_hash, item.published)

    @classmethod
    def of_row(cls, row: SeenItem) -> _Marks:
        return cls.of(row.guid, row.link, row.content_hash, row.published)

    @property
    def own_guid(self) -> str:
        """The guid, where it is more than the link said again."""
        return self.guid if self.guid != self.link else ""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        pairs = (("guid", self.guid), ("link", self.link), ("title", self.title), ("body", self.body))
        return ((name, value) for name, value in (*pairs, ("date", self.date)) if value)


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
            for mark in _Marks.of_row(row):
                self._index[mark].append(row)
                holders[mark].add(row.draft or row.content_hash)
        marks = {item: _Marks.of_item(item) for item in items}
        counts = Counter(mark for each in marks.values() for mark in each)
        self.shared = {mark for mark, n in counts.items() if n > 1}
        self.shared |= {mark for mark, held in holders.items() if len(held) > 1}
        self._guids_change = any(self._has_a_new_guid(item, each) for item, each in marks.items())

    def find(self, item: Item) -> SeenItem | None:
        """The row that `item` is, or None."""
        marks = _Marks.of_item(item)
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
        theirs = _Marks.of_row(row)
        same = marks.title == theirs.title != "" and marks.date == theirs.date != ""
        return same and not self.shared & {("title", marks.title), ("date", marks.date)}

    def _another(self, marks: _Marks, item: Item, row: SeenItem) -> bool:
        """Whether both have a guid of their own that stands for their own words."""
        theirs = _Marks.of_row(row)
        differ = marks.own_guid != theirs.own_guid and bool(marks.own_guid and theirs.own_guid)
        return differ and marks.body != theirs.body and not self._guids_change and row.content_hash != item.content_hash

    def _has_a_new_guid(self, item: Item, marks: _Marks) -> bool:
        """Whether the very words of `item` are known under another guid: then guids are made anew at every look."""
        if not marks.own_guid or ("guid", marks.guid) in self._index:
            return False
        rows = self._index.get(("body", marks.body), ())
        return any(row.content_hash == item.content_hash and _Marks.of_row(row).own_guid for row in rows)


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
