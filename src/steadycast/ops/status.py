"""What stands where, without writing anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from steadycast.errors import Problem
from steadycast.hints import hint
from steadycast.language import N_, ngettext
from steadycast.language import gettext as _
from steadycast.ops.delayed import delayed
from steadycast.pipeline import amend, heard, publish_requests
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import HELD, held
from steadycast.pipeline.plan import show
from steadycast.pipeline.results import Row, waiting_row
from steadycast.pipeline.today import gaps_of_today

AHEAD = dt.timedelta(days=7)


def status(app: App, now: dt.datetime) -> Row:
    """{waiting: [...], delayed: [...], next: [...], counts: {...}, last_tick, summary}: what waits."""
    zone = app.workspace.community.zone
    waiting = [
        waiting_row(
            w.marker, str(w.state), hint(w.state, w.marker), f"{w.at.astimezone(zone):%Y-%m-%d %H:%M}",
            slot=w.slot, channel=w.channel, title=w.title, message=w.message, url=w.url,
        )
        for w in app.ledger.waiting()
    ]  # fmt: skip
    drafts = sorted(app.ledger.waiting_drafts(), key=lambda each: each.path)
    waiting += [waiting_row(row.id, "waiting", hint("draft", row.id), title=row.title) for row in drafts]
    waiting += amend.waiting(app)
    waiting += [
        waiting_row(
            str(each.id), "asked", hint("request", str(each.id)), f"{each.at:%Y-%m-%d %H:%M}",
            slot=each.slot, title=each.title, message=each.why,
        )
        for each in publish_requests.waiting(app, now)
    ]  # fmt: skip
    tick = app.ledger.last_tick()
    problems = app.ledger.problems()
    planned = show(app, now, AHEAD)
    soon = {slot.id for slot in gaps_of_today(app, now)}
    waiting += [
        waiting_row(gap.slot, "gap", hint("gap", gap.series), gap.when, slot=gap.slot, channel=" ".join(gap.channels))
        for gap in planned.gaps
        if gap.slot in soon
    ]
    looked = _("what is due was last looked at %(span)s ago", span=_ago(now - tick)) if tick else ""
    words = [looked or _("what is due has not been looked at yet"), planned.summary()]
    decided = {problem.where for problem in held(app)}
    unread = sum(problem.path not in decided for problem in problems)
    if unread:
        words += [
            ngettext(
                "%(num)s file or feed could not be taken in: `steadycast check`",
                "%(num)s files or feeds could not be taken in: `steadycast check`",
                unread,
            )
        ]
    words += [
        ngettext(
            "%(num)s draft held as %(state)s: `steadycast list --state %(state)s`",
            "%(num)s drafts held as %(state)s: `steadycast list --state %(state)s`",
            n,
            state=state,
        )
        for state, n in _held(app)
    ]
    told = (heard.heard(app, name) for name in app.workspace.channels)
    words += [f"{app.channel_title(each.channel)}: {each.error}" for each in told if each and each.error]
    return {
        "waiting": waiting,
        "delayed": delayed(app, now),
        "next": planned.rows()[:12],
        "counts": {str(state): n for state, n in sorted(app.ledger.counts().items())},
        "problems": [
            *_lost(app),
            *(Problem(p.path, p.line, p.message, p.hint).row() for p in problems),
        ],
        "last_tick": tick.isoformat() if tick else None,
        "summary": _("; ").join(words),
    }


def _lost(app: App) -> Iterator[Row]:
    """That this ledger took a lost one's place: what else it tells is of a new one."""
    if error := app.ledger.lost():
        yield Problem("ledger", None, str(error).removeprefix("ledger ")).row()


def _held(app: App) -> Iterator[tuple[str, int]]:
    """How many drafts wait for a person to say what they are."""
    states = app.ledger.held_drafts(HELD)
    return ((state, states[state]) for state in HELD if state in states)


def _ago(span: dt.timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, length in ((N_("%(num)s d"), 86400), (N_("%(num)s h"), 3600), (N_("%(num)s min"), 60)):
        if seconds >= length:
            return _(unit, num=seconds // length)
    return _("%(num)s s", num=max(seconds, 0))
