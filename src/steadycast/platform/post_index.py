"""What a folder's pages need to know of its posts, without reading all of them: an index in SQLite beside the records.

The records are the truth. The index can be thrown away at any time: it is made of them again. It is written in one
transaction when everything shows what it says, so whatever it lacks of the records is yet to be shown.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from steadycast.platform.index_file import NAME, IndexFile

ALL, EVENTS = ("all", ""), ("event", "")
_AT_ONCE = 500  # posts that one statement asks for
_TABLES = """
CREATE TABLE post (key TEXT PRIMARY KEY, mtime INTEGER, size INTEGER, hash BLOB, at INTEGER, slot TEXT) WITHOUT ROWID;
CREATE TABLE brief (key TEXT PRIMARY KEY, said BLOB);
CREATE TABLE place (kind TEXT, name TEXT, at INTEGER, key TEXT, PRIMARY KEY (kind, name, at, key)) WITHOUT ROWID;
CREATE TABLE event (key TEXT PRIMARY KEY, uid TEXT, at INTEGER, starts INTEGER, ends INTEGER) WITHOUT ROWID;
CREATE TABLE page (name TEXT PRIMARY KEY, made TEXT) WITHOUT ROWID;
"""

Brief = dict[str, Any]  # a post without its long parts, as JSON
Stamp = tuple[int, int]  # mtime in nanoseconds, and size, of a record
Place = tuple[int, str]  # where a post stands in a list: its instant in microseconds, its key
Kind = tuple[str, str]  # a list: series, member or tag, and its name; or ALL, EVENTS


class Record(NamedTuple):
    """What the index takes in of a post."""

    stamp: Stamp
    hash: bytes  # SHA-256 of the record
    brief: Brief


class Group(NamedTuple):
    """One list of a kind: its name, how many posts it has, the instants of its oldest and its newest."""

    name: str
    posts: int
    first: int
    last: int


@dataclass
class Touched:
    """What a change does to one list: where posts came, went or moved, and which stay where they are."""

    moved: set[Place] = field(default_factory=set)
    same: set[Place] = field(default_factory=set)


class PostIndex(IndexFile):
    """One folder's index: what it knows of the posts, and what it is told."""

    tables = _TABLES
    format = 2

    # What it knows

    def stamps(self) -> dict[str, Stamp]:
        """Which record of each post was taken in."""
        return {key: (mtime, size) for key, mtime, size in self._db.execute("SELECT key, mtime, size FROM post")}

    def stamps_of(self, keys: Iterable[str]) -> dict[str, Stamp]:
        """The same of these posts, as far as it knows them."""
        asked = "SELECT key, mtime, size FROM post WHERE key = ?"
        found = (self._db.execute(asked, (key,)).fetchone() for key in keys)
        return {row[0]: (row[1], row[2]) for row in found if row}

    def hash(self, key: str) -> bytes | None:
        """The hash of a post's record as it was taken in."""
        found: bytes | None = self._db.first("SELECT hash FROM post WHERE key = ?", (key,))
        return found

    def slots(self) -> dict[str, str]:
        """The slot of each post."""
        return dict(self._db.execute("SELECT key, slot FROM post"))

    def briefs(self, keys: Iterable[str]) -> list[Brief]:
        """Those of these posts that it knows, in this order."""
        wanted, found = list(keys), dict[str, bytes]()
        for n in range(0, len(wanted), _AT_ONCE):
            some = wanted[n : n + _AT_ONCE]
            asked = f"SELECT key, said FROM brief WHERE key IN ({','.join('?' * len(some))})"  # noqa: S608  only ?
            found.update(self._db.execute(asked, some))
        return [orjson.loads(found[key]) for key in wanted if key in found]

    def all_briefs(self) -> dict[str, Brief]:
        """Every post."""
        return {key: orjson.loads(said) for key, said in self._db.execute("SELECT key, said FROM brief")}

    def has(self, kind: str) -> bool:
        """Whether there is any list of a kind."""
        return self._db.first("SELECT 1 FROM place WHERE kind = ? LIMIT 1", (kind,)) is not None

    def count(self, of: Kind = ALL) -> int:
        """How many posts a list has."""
        return int(self._db.first("SELECT count(*) FROM place WHERE kind = ? AND name = ?", of))

    def keys(self, of: Kind, start: int, stop: int) -> list[str]:
        """A part of a list, oldest first."""
        asked = "SELECT key FROM place WHERE kind = ? AND name = ? ORDER BY at, key LIMIT ? OFFSET ?"
        return [key for (key,) in self._db.execute(asked, (*of, max(0, stop - start), start))]

    def newest(self, most: int, of: Kind = ALL) -> list[str]:
        """The newest of a list, newest first."""
        asked = "SELECT key FROM place WHERE kind = ? AND name = ? ORDER BY at DESC, key DESC LIMIT ?"
        return [key for (key,) in self._db.execute(asked, (*of, most))]

    def rank(self, of: Kind, place: Place) -> int:
        """How many posts of a list stand before that place."""
        asked = "SELECT count(*) FROM place WHERE kind = ? AND name = ? AND (at, key) < (?, ?)"
        return int(self._db.first(asked, (*of, *place)))

    def beside(self, of: Kind, place: Place) -> tuple[str | None, str | None]:
        """The posts before and after that place of a list."""
        asked = "SELECT key FROM place WHERE kind = ? AND name = ? AND (at, key) "
        ways = ("< (?, ?) ORDER BY at DESC, key DESC LIMIT 1", "> (?, ?) ORDER BY at, key LIMIT 1")
        before, after = (self._db.first(asked + way, (*of, *place)) for way in ways)
        return before, after

    def places(self, key: str) -> dict[Kind, Place]:
        """The lists that have a post, and where it stands in them."""
        brief = self.briefs([key])
        return dict.fromkeys(_lists(brief[0]), (microseconds(brief[0]["published"]), key)) if brief else {}

    def groups(self, kind: str) -> list[Group]:
        """Every list of a kind, by when its first post appeared."""
        asked = "SELECT name, count(*), min(at), max(at) FROM place WHERE kind = ? GROUP BY name ORDER BY 3, 1"
        return [Group(*row) for row in self._db.execute(asked, (kind,))]

    def events(self) -> list[tuple[str, int, int]]:
        """Key, start and end of each event, as it was last announced, by when it starts; instants in microseconds."""
        asked = "SELECT key, starts, ends, max(at) FROM event GROUP BY uid ORDER BY starts, key"
        return [row[:3] for row in self._db.execute(asked)]

    def ended(self, since: int, until: int) -> list[str]:
        """The posts of events that were not over at `since` and are at `until`, instants in microseconds."""
        asked = "SELECT key FROM event WHERE ends >= ? AND ends < ? ORDER BY key"
        return [key for (key,) in self._db.execute(asked, (since, until))]

    def made(self, edition: str) -> set[str]:
        """The pages that were made with that edition."""
        return {name for (name,) in self._db.execute("SELECT name FROM page WHERE made = ?", (edition,))}

    def pages(self) -> set[str]:
        """Every page that was made."""
        return {name for (name,) in self._db.execute("SELECT name FROM page")}

    # What it is told

    def apply(
        self, came: Mapping[str, Record], went: Collection[str], known: Mapping[str, Record]
    ) -> dict[Kind, Touched]:
        """Take in what came or changed, and forget what went; says which lists that touches, and where.

        `known` is taken in as well, and touches nothing.
        """
        touched: dict[Kind, Touched] = {}
        if came or went or known:
            self._begin()
        for key, record in known.items():
            self._put(key, record)
        for key in (*came, *went):
            old = self._forget(key)
            new = self._put(key, came[key]) if key in came else {}
            for of in old.keys() | new.keys():
                told = touched.setdefault(of, Touched())
                if old.get(of) == new.get(of):
                    told.same.add(new[of])
                else:
                    told.moved |= {place for place in (old.get(of), new.get(of)) if place}
        return touched

    def restamp(self, stamps: Mapping[str, Stamp]) -> None:
        """These records are what was taken in, though their files are others: it stays known at once."""
        self._begin()
        rows = [(*stamp, key) for key, stamp in stamps.items()]
        self._db.executemany("UPDATE post SET mtime = ?, size = ? WHERE key = ?", rows)
        self.commit()

    def _put(self, key: str, record: Record) -> dict[Kind, Place]:
        brief = record.brief
        at = microseconds(brief["published"])
        row = (key, *record.stamp, record.hash, at, brief["slot"])
        self._db.execute("INSERT INTO post VALUES (?, ?, ?, ?, ?, ?)", row)
        self._db.execute("INSERT INTO brief VALUES (?, ?)", (key, orjson.dumps(brief)))
        if event := brief.get("event"):
            uid = event.get("uid") or brief.get("draft") or key
            ends = [microseconds(event[name]) for name in ("start", "end")]
            self._db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (key, uid, at, *ends))
        lists = dict.fromkeys(_lists(brief), (at, key))
        self._db.executemany("INSERT INTO place VALUES (?, ?, ?, ?)", [(*of, at, key) for of in lists])
        return lists

    def _forget(self, key: str) -> dict[Kind, Place]:
        lists = self.places(key)
        for table in ("post", "brief", "event"):
            self._db.execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # noqa: S608  names of ours
        at = "DELETE FROM place WHERE kind = ? AND name = ? AND at = ? AND key = ?"
        self._db.executemany(at, [(*of, *place) for of, place in lists.items()])
        return lists

    def keep_pages(self, names: Iterable[str], edition: str) -> None:
        """These pages are made with that edition."""
        asked = "INSERT INTO page VALUES (?, ?) ON CONFLICT DO UPDATE SET made = excluded.made WHERE made != ?"
        rows = [(name, edition, edition) for name in names]
        if rows:
            self._begin()
            self._db.executemany(asked, rows)

    def drop_pages(self, names: Iterable[str]) -> None:
        """These pages are no longer there."""
        rows = [(name,) for name in names]
        if rows:
            self._begin()
            self._db.executemany("DELETE FROM page WHERE name = ?", rows)

    def forget_pages(self) -> None:
        """Let everything be made again; which posts there are stays known."""
        self._begin()
        self._db.execute("DELETE FROM page")
        self._db.execute("DELETE FROM told")


def forget_pages(folder: Path) -> None:
    """Let everything that shows the posts of a folder be made again by who publishes or looks next."""
    if (folder / NAME).exists():
        with contextlib.closing(PostIndex(folder)) as index:
            index.forget_pages()
            index.commit()


def microseconds(instant: str) -> int:
    """An instant as a post keeps it, with or without its zone's name."""
    at = dt.datetime.fromisoformat(instant.partition("[")[0])
    return round((at - _EPOCH) / _MICROSECOND)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def _lists(brief: Brief) -> Iterator[Kind]:
    yield ALL
    if brief.get("event"):
        yield EVENTS
    for kind in ("series", "member"):
        if brief[kind]:
            yield kind, brief[kind]
    for tag in dict.fromkeys(brief["tags"]):
        if tag.strip():
            yield "tag", tag
