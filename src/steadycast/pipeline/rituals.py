"""The days that a community marks, their slots, and how far the draft of each is; nothing is written here.

A draft is written ahead, pinned to its slot, and waits for an editor (ritual_drafts.py). Which was written for which
occasion is kept among the installation's values.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from steadycast import retold
from steadycast.errors import Problem
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.model import heirs
from steadycast.schedule.occasions import OF_CLASS, OF_SERIES, ClassDay, Counted, Kind, Occasion, Ritual, When, rituals
from steadycast.schedule.slots import instant

FOLDER = PurePosixPath("pgc", "rituals")  # below content/; what lies there waits for an editor
BEYOND = 60 * DAY  # so far past the longest lead an occasion is looked for that days off have moved
MOST = 500  # occasions that are shown
FAULTS = "faults of rituals"  # of the last round: one of the installation's values
_MADE = "ritual "  # and an occasion's key: another one


@dataclass(frozen=True, slots=True)
class Made:
    """What was written for an occasion: its draft, and the slot that it was pinned to."""

    path: str
    slot: str  # a slot's id
    at: str  # of that slot
    pin: str = ""  # as the draft says it
    draft: str = ""  # its id; "" until it was taken in
    over: bool = False  # its slot is past, or it was given up: nothing more is done about it


@dataclass(frozen=True, slots=True)
class Coming:
    """A coming occasion, for people: what is marked in which slot, and how far its draft is."""

    at: dt.datetime  # the slot's, in the community's zone
    slot: str
    series: str
    what: str  # in words
    template: str
    ready: dt.date  # from when on its draft lies there
    state: str = "later"  # then the draft's: waiting, approved, rejected, gone, not-ready
    draft: str = ""
    path: str = ""

    def row(self) -> dict[str, str]:
        """For programs."""
        own = {"slot": self.slot, "at": self.at.isoformat(), "series": self.series, "what": self.what}
        rest = {"template": self.template, "ready": self.ready.isoformat(), "state": self.state}
        return own | rest | {"draft": self.draft, "path": self.path}


def occasions(app: App, now: dt.datetime, until: dt.datetime) -> list[Occasion]:
    """The occasions whose slots lie between two instants, as the record and the rhythms say it now."""
    tables = app.workspace.rituals
    asked = [Ritual(table.meant, table.series) for table in tables]
    counted = {each.when.of or each.series for each in asked if each.when.kind in OF_SERIES}
    known = app.workspace.series
    wanted = {name: known[name] for name in counted | {each.series for each in asked} if name in known}
    record = {name: app.ledger.counted(name, now) if app.has_ledger else Counted() for name in counted}
    return rituals(asked, wanted, record, class_days(app, now, until), now, until)


def class_days(app: App, now: dt.datetime, until: dt.datetime) -> list[ClassDay]:
    """The days that classes mark up to an instant: each opens, ends, and begins a turn at a local midnight."""
    from steadycast.classes.turns import following, period_at

    named = {table.meant.of for table in app.workspace.rituals if table.meant.kind in OF_CLASS}
    found = []
    for name in sorted(named.intersection(app.workspace.classes)):
        the_class, zone = app.workspace.classes[name], app.workspace.community.zone
        rhythm, facts = the_class.rhythm, {"class_title": the_class.title or name}
        begins, ends = rhythm.start or now.astimezone(zone).date(), rhythm.until

        def day(kind: Kind, day: dt.date, period: str = "", said: Mapping[str, object] = facts) -> ClassDay:
            return ClassDay(name, kind, instant(midnight(day), zone), period or str(day), said)  # noqa: B023 called at once

        found.append(day(Kind.OPENS, begins))
        if ends:
            found.append(day(Kind.ENDS, ends))
        period = period_at(max(begins, now.astimezone(zone).date()), the_class.turn) if the_class.turn else None
        while period and period.start <= until.astimezone(zone).date() and (ends is None or period.start <= ends):
            found.append(day(Kind.TURN, max(period.start, begins), period.name))
            period = following(period, the_class.turn)
    return found


def coming(app: App, now: dt.datetime, days: int) -> list[Coming]:
    """The occasions of the coming days, in order of time, and how far their drafts are; nothing is written."""
    if not app.workspace.rituals:
        return []
    made = kept(app) if app.has_ledger else {}
    found = occasions(app, now, now + days * DAY)[:MOST]
    ids = [made[each.key].draft for each in found if each.key in made and made[each.key].draft]
    drafts = app.ledger.drafts_of(ids) if ids else {}
    return [_coming(app, each, made.get(each.key), drafts) for each in found]


def _coming(app: App, each: Occasion, made: Made | None, drafts: Mapping[str, Any]) -> Coming:
    table, zone = app.workspace.rituals[each.ritual], app.workspace.community.zone
    draft = drafts.get(made.draft) if made else None
    return Coming(
        each.slot.at.astimezone(zone), each.slot.id, table.series, what(app, each), table.template,
        (each.slot.at - table.lead).astimezone(zone).date(),
        state=draft.state if draft else "gone" if made and made.draft else "later",
        draft=made.draft if made else "", path=draft.path if draft else made.path if made else "",
    )  # fmt: skip


def what(app: App, each: Occasion) -> str:
    """An occasion in words, for a list."""
    of = each.key[2]
    series = app.workspace.series.get(of)
    name, number = (series.title if series else "") or of, each.facts.get("number", "")
    said = {
        Kind.SLOT: _("%(name)s: number %(number)s", name=name, number=number),
        Kind.EVERY: _("%(name)s: number %(number)s", name=name, number=number),
        Kind.STREAK: _("%(name)s: %(number)s in a row", name=name, number=number),
        Kind.ANNIVERSARY: _("%(name)s: anniversary %(number)s", name=name, number=number),
        Kind.OPENS: _("%(name)s opens", name=each.facts.get("class_title", of)),
        Kind.ENDS: _("%(name)s ends", name=each.facts.get("class_title", of)),
        Kind.TURN: _("%(name)s: a turn begins", name=each.facts.get("class_title", of)),
    }
    return said[each.kind]


def meaning(app: App, when: When, series: str = "") -> str:
    """What a ritual waits for, in words; `series` is the one that its draft is for."""
    of, known = when.of or series, app.workspace
    if when.kind in OF_CLASS:
        name = known.classes[of].title if of in known.classes else of
    else:
        name = title_of(app, of) if of in known.series else of
    said = {
        Kind.SLOT: N_("%(name)s: number %(number)s"),
        Kind.EVERY: N_("%(name)s: every %(number)s slots"),
        Kind.STREAK: N_("%(name)s: %(number)s in a row"),
        Kind.ANNIVERSARY: N_("%(name)s: each anniversary"),
        Kind.OPENS: N_("%(name)s opens"),
        Kind.ENDS: N_("%(name)s ends"),
        Kind.TURN: N_("%(name)s: a turn begins"),
    }
    return _(said[when.kind], name=name, number=when.number)


def waits_for_an_editor(path: PurePosixPath) -> bool:
    """Whether a draft lies where a ritual's does: nobody's word but an editor's lets it out."""
    return path.parts[: len(FOLDER.parts)] == FOLDER.parts


