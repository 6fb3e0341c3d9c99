"""What came in: drafts with their approvals, problems, and feeds' items."""

from __future__ import annotations

from conftest import NOON, content_of, draft_of
from ledger_rows import DAY, a_draft

from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import (
    FeedItemRow,
    FeedRow,
    ProblemRow,
    RevisionRow,
)


def test_a_draft_keeps_its_history_and_its_first_day(ledger: Ledger) -> None:
    """Edited and renamed: the same draft, two revisions."""
    ledger.put_drafts([a_draft()], [RevisionRow(hash="r1", draft="d1", at=NOON, content={"title": "今天"})])
    later = NOON + DAY
    ledger.put_drafts(
        [a_draft(path="ugc/alice/new.md", revision="r2", first_seen=later, changed=later)],
        [RevisionRow(hash="r2", draft="d1", at=later, content={})],
    )
    row = draft_of(ledger, "ugc/alice/new.md")
    assert (row.id, row.first_seen, row.changed, row.revision) == ("d1", NOON, later, "r2")
    assert content_of(ledger, "r1") == {"title": "今天"}
    assert ledger.draft("ugc/alice/d1.md") is None


def test_an_approval_is_of_a_revision(ledger: Ledger) -> None:
    """Edited since: the editor is told, and nothing is approved."""
    ledger.put_drafts([a_draft(state="waiting")])
    assert not ledger.approve("d1", "r0", "editor", NOON)
    assert draft_of(ledger, "d1").state == "waiting"
    assert ledger.approve("d1", "r1", "editor", NOON, plan={"form": "article"})
    row = draft_of(ledger, "d1")
    assert (row.state, row.approved_revision, row.approved_by, row.plan) == (
        "approved", "r1", "editor", {"form": "article"},
    )  # fmt: skip


def test_intake_never_takes_an_approval_back(ledger: Ledger) -> None:
    """It looked before the editor approved and wrote after: the approval stands, an edit asks again."""
    stale = a_draft(state="waiting")
    ledger.put_drafts([stale])
    ledger.approve("d1", "r1", "editor", NOON)
    ledger.put_drafts([stale])
    assert (draft_of(ledger, "d1").state, draft_of(ledger, "d1").approved_by) == ("approved", "editor")
    ledger.put_drafts([a_draft(state="waiting", revision="r2")])
    row = draft_of(ledger, "d1")
    assert (row.state, row.approved_revision, row.revision) == ("waiting", "r1", "r2")
    ledger.put_drafts([a_draft(state="gone", revision="r2")])
    assert not ledger.approve("d1", "r2", "editor", NOON)


def test_a_rejection_voids_what_was_approved(ledger: Ledger) -> None:
    """Of that revision; by name."""
    ledger.put_drafts([a_draft(state="waiting")])
    assert ledger.reject("d1", "r1", "editor", NOON)
    row = draft_of(ledger, "d1")
    assert (row.state, row.approved_revision, row.approved_by) == ("rejected", None, "editor")
    assert [d.id for d in ledger.drafts(["rejected"])] == ["d1"]
    assert ledger.drafts(["approved"]) == []


def test_a_problem_is_one_a_path_and_gone_when_fixed(ledger: Ledger) -> None:
    """The newest stands."""
    ledger.put_problems(
        [ProblemRow(path="a.md", at=NOON, line=3, message="old"), ProblemRow(path="b", at=NOON, message="x")]
    )
    ledger.put_problems([ProblemRow(path="a.md", at=NOON, line=4, message="new", hint="hint")], fixed=["b"])
    assert [(p.path, p.line, p.message) for p in ledger.problems()] == [("a.md", 4, "new")]


def test_a_feed_item_is_taken_once_for_ever(ledger: Ledger) -> None:
    """A thousand again and again: what is known stays as it is."""
    items = [FeedItemRow(feed="f", guid=str(n), link=f"l{n}", content_hash="h", at=NOON) for n in range(1000)]
    assert ledger.put_feed_items(items) == 1000
    assert ledger.put_feed_items([*items[:10], FeedItemRow(feed="f", guid="new", at=NOON)]) == 1
    assert len(ledger.feed_items("f")) == 1001
    assert ledger.update_feed_item(FeedItemRow(feed="f", guid="new", content_hash="h2", draft="d1", at=NOON))
    assert not ledger.update_feed_item(FeedItemRow(feed="f", guid="unheard", at=NOON))
    ledger.put_feeds([FeedRow(key="f", member="alice", url="u", failures=1)])
    ledger.put_feeds([FeedRow(key="f", member="alice", url="u", etag="e", last_ok=NOON)])
    [feed] = ledger.feeds()
    assert (feed.etag, feed.failures, feed.last_ok) == ("e", 0, NOON)
