"""steadycast.toml: read whole, and every slip named with its line and the hint."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from steadycast.errors import SettingsError
from steadycast.schedule.model import Form, Origin
from steadycast.workspace import find_root, load
from steadycast.workspace.toml_file import line_of

GOOD = """\
[community]
name = "沪语读书会"
timezone = "Asia/Shanghai"

[members.alice]
title = "Alice"
trusted = true

[series.notes]
title = "每日一文"
every = "day at 20:00"
channels = ["blog"]
mix = { pgc = 3, ugc = 7 }
skip = ["holidays:CN", "2026-12-31", "2027-03-01..2027-03-03"]
grace = "10m"
late = "12h"

[channel.blog]
platform = "pages"
url = "https://example.org"

[[feed]]
member = "alice"
url = "https://alice.example/feed.xml"

[[feed]]
member = "bob"
url = "https://bob.example/feed.xml"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "steadycast.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_whole_workspace_is_read(tmp_path: Path) -> None:
    """Every table arrives typed: durations, zones, forms, ratios, dates."""
    app = load(write(tmp_path, GOOD))
    notes = app.series["notes"]
    assert app.community.zone.key == "Asia/Shanghai"
    assert notes.mix == {Origin.PGC: 3, Origin.UGC: 7}
    assert notes.forms == (Form.ARTICLE,)
    assert notes.grace == dt.timedelta(minutes=10)
    assert {dt.date(2026, 12, 31), dt.date(2027, 3, 2)} <= notes.except_
    assert dt.date(2026, 10, 1) in notes.days_off
    assert app.channels["blog"].own == {"url": "https://example.org"}
    assert app.channels["blog"].name == "blog"
    assert [f.member for f in app.feeds] == ["alice", "bob"]
    assert app.member_title("alice") == "Alice"
    assert app.member_title("nobody") == "nobody"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('every = "day at 20:00"', 'evry = "day at 20:00"', 11, ["series.notes.evry", "'every'"]),
        ("[members.alice]", "[member.alice]", 5, ["member", "'members'"]),
        ('"Asia/Shanghai"', '"Asia/Shanghay"', 3, ["community.timezone", "Asia/Shanghai"]),
        ('channels = ["blog"]', 'channels = ["blgo"]', 12, ["[channel.blgo]", "'blog'"]),
        ('grace = "10m"', 'grace = "10 minutes"', 15, ["series.notes.grace", '"10m"']),
        ('grace = "10m"', 'grace = "2d"', 9, ["series.notes", "late"]),
        ('late = "12h"', 'late = "999999w"', 16, ["series.notes.late", "ten years are the most"]),
        ("ugc = 7", "ucg = 7", 13, ["series.notes.mix"]),
        ('"2026-12-31"', '"2026-13-31"', 14, ["series.notes.skip[2]", "holidays:CN"]),
        ("holidays:CN", "holidays:XX", 14, ["XX"]),
        ('platform = "pages"', "", 18, ["channel.blog.platform"]),
        ('member = "bob"', 'membr = "bob"', 27, ["feed[2].membr", "'member'"]),
        ('name = "沪语读书会"', 'name = "沪语读书会', 2, []),
        ('every = "day at 20:00"', "", 9, ["series.notes", "rhythm"]),
        ("[members.alice]", '[members."ali/ce"]', 5, ["members.ali/ce", "no folder's name"]),
        ("[members.alice]", '[members.".alice"]', 5, ["no folder's name"]),
        ("[members.alice]", "[members.爱丽丝]", 5, ["in quotes", '[members."爱丽丝"]']),
        ("[series.notes]", "[series.日]", 9, ["small letters", "title ="]),
        ("[series.notes]", "[series.Daily_N]", 9, ["series.Daily_N", "small letters", "daily-n"]),
        ('member = "bob"', 'member = "../bob"', 27, ["feed[2].member", "no folder's name"]),
        ("https://alice.example/feed.xml", "feed://alice.example/", 24, ["feed[1].url", "https://"]),
        ("[[feed]]", '[publish]\nlead = "90s"\n[[feed]]', 23, ["publish.lead", "whole minutes"]),
    ],
)
def test_a_slip_is_named_with_its_line_and_the_hint(tmp_path: Path, old: Any, new: Any, line: Any, words: Any) -> None:
    """The operator is told which key, on which line, and what was probably meant."""
    assert old in GOOD
    folder = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(SettingsError) as caught:
        load(folder).series
    assert caught.value.line == line
    for word in words:
        assert word in str(caught.value)


def test_one_bracket_too_few_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD[: GOOD.index("[[feed]]")] + '[feed]\nmember = "bob"\nurl = "https://b.example/"\n')
    with pytest.raises(SettingsError, match=r"write \[\[feed\]\]") as caught:
        load(folder)
    assert caught.value.line == 22


def test_two_channels_of_one_name_are_refused(tmp_path: Path) -> None:
    """TOML alone would say "cannot declare twice"; the operator is told what to do."""
    folder = write(tmp_path, GOOD + '\n[channel.blog]\nplatform = "paste"\n')
    with pytest.raises(SettingsError, match="two channels are called 'blog'") as caught:
        load(folder)
    assert caught.value.line == 30


def test_a_settings_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """GBK would read as mojibake."""
    (tmp_path / "steadycast.toml").write_bytes(GOOD.encode("gbk"))
    with pytest.raises(SettingsError, match="UTF-8") as caught:
        load(tmp_path)
    assert caught.value.line == 2


def test_the_root_is_found_from_below_and_missed_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git does: from any folder of the workspace."""
    monkeypatch.delenv("STEADYCAST_WORKSPACE", raising=False)
    (tmp_path / "w").mkdir()
    write(tmp_path / "w", GOOD)
    (tmp_path / "w" / "content" / "pgc").mkdir(parents=True)
    assert find_root(tmp_path / "w" / "content" / "pgc") == (tmp_path / "w").resolve()
    with pytest.raises(SettingsError, match="steadycast init"):
        find_root(tmp_path)


def test_holidays_can_be_corrected_by_the_community(tmp_path: Path) -> None:
    """The yearly notice moves days: a file of the workspace says which."""
    (tmp_path / "holidays.toml").write_text('"2027-02-20" = "灯会"\n"2026-10-01" = ""\n', encoding="utf-8")
    off = load(write(tmp_path, GOOD)).series["notes"].days_off
    assert off[dt.date(2027, 2, 20)] == "灯会"
    assert dt.date(2026, 10, 1) not in off


def test_a_line_is_found_for_the_deepest_part_that_stands_in_the_file() -> None:
    """Missing keys point at their table."""
    assert line_of(GOOD, ("series", "notes", "nothing")) == 9
    assert line_of(GOOD, ("feed", 1, "url")) == 28
    assert line_of(GOOD, ("nowhere",)) is None


def test_a_series_may_not_take_the_name_of_what_is_published_by_hand(tmp_path: Path) -> None:
    """Their slots would have the same ids."""
    folder = write(tmp_path, GOOD.replace("[series.notes]", "[series.draft]"))
    with pytest.raises(SettingsError, match="another name") as caught:
        load(folder)
    assert caught.value.line == 9
