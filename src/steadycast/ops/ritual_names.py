"""What a day to mark is of, called as people call it: by a title where the settings have a name."""

from __future__ import annotations

import contextlib

from steadycast.schedule.occasions import parse_when
from steadycast.workspace import Workspace


def called(workspace: Workspace, name: str) -> str:
    """The title of a series or a class, where no other has it; else its name."""
    titles = _titles(workspace)
    title = titles.get(name, "")
    return title if title and [*titles.values()].count(title) == 1 else name


def named(workspace: Workspace, when: str) -> str:
    """A day to mark as the settings say it: with the name of what it calls by its title."""
    titles = _titles(workspace)
    with contextlib.suppress(ValueError):
        if (of := parse_when(when).of) in titles or not of:
            return when
    longest_first = sorted(titles, key=lambda name: -len(titles[name]))
    name = next((name for name in longest_first if called(workspace, name) != name and titles[name] in when), "")
    return when.replace(titles[name], name, 1) if name else when


def _titles(workspace: Workspace) -> dict[str, str]:
    titles = {name: table.title for name, table in workspace.promises.items()}
    titles |= {name: table.title for name, table in workspace.class_tables.items()}
    return {name: " ".join(title.split()) for name, title in titles.items()}
