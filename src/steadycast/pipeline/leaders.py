"""Series that have editors of their own: who decides on them, and what others decided over their heads.

On the desk and over the API only these and owners may decide. Whoever sits at the machine may do anything; what they do
is told just the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from steadycast.language import listed
from steadycast.ledger import editor_events
from steadycast.ledger.editor_events import Override
from steadycast.pipeline.app import App, who

LATELY = dt.timedelta(days=7)
SHOWN = 12


def editors_of(app: App) -> dict[str, frozenset[str]]:
    """Who alone decides on each series; nobody named: any editor."""
    return {name: frozenset(table.editors) for name, table in app.workspace.promises.items()}


def decided_by(app: App, series: Collection[str]) -> str:
    """The names of those who decide on these series, "" where any editor does."""
    editors = editors_of(app)
    names = {each for name in series for each in editors.get(name, ())}
    return listed(app.member_title(each) for each in sorted(names))


def note(app: App, act: str, series: Collection[str], subject: str, now: dt.datetime, by: str = "") -> None:  # noqa: PLR0917 one event's facts
    """Keeps what somebody decided on a series whose editors they are not among; `by` is who, else who acts."""
    editors, person = editors_of(app), by or who()
    over = [name for name in series if editors.get(name) and person not in editors[name]]
    if over:
        editor_events.put_override(app.ledger, now, person, act, over, subject)


def lately(app: App, now: dt.datetime) -> list[Override]:
    """What was decided over editors' heads in the last week, the newest first."""
    if not any(editors_of(app).values()):
        return []
    return editor_events.overrides(app.ledger, now - LATELY, SHOWN)
