"""What changed between the drafts found and those known: which file is which draft. Pure."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from steadycast.draft import Draft
from steadycast.intake.copy_names import originals, plainness
from steadycast.intake.similar import HALF, Text, likeness, pairs

COPY, DOUBTFUL = "copy", "doubtful"  # why a draft is held back: it is another one's copy, or looks like another one
_SURE = 0.8  # so much of what went out is that draft, whatever its title says now
_APART = 0.1  # a draft that is as like to one as to another, within this, is nobody's for certain
_NAMESAKES = 8  # drafts of one title that a new one is compared with

_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class KnownDraft:
    """A draft as the ledger has it."""

    id: str
    path: PurePosixPath
    revision: str
    gone: bool = False
    title: str = ""
    held: str = ""
    resembles: str = ""  # the id of the draft that it is held for


@dataclass(frozen=True, slots=True)
class Change:
    """One draft of `id` as it is now; `before` is what the ledger had, None for a new one."""

    id: str
    draft: Draft
    before: KnownDraft | None = None
    held: str = ""
    resembles: str = ""

    @property
    def released(self) -> bool:
        """Whether it was held back for another draft, and has words of its own now."""
        return bool(self.before and self.before.resembles and not self.resembles)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write; `same` have nothing to write."""

    new: tuple[Change, ...] = ()
    edited: tuple[Change, ...] = ()
    renamed: tuple[Change, ...] = ()
    back: tuple[Change, ...] = ()  # was gone, lies there again
    deleted: tuple[KnownDraft, ...] = ()
    same: tuple[KnownDraft, ...] = ()


def _none(_asked: Collection[object]) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger remembers beside its drafts; asked only where something has to be told apart."""

    used: Callable[[], Mapping[str, dt.datetime]] = dict  # id -> when it went out
    texts: Callable[[Collection[KnownDraft]], Mapping[str, Text]] = _none  # type: ignore[assignment]
    had: Callable[[Collection[str]], Mapping[str, Collection[str]]] = _none  # type: ignore[assignment]  # revision -> ids


def new_id(_draft: Draft) -> str:
    """A draft's id: 12 characters of a-z2-7, made once, for ever."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(12))


def reconcile(
    found: Iterable[Draft],
    known: Iterable[KnownDraft],
    *,
    present: Collection[PurePosixPath] = (),
    make_id: Callable[[Draft], str] = new_id,
    memory: Memory | None = None,
) -> Changes:
    """What `found` (drafts read just now) and `present` (other paths that stand as they were) make of `known`.

    `present` holds the paths that were not read again: unchanged, unsettled, or with a problem; a folder in it speaks
    for all below it, so that an unreadable folder deletes nothing. Drafts of feeds (`feed/...`) are left out: they end
    when their feed says so, not with a scan.

    The surest first. A path that is still there is still its draft, whatever it says now. Content whose path is gone
    is that draft, moved; content that lies elsewhere too is a copy, and stays one. A text that is half or more that of
    a draft that vanished is that draft, moved and edited; where that is doubtful, and the other one went out, it is
    held back for a person. A name alone proves nothing: one that is used anew is a new draft.
    """
    drafts = sorted(found, key=lambda draft: plainness(draft.path))
    rows = [row for row in known if row.path.parts[:1] != ("feed",)]
    matching = _Matching(drafts, rows, frozenset(present), make_id, memory or Memory())
    matching.unchanged()
    matching.swapped()
    matching.edited()
    matching.moved()
    matching.back()
    matching.conflicts()
    matching.nearly()
    matching.new()
    matching.conflicts_held()
    return matching.changes()


