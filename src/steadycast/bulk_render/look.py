"""What lies in content/ now against what is remembered of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.bulk_render.all_made import AllMade
from steadycast.errors import Problem
from steadycast.intake.stamps import Limits, Stamp, are_the_same

if TYPE_CHECKING:
    from steadycast.intake import folder

NO_LIMIT = Limits(draft_bytes=1 << 62)  # whoever reads a draft knows how long it may be


@dataclass
class Differences:
    """One look at content/."""

    fresh: dict[str, folder.FileStamp] = field(default_factory=dict)  # new or changed
    same: set[str] = field(default_factory=set)
    gone: bool = False  # something that is remembered
    problems: list[Problem] = field(default_factory=list)  # what cannot even be read


def differences(lying: Mapping[str, Stamp], known: AllMade) -> Differences | None:
    """What lies in content/ against what is known; None where a file was written just now, and has to be waited for."""
    stamps, doubtful = known.stamps, known.unread | _with_other_media(known)
    changed = [path for path, stamp in lying.items() if stamps.get(path) != stamp or path in doubtful]
    settled = time.time_ns() - int(NO_LIMIT.recent * 1e9)
    if any(lying[path][1] > settled for path in changed):  # or in the future
        return None
    from steadycast.intake import folder  # a run that finds nothing changed does without

    fresh = {path: folder.FileStamp(*lying[path]) for path in changed}
    return Differences(fresh, lying.keys() - fresh.keys(), gone=not stamps.keys() <= lying.keys())


def look(content: Path, known: AllMade) -> Differences:
    """What a scan tells of content/ against what is known; a file that is being written stands as it was."""
    from steadycast.intake import folder

    found, standing = Differences(), []
    same, doubtful = found.same, known.unread | _with_other_media(known)

    def unchanged(path: str, entry: os.DirEntry[str]) -> bool:
        if path not in known.stamps or path in doubtful:
            return False
        now = entry.stat(follow_symlinks=False)
        if (now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino) != known.stamps[path]:
            return False
        same.add(path)
        return True

    for item in folder.scan(content, NO_LIMIT, unchanged=unchanged, reading=False):
        if isinstance(item, folder.DraftFile):
            found.fresh[str(item.path)] = item.stamp
            continue
        if isinstance(item, Problem):
            found.problems.append(item)
        standing.append(item.where if isinstance(item, Problem) else str(item.path))
    left = known.stamps.keys() - same - found.fresh.keys()
    kept = {path for path in left if any(_is_below(path, above) for above in standing)}
    same |= kept
    found.gone = len(kept) < len(left)
    return found


def _with_other_media(known: AllMade) -> set[str]:
    return {path for path, media in known.media.items() if not are_the_same(media)}


def _is_below(path: str, above: str) -> bool:
    return above in {"", ".", path} or path.startswith(f"{above}/")
