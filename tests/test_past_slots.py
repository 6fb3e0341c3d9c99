"""What a calendar keeps of past slots is at each moment what it would read anew, whatever happened in between."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from many_drafts import fill
from pipeline_bench import MORNING, Bench
from sqlalchemy import column, update
from test_report_weeks import DAY, SETTINGS, Story, roots

from steadycast.language import speaking
from steadycast.ledger.connection import table
from steadycast.ledger.store import Ledger
from steadycast.pipeline import App, past_slots, slot_view
from steadycast.workspace import load

__all__ = ["roots"]


def shown(app: App, now: dt.datetime) -> slot_view.Window:
    return slot_view.window(app, now - 60 * DAY, now + 5 * DAY, now)


def anew(app: App, now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> slot_view.Window:
    with monkeypatch.context() as patch:
        patch.setattr(past_slots, "_known", WeakKeyDictionary())
        return shown(app, now)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_is_what_is_read_anew(
    roots: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    with App(load(roots())) as app:
        story = Story(app.ledger, random.Random(seed))
        for step in range(25):
            what = story.go_on()
            with speaking(("en", "zh_Hans")[step % 2]):
                assert shown(app, story.now) == anew(app, story.now, monkeypatch), what


def test_a_draft_and_a_slot_that_are_others_are_shown_so(
    roots: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event tells of them; nor of another setting."""
    root = roots()
    with App(load(root)) as app:
        story = Story(app.ledger, random.Random(5))
        for _ in range(25):
            story.go_on()
        before = shown(app, story.now)
        for name, value in (("draft", {"title": "Another"}), ("slot", {"draft": "d1"}), ("slot", {"excused": "ill"})):
            with app.ledger.write() as connection:
                connection.execute(update(table(name)).where(column("id").is_not(None)).values(**value))
            assert before != (before := shown(app, story.now)) == anew(app, story.now, monkeypatch)
        other = app.by(load(root))
        other.workspace.series["notes"] = other.workspace.series["friday"]
        assert before != shown(other, story.now) == anew(other, story.now, monkeypatch)


@pytest.mark.parametrize("deliveries", [100, 400])
def test_of_past_slots_nothing_is_read_or_built_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, deliveries: int
) -> None:
    """But the slots themselves and their drafts: the same few of a long past as of a short one."""
    app, looked = bench.set_up(SETTINGS, {}), Counter[str]()
    fill(app.ledger, MORNING, drafts=40, deliveries=deliveries, channels=2)
    first = shown(app, MORNING)
    read, see = Ledger.alike_deliveries_of, slot_view._seen

    def reads(ledger: Ledger, ids: Any) -> Any:
        asked = [*ids]
        looked["read"] += len(asked)
        return read(ledger, asked)

    def sees(*given: Any) -> Any:
        looked["seen"] += 1
        return see(*given)

    monkeypatch.setattr(Ledger, "alike_deliveries_of", reads)
    monkeypatch.setattr(slot_view, "_seen", sees)
    app.ledger.ticked(MORNING)
    assert shown(app, MORNING) == first
    assert sum(map(len, first.days.values())) > deliveries // 2
    assert looked == {"read": 24, "seen": 24}  # those of the last day, which another clock may call coming
