"""A change of a promise that a command makes: what it would do, then the file, the plan and the schedules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from steadycast.errors import InputError, SettingsError
from steadycast.language import gettext as _
from steadycast.ops import deployments
from steadycast.ops.settings_forms import check_rhythm
from steadycast.pipeline import leaders
from steadycast.pipeline.app import App
from steadycast.pipeline.community_state import supply
from steadycast.pipeline.plan import PATIENCE, Reads, Supply, foresee, plan
from steadycast.pipeline.results import Row
from steadycast.pipeline.stock import stock_of
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Series, Slot, heirs
from steadycast.schedule.plan_difference import Effect, effect, served
from steadycast.schedule.slots import next_slot, slots
from steadycast.workspace import Workspace, edit
from steadycast.workspace.values import dates

FURTHEST = dt.timedelta(days=366)  # a day that is farther off is skipped without a look at what it would have carried
DIGEST = "digest:"
LONGEST_REASON = 200


@dataclass(frozen=True)
class Change:
    """Settings as they are and as they would be, and what differs between the two plans."""

    before: Workspace
    after: Workspace
    effect: Effect
    titles: dict[str, str]
    touched: frozenset[str]  # series whose settings change

    @property
    def same(self) -> bool:
        """Whether the file says it already."""
        return self.before.sources == self.after.sources

    def rows(self) -> list[Row]:
        """One row a slot that stays, moves, goes or comes, in order of time."""
        stays = [("stays", each, each) for each in self.effect.stays if each.slot.series in self.touched]
        moves = [
            ("moves" if each.before and each.after else "gone" if each.before else "new", each.before, each.after)
            for each in self.effect.slots
        ]
        zone = self.after.community.zone
        return [
            {
                "change": kind,
                "series": there.slot.series,
                "series_title": self._series(there.slot),
                "was": _local(before.slot if before else None),
                "becomes": _local(after.slot if after else None),
                "at": after.slot.at.astimezone(zone).isoformat() if after else "",
                "carried": self.title(before.draft) if before else "",
                "carries": self.title(after.draft) if after else "",
            }
            for kind, before, after in (*stays, *moves)
            if (there := before or after)
        ]

    def moved_drafts(self) -> list[Row]:
        """One row a draft that does not just go along with its slot."""
        along = {
            (each.before.draft, each.before.slot.id, each.after.slot.id)
            for each in self.effect.slots
            if each.before and each.after and each.before.draft == each.after.draft
        }
        return [
            {"draft": each.draft, "title": self.title(each.draft), "was": self._named(each.before),
             "becomes": self._named(each.after)}
            for each in self.effect.drafts
            if (each.draft, each.before and each.before.id, each.after and each.after.id) not in along
        ]  # fmt: skip

    def _named(self, slot: Slot | None) -> str:
        if slot is None:
            return ""
        return f"{self._series(slot)} {_local(slot)}"

    def _series(self, slot: Slot) -> str:
        """A series' name for people."""
        series = self.after.series.get(slot.series) or self.before.series.get(slot.series)
        return (series.title if series else "") or slot.series

    def title(self, draft: str) -> str:
        """A draft's title; a digest has none before it is written."""
        return self.titles.get(draft) or (_("a digest") if draft.startswith(DIGEST) else draft)


def new_rhythm(app: App, series: str, rhythm: str, now: dt.datetime) -> Change:
    """What another rhythm of a series would do; writes nothing."""
    name = app.known_series(series).name
    check_rhythm(rhythm)
    return between(app, app.by(edit.with_rhythm(app.workspace, name, rhythm.strip())), now)


def skip(app: App, series: str, days: str, now: dt.datetime, *, undo: bool = False, because: str = "") -> Change:
    """What leaving a series' slots of these days out would do, or having them again; writes nothing.

    `because` is kept beside the days, for whoever reads the calendar.
    """
    of, why = app.known_series(series), " ".join(because.split())
    if len(why) > LONGEST_REASON:
        raise InputError(_("the reason is longer than %(num)s characters", num=LONGEST_REASON))
    try:
        asked = dates(days)
    except ValueError as error:
        raise InputError(str(error)) from None
    if undo:
        _is_skipped(of, asked)
        return between(app, app.by(edit.without_skip(app.workspace, of.name, days)), now, max(asked))
    first = now.astimezone(of.zone).date()
    if min(asked) < first:
        said = _("%(day)s is past: an edit rewrites no record", day=min(asked))
        raise InputError(said, hint=_("the first day that can be skipped is %(day)s", day=first))
    if asked <= of.except_:
        return between(app, app, now)
    _has_slots(of, asked, now)
    _not_all_begun(app, of, asked)
    return between(app, app.by(edit.with_skip(app.workspace, of.name, f"{days} {why}".strip())), now, max(asked))


