"""A slot's draft as a person chose it: pinned in the draft's own front matter, or put there from reserve.

A pin is the key `slot` of the file, so that it holds wherever the plan is made; of what has no such head (a feed's
item, a Word document) the ledger keeps it. The file is written whole or not at all; one that changed meanwhile is left
as it is, and told. What is approved stays approved: only its slot is another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from steadycast.draft.front_edit import with_key
from steadycast.draft.titles import OF_NOTION
from steadycast.errors import DraftError, InputError, unknown_name
from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.ledger.calendar_reads import AnySlot, CarriedDraft
from steadycast.ledger.plans import as_slot, movable
from steadycast.ledger.tables import DeliveryRow, DraftRow, SlotRow, State
from steadycast.pipeline import content_files, leaders
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import check_taken_in, collect
from steadycast.pipeline.community_state import supply
from steadycast.pipeline.drafts import find_draft, may_go_out, read
from steadycast.pipeline.frozen_draft import CHOSEN, to_plan, to_stock
from steadycast.pipeline.plan import PATIENCE, Reads, deliveries_of, foresee, plan
from steadycast.pipeline.stock import stock_of
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Assignment
from steadycast.schedule.pins import example, is_spelled, means
from steadycast.schedule.plan_difference import DraftMove, effect, served
from steadycast.schedule.planner import fits
from steadycast.schedule.planner import plan as decide
from steadycast.schedule.slots import occasion_of
from steadycast.schedule.stock import in_time, suits

WRITTEN = (".md", ".markdown", ".mdx", ".txt")  # files whose head can be written in
OVER = (State.MISSED, State.CANCELLED, State.EXCUSED)  # of a slot that gave its draft back
POSITIONS = {"revision", "slot", "body_line", "media"}  # what differs between two revisions whose slot is another


@dataclass(frozen=True, slots=True)
class Pinned:
    """A draft whose slot a person chose, and what its file said of that before: to take it back."""

    draft: str
    title: str
    before: str  # the key `slot` as it was, or ""
    now: str  # and as it is


@dataclass(frozen=True, slots=True)
class DraftMoved:
    """A draft that would go to another slot; "" where it would be in stock."""

    draft: str
    title: str
    before: str
    after: str


def pin(app: App, named: str, slot: str, now: dt.datetime, *, seen: str = "", holds: str | None = None) -> Pinned:
    """Gives a draft its slot, and plans with it.

    `seen` is the revision and `holds` the draft in that slot ("" for none) that the person saw: where they are others
    by now somebody else was there first, and nothing is done.
    """
    row, target = _draft(app, named, seen), open_slot(app, slot, now, holds)
    _is_free(app, row, target)
    _fits(app, row, target)
    _not_pinned(app, row, target)
    done = put_pin(app, row.id, name_of(app, target), now, reach=target.at)
    carries = app.ledger.slot(target.id)
    if carries is None or carries.draft != row.id:
        said = _(
            "%(path)s is pinned to %(slot)s, and the plan could not put it there",
            path=row.path,
            slot=app.slot_title(target.id),
        )
        raise InputError(said, hint=_("`steadycast check` says why"))
    leaders.note(app, "pin", [target.series], f"{row.path} {target.id}", now)
    return done


def unpin(app: App, named: str, now: dt.datetime, *, seen: str = "") -> Pinned:
    """Lets the plan choose the slot of a draft again."""
    row = _draft(app, named, seen)
    _is_free(app, row, None)
    done = put_pin(app, row.id, "", now)
    leaders.note(app, "unpin", {done.before.partition("@")[0]}, row.path, now)
    return done


def put_pin(
    app: App, named: str, value: str, now: dt.datetime, *, seen: str = "", reach: dt.datetime | None = None
) -> Pinned:
    """Writes the key `slot` of a draft as it is to be, or takes it out; takes the file in, and plans."""
    row = _draft(app, named, seen)
    if value and not is_spelled(value):
        day = example(now.astimezone(app.workspace.community.zone).date())
        hint = _("write %(day)s, or %(day)sT20:00", day=day)
        raise InputError(_("%(slot)r is no slot", slot=value[:60]), hint=hint)
    before = str(row.plan.get("slot") or "")
    if row.source == "folder" and PurePosixPath(row.path).suffix.lower() in WRITTEN:
        _write(app, row, value)
        _take_in(app, row, now)
    else:
        _keep(app, row, value)
    days = max(app.workspace.publish.horizon, (reach or now) - now + DAY).days
    plan(app, now, days=days + 1 if reach else None)
    return Pinned(row.id, row.title, before, value)


def rewrite(app: App, row: DraftRow, value: str, now: dt.datetime) -> None:
    """Writes another slot into a draft's file, approved or not, and takes it in; an approval goes on to that."""
    _write(app, row, value)
    _take_in(app, row, now)


