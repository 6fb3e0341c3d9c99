"""What a person publishes outside any series: one draft, in a slot of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from steadycast.errors import InputError
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.tables import DeliveryRow, DraftRow, State
from steadycast.pipeline.desk import Desk
from steadycast.pipeline.drafts import OUT_OF_STOCK, find_draft
from steadycast.schedule.model import Assignment, Slot

BY_HAND = "draft"  # the series part of such a slot's id: draft@<id>-<revision>
LATE = dt.timedelta(hours=12)  # what is asked for now is tried again that long


@dataclass(frozen=True, slots=True)
class ByHand:
    """One draft's slot of its own, and the channels that it goes to."""

    slot: Slot
    draft: str
    channels: tuple[str, ...]
    late: dt.timedelta

    def save(self, desk: Desk) -> str:
        """Its id, now that it is in the ledger."""
        asked = [PlannedDelivery(self.slot.id, channel, late=self.late) for channel in self.channels]
        chosen = [Assignment(self.slot.id, self.draft, why="hand")]
        desk.ledger.save_plan([self.slot], chosen, asked, desk.clock.now(), manual=True)
        return self.slot.id

    def rows(self, desk: Desk) -> list[DeliveryRow]:
        """Its deliveries as they are, or would be: nothing is written."""
        there = {d.channel: d for d in desk.ledger.deliveries(slots=[self.slot.id])}
        return [there.get(channel) or self._row(desk, channel) for channel in self.channels]

    def _row(self, desk: Desk, channel: str) -> DeliveryRow:
        marker = desk.ledger.marker(self.slot.id, channel)
        return DeliveryRow(
            slot=self.slot.id, channel=channel, series=BY_HAND, at=self.slot.at, marker=marker, draft=self.draft,
            state=State.DUE,
        )  # fmt: skip


def by_hand(desk: Desk, named: str, channel: str | None) -> ByHand:
    """A slot of its own for the approved revision of a draft, named by id or path, to `channel` or to all that take it.

    Its id comes of draft and revision: asked for twice, it is still one slot.
    """
    row, now = find_draft(desk, named), desk.clock.now().replace(microsecond=0)
    if not row.approved_revision or row.state in OUT_OF_STOCK:
        said = f"{row.path} is not approved" if row.state == "waiting" else f"{row.path} is {row.state}"
        raise InputError(said, mend=f"`steadycast approve {row.id}`" if row.state in ("waiting", "rejected") else None)
    id_ = f"{BY_HAND}@{row.id}-{row.approved_revision[:8]}"
    known = desk.ledger.slot(id_)
    at = known.at if known else now
    local = at.astimezone(desk.workspace.community.zone).replace(tzinfo=None)
    there = [d.channel for d in desk.ledger.deliveries(slots=[id_])]
    channels = dict.fromkeys([*there, *(c for c in _takers(desk, row) if channel in (None, c))])
    return ByHand(Slot(at, id_, BY_HAND, local, id_), row.id, tuple(channels), now - at + LATE)


def _takers(desk: Desk, row: DraftRow) -> list[str]:
    """The channels that take a draft of this form, and that it does not leave out."""
    found = []
    for name, settings in desk.workspace.channels.items():
        platform = desk.usable(name)
        takes = settings.forms or (platform.forms if platform else ())
        if row.form in takes and not settings.paused and name not in row.plan.get("skip", ()):
            found.append(name)
    return found
