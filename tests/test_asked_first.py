"""Who is asked before a command does what others will see, or changes a promise: one rule for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, FILES, SITE, Bench, article
from test_amend import AMENDING

from steadycast import pipeline
from steadycast.cli import output

Run = Callable[..., tuple[int, str, str]]
COMMANDS = (
    ("rhythm", "daily", "day at 09:00"),
    ("skip", "daily", "2026-11-25"),
    ("publish", "--draft", "pgc/two.md"),
    ("revise", "pgc/one.md"),
    ("withdraw", "pgc/one.md", "--why", "wrong"),
)


@pytest.fixture(params=COMMANDS, ids=lambda command: command[0])
def command(request: pytest.FixtureRequest, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Where one draft is out, and another in stock."""
    drafts = {"pgc/one.md": article("One"), "pgc/two.md": article("Two"), "pgc/three.md": article("Three")}
    monkeypatch.setitem(FILES, "channels/far/adapter.py", AMENDING)
    app = bench.set_up(COMMUNITY + DAILY + SITE + FAR, drafts)
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    pipeline.collect(app, bench.clock.now())
    pipeline.publish(app, draft="pgc/one.md")
    bench.drop("pgc/one.md", article("One, corrected"))
    pipeline.collect(app, bench.clock.now())
    words: tuple[str, ...] = request.param
    return words


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person at the terminal was asked; the answer is no."""
    asked: list[str] = []
    monkeypatch.setattr(output, "at_a_terminal", lambda: True)

    def no(question: str) -> str:
        asked.append(question)
        return "n"

    monkeypatch.setattr("builtins.input", no)
    return asked


def marks(bench: Bench) -> tuple[object, ...]:
    """What a command may change: the settings, and what reached the far side."""
    return (bench.root / "steadycast.toml").read_bytes(), bench._lines("far", "calls"), bench._lines("far", "amended")


def test_a_person_at_a_terminal_is_asked_and_a_no_changes_nothing(
    command: tuple[str, ...], bench: Bench, run: Run, questions: list[str]
) -> None:
    before = marks(bench)
    code, out, _ = run(*command)
    assert code == 0, out
    assert len(questions) == 1, out
    assert "Nothing was" in out
    assert marks(bench) == before


def test_a_program_is_not_asked_and_reads_nothing_but_json(
    command: tuple[str, ...], run: Run, questions: list[str]
) -> None:
    """Also one that runs at a terminal."""
    _code, out, _ = run(*command, "--json")
    assert not questions
    assert json.loads(out)


def test_a_script_is_not_asked(command: tuple[str, ...], bench: Bench, run: Run) -> None:
    before = marks(bench)
    run(*command)
    assert marks(bench) != before