def of_slot(app: App, slot: str, now: dt.datetime) -> list[Coming]:
    """The occasions that a coming slot carries, as far ahead as drafts are written."""
    if not app.workspace.rituals:
        return []
    days = (longest_lead(app) + BEYOND).days
    return [each for each in coming(app, now, days) if each.slot == slot]


def faults(app: App) -> list[Problem]:
    """What the last round could not write, in the reader's language."""
    found = json.loads(app.ledger.meta(FAULTS) or "[]") if app.workspace.rituals else []
    return [Problem(e["where"], e["line"], retold.again(e["message"]), retold.again(e["hint"])) for e in found]


def went_out(app: App, since: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
    """The slots of that time that carried what was written for an occasion, and went out."""
    drafts = {each.draft for each in kept(app).values() if each.draft}
    return [past.at for past in app.ledger.used(since) if past.draft in drafts and past.at <= until]


def kept(app: App) -> dict[tuple[str, ...], Made]:
    """What was written, by the key of its occasion, with series and classes called as they are now, which is kept."""
    names = heirs((*app.workspace.series.values(), *app.workspace.classes.values()))
    found = {}
    for said, value in app.ledger.metas(_MADE).items():
        key = _called_now(said.split(" "), names)
        found[key] = Made(**json.loads(value))
        if " ".join(key) != said and not app.readonly:
            keep(app, key, found[key])
    return found


def _called_now(key: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    named: Collection[int] = (2, len(key) - 1)  # of what, and in which series
    return tuple(names.get(part, part) if place in named else part for place, part in enumerate(key))


def keep(app: App, key: tuple[str, ...], made: Made) -> None:
    told = {name: getattr(made, name) for name in Made.__dataclass_fields__}
    app.ledger.set_meta(_MADE + " ".join(key), json.dumps(told))


def longest_lead(app: App) -> dt.timedelta:
    return max(table.lead for table in app.workspace.rituals)


def title_of(app: App, series: str) -> str:
    return app.workspace.series[series].title or series
