"""Rounds of comments: drawn once when the late window is over, seen done by file, feed or a person's word."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import pytest
from class_bench import handed_in
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, ZONE, Bench

from steadycast import pipeline
from steadycast.alarms.send import send
from steadycast.classes.model import Class, Seat
from steadycast.cli import rounds as commands
from steadycast.errors import InputError
from steadycast.ledger.connection import table
from steadycast.ledger.tables import CommentRow
from steadycast.pipeline import App, rounds, turns
from steadycast.pipeline.round_alarms import alarms_of_rounds

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
CLASS = """
[class.c16]
title = "16班"
every = "week on sun at 20:00"
start = 2026-11-02
late = "4h"
comment = { each = 2, within = "24h", least = 20 }
"""
SETTINGS = COMMUNITY + CLASS + DAILY + SITE + FAR
DUE = dt.datetime(2026, 11, 22, 20, tzinfo=ZONE)  # the Sunday before the bench's Monday
CLOSED = DUE + 4 * HOUR
SLOT = "c16@2026-11-22T20:00"
SEATS = [Seat(name, "c16", group="1" if n < 3 else "2") for n, name in enumerate(["alice", "bob", "cui", "dan", "eve"])]
NAMES = [seat.member for seat in SEATS]
WORDS = "I read it twice, and the rain is the best of it."


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS)


def hand_in(app: App, *members: str, verdict: str = "kept", due: dt.datetime = DUE) -> None:
    for member in members:
        handed_in(app, due, {member: verdict}, draft=f"draft{member}")


def the_class(app: App) -> Class:
    return app.workspace.classes["c16"]


def draw(app: App, now: dt.datetime = CLOSED, seats: Sequence[Seat] = SEATS, unseen: Sequence[str] = ()) -> list[str]:
    return rounds.draw_rounds(app, the_class(app), seats, now, unseen)


def pairs(app: App, slot: str = SLOT) -> set[tuple[str, str]]:
    return {(row.reviewer, row.author) for row in app.ledger.round_of("c16", slot)}


def row_of(app: App, reviewer: str, author: str) -> CommentRow:
    return next(row for row in app.ledger.round_of("c16", SLOT) if (row.reviewer, row.author) == (reviewer, author))


def test_a_round_is_drawn_once_and_no_later_roster_changes_it(app: App) -> None:
    """When the late window is over, among those who handed in, late ones too; what was missed or made up is in none."""
    hand_in(app, "alice", "bob", "cui", "dan")
    hand_in(app, "eve", verdict="missed")
    assert draw(app, CLOSED - HOUR / 60) == []
    assert draw(app) == [SLOT]
    drawn = pairs(app)
    assert drawn == {("alice", "bob"), ("bob", "cui"), ("cui", "dan"), ("dan", "alice")}
    assert {row.due for row in app.ledger.round_of("c16", SLOT)} == {CLOSED + DAY}
    assert draw(app, CLOSED + HOUR, list(reversed(SEATS))) == []
    assert pairs(app) == drawn
    found = rounds.round_of(app, "c16")
    assert found is not None
    assert (found.slot, found.done, found.alone) == (SLOT, 0, ("alice", "bob", "cui", "dan"))


def test_pairs_that_met_come_last(app: App) -> None:
    """A week later everybody gets somebody else, as long as there is one."""
    hand_in(app, *NAMES, due=DUE)
    hand_in(app, *NAMES, due=DUE + 7 * DAY)
    draw(app)
    assert draw(app, CLOSED + 7 * DAY) == ["c16@2026-11-29T20:00"]
    assert len(pairs(app)) == len(pairs(app, "c16@2026-11-29T20:00")) == 10
    assert not pairs(app) & pairs(app, "c16@2026-11-29T20:00")


def test_a_round_of_groups_stays_within_them(bench: Bench) -> None:
    """`of = "group"`: two of a group get each other, and one alone gets nobody."""
    app = bench.set_up(SETTINGS.replace("least = 20", 'least = 20, of = "group"'))
    hand_in(app, "alice", "bob", "cui", "dan")
    draw(app)
    assert pairs(app) == {("alice", "bob"), ("bob", "cui"), ("cui", "alice")}


def test_a_round_waits_for_who_cannot_be_seen_as_long_as_comments_may_take(app: App) -> None:
    """Then it is drawn without them, and all have the whole time to comment."""
    hand_in(app, "alice", "bob", "cui")
    assert draw(app, CLOSED + 23 * HOUR, unseen=[SLOT]) == []
    assert draw(app, CLOSED + 24 * HOUR, unseen=[SLOT]) == [SLOT]
    assert row_of(app, "alice", "bob").due == CLOSED + 47 * HOUR
    hand_in(app, "alice", "bob", due=DUE - 14 * DAY)
    assert draw(app, CLOSED + 24 * HOUR) == []  # too long ago for anybody to comment on


def test_a_comment_is_seen_in_a_file_that_names_its_author_or_links_to_the_piece(bench: Bench, app: App) -> None:
    """Long enough, and no draft: it waits for nobody, and is published nowhere."""
    bench.drop("ugc/bob/rain.md", f"---\ncanonical_url: https://bob.example/rain\n---\n# Rain\n\n{WORDS}\n")
    bench.drop("ugc/dan/one.md", "# One\n\nIt rains.\n")
    pipeline.collect(app, CLOSED - 5 * HOUR)
    by_path = {row.path: row for row in app.ledger.drafts()}
    hand_in(app, "alice", "bob", "cui", "dan")
    with app.ledger.write() as connection:
        connection.execute(
            table("handin").update().where(table("handin").c.member == "bob"), {"draft": by_path["ugc/bob/rain.md"].id}
        )
    draw(app)
    bench.drop("ugc/alice/another.md", f"# Not his\n\n{WORDS} <https://bob.example/rain2>\n")
    pipeline.collect(app, CLOSED - HOUR)
    assert rounds.look_for_comments(app, turns.rolls(app), CLOSED) == 0
    bench.drop("ugc/alice/on-bob.md", f"# On rain\n\n{WORDS} <https://bob.example/rain>\n")
    bench.drop("ugc/bob/on-cui.md", f"---\ncomment_on: cui\n---\n{WORDS}\n")
    bench.drop("ugc/cui/on-dan.md", "---\n点评: dan\n---\nToo short.\n")
    bench.drop("ugc/dan/on-bob.md", f"---\ncomment_on: bob\n---\n{WORDS}\n")
    pipeline.collect(app, CLOSED + HOUR)
    assert rounds.look_for_comments(app, turns.rolls(app), CLOSED + HOUR) == 2
    found = rounds.round_of(app, "c16")
    assert found is not None
    assert [(each.reviewer, each.how) for each in found.comments if each.done_at] == [
        ("alice", "file"),
        ("bob", "file"),
    ]
    assert set(found.alone) == {"dan", "alice"}
    states = {row.path: row.state for row in app.ledger.drafts()}
    assert states["ugc/bob/on-cui.md"] == "not-ready"
    assert rounds.look_for_comments(app, turns.rolls(app), CLOSED + 2 * HOUR) == 0


def test_a_persons_word_closes_a_comment_once(app: App) -> None:
    """Who was not drawn owes nothing, and one that was seen stays as it was seen."""
    hand_in(app, "alice", "bob", "cui", "dan")
    draw(app)
    told = rounds.say_done(app, "alice", "bob", CLOSED + HOUR)
    assert (told.how, told.done_at, row_of(app, "alice", "bob").done_at) == ("person", CLOSED + HOUR, CLOSED + HOUR)
    assert rounds.say_done(app, "alice", "bob", CLOSED + 2 * HOUR).done_at == CLOSED + HOUR
    with pytest.raises(InputError, match="was not drawn"):
        rounds.say_done(app, "alice", "cui", CLOSED + HOUR)
    assert rounds.owed_by(app, "alice", CLOSED + HOUR)[0].done_at == CLOSED + HOUR
    assert rounds.owed_by(app, "eve", CLOSED + HOUR) == []


def test_authors_without_a_comment_are_named_a_day_after_it_was_due(app: App) -> None:
    """And no more once each has one, or once the next round has come so far."""
    hand_in(app, "alice", "bob", "cui")
    draw(app)
    due = CLOSED + DAY
    assert rounds.left_alone(app, the_class(app), due + DAY) is None
    left = rounds.left_alone(app, the_class(app), due + DAY + HOUR)
    assert left is not None
    assert left.alone == ("alice", "bob", "cui")
    for reviewer, author in pairs(app):
        rounds.say_done(app, reviewer, author, due + DAY)
    assert rounds.left_alone(app, the_class(app), due + DAY + HOUR) is None


def test_the_commands_show_a_round_and_close_a_comment(
    app: App, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 once comments are due and somebody has none; a class that is not there is told with those that are."""
    monkeypatch.chdir(bench.root)
    now = CLOSED + HOUR
    monkeypatch.setattr(pipeline, "now", lambda: now)
    (bench.root / "roster.csv").write_text(
        "id,title,class\n" + "".join(f"{name},{name.title()},c16\n" for name in NAMES), encoding="utf-8"
    )
    assert commands.round_() == 0
    assert "No round has been drawn" in capsys.readouterr().out
    hand_in(app, "alice", "bob", "cui")
    assert rounds.see_to(app, now) == 0
    assert commands.round_("c16") == 0
    shown = capsys.readouterr().out
    assert "Alice" in shown
    assert "Without a comment: Alice, Bob, Cui" in shown
    now = CLOSED + DAY + HOUR
    assert commands.round_() == 1
    capsys.readouterr()
    assert commands.comment_done("alice", "bob") == 0
    assert "2 members have none yet." in capsys.readouterr().out
    assert commands.comment_done("bob", "cui", json=True) == 0
    assert json.loads(capsys.readouterr().out)["how"] == "person"
    assert commands.round_(json=True) == 1
    assert json.loads(capsys.readouterr().out)["alone"] == ["alice"]
    with pytest.raises(InputError, match="there is no class"):
        commands.round_("c17")


