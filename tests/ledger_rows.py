"""Slots, drafts and plans of them, as tests of the ledger write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from conftest import NOON

from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.tables import (
    DraftRow,
)
from steadycast.schedule.model import Slot

LEASE = dt.timedelta(minutes=5)
DAY = dt.timedelta(days=1)


def a_slot(n: int = 0, *, excused: str = "") -> Any:
    at = NOON + n * DAY
    return Slot(at, f"notes@{at:%Y-%m-%dT%H:%M}", "notes", at.replace(tzinfo=None), excused=excused)


def a_draft(id: str = "d1", **more: Any) -> Any:
    given = {
        "path": f"ugc/alice/{id}.md", "origin": "ugc", "member": "alice", "form": "article", "title": id,
        "revision": "r1", "state": "approved", "first_seen": NOON, "changed": NOON,
    }  # fmt: skip
    return DraftRow(id=id, **{**given, **more})


def asked(*slots: Any, channels: Any = ("blog", "feed"), **more: Any) -> Any:
    return [PlannedDelivery(s.id, c, **more) for s in slots for c in channels]
