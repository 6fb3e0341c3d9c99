"""The last look at content/ that found nothing to do: while all that it saw is what it was, there is nothing to do.

All files are compared as one line, and no object is made of any. Whatever is not surely the same means a look at each
file, as does a lost note. What a look depends on stands in the note:

- every file below content/: of a draft or a README its stamp, with the ctime that nobody can set; of others the name.
  What was not read (it was being written, it is broken, it lacks a picture) has no stamp, so the lines differ;
- every file that a draft names, and where it was looked for and was not; how many files have the name of one that is
  named without its folder needs no look, as the line has all names;
- the word of the ledger that is another after each change of a draft, and was read before anything was compared;
- the settings and the program;
- the note of the single files, so that who removes that one has all read again, and the note of what was told;
- where something harmless was told, in which language: whoever reads another is told it in that one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from steadycast import __version__
from steadycast.crash_safety import cache_files
from steadycast.crash_safety.cache_files import facts
from steadycast.draft.names_below import look_anew
from steadycast.intake.stamps import BELOW, Limits, Stamp, are_the_same, stamps
from steadycast.language import current
from steadycast.ledger.installation import STOCK
from steadycast.pipeline.app import App
from steadycast.workspace.paths import SOURCES

NOTE = "intake-look.json"
FORMAT = 2
clock_ns = time.time_ns  # by which files are dated


class LastLook:
    """One look at content/, against the last one that found nothing to do."""

    def __init__(self, app: App, limits: Limits, notes: Iterable[str]) -> None:
        workspace = app.workspace
        self._word = app.ledger.meta(STOCK)  # first: what changes from here on makes it another
        self._began = clock_ns()
        self._root, self._limits = workspace.content, limits
        self._file, self._notes = workspace.cache / NOTE, [workspace.cache / name for name in notes]
        settings = [facts(workspace.root / name) for name in SOURCES]
        self._by = [FORMAT, __version__, workspace.community.zone.key, list(limits), settings, self._word]
        self.seen: Mapping[str, Stamp] | None = None  # every draft's file, as this look found it

    def was_the_same(self) -> bool:
        """Whether there is nothing to do."""
        others = list[str]()
        self.seen = stamps(self._root, self._limits, others)
        if self.seen is None or self._word is None:
            return False
        try:
            kept = orjson.loads(cache_files.read(self._file))
            by, line, named = kept["by"], kept["line"], kept["named"]
            same = by == self._all_by() and line == _line(self.seen, others)
            return same and kept["told"] in {"", current().tag} and are_the_same(named)
        except (OSError, ValueError, TypeError, LookupError):
            return False

    def keep(
        self,
        drafts: Mapping[str, Sequence[int]],
        others: Iterable[str],
        named: Iterable[Sequence[Any]],
        *,
        told: bool = False,
    ) -> None:
        """Keeps that this look found nothing to do with these; `told`: but to tell something harmless, once.

        Not where a file was written less than a second before: it may be again within one tick of its disk's clock.
        """
        files, names = dict[tuple[Any, ...], Sequence[Any]](), list[Sequence[Any]]()
        for each in named:
            if each[1] == BELOW:
                names.append(each)
            else:
                files[tuple(each)] = each
        times = (time for _size, *its, _inode in drafts.values() for time in its)
        newest = max(times, default=0), max((time for _path, _size, *its in files.values() for time in its), default=0)
        if self._word is None or max(newest) > self._began - int(self._limits.recent * 1e9):
            return
        if names:
            look_anew()  # what came while this look went on is in its line, and perhaps not in what was counted
            if not are_the_same(names):
                return
        said = {"by": self._all_by(), "line": _line(drafts, others), "named": list(files.values())}
        fresh = self._file.with_suffix(".tmp")
        fresh.write_bytes(orjson.dumps({**said, "told": current().tag if told else ""}))
        fresh.replace(self._file)

    def _all_by(self) -> list[Any]:
        """What a look depends on beside content/, with the notes as they are now."""
        return [*self._by, *map(facts, self._notes)]


def _line(drafts: Mapping[str, Sequence[int]], others: Iterable[str]) -> str:
    told = orjson.dumps((sorted(drafts.items()), sorted(others)))
    return hashlib.blake2b(told, digest_size=32).hexdigest()
