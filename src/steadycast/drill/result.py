"""What came of a drill: each slot's end and why, how far ahead it was alarmed, and how near the forecasts were."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from steadycast.drill import forecast_accuracy
from steadycast.drill.stage import Spell, Stage
from steadycast.drill.year import Year
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow
from steadycast.pipeline.stock import stock_of
from steadycast.schedule.model import Slot, StockItem, Verdict
from steadycast.schedule.stock import suits

GRAVEST = (Verdict.MISSED, Verdict.LATE, Verdict.FILLED, Verdict.KEPT)
BUCKETS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1)  # forecasts are compared with those that said about the same


@dataclass
class Result:
    """One drill in figures."""

    seed: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # kept, late, filled, excused; starved, down, refused, broken
    doubled: int = 0
    foretold: int = 0  # starved slots that stock, as it was three days before, did not reach
    alarmed: int = 0  # of them, those with an alarm by then
    leads: list[float] = field(default_factory=list)  # days from the alarm to each starved slot
    errors: dict[int, list[float]] = field(default_factory=dict)  # days ahead -> days by which the named day was off
    known: dict[int, list[float]] = field(default_factory=dict)  # the same, moved on by what came in or failed since
    expected: dict[int, list[float]] = field(default_factory=dict)  # the same of the day that was likeliest
    came: dict[int, list[bool]] = field(default_factory=dict)  # days ahead -> of each day named so, whether a gap came
    chances: list[tuple[float, bool]] = field(default_factory=list)  # of a gap in 30 days: what was said, what came
    alarms: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    members: Counter[str] = field(default_factory=Counter)
    hand_ins: Counter[str] = field(default_factory=Counter)  # kept, late, missed, made up, excused
    up: int = 0  # members of whom the rule said that they should leave
    broken: list[str] = field(default_factory=list)  # slots that had stock and a publisher, and were missed; and
    # hand-ins that were there in time, and were judged missed

    @property
    def promised(self) -> int:
        """The slots for which stock existed, and a publisher was up at some time in [slot, slot + late]."""
        return sum(self.counts[name] for name in ("kept", "late", "filled", "broken"))

    @property
    def kept(self) -> float:
        """The share of `promised` that went out in time; 1 of none."""
        return 1 - self.counts["broken"] / self.promised if self.promised else 1.0

    def add(self, other: Result) -> None:
        """Takes another drill's figures in."""
        for name in ("counts", "alarms", "origins", "members", "hand_ins"):
            getattr(self, name).update(getattr(other, name))
        for name in ("leads", "chances", "broken"):
            getattr(self, name).extend(getattr(other, name))
        for name in ("errors", "known", "expected", "came"):
            for ahead, some in getattr(other, name).items():
                getattr(self, name).setdefault(ahead, []).extend(some)
        for name in ("doubled", "foretold", "alarmed", "up"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def buckets(self) -> list[tuple[float, float, int]]:
        """Of forecasts that said about the same: the mean chance they said, the share in which a gap came, how many."""
        found = []
        for low, high in pairwise(BUCKETS):
            some = [each for each in self.chances if low <= each[0] < high]
            if some:
                said, came = (sum(each[n] for each in some) / len(some) for n in (0, 1))
                found.append((said, came, len(some)))
        return found

    def values(self) -> dict[str, Any]:
        """All of it as plain values, sorted where order means nothing."""
        return {
            "seed": self.seed,
            **{name: self.counts[name] for name in ("kept", "late", "filled", "excused")},
            "missed": {name: self.counts[name] for name in ("starved", "down", "refused", "broken")},
            "promised": self.promised,
            "promise_kept": round(self.kept, 5),
            "doubled": self.doubled,
            "starved_foretold": self.foretold,
            "starved_alarmed": self.alarmed,
            "alarm_days_ahead": _quartiles(self.leads),
            "first_gaps": {ahead: len(errors) for ahead, errors in sorted(self.errors.items())},
            "first_gaps_within_a_day": {ahead: _near(errors) for ahead, errors in sorted(self.errors.items())},
            "first_gaps_of_what_was_known": {ahead: _near(errors) for ahead, errors in sorted(self.known.items())},
            "first_gaps_expected": {ahead: _near(errors) for ahead, errors in sorted(self.expected.items())},
            "days_expected": {
                ahead: {"named": len(came), "came": sum(came)} for ahead, came in sorted(self.came.items())
            },
            "gap_chances": [
                {"said": round(said, 3), "came": round(came, 3), "times": times} for said, came, times in self.buckets()
            ],
            "alarms": dict(sorted(self.alarms.items())),
            "mix": dict(sorted(self.origins.items())),
            "members": len(self.members),
            "top_member": round(max(self.members.values(), default=0) / max(sum(self.origins.values()), 1), 3),
            "hand_ins": dict(sorted(self.hand_ins.items())),
            "up_for_leaving": self.up,
            "broken": self.broken,
        }

    def lines(self, seeds: int = 1) -> Iterator[str]:
        """The same in words, a line each."""
        v, missed = self.values(), self.counts
        words = N_("seed       %(seed)s and on: %(num)s in all") if seeds > 1 else N_("seed       %(seed)s")
        yield _(words, seed=self.seed, num=seeds)
        yield _(
            "slots      kept %(kept)s · late %(late)s · filled %(filled)s · excused %(excused)s",
            kept=missed["kept"], late=missed["late"], filled=missed["filled"], excused=missed["excused"],
        )  # fmt: skip
        yield _(
            "missed     starved %(starved)s · down %(down)s · refused %(refused)s · broken %(broken)s",
            starved=missed["starved"], down=missed["down"], refused=missed["refused"], broken=missed["broken"],
        )  # fmt: skip
        yield _(
            "promise    %(rate)s of %(num)s slots with stock and a publisher in time · %(doubled)s doubled",
            rate=_percent(self.kept, 2), num=self.promised, doubled=self.doubled,
        )  # fmt: skip
        yield _(
            "alarms     %(alarmed)s of %(foretold)s foretold starved slots three days ahead or more · %(all)s raised",
            alarmed=self.alarmed, foretold=self.foretold, all=sum(self.alarms.values()),
        )  # fmt: skip
        for ahead, errors in sorted(self.errors.items()):
            words = N_(
                "first gap  %(near)s of %(num)s within a day, as named %(days)s days before; "
                "%(known)s by the stock of that day"
            )
            known = _near(self.known.get(ahead, ()))
            yield _(words, near=_near(errors), num=len(errors), days=ahead, known=known)
            words = N_("likeliest  %(near)s of %(num)s within a day; of %(named)s days named so, %(came)s had a gap")
            right, days = _near(self.expected.get(ahead, ())), self.came.get(ahead, [])
            yield _(words, near=right, num=len(errors), named=len(days), came=sum(days))
        for said, came, times in self.buckets():
            words = N_("forecast   of a gap in 30 days: said %(said)s, came %(came)s of %(num)s times")
            yield _(words, said=_percent(said), came=_percent(came), num=times)
        yield _(
            "who        the house %(pgc)s · members %(ugc)s, of %(num)s · one of them at most %(top)s",
            pgc=self.origins["pgc"], ugc=self.origins["ugc"], num=len(self.members), top=_percent(v["top_member"]),
        )  # fmt: skip
        if self.hand_ins:
            kept = dict(self.hand_ins)
            yield _(
                "hand-ins   kept %(kept)s · late %(late)s · missed %(missed)s · up for leaving %(up)s",
                kept=kept.get("kept", 0), late=kept.get("late", 0), missed=kept.get("missed", 0), up=self.up,
            )  # fmt: skip
        yield from (_("broken     %(slot)s", slot=slot) for slot in self.broken[:20])


def _percent(rate: float, digits: int = 0) -> str:
    return f"{rate:.{digits}%}"


def _near(errors: Iterable[float]) -> int:
    return sum(abs(each) <= 1 for each in errors)


def _quartiles(values: Sequence[float]) -> list[float]:
    """The least, the middle and the most."""
    ordered = sorted(values)
    return [round(ordered[n], 1) for n in (0, len(ordered) // 2, -1)] if ordered else []


def result(stage: Stage, year: Year, seed: int) -> Result:
    """The figures of a drill that ran."""
    found = Result(seed, alarms=Counter(year.alarms), doubled=sum(far.doubled() for far in stage.app.far.values()))
    rows: dict[str, list[DeliveryRow]] = {}
    for row in stage.app.ledger.deliveries():
        rows.setdefault(row.slot, []).append(row)
    stock, ends = stock_of(stage.app), dict[str, str]()
    used = {row.draft: row.finished for each in rows.values() for row in each if row.draft and row.finished}
    for slot in year.slots:
        if slot.excused:
            ends[slot.id] = "excused"
            continue
        ends[slot.id] = end = _end(stage, year, slot, rows.get(slot.id, []), stock, used)
        if end == "broken":
            found.broken.append(slot.id)
        if out := [row for row in rows.get(slot.id, ()) if row.finished]:
            found.origins[out[0].origin] += 1
            found.members.update(filter(None, [out[0].member]))
    found.counts.update(ends.values())
    _hand_ins(found, stage, year)
    since = {
        slot: max((year.ready.get(row.draft or "", year.begin) for row in each if row.finished), default=None)
        for slot, each in rows.items()
    }
    for name in stage.app.workspace.series:
        slots = [slot for slot in year.slots if slot.series == name and not slot.excused]
        foreseen = [each for each in year.foreseen if each.series == name]
        forecast_accuracy.alarms(found, foreseen, slots, ends)
        forecast_accuracy.first_gaps(found, foreseen, slots, ends, since)
        forecast_accuracy.likeliest_days(found, foreseen, slots, ends)
    return found


def _hand_ins(found: Result, stage: Stage, year: Year) -> None:
    """How duties ended. One that was handed in and is missed is broken, unless that made up for the one before."""
    found.up, paths = year.up, {row.id: row.path for row in stage.app.ledger.drafts()}
    for name in stage.app.workspace.classes:
        rows = stage.app.ledger.hand_ins(name, year.begin)
        spent = {paths.get(row.made_up_by or "") for row in rows}
        for row in rows:
            found.hand_ins[row.verdict] += 1
            if row.verdict == "missed" and year.handed.get((row.member, row.due), None) not in (None, *spent):
                found.broken.append(f"{row.slot} {row.member}")


def _end(  # noqa: PLR0917 all that decides it
    stage: Stage,
    year: Year,
    slot: Slot,
    rows: Sequence[DeliveryRow],
    stock: Iterable[StockItem],
    used: Mapping[str, dt.datetime],
) -> str:
    """kept, late, filled; or why it was missed: starved, down, refused; broken where nothing excuses it."""
    verdicts = {row.verdict for row in rows}
    worst = next((verdict for verdict in GRAVEST if verdict in verdicts), Verdict.MISSED)
    if worst is not Verdict.MISSED:
        return worst.value
    series = stage.app.workspace.series[slot.series]
    until = slot.at + series.late
    if not free(slot.at, until, [spell for spell in stage.spells if spell.what == "down"]):
        return "down"
    for row in rows:
        if row.verdict != Verdict.MISSED:
            continue
        barred = [each for each in stage.spells if each.what == "down" or each.channel in ("", row.channel)]
        if row.draft and not free(slot.at, until, [each for each in barred if each.what != "clock"]):
            return "refused"
    there = (
        item for item in stock
        if not item.evergreen and suits(series, item) and year.ready.get(item.draft, until) <= slot.at
    )  # fmt: skip
    had = any(item.draft not in used or used[item.draft] > until for item in there)
    return "broken" if had or any(row.draft for row in rows) else "starved"


def free(begin: dt.datetime, end: dt.datetime, spells: Sequence[Spell]) -> bool:
    """Whether some instant of [begin, end] is in no spell."""
    at = begin
    for spell in sorted(spells, key=lambda each: each.begin):
        if spell.begin <= at < spell.end:
            at = spell.end
    return at <= end
