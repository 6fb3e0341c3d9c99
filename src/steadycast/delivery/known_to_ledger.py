"""What the ledger knows of a delivery, as an adapter is told before it looks."""

from __future__ import annotations

from collections.abc import Iterable

from steadycast.ledger.store import Ledger
from steadycast.platform import Known


def known_of(ledger: Ledger, deliveries: Iterable[int]) -> dict[int, Known]:
    """The receipt and the steps of each delivery."""
    ids = list(deliveries)
    receipts, steps = ledger.receipts_of(ids), ledger.steps_of(ids)
    return {id: Known(receipts.get(id), steps.get(id, {})) for id in ids}
