"""Commands about deliveries, as an operator uses them: kits, doubts, refusals, rehearsals, previews."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from typing import Any

import pytest
from command_line import A_PERSON, BAD_INPUT, KIT, OK, SITE_ONLY, stocked
from pipeline_bench import SETTINGS, Bench

from steadycast import pipeline


def test_a_slot_that_was_named_and_has_no_draft_needs_a_person(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A script that publishes by hand must not take "nothing was there to send" for done; when nothing is due, that is fine."""
    bench.set_up(SITE_ONLY)
    run("plan", code=A_PERSON)
    assert "no draft yet" in run("publish", "daily", code=A_PERSON)[1]
    assert "Nothing is due." in run("publish", code=OK)[1]


def test_what_had_gone_out_before_is_told_as_such(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    """Whoever repeats a publish must see that this time nothing left."""
    stocked(bench, SITE_ONLY)
    run("intake", code=OK)
    assert run("publish", "daily", code=OK)[1].splitlines()[-1] == "1 published"
    said = run("publish", "daily", code=OK)[1].splitlines()[-1]
    assert said == "it had gone out before, and nothing was sent now: 1 published"
    assert [row["state"] for row in told("publish", "daily")] == ["published"]


def test_a_kit_that_lay_ready_is_told_as_such(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    stocked(bench, KIT)
    run("intake", code=OK)
    run("publish", "daily", "--channel", "hand", code=OK)
    again = run("publish", "daily", "--channel", "hand", code=OK)[1]
    assert "it lay ready before, and nothing was made now: 1 handed" in again
    both = run("publish", "daily", code=OK)[1]
    assert "1 published; 1 had gone out before, and was not sent again" in both


def test_a_kit_from_hand_to_confirmation(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, KIT)
    run("intake", code=OK)
    out = run("publish", "daily", code=OK)[1]
    assert str(bench.root / "var" / "out" / "hand") in out
    (waits,) = told("status")["waiting"]
    assert "`steadycast confirm" in waits["say"]
    assert run("confirm", waits["id"], "--url", "https://evil.example/1", code=BAD_INPUT)[2].count("\n") == 1
    assert "is confirmed" in run("confirm", waits["id"], "--url", "https://hand.example/1/a", code=OK)[1]
    run("status", code=OK)


def test_the_main_job_says_what_waits_and_its_code_is_of_this_run_alone(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A kit that waits to be posted went as it should: the job ends with 0 and names it, `status` ends with 1."""
    stocked(bench, KIT)
    run("intake", code=OK)
    run("publish", "daily", code=OK)
    assert "One thing needs you: `steadycast status`" in run("up", "--once", code=OK)[1]
    said = run("status", code=A_PERSON)[1]
    assert "handed" in said
    assert "what is due was last looked at" in said


def test_an_unknown_delivery_is_settled_by_a_persons_word(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, SETTINGS.replace('platform = "far"', 'platform = "blind"'))
    run("intake", code=OK)
    bench.far("cut")
    assert "unknown" in run("publish", "daily", code=A_PERSON)[1]
    (waits,) = told("status")["waiting"]
    assert "`steadycast settle" in waits["say"]
    assert "is there" in run("settle", waits["id"], "--url", "https://far.example/1", code=OK)[1]


def test_a_refusal_is_shown_with_its_reason(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    stocked(bench, SETTINGS)
    run("intake", code=OK)
    bench.far("refuse")
    assert "bad content" in run("publish", "daily", code=A_PERSON)[1]
    assert "bad content" in run("status", code=A_PERSON)[1]


def test_what_the_report_says_to_type_sends_a_refused_delivery_again(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, SETTINGS)
    run("intake", code=OK)
    bench.far("refuse")
    run("publish", "daily", code=A_PERSON)
    (refused,) = told("report")["record"]["waiting"]
    run(*refused["command"].split()[1:], code=OK)
    bench.far("accept")
    assert "refused" not in run("publish", "daily", code=OK)[1]


def test_where_a_page_lies_is_shown_beside_its_address(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    app = stocked(bench)
    run("intake", code=OK)
    out = run("publish", "daily", code=OK)[1]
    assert "https://readers.example/daily/" in out
    assert str(app.workspace.out / "site" / "daily") in out


@pytest.mark.parametrize("words", [["publish", "daily"], ["publish", "--draft", "pgc/1.md"], ["backfill", "."]])
def test_a_channel_that_gets_nothing_of_it_is_said_with_those_that_do(
    bench: Bench, run: Callable[..., tuple[int, str, str]], words: Any
) -> None:
    """Not "nothing is due", nor a record of what that channel never had."""
    app = stocked(bench, SITE_ONLY + '[channel.pod]\nplatform = "paste"\nforms = ["audio"]\n')
    run("intake", code=OK)
    named = ["--series", "daily"] if words[0] == "backfill" else []
    err = run(*words, *named, "--channel", "pod", code=BAD_INPUT)[2]
    assert "does not go to pod" in err
    assert "pod" not in {delivery.channel for delivery in app.ledger.deliveries()}


def test_a_rehearsal_shows_what_would_be_sent(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    app = stocked(bench)
    run("intake", code=OK)
    assert "would send" in run("publish", "daily", "--dry-run", code=OK)[1]
    shown = " ".join(run("publish", "--draft", "pgc/1.md", "--dry-run", code=OK)[1].split())
    assert "by hand" in shown, "it keeps no slot of a series"
    assert " draft " not in shown.partition("rehearsal")[2]
    assert not (app.workspace.out / "site").exists()
    assert "  by hand on site: " in run("publish", "--draft", "pgc/1.md", code=OK)[1]


@pytest.mark.parametrize(("ahead", "hint"), [(10, "steadycast plan"), (60, "steadycast plan --days 60")])
def test_a_series_beyond_the_plan_says_what_plans_its_next_slot(
    bench: Bench, run: Callable[..., tuple[int, str, str]], ahead: int, hint: str
) -> None:
    """Plain `plan` where that reaches it; and what it says to type does it."""
    day = pipeline.now() + dt.timedelta(days=ahead, hours=-1)
    rule = f"FREQ=YEARLY;BYMONTH={day.month};BYMONTHDAY={day.day};BYHOUR={day.hour};BYMINUTE={day.minute}"
    in_utc = SITE_ONLY.replace("Asia/Shanghai", "UTC").replace('every = "day at 20:00"', f'rrule = "{rule}"')
    pipeline.collect(stocked(bench, in_utc), pipeline.now())
    said = run("publish", "daily", code=BAD_INPUT)[2]
    assert f"is not planned yet (`{hint}` plans it)" in said
    run(*hint.split()[1:])
    assert "published" in run("publish", "daily", code=OK)[1]


def test_a_preview_is_a_page(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    stocked(bench, SETTINGS)
    out = run("preview", "pgc/1.md", code=OK)[1]
    assert "site: title 7" in out
    page = next(line.split()[-1] for line in out.splitlines() if line.startswith("Page"))
    assert os.path.exists(page)
