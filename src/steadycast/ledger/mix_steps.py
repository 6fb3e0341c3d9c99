"""The steps of each series' mix, as they were taken; and who was active, by which they are judged."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import or_, select

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, table
from steadycast.ledger.installation import metas, set_meta
from steadycast.ledger.record import THERE, out_within
from steadycast.schedule.mix_steps import MixStep, with_steps
from steadycast.schedule.model import Origin, Series

STEP = "series_mix:"  # meta: one row a step, series_mix:NAME:INSTANT
SLOT, HANDIN, COMMENT = table("slot"), table("handin"), table("comment")


def put_mix_step(db: Database, series: str, step: MixStep) -> None:
    """Keep a step that a series' mix took."""
    told = {"above": step.above, "mix": dict(step.mix), "active": step.active, "why": step.why}
    set_meta(db, f"{STEP}{series}:{step.since.astimezone(dt.UTC).isoformat()}", json.dumps(told))


def mix_steps(db: Database) -> dict[str, list[MixStep]]:
    """The steps of each series by the name that it had then, in order of time."""
    found: dict[str, list[MixStep]] = defaultdict(list)
    for key, value in sorted(metas(db, STEP).items()):
        series, _, since = key.partition(":")
        told = json.loads(value)
        mix = {Origin(name): parts for name, parts in told["mix"].items()}
        found[series].append(MixStep(dt.datetime.fromisoformat(since), told["above"], mix, told["active"], told["why"]))
    return found


def steps_of(series: Series, steps: Mapping[str, list[MixStep]]) -> list[MixStep]:
    """The steps of one series, also those under its names before."""
    named = (step for name in (*series.was, series.name) for step in steps.get(name, ()))
    return sorted(named, key=lambda step: step.since)


def in_force(db: Database, series: Mapping[str, Series]) -> dict[str, Series]:
    """These series, each with the mix that is in force, and those that were."""
    steps = mix_steps(db)
    return {name: with_steps(each, steps_of(each, steps)) for name, each in series.items()}


def active_members(db: Database, since: dt.datetime, until: dt.datetime) -> set[str]:
    """The members whose drafts went out in that time, who handed in, or who commented."""
    c, h, t = DELIVERY.c, HANDIN.c, COMMENT.c
    published = select(c.member).join(SLOT, SLOT.c.id == c.slot).where(out_within(since, until))
    published = published.where(c.verdict.in_(THERE), c.member != "")
    then = or_(*((at >= since) & (at < until) for at in (h.at, h.made_up_at)))
    commented = select(t.reviewer).where(t.done_at >= since, t.done_at < until)
    with db.read() as connection:
        asked = (published, select(h.member).where(then), commented)
        return {who for query in asked for who in connection.scalars(query.distinct())}
