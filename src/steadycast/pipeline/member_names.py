"""Members' names for people, as steadycast.toml has them, else roster.csv."""

from __future__ import annotations

from functools import cached_property

from steadycast.pipeline.app import App


def titles(app: App) -> dict[str, str]:
    """Who is known to settings and rosters, by id, with their names for people."""
    known = {name: member.title for name, member in app.workspace.members.items()}
    return {name: known.get(name) or title or name for name, title in {**known, **_of_roster(app)}.items()}


def _of_roster(app: App) -> dict[str, str]:
    from steadycast.pipeline.class_files import roster  # a command where settings name everybody does without

    return {seat.member: seat.title for seat in roster(app).seats}


class MemberNames:
    """Says what members are called; roster.csv is read once, and only where the settings do not name somebody."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, member: str) -> str:
        """A member's name for people; "" for the house."""
        known = self._app.workspace.members.get(member)
        return known.title if known and known.title else (member and self._seated.get(member)) or member

    @cached_property
    def _seated(self) -> dict[str, str]:
        return _of_roster(self._app)
