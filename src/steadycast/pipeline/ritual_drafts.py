"""The drafts of the days that a community marks: each is written ahead, pinned to its slot, and waits for an editor.

It is a file of the house in content/pgc/rituals/, which nobody has to take: while no editor has approved it, its slot
carries what is planned. Each occasion gets its draft once for ever; what is deleted is not written again.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from steadycast import retold
from steadycast.errors import InputError, Problem, SettingsError, SteadycastError
from steadycast.language import N_, of_tag
from steadycast.language import gettext as _
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline import owed_slots
from steadycast.pipeline.app import App
from steadycast.pipeline.rituals import BEYOND, FAULTS, FOLDER, Made, keep, kept, longest_lead, occasions, title_of
from steadycast.schedule.cadence import parse
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Form, Slot
from steadycast.schedule.occasions import OF_CLASS, OF_SERIES, Kind, Occasion
from steadycast.schedule.slots import slots
from steadycast.workspace.ritual_settings import RitualTable

PATIENCE = 60.0  # seconds that this may take another process
OF_OTHERS = ("digest", "reminder")  # templates that are for no ritual
TURNS_AHEAD = 16  # periods: as far as a draft lies ready ahead


def make(app: App, now: dt.datetime) -> tuple[Problem, ...]:
    """Writes the drafts whose time has come, and looks after those that are there. Says what could not be written.

    One that nobody approved until its slot is past is rejected. One whose slot moved moves with it; one of a streak
    that was broken is rejected: it would not be true.
    """
    if not app.workspace.rituals:
        return ()
    with app.in_turn("rituals", PATIENCE):
        if any(table.meant.kind is Kind.STREAK for table in app.workspace.rituals):
            owed_slots.recover(app, now)  # what is past `late` is missed, whether or not a publisher has looked since
        made, found = kept(app), occasions(app, now, now + longest_lead(app) + BEYOND)
        wrong: list[Problem] = []
        written = False
        for each in found:
            table = app.workspace.rituals[each.ritual]
            if each.slot.at - table.lead > now:
                continue
            before = made.get(each.key)
            if before is None or (not before.draft and not before.over):
                with retold.noting():  # what is wrong is told at the next look, in its reader's language
                    try:
                        _write(app, now, each, table, before)
                        written = True
                    except (SteadycastError, OSError) as error:
                        wrong.append(_problem(app, table, error))
        if written:
            _take_in(app, now)
            made = kept(app)
        _look_after(app, now, made, {each.key: each for each in found})
        _keep_faults(app, wrong)
    return tuple(wrong)


def templates(app: App) -> list[str]:
    """The templates that a ritual may name: the community's own, then those that come along."""
    from steadycast.pipeline.house_texts import ENDING, bundled_templates

    own = sorted(file.name.removesuffix(ENDING) for file in app.workspace.ritual_templates.glob(f"*{ENDING}"))
    return [name for name in dict.fromkeys([*own, *bundled_templates()]) if name not in OF_OTHERS]


def problems(app: App, now: dt.datetime) -> list[Problem]:
    """What is wrong with the templates of rituals, each tried with made-up values; nothing is written."""
    from steadycast.pipeline.house_texts import house_text, missing_template, template_file

    found = []
    for number, table in enumerate(app.workspace.rituals):
        line = app.workspace.line(("ritual", number, "template"))
        file, series = app.workspace.settings_file, app.workspace.series[table.series]
        if Form.ARTICLE not in series.forms:
            said = _("ritual[%(number)s].series: %(series)s takes no article", number=number + 1, series=series.name)
            hint = _("name a series whose `forms` have it")
            found.append(Problem(str(file), app.workspace.line(("ritual", number, "series")), said, hint))
        found += _never(app, number, table)
        if template_file(app, table.template) is None:
            error, key = missing_template(app, table.template), f"ritual[{number + 1}].template"
            said = _("%(name)s: %(said)s", name=key, said=error.message)
            found.append(Problem(str(file), line, said, error.hint or ""))
            continue
        try:
            text = house_text(app, table.template, _sample(app, table, now))
            app.reader.draft(text, FOLDER / f"{table.template}.md", now)
        except SteadycastError as error:
            found.append(_problem(app, table, error))
    return found


def _never(app: App, number: int, table: RitualTable) -> list[Problem]:
    """A day that a class never has: its end, where it has none, or a turn, where it has none."""
    needs = {Kind.ENDS: "until", Kind.TURN: "turn"}.get(table.meant.kind)
    if not needs or getattr(app.workspace.class_tables[table.meant.of], needs):
        return []
    said = _("ritual[%(number)s].when: %(name)s has no `%(key)s`", number=number + 1, name=table.meant.of, key=needs)
    line = app.workspace.line(("ritual", number, "when"))
    return [Problem(str(app.workspace.settings_file), line, said, _("set it in the class's own table"))]


