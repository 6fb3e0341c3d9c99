"""Whether drafts are the files that they were, of all of them at once: no object is made of a file."""

from __future__ import annotations

import os
from pathlib import Path

from steadycast.intake.folder import ABOUT_THE_FOLDER, Limits, is_draft_name, is_passed_over

Stamp = tuple[int, int, int, int]  # size, mtime and ctime in nanoseconds, inode
_TOP = frozenset(map(str, ABOUT_THE_FOLDER))


def stamps(content_root: Path, limits: Limits) -> dict[str, Stamp] | None:
    """The stamp of every draft's file, by its path; None where something lies there that only a `scan` can tell.

    That is whatever is no plain file or folder, cannot be read, or is past the limits. Of ten thousand files it takes
    a third of a scan's time.
    """
    found, todo = dict[str, Stamp](), [""]
    try:
        while todo:
            above = todo.pop()
            with os.scandir(content_root / above) as entries:
                for entry in entries:
                    name = entry.name
                    path, is_draft = above + name, is_draft_name(name)
                    if path in _TOP or not (is_draft or _is_looked_at(name)):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(f"{path}/")
                    elif not entry.is_file(follow_symlinks=False):
                        return None
                    elif is_draft:
                        facts = entry.stat(follow_symlinks=False)
                        found[path] = facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino
            if len(found) > limits.files or above.count("/") > limits.depth:
                return None
        "".join(found).encode()
    except (OSError, UnicodeEncodeError):
        return None
    return found


def _is_looked_at(name: str) -> bool:
    """Whether it is not passed over; raises UnicodeEncodeError where a scan would tell that it is no name."""
    return not is_passed_over(name) and bool(name.encode())
