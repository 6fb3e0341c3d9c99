"""A character that Markdown may take for a mark never changes what the words say, least of all where there is only text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steadycast.draft.commonmark import disguised, undisguised
from steadycast.draft.outline import outline
from steadycast.render import text
from steadycast.render.markdown import to_html
from steadycast.render.sanitise import clean


def page(body):
    return clean(to_html(body))


def words(body):
    return text.render(page(body), "inline")[0]


FACTS = [
    "价格10~20元，人数30~40人",
    "约5~6公里，或~7公里~8公里",
    "2*3*4米，10*20*30cm",
    "2**10 = 1024，3**2 = 9",
    "x**2 + y**2",
    "20:30:00，比分3:100:5",
    "库存<5件，气温<0度>",
    "1_000_000，a_1_b",
    "[注]: 明天20:00",
    "见[1]与[^2]",
    "100%，5^2^3",
]


@pytest.mark.parametrize("said", FACTS)
def test_what_is_written_is_what_is_read(said):
    assert words(said) == said
    assert "<del>" not in page(said)
    assert outline(said).paragraph == said


def test_two_tildes_strike_and_code_and_addresses_keep_every_character():
    assert page("~~旧价~~ a~b~c `x~y~z` <https://a.example/~u/~v>").startswith(
        '<p><del>旧价</del> a~b~c <code>x~y~z</code> <a href="https://a.example/~u/~v"'
    )
    assert page("~~~\n1~2 3*4*5\n~~~") == "<pre><code>1~2 3*4*5\n</code></pre>\n"
    assert page("**Windows**11 与*注*3") == "<p><strong>Windows</strong>11 与<em>注</em>3</p>\n"
    assert page("[a] [b]\n\n[a]: https://a.example\n[b]: #h") == page("[a](https://a.example) [b](#h)")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("10<sup>3</sup>米", "10³米"),
        ("x<sup>n+1</sup>", "xⁿ⁺¹"),
        ("x<sup>ab</sup>", "x^(ab)"),
        ("1<sup>st</sup>", "1st"),
        ("H<sub>2</sub>O", "H₂O"),
        ("原价~~100~~80元", "原价1\u03360\u03360\u033680元"),
        ("<del>a &amp; *b*</del>", "a\u0336 &\u0336 b\u0336"),
    ],
)
def test_raised_lowered_and_struck_words_say_so_in_text(body, said):
    """`103米` is another length and `原价10080元` another price."""
    assert words(body) == said
    assert outline(body).paragraph == said


DIGITS_AND_HAN = re.compile(r"[0-9]+|[价格人数元好]")


@given(st.text("0123456789价格人数元好~*_^$\\=<>:%|[]!?.,;'\"-+，。（） ", max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_figure_and_no_word_changes_in_text(said):
    """Han before it, so that the line is no list or heading."""
    source = "好" + said
    meant = DIGITS_AND_HAN.findall(source)
    for read in (words(source), outline(source).paragraph):
        assert DIGITS_AND_HAN.findall(read.replace("\u0336", "")) == meant or "~~" in source
        assert [c for found in DIGITS_AND_HAN.findall(read) for c in found] == [c for f in meant for c in f]


@given(st.text("ab1~*[]:\\ \n`", max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_disguise_comes_off_and_no_line_moves(body):
    assert undisguised(disguised(body)) == body
    assert disguised(body).count("\n") == body.count("\n")
