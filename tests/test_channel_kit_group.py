"""A chat group's kit: a short message, and a poster that needs neither a font nor a cover."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from test_channel_kit import KITS, App, app, compose_for  # noqa: F401  fixtures

from steadycast.platform import broken_lines


@pytest.mark.platforms("wechat-group")
def test_a_group_gets_a_short_message_and_a_poster(app: Any, compose_for: Any) -> None:
    """At most 500 characters with the link, a 3:4 poster, and a line to tick for each group."""
    made = compose_for("wechat-group", "article", body="长" * 600)
    kit = app("wechat-group", groups=["一群", "二`群"]).kit(made)
    message = (kit / "article.txt").read_text(encoding="utf-8")
    assert len(message) <= 500
    assert message.endswith("https://hu.example.org/nongtang/\n")
    with Image.open(kit / "media/poster-3x4.jpg") as sheet:
        assert sheet.size == (1080, 1440)
    checklist = (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    assert "- [ ] `一群`" in checklist
    assert "- [ ] `二'群`" in checklist


@pytest.mark.platforms("wechat-group")
@pytest.mark.parametrize("fonts", [[], ["/nowhere.ttc"]])
def test_a_poster_needs_neither_a_font_nor_a_cover(
    fonts: list[str], app: Any, compose_for: Any, tmp_path: Path
) -> None:
    """On a machine without CJK fonts, for a draft without pictures, there is still a poster with a code."""
    platform = dataclasses.replace(KITS["wechat-group"], data={**KITS["wechat-group"].data, "fonts": fonts})
    kit = App(platform, tmp_path / "out").kit(dataclasses.replace(compose_for("wechat-group", "article"), media=()))
    data = (kit / "media/poster-3x4.jpg").read_bytes()
    assert Image.open(io.BytesIO(data)).size == (1080, 1440)


@pytest.mark.platforms("wechat-group")
@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("十二月读书会：海上花开头四回", ["十二月读书会：", "海上花开头四回"]),
        ("一二三四五六七，八", ["一二三四五六", "七，八"]),
        ("一二三四五六，八", ["一二三四五六，", "八"]),
        ("A night walk", ["A night", "walk"]),
        ("沪语 morning 好", ["沪语", "morning", "好"]),
        ("abcdefghijklmno", ["abcdefg", "hijklmn", "o"]),
        ("", [""]),
    ],
)
def test_a_posters_lines_break_as_a_reader_expects(words: str, lines: list[str]) -> None:
    """Seven wide: no Latin word is cut that fits a line, and no line begins with a comma."""
    assert broken_lines(words, 7, len) == lines
