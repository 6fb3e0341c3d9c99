"""Who approved or rejected a draft, when and why; and what stood before, so that it can be taken back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from steadycast.ledger.connection import Database, table
from steadycast.ledger.history import EVENT
from steadycast.ledger.installation import STOCK, tell
from steadycast.ledger.raw_sql import instant, micros, run

DRAFT = table("draft")
KINDS = ("draft approved", "draft rejected", "draft decision taken back")
APPROVED, REJECTED, TAKEN_BACK = KINDS
TELL = "INSERT INTO event (delivery, at, kind, detail) VALUES (?, ?, ?, ?)"
# What a decision changes of a draft, and taking it back gives again.
KEPT = ("state", "approved_revision", "approved_at", "approved_by", "held", "resembles", "title", "form", "plan")


class DraftDecision(NamedTuple):
    """What a person decided on one revision of a draft."""

    draft: str
    at: dt.datetime
    kind: str  # one of KINDS
    who: str
    why: str
    revision: str


def note(connection: Connection, row: Any, kind: str, now: dt.datetime, *, who: str, why: str) -> None:
    """Keep a decision, in the transaction that makes it; `row` is the draft as it was before."""
    was = {name: getattr(row, name) for name in KEPT}
    was["approved_at"] = None if row.approved_at is None else micros(row.approved_at)
    # The draft's id comes first: by it a decision is found.
    told = {"draft": row.id, "revision": row.revision, "who": who, "why": why, "was": was}
    run(connection, TELL, [(None, micros(now), kind, json.dumps(told, ensure_ascii=False))])


def decisions_of(db: Database, draft: str, most: int = 20) -> list[DraftDecision]:
    """What was decided on one draft, the newest first."""
    with db.read() as connection:
        return [_decision(row) for row in connection.execute(_of(draft).limit(most))]


def reasons(db: Database, drafts: Iterable[str]) -> dict[str, str]:
    """Why each of these drafts was rejected last, where that stands and somebody said why."""
    found = {}
    with db.read() as connection:
        for draft in drafts:
            last = connection.execute(_of(draft).limit(1)).first()
            if last is not None and last.kind == REJECTED and (why := _decision(last).why):
                found[draft] = why
    return found


def take_back(db: Database, draft: str, who: str, now: dt.datetime) -> bool:
    """Undo the last decision on a draft; False where there is none, or the draft has changed since."""
    with db.write() as connection:
        last = connection.execute(_of(draft).limit(1)).first()
        if last is None or last.kind == TAKEN_BACK:
            return False
        told = json.loads(last.detail)
        was = told["was"]
        was["approved_at"] = None if was["approved_at"] is None else instant(was["approved_at"])
        state = "approved" if last.kind == APPROVED else "rejected"
        here = (DRAFT.c.id == draft) & (DRAFT.c.revision == told["revision"]) & (DRAFT.c.state == state)
        here &= DRAFT.c.approved_at == last.at
        if connection.execute(update(DRAFT).where(here).values(**was)).rowcount != 1:
            return False
        said = {"draft": draft, "revision": told["revision"], "who": who, "why": ""}
        run(connection, TELL, [(None, micros(now), TAKEN_BACK, json.dumps(said, ensure_ascii=False))])
        tell(connection, STOCK)
        return True


def _of(draft: str) -> Any:
    c = EVENT.c
    its = c.detail.startswith(json.dumps({"draft": draft})[:-1], autoescape=True)
    return select(EVENT).where(c.delivery.is_(None), c.kind.in_(KINDS), its).order_by(c.id.desc())


def _decision(row: Any) -> DraftDecision:
    told = json.loads(row.detail)
    return DraftDecision(told["draft"], row.at, row.kind, told["who"], told["why"], told["revision"])