def moved_by(app: App, named: str, slot: str, now: dt.datetime) -> tuple[DraftMoved, ...]:
    """The other drafts that would go to another slot if this one were pinned there; nothing is written."""
    row, target = find_draft(app, named), open_slot(app, slot, now)
    until = max(now + app.workspace.publish.horizon, target.at + DAY)
    stands, reads = supply(app, now), Reads(app.ledger)
    old = foresee(app, now, until, stands, reads)
    new = foresee(app, now, until, stands, reads, {row.id: name_of(app, target)})
    begun = {each.slot.id for each in reads.promised(now - DAY, until) if each.fixed}
    told = effect(served(old.slots, old.chosen), served(new.slots, new.chosen), begun, now)
    others = [each for each in told.drafts if each.draft != row.id]
    titles = app.ledger.titles({each.draft for each in others})
    return tuple(_moved(each, titles.get(each.draft, each.draft)) for each in others)


def _moved(each: DraftMove, title: str) -> DraftMoved:
    return DraftMoved(each.draft, title, each.before.id if each.before else "", each.after.id if each.after else "")


def fill(app: App, slot: str, now: dt.datetime, *, holds: str | None = None) -> Pinned:
    """Puts the reserve that has rested longest into an empty slot; what comes in fresh still goes before it."""
    target = open_slot(app, slot, now, holds)
    if target.draft:
        raise InputError(_("%(slot)s has a draft", slot=app.slot_title(target.id)), hint=_("pin another one to it"))
    with app.in_turn("plan", PATIENCE):
        chosen = _from_reserve(app, target, now)
        if chosen is None:
            raise InputError(
                _("no reserve fits this slot, or all of it went out lately"), hint=_("mark one evergreen: true")
            )
        _save(app, target, [chosen], now)
        leaders.note(app, "fill", [target.series], target.id, now)
    return Pinned(chosen.draft, app.ledger.titles([chosen.draft]).get(chosen.draft, ""), "", "")


def empty(app: App, slot: str, now: dt.datetime, *, holds: str | None = None) -> None:
    """Takes what came from reserve out of its slot again."""
    target = open_slot(app, slot, now, holds)
    if not (target.draft and target.filled):
        raise InputError(_("%(slot)s has nothing from reserve", slot=app.slot_title(target.id)))
    with app.in_turn("plan", PATIENCE):
        _save(app, target, [], now)
        leaders.note(app, "empty", [target.series], target.id, now)


def open_slot(app: App, slot: str, now: dt.datetime, holds: str | None = None) -> SlotRow:
    """A slot that can be given another draft; else an InputError says why it cannot. `holds`: as in `pin`."""
    row = app.ledger.slot(slot)
    if row is None:
        known = [each.id for each in app.ledger.slots_between(now, now + 60 * DAY)]
        raise unknown_name("slot", slot, known, _("`steadycast plan` shows them"))
    if row.excused:
        raise InputError(_("%(slot)s is left out: %(why)s", slot=app.slot_title(slot), why=row.excused))
    if row.series not in app.workspace.series or row.at <= now:
        raise InputError(_("%(slot)s is past", slot=app.slot_title(slot)), hint=_("choose a coming slot"))
    if any(not movable(each) for each in app.ledger.deliveries(slots=[slot])):
        raise InputError(
            _("%(slot)s is being sent or is out already: its draft cannot change", slot=app.slot_title(slot))
        )
    if holds is not None and (row.draft or "") != holds:
        said = _("%(slot)s: somebody changed this slot meanwhile", slot=app.slot_title(slot))
        raise InputError(said, hint=_("look at what it carries now, and decide again"))
    return row


