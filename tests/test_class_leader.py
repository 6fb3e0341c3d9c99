"""The page that tells a leader how to run a class: its settings are the sample's, and its commands run as written."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from documents import DOCS, ROOT, blocks

from steadycast import pipeline
from steadycast.cli.command_line import app as command_line
from steadycast.pipeline import App
from steadycast.workspace import load

FILES = ("class-leader.md", "class-leader.zh-CN.md")
ZONE = ZoneInfo("Asia/Shanghai")
PAGES = [(DOCS / name).read_text(encoding="utf-8") for name in FILES]


def commands(page: str) -> list[str]:
    """The lines of a page that a shell would run."""
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]


def steadycast(line: str) -> int:
    """What a line of the page exits with."""
    name, *words = shlex.split(line, comments=True)
    assert name == "steadycast"
    done: int = command_line(words, result_action="return_value", exit_on_error=False, print_error=False)
    return done


def test_both_pages_say_the_same_and_the_class_is_the_samples() -> None:
    """The same sections, settings and commands, up to words in quotation marks and behind a #; of the sample's own."""
    settings = [re.sub(r"\s+#.*", "", blocks(page, "toml")[0], flags=re.MULTILINE) for page in PAGES]
    assert settings[0] == settings[1]
    own = re.sub(r"\s+#.*", "", (ROOT / "steadycast.toml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert all(line in own.splitlines() for line in settings[0].splitlines())
    roster = (ROOT / "roster.csv").read_text(encoding="utf-8")
    assert all(roster.startswith(blocks(page, "csv")[0]) for page in PAGES)
    run = [
        [shlex.split(re.sub(r'--(by|why) ("[^"]*"|\S+)', "", line), comments=True) for line in commands(page)]
        for page in PAGES
    ]
    assert run[0] == run[1]
    heads = [re.findall(r"^## ", page, re.MULTILINE) for page in PAGES]
    assert len(heads[0]) == len(heads[1])


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parallel
def test_its_commands_run_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the sample, a day after the first hand-ins: each command does what the page says."""
    for name in ("steadycast.toml", "roster.csv", "prefect.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("channels", "flows"):
        (tmp_path / name).symlink_to(ROOT / name)
    image = Path("content/pgc/morning/images/podcast.jpg")
    (tmp_path / image).parent.mkdir(parents=True)
    shutil.copy(ROOT / image, tmp_path / image)
    shutil.copytree(ROOT / "content" / "ugc", tmp_path / "content" / "ugc")
    for name in ("STEADYCAST_VAR", "STEADYCAST_LEDGER", "STEADYCAST_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    now = dt.datetime(2026, 12, 1, 9, tzinfo=ZONE)
    monkeypatch.setattr(pipeline, "now", lambda: now)
    check, *others = commands(PAGES[1])
    assert steadycast(check) == 0
    with App(load(tmp_path)) as app:
        pipeline.collect(app, now, feeds=False)
        now = dt.datetime(2026, 12, 7, 0, 30, tzinfo=ZONE)
        pipeline.collect(app, now, feeds=False)
        pipeline.rounds.see_to_classes(app, now)
    said = {}
    capsys.readouterr()
    for line in others:
        assert steadycast(line) == 0, line
        said[" ".join(line.split()[1:3])] = capsys.readouterr().out
    assert "陈洁" in said["class round"]
    assert "林阿威" in said["turn show"]
    assert said["class report"].startswith("# 周日作业班")
