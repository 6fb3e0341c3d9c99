"""Edits of steadycast.toml: one value changes; comments, layout, links and rights stay."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from test_plan_difference import RHYTHMS

from steadycast.errors import InputError
from steadycast.testing import drop
from steadycast.workspace import Workspace, edit, load

WRITTEN = """\
# 读书会
[community]
name = "Readers"   # whose it is
timezone = "Asia/Shanghai"

[series.daily]
title = "每日一文"
every  =  'day at 20:00'   # 晚上八点
channels = ["far"]   # one

# ── the next one ──

[series.weekly]
rrule = "FREQ=WEEKLY;BYDAY=FR;BYHOUR=20;BYMINUTE=0;BYSECOND=0"  # fridays
skip = [
  "holidays:CN",   # 放假
  "2026-12-24..2026-12-27",   # away
  # a note
]
channels = ["far"]

# ── channels ──

[channel.far]
platform = "far"
"""


@pytest.fixture
def written(tmp_path: Path) -> Workspace:
    drop(tmp_path, "steadycast.toml", WRITTEN)
    return load(tmp_path)


def changed_lines(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    return [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        pytest.param(lambda w: edit.with_rhythm(w, "daily", "每天 09:00"),
                     ["-every  =  'day at 20:00'   # 晚上八点", '+every  =  "每天 09:00"   # 晚上八点'], id="a rhythm"),
        pytest.param(lambda w: edit.with_rhythm(w, "weekly", "day at 09:00"),
                     ['-rrule = "FREQ=WEEKLY;BYDAY=FR;BYHOUR=20;BYMINUTE=0;BYSECOND=0"  # fridays',
                      '+every = "day at 09:00"  # fridays'], id="words for an RRULE"),
        pytest.param(lambda w: edit.with_rhythm(w, "daily", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
                     ["-every  =  'day at 20:00'   # 晚上八点",
                      '+rrule = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"   # 晚上八点'], id="an RRULE for words"),
        pytest.param(lambda w: edit.with_skip(w, "daily", "2026-12-24"),
                     ['+skip = ["2026-12-24"]'], id="the first day left out"),
        pytest.param(lambda w: edit.with_skip(w, "weekly", "2026-12-31"), ['+  "2026-12-31"'], id="one more"),
        pytest.param(lambda w: edit.without_skip(w, "weekly", "2026-12-25"),
                     ['-  "2026-12-24..2026-12-27",   # away', '+  "2026-12-24",   # away',
                      '+  "2026-12-26..2026-12-27"'], id="one day of a span is had again"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_edit_changes_its_value_and_keeps_every_comment(
    tmp_path: Path, make: Callable[..., Any], lines: list[str], end: str
) -> None:
    drop(tmp_path, "steadycast.toml", WRITTEN.replace("\n", end).encode())
    workspace = load(tmp_path)
    edit.write(make(workspace), workspace)
    after = (tmp_path / "steadycast.toml").read_bytes().decode()
    assert after.count(end) == after.count("\n")
    assert changed_lines(WRITTEN, after) == lines
    at = after.splitlines().index("# ── the next one ──")
    assert "skip" not in after.splitlines()[at + 1 : at + 3]
    tomllib.loads(after)


def test_a_day_had_again_leaves_the_file_as_it_was(written: Workspace) -> None:
    once = edit.with_skip(written, "daily", "2026-12-24..2026-12-26")
    again = edit.without_skip(once, "daily", "2026-12-24..2026-12-26")
    assert again.sources["steadycast.toml"].decode() == WRITTEN


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.parametrize(
    "text",
    [
        'series = {daily = {every = "day at 20:00", channels = []}}\n[community]\nname = "R"\ntimezone = "UTC"\n',
        '[community]\nname = "R"\ntimezone = "UTC"\n[series]\ndaily.every = "day at 20:00"\ndaily.channels = []\n',
        '[community]\nname = "R"\ntimezone = "UTC"\n[series."daily"]\n"every" = "day at 20:00"',
    ],
)
def test_other_ways_to_write_a_table_are_edited_too(tmp_path: Path, text: str, head: str) -> None:
    drop(tmp_path, "steadycast.toml", head + text)
    workspace = load(tmp_path)
    edit.write(edit.with_skip(edit.with_rhythm(workspace, "daily", "day at 09:00"), "daily", "2026-12-24"), workspace)
    after = load(tmp_path).series["daily"]
    assert after.every == "day at 09:00"
    assert after.except_ == {dt.date(2026, 12, 24)}
    assert (tmp_path / "steadycast.toml").read_text(encoding="utf-8").startswith(head)


def test_a_file_that_was_changed_meanwhile_is_left_as_it_is(written: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "steadycast.toml"
    drop(tmp_path, "steadycast.toml", WRITTEN + "# by hand\n")
    with pytest.raises(InputError, match="meanwhile"):
        edit.write(edit.with_rhythm(written, "daily", "day at 09:00"), written)
    assert file.read_text(encoding="utf-8") == WRITTEN + "# by hand\n"
    assert [each.name for each in tmp_path.iterdir()] == ["steadycast.toml"]


def test_a_link_stays_a_link_and_rights_stay(written: Workspace, tmp_path: Path) -> None:
    file, real = tmp_path / "steadycast.toml", tmp_path / "real.toml"
    file.rename(real)
    file.symlink_to(real)
    real.chmod(0o640)
    edit.write(edit.with_rhythm(written, "daily", "day at 09:00"), written)
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "day at 09:00" in real.read_text(encoding="utf-8")


@examples(25)
@given(
    st.sampled_from(RHYTHMS),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_row_of_edits_says_what_was_asked_and_loses_no_comment(
    rhythm: Any, skipped: list[int], undone: list[int], end: Any
) -> None:
    """Held against the settings alone: days left out and had again, in any order, under any rhythm."""
    workspace = _read(WRITTEN.replace("\n", end))
    workspace = edit.with_rhythm(workspace, "weekly", rhythm)
    wanted = set(workspace.series["weekly"].except_)
    for n in skipped:
        day = dt.date(2026, 12, 1) + dt.timedelta(days=n)
        workspace, wanted = edit.with_skip(workspace, "weekly", str(day)), wanted | {day}
    for n in undone:
        day = dt.date(2026, 12, 1) + dt.timedelta(days=n)
        workspace, wanted = edit.without_skip(workspace, "weekly", str(day)), wanted - {day}
    assert workspace.series["weekly"].except_ == wanted
    assert workspace.series["weekly"].every == rhythm
    assert workspace.promises["weekly"].skip[0] == "holidays:CN"
    text = workspace.sources["steadycast.toml"].decode()
    assert all(
        note in text for note in ("# 读书会", "# whose it is", "# 晚上八点", "# 放假", "# a note", "# ── channels ──")
    )


def _read(text: str) -> Workspace:
    from steadycast.workspace.loading import read

    return read(Path("/nowhere"), {"steadycast.toml": text.encode()}, Path("/nowhere/steadycast.toml"))
