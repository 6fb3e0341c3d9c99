"""The page of a post that lies on this machine: what a person opens before its address works."""

from __future__ import annotations

from collections.abc import Sequence

from steadycast.ledger.tables import DeliveryRow, State, page_in
from steadycast.pipeline.app import App


def local_pages(app: App, rows: Sequence[DeliveryRow]) -> dict[str, str]:
    """Of deliveries that are out, by marker: the file below var/ that holds the post, where one is there."""
    there = {row.id: row for row in rows if row.id and row.state in (State.PUBLISHED, State.SEEN)}
    found = {}
    for id, receipt in app.ledger.receipts_of(there).items():
        row = there[id]
        if page := page_in(receipt.detail, app.workspace.out / row.channel):
            found[row.marker] = str(page.resolve().relative_to(app.workspace.var.resolve()))
    return found