def test_alarms_tell_of_authors_without_a_word_and_of_turns_that_nobody_has_by_no_members_name(
    bench: Bench,
) -> None:
    """They may be read in a group. Each is gone once it is fixed."""
    app = bench.set_up(SETTINGS.replace("start = 2026-11-02", 'start = 2026-11-02\nturn = "month"'))
    file = bench.root / "roster.csv"
    file.write_text("id,class,left\n" + "".join(f"{name},c16,\n" for name in NAMES), encoding="utf-8")
    hand_in(app, "alice", "bob", "cui")
    now = CLOSED + 2 * DAY + HOUR
    rounds.see_to(app, now - 2 * DAY)
    turns.see_to(app, now)
    (told,) = alarms_of_rounds(app, now)
    assert told.key == "class:c16:alone"
    assert send([told], ["json://one"], lambda _url, title, _text: title == "Classes")
    assert told.text == "16班: nobody has commented on the hand-ins of 3 members. `steadycast class round` shows whose."
    for reviewer, author in pairs(app):
        rounds.say_done(app, reviewer, author, now)
    assert alarms_of_rounds(app, now) == []
    file.write_text("id,class,left\n" + "".join(f"{name},c16,2026-12-01\n" for name in NAMES), encoding="utf-8")
    assert alarms_of_rounds(app, CLOSED + HOUR) == []  # more than a week ahead
    (told,) = alarms_of_rounds(app, now)
    assert (told.key, told.text.partition(".")[0]) == ("class:c16:noturn", "16班: nobody is on duty in 2026-12")


def test_of_two_draws_at_once_one_stays(app: App) -> None:
    """The second saw another roster: both together would be a round of twice as many comments."""

    def pair(reviewer: str, author: str) -> CommentRow:
        return CommentRow(the_class="c16", slot=SLOT, reviewer=reviewer, author=author, due=CLOSED)

    assert app.ledger.put_round([pair("alice", "bob"), pair("bob", "alice")]) == 2
    assert app.ledger.put_round([pair("alice", "cui"), pair("cui", "alice")]) == 0
    assert {row.author for row in app.ledger.round_of("c16", SLOT)} == {"alice", "bob"}
