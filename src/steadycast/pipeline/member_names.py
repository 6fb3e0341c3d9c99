"""Members' names for people, as steadycast.toml has them, else roster.csv."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steadycast.pipeline.app import App

NEVER = (-1,)


def titles(app: App) -> dict[str, str]:
    """Who is known to settings and rosters, by id, with their names for people."""
    known = {name: member.title for name, member in app.workspace.members.items()}
    return {name: known.get(name) or title or name for name, title in {**known, **_of_roster(app)}.items()}


def _of_roster(app: App) -> dict[str, str]:
    from steadycast.pipeline.class_files import roster  # a command where settings name everybody does without

    return {seat.member: seat.title for seat in roster(app).seats}


class MemberNames:
    """Says what members are called. roster.csv is read where the settings do not name somebody, and as it is then."""

    def __init__(self) -> None:
        self._seated: tuple[tuple[int, ...], Mapping[str, str]] = NEVER, {}

    def of(self, app: App, member: str) -> str:
        """A member's name for people; "" for the house."""
        known = app.workspace.members.get(member)
        return known.title if known and known.title else (member and self._of_roster(app).get(member)) or member

    def _of_roster(self, app: App) -> Mapping[str, str]:
        from steadycast.classes.roster import FILE

        stamp, known = _stamp(app.workspace.root / FILE), self._seated
        if known[0] != stamp:
            known = self._seated = stamp, _of_roster(app)
        return known[1]


def _stamp(file: Path) -> tuple[int, ...]:
    """Another one when the file is another; () where there is none."""
    try:
        its = file.stat()
    except OSError:
        return ()
    return its.st_mtime_ns, its.st_ctime_ns, its.st_size, its.st_ino
