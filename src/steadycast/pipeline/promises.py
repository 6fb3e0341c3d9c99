"""Since when each rhythm stands, kept in the ledger: what is changed in steadycast.toml changes nothing in the past."""

from __future__ import annotations

import datetime as dt
import json

from steadycast.pipeline.desk import Desk
from steadycast.schedule import promises
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Slot

PROMISES = "promises"  # meta: of each series its rhythm, and since when it stands


def keep(desk: Desk, now: dt.datetime) -> None:
    """Remembers each rhythm that is new from `now` on, and gives a renamed series its record."""
    known = _known(desk)
    for series in desk.workspace.series.values():
        if series.was:
            desk.ledger.rename_series(series.was, series.name)
    stands = {name: known.get(name, {}) for name in desk.workspace.series}
    for name, series in desk.workspace.series.items():
        rhythm = promises.rhythm(series)
        if stands[name].get("rhythm") != rhythm:
            stands[name] = {"rhythm": rhythm, "since": now.isoformat()}
    if stands != known:
        desk.ledger.set_meta(PROMISES, json.dumps(stands))


def owed(desk: Desk, now: dt.datetime, until: dt.datetime) -> list[Slot]:
    """The slots that all series owe up to `until`, in order of time; one whose rhythm is not in the ledger owes none.

    A rhythm begins to count when it is planned with: until then nobody was promised anything.
    """
    known, all_series = _known(desk), list(desk.workspace.series.values())
    oldest = now - max((series.late for series in all_series), default=DAY)
    standing = desk.ledger.promised(oldest - 2 * DAY, until + 2 * DAY)
    found: list[Slot] = []
    for series in all_series:
        stands = known.get(series.name, {})
        if stands.get("rhythm") == promises.rhythm(series):
            found += promises.owed(series, dt.datetime.fromisoformat(stands["since"]), standing, now, until)
    return sorted(found)


def _known(desk: Desk) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(desk.ledger.meta(PROMISES) or "{}")
    return found