def suits_slot(app: App, row: DraftRow, target: SlotRow) -> bool:
    """Whether a draft could go out in a slot, wherever it is pinned now."""
    return fits(app.workspace.series[target.series], as_slot(target), to_stock(row, None))


def is_pinned(app: App, row: DraftRow | CarriedDraft, target: AnySlot) -> bool:
    """Whether a draft's own front matter names this slot."""
    return bool(row.plan.get("slot")) and means(app.workspace.pin(row.plan["slot"]), as_slot(target))


def name_of(app: App, target: SlotRow) -> str:
    """What a pin calls a slot: series and day, which outlives another hour; where that day has several, its id."""
    day = target.local[:10]
    near = app.ledger.slots_between(target.at - 2 * DAY, target.at + 2 * DAY, series=target.series)
    same = {each.occasion or each.id for each in near if each.local[:10] == day}
    if target.occasion:
        return target.occasion
    return f"{target.series}@{day}" if len(same) == 1 else target.id


def _draft(app: App, named: str, seen: str) -> DraftRow:
    row = find_draft(app, named)
    if may_go_out(row) != row.revision:
        raise InputError(_("%(path)s was edited since it was approved", path=row.path), hint=_("approve it first"))
    if seen and seen != row.revision:
        raise InputError(
            _("%(path)s was changed meanwhile", path=row.path), hint=_("look at it again, and decide again")
        )
    return row


def _is_free(app: App, row: DraftRow, target: SlotRow | None) -> None:
    """An InputError where the draft is in a slot that froze or sent it; an evergreen may go out again."""
    begun = [each for each in app.ledger.deliveries(draft=row.id) if not movable(each) and each.state not in OVER]
    if row.plan.get("evergreen"):
        begun = [each for each in begun if each.state in (State.CLAIMED, State.SENDING)]
    occasion = target.occasion if target else ""  # its slots share one draft
    if begun := [each for each in begun if not (occasion and occasion_of(each.slot) == occasion)]:
        raise InputError(_(_how_far(begun[0]), path=row.path, slot=app.slot_title(begun[0].slot)))


def _how_far(each: DeliveryRow) -> str:
    sent = each.state not in (State.CLAIMED, State.DUE, State.REFUSED)
    return (
        N_("%(path)s is out, or may be, in %(slot)s: it cannot be moved")
        if sent
        else N_("%(path)s is being sent in %(slot)s: it cannot be moved")
    )


def _fits(app: App, row: DraftRow, target: SlotRow) -> None:
    series, item, slot = app.workspace.series[target.series], to_stock(row, None), as_slot(target)
    if not suits(series, item):
        said = N_("%(path)s does not fit %(series)s: it is for another series or channel")
        if item.form not in series.forms:
            said = N_("%(path)s does not fit %(series)s: it takes %(forms)s, and this is %(form)s")
        forms = listed(map(_, series.forms))
        raise InputError(_(said, path=row.path, series=series.name, forms=forms, form=_(item.form)))
    if not in_time(item, slot.at):
        raise InputError(_("%(path)s may not go out then: it has `not_before` or `expires`", path=row.path))
    if not fits(series, slot, item):
        raise InputError(_("%(path)s announces an event of another day", path=row.path))


def _not_pinned(app: App, row: DraftRow, target: SlotRow) -> None:
    """An InputError where another draft is pinned to that slot: of two the plan keeps the first."""
    if target.draft and target.draft != row.id:
        other = app.ledger.draft(target.draft)
        if other and is_pinned(app, other, target):
            raise InputError(
                _("%(path)s is pinned to %(slot)s", path=other.path, slot=app.slot_title(target.id)),
                hint=_("unpin it first"),
            )


