"""Names that sync tools and file managers give to copies: which file each is a copy of. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from steadycast.on_demand import lazy_pattern

# A tool wrote these because two people had changed one file: they differ from it, and are no drafts of their own.
_CONFLICTS = lazy_pattern(
    r"(?P<name>.+?)(?:"
    r"\.sync-conflict-\d{8}-\d{6}(?:-\w+)?"  # Syncthing, Dropbox
    r"|[ _]?\([^()]*(?:conflict(?:ed)? copy|conflicting copy|case conflict|冲突副本|衝突複本|衝突副本)[^()]*\)"
    r"|[ _]?\((?:SFConflict|冲突|衝突)[^()]*\)"  # Seafile, Nutstore
    r"|_conflict-[\w-]+"  # ownCloud
    r"|[-_](?:DESKTOP|LAPTOP)-[A-Z0-9]{5,9}(?:-\d+)?"  # OneDrive: the machine's name
    r")\Z",
    re.IGNORECASE,
)
# People's names may end like these too (`part 2`): such a file is a copy only if its text is.
_COPIES = lazy_pattern(
    r"(?P<name>.+?)(?:"
    r" - (?:copy|kopie|copie|copia|副本|複製|复制)(?: ?\(\d+\))?"  # Windows
    r"|[ _-](?:copy|kopie|copie|copia)(?:[ _-]?\d+)?"  # macOS, editors
    r"|[ _-]?的?(?:副本|拷贝|拷貝|複本)(?: ?\d+)?"
    r"| \d{1,3}"  # iCloud, Finder
    r"| ?[(（]\d{1,3}[)）]"  # browsers, Google Drive
    r")\Z",
    re.IGNORECASE,
)
_COPY_OF = lazy_pattern(r"(?:copy of |副本[ -])(?P<name>.+)\Z", re.IGNORECASE)
_DEEPEST = 4  # copies of copies: `rain (1) - Copy`


def originals(path: PurePosixPath) -> Iterator[tuple[PurePosixPath, bool]]:
    """The files beside `path` that it may be a copy of by its name, nearest first; True where a conflict is certain."""
    stem, sure = path.stem, False
    for _ in range(_DEEPEST):
        conflict = _CONFLICTS.match(stem)
        match = conflict or _COPIES.match(stem) or _COPY_OF.match(stem)
        if match is None:
            return
        stem, sure = match["name"].rstrip(), sure or conflict is not None
        if stem:
            yield path.with_name(stem + path.suffix), sure


def plainness(path: PurePosixPath) -> tuple[int, int, str]:
    """Sorts the plain name before its copies, whatever the alphabet says."""
    return sum(1 for _ in originals(path)), len(path.name), str(path)
