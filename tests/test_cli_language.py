"""The command line in Chinese: its help, what is wrong with a command, and what commands say."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline_bench import SETTINGS, Bench

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))
from texts import of_commands

from steadycast.cli import app

CHINESE = SETTINGS.replace('language = "en"', 'language = "zh-CN"')
COMMANDS = sorted({command for command, _ in of_commands(app) if " -" not in command})
Run = Callable[..., tuple[int, str, str]]
ENGLISH = re.compile(r"\b(?!STEADYCAST|CHANNEL|PATH|EXT)[A-Za-z]+ (?:the|is|a|an|of|to|and|what|it|was|not)\b")


@pytest.fixture
def zh(run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one command in a Chinese community."""
    monkeypatch.delenv("STEADYCAST_LANGUAGE")
    monkeypatch.setattr("steadycast.language._of_process", [""])
    bench.set_up(CHINESE, {})
    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_is_in_the_communitys_language(zh: Run, command: str) -> None:
    _, out, _ = zh(*command.split()[1:], "--help", code=0)
    assert out.startswith(f"用法：{command}")
    assert not ENGLISH.search(out), out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("publsh", "没有命令“publsh”，是不是“publish”？（用法见 `steadycast --help`）"),
        ("plan --dayz 3", "没有选项 --dayz，是不是 --days？（用法见 `steadycast plan --help`）"),
        ("plan --days x", "--days 的值“x”不是整数（用法见 `steadycast plan --help`）"),
        ("plan --days 0", "--days 的值“0”不对：不能小于 1（用法见 `steadycast plan --help`）"),
        ("plan --days", "plan 的 --days 后面要跟一个值（用法见 `steadycast plan --help`）"),
        ("plan 100%x", "多出来的：['100%x']（用法见 `steadycast plan --help`）"),
        ("settle", "缺少 ID（用法见 `steadycast settle --help`）"),
    ],
)
def test_what_is_wrong_with_a_command_is_said_in_chinese(zh: Run, words: str, said: str) -> None:
    assert zh(*words.split(), code=2)[2] == f"steadycast: {said}\n"