# Writing


def _write(app: App, now: dt.datetime, each: Occasion, table: RitualTable, before: Made | None) -> None:
    """Puts the draft of an occasion into content/. It is noted first: after a crash the same file is looked for."""
    from steadycast.draft.front_edit import with_key
    from steadycast.pipeline import content_files
    from steadycast.pipeline.house_texts import house_text

    pin = _pin(app, each.slot)
    raw = house_text(app, table.template, _values(app, each, table, now))
    raw = with_key(_for_series(raw, table.series), "slot", pin)
    path = PurePosixPath(before.path) if before else _free_path(app, each)
    app.reader.draft(raw, path, now)  # a DraftError now, and not in the folder
    keep(app, each.key, Made(str(path), each.slot.id, each.slot.at.isoformat(), pin))
    if not (before and (app.workspace.content / path).is_file()):
        laid = content_files.put_new(app.workspace.content, path, raw)
        if laid != path:
            keep(app, each.key, Made(str(laid), each.slot.id, each.slot.at.isoformat(), pin))


def _for_series(raw: bytes, series: str) -> bytes:
    """The text with its series in its head. One that has none is given one: without it a line such as "On duty: Lin"
    below the title would be taken for one.
    """
    from steadycast.draft.front_edit import with_key
    from steadycast.draft.frontmatter import split

    if split(raw.decode()).values:
        return with_key(raw, "series", series)
    return f"---\nseries: {json.dumps(series)}\n---\n\n".encode() + raw


def _free_path(app: App, each: Occasion) -> PurePosixPath:
    kind, number, of = each.key[:3]
    name = "-".join(dict.fromkeys([kind, number, of] if each.kind in OF_SERIES else ["class", of, kind, number]))
    for count in range(1, 1000):
        path = FOLDER / f"{name}{'' if count == 1 else f'-{count}'}.md"
        if not (app.workspace.content / path).exists() and app.ledger.draft(str(path)) is None:
            return path
    raise InputError(_("there are too many files of that name"), file=str(FOLDER / f"{name}.md"))


def _pin(app: App, slot: Slot) -> str:
    """What the draft calls its slot: series and day, which outlives another hour; its id where a day has several."""
    series, day = app.workspace.series[slot.series], slot.day
    same = {each.place for each in slots(series, slot.at - 2 * DAY, slot.at + 2 * DAY) if each.day == day}
    return f"{slot.series}@{day}" if len(same) == 1 and not slot.occasion else slot.place


def _take_in(app: App, now: dt.datetime) -> None:
    from steadycast.pipeline.collect import collect  # which asks this file who waits

    collect(app, now, feeds=False)
    for key, made in kept(app).items():
        if not made.draft and (row := app.ledger.draft(made.path)) is not None:
            keep(app, key, replace(made, draft=row.id))


def _values(app: App, each: Occasion, table: RitualTable, now: dt.datetime) -> dict[str, Any]:
    """What a template may say: every value is somebody's words, or a number, and none is missing."""
    series = app.workspace.series
    of = series.get(each.key[2])
    own = {
        "kind": each.kind.value,
        "series": title_of(app, table.series),
        "of": title_of(app, of.name) if of else "",
        "community": app.workspace.community.name,
        "day": each.slot.day,
        "number": 0,
        "since": "",
        "writers": _writers(app, of.name, now) if of else [],
        "class_title": "",
        "rhythm": "",
        "members": 0,
        "duty": "",
        "leaders": [],
    }
    return own | dict(each.facts) | (_of_class(app, each, now) if each.kind in OF_CLASS else {})


def _of_class(app: App, each: Occasion, now: dt.datetime) -> dict[str, Any]:
    """What a class says on that day: how many belong to it, its rhythm, and of a turn who has it."""
    from steadycast.classes.duties import by_member, gone
    from steadycast.classes.turns import THE_CLASS
    from steadycast.pipeline import turns

    roll = turns.roll(app, each.key[2])
    rhythm, day = roll.the_class.rhythm, each.slot.day
    at, happened = each.slot.at, by_member(roll.standings)
    out = {who for who, its in happened.items() if any(a <= at and (b is None or at < b) for a, b in gone(its))}
    here = [seat for seat in roll.seats if seat.member not in out and not (seat.joined and seat.joined > day)]
    there = [seat for seat in here if not (seat.left and seat.left <= day)]
    told = {
        "members": len(there),
        "rhythm": parse(rhythm.every, rhythm.rrule).describe(app.workspace.community.language),
    }
    if each.kind is not Kind.TURN:
        return told
    known = {period.name: given for period, given in turns.turns(app, roll, now, TURNS_AHEAD).periods}
    given = [turn for turn in known.get(each.key[1], ()) if turn.member]
    leaders = [{"name": roll.title(app, turn.member), "group": turn.group} for turn in given if turn.group != THE_CLASS]
    duty = next((roll.title(app, turn.member) for turn in given if turn.group == THE_CLASS), "")
    return told | {"duty": duty, "leaders": leaders}


