"""Where a draft stands on arrival and after an edit: who has to approve, and what is held back. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from steadycast.draft import Draft
from steadycast.schedule.model import Origin


@dataclass(frozen=True, slots=True)
class DraftStatus:
    """Where a draft stands for the planner: its state, and the revision that may go out, if any."""

    state: str  # waiting, approved, rejected, not-ready, or why it is held
    approved_revision: str | None


def draft_status(
    draft: Draft,
    *,
    trusted: bool = False,
    pgc_approved: bool = True,
    before: DraftStatus | None = None,
    previous_revision: str | None = None,
    held: str = "",
) -> DraftStatus:
    """How `draft` stands on arrival, or after an edit (`before` and `previous_revision` are what the ledger had).

    The house's drafts are approved on arrival (unless `pgc_approved` is off), a trusted member's too, all others wait.
    Approval is of a revision: an edit asks again, and until then the approved revision stays usable. A draft that says
    it is not ready, or is meant for another community, takes nothing new, and is taken back from stock. What is `held`
    for a person is no stock, whoever wrote it.
    """
    if not draft.ready or draft.for_circle:
        return DraftStatus("not-ready", None)
    if held:
        return DraftStatus("rejected" if before is not None and before.state == "rejected" else held, None)
    if trusted or (draft.origin is Origin.PGC and pgc_approved):
        rejected = before is not None and before.state == "rejected" and previous_revision == draft.revision
        return before if before is not None and rejected else DraftStatus("approved", draft.revision)
    approved = before.approved_revision if before is not None else None
    if approved == draft.revision:
        return DraftStatus("approved", approved)
    if before is not None and before.state == "rejected" and previous_revision == draft.revision:
        return before
    return DraftStatus("waiting", approved)
