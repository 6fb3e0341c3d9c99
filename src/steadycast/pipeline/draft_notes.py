"""What is noticed of drafts that are taken all the same: a slip in a key, one title for many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from steadycast.draft import Draft
from steadycast.draft.decoding import shown
from steadycast.errors import BAD, WARN, Problem

MANY = 3  # drafts of one title: two are a pair (part one and two), three are a mistake


def notes_of(draft: Draft) -> Iterator[Problem]:
    """What was noticed while `draft` was read; of one line each thing once."""
    for note in dict.fromkeys(draft.notes):
        yield Problem(str(draft.path), note.line, note.message, note.hint, severity=WARN if note.harmless else BAD)


class Titles:
    """Drafts by their titles: an archive whose titles are its section headings has one for all."""

    def __init__(self, drafts: Iterable[Draft] = ()) -> None:
        self._paths: dict[str, list[str]] = {}
        for draft in drafts:
            self.add(draft)

    def add(self, draft: Draft) -> None:
        """Counts one that may go out."""
        if draft.ready:
            self._paths.setdefault(draft.title, []).append(str(draft.path))

    def add_known(self, title: str, path: str) -> None:
        """Counts one that was there before, where one that was added has its title."""
        if title in self._paths:
            self._paths[title].append(path)

    def problems(self) -> Iterator[Problem]:
        """One for each title that many have."""
        for title, paths in self._paths.items():
            if len(paths) >= MANY:
                also = ", ".join(paths[1:3]) + (f" and {len(paths) - 3} more" if len(paths) > MANY else "")
                said = f"{len(paths)} drafts have the title {shown(title)}: this one, {also}"
                yield Problem(paths[0], None, said, "give each its own `title:`", severity=WARN)