def _sample(app: App, table: RitualTable, now: dt.datetime) -> dict[str, Any]:
    """Values of the same kinds, for a look at a template before its day."""
    today = now.astimezone(app.workspace.community.zone).date()
    people = [{"name": "A", "slots": 1, "group": "1"}]
    name = title_of(app, table.series)
    return {
        "kind": table.meant.kind.value, "series": name, "of": name, "community": app.workspace.community.name,
        "day": today, "number": table.meant.number or 1, "since": today, "writers": people, "class_title": name,
        "rhythm": "", "members": 8, "duty": "A", "leaders": people,
    }  # fmt: skip


def _writers(app: App, series: str, now: dt.datetime) -> list[dict[str, Any]]:
    """The members whose drafts went out in a series, by name: nobody is first."""
    found = [each for each in record_shares(app, now) if each.series == series and each.member]
    told = [{"name": app.workspace.member_title(each.member), "slots": each.slots} for each in found]
    return sorted(told, key=lambda each: str(each["name"]))


def record_shares(app: App, now: dt.datetime) -> Sequence[Any]:
    """Whose drafts went out so far."""
    from steadycast.ledger.record import shares

    return shares(app.ledger, EPOCH, now)


# What was written before


def _look_after(
    app: App, now: dt.datetime, made: Mapping[tuple[str, ...], Made], found: Mapping[tuple[str, ...], Occasion]
) -> None:
    """Of the drafts that are there: their slot moved, is past, or what they say is not true any more."""
    for key, each in made.items():
        if each.over or not each.draft:
            continue
        row, occasion = app.ledger.draft(each.draft), found.get(key)
        if row is None or row.state in ("gone", "rejected"):
            if dt.datetime.fromisoformat(each.at) <= now:
                keep(app, key, replace(each, over=True))
        elif dt.datetime.fromisoformat(each.at) <= now:
            if row.state == "waiting" and row.approved_revision is None:
                _reject(app, row, N_("nobody approved it before its slot was past"), now)
            keep(app, key, replace(each, over=True))
        elif occasion is None and key[0] == Kind.STREAK and key[2] in app.workspace.series:
            _reject(app, row, N_("a slot was missed: this streak is over"), now)
            keep(app, key, replace(each, over=True))
        elif occasion is not None and occasion.slot.id != each.slot:
            keep(app, key, _move(app, row, each, occasion.slot, now))


def _reject(app: App, row: DraftRow, why: str, now: dt.datetime) -> None:
    if not any(True for each in app.ledger.draft_deliveries(row.id) if each.attempt):  # else it is on its way
        say = of_tag(app.workspace.community.language)
        app.ledger.reject(row.id, row.revision, "", now, say.gettext(why))


def _move(app: App, row: DraftRow, each: Made, slot: Slot, now: dt.datetime) -> Made:
    """Pins a draft to where its occasion is now, unless a person pinned it elsewhere, or changes it just now."""
    from steadycast.pipeline import pinning  # which plans

    pin = _pin(app, slot)
    try:
        if str(row.plan.get("slot") or "") == each.pin:
            pinning.rewrite(app, row, pin, now)
    except SteadycastError as error:
        logging.getLogger(__name__).warning("%s", error)
        return each
    return replace(each, slot=slot.id, at=slot.at.isoformat(), pin=pin)


# What could not be written


def _problem(app: App, table: RitualTable, error: Exception) -> Problem:
    """An error as one of many, named by the template's file."""
    from steadycast.pipeline.house_texts import missing_template, template_file

    file = template_file(app, table.template)
    if file is None:
        error = missing_template(app, table.template)
        number = app.workspace.rituals.index(table)
        error = replace(
            error, file=app.workspace.settings_file, line=app.workspace.line(("ritual", number, "template"))
        )
    if isinstance(error, SettingsError):
        return error.problem(str(error.file or file))
    if isinstance(error, InputError):  # of the text that it makes
        return Problem(str(file), None, error.message, error.hint or "")
    return Problem(str(file), None, str(error), "")


def _keep_faults(app: App, wrong: Collection[Problem]) -> None:
    """Notes what could not be written, where that is another than before; the next look at content/ tells it."""
    said = [(each.where, each.line, retold.kept(each.message), retold.kept(each.hint)) for each in wrong]
    told = json.dumps([dict(zip(("where", "line", "message", "hint"), each, strict=True)) for each in said])
    if told != (app.ledger.meta(FAULTS) or "[]"):
        app.ledger.set_meta(FAULTS, told)
