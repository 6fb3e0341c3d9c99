"""Whether this community is ready to be copied: every gate, counted from its ledger, its plan and its rosters."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from steadycast.classes.model import Class
from steadycast.ledger import fair_reads, member_reads
from steadycast.ledger.tables import HandInRow
from steadycast.pipeline import App, rituals
from steadycast.pipeline.class_files import roster
from steadycast.pipeline.community_state import standing
from steadycast.pipeline.fair import fair
from steadycast.pipeline.mix import active
from steadycast.schedule.days import midnight
from steadycast.schedule.gates import (
    ACTIVE_WITHIN,
    CORE_WITHIN,
    DECIDED_WITHIN,
    DUTIES,
    JOINED_BEFORE,
    MONTHS,
    Counted,
    Gate,
    gates,
)

DUTIES_WITHIN = dt.timedelta(days=180)  # in which the last duties of a class lie, also of a monthly one
MONTH = dt.timedelta(days=30)
MET = ("kept", "late")


def ready(app: App, now: dt.datetime, sentence: str = "") -> list[Gate]:
    """The gates as of now, as [ready] of steadycast.toml asks them; `sentence` goes before the one that stands there.

    Only read: no far side is asked.
    """
    return gates(app.workspace.ready.asked, counted(app, now, sentence.strip() or app.workspace.ready.sentence.strip()))


def counted(app: App, now: dt.datetime, sentence: str = "") -> Counted:
    """What there is to count."""
    shares, lately = fair(app, now).shares, active(app, now)
    decisions = Counter(each.who for each in fair_reads.decisions(app.ledger, now - DECIDED_WITHIN, now))
    early = _came(app, now - JOINED_BEFORE)
    return Counted(
        runways={
            each.title: each.runway.days
            for each in standing(app, now).report.series
            if each.runway.gap or each.runway.slots  # else it owes nothing
        },
        decisions=decisions,
        waits=_waits(app, now),
        turns=_turns(app, now),
        core=_core(app, now),
        by_duties=bool(app.workspace.classes),
        absence=shares.words.absence_factor or None,
        founder=shares.founder if shares.published else None,
        active=len(lately),
        comments=_comments(app, now),
        rituals=_rituals(app, now),
        early=len(early),
        stayed=len(early & lately),
        sentence=sentence,
    )


def _waits(app: App, now: dt.datetime) -> list[dt.timedelta]:
    """How long drafts waited for a person's word, and wait now."""
    waited = member_reads.waited(app.ledger, now - DECIDED_WITHIN)
    spans = [dt.timedelta(microseconds=micros) for each in waited.values() for micros in each]
    waiting = app.ledger.drafts(("waiting",))
    return spans + [now - row.first_seen for row in waiting if row.origin == "ugc"]


def _core(app: App, now: dt.datetime) -> dict[str, int]:
    """What each member gave lately: duties met of the last ones, or pieces, whichever is more."""
    gifts = member_reads.gifts(app.ledger)
    core = Counter({who: sum(at >= now - CORE_WITHIN for at in came) for who, came in gifts.items()})
    for name in app.workspace.classes:
        for member, ended in _ended(app.ledger.hand_ins(name, now - DUTIES_WITHIN)).items():
            met = sum(row.verdict in MET or row.made_up_at is not None for row in ended[-DUTIES:])
            core[member] = max(core[member], met)
    return core


def _ended(rows: Iterable[HandInRow]) -> Mapping[str, Sequence[HandInRow]]:
    """The duties that were owed, by member, in order of time."""
    found = defaultdict[str, list[HandInRow]](list)
    for row in sorted(rows, key=lambda each: each.due):
        if row.verdict != "excused":
            found[row.member].append(row)
    return found


def _turns(app: App, now: dt.datetime) -> list[list[str]] | None:
    """Who was on duty in the turns that are over, of each class that has turns."""
    today = now.astimezone(app.workspace.community.zone).date().isoformat()
    with_turns = [each for each in app.workspace.classes.values() if each.turn]
    return [_on_duty(app, each, today) for each in with_turns] if with_turns else None


def _on_duty(app: App, the_class: Class, today: str) -> list[str]:
    return [row.member for row in app.ledger.turns_served(the_class.name) if row.what == "turn" and row.last < today]


def _comments(app: App, now: dt.datetime) -> tuple[int, int] | None:
    """How many comments of the last time are done, of how many that were due."""
    with_rounds = [name for name, each in app.workspace.classes.items() if each.comments.each]
    rows = [row for name in with_rounds for row in app.ledger.comments_between(name, now - ACTIVE_WITHIN, now)]
    return (sum(row.done_at is not None for row in rows), len(rows)) if with_rounds else None


def _rituals(app: App, now: dt.datetime) -> list[bool] | None:
    """Of each of the last months, whether the piece of a ritual went out in it."""
    if not app.workspace.rituals:
        return None
    kept = rituals.went_out(app, now - MONTHS * MONTH, now)
    months = [now - n * MONTH for n in range(MONTHS, -1, -1)]
    return [any(start < at <= end for at in kept) for start, end in pairwise(months)]


def _came(app: App, before: dt.datetime) -> set[str]:
    """The members whose first draft came by then, or who had joined a class."""
    zone = app.workspace.community.zone
    first = {each.member for each in member_reads.standings(app.ledger) if each.first <= before}
    seats = roster(app).seats if app.workspace.classes else ()
    joined = {each.member for each in seats if each.joined and midnight(each.joined, zone) <= before}
    return first | joined
