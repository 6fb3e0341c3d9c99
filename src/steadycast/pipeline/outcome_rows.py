"""Outcomes for people: the deliveries that stand in the ledger as outcomes, and an outcome as a row and as a line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome, Proof
from steadycast.ledger.tables import DeliveryRow, State, page_in
from steadycast.pipeline.app import App
from steadycast.pipeline.results import Published, Row

ToldRow = Callable[[Row], object]
SAID = {State.PLANNED: "no draft yet", State.WITHDRAWN: "not sent: it was taken away"}


def as_they_stand(app: App, rows: Sequence[DeliveryRow]) -> list[Outcome]:
    """What has become of these by now; titles and receipts are read once for all of them."""
    if not rows:
        return []
    titles = app.ledger.titles({row.draft for row in rows if row.draft})
    receipts = app.ledger.receipts_of([row.id for row in rows if row.id])
    found = []
    for row in rows:
        receipt = receipts.get(row.id or 0)
        delivery = Delivery(
            row.id or 0, row.slot, row.channel, row.series, row.at, dt.timedelta(seconds=row.late), row.marker,
            row.draft or "", titles.get(row.draft or "", ""), row.attempt, url=row.url,
        )  # fmt: skip
        proof = Proof(receipt.remote_id, row.url, receipt.seen, receipt.detail) if receipt else None
        said = row.message or SAID.get(State(row.state), "")
        if row.state == State.WITHDRAWN:  # its address leads to nothing
            delivery, proof = replace(delivery, url=""), None
        now = app.clock.now()
        found.append(Outcome(delivery, State(row.state), now, proof, row.code, said, row.wake if row.attempt else None))
    return found


class Telling:
    """The newest outcome of each delivery; `told` hears of each as a row when it comes."""

    def __init__(self, app: App, told: ToldRow | None) -> None:
        self._app = app
        self._told = told
        self._newest: dict[int, Outcome] = {}

    def __call__(self, outcome: Outcome) -> None:
        self._newest[outcome.id] = outcome
        if self._told:
            self._told(row_of(self._app, outcome))

    def all(self, outcomes: Iterable[Outcome]) -> None:
        """Several, one after another."""
        for outcome in outcomes:
            self(outcome)

    def unknown(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Those of deliveries of which nothing was told."""
        return [outcome for outcome in outcomes if outcome.id not in self._newest]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """In the order of their slots."""
        return tuple(sorted(self._newest.values(), key=lambda o: (o.delivery.at, o.delivery.slot, o.delivery.channel)))


def published(app: App, outcomes: Iterable[Outcome], **more: Any) -> Published:
    """The result of a verb."""
    sent = tuple(outcomes)
    return Published(sent, tuple(row_of(app, outcome) for outcome in sent), **more)


def row_of(app: App, outcome: Outcome) -> Row:
    """One outcome for a table, for JSON and for a run's artifact."""
    delivery, zone = outcome.delivery, app.workspace.community.zone
    page = page_in(outcome.proof.detail, app.workspace.out / delivery.channel) if outcome.proof else None
    said, file = outcome.message, str(page or "")
    if outcome.state == State.DUE and outcome.wake and outcome.wake > outcome.at:
        said = f"{said or 'not sent'}; tried again from {outcome.wake.astimezone(zone):%H:%M} on"
    return {
        "when": delivery.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), "series": delivery.series,
        "title": delivery.title, "channel": delivery.channel, "state": outcome.state.value,
        "link": outcome.url or file or said, "file": file, "id": delivery.marker, "slot": delivery.slot,
        "message": said,
    }  # fmt: skip


def line_of(row: Row) -> str:
    """The same as one line of a log."""
    what = f"{row['series']} on {row['channel']}: {row['title']}"
    return "  ".join(filter(None, (row["when"], f"{row['state']:<9}", what, row["link"])))
