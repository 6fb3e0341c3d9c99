"""What the gates of a copy count: from the ledger, the plan and the rosters, to the desk's page and the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

from desk_bench import KEY, Desk
from pipeline_bench import MORNING, SETTINGS, Bench, article

from steadycast import pipeline
from steadycast.ledger.tables import CommentRow, HandInRow, MemberStandingRow
from steadycast.ops.copying import passed
from steadycast.ops.ready import counted, ready

READING = """
[class.reading]
title = "Reading"
every = "week on sun at 20:00"
start = 2026-08-03
turn = "month"
comment = { each = 1 }

[ready]
sentence = "We read aloud."
members = 2
"""
ROSTER = "id,title,class,joined\nalice,Alice,reading,2026-08-03\nbob,Bob,reading,2026-11-16\n"
DAY = dt.timedelta(days=1)


def hand_in(member: str, week: int, verdict: str, **more: Any) -> HandInRow:
    due = MORNING - week * 7 * DAY
    return HandInRow(
        the_class="reading", slot=f"reading@{due:%Y-%m-%dT%H:%M}", member=member, due=due, verdict=verdict, **more
    )


def test_a_class_its_turns_and_its_comments_are_counted(bench: Bench) -> None:
    """Of the last four duties those that were met or made up; excused ones are none. A turn that goes on is not over."""
    app = bench.set_up(SETTINGS + READING, {"ugc/bob/1.md": article("Mine")})
    (bench.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    app = bench.open()
    app.ledger.put_hand_ins([
        hand_in("alice", 1, "kept", at=MORNING - 7 * DAY), hand_in("alice", 2, "excused"), hand_in("alice", 3, "missed", made_up_at=MORNING - 20 * DAY),
        hand_in("alice", 4, "late"), hand_in("alice", 5, "missed"), hand_in("alice", 6, "kept"),
        hand_in("bob", 1, "missed"),
    ])  # fmt: skip
    app.ledger.put_turns([
        MemberStandingRow(member=who, the_class="reading", at=MORNING, what=what, first=f"2026-{month}-01", last=f"2026-{month}-30")
        for who, what, month in (("alice", "turn", "09"), ("bob", "turn", "10"), ("alice", "lead", "10"), ("alice", "turn", "11"))
    ])  # fmt: skip
    app.ledger.put_round([
        CommentRow(the_class="reading", slot="reading@x", reviewer=a, author=b, due=MORNING - DAY, done_at=done)
        for a, b, done in (("alice", "bob", MORNING - DAY), ("bob", "alice", None))
    ])  # fmt: skip
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    found = counted(app, MORNING + DAY, "We read.")
    assert found.core == {"alice": 3, "bob": 1}
    assert found.turns == [["alice", "bob"]]
    assert found.comments == (1, 2)
    assert (found.early, found.stayed) == (1, 1), "alice joined in August, and handed in"
    assert found.active == 1
    assert found.runways == {"Daily": 0}
    assert found.rituals is None
    assert found.waits == [DAY], "bob's draft waits for a word"
    assert found.founder is found.absence is None, "no slot has carried anything"


def test_decisions_and_what_went_out_are_counted_over_people(bench: Bench) -> None:
    drafts = {f"ugc/{who}/{n}.md": article(f"{who} {n}") for who in ("alice", "bob") for n in range(3)}
    app = bench.set_up(SETTINGS, drafts)
    pipeline.collect(app, MORNING)
    bobs = [row for row in app.ledger.drafts(("waiting",)) if row.member == "bob"]
    for row, by in zip(bobs, ("ann", "ann", "ben"), strict=True):
        assert app.ledger.approve(row.id, row.revision, by, MORNING)
    for day in range(3):
        pipeline.plan(app, app.clock.now())
        bench.at(23 + day, 20, 0)
        pipeline.publish(app)
    found = counted(app, app.clock.now() + DAY)
    assert found.decisions == {"ann": 2, "ben": 1}
    assert found.active == 2
    assert found.absence == 1, "two of three slots were one member's"
    assert found.founder == 0.0
    assert not passed(ready(app, app.clock.now()))


def test_the_page_and_the_api_tell_each_gate(bench: Bench, monkeypatch: Any) -> None:
    app = bench.set_up(SETTINGS + READING)
    (bench.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    kept = 'community = "<b>Old</b>"\nat = 2026-10-01T00:00:00Z\nsentence = "We <i>walk</i>."\n'
    (bench.root / "copied_from.toml").write_text(kept, encoding="utf-8")
    monkeypatch.setattr(pipeline, "now", lambda: MORNING)
    asked = len(ready(app, MORNING))
    with Desk(bench.root).up() as desk:
        page = desk.get("/settings/ready").text
        told = desk.get("/api/v1/ready", Authorization=f"Bearer {KEY}").json()
        assert 'href="/settings/ready"' in desk.get("/settings").text
    assert "2 members or more" in page
    assert "cannot be counted: 0 turns are over" in page
    assert "began as a copy of &lt;b&gt;Old&lt;/b&gt;" in page
    assert "We &lt;i&gt;walk&lt;/i&gt;." in page
    assert [row["name"] for row in told] == [gate.name for gate in ready(app, MORNING)]
    assert len(told) == asked == 12
    assert next(row for row in told if row["name"] == "sentence")["ok"] is True
