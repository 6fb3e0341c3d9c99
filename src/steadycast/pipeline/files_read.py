"""The files of content/ as intake read them last: what tells, by one `stat` each, that nothing of them has changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from steadycast.crash_safety import cache_files
from steadycast.intake import folder
from steadycast.intake.stamps import Stamp
from steadycast.pipeline.app import App

NOTE = "intake.json"
FORM = 3  # of the note; of another it is lost
# Of one file: {"stamp": [size, mtime_ns, ctime_ns, inode], "media": [[path, size, mtime_ns, ctime_ns], ...],
# "revision": ...}; what is kept in another form is read again.
# The note is {"form": ..., "by": ..., "files": {path: ...}}.
Kept = Mapping[str, Any]


class FilesRead:
    """What was kept of the files of `known`, revisions by path; and which of them a look found as they were.

    A file is known only while the ledger has the revision that was read: another ledger, put back from a backup by
    whatever tool, may hold an older one. By other settings a draft may be refused, or its times are other instants:
    then none is known.
    """

    def __init__(self, app: App, known: Mapping[str, str], seen: Mapping[str, Stamp] | None = None) -> None:
        """`seen` are the stamps of all files, where this look has them already: each of them is asked for once."""
        self._app, self._file = app, app.workspace.cache / NOTE
        self._by = _read_by(app)
        self._all = _kept(self._file, self._by)
        self._known = {path: kept for path, kept in self._all.items() if path in known}
        self._revisions, self._seen = known, seen
        self.same: dict[str, Kept] = {}

    def unchanged(self, path: str, entry: os.DirEntry[str]) -> bool:
        """Whether a file, and each that its draft names, is the one that was read; a look asks it of every entry.

        A note to people is read each time: the stamp of one is kept where it was a draft before.
        """
        kept = self._known.get(path)
        if kept is None or (entry.name.lower().startswith("readme.") and folder.may_be_note(PurePosixPath(path))):
            return False
        try:
            if self._seen is None:
                facts = entry.stat(follow_symlinks=False)
                stamp = [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]
            else:
                stamp = list(self._seen[path])
            if (kept["stamp"], kept["revision"]) != (stamp, self._revisions[path]):
                return False
            same = folder.are_the_same(kept["media"]) if kept["media"] else True
        except (OSError, TypeError, ValueError, KeyError):  # gone meanwhile; or the note of it is broken
            return False
        if same:
            self.same[path] = kept
        return same

    def named(self) -> Iterator[Path]:
        """The files that the unchanged drafts name."""
        return (Path(path) for path, *_ in self.media())

    def media(self) -> Iterator[list[Any]]:
        """Those files, each with what tells it."""
        return (each for kept in self.same.values() for each in kept["media"])

    def stamps(self) -> dict[str, list[int]]:
        """What tells the unchanged drafts' own files."""
        return {path: kept["stamp"] for path, kept in self.same.items()}

    def keep(self, read: Mapping[PurePosixPath, folder.FileRead]) -> None:
        """Keeps what is unchanged, and what was `read` and written to the ledger now, for the next look."""
        here = self._app.ledger.dropped_paths() if read else {}
        told = {**self.same, **{str(path): _told(each, here.get(str(path))) for path, each in read.items()}}
        if told == self._all:
            return
        fresh = self._file.with_suffix(".tmp")
        fresh.write_text(json.dumps({"form": FORM, "by": self._by, "files": told}), encoding="utf-8")
        fresh.replace(self._file)


def stamp_of(app: App, path: str) -> folder.FileStamp | None:
    """What told the file at that path when it was read last; None where that is not known."""
    try:
        return folder.FileStamp(*_kept(app.workspace.cache / NOTE, _read_by(app))[path]["stamp"])
    except (KeyError, TypeError):
        return None


def _kept(file: Path, by: list[Any]) -> dict[str, Any]:
    """A lost or broken note means reading everything once."""
    try:
        told = cache_files.read_json(file)
        return dict(told["files"]) if (told["form"], told["by"]) == (FORM, by) else {}
    except (ValueError, TypeError, KeyError):
        return {}


def _read_by(app: App) -> list[Any]:
    """Where files are, and the settings that decide what one says, and whether it is taken."""
    workspace = app.workspace
    where = str(workspace.content.resolve())  # what drafts name is kept by where it is
    return [where, workspace.community.zone.key, workspace.series_names, workspace.intake.max_bytes]


def _told(read: folder.FileRead, revision: str | None) -> dict[str, Any]:
    return {"stamp": [*read.stamp], "media": [list(each) for each in read.media], "revision": revision}
