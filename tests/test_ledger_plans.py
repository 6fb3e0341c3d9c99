"""What the planner writes: which draft each slot carries, and what is never moved."""

from __future__ import annotations

import threading
from typing import Any

from conftest import NOON
from ledger_rows import DAY, LEASE, a_draft, a_slot, asked

from steadycast.ledger.store import Ledger
from steadycast.schedule.model import Assignment


def test_planning_twice_changes_nothing(ledger: Ledger) -> None:
    """The same plan again: no row is written, no event either."""
    ledger.put_drafts([a_draft()])
    slots = [a_slot(n) for n in range(3)]
    first = ledger.save_plan(slots, [Assignment(slots[0].id, "d1")], asked(*slots), NOON)
    assert first.new == tuple(s.id for s in slots)
    before = ledger.deliveries()
    again = ledger.save_plan(slots, [Assignment(slots[0].id, "d1")], asked(*slots), NOON)
    assert (again.new, again.moved, again.fixed) == ((), (), ())
    assert ledger.deliveries() == before
    assert [(d.state, d.origin, d.member) for d in before[:2]] == [("due", "ugc", "alice")] * 2
    assert {d.state for d in before[2:]} == {"planned"}


def test_a_slot_of_which_anything_was_tried_is_not_moved(ledger: Ledger) -> None:
    """One of its deliveries is claimed: the others keep the draft too."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2")])
    slot = a_slot()
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked(slot), NOON)
    assert len(ledger.claim(NOON, "w", LEASE, limit=1)) == 1
    told = ledger.save_plan([slot], [Assignment(slot.id, "d2")], asked(slot, channels=["blog"]), NOON)
    assert told.fixed == (slot.id,)
    assert {(d.draft, d.channel) for d in ledger.deliveries()} == {("d1", "blog"), ("d1", "feed")}
    assert ledger.assignments(NOON, NOON + DAY)[0].fixed
    ledger.recover(NOON + LEASE)
    assert ledger.save_plan([slot], [], asked(slot), NOON).fixed == (slot.id,)


def test_another_draft_takes_a_slot_over(ledger: Ledger) -> None:
    """Deleted, edited, a pin: the slot is refilled, and says since when."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2", origin="pgc", member="")])
    slot = a_slot()
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked(slot), NOON)
    told = ledger.save_plan([slot], [Assignment(slot.id, "d2", filled=True, why="evergreen")], asked(slot), NOON)
    assert told.moved == (slot.id,)
    rows = ledger.deliveries()
    assert {(d.draft, d.origin, d.member, d.state) for d in rows} == {("d2", "pgc", "", "due")}
    kept = ledger.slot(slot.id)
    assert kept is not None
    assert kept.filled
    assert [(e.kind, e.detail) for e in ledger.events(rows[0].id or 0)] == [("planned", "d2")]
    ledger.save_plan([slot], [], asked(slot), NOON)
    assert {(d.draft, d.state, d.wake) for d in ledger.deliveries()} == {(None, "planned", NOON + DAY / 2)}


def test_a_channel_that_is_asked_no_more_is_dropped_and_a_new_one_added(ledger: Ledger) -> None:
    """The matrix changed: nothing was tried, so the plan follows."""
    ledger.put_drafts([a_draft()])
    slot = a_slot()
    plan = [Assignment(slot.id, "d1")]
    ledger.save_plan([slot], plan, asked(slot), NOON)
    ledger.save_plan([slot], plan, asked(slot, channels=["feed", "mail"]), NOON)
    assert [d.channel for d in ledger.deliveries()] == ["feed", "mail"]


def test_an_excused_slot_owes_nothing_until_it_does(ledger: Ledger) -> None:
    """A holiday: on the record at once. The holiday moved: due again."""
    ledger.put_drafts([a_draft()])
    ledger.save_plan([a_slot(excused="国庆节")], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    assert {(d.state, d.verdict, d.wake, d.message) for d in ledger.deliveries()} == {
        ("excused", "excused", None, "国庆节")
    }
    ledger.save_plan([a_slot()], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    assert {(d.state, d.verdict, d.message) for d in ledger.deliveries()} == {("due", "", "")}


def test_a_draft_that_skips_a_channel_is_cancelled_there_and_another_is_not(ledger: Ledger) -> None:
    """`channels.blog.skip`: nothing is owed; the next draft in this slot may want it again."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2")])
    slot = a_slot()
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked(slot, channels=["blog"], skip="draft says so"), NOON)
    assert [(d.state, d.verdict) for d in ledger.deliveries()] == [("cancelled", "excused")]
    ledger.save_plan([slot], [Assignment(slot.id, "d2")], asked(slot, channels=["blog"]), NOON)
    assert [(d.state, d.verdict, d.code) for d in ledger.deliveries()] == [("due", "", "")]


def test_slots_that_no_cadence_asks_for_are_dropped_unless_tried(ledger: Ledger) -> None:
    """A series was renamed: its empty slots go, what went out stays."""
    ledger.put_drafts([a_draft()])
    slots = [a_slot(n) for n in range(2)]
    ledger.save_plan(slots, [Assignment(slots[0].id, "d1")], asked(*slots), NOON)
    ledger.claim(NOON, "w", LEASE, limit=1)
    assert ledger.drop_slots([s.id for s in slots]) == (slots[1].id,)
    assert [s.id for s in ledger.slots_between(NOON, NOON + 9 * DAY)] == [slots[0].id]


def test_planners_and_claimers_at_once_leave_every_slot_of_one_mind(database: str, ledger: Ledger) -> None:
    """Two planners want different drafts while a worker claims: no slot carries two, no slot is made twice."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2")])
    slots = [a_slot(n) for n in range(6)]
    failed = []

    def plan(draft: Any) -> None:
        try:
            with Ledger.open(database) as mine:
                for _ in range(6):
                    mine.save_plan(slots, [Assignment(s.id, draft) for s in slots], asked(*slots), NOON)
        except Exception as error:
            failed.append(error)

    def claim() -> None:
        try:
            with Ledger.open(database) as mine:
                for _ in range(12):
                    mine.claim(NOON, "w", LEASE, until=NOON + 9 * DAY, limit=2)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=plan, args=["d1"]), threading.Thread(target=plan, args=["d2"])]
    threads.append(threading.Thread(target=claim))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    rows = ledger.deliveries()
    assert len(rows) == 12
    for slot in slots:
        assert (kept := ledger.slot(slot.id))
        assert {d.draft for d in rows if d.slot == slot.id} == {kept.draft}
