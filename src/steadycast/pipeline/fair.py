"""Fairness: who writes and who decides, how long drafts wait, and whether the mix that was asked for holds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from steadycast.ledger import fair_reads, mix_steps, record
from steadycast.pipeline import mix
from steadycast.pipeline.app import App
from steadycast.pipeline.past_pins import ids_past
from steadycast.schedule.days import DAY
from steadycast.schedule.mix_steps import MixStep
from steadycast.schedule.shares import HOUSE, WINDOW, Breach, Shares, Waits, breaches, quantile, shares

NEWS = DAY  # for how long a step of a mix is news


@dataclass(frozen=True, slots=True)
class Voice:
    """One person: what went out of them, and what they decided; each with its share, 0 to 1."""

    name: str  # HOUSE: the house
    title: str
    slots: int
    share: float  # of all that went out
    decisions: int
    decided: float  # of all that was decided


@dataclass(frozen=True, slots=True)
class SeriesMix:
    """The mix of one series: what is asked now, what went out in the window, and the steps that it took."""

    name: str
    title: str
    asked: dict[str, int]
    real: dict[str, int]
    steps: tuple[MixStep, ...]


@dataclass(frozen=True, slots=True)
class Fair:
    """All of it, of the last 30 days."""

    since: dt.datetime
    until: dt.datetime
    shares: Shares
    voices: tuple[Voice, ...]  # who went out most first
    active: int  # members who were published, handed in or commented
    mixes: tuple[SeriesMix, ...]
    breaches: tuple[Breach, ...]

    def plain(self, *, named: bool = True) -> dict[str, Any]:
        """As JSON tells it; without `named` no person is told of but by figures."""
        found, words = self.shares, self.shares.words
        told = {
            "since": self.since,
            "until": self.until,
            "published": found.published,
            "active": self.active,
            "new": found.new,
            "returning": found.returning,
            "top": words.top,
            "absence_factor": words.absence_factor,
            "effective": words.effective,
            "gini": words.gini,
            "founder": found.founder,
            "waits": {name: _seconds(getattr(found.waits, name)) for name in ("p50", "p90", "oldest")},
            "decisions": found.decisions.total,
            "deciders": found.decisions.people,
            "decisions_top": found.decisions.top,
            "mixes": [
                {
                    "series": each.name,
                    "asked": each.asked,
                    "real": each.real,
                    "steps": [
                        {"since": s.since, "mix": {o.value: parts for o, parts in s.mix.items()}, "active": s.active,
                         "above": s.above, "why": s.why} for s in each.steps
                    ],
                }
                for each in self.mixes
            ],
            "alarms": [each.kind for each in self.breaches],
        }  # fmt: skip
        people = [
            {"name": v.name, "title": v.title, "slots": v.slots, "share": v.share, "decisions": v.decisions,
             "decided": v.decided}
            for v in self.voices
        ]  # fmt: skip
        return told | ({"people": people} if named else {})


def fair(app: App, now: dt.datetime) -> Fair:
    """The last 30 days up to `now`."""
    since = now - WINDOW
    rows = record.shares(app.ledger, since, now, early=True)
    counts, of_series = Counter[str](), dict[str, Counter[str]]()
    for row in rows:
        if not row.nobodys:
            counts[row.member] += row.slots
        of_series.setdefault(row.series, Counter())[row.origin] += row.slots
    founder = app.workspace.community.founder
    before = fair_reads.out_before(app.ledger, [who for who in counts if who != HOUSE], since, app.workspace.channels)
    found = shares(counts, before, fair_reads.decisions(app.ledger, since, now), _waits(app, since, now), founder)
    return Fair(
        since=since,
        until=now,
        shares=found,
        voices=_voices(app, found),
        active=len(mix.active(app, now)),
        mixes=_mixes(app, of_series),
        breaches=tuple(breaches(found, app.workspace.fair.limits)),
    )


def stepped(app: App, now: dt.datetime) -> list[tuple[str, MixStep]]:
    """(series, step) of those whose mix took a step within the last day."""
    steps = mix_steps.mix_steps(app.ledger)
    return [
        (name, last)
        for name, series in app.workspace.series.items()
        if (its := mix_steps.steps_of(series, steps)) and now - NEWS < (last := its[-1]).since <= now
    ]


def _voices(app: App, found: Shares) -> tuple[Voice, ...]:
    published, decided = found.published or 1, found.decisions.total or 1
    names = sorted({*found.by_member, *found.by_person}, key=lambda who: (-found.by_member.get(who, 0), who))
    return tuple(
        Voice(
            name, app.member_title(name),
            slots := found.by_member.get(name, 0), slots / published,
            made := found.by_person.get(name, 0), made / decided,
        )
        for name in names
    )  # fmt: skip


def _waits(app: App, since: dt.datetime, now: dt.datetime) -> Waits:
    spans = fair_reads.took(app.ledger, since, now)
    since_approved = fair_reads.unplaced_since(app.ledger, now, ids_past(app, now))
    oldest = now - since_approved if since_approved else None
    return Waits(quantile(spans, 0.5), quantile(spans, 0.9), oldest)


def _mixes(app: App, of_series: dict[str, Counter[str]]) -> tuple[SeriesMix, ...]:
    steps = mix_steps.mix_steps(app.ledger)
    in_force = mix_steps.in_force(app.ledger, app.workspace.series)
    return tuple(
        SeriesMix(
            name, series.title or name, {origin.value: parts for origin, parts in in_force[name].mix.items()},
            dict(of_series.get(name, {})), tuple(mix_steps.steps_of(series, steps)),
        )
        for name, series in app.workspace.series.items()
        if series.mix
    )  # fmt: skip


def _seconds(span: dt.timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())
