"""What is pinned to a slot that is past: no plan gives it to another, so it is no stock, and waits for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from steadycast.ledger.draft_list import DraftPage, DraftsAsked
from steadycast.ledger.stock_reads import PinnedDraft
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline.app import App
from steadycast.schedule.past_pins import PastPins


def past_pin(app: App, row: DraftRow | PinnedDraft, past: PastPins) -> str:
    """The slot that a draft is pinned to where that is past, as its front matter has it; else ""."""
    plan = row.plan
    pin, named = plan.get("slot") or "", plan.get("series") or ()
    promises = (each for each in app.workspace.series.values() if row.form in each.forms and each.meant_by(named))
    return pin if pin and past.has(app.workspace.pin(pin), promises) else ""


def past_pins(app: App, now: dt.datetime, known: PastPins | None = None) -> list[PinnedDraft]:
    """The approved drafts that no slot will carry, as the one that they are pinned to is past; by path.

    It is one statement, however many drafts there are. `known` is whoever was asked of other pins at `now`.
    """
    past = known or PastPins(now)
    return [row for row in app.ledger.pinned_drafts(now) if past_pin(app, row, past)]


def ids_past(app: App, now: dt.datetime, known: PastPins | None = None) -> Collection[str]:
    """The same by id."""
    return frozenset(row.id for row in past_pins(app, now, known))


def draft_page(app: App, asked: DraftsAsked, now: dt.datetime, **which: Any) -> DraftPage:
    """One page of a list of drafts as `ledger.draft_page` gives it, with what is pinned to the past told apart."""
    return app.ledger.draft_page(asked, now, past=ids_past(app, now), **which)
