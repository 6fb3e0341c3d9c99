"""The command line as scripts and operators use it: exit codes, JSON with known keys, one line for what is wrong."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import draft_of
from pipeline_bench import COMMUNITY, DAILY, MORNING, SETTINGS, SITE, Bench, article

from steadycast import pipeline
from steadycast.cli import main
from steadycast.cli.up import watch
from steadycast.testing import drop
from steadycast.workspace import load

OK, A_PERSON, BAD_INPUT, LEDGER = 0, 1, 2, 3
SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE
KIT = COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + '[channel.hand]\nplatform = "paste"\n'


@pytest.fixture
def told(run: Callable[..., tuple[int, str, str]]) -> Callable[..., Any]:
    """What a command tells as JSON; its exit code may be any but an error's."""

    def told(*words: Any) -> Any:
        code, out, err = run(*words, "--json")
        assert code in (OK, A_PERSON), err
        return json.loads(out)

    return told


def stocked(bench: Bench, settings: Any = SITE_ONLY, drafts: int = 20) -> Any:
    return bench.set_up(settings, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(drafts)})


def test_a_day_at_the_desk(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    """Take in, plan, publish, look, report: each says what it did, and succeeds."""
    stocked(bench)
    assert "20 new" in run("intake", code=OK)[1]
    assert "plan: 14 slots in 14 days, each with a draft" in run("plan", code=OK)[1]
    assert "published" in run("publish", "daily", code=OK)[1]
    assert "Nothing is due." in run("publish", code=OK)[1]
    run("verify", code=OK)
    assert "Nothing waits for a person." in run("status", code=OK)[1]
    assert "index.html" in run("report", code=OK)[1]
    assert "planned" in run("list", "--state", "planned", code=OK)[1]


KEYS = {
    "check": {"path", "line", "message", "hint"},
    "list": {
        "id",
        "title",
        "path",
        "form",
        "origin",
        "member",
        "state",
        "edited_since_approval",
        "changed",
        "revision",
        "where",
    },
    "plan": {"when", "series", "title", "member", "origin", "state", "why", "id", "channels", "draft"},
    "publish daily": {"when", "series", "title", "channel", "state", "link", "file", "id", "slot", "message"},
    "publish daily --dry-run": {"when", "series", "title", "channel", "state", "link", "file", "id", "slot", "message"},
    "channel list": {"platform", "title", "delivery", "forms", "from", "channels", "limits"},
    "intake": {"changes", "summary"},
    "status": {"waiting", "delayed", "next", "counts", "problems", "last_tick", "summary"},
    "deploy --check": {"differences", "written"},
}


@pytest.mark.parametrize("command", sorted(KEYS))
def test_json_has_known_keys_and_nothing_beside_it(
    bench: Bench, told: Callable[..., Any], run: Callable[..., tuple[int, str, str]], command: Any
) -> None:
    stocked(bench)
    run("intake", "--json")
    if command == "check":
        bench.drop("pgc/broken.md", "---\ntitle: [\n")
    found = told(*command.split())
    rows = found if isinstance(found, list) else [found]
    assert rows
    assert all(set(row) == KEYS[command] for row in rows)


def test_the_reports_json_is_the_reports(bench: Bench, told: Callable[..., Any]) -> None:
    app = stocked(bench)
    found = told("report")
    assert found == json.loads((app.workspace.out / "report" / "report.json").read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["publish", "dayly"], "did you mean 'daily'"),
        (["publish", "--channel", "sit"], "did you mean 'site'"),
        (["publish", "--slot", "daily@2026"], "there is no slot"),
        (["publish", "--bogus"], "`steadycast publish --help` shows how"),
        (["withdraw", "one.md"], "--why is missing (`steadycast withdraw --help` shows how)"),
        (["revise"], "DRAFT is missing (`steadycast revise --help` shows how)"),
        (["publish", "daily", "--draft", "pgc/1.md"], "series and draft are different things to publish (name one"),
        (["publish", "--draft", "1", "--slot", "daily@2026-11-23T20:00", "--dry-run"], "draft and slot are different"),
        (["publish", "--draft", ""], "there is no draft ''"),
        (["publish", "--draft", " ", "--dry-run"], "there is no draft ' '"),
        (["publish", "--slot", ""], "there is no slot ''"),
        (["publish", "--channel", ""], "there is no channel ''"),
        (["publish", ""], "there is no series ''"),
        (["frobnicate"], "`steadycast --help` shows how"),
        (["approve"], "name a draft"),
        (["approve", "nobody.md"], "`steadycast list` shows them"),
        (["confirm", "abc", "--url", "https://a.example/"], "there is no delivery 'abc'"),
        (["settle", "abc"], "exactly one of"),
        (["settle", "abc", "--absent", "--again"], "exactly one of"),
        (["preview", "nobody.md"], "there is no draft"),
        (["backfill", "nowhere", "--series", "daily"], "check the spelling"),
        (["backfill", "nowhere", "--series", "dayly"], "did you mean 'daily'"),
        (["channel", "eject", "page"], "did you mean 'pages'"),
        (["plan", "--days", "soon"], "plan --help"),
        (["plan", "--days", "0"], "Must be >= 1"),
        (["plan", "--days", "100000"], "Must be <= 3660"),
        (["render", "--jobs", "0"], "Must be >= 1"),
        (["up", "--once", "--port", "70000"], "Must be <= 65535"),
        (["publsh"], 'Did you mean "publish"? (`steadycast --help` shows how)'),
    ],
)
def test_a_slip_is_one_line_with_its_mend_and_code_2(
    bench: Bench, run: Callable[..., tuple[int, str, str]], words: Any, said: str
) -> None:
    bench.set_up(SITE_ONLY)
    _, out, err = run(*words, code=BAD_INPUT)
    assert out == ""
    assert err.startswith("steadycast: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["init", "steadycast.toml"], "name another place"),
        (["report", "--out", "steadycast.toml/x"], "name another place"),
        (["restore", "content"], "name a file"),
        (["restore", "nowhere.tar"], "check the spelling"),
    ],
)
def test_a_place_that_cannot_be_is_said_with_its_mend(
    bench: Bench, run: Callable[..., tuple[int, str, str]], words: Any, hint: str
) -> None:
    bench.set_up(SITE_ONLY)
    err = run(*words, code=BAD_INPUT)[2]
    assert hint in err
    assert err.count("\n") == 1


