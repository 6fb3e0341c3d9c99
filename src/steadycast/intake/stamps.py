"""Which files are drafts, and whether they are what they were, of all of them at once: no object is made of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from steadycast.draft.names_below import many_below
from steadycast.intake.suffixes import DOCUMENTS, TEXT

if TYPE_CHECKING:
    from steadycast.draft.model import MediaRef

Stamp = tuple[int, int, int, int]  # size, mtime and ctime in nanoseconds, inode
ABSENT = -1  # the size of a file that is not there
BELOW = -2  # that of a name: so many files, in place of a time, are called so below the folder
MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
SUFFIXES = MARKDOWN | {TEXT} | DOCUMENTS
_FOR_MACHINES = frozenset({"robots.txt", "humans.txt", "ads.txt", "requirements.txt", "CMakeLists.txt"})
_TEMPORARY = (".swp", ".swo", ".swx", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".bak", ".orig", "~")
_FOREIGN = frozenset({"node_modules", "__pycache__", "__MACOSX", "_site", "Thumbs.db", "desktop.ini", "Icon\r"})
ABOUT_THE_FOLDER = frozenset({"README.md"})  # content/README.md tells people what goes where
LIST_PAGES = frozenset({"_index.md"})  # Hugo's: the head of a folder's page, no article
_NO_DRAFTS = LIST_PAGES | _FOR_MACHINES


class Limits(NamedTuple):
    """What a scan takes."""

    draft_bytes: int = 2 * 1024 * 1024
    depth: int = 24  # folders below content/
    files: int = 200_000
    settle: float = 0.5  # seconds between two looks at a file that was written just now
    recent: float = 1.0  # seconds: written longer ago than this counts as whole


def stamps(content_root: Path, limits: Limits, others: list[str] | None = None) -> dict[str, Stamp] | None:
    """The stamp of every draft's file, by its path; None where something lies there that only a `scan` can tell.

    That is whatever is no plain file or folder, cannot be read, or is past the limits. Of ten thousand files it takes
    a third of a scan's time. `others` gets the paths of the files that are no drafts, as a scan tells them.
    """
    found, todo = dict[str, Stamp](), [""]
    try:
        while todo:
            above = todo.pop()
            with os.scandir(content_root / above) as entries:
                for entry in entries:
                    name = entry.name
                    path, is_draft = above + name, is_draft_name(name)
                    if path in ABOUT_THE_FOLDER or not (is_draft or _is_looked_at(name)):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(f"{path}/")
                    elif not entry.is_file(follow_symlinks=False):
                        return None
                    elif is_draft:
                        facts = entry.stat(follow_symlinks=False)
                        found[path] = facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino
                    elif others is not None and name not in LIST_PAGES:
                        others.append(path)
            if len(found) > limits.files or above.count("/") > limits.depth:
                return None
        "".join(found).encode()
    except (OSError, UnicodeEncodeError):
        return None
    return found


def of_media(media: Iterable[MediaRef]) -> set[tuple[str, int, int, int]]:
    """What tells the files that a draft names, as `are_the_same` asks it, and that nothing nearer has their names, nor
    anything else that of one which is named without its folder.
    """
    files = {(str(each.path), each.size, each.mtime_ns, each.ctime_ns) for each in media}
    files.update((path, BELOW, many, 0) for each in media for path, many in each.below)
    return files.union((path, ABSENT, 0, 0) for each in media for path in each.nearer)


def are_the_same(files: Iterable[Sequence[Any]]) -> bool:
    """Whether these files, each a path with its size, mtime and ctime in nanoseconds, are what they were.

    A ctime of 0 stands for any: of a file of our own, which only gets more names. Of size ABSENT there is none, and of
    size BELOW it is counted how many are called so: a folder is listed once for all who ask within a few seconds.
    """
    for path, size, mtime_ns, ctime_ns in files:
        if size == BELOW:
            if many_below(path) != mtime_ns:
                return False
            continue
        try:
            facts = os.lstat(path)
        except OSError:
            if size == ABSENT:
                continue
            return False
        if (facts.st_size, facts.st_mtime_ns) != (size, mtime_ns) or ctime_ns not in {0, facts.st_ctime_ns}:
            return False
    return True


def is_draft_name(name: str) -> bool:
    """Whether a file of this name is a draft, and not an editor's temporary file or a generator's list page."""
    if name.endswith(".md") and name[0] not in ".#~":  # as nearly all are: nothing else is asked of it
        return name not in _NO_DRAFTS
    suffix = name[name.rfind(".") :].lower()
    return suffix in SUFFIXES and name not in _NO_DRAFTS and not is_passed_over(name)


def is_passed_over(name: str) -> bool:
    """Whether it is an editor's, a tool's or the system's: no draft, and nothing below it is one."""
    return name.startswith((".", "#", "~$")) or name.endswith(_TEMPORARY) or name in _FOREIGN or name == "4913"


def _is_looked_at(name: str) -> bool:
    """Whether it is not passed over; raises UnicodeEncodeError where a scan would tell that it is no name."""
    return not is_passed_over(name) and bool(name.encode())
