"""Since when each rhythm stands, kept in the ledger: what is changed in steadycast.toml changes nothing in the past."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection

from steadycast.pipeline.app import App
from steadycast.schedule import promises
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Slot

PROMISES = "promises"  # meta: of each series its rhythm, and since when it stands


Stands = dict[str, dict[str, str]]


def keep(app: App, now: dt.datetime) -> None:
    """Remembers each rhythm that is new from `now` on, and gives a renamed series its record."""
    for series in app.workspace.series.values():
        if series.was:
            app.ledger.rename_series(series.was, series.name)
    stands = as_of(app, now)
    if stands != known(app):
        app.ledger.set_meta(PROMISES, json.dumps(stands))


def as_of(app: App, now: dt.datetime) -> Stands:
    """Since when each rhythm stands if it is planned with now: one that is new begins."""
    before = known(app)
    stands = {name: before.get(name, {}) for name in app.workspace.series}
    for name, series in app.workspace.series.items():
        rhythm = promises.rhythm(series)
        if stands[name].get("rhythm") != rhythm:
            stands[name] = {"rhythm": rhythm, "since": now.isoformat()}
    return stands


def owed(
    app: App, now: dt.datetime, until: dt.datetime, stands: Stands | None = None, dropped: Collection[str] = ()
) -> list[Slot]:
    """The slots that all series owe up to `until`, in order of time; one whose rhythm is not in the ledger owes none.

    A rhythm begins to count when it is planned with: until then nobody was promised anything. `stands` is what the
    ledger would say of that, and `dropped` are slots that it would have no more, where that is asked before it is done.
    """
    stands, all_series = stands or known(app), list(app.workspace.series.values())
    oldest = now - max((series.late for series in all_series), default=DAY)
    there = app.ledger.promised(oldest - 2 * DAY, until + 2 * DAY)
    promised = [each for each in there if each.slot.id not in dropped]
    found: list[Slot] = []
    for series in all_series:
        since = stands.get(series.name, {})
        if since.get("rhythm") == promises.rhythm(series):
            found += promises.owed(series, dt.datetime.fromisoformat(since["since"]), promised, now, until)
    return sorted(found)


def known(app: App) -> Stands:
    """Of each series its rhythm, and since when it stands, as the ledger has it."""
    found: Stands = json.loads(app.ledger.meta(PROMISES) or "{}")
    return found
