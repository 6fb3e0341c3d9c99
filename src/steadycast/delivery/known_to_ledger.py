"""What the ledger knows of a delivery, as an adapter is told before it looks."""

from __future__ import annotations

from collections.abc import Iterable

from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import ReceiptRow
from steadycast.platform import Known, Receipt


def known_of(ledger: Ledger, deliveries: Iterable[int]) -> dict[int, Known]:
    """The receipt and the steps of each delivery."""
    ids = list(deliveries)
    receipts, steps = ledger.receipts_of(ids), ledger.steps_of(ids)
    return {id: Known(_receipt(receipts.get(id)), steps.get(id, {})) for id in ids}


def _receipt(row: ReceiptRow | None) -> Receipt | None:
    if row is None:
        return None
    parts = tuple(row.detail.get("parts") or ())
    page = str(row.detail.get("page") or "")
    return Receipt(row.remote_id, row.url, row.at, row.seen, parts=parts, page=page, detail=row.detail)
