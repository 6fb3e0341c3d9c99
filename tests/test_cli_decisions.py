"""Decisions by command, and how a table tells them: an archive approved or rejected by its dates, a kit confirmed with the time it was posted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from command_line import BAD_INPUT, KIT, OK, SITE_ONLY, stocked
from conftest import row_of
from pipeline_bench import EVENING, Bench, article

from steadycast import pipeline
from steadycast.ledger.tables import DeliveryRow

OLD = "---\ntitle: Old {n}\ndate: {day}\n---\nWords of a day long gone, number {n}.\n"


@pytest.fixture
def archive(bench: Bench) -> None:
    """Twelve drafts of 2019 that came at once, and one of today."""
    drafts = {f"pgc/{n:02}.md": OLD.format(n=n, day=f"2019-{n:02}-01") for n in range(1, 13)}
    bench.set_up(SITE_ONLY, drafts | {"pgc/today.md": article("Today")})


def states(told: Callable[..., Any]) -> Any:
    return {row["path"]: row["state"] for row in told("list")}


def test_an_archive_is_approved_by_one_command(
    bench: Bench,
    archive: None,
    run: Callable[..., tuple[int, str, str]],
    told: Callable[..., Any],
) -> None:
    run("intake", code=1)
    assert list(states(told).values()).count("archive") == 12
    out = run("approve", "--archive", "--by", "ann", code=OK)[1]
    assert out.count("approved  Old ") == 12
    assert set(states(told).values()) <= {"stock", "planned"}
    assert {row.approved_by for row in bench.app.ledger.drafts() if row.title.startswith("Old")} == {"ann"}


def test_what_is_dated_before_a_day_is_rejected_by_one_command(
    bench: Bench,
    archive: None,
    run: Callable[..., tuple[int, str, str]],
    told: Callable[..., Any],
) -> None:
    """Only that: what is younger, and what is of today, stands as it was."""
    run("intake", code=1)
    out = run("reject", "--all", "--before", "2019-07-01", code=OK)[1]
    assert out.count("rejected  Old ") == 6
    found = states(told)
    assert sorted(path for path, state in found.items() if state == "rejected") == [
        f"pgc/{n:02}.md" for n in range(1, 7)
    ]
    assert {found[f"pgc/{n:02}.md"] for n in range(7, 13)} == {"archive"}
    assert found["pgc/today.md"] in {"stock", "planned"}


@pytest.mark.parametrize("words", [["--all"], ["--before", "2019-07-01"]])
def test_all_and_before_belong_together(
    bench: Bench, archive: None, run: Callable[..., tuple[int, str, str]], words: Any
) -> None:
    assert "belong together" in run("reject", *words, code=BAD_INPUT)[2]


MORNING_AFTER = EVENING + dt.timedelta(hours=11)


@pytest.fixture
def kit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> DeliveryRow:
    """A kit that was laid at its hour; it is the next morning now."""
    app = stocked(bench, KIT)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.clock.advance(EVENING - bench.clock.now())
    pipeline.publish(app)
    monkeypatch.setattr(pipeline, "now", lambda: MORNING_AFTER)
    (row,) = [d for d in app.ledger.deliveries() if d.state == "handed"]
    return row


@pytest.mark.parametrize(
    ("said", "at", "verdict"),
    [
        (["--at", "20:03"], EVENING + dt.timedelta(minutes=3), "kept"),
        (["--at", "2026-11-23 20:03"], EVENING + dt.timedelta(minutes=3), "kept"),
        (["--at", "2026-11-23T21:30"], EVENING + dt.timedelta(minutes=90), "late"),
        ([], MORNING_AFTER, "late"),
    ],
)
def test_a_kit_is_confirmed_with_the_time_it_was_posted(
    bench: Bench, run: Callable[..., tuple[int, str, str]], kit: DeliveryRow, said: Any, at: Any, verdict: str
) -> None:
    """Without it, what was there at its minute is late in the record, because a person said so in the morning."""
    out = run("confirm", kit.marker, "--url", "https://hand.example/1/a", *said, code=OK)[1]
    assert "is confirmed: https://hand.example/1/a" in out
    row = row_of(bench.app.ledger, kit.id)
    assert (row.state, row.finished, row.verdict) == ("confirmed", at, verdict)


@pytest.mark.parametrize(
    ("said", "why"), [("yesterday", "is no time"), ("25:00", "is no time"), ("2026-11-24 09:00", "is still to come")]
)
def test_a_time_that_cannot_be_confirms_nothing(
    bench: Bench, run: Callable[..., tuple[int, str, str]], kit: DeliveryRow, said: str, why: str
) -> None:
    assert why in run("confirm", kit.marker, "--url", "https://hand.example/1/a", "--at", said, code=BAD_INPUT)[2]
    assert row_of(bench.app.ledger, kit.id).state == "handed"


def test_a_long_name_leaves_room_for_the_other_columns(
    bench: Bench,
    run: Callable[..., tuple[int, str, str]],
    told: Callable[..., Any],
) -> None:
    """A member's folder may have two hundred characters: a table shows the beginning, its path and JSON all of it."""
    name = "n" * 200
    bench.set_up(SITE_ONLY, {f"ugc/{name}/a.md": article("A title of some words")})
    shown = run("intake")[1]
    listed = run("list", code=OK)[1]
    for out in (shown, listed):
        assert "n" * 39 + "…" in out
        assert "A title of some words" in out
        assert out.count("n") >= 39 + 200, "the path is folded, and whole"
    assert [row["member"] for row in told("list")] == [name]


def test_a_large_archive_is_told_in_one_line_with_its_commands(
    bench: Bench,
    archive: None,
    run: Callable[..., tuple[int, str, str]],
    told: Callable[..., Any],
) -> None:
    bench.drop("pgc/03.md", OLD.format(n=3, day="2019-03-01") + "\nSee [that](away.md), [that](away.md).\n")
    _, out, _ = run("intake", code=1)
    assert "Old " not in out
    assert "pgc/03.md" not in out
    assert "pgc/today.md" in out
    (line,) = [line for line in out.split("\n") if "held as archive" in line]
    assert all(way in line for way in ("12 old drafts", "backfill", "approve --archive", "reject --all --before"))
    assert "12 held until a person decides" in out
    assert "could not be taken in" not in out
    assert len([row for row in told("list") if row["state"] == "archive"]) == 12


def test_the_main_job_tells_a_large_archive_in_one_line_too(
    bench: Bench, archive: None, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.drop("pgc/03.md", OLD.format(n=3, day="2019-03-01") + "\nSee [that](away.md).\n")
    out = run("up", "--once", code=1)[1]
    assert "12 held until a person decides" in out
    assert "pgc/03.md" not in out


def test_what_is_held_by_decision_is_told_apart_from_what_could_not_be_read(
    bench: Bench,
    archive: None,
    run: Callable[..., tuple[int, str, str]],
    told: Callable[..., Any],
) -> None:
    bench.drop("pgc/copy.md", article("Today"))
    bench.drop("pgc/broken.md", "---\ntitle: [a\n---\nWords.\n")
    changes = told("intake")["changes"]
    assert sum(row["state"] == "archive" for row in changes) == 12
    said = told("status")["summary"]
    assert "1 file or feed could not be taken in: `steadycast check`" in said
    assert "12 drafts held as archive: `steadycast list --state archive`" in said
    assert [row["message"] for row in told("status")["waiting"]] == ["is a copy of pgc/copy.md"]
    checked = run("check", code=1)[1]
    assert "12 old drafts came at once" in checked
    assert "pgc/today.md: is a copy of pgc/copy.md" in checked
