"""Counting as each platform counts, cutting where a reader would, threads that lose nothing."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import regex
import yaml
from conftest import examples
from hypothesis import example, given
from hypothesis import strategies as st

from steadycast.errors import DraftError
from steadycast.platform import Limit, broken_lines
from steadycast.platform.text import URL, count, cut, fits, split

CORPORA = os.environ.get("STEADYCAST_CORPORA")
FAMILY = "👨‍👩‍👧‍👦"
COUNTS = ("codepoints", "graphemes", "bytes", "utf16", "weighted", "words")


LETTERS = st.sampled_from(
    [
        "好",
        "世界",
        "。",
        "，",
        "！”",
        "a",
        "word ",
        ". ",
        " ",
        "\n\n",
        "\n",
        "é",
        "é",
        "🇨🇳",
        FAMILY,
        "1⃣",
        "👍🏽",
        "क्षि",
        "https://example.com/a/b?c=1 ",
        "ก็",
        "한국",
    ]
)
TEXTS = st.lists(LETTERS, max_size=60).map("".join)
BYTES = st.sampled_from([None, None, 40, 400])
LIMITS = st.builds(Limit, st.integers(0, 120), st.sampled_from(COUNTS), url=st.sampled_from([None, 23]), bytes=BYTES)


@pytest.mark.parametrize(
    ("text", "by", "length"),
    [
        ("你好", "codepoints", 2),
        (FAMILY, "codepoints", 7),
        (FAMILY, "graphemes", 1),
        (f"好{FAMILY}e\u0301🇨🇳क्षि", "graphemes", 5),
        ("a\r\nb", "graphemes", 3),
        ("你好a", "bytes", 7),
        ("好😀", "utf16", 3),
        ("你好a", "weighted", 5),
        (FAMILY, "weighted", 2),
        ("1⃣", "weighted", 2),
        ("🙋🏽👨\u200d🎤", "weighted", 4),
        ("“a”…", "weighted", 5),
        ("e\u0301", "weighted", 1),
        ("看 https://example.com/a/very/long/path?x=1", "weighted", 26),
        ("hello 世界 and you", "words", 5),
    ],
)
def test_length_is_counted_as_the_platform_counts(text: Any, by: Any, length: Any) -> None:
    assert count(text, Limit(280, by)) == length


def test_every_url_counts_the_same_where_a_platform_says_so() -> None:
    """Mastodon counts 23 for any URL; a URL ends where Chinese text goes on."""
    limit = Limit(500, "graphemes", url=23)
    assert count("https://example.com", limit) == count("https://example.com/" + "x" * 300, limit) == 23
    assert count("见https://example.com/a。后面", limit) == 1 + 23 + 3


def test_a_text_is_within_both_limits_where_a_platform_has_two() -> None:
    """300 graphemes and 3,000 bytes: a family is one grapheme of 25 bytes, so that 120 of them fill the second."""
    limit = Limit(300, "graphemes", bytes=3000)
    assert [count(text, limit) for text in ("沪" * 300, FAMILY * 120, "a" * 7 + FAMILY * 100)] == [300, 300, 251]
    assert not fits(FAMILY * 121, limit)
    assert not fits("沪" * 301, limit)
    assert cut(FAMILY * 400, limit) == FAMILY * 119 + "…"
    assert all(len(part.encode()) <= 3000 for part in split(FAMILY * 400, limit))
    assert limit.of(30) == Limit(30, "graphemes", bytes=300)


@given(TEXTS, LIMITS)
def test_one_number_tells_of_both_limits(text: Any, limit: Limit) -> None:
    """A text is within both exactly where its count is at most `max`."""
    if limit.bytes is None or not limit.max:
        return
    one, other = replace(limit, bytes=None), Limit(limit.bytes, "bytes", url=limit.url)
    assert (count(text, limit) <= limit.max) is (count(text, one) <= limit.max and count(text, other) <= limit.bytes)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("见https://a.example/x，后面", ["https://a.example/x"]),
        ("(https://a.example/x).", ["https://a.example/x"]),
        ("https://a.example后面", ["https://a.example"]),
        ("http://localhost/x https://-a.example", []),
        (f"https://{'a' * 64}.example", []),
    ],
)
def test_a_url_ends_where_the_sentence_goes_on(text: Any, urls: Any) -> None:
    assert URL.findall(text) == urls


@pytest.mark.skipif(CORPORA is None, reason="STEADYCAST_CORPORA names no folder of vectors")
def test_weights_agree_with_the_published_vectors() -> None:
    """All but a host in Han text, which counts letter by letter here: rather more than it would."""
    tests = yaml.safe_load((Path(CORPORA or "") / "weighted-length.yml").read_text(encoding="utf-8"))["tests"]
    vectors = tests["WeightedTweetsWithDiscountedEmojiCounterTest"] + tests["UnicodeDirectionalMarkerCounterTest"]
    wrong = {
        v["description"]: count(v["text"], Limit(280, "weighted"))
        for v in vectors
        if count(v["text"], Limit(280, "weighted")) != v["expected"]["weightedLength"]
    }
    assert [d for d in wrong if "punycode" not in d] == []
    assert len(vectors) > 20


def test_cut_prefers_the_end_of_a_sentence() -> None:
    text = "今天的内容很长很长。第二句也很长很长很长，还没完呢"
    assert cut(text, Limit(16)) == "今天的内容很长很长。"
    assert cut("“他已经好了吗？”问了又问，问了又问", Limit(12)) == "“他已经好了吗？”"
    assert cut("“好吗？”他问，然后走了很远很远", Limit(12)) == "“好吗？”他问，然后走…"


def test_cut_falls_back_to_a_word_and_says_so() -> None:
    assert cut("hello world this is a long line", Limit(20)) == "hello world this is…"
    assert cut("版本3.14发布，内容很多很多", Limit(6)) == "版本3.14发布，内容很多很多"[:2] + "…"
    assert cut("一二三，四五六七", Limit(5)) == "一二三…"


def test_cut_leaves_what_fits_and_survives_no_room() -> None:
    assert cut("好", Limit(1)) == "好"
    assert cut("好好", Limit(0)) == ""
    assert cut(FAMILY * 2, Limit(20, "bytes")) == "…"


def test_cut_never_leaves_half_a_url() -> None:
    text = "前面的话很长，见 https://example.com/a/long/path/to/it 吧"
    assert "https" not in cut(text, Limit(20))


def boundaries(text: Any) -> Any:
    return {0, *(m.end() for m in regex.finditer(r"\X", text))}


@given(TEXTS, LIMITS)
@examples(200)
@example("a🇨🇳🇨🇳🇨🇳", Limit(3, "graphemes"))
def test_cut_is_a_beginning_within_the_limit(text: Any, limit: Any) -> None:
    """Within the limit, a prefix of the text, and no grapheme in two."""
    short = cut(text, limit)
    assert count(short, limit) <= limit.max
    whole = text.strip()
    head = short if short == whole or not short.endswith("…") else short[:-1]
    assert whole.startswith(head)
    assert len(head) in boundaries(whole)


@given(TEXTS, st.integers(30, 120), st.sampled_from(COUNTS), st.sampled_from(["{n}/{total}", "({n}/{total})", ""]))
@examples(150)
def test_a_thread_loses_nothing(text: Any, most: int, by: Any, number: Any) -> None:
    """Each part is within the limit with its number; all parts together are the text, white space aside."""
    limit = Limit(most, by, bytes=most * 5)
    parts = split(text, limit, number)
    assert all(count(part, limit) <= most and len(part.encode()) <= most * 5 for part in parts)
    if number and len(parts) > 1:
        ends = [" " + number.format(n=n, total=len(parts)) for n in range(1, len(parts) + 1)]
        assert all(part.endswith(end) for part, end in zip(parts, ends, strict=True))
        parts = tuple(part.removesuffix(end) for part, end in zip(parts, ends, strict=True))
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


@given(TEXTS, LIMITS)
@examples(150)
def test_the_quick_look_agrees_with_the_count(text: Any, limit: Any) -> None:
    """`fits` may stop early on a long text, but never errs; the fast way to count graphemes is the slow way."""
    long = text * 20
    assert fits(long, limit) is (count(long, limit) <= limit.max)
    assert count(long, Limit(1, "graphemes")) == len(regex.findall(r"\X", long))


def test_a_thread_breaks_at_paragraphs_first() -> None:
    text = "第一段说得很长。还有一句。\n\n第二段也有一些话。\n\n第三段"
    assert split(text, Limit(20), "") == ("第一段说得很长。还有一句。", "第二段也有一些话。\n\n第三段")
    assert split(text, Limit(20)) == ("第一段说得很长。还有一句。 1/2", "第二段也有一些话。\n\n第三段 2/2")


def test_ten_parts_need_two_digits() -> None:
    parts = split("好。" * 60, Limit(16))
    assert parts[0].endswith(f" 1/{len(parts)}")
    assert len(parts) > 9
    assert max(len(part) for part in parts) <= 16


def test_a_limit_too_small_for_anything_is_an_error() -> None:
    with pytest.raises(DraftError, match="nothing fits"):
        split("你好世界", Limit(3))


def test_many_separate_calls_on_a_long_text_stay_quick() -> None:
    """A hostile text of one grapheme after another does not make cutting quadratic."""
    text = "e\u0301" * 50_000
    assert count(cut(text, Limit(300, "graphemes")), Limit(300, "graphemes")) == 300


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Claude 4.6发布，AI助手又进化了", 15),  # 20 characters; what the editor's counter said of it
        ("字" * 19 + "😀", 21),
        ("hello", 3),
        ("", 0),
        ("字" * 20, 20),
        ("a" * 40, 20),
        ("✨", 1),
    ],
)
def test_full_widths_are_utf16_units_and_ascii_is_half_of_one(text: Any, length: Any) -> None:
    assert count(text, Limit(20, "fullwidth")) == length
    assert cut(text, Limit(20, "fullwidth")) == text or length > 20
    assert count(cut(text, Limit(20, "fullwidth")), Limit(20, "fullwidth")) <= 20


@given(st.text(alphabet="ab 长，。「", max_size=60), st.integers(1, 12))
def test_lines_are_no_wider_than_they_may_be_and_lose_nothing(text: str, width: int) -> None:
    lines = broken_lines(text, width, len)
    assert all(len(line) <= width or len(line) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_word_of_thousands_of_letters_is_measured_a_line_at_a_time() -> None:
    """To draw a letter costs much: a cover's title is measured at many sizes, in a program with little time."""
    measured = []
    lines = broken_lines("a" * 5000, 10, lambda text: measured.append(len(text)) or len(text))  # type: ignore[func-returns-value]
    assert len(lines) == 500
    assert sum(measured) < 5000 * 20
