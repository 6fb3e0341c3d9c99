"""Which of the drafts that came in at one look are a community's archive, and no fresh stock. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from steadycast.draft import Draft


def many(arrived: Iterable[Draft], known: Collection[PurePosixPath], over: int) -> set[PurePosixPath]:
    """The paths of what did not come alone: more than `over` at one look, or several in a folder never seen before."""
    paths = [draft.path for draft in arrived]
    if len(paths) > over:
        return set(paths)
    seen = {folder for path in known for folder in path.parents}
    first: dict[PurePosixPath, list[PurePosixPath]] = {}
    for path in paths:
        new = [folder for folder in path.parents if folder not in seen]
        if new:
            first.setdefault(new[-1], []).append(path)
    return {path for group in first.values() if len(group) > 1 for path in group}


def old(
    drafts: Iterable[Draft], dated: Mapping[PurePosixPath, dt.datetime | None], now: dt.datetime, after: dt.timedelta
) -> set[PurePosixPath]:
    """The paths of those dated longer back than `after`, and that say nothing of going out yet.

    A day to go out on, an event to come, and evergreens (which repeat) are meant for what is ahead.
    """

    def past(draft: Draft) -> bool:
        at = dated.get(draft.path)
        ahead = draft.not_before is not None and draft.not_before > now
        coming = draft.event is not None and draft.event.start > now
        return at is not None and at < now - after and not (ahead or coming or draft.slot or draft.evergreen)

    return {draft.path for draft in drafts if past(draft)}