def test_outside_a_workspace_it_says_how_to_make_one(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert "steadycast init" in run("plan", code=BAD_INPUT)[2]


def test_a_gap_needs_a_person_and_an_empty_desk_is_told_what_to_do(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    out = run("plan", code=A_PERSON)[1]
    assert "14 without a draft, the first daily at" in out
    assert "`steadycast intake`" in out
    waits = run("status", code=A_PERSON)[1]
    assert "no draft suits this slot of daily: write one, or approve one" in waits
    assert "`steadycast intake`" in waits
    run("intake", code=OK)
    assert "`steadycast intake`" not in run("status", code=OK)[1]
    assert "`steadycast intake`" not in run("plan", code=A_PERSON)[1]


def test_a_new_workspace_is_told_to_take_drafts_in_before_it_plans(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    out = run("status", code=OK)[1]
    assert "`steadycast intake`" in out
    assert "`steadycast plan`" not in out


def test_a_draft_is_named_by_what_was_meant(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.set_up(SITE_ONLY, {"pgc/welcome.md": article("One")})
    run("intake", code=OK)
    for slip in ("pgc/welcom.md", "content/pgc/welcom.md", "welcom.md"):
        assert "did you mean 'pgc/welcome.md'" in run("publish", "--draft", slip, code=BAD_INPUT)[2]


def test_a_file_that_could_not_be_taken_in_waits_for_a_person_with_its_mend(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    bench.set_up(SITE_ONLY, {"pgc/a.md": "---\ntitle: [a\n---\nWords.\n"})
    run("intake", code=A_PERSON)
    (problem,) = told("status")["problems"]
    out = run("status", code=A_PERSON)[1]
    assert f"pgc/a.md:{problem['line']}: {problem['message']} ({problem['hint']})" in out
    assert "Nothing waits" not in out
    assert "1 file or feed could not be taken in" in out
    assert run("status", "--json")[0] == A_PERSON


def test_a_slot_that_was_named_and_has_no_draft_needs_a_person(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A script that publishes by hand must not take "nothing was there to send" for done; when nothing is due, that is fine."""
    bench.set_up(SITE_ONLY)
    run("plan", code=A_PERSON)
    assert "no draft yet" in run("publish", "daily", code=A_PERSON)[1]
    assert "Nothing is due." in run("publish", code=OK)[1]


def test_a_note_to_people_keeps_check_in_order(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, drafts=0)
    run("deploy")
    bench.drop("pgc/README.md", "# Our drafts\n\nOne file each.\n")
    out = run("check", code=OK)[1]
    assert "Everything is in order.\npgc/README.md: is a note to people, and no draft" in out
    assert told("check") == []
    assert "is a note to people" in run("preview", "content/pgc/README.md", code=BAD_INPUT)[2]


@pytest.fixture
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "now", lambda: MORNING)


@pytest.mark.usefixtures("monday")
def test_a_plan_tells_what_is_in_stock_beyond_it_and_how_to_see_that(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    """A draft that is not in the table is not lost: its turn is told, and the plan that was named shows it there."""
    stocked(bench)
    bench.drop("pgc/spare.md", article("Spare", "evergreen: true"))
    run("intake")
    out = run("plan", code=OK)[1]
    assert "in stock beyond it: 6 of daily; `steadycast plan --days 20` shows their turns" in out
    assert "in reserve: 1 evergreen" in out
    expected = {row["title"]: row["where"] for row in told("list") if "its turn about" in row["where"]}
    assert len(expected) == 6
    shown = told("plan", "--days", 20)
    assert {row["title"]: f"in stock of daily, its turn about {row['when']}" for row in shown[14:]} == expected
    assert "beyond it" not in run("plan", "--days", 20, code=OK)[1]


@pytest.mark.usefixtures("monday")
def test_intake_says_of_each_draft_where_it_stands(bench: Bench, told: Callable[..., Any]) -> None:
    stocked(bench, drafts=14)
    told("intake")
    bench.drop("pgc/late.md", article("Late"))
    bench.drop("pgc/soon.md", article("Soon", "slot: 2026-11-25"))
    bench.drop("pgc/far.md", article("Far", "not_before: 2027-03-01"))
    bench.drop("pgc/not.md", article("Not ready", "draft: true"))
    bench.drop("pgc/lost.md", article("Lost", "slot: 2026-11-20"))
    bench.drop("ugc/bob/new.md", article("Bob's"))
    found = {row["title"]: row["where"] for row in told("intake")["changes"]}
    waiting = next(row["id"] for row in told("list", "--state", "waiting"))
    assert found["Soon"] == "daily 2026-11-25 20:00"
    assert found["Late"].startswith("in stock of daily, its turn about 2026-12-")
    assert found["Far"] == "in stock of daily, its turn about 2027-03-01 20:00"
    assert found["Not ready"] == "not ready: its front matter says so"
    assert found["Lost"].startswith("in stock; no slot of the coming year is left for it")
    assert found["Bob's"] == f"waits for approval: `steadycast approve {waiting}`"


def test_an_edit_is_told_to_wait_while_the_approved_words_keep_their_slot(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(bench, drafts=0)
    bench.drop("ugc/bob/new.md", article("Bob's"))
    run("intake")
    (id_,) = (row["id"] for row in told("list"))
    run("approve", id_, "--by", "eve", code=OK)
    (slot,) = (row["where"] for row in told("list"))
    bench.drop("ugc/bob/new.md", article("Bob's", body="Other words."))
    (changed,) = told("intake")["changes"]
    assert changed["where"] == f"waits for approval: `steadycast approve {id_}`; as approved before: {slot}"
    run("publish", "daily", code=OK)
    monkeypatch.setattr(pipeline, "now", lambda later=pipeline.now() + dt.timedelta(days=4): later)
    (row,) = told("list")
    assert row["where"].endswith(f"as approved before: {slot.replace('daily', 'had its slot')}")


@pytest.mark.usefixtures("monday")
def test_the_watcher_says_where_a_dropped_draft_stands(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stocked(bench, drafts=1)
    monkeypatch.setattr(pipeline, "watch", lambda *_: iter([set()]))
    watch(app, threading.Event())
    assert "Draft 0 (pgc/0.md): daily 2026-11-23 20:00" in capsys.readouterr().out
    for n in range(1, 20):
        bench.drop(f"pgc/{n}.md", article(f"Draft {n}"))
    watch(app, threading.Event())
    out = capsys.readouterr().out
    assert out.count("(pgc/") == 12
    assert "and 7 more: `steadycast list`" in out
    bench.drop("pgc/20.md", article("Draft 20"))
    watch(app, threading.Event())
    assert "Draft 20 (pgc/20.md): in stock of daily, its turn about 2026-12-" in capsys.readouterr().out


def test_approving_and_rejecting(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    bench.set_up(SITE_ONLY, {"ugc/bob/1.md": article("One"), "ugc/bob/2.md": article("Two")})
    run("intake", code=OK)
    assert run("approve", "ugc/bob/1.md", "--by", "eve", code=OK)[1] == "approved  One  (ugc/bob/1.md)\n"
    assert run("reject", "ugc/bob/2.md", "--by", "eve", code=OK)[1] == "rejected  Two  (ugc/bob/2.md)\n"
    assert {row["path"]: row["state"] for row in told("list")} == {
        "ugc/bob/1.md": "planned",
        "ugc/bob/2.md": "rejected",
    }
    assert run("approve", "--all", "--by", "eve", code=OK)[1] == ""
    assert "bob wrote it" in run("approve", "ugc/bob/2.md", "--by", "bob", code=BAD_INPUT)[2]


def test_a_user_without_a_name_is_known_by_number(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container with a number for a user."""
    app = bench.set_up(SITE_ONLY, {"ugc/bob/1.md": article("One")})
    run("intake", code=OK)
    monkeypatch.setattr("getpass.getuser", lambda: dict[str, str]()["uid not found"])
    run("approve", "ugc/bob/1.md", code=OK)
    assert draft_of(app.ledger, "ugc/bob/1.md").approved_by == f"uid {os.getuid()}"


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
    assert "Waiting 1 for a person: `steadycast status`" in run("up", "--once", code=OK)[1]
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
    assert not (app.workspace.out / "site").exists()


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


def test_deploy_writes_what_check_then_agrees_with(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    stocked(bench)
    assert "there is no prefect.yaml" in run("deploy", "--check", code=A_PERSON)[1]
    run("deploy", code=OK)
    assert "agrees" in run("deploy", "--check", code=OK)[1]
    run("check", code=OK)


def test_a_server_that_takes_no_deployments_is_one_line(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect answers with a page of traceback, and writes where JSON belongs."""
    bench.set_up(SITE_ONLY)
    run("deploy", code=OK)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    page = "print('Deploying...'); raise ConnectionError('All connection attempts failed')"
    monkeypatch.setattr("steadycast.cli.setup.PREFECT", [sys.executable, "-c", page])
    _, out, err = run("deploy", "--push", "--json", code=A_PERSON)
    assert json.loads(out) == {"differences": [], "written": False}
    assert err.startswith("steadycast: prefect deploy failed: ConnectionError: All connection attempts failed (the ser")
    assert err.count("\n") == 1


def test_an_ejected_platform_is_the_workspaces_and_works(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, SITE_ONLY.replace('platform = "pages"', 'platform = "mine"'))
    run("channel", "eject", "pages", "--name", "mine", code=OK)
    assert "give the copy another name" in run("channel", "eject", "pages", "--name", "mine", code=BAD_INPUT)[2]
    assert {row["platform"]: row["from"] for row in told("channel", "list")}["mine"] == "workspace"
    run("intake", code=OK)
    assert "published" in run("publish", "daily", code=OK)[1]


@pytest.mark.parametrize("name", ["../outside", "Mine", "my platform", "/mine", ".", "__pycache__"])
def test_a_copy_needs_a_name_that_can_be_a_platforms(
    bench: Bench, run: Callable[..., tuple[int, str, str]], name: str
) -> None:
    """Nothing is written outside channels/, nor a folder that nobody would find."""
    bench.set_up(SITE_ONLY)
    before = sorted(bench.root.rglob("*"))
    assert "a-z" in run("channel", "eject", "pages", f"--name={name}", code=BAD_INPUT)[2]
    assert sorted(bench.root.rglob("*")) == before


def test_a_broken_platform_folder_is_named_and_the_others_are_listed(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.set_up(SITE_ONLY)
    drop(bench.root, "channels/mine/channel.toml", "api = 2\n")
    _, out, err = run("channel", "list", code=A_PERSON)
    assert "site" in out
    assert "channels/mine/channel.toml" in err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), LEDGER, "the disk: No space left on device (free some"),
        (OSError(errno.EROFS, "Read-only file system", "var/out"), LEDGER, "var/out: Read-only file system (make"),
        (OSError(errno.ENOENT, "No such file or directory", "x.md"), BAD_INPUT, "x.md: No such file or directory"),
    ],
)
def test_a_full_disk_is_no_bad_input(
    bench: Bench,
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    error: Any,
    code: Any,
    said: str,
) -> None:
    """A script tells by the code whether to fix a file or to make room."""

    def broken(*_: Any, **__: Any) -> None:
        raise error

    bench.root.mkdir()
    monkeypatch.setattr("steadycast.cli.app", broken)
    assert said in run("report", code=code)[2]


def test_a_new_workspace_works_at_once(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """init, check, intake, plan, publish: in a folder that was empty."""
    bench.root.mkdir()
    out = run(
        "init", "reading", "--name", "My 'own' \"club\"", "--timezone", "Europe/Berlin", "--language", "en", code=OK
    )[1]
    assert "Next: cd reading && steadycast up" in out
    bench.root = bench.root / "reading"
    assert load(bench.root).community.name == "My 'own' \"club\""
    in_order, placeholder = run("check", code=OK)[1].splitlines()
    assert (in_order, "example.org" in placeholder) == ("Everything is in order.", True)
    first = bench.root / "content" / "pgc" / "first.md"
    first.write_text(re.sub(r"draft: true.*\n", "", first.read_text(encoding="utf-8")), encoding="utf-8")
    run("intake", code=OK)
    run("plan", code=A_PERSON)
    assert "published" in run("publish", "daily", code=OK)[1]
    assert "there is a workspace already" in run("init", ".", code=BAD_INPUT)[2]


def test_a_zone_that_does_not_exist_makes_no_workspace(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert "did you mean 'Europe/Berlin'" in run("init", "x", "--timezone", "Europe/Berlim", code=BAD_INPUT)[2]
    assert not (bench.root / "x").exists()


def test_what_would_make_no_workspace_writes_nothing(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert "for example zh-CN" in run("init", "x", "--language", "klingon", code=BAD_INPUT)[2]
    assert not (bench.root / "x").exists()
    drop(bench.root, "theirs/prefect.yaml", "name: theirs\n")
    assert "written over" in run("init", "theirs", code=BAD_INPUT)[2]
    assert (bench.root / "theirs" / "prefect.yaml").read_text() == "name: theirs\n"


def test_backfill_says_what_it_read(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any], tmp_path: Path
) -> None:
    bench.set_up(SITE_ONLY)
    (tmp_path / "2026-01-05-post.md").write_text(article("Post"))
    found = told("backfill", tmp_path, "--series", "daily", "--dry-run")
    assert set(found) == {"items", "kept", "missed", "unplaced", "problems", "written", "used", "summary"}
    assert "1 item: 1 slot kept" in run("backfill", tmp_path, "--series", "daily", code=OK)[1]


def test_backfill_says_what_it_left_out_and_that_a_rehearsal_is_one(
    bench: Bench, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    bench.set_up(SITE_ONLY)
    (tmp_path / "2026-11-20-post.md").write_text(article("Post"))
    (tmp_path / "undated.md").write_text("Words.\n")
    out = run("backfill", tmp_path, "--series", "daily", "--dry-run", code=A_PERSON)[1]
    assert "undated.md: has no date in the past (add date: to its front matter, or use the repository)" in out
    assert "a rehearsal: nothing is written; 1 left out" in out


def test_a_source_with_nothing_in_it_is_not_passed_over(
    bench: Bench, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """An empty folder, or a repository without its files: a slip, not a record."""
    bench.set_up(SITE_ONLY)
    (tmp_path / "empty").mkdir()
    assert "nothing is there" in run("backfill", tmp_path / "empty", "--series", "daily", code=BAD_INPUT)[2]


def test_a_mistake_of_ours_is_one_line_too(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.set_up(SITE_ONLY)
    monkeypatch.setattr(pipeline, "drafts", lambda *_: 1 / 0)
    _, _, err = run("list", code=A_PERSON)
    assert err.startswith("steadycast: ZeroDivisionError: ")
    monkeypatch.setenv("STEADYCAST_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_output_that_nobody_reads_any_more_is_no_error(bench: Bench) -> None:
    stocked(bench)
    command = f"cd {bench.root} && steadycast list --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    path = {"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=path)
    assert done.stdout.strip().endswith("0")
    assert done.stderr == ""


def test_help_is_a_word_as_well(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert run("help", "publish", code=OK)[1] == run("publish", "--help", code=OK)[1]
    assert run("help", code=OK)[1] == run("--help", code=OK)[1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_every_command(bench: Bench, run: Callable[..., tuple[int, str, str]], shell: str) -> None:
    bench.root.mkdir()
    told = run("completion", shell, code=OK)[1]
    assert all(word in told for word in ("publish", "rhythm", "dry-run"))
