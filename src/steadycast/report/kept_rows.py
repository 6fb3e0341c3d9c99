"""Rows that a report shows, kept for the next one: read again where the ledger says that they may be others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Hashable, Mapping, Sequence

from steadycast.ledger import record
from steadycast.ledger.intake import ShownDraft
from steadycast.ledger.record_changes import Said
from steadycast.ledger.store import Ledger, State
from steadycast.ledger.tables import DONE, DeliveryRow

LATELY = dt.timedelta(days=7)
SHOWN = 20  # slots that went out lately
OUT = (*DONE, State.WITHDRAWN)


class KeptRows:
    """What was read last. Each question is asked with what the ledger had said before it."""

    def __init__(self) -> None:
        self._stock: str | None = None  # what it said of its drafts
        self._shown: dict[str, ShownDraft | None] = {}
        self._waiting: Sequence[ShownDraft] | None = None
        self._at_once = 0  # of how many drafts a member
        self._happened: Hashable = None
        self._since = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._sent: dict[str, list[DeliveryRow]] = {}

    def shown_drafts(self, ledger: Ledger, ids: Collection[str], said: Said | None) -> Mapping[str, ShownDraft]:
        """These drafts by id; those that are not there are left out."""
        self._drafts_as(said)
        if missing := set(ids).difference(self._shown):
            found = ledger.shown_drafts(missing)
            self._shown.update((id, found.get(id)) for id in missing)
        return {id: row for id in ids if (row := self._shown[id])}

    def waiting_drafts(self, ledger: Ledger, said: Said | None, at_once: int) -> Sequence[ShownDraft]:
        """The drafts that wait for a person, the oldest first; of one member `at_once`, 0: all."""
        self._drafts_as(said)
        if self._waiting is None or self._at_once != at_once:
            self._waiting, self._at_once = ledger.waiting_drafts(at_once), at_once
        return self._waiting

    def _drafts_as(self, said: Said | None) -> None:
        stock = said.stock if said else None
        if stock is None or stock != self._stock:
            self._stock, self._shown, self._waiting = stock, {}, None

    def sent(self, ledger: Ledger, now: dt.datetime, happened: Hashable) -> dict[str, list[DeliveryRow]]:
        """The last slots that went out, by when they did, with their deliveries.

        `happened` is another word after each change of the record, and nothing where there is no such word.
        """
        since = now - LATELY
        same = happened and happened == self._happened and since >= self._since  # else the clock was set back
        if not same or any(rows[0].at < since for rows in self._sent.values()):
            self._sent, self._happened, self._since = _sent(ledger, since), happened, since
        return self._sent


def _sent(ledger: Ledger, since: dt.datetime) -> dict[str, list[DeliveryRow]]:
    found: dict[str, list[DeliveryRow]] = {}
    shown = record.last_out(ledger, OUT, since, SHOWN)
    for row in ledger.deliveries(slots=shown, states=OUT) if shown else ():
        found.setdefault(row.slot, []).append(row)
    return {slot: found[slot] for slot in shown if slot in found}
