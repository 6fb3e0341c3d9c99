"""What a text is made of: one composition, measured by one ruler, of which the text alone is ever cut."""

from __future__ import annotations

from typing import Any

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from steadycast.errors import DraftError
from steadycast.platform import Limit, count, cut, first_that_fits, fits, split
from steadycast.platform.composition import PIECES, composed, fill, hashtags, unknown
from steadycast.platform.text import TAG, URL, opening

TEMPLATE = "{title}\n\n{text}\n\n{url} {tags}"
TEMPLATES = (
    TEMPLATE,
    "{text}\n{url}\n{tags}",
    "【{title}】{text} {url}",
    "{title} — {author}\n{summary}\n\n{text}\n\n{tags}",
)
COUNTS = ("codepoints", "graphemes", "bytes", "utf16", "weighted", "fullwidth", "words")
ODD = "e\u0301👩‍👩‍👧🇨🇳é\u200d한글「」。，#@:/.\ufeff\u202e\r\t"
words = st.text(
    st.one_of(st.sampled_from("abc XYZ\n读书会今天的天气好。，！? " + ODD), st.characters(codec="utf-8")), max_size=120
)
line = words.map(lambda text: " ".join(text.split()))
links = st.sampled_from(
    [
        "",
        "https://huyu.example/x-",
        "https://huyu.example/daily/2026-11-27-2000.html",
        "http://a.io",
        "https://huyu.example/" + "long/" * 20,
    ]
)
texts = st.lists(st.one_of(words, links, st.just("#读书会")), max_size=6).map(" ".join).map(str.strip)
tags = st.lists(line, max_size=5).map(hashtags)
limits = st.builds(
    Limit,
    st.integers(1, 400),
    st.sampled_from(COUNTS),
    url=st.sampled_from([None, 23]),
    cut=st.just(True),
    bytes=st.sampled_from([None, 90, 900]),
)
pieces = st.fixed_dictionaries(
    {"title": line, "summary": line, "text": texts, "url": links, "tags": tags, "author": line}
)


OF_BYTES = {"title": "书" * 6, "text": "HTTPS://00000000000.0/- 00 书书书书", "url": "https://huyu.example/x-"}


@given(st.sampled_from(TEMPLATES), pieces, limits)
@example(TEMPLATES[0], OF_BYTES, Limit(82, "codepoints", cut=True, bytes=90))  # there is room for signs, not for bytes
def test_whatever_comes_the_whole_is_within_the_limit_and_the_text_alone_is_cut(
    template: Any, given_: Any, limit: Any
) -> None:
    made = composed(template, given_, limit)
    whole = fill(template, given_)
    if made is None:
        assert count(whole, limit) > limit.max
        around = max(
            8, -(-16 * limit.max // (limit.bytes or 16 * limit.max))
        )  # what may stand there: 8 signs, 16 bytes
        room = limit.max - count(fill(template, {**given_, "text": ""}), limit) - around
        most = cut(given_["text"], limit.of(max(1, room))).removesuffix("…")
        assert room < 1 or len(most) < max(1, opening(given_["text"])), "there was room"
        return
    assert count(made, limit) <= limit.max
    if made == whole:
        return
    before, _, after = template.partition("{text}")
    head = made.removeprefix(fill(before, given_).rstrip("\n ") if before else "")
    assert head != made or not before or not fill(before, given_), "what stands before the text is whole"
    assert made.endswith(fill(after, given_).strip("\n ")), "what stands after the text is whole"
    kept = head.removesuffix(fill(after, given_)).strip("\n ").removesuffix("…")
    if given_["text"].startswith(kept):
        assert not broken(f" {given_['text']}", len(kept) + 1), "also the first one is whole"


@given(texts, limits)
@example("#" + "读书会" * 40, Limit(20))
@example("看 #读书会的天气 今天", Limit(5))
@example("See https://huyu.example/" + "a" * 80, Limit(30))
@example("https://huyu.example/" + "a" * 80, Limit(30))
@example("See https://huyu.example/a(b.)cde and more of it", Limit(32))
def test_a_cut_falls_between_graphemes_and_in_no_link_and_no_tag(text: Any, limit: Any) -> None:
    head = cut(text, limit, ellipsis="")
    assert count(head, limit) <= limit.max
    assert text.strip().startswith(head)
    end = len(head)
    at, ends = 0, {0}
    for cluster in regex.findall(r"\X", text.strip()):
        at += len(cluster)
        ends.add(at)
    assert end in ends
    assert not broken(text.strip(), end)


def broken(text: str, end: int) -> list[Any]:
    """The links and tags that a cut at `end` falls inside of, but for one that the text begins with."""
    found = [*URL.finditer(text), *TAG.finditer(text)]
    return [each[0] for each in found if 0 < each.start() < end < each.end()]


@given(pieces, limits)
def test_the_parts_of_a_thread_hold_the_text(given_: Any, limit: Any) -> None:
    whole = fill(TEMPLATE, given_)
    try:
        parts = split(whole, limit, number="")
    except DraftError:
        return
    assert all(count(part, limit) <= limit.max for part in parts)
    assert "".join("".join(parts).split()) == "".join(whole.split())


def test_an_empty_piece_goes_with_its_line() -> None:
    full = {
        "title": "T",
        "summary": "",
        "text": "Words.\n\nMore.",
        "url": "https://a.io/x",
        "tags": "#a #b",
        "author": "",
    }
    assert fill(TEMPLATE, full) == "T\n\nWords.\n\nMore.\n\nhttps://a.io/x #a #b"
    assert fill(TEMPLATE, full | {"url": ""}) == "T\n\nWords.\n\nMore.\n\n#a #b"
    assert fill(TEMPLATE, full | {"tags": ""}) == "T\n\nWords.\n\nMore.\n\nhttps://a.io/x"
    assert fill(TEMPLATE, full | {"tags": "", "url": "", "title": ""}) == "Words.\n\nMore."
    assert fill(TEMPLATE, full | {"text": ""}) == "T\n\nhttps://a.io/x #a #b"
    assert fill("Read: {url}\n{author}, {title}", full | {"url": ""}) == ", T"
    assert fill("{text}", {"text": "{title} {0} %s"}) == "{title} {0} %s", "what a draft says is no template"
    assert fill("{title} {{x}}", full) == "T {x}"


def test_tags_are_words_of_their_own() -> None:
    assert (
        hashtags(["读书 会", "C++", "a-b", "#已有", "!!!", "读书会", "e\u0301te\u0301"])
        == "#读书会 #C #ab #已有 #e\u0301te\u0301"
    )


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{titel}", "{titel} is no piece"),
        ("{text:>10}", "takes no format"),
        ("{text!r}", "takes no format"),
        ("{text.__class__}", "is no piece"),
        ("{0}", "is no piece"),
        ("{}", "is no piece"),
        ("{text", "expected '}'"),
    ],
)
def test_a_template_with_another_piece_is_refused(template: str, said: str) -> None:
    assert said in unknown(template)


def test_every_piece_is_known_and_none_is_needed() -> None:
    assert unknown("".join(f"{{{piece}}}" for piece in PIECES)) == ""
    assert unknown("") == unknown("Words alone {{as they are}}") == ""


def test_the_first_that_fits_is_taken_whole() -> None:
    limit = Limit(4, "weighted")
    assert first_that_fits(["天气好", "天气", "天"], limit) == "天气"
    assert first_that_fits(["abcdef"], limit) == ""
    assert fits("天气", limit)
