"""Whether a community is ready to be copied, gate by gate: what is asked, what was found, how it was counted. Pure.

A gate whose figure cannot be counted is neither passed nor failed: it says what is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from steadycast.language import N_, ngettext
from steadycast.language import gettext as _

DECIDED_WITHIN = dt.timedelta(days=60)
CORE_WITHIN = dt.timedelta(weeks=4)
ACTIVE_WITHIN = dt.timedelta(days=30)
JOINED_BEFORE = dt.timedelta(days=90)
DUTIES = 4  # of a class, the last ones that were owed
MONTHS = 3

STAGES = {"organised": N_("It runs itself"), "core": N_("It has a core"), "culture": N_("It has its own culture")}
TITLES = {
    "runway": N_("Stock in every series"),
    "decisions": N_("More than one decides"),
    "waits": N_("Nobody waits long for a person"),
    "turns": N_("Turns go round"),
    "members": N_("Members who keep giving"),
    "absence": N_("No one person carries it"),
    "founder": N_("Not the founder's voice alone"),
    "active": N_("Active members"),
    "comments": N_("Comments are written"),
    "rituals": N_("Rituals are kept"),
    "stay": N_("Members stay"),
    "sentence": N_("What it is, in the leader's own words"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What each gate asks. Shares go from 0 to 1."""

    runway: dt.timedelta = dt.timedelta(days=14)
    deciders: int = 3
    decides: float = 0.5  # one person's share of decisions, at most
    waits: dt.timedelta = dt.timedelta(hours=24)
    turns: int = 2  # people who served the last turns
    members: int = 8
    pieces: int = 3  # of a member, of the last four duties, or in four weeks
    absence: int = 3
    founder: float = 0.5  # share of what went out, at most
    active: int = 20
    comments: float = 0.6
    stay: float = 0.25


