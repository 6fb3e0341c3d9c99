"""Whether this community is ready to be copied: every gate, counted from its ledger and its plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from steadycast.ledger import member_reads
from steadycast.pipeline import App
from steadycast.pipeline.standing import standing
from steadycast.schedule.gates import (
    ACTIVE_WITHIN,
    CORE_WITHIN,
    DECIDED_WITHIN,
    JOINED_BEFORE,
    Counted,
    Gate,
    gates,
)


def ready(app: App, now: dt.datetime, sentence: str = "") -> list[Gate]:
    """The gates as of now, as [ready] of steadycast.toml asks them; `sentence` goes before the one that stands there.

    Only read: no far side is asked.
    """
    return gates(app.workspace.ready.asked, counted(app, now, sentence.strip() or app.workspace.ready.sentence.strip()))


def counted(app: App, now: dt.datetime, sentence: str = "") -> Counted:
    """What there is to count."""
    runways = {series.title: series.runway.days for series in standing(app, now).report.series}
    gifts = member_reads.gifts(app.ledger)
    waited = member_reads.waited(app.ledger, now - DECIDED_WITHIN)
    standings = member_reads.standings(app.ledger)
    spans = [dt.timedelta(microseconds=micros) for each in waited.values() for micros in each]
    spans += [now - each.first for each in standings if each.state == "waiting"]
    active = {who for who, came in gifts.items() if _since(came, now - ACTIVE_WITHIN)}
    early = {each.member for each in standings if each.first <= now - JOINED_BEFORE}
    return Counted(
        runways=runways,
        waits=spans,
        core={who: _since(came, now - CORE_WITHIN) for who, came in gifts.items()},
        active=len(active),
        early=len(early),
        stayed=len(early & active),
        sentence=sentence,
    )


def _since(instants: Iterable[dt.datetime], since: dt.datetime) -> int:
    return sum(at >= since for at in instants)
