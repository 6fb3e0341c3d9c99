"""What stands where, without writing anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from steadycast import pipeline
from steadycast.errors import Problem
from steadycast.hints import hint
from steadycast.language import N_, ngettext
from steadycast.language import gettext as _
from steadycast.ops.delayed import delayed
from steadycast.pipeline import amend, incoming_mail
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import ARCHIVE, held
from steadycast.pipeline.plan import show
from steadycast.pipeline.results import Row, waiting_row
from steadycast.pipeline.to_do import Needs, unwritten

AHEAD = dt.timedelta(days=7)


def status(app: App, now: dt.datetime) -> Row:
    """{needs, waiting, alarms, settings, problems, delayed, next, counts, last_tick, summary}: what stands where.

    `needs` is how many things need a person: as many as there are in `waiting`, `alarms`, `settings` and `problems`.
    """
    found = pipeline.needs(app, now)
    tick, planned = app.ledger.last_tick(), show(app, now, AHEAD)
    problems = app.ledger.problems(apart=True)
    looked = _("what is due was last looked at %(span)s ago", span=_ago(now - tick)) if tick else ""
    words = [looked or _("what is due has not been looked at yet"), planned.summary()]
    decided = {problem.where for problem in held(app)}
    if unread := sum(problem.path not in decided for problem in problems):
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
    told = (incoming_mail.heard(app, name) for name in app.workspace.channels)
    words += [
        _("%(name)s: %(said)s", name=app.channel_title(each.channel), said=each.error)
        for each in told
        if each and each.error
    ]
    return {
        "needs": found.total,
        "waiting": [*_waiting(app, found), *_gaps(app, found)],
        "alarms": [row.text for row in found.alarms_apart],
        "settings": [unwritten(app, key) for key in found.settings],
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


def _waiting(app: App, found: Needs) -> Iterator[Row]:
    """What a person decides or does: deliveries, drafts, corrections, and what programs, members and hubs ask."""
    zone = app.workspace.community.zone
    for w in found.deliveries:
        yield waiting_row(
            w.marker, str(w.state), hint(w.state, w.marker), f"{w.at.astimezone(zone):%Y-%m-%d %H:%M}",
            slot=w.slot, channel=w.channel, title=w.title, message=w.message, url=w.url,
        )  # fmt: skip
    drafts = app.ledger.waiting_drafts(app.workspace.fair.waiting)
    likes = (
        {row.path: row.message for row in app.ledger.problems()} if any(d.state != "waiting" for d in drafts) else {}
    )
    for row in sorted(drafts, key=lambda each: each.path):
        like = "" if row.state == "waiting" else likes.get(row.path, "")
        yield waiting_row(row.id, row.state, hint("draft", row.id), title=row.title, message=like)
    for pinned in found.pinned:
        yield waiting_row(pinned.id, "past", hint("past", pinned.id), title=pinned.title, slot=pinned.plan["slot"])
    yield from amend.waiting(app, found.amendments)
    for asked in found.requests:
        yield waiting_row(
            str(asked.id), "asked", hint("request", str(asked.id)), f"{asked.at:%Y-%m-%d %H:%M}",
            slot=asked.slot, title=asked.title, message=asked.why,
        )  # fmt: skip
    for hub in found.hub_asks:
        yield waiting_row(hub.id, "asked", hint("hub", hub.id), title=hub.what, message=hub.why)
    for one in found.asked[: found.counts["asked"]]:
        yield waiting_row(
            one.slot, one.standing.value, hint("ask", app.slot_title(one.slot)), f"{one.at:%Y-%m-%d %H:%M}",
            slot=one.slot, title=one.title,
        )  # fmt: skip


def _gaps(app: App, found: Needs) -> Iterator[Row]:
    for slot in found.gaps:
        series = app.workspace.series[slot.series]
        yield waiting_row(
            slot.id, "gap", hint("gap", series.title or series.name),
            f"{slot.at.astimezone(app.workspace.community.zone):%Y-%m-%d %H:%M}",
            slot=slot.id, channel=" ".join(series.channels),
        )  # fmt: skip


def _lost(app: App) -> Iterator[Row]:
    """That this ledger took a lost one's place: what else it tells is of a new one."""
    if error := app.ledger.lost():
        yield Problem("ledger", None, str(error).removeprefix("ledger ")).row()


def _held(app: App) -> Iterator[tuple[str, int]]:
    """Of an archive, which needs nobody: how many drafts it has."""
    yield from app.ledger.held_drafts((ARCHIVE,)).items()


def _ago(span: dt.timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, length in ((N_("%(num)s d"), 86400), (N_("%(num)s h"), 3600), (N_("%(num)s min"), 60)):
        if seconds >= length:
            return _(unit, num=seconds // length)
    return _("%(num)s s", num=max(seconds, 0))
