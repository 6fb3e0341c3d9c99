"""The command line in Chinese: its help, what is wrong with a command, and what commands say."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from pipeline_bench import SETTINGS, Bench
from test_desk_texts import texts

from steadycast import pipeline
from steadycast.cli import up
from steadycast.cli.command_line import app
from steadycast.cli.main_job import main_job
from steadycast.language import gettext, speaking
from steadycast.schedule.days import DAY
from steadycast.workspace.paths import Paths

CHINESE = SETTINGS.replace('language = "en"', 'language = "zh-CN"')
COMMANDS = sorted({command for command, _ in texts.of_commands(app) if " -" not in command})
Run = Callable[..., tuple[int, str, str]]
ENGLISH = re.compile(r"\b(?!STEADYCAST|CHANNEL|PATH|EXT)[A-Za-z]+ (?:the|is|a|an|of|to|and|what|it|was|not)\b")


@pytest.fixture
def zh(run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one command in a Chinese community."""
    monkeypatch.delenv("STEADYCAST_LANGUAGE")
    monkeypatch.setattr("steadycast.language._of_process", [""])
    bench.set_up(CHINESE, {})
    return run


def test_what_up_says_after_its_first_pages_is_in_the_language_that_was_chosen_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder it speaks the language of the machine's user until then."""
    monkeypatch.delenv("STEADYCAST_LANGUAGE")
    monkeypatch.setattr("steadycast.language._of_process", ["en"])
    monkeypatch.setattr(up, "LOOK", 0.001)
    monkeypatch.setattr(
        up, "see_to", lambda *_: bench.set_up(CHINESE, {}) if gettext("Stopped.") == "Stopped." else None
    )
    assert up.begun(Paths(bench.root), Mock(), Mock(), threading.Event())
    assert gettext("Stopped.") == "已停止。"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_is_in_the_communitys_language(zh: Run, command: str) -> None:
    _, out, _ = zh(*command.split()[1:], "--help", code=0)
    assert out.startswith(f"用法：{command}")
    assert not ENGLISH.search(out), out
    assert not re.search("默认：(True|False|None)", out), out


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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("approve zzz", "没有稿子“zzz”（"),
        ("publish mornin", "没有栏目“mornin”（"),
        ("skip daily 2020-01-01", "2020-01-01 已经过了：改设置不能改记录（最早能停的是 "),
        ("skip daily tomorrow", "“tomorrow”不是日期；"),
        ("settle x --at 10:00", "--url 链接、--absent、--again 三选一"),
        ("rhythm daily sometimes", "看不懂节奏"),
        ("channel test nope", "没有渠道或平台“nope”（"),
        ("channel add pages --set zzz=100%s", "没有设置项“zzz”（"),
        ("restore nothing.tar", "没有这个文件（请检查拼写）"),
    ],
)
def test_what_a_command_refuses_is_said_in_chinese(zh: Run, words: str, said: str) -> None:
    code, _, err = zh(*words.split())
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (CHINESE.replace("[community]", "[community"), "steadycast.toml:2: 不是 TOML：括号没有成对（"),
        (
            CHINESE.replace('late = "3h"', "late = “3h”"),
            "缺少值，或值的写法不对：文字要加引号（“ 是全角符号，这里只能用半角的",
        ),
        (CHINESE.replace('late = "3h"', "late = 3"), "series.daily.late: "),
        (CHINESE.replace("late = ", "lat = "), "series.daily.lat: 没有这个设置项（是不是“late”？）"),
        (
            CHINESE.replace("Asia/Shanghai", "Asia/Shangai"),
            "community.timezone: 没有时区“Asia/Shangai”；是不是“Asia/Shanghai”？",
        ),
        (CHINESE.replace('late = "3h"', 'late = "3 %(x)s"'), "“3 %(x)s”不是时长"),
        (CHINESE + "[publish]\nworkers = 1000\n", "publish.workers: 不能大于 64"),
        (CHINESE.replace('["site", "far"]', '["sit"]'), "没有 [channel.sit]（是不是“site”？）"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_chinese(zh: Run, bench: Bench, settings: str, said: str) -> None:
    """Also where the file that says the language is the broken one."""
    (bench.root / "steadycast.toml").write_text(settings, encoding="utf-8")
    code, out, err = zh("check")
    assert code == 1
    assert said in out + err


def test_states_are_words_in_a_table_and_codes_for_a_program(zh: Run, bench: Bench) -> None:
    """And whoever asks for another language has it."""
    assert "空档" in zh("plan", "--days", "2")[1]
    assert '"state": "gap"' in zh("plan", "--days", "2", "--json")[1]


def test_a_day_off_is_called_off_and_no_file_is_said_to_be_deleted(zh: Run) -> None:
    zh("plan")
    shown = zh("skip", "daily", str(pipeline.now().date() + DAY), "--dry-run")[1]
    assert "取消" in shown
    assert "已删除" not in shown


def test_where_nothing_was_due_no_hand_in_is_spoken_of(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A community without a class has none."""
    opened = bench.set_up(CHINESE, {})
    with speaking("zh_Hans"):
        main_job(opened)
    said = capsys.readouterr().out
    assert "没有到点的稿子。" in said
    assert "作业" not in said


def test_the_environments_language_goes_before_the_communitys(zh: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCAST_LANGUAGE", "zh-TW")
    assert zh("--help")[1].startswith("用法：steadycast 命令")
    assert "檔期" in zh("--help")[1]
    monkeypatch.setenv("STEADYCAST_LANGUAGE", "en")
    assert zh("--help")[1].startswith("Usage: steadycast COMMAND")


def test_what_was_sent_is_counted_in_the_reader_s_language(bench: Bench) -> None:
    opened = bench.set_up(CHINESE, {"pgc/1.md": "# 一篇\n\n正文。\n"})
    pipeline.collect(opened, bench.clock.now())
    pipeline.plan(opened, bench.clock.now())
    bench.at(23, 20, 0)
    sent = pipeline.publish(opened)
    assert sent.summary() == "2 published"
    with speaking("zh_Hans"):
        assert sent.summary() == "已发布 2"