@dataclass(frozen=True, slots=True)
class Counted:
    """What there is to count; None, and no entry, where nothing is."""

    runways: Mapping[str, int] = field(default_factory=dict)  # days to the first gap, by series
    decisions: Mapping[str, int] | None = None  # by person
    waits: Sequence[dt.timedelta] = ()  # of drafts for a person's word, those that wait now included
    turns: Sequence[Sequence[str]] | None = None  # of each class, who served the turns that are over; None: no class
    core: Mapping[str, int] = field(default_factory=dict)  # by member: duties met of the last four, or pieces
    by_duties: bool = False  # the core is counted by a class's duties
    absence: int | None = None  # the fewest members who gave half of what went out
    founder: float | None = None  # of what went out
    active: int = 0
    comments: tuple[int, int] | None = None  # done, of how many that are due
    rituals: Sequence[bool] | None = None  # of each of the last months, whether one was kept; None: none are set
    early: int = 0  # members who have been here for 90 days
    stayed: int = 0  # those of them who are active
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: all but `stage` and `name` are for people, in the language of who asked."""

    stage: str  # organised, core, culture
    name: str
    asked: str
    found: str
    ok: bool | None  # None: it cannot be counted
    how: str

    @property
    def title(self) -> str:
        """What it is about."""
        return _(TITLES[self.name])

    def row(self) -> dict[str, str | bool | None]:
        """As JSON tells it."""
        return {
            "stage": self.stage, "name": self.name, "title": self.title, "asked": self.asked, "found": self.found,
            "ok": self.ok, "how": self.how,
        }  # fmt: skip


def gates(asked: Asked, counted: Counted) -> list[Gate]:
    """Every gate, in the order of its stage."""
    return [*_organised(asked, counted), *_core(asked, counted), *_culture(asked, counted)]


def _organised(asked: Asked, counted: Counted) -> Iterator[Gate]:
    least = min(counted.runways, key=lambda name: counted.runways[name], default="")
    yield Gate(
        "organised", "runway",
        _("%(num)s days ahead, in every series", num=asked.runway.days),
        ngettext("%(num)s day in %(series)s", "%(num)s days in %(series)s", counted.runways[least], series=least)
        if least
        else _missing(_("no series is set")),
        counted.runways[least] >= asked.runway.days if least else None,
        _("days to each series' first gap, as the plan stands; the shortest counts"),
    )  # fmt: skip
    people = sorted((counted.decisions or {}).values())
    top = people[-1] / sum(people) if people else 0.0
    yield Gate(
        "organised", "decisions",
        _("%(num)s people or more, and nobody over %(share)s", num=asked.deciders, share=_percent(asked.decides)),
        _("%(people)s; the most by one: %(share)s", people=_people(len(people)), share=_percent(top)) if people
        else _missing(_("nobody decided anything")),
        len(people) >= asked.deciders and top <= asked.decides if people else None,
        _("decisions of the last %(num)s days, each with its person's name", num=DECIDED_WITHIN.days),
    )  # fmt: skip
    half = dt.timedelta(seconds=median(w.total_seconds() for w in counted.waits)) if counted.waits else None
    yield Gate(
        "organised", "waits",
        _("half of all within %(num)s hours", num=_hours(asked.waits)),
        _missing(_("no draft waited for a person")) if half is None
        else ngettext(
            "%(num)s draft: half within %(hours)s hours", "%(num)s drafts: half within %(hours)s hours",
            len(counted.waits), hours=_hours(half),
        ),
        None if half is None else half <= asked.waits,
        _("from coming in to a person's word, over %(num)s days; those that wait now count", num=DECIDED_WITHIN.days),
    )  # fmt: skip
    served = [its[-asked.turns :] for its in counted.turns or ()]
    fewest, again = min(map(len, served), default=0), any(len(set(its)) < len(its) for its in served)
    short = fewest < asked.turns and not again
    yield Gate(
        "organised", "turns",
        _("the last %(num)s turns by different people", num=asked.turns),
        _missing(_("no class has turns")) if counted.turns is None
        else _missing(ngettext("%(num)s turn is over", "%(num)s turns are over", fewest)) if short
        else _people(min(len(set(its)) for its in served)),
        None if short else not again,
        _("turns on duty that are over, as the ledger keeps them; of several classes the worst"),
    )  # fmt: skip


def _core(asked: Asked, counted: Counted) -> Iterator[Gate]:
    steady = sum(number >= asked.pieces for number in counted.core.values())
    yield Gate(
        "core", "members",
        _("%(num)s members or more", num=asked.members),
        _members(steady),
        steady >= asked.members,
        _("members who met %(num)s or more of their last %(of)s duties, or gave so many pieces in %(weeks)s weeks",
          num=asked.pieces, of=DUTIES, weeks=CORE_WITHIN.days // 7)
        if counted.by_duties
        else _("members who gave %(num)s pieces or more in %(weeks)s weeks; no class is set",
               num=asked.pieces, weeks=CORE_WITHIN.days // 7),
    )  # fmt: skip
    nothing = _missing(_("no slot carried a member's piece in these days"))
    yield Gate(
        "core", "absence",
        _("%(num)s or more", num=asked.absence),
        nothing if counted.absence is None else _members(counted.absence),
        None if counted.absence is None else counted.absence >= asked.absence,
        _("the fewest members who gave half of what went out, over %(num)s days", num=ACTIVE_WITHIN.days),
    )  # fmt: skip
    yield Gate(
        "core", "founder",
        _("%(share)s or less", share=_percent(asked.founder)),
        _missing(_("no slot carried a piece of this community in these days")) if counted.founder is None
        else _percent(counted.founder),
        None if counted.founder is None else counted.founder <= asked.founder,
        _("the founder's share of what went out, over %(num)s days", num=ACTIVE_WITHIN.days),
    )  # fmt: skip
    yield Gate(
        "core", "active",
        _("%(num)s members or more", num=asked.active),
        _members(counted.active),
        counted.active >= asked.active,
        _("members whose pieces went out, who handed in or commented, over %(num)s days", num=ACTIVE_WITHIN.days),
    )  # fmt: skip


def _culture(asked: Asked, counted: Counted) -> Iterator[Gate]:
    done, due = counted.comments or (0, 0)
    yield Gate(
        "culture", "comments",
        _("%(share)s or more", share=_percent(asked.comments)),
        _("%(share)s of %(num)s", share=_percent(done / due), num=due) if due
        else _missing(_("no comment was due") if counted.comments else _("no class has rounds")),
        done / due >= asked.comments if due else None,
        _("comments that were due in the last %(num)s days; a hint at ways of one's own, no measure of them",
          num=ACTIVE_WITHIN.days),
    )  # fmt: skip
    yield Gate(
        "culture", "rituals",
        _("one in each of the last %(num)s months", num=MONTHS),
        _missing(_("no ritual is set")) if counted.rituals is None
        else _("in %(num)s of %(of)s months", num=sum(counted.rituals), of=len(counted.rituals)),
        None if counted.rituals is None else all(counted.rituals),
        _("rituals whose piece went out; a hint, no measure"),
    )  # fmt: skip
    yield Gate(
        "culture", "stay",
        _("%(share)s or more", share=_percent(asked.stay)),
        _("%(share)s of %(num)s", share=_percent(counted.stayed / counted.early), num=counted.early) if counted.early
        else _missing(_("nobody came %(num)s days ago or before", num=JOINED_BEFORE.days)),
        counted.stayed / counted.early >= asked.stay if counted.early else None,
        _("of members who came %(num)s days ago or before, those who were active in the last %(days)s days",
          num=JOINED_BEFORE.days, days=ACTIVE_WITHIN.days),
    )  # fmt: skip
    yield Gate(
        "culture", "sentence",
        _("one sentence of the leader's own"),
        counted.sentence or _("none yet"),
        bool(counted.sentence),
        _("the sentence of [ready], or --sentence; it is kept with the copy"),
    )  # fmt: skip


def _missing(what: str) -> str:
    return _("cannot be counted: %(what)s", what=what)


def _members(number: int) -> str:
    return ngettext("%(num)s member", "%(num)s members", number)


def _people(number: int) -> str:
    return ngettext("%(num)s person", "%(num)s people", number)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _hours(span: dt.timedelta) -> str:
    return f"{span / dt.timedelta(hours=1):.1f}".removesuffix(".0")