class _Matching:
    """Drafts and rows being paired; `left` are the drafts without a row, `rows` the rows without a draft, by id."""

    def __init__(
        self,
        drafts: list[Draft],
        rows: list[KnownDraft],
        present: frozenset[PurePosixPath],
        make_id: Callable[[Draft], str],
        memory: Memory,
    ) -> None:
        self.left, self.make_id, self.memory = drafts, make_id, memory
        self.known = {row.id: row for row in rows}
        here = {draft.path for draft in drafts}
        self.same = [r for r in rows if not r.gone and r.path not in here and stands(r.path, present)]
        settled = {row.id for row in self.same}
        self.rows = {row.id: row for row in rows if row.id not in settled}
        self.at = {row.path: row.id for row in self.same}  # path -> the draft that lies there
        self.holders: dict[tuple[str, str], str] = {}  # (owner, revision) -> the draft that has it, or had it just now
        self.groups: dict[str, list[Change]] = {"new": [], "edited": [], "renamed": [], "back": []}
        self.apart: list[tuple[Draft, PurePosixPath]] = []  # conflict copies, and the file that each is one of
        for row in self.same:
            self._holds(row)

    @cached_property
    def used(self) -> Mapping[str, dt.datetime]:
        return self.memory.used()

    @property
    def live(self) -> dict[PurePosixPath, KnownDraft]:
        return {row.path: row for row in self.rows.values() if not row.gone}

    def unchanged(self) -> None:
        """What lies where it lay, with the content it had."""
        rows = self.live
        for draft in self._taking():
            row = rows.get(draft.path)
            if row is None or row.revision != draft.revision:
                self.left.append(draft)
                continue
            del self.rows[row.id]
            self.same.append(row)
            self.at[row.path] = row.id
            self._holds(row)

    def swapped(self) -> None:
        """Files that have changed places among themselves, and hold nothing else, have moved: nobody edited them."""
        rows = self.live
        by_content = {_content(rows[d.path]): rows[d.path] for d in self.left if d.path in rows}
        came = {d.path: by_content[_content(d)] for d in self.left if d.path in rows and _content(d) in by_content}
        circles = {path for path in came if _returns(path, came)}
        self._match("renamed", lambda d: came[d.path] if d.path in circles and came[d.path].id in self.rows else None)

    def edited(self) -> None:
        """What lies where it lay, with other content."""
        rows = self.live

        def there(draft: Draft) -> KnownDraft | None:
            row = rows.get(draft.path)
            if row:
                self._holds(row)  # what it was a moment ago is still its own
            return row

        self._match("edited", there)

    def moved(self) -> None:
        """Content whose path is gone, under another."""
        self._by_content("renamed", (row for row in self.rows.values() if not row.gone))

    def back(self) -> None:
        """Content that was gone."""
        self._by_content("back", (row for row in self.rows.values() if row.gone and not row.resembles))

    def _by_content(self, kind: str, rows: Iterable[KnownDraft]) -> None:
        waiting: dict[tuple[str, str], list[KnownDraft]] = {}
        for row in rows:
            waiting.setdefault(_content(row), []).append(row)

        def likest(draft: Draft) -> KnownDraft | None:
            able = waiting.get(_content(draft), [])
            if not able or _content(draft) in self.holders:
                return None
            row = min(able, key=self._claim)
            able.remove(row)
            return row

        self._match(kind, likest)

    def _claim(self, row: KnownDraft) -> tuple[bool, bool, str]:
        """Of several drafts with one content, one that went out comes first, and a copy last."""
        return (bool(row.resembles), row.id not in self.used, row.id)

    def conflicts(self) -> None:
        """Names that say whose copy they are, beside that file; a name that may mean anything needs its text too."""
        here = {draft.path: draft for draft in self.left}
        for draft in self._taking():
            for path, sure in originals(draft.path):
                other = here.get(path)
                if (other or path in self.at) and (sure or self._alike(draft, other, self.at.get(path))):
                    self.apart.append((draft, path))
                    break
            else:
                self.left.append(draft)

    def _alike(self, draft: Draft, other: Draft | None, id: str | None) -> bool:
        text = _text(other) if other else self._text_of(id or "")
        return text is not None and likeness(_text(draft), text) >= HALF

    def nearly(self) -> None:
        """What has half or more of a draft that vanished at this look: the likest first."""
        vanished = [row for row in self.rows.values() if not row.gone and not row.resembles]
        if not self.left or not vanished:
            return
        fresh = {draft.path: _text(draft) for draft in self.left if _content(draft) not in self.holders}
        owners = {row.id: _owner(row.path) for row in vanished}
        among = self.memory.texts(vanished)
        found = sorted(
            (hit for hit in pairs(fresh, among) if _owner(hit[1]) == owners[hit[2]]),
            key=lambda hit: (-hit[0], str(hit[1]), hit[2]),
        )
        rivalling: dict[PurePosixPath, list[tuple[float, str]]] = {}
        for share, path, id in found:
            rivalling.setdefault(path, []).append((share, id))
        drafts = {draft.path: draft for draft in self.left}
        for share, path, id in found:
            if path not in drafts or id not in self.rows:
                continue
            draft, row = drafts.pop(path), self.rows[id]
            rivals = [other_share for other_share, other in rivalling[path] if other != id and other in self.rows]
            if self._doubtful(draft, row, share, max(rivals, default=0.0)):
                self._new(draft, DOUBTFUL, id)
            else:
                self._pair("renamed", draft, row)
        self.left = list(drafts.values())

    def _doubtful(self, draft: Draft, row: KnownDraft, share: float, rival: float) -> bool:
        """Whether a person has to say: it may be a new one, and to take it for one that went out would lose it."""
        if row.id not in self.used:
            return False
        return share - rival < _APART or (share < _SURE and _words(draft.title) != _words(row.title))

    def new(self) -> None:
        """What is nobody's: new, a copy of what lies elsewhere, or the like of what went out under the same title."""
        namesakes: dict[str, list[KnownDraft]] = {}
        if self.left:
            for id in self.used:
                if (row := self.known.get(id)) is not None:
                    namesakes.setdefault(_words(row.title), []).append(row)
        for draft in self._taking():
            if (holder := self.holders.get(_content(draft))) is not None:
                self._new(draft, COPY, holder)
            elif (row := self._went_out(draft, namesakes.get(_words(draft.title), []))) is not None:
                self._new(draft, DOUBTFUL, row.id)
            else:
                self._new(draft)

    def _went_out(self, draft: Draft, namesakes: list[KnownDraft]) -> KnownDraft | None:
        """The draft of that title that went out and has half of this one's text."""
        likely = sorted(namesakes, key=lambda row: self.used[row.id])[-_NAMESAKES:]
        texts = self.memory.texts(likely) if likely else {}
        return next((row for row in likely if row.id in texts and likeness(_text(draft), texts[row.id]) >= HALF), None)

    def conflicts_held(self) -> None:
        """The copies set apart, once each file they are copies of has its draft."""
        for draft, path in sorted(self.apart, key=lambda each: plainness(each[0].path)):
            self._new(draft, COPY, self.at[path])

    # One pair made.

    def _match(self, kind: str, row_of: Callable[[Draft], KnownDraft | None]) -> None:
        """Pairs each draft that is left with the row that it has by `row_of`."""
        for draft in self._taking():
            if (row := row_of(draft)) is not None:
                self._pair(kind, draft, row)
            else:
                self.left.append(draft)

    def _pair(self, kind: str, draft: Draft, row: KnownDraft) -> None:
        del self.rows[row.id]
        held, resembles = self._still_held(draft, row)
        holder = self.holders.get(_content(draft), row.id)
        if kind == "edited" and holder != row.id and row.id not in self.used:
            held, resembles = COPY, holder  # the text of another was laid over it
        self._add(kind, Change(row.id, draft, row, held, resembles))

    def _new(self, draft: Draft, held: str = "", resembles: str = "") -> None:
        self._add("new", Change(self.make_id(draft), draft, None, held, resembles))

    def _add(self, kind: str, change: Change) -> None:
        self.groups[kind].append(change)
        self.at[change.draft.path] = change.id
        if not change.resembles:
            self.holders.setdefault(_content(change.draft), change.id)

    def _still_held(self, draft: Draft, row: KnownDraft) -> tuple[str, str]:
        """(held, for whom) of a draft that was held back: a copy stays one until its words are its own."""
        if not row.resembles or draft.revision == row.revision:
            return row.held, row.resembles
        if any(sure and path in self.at for path, sure in originals(draft.path)):
            return row.held, row.resembles
        return (row.held, row.resembles) if self._alike(draft, None, row.resembles) else ("", "")

    def _text_of(self, id: str) -> Text | None:
        row = self.known.get(id)
        return self.memory.texts([row]).get(id) if row else None

    def _holds(self, row: KnownDraft) -> None:
        if not row.resembles:
            self.holders.setdefault(_content(row), row.id)

    def _taking(self) -> Iterator[Draft]:
        taken, self.left = self.left, []
        yield from taken

    def changes(self) -> Changes:
        """All of it; whatever has the very words of a draft that went out is held back as its copy."""
        fresh = [c for name in ("new", "edited") for c in self.groups[name] if not c.held]
        had = self.memory.had({change.draft.revision for change in fresh}) if fresh else {}
        for name in ("new", "edited") if had else ():
            self.groups[name] = [self._without_repeat(change, had) for change in self.groups[name]]
        deleted = tuple(row for row in self.rows.values() if not row.gone)
        return Changes(**{n: tuple(group) for n, group in self.groups.items()}, deleted=deleted, same=tuple(self.same))

    def _without_repeat(self, change: Change, had: Mapping[str, Collection[str]]) -> Change:
        others = had.get(change.draft.revision, ())
        other = next((id for id in others if id != change.id and id in self.used), None)
        if change.held or other is None or change.id in self.used:
            return change
        return Change(change.id, change.draft, change.before, COPY, other)


def _returns(path: PurePosixPath, came: Mapping[PurePosixPath, KnownDraft]) -> bool:
    """Whether the way from file to the file whose content it has now leads back to where it began."""
    here, seen = path, set[PurePosixPath]()
    while here in came and here not in seen:
        seen.add(here)
        here = came[here].path
    return here == path


def _text(draft: Draft) -> Text:
    return Text.of(draft.title, draft.body, ((m.role, m.sha256) for m in draft.media))


def _words(title: str) -> str:
    return " ".join(title.casefold().split())


def _content(of: Draft | KnownDraft) -> tuple[str, str]:
    return _owner(of.path), of.revision


def _owner(path: PurePosixPath) -> str:
    """Whose folder a path lies in: one member's text under another's name is another draft."""
    return "/".join(path.parts[: 2 if path.parts[:1] == ("ugc",) else 1])


def stands(path: PurePosixPath, present: Collection[PurePosixPath]) -> bool:
    """Whether a path, or a folder above it, is among those that stand as they were."""
    return path in present or any(folder in present for folder in path.parents)