def between(app: App, changed: App, now: dt.datetime, day: dt.date | None = None) -> Change:
    """What changes between a desk's settings and others, over the days that are planned, and up to `day`."""
    before, after = app.workspace, changed.workspace
    until = now + max(before.publish.horizon, after.publish.horizon)
    if day is not None:
        seen = dt.datetime.combine(day + 2 * DAY, dt.time(), before.community.zone)
        until = max(until, min(seen, now + FURTHEST))
    stands, reads = supply(app, now), Reads(app.ledger)
    old = foresee(app, now, until, stands, reads)
    if _renamed(before) != _renamed(after):  # and so the slots that drafts are pinned to
        stands = Supply(stock_of(changed, stands.history.rows), stands.history)
    new = foresee(changed, now, until, stands, reads)
    since = min((slot.at for slot in old.slots), default=now)
    begun = {each.slot.id for each in reads.promised(since, until) if each.fixed}
    told = effect(served(old.slots, old.chosen), served(new.slots, new.chosen), begun, now)
    titles = app.ledger.titles({each.draft for each in (*old.chosen, *new.chosen)})
    differ = {n for n in before.series.keys() | after.series.keys() if before.series.get(n) != after.series.get(n)}
    return Change(before, after, told, titles, frozenset(differ))


def _renamed(workspace: Workspace) -> dict[str, str]:
    return heirs(workspace.series.values())


def make(app: App, change: Change, now: dt.datetime) -> bool:
    """Writes the changed settings and plans with them; True where prefect.yaml followed.

    Refuses where the file was changed since.
    """
    with app.in_turn("settings", PATIENCE):
        edit.write(change.after, change.before)
    for name, table in change.after.promises.items():
        if (former := change.before.promises.get(name)) and former.skip != table.skip:
            leaders.note(app, "skip", [name], ", ".join(sorted({*former.skip} ^ {*table.skip})), now)
    return settle(app, change.before, change.after, now)


def settle(app: App, before: Workspace, after: Workspace, now: dt.datetime) -> bool:
    """Plans with settings that were just written; True where prefect.yaml followed."""
    followed = follow(before, after)
    with replace(app, workspace=after) as fresh:
        plan(fresh, now)
    return followed


def follow(before: Workspace, after: Workspace) -> bool:
    """Writes prefect.yaml anew after a change of the settings; one that was not theirs before is a person's own."""
    try:
        if not before.prefect_yaml.exists() or deployments.differences(before):
            return False
    except SettingsError:
        return False
    if not deployments.differences(after) and not deployments.in_another_language(after):
        return False
    deployments.write(after)
    return True


def _has_slots(series: Series, days: frozenset[dt.date], now: dt.datetime) -> None:
    """An InputError where the days have no slot that could be left out."""
    start, end = _span(series, days)
    if any(not slot.excused and slot.day in days for slot in slots(series, start - DAY, end + DAY)):
        return
    coming = next_slot(series, now)
    said = _("%(series)s has no slot then", series=series.name)
    raise InputError(said, hint=_("its next one is %(when)s", when=_local(coming)) if coming else _("it has ended"))


def _not_all_begun(app: App, series: Series, days: frozenset[dt.date]) -> None:
    """An InputError where all that these days promised is claimed or out already."""
    start, end = _span(series, days)
    there = [each for each in app.ledger.promised(start, end) if each.slot.series == series.name]
    if there and all(each.fixed for each in there if not each.slot.excused):
        slot = f"{series.title or series.name} {_local(there[0].slot)}"
        said = _("%(slot)s is claimed or out already: leaving it out changes nothing", slot=slot)
        raise InputError(said, hint=_("`steadycast plan` shows how far it is"))


def _is_skipped(series: Series, days: frozenset[dt.date]) -> None:
    """An InputError where none of the days is skipped by its date."""
    if days & series.except_:
        return
    holiday = next((name for day, name in series.days_off.items() if day in days), "")
    hint = _('it is a day off (%(holiday)s): write "%(day)s" = "" in holidays.toml', holiday=holiday, day=min(days))
    raise InputError(_("%(series)s does not skip that day", series=series.name), hint=hint if holiday else None)


def _span(series: Series, days: frozenset[dt.date]) -> tuple[dt.datetime, dt.datetime]:
    """From the beginning of the first day to the end of the last."""
    first, end = (dt.datetime.combine(day, dt.time(), series.zone) for day in (min(days), max(days) + DAY))
    return first, end


def _local(slot: Slot | None) -> str:
    return slot.local.isoformat(" ", "minutes") if slot else ""
