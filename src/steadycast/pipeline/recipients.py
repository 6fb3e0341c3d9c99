"""Those to whom a channel sends by themselves: who they are, and what came of each."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from steadycast.delivery.known_to_ledger import known_of
from steadycast.errors import SteadycastError
from steadycast.ledger.tables import DeliveryRow
from steadycast.pipeline.app import App
from steadycast.platform import Recipient

MOST = 100_000  # that are read of one channel
SHOWN = 500  # of them on a page: those of whom there is something to say come first
ORDER = ("unknown", "refused", "waiting")  # and then whoever was sent to


@dataclass(frozen=True, slots=True)
class Recipients:
    """What came of one delivery for each of its recipients."""

    counts: Mapping[str, int]  # state -> how many
    rows: tuple[Recipient, ...]


def of_delivery(app: App, row: DeliveryRow, *, named: bool = True) -> Recipients | None:
    """What came of a delivery for each recipient; None where its platform has none, or cannot tell.

    Without `named` an address is shown by its first letter and its host alone.
    """
    if row.id is None or row.channel not in app.workspace.channels:
        return None
    try:
        adapter = app.adapter(row.channel)
        if not hasattr(adapter, "recipients"):
            return None
        known = known_of(app.ledger, [row.id])[row.id]
        found = list(itertools.islice(adapter.recipients(known), MOST))
    except SteadycastError:  # a list that cannot be read is reported where it is sent to
        return None
    if not found:
        return None
    ordered = sorted(found, key=lambda each: ORDER.index(each.state) if each.state in ORDER else len(ORDER))
    shown = [each if named else replace(each, name=masked(each.name)) for each in ordered[:SHOWN]]
    return Recipients(Counter(each.state for each in found), tuple(shown))


def masked(name: str) -> str:
    """A recipient that is told from others, and not named: r…@example.org."""
    return f"{name[:1]}…{name[name.rfind('@') :] if '@' in name else ''}"
