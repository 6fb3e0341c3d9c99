"""Past slots as they were read last: a calendar shows a thousand of them, and as a rule nothing has happened to any."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from steadycast.language import current
from steadycast.ledger.calendar_reads import AlikeDeliveries, CarriedDraft, KnownSlot
from steadycast.ledger.record_changes import Place, slots_changed_since, where_now
from steadycast.ledger.store import Ledger
from steadycast.pipeline.app import App
from steadycast.workspace import Workspace

if TYPE_CHECKING:
    from steadycast.pipeline.slot_view import SlotSeen

DAY = dt.timedelta(days=1)  # what is past for this machine's clock is then past for every other
MOST = 6_000  # slots that are kept
Deliveries = list[AlikeDeliveries]
_opening = threading.Lock()
_known: WeakKeyDictionary[Ledger, PastSlots] = WeakKeyDictionary()


class PastSlots:
    """Of one ledger: the deliveries of past slots that all have their verdict, and how each slot is shown.

    Whatever changes such a delivery writes an event, or says that the record is another (`ledger.record_changes`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._place: Place | None = None
        self._deliveries: dict[str, Deliveries] = {}
        self._seen: dict[tuple[str, str], tuple[KnownSlot, Deliveries, CarriedDraft | None, SlotSeen]] = {}
        self._for: Workspace | None = None

    def deliveries(self, ledger: Ledger, rows: Iterable[KnownSlot], now: dt.datetime) -> dict[str, Deliveries]:
        """The deliveries of these slots, by slot, those that stand alike as one; of past ones those that are kept."""
        with self._lock:
            self._forget(ledger)
            found, unknown = {}, list[KnownSlot]()
            for row in rows:
                if (known := self._deliveries.get(row.id)) is None:
                    unknown.append(row)
                else:
                    found[row.id] = known
            read = ledger.alike_deliveries_of(row.id for row in unknown) if unknown else {}
            for row in unknown:
                its = read.get(row.id)
                if its and row.at < now - DAY and all(each.verdict for each in its):
                    self._deliveries[row.id] = its
            return found | read

    def seen(
        self,
        app: App,
        row: KnownSlot,
        deliveries: Deliveries | None,
        draft: CarriedDraft | None,
        make: Callable[[], SlotSeen],
    ) -> SlotSeen:
        """How a slot is shown; as last time where its row, its draft and its kept deliveries are the same."""
        if deliveries is None or self._deliveries.get(row.id) is not deliveries:
            return make()
        if self._for is not app.workspace:
            self._for, self._seen = app.workspace, {}
        key = current().name, row.id
        known = self._seen.get(key)
        if known is None or known[0] != row or known[1] is not deliveries or known[2] != draft:
            known = self._seen[key] = row, deliveries, draft, make()
        return known[3]

    def _forget(self, ledger: Ledger) -> None:
        place, before = where_now(ledger, self._place), self._place
        same = before is not None and place.whole == before.whole and place.event >= before.event
        if not same or len(self._deliveries) > MOST or len(self._seen) > 3 * MOST:
            self._deliveries, self._seen = {}, {}
        elif before is not None and place.event > before.settled:
            for slot in slots_changed_since(ledger, before):
                self._deliveries.pop(slot, None)
        self._place = place


def past_slots(ledger: Ledger) -> PastSlots:
    """What this process keeps of a ledger."""
    with _opening:
        return _known.setdefault(ledger, PastSlots())
