"""What a person publishes outside any series: one draft, in a slot of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.tables import DeliveryRow, DraftRow, State
from steadycast.pipeline.app import App
from steadycast.pipeline.drafts import OUT, find_draft, may_go_out
from steadycast.schedule.model import Assignment, Series, Slot
from steadycast.workspace.settings import BY_HAND  # such a slot counts for no series: its id alone may name one

LATE = dt.timedelta(hours=12)  # what is asked for now is tried again that long


@dataclass(frozen=True, slots=True)
class ManualSlot:
    """One draft's slot of its own, and the channels that it goes to."""

    slot: Slot
    draft: str
    channels: tuple[str, ...]
    late: dt.timedelta
    before: tuple[DeliveryRow, ...]  # channels that have these very words already, from another slot

    def save(self, app: App) -> list[DeliveryRow]:
        """Its deliveries, now that they are in the ledger."""
        if not self.channels:
            return list(self.before)
        asked = [PlannedDelivery(self.slot.id, channel, late=self.late) for channel in self.channels]
        chosen = [Assignment(self.slot.id, self.draft, why="hand")]
        app.ledger.save_plan([self.slot], chosen, asked, app.clock.now(), manual=True)
        return [*self.before, *app.ledger.deliveries(slots=[self.slot.id])]

    def rows(self, app: App) -> list[DeliveryRow]:
        """Its deliveries as they are, or would be: nothing is written."""
        there = {d.channel: d for d in app.ledger.deliveries(slots=[self.slot.id])}
        return [*self.before, *(there.get(channel) or self._row(app, channel) for channel in self.channels)]

    def _row(self, app: App, channel: str) -> DeliveryRow:
        marker = app.ledger.marker(self.slot.id, channel)
        return DeliveryRow(
            slot=self.slot.id, channel=channel, series=BY_HAND, at=self.slot.at, marker=marker, draft=self.draft,
            state=State.DUE,
        )  # fmt: skip


def by_hand(app: App, named: str, channel: str | None) -> ManualSlot:
    """A slot of its own for the approved revision of a draft, named by id or path, to `channel` or to all that take it.

    Its id comes of draft and revision: asked for twice, it is still one slot. A channel that has these words from
    another slot is told, not served again.
    """
    row, now = find_draft(app, named), app.clock.now().replace(microsecond=0)
    words = f"{row.id}-{may_go_out(row)[:8]}"
    known = app.ledger.slots_of_ids(f"{name}@{words}" for name in (BY_HAND, *app.workspace.series))
    id_ = min(known, default="") or f"{_series(app, row, now)}@{words}"
    at = known[id_].at if known else now
    local = at.astimezone(app.workspace.community.zone).replace(tzinfo=None)
    there = [d.channel for d in app.ledger.deliveries(slots=[id_])]
    before = {d.channel: d for d in _out(app, row) if d.slot != id_}
    wanted = [c for c in takers(app, row) if channel in (None, c) and c not in before]
    slot, channels = Slot(at, id_, BY_HAND, local, id_), tuple(dict.fromkeys([*there, *wanted]))
    return ManualSlot(slot, row.id, channels, now - at + LATE, tuple(before.values()))


def _series(app: App, row: DraftRow, now: dt.datetime) -> str:
    """The series under which a plan would publish a draft: its page stands there. BY_HAND where nothing tells it.

    That of the slot which carries it, also by a pin; else the one that it names, or the only one that takes its form.
    """
    carries = [slot.series for slot in app.ledger.slots_of(row.id, now) if slot.series in app.workspace.series]
    fit = [series.name for series in _could_carry(app, row)]
    return next(iter(carries or (fit if row.plan.get("series") or len(fit) == 1 else ())), BY_HAND)


def _could_carry(app: App, row: DraftRow) -> list[Series]:
    named = row.plan.get("series") or ()
    return [s for s in app.workspace.series.values() if row.form in s.forms and s.meant_by(named)]


def _out(app: App, row: DraftRow) -> list[DeliveryRow]:
    """Where the approved words of a draft are already, or may be. An evergreen is there to be sent again."""
    if row.plan.get("evergreen"):
        return []
    out = app.ledger.deliveries(draft=row.id, states=OUT)
    return [d for d in out if d.revision == row.approved_revision or d.state == State.WITHDRAWN]


def takers(app: App, row: DraftRow) -> list[str]:
    """The channels of the matrix for a draft: those of the series that it could serve, else all; that take its form."""
    matrix = {channel for series in _could_carry(app, row) for channel in series.channels} or set(
        app.workspace.channels
    )
    found = []
    for name, settings in app.workspace.channels.items():
        if name not in matrix:
            continue
        platform = app.usable(name)
        takes = settings.forms or (platform.forms if platform else ())
        if row.form in takes and not settings.paused and name not in row.plan.get("skip", ()):
            found.append(name)
    return found
