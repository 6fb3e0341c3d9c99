"""What changed between the drafts found and those known, and who has to approve: pure."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from steadycast.draft import Draft
from steadycast.draft.decoding import shown
from steadycast.intake.folder import Problem
from steadycast.schedule.model import Origin

_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class Known:
    """A draft as the ledger has it."""

    id: str
    path: PurePosixPath
    revision: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One draft of `id` as it is now; `before` is what the ledger had, None for a new one."""

    id: str
    draft: Draft
    before: Known | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write; `same` have nothing to write."""

    new: tuple[Change, ...] = ()
    edited: tuple[Change, ...] = ()
    renamed: tuple[Change, ...] = ()
    back: tuple[Change, ...] = ()  # was gone, lies there again
    deleted: tuple[Known, ...] = ()
    same: tuple[Known, ...] = ()
    problems: tuple[Problem, ...] = ()


def new_id(_draft: Draft) -> str:
    """A draft's id: 12 characters of a-z2-7, made once, for ever."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(12))


def reconcile(
    found: Iterable[Draft],
    known: Iterable[Known],
    *,
    present: Collection[PurePosixPath] = (),
    make_id: Callable[[Draft], str] = new_id,
) -> Changes:
    """What `found` (drafts read just now) and `present` (other paths that stand as they were) make of `known`.

    `present` holds the paths that were not read again: unchanged, unsettled, or with a problem; a folder in it speaks
    for all below it, so that an unreadable folder deletes nothing. Content found under a new path while its old path
    is gone keeps its id; a draft that was gone is known again by its content only, never by its name, so that a name
    used anew is a new draft. The same content under two names of one member is one draft: the second name is a
    problem. Drafts of feeds (`feed/...`) are left out: they end when their feed says so, not with a scan.
    """
    standing_paths = frozenset(present)
    rows = [row for row in known if row.path.parts[:1] != ("feed",)]
    drafts = sorted(found, key=lambda draft: str(draft.path))
    here = {draft.path for draft in drafts}
    stand = [row for row in rows if not row.gone and row.path not in here and _stands(row.path, standing_paths)]
    settled = {row.id for row in stand}
    matching = _Matching(row for row in rows if row.id not in settled)
    matching.held.update({(_owner(row.path), row.revision): row.path for row in stand})
    left = matching.unchanged(drafts)
    left = matching.by_content(matching.without_copies(left))
    left = matching.by_path(left)
    matching.changes["new"] += [Change(make_id(draft), draft) for draft in left]
    deleted = tuple(row for row in matching.rows if not row.gone)
    same = (*matching.same, *stand)
    return Changes(
        **{name: tuple(changes) for name, changes in matching.changes.items()},
        deleted=deleted,
        same=same,
        problems=tuple(matching.problems),
    )


class _Matching:
    """Drafts and rows being paired, the surest pairs first; `rows` are those still without a draft."""

    def __init__(self, rows: Iterable[Known]) -> None:
        self._rows = {row.id: row for row in rows}
        self.held: dict[tuple[str, str], PurePosixPath] = {}  # (owner, revision) -> the path that has it
        self.changes: dict[str, list[Change]] = {"new": [], "edited": [], "renamed": [], "back": []}
        self.same: list[Known] = []
        self.problems: list[Problem] = []

    @property
    def rows(self) -> list[Known]:
        return list(self._rows.values())

    def unchanged(self, drafts: list[Draft]) -> list[Draft]:
        """Pair what lies where it lay, with the content it had; what is left over."""
        rows = {(row.path, row.revision): row for row in self.rows if not row.gone}
        left = []
        for draft in drafts:
            row = rows.get((draft.path, draft.revision))
            if row is None:
                left.append(draft)
            else:
                del self._rows[row.id]
                self.same.append(row)
                self.held[_owner(draft.path), draft.revision] = draft.path
        return left

    def without_copies(self, drafts: list[Draft]) -> list[Draft]:
        """The drafts whose content nobody else holds; each other one is a problem."""
        left = []
        for draft in drafts:
            holder = self.held.setdefault((_owner(draft.path), draft.revision), draft.path)
            if holder == draft.path:
                left.append(draft)
            else:
                self.problems.append(
                    Problem(draft.path, f"is the same draft as {shown(holder)}", "remove one of the two")
                )
        return left

    def by_content(self, drafts: list[Draft]) -> list[Draft]:
        """Pair content that moved, or came back; of several rows with it one that was not gone."""
        rows = {(_owner(row.path), row.revision): row for row in sorted(self.rows, key=lambda row: not row.gone)}
        left = []
        for draft in drafts:
            row = rows.pop((_owner(draft.path), draft.revision), None)
            if row is None:
                left.append(draft)
            else:
                del self._rows[row.id]
                self.changes["back" if row.gone else "renamed"].append(Change(row.id, draft, row))
        return left

    def by_path(self, drafts: list[Draft]) -> list[Draft]:
        """Pair what lies where it lay, with other content."""
        rows = {row.path: row for row in self.rows if not row.gone}
        left = []
        for draft in drafts:
            row = rows.get(draft.path)
            if row is None:
                left.append(draft)
            else:
                del self._rows[row.id]
                self.changes["edited"].append(Change(row.id, draft, row))
        return left


def _owner(path: PurePosixPath) -> str:
    """Whose folder a path lies in: one member's text under another's name is another draft."""
    return "/".join(path.parts[: 2 if path.parts[:1] == ("ugc",) else 1])


def _stands(path: PurePosixPath, present: frozenset[PurePosixPath]) -> bool:
    return path in present or any(folder in present for folder in path.parents)


# --- approval


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a draft stands for the planner: its state, and the revision that may go out, if any."""

    state: str  # waiting, approved, rejected, not-ready
    approved_revision: str | None


def standing(
    draft: Draft,
    *,
    trusted: bool = False,
    pgc_approved: bool = True,
    before: Standing | None = None,
    previous_revision: str | None = None,
) -> Standing:
    """How `draft` stands on arrival, or after an edit (`before` and `previous_revision` are what the ledger had).

    The house's drafts are approved on arrival (unless `pgc_approved` is off), a trusted member's too, all others wait.
    Approval is of a revision: an edit asks again, and until then the approved revision stays usable. A draft that says
    it is not ready takes nothing new, and is taken back from stock.
    """
    if not draft.ready:
        return Standing("not-ready", None)
    if trusted or (draft.origin is Origin.PGC and pgc_approved):
        rejected = before is not None and before.state == "rejected" and previous_revision == draft.revision
        return before if before is not None and rejected else Standing("approved", draft.revision)
    approved = before.approved_revision if before is not None else None
    if approved == draft.revision:
        return Standing("approved", approved)
    if before is not None and before.state == "rejected" and previous_revision == draft.revision:
        return before
    return Standing("waiting", approved)
