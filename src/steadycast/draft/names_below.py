"""How many files have a name, however deep below a folder: for a draft that names one without its folder."""

from __future__ import annotations

import contextlib
import os
import time
import unicodedata
from functools import lru_cache
from pathlib import Path

MAX_LISTED = 50_000  # files of a member's folder that are looked through for one that is named without its folder
LISTED_FOR = 3.0  # seconds


@lru_cache(maxsize=16)
def _listed(top: Path, at: int) -> dict[str, tuple[Path, ...]]:  # noqa: ARG001 - a later look is another key
    return listing(top)


def listing(top: Path) -> dict[str, tuple[Path, ...]]:
    """The files of `top` and the folders in it by their names; no link is followed, nothing hidden is looked into."""
    found: dict[str, tuple[Path, ...]] = {}
    todo, left = [top], MAX_LISTED
    while todo and left > 0:
        folder = todo.pop()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                left -= 1
                if entry.name.startswith(".") or entry.is_symlink() or left < 0:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(folder / entry.name)
                else:
                    name = unicodedata.normalize("NFC", entry.name)
                    found[name] = (*found.get(name, ())[:2], folder / entry.name)  # more than one is all that is asked
    return found


def files_below(named: str) -> tuple[Path, ...]:
    """The files of a name, however deep below the folder that it is written after; of many the first three.

    A folder is looked through at most every few seconds: a vault of thousands of notes asks for each.
    """
    top, _slash, name = named.rpartition("/")
    return _listed(Path(top), int(time.monotonic() // LISTED_FOR)).get(name, ())


def many_below(named: str) -> int:
    """How many those are: another number means that a draft which names it so means another file, or none."""
    return len(files_below(named))


def look_anew() -> None:
    """What was listed lately counts no more: who looks at all files afterwards must see what came since."""
    _listed.cache_clear()