def _keep(app: App, row: DraftRow, value: str) -> None:
    """Keeps the slot of a draft that no key can be written into: of a feed, or of a Word document."""
    chosen = {"slot": value, CHOSEN: True} if value else {"slot": None}
    rest = {name: said for name, said in row.plan.items() if name != CHOSEN}
    if not app.ledger.set_plan(row.id, row.revision, {**rest, **chosen}):
        raise InputError(
            _("%(path)s was changed meanwhile", path=row.path), hint=_("look at it again, and decide again")
        )


def _write(app: App, row: DraftRow, value: str) -> None:
    """Puts the key into the file, whole and for good; its rights and its time stay."""
    check_taken_in(app, row)
    content, path, most = app.workspace.content, PurePosixPath(row.path), app.workspace.intake.max_bytes
    raw = content_files.read(content, path, most)
    try:
        fresh = with_key(raw, "slot", value, notion=bool(OF_NOTION.search(path.stem)))
    except DraftError as error:
        raise replace(error, file=row.path) from None

    def unchanged() -> None:
        if content_files.read(content, path, most) != raw:
            raise InputError(_("it was changed meanwhile, and is left as it is"), file=row.path, hint=_("do it again"))

    if fresh != raw:
        content_files.put(content, path, fresh, check=unchanged, same_time=True)


def _take_in(app: App, row: DraftRow, now: dt.datetime) -> None:
    """Takes the file in; an approval goes on to a revision that differs in its slot alone."""
    collect(app, now, feeds=False)
    fresh = app.ledger.draft(row.id)
    if fresh is None or fresh.revision == row.revision:
        return
    if same_but_slot(app, row.id, row.revision, fresh.revision):
        draft = read(app, fresh.id, fresh.revision)
        assert draft is not None
        own: dict[str, Any] = {
            "title": draft.title,
            "form": draft.form.value,
            "plan": to_plan(draft, app.workspace.community.zone),
        }
        app.ledger.carry_approval(row.id, fresh.revision, **own)
    elif row.approved_revision and fresh.approved_revision != fresh.revision:
        raise InputError(_("%(path)s was edited meanwhile", path=row.path), hint=_("look at it again, and approve it"))


def same_but_slot(app: App, id: str, before: str, after: str) -> bool:
    """Whether two revisions of a draft differ in nothing but the slot that it is pinned to."""
    kept = [app.ledger.revision(each, id) for each in (before, after)]
    told = [{k: v for k, v in each.content.items() if k not in POSITIONS} for each in kept if each]
    media = [[m.get("file") for m in each.content["media"]] for each in kept if each]
    return len(told) == 2 and told[0] == told[1] and media[0] == media[1]


def _from_reserve(app: App, target: SlotRow, now: dt.datetime) -> Assignment | None:
    """What the ladder would put there: the evergreen that has rested longest, before and after, else what is shared."""
    series = app.workspace.series[target.series]
    reach = max(each.cooldown for each in app.workspace.series.values())
    rows = app.ledger.slots_between(now, target.at + reach)
    asked = [as_slot(each) for each in rows if each.draft or each.id == target.id]
    assigned = [replace(each, fixed=True) for each in app.ledger.assignments(now - DAY, target.at + reach)]
    history = app.ledger.used()
    made = decide(
        [replace(s, fill=("evergreen", *({"shared"} & {*s.fill}))) for s in app.workspace.series.values()],
        asked,
        [item for item in stock_of(app, history) if item.reserve and suits(series, item)],
        assigned,
        history,
        now,
        fill_within=target.at - now,
    )
    return next((each for each in made if each.slot == target.id), None)


def _save(app: App, target: SlotRow, chosen: Collection[Assignment], now: dt.datetime) -> None:
    slot = as_slot(target)
    asked = deliveries_of(app, now, [slot], chosen, stock_of(app))
    done = app.ledger.save_plan([slot], chosen, asked, now)
    if done.fixed:
        raise InputError(_("%(slot)s is being sent by now: its draft cannot change", slot=app.slot_title(target.id)))
