"""Nothing goes out ahead of its hour but by a person's word: not by `up`, not by a restart; a sample shows once."""

from __future__ import annotations

import html
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, SETTINGS, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.cli import main_job
from steadycast.ledger.tables import State
from steadycast.ops import starter
from steadycast.workspace import load

SHOWN = SETTINGS + "[publish]\nshow_first = true\n"
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 4)}


def start(bench: Bench, settings: str, *instant: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What `steadycast up` publishes when it is started at that instant."""
    app = bench.settings(settings)
    now = bench.at(*instant)
    monkeypatch.setattr(pipeline, "now", lambda: now)
    main_job.main_job(app)
    found = app.ledger.deliveries(states=(State.PUBLISHED, State.SEEN))
    return sorted((row.slot[-16:], row.channel) for row in found)


def test_a_start_and_a_restart_keep_the_promised_hour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """After tonight's slot a restart left tomorrow's post out today, and called it kept."""
    bench.set_up(SETTINGS, DRAFTS)
    assert start(bench, SETTINGS, 23, 9, 0, monkeypatch=monkeypatch) == []
    tonight = [("2026-11-23T20:00", "far"), ("2026-11-23T20:00", "site")]
    assert start(bench, SETTINGS, 23, 20, 0, monkeypatch=monkeypatch) == tonight
    assert start(bench, SETTINGS, 23, 20, 5, monkeypatch=monkeypatch) == tonight


def test_a_sample_shows_its_first_publication_once_and_in_folders_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.set_up(SHOWN, DRAFTS)
    shown = [("2026-11-23T20:00", "site")]
    assert start(bench, SHOWN, 23, 9, 0, monkeypatch=monkeypatch) == shown
    assert bench.there() == []
    assert start(bench, SHOWN, 23, 9, 5, monkeypatch=monkeypatch) == shown, "a restart shows no second one"
    assert start(bench, SHOWN, 23, 20, 0, monkeypatch=monkeypatch) == [("2026-11-23T20:00", "far"), *shown]


def test_what_was_published_before_leaves_nothing_to_show(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.set_up(SETTINGS, DRAFTS)
    once = start(bench, SETTINGS, 23, 20, 0, monkeypatch=monkeypatch)
    assert len(once) == 2
    assert start(bench, SHOWN, 24, 9, 0, monkeypatch=monkeypatch) == once


def test_a_start_says_what_comes_next_and_how_it_could_go_out_now(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.set_up(SETTINGS, DRAFTS)
    start(bench, SETTINGS, 23, 9, 0, monkeypatch=monkeypatch)
    told = capsys.readouterr().out
    assert "Daily 2026-11-23 20:00" in told
    assert "`steadycast publish --slot daily@2026-11-23T20:00` sends it now" in told


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_new_workspace_keeps_its_hours_and_its_first_draft_is_not_ready(tmp_path: Path, language: str) -> None:
    starter.write(tmp_path, name="Mine", timezone="Asia/Shanghai", language=language)
    assert not load(tmp_path).publish.show_first
    with pipeline.App.open(load(tmp_path)) as app:
        (taken,) = pipeline.collect(app, pipeline.now(), at_once=True).taken
    assert taken.state == "not-ready"
    told = [p for p in ops.check(pipeline.now(), root=tmp_path) if "example.org" in p.message]
    assert [p.message.partition(": ")[0] for p in told] == ["community.url", "channel.pages.url"]
    assert all(p.harmless for p in told)


def test_a_new_workspace_of_a_chinese_community_speaks_chinese(tmp_path: Path) -> None:
    starter.write(tmp_path, name="读书会", timezone="Asia/Shanghai", language="zh-CN")
    written = (tmp_path / "steadycast.toml").read_text(encoding="utf-8")
    assert all(
        re.search("[\u4e00-\u9fff]", line) for line in re.findall(r"^# (?!\w+ = |\[)(.+)", written, re.MULTILINE)
    )
    assert load(tmp_path).series["daily"].every == "每天 20:00"


# What leaves this machine by hand


def test_what_would_leave_this_machine_is_told_and_folders_are_not(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, DRAFTS)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    assert [sent.channel for sent in pipeline.leaving(app, series="daily")] == ["far"]
    assert [sent.channel for sent in pipeline.leaving(app, draft="pgc/1.md")] == ["far"]
    assert pipeline.leaving(app, slot="daily@2026-11-23T20:00", channel="site") == []
    assert bench.calls() == []


def test_a_platform_that_is_built_on_another_says_the_same_of_its_folder(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + FAR.replace("far", "blind").replace("channel.blind", "channel.b"))
    assert not app.platform("b").local
    assert app.platform("site").local


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        pytest.param("n", [], marks=[pytest.mark.slow, pytest.mark.parallel]),
        pytest.param("", [], marks=[pytest.mark.slow, pytest.mark.parallel]),
        ("y", ["Draft 1"]),
    ],
)
def test_a_person_at_a_terminal_is_asked_before_something_leaves_by_hand(
    bench: Bench, answer: str, sent: list[str]
) -> None:
    app = bench.set_up(SETTINGS, {"pgc/1.md": article("Draft 1")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, pipeline.now())
    app.close()
    far, near = pty.openpty()
    command = [sys.executable, "-c", "from steadycast.cli import main; main()", "publish", "--draft", "pgc/1.md"]
    process = subprocess.Popen(command, cwd=bench.root, stdin=near, stdout=near, stderr=near)
    os.close(near)
    os.write(far, f"{answer}\n".encode())
    told = b""
    while True:
        try:
            more = os.read(far, 4096)
        except OSError:  # the other end is closed
            break
        told += more
        if not more:
            break
    os.close(far)
    assert process.wait(60) == 0, told.decode()
    assert b"Far side: Draft 1" in told
    assert bench.there() == sent


def test_the_rows_of_the_report_lead_to_posts_kits_and_previews_as_the_file_lies_there(bench: Bench) -> None:
    """Every link that is not of the web names a file beside the report; none leads to another draft's page."""
    kits = '[channel.hand]\nplatform = "paste"\ntitle = "知乎"\n'
    app = bench.set_up(
        COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + kits,
        {
            "pgc/1.md": article("First"),
            "pgc/下一篇.md": article("Next"),
            "pgc/a/x.md": article("X"),
            "pgc/b/x.md": article("Y"),
        },
    )
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 0)
    pipeline.publish(app)
    for name in ("pgc/下一篇.md", "pgc/a/x.md"):
        pipeline.preview(app, name, now=bench.clock.now())
    made = pipeline.report(app, bench.clock.now())
    links = [html.unescape(link) for link in re.findall(r'href="([^"#]+)"', made.page.read_text())]
    web = [link for link in links if link.startswith("http")]
    lie = {(made.page.parent / unquote(link)).resolve() for link in links if link.startswith("..")}
    assert all(file.is_file() for file in lie)
    var = app.workspace.var.resolve()
    assert {file.relative_to(var).parts[:2] for file in lie} == {
        ("out", "site"),
        ("out", "hand"),
        ("preview", "下一篇"),
    }
    assert [link for link in web if link.startswith("https://readers.example/")]
    assert made.data["record"]["lately"][0]["title"] == "First"


def test_what_went_out_ahead_of_its_hour_is_told_by_when_it_did(bench: Bench) -> None:
    app = bench.set_up(COMMUNITY + DAILY + FAR + SITE, {"pgc/1.md": article("First"), "pgc/2.md": article("Second")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 9, 0)
    pipeline.publish(app, series="daily")
    bench.at(23, 9, 30)
    pipeline.publish(app, draft="pgc/2.md")
    made = pipeline.report(app, bench.clock.now())
    told = [(row["title"], row["series_title"], row["at"][:16]) for row in made.data["record"]["lately"]]
    assert told == [("Second", "", "2026-11-23T09:30"), ("First", "Daily", "2026-11-23T09:00")]
    assert "by hand" in made.page.read_text() or "手动发布" in made.page.read_text()
