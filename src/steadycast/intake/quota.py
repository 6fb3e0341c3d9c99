"""How many bytes of files one member's drafts may hold, counted each file once. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from steadycast.draft.decoding import shown
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _

HINT = N_("take what waits out of content/, make it smaller, or raise member_media under [intake] in steadycast.toml")


class OverQuotaError(DraftError):
    """The files of a member's drafts are too many bytes together."""


@dataclass
class Quota:
    """One member's: `files` are the files of each draft as sha256 -> bytes, by the draft's path."""

    member: str
    most: int
    files: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._named: Counter[str] = Counter()
        self._held = 0
        for files in self.files.values():
            self._add(files)

    def take(self, path: str, files: Mapping[str, int], line: int | None = None) -> None:
        """Count the files of a draft instead of those that it had; DraftError, and none counted, where it is too much.

        What is held already is never refused: it may be more than a limit that was set later.
        """
        before, held = self.files.get(path, {}), self._held
        self._remove(before)
        self._add(files)
        if self._held > max(held, self.most):
            said = _(
                "the files of %(member)s would come to %(size)s of %(most)s",
                member=shown(self.member),
                size=_told(self._held),
                most=_told(self.most),
            )
            self._remove(files)
            self._add(before)
            raise OverQuotaError(said, line=line, hint=_(HINT))
        self.files[path] = files

    def _add(self, files: Mapping[str, int]) -> None:
        for sha256, size in files.items():
            self._held += 0 if self._named[sha256] else size
            self._named[sha256] += 1

    def _remove(self, files: Mapping[str, int]) -> None:
        for sha256, size in files.items():
            self._named[sha256] -= 1
            self._held -= 0 if self._named[sha256] else size


def _told(size: int) -> str:
    return f"{size / 1e9:.4g} GB" if size >= 1e9 else f"{size / 1e6:.4g} MB"
