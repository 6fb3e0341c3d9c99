"""Which words of a text are bold, code or a link: found again in a text that was composed and cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_bench import article, changed

from steadycast.platform import Limit, Post, Span, count, cut, fits, runs, split, styled
from steadycast.render.text import plain


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return article(tmp_path)


def shown(text: str, post: Post) -> list[tuple[str, str, str]]:
    return [(span.mark, text[span.start : span.end], span.href) for span in styled(text, post)]


def composed(post: Post, html: str) -> tuple[str, Post]:
    return f"{post.title}\n\n{plain(html).render('drop')[0]}", changed(post, html=html)


def test_the_marks_of_a_whole_article(post: Post) -> None:
    assert shown(*composed(post, post.html)) == [
        ("bold", "弄堂口的书摊", ""),
        ("bold", "弄堂口", ""),
        ("link", "出处在此", "https://example.org/lane?a=1&b=2"),
        ("bold", "一、侬好，沪语(wu nyu)", ""),
        ("italic", "nóng", ""),
        ("code", "non", ""),
        ("code", "53", ""),
        ("code", "34", ""),
        ("code", "23", ""),
        (
            "pre",
            "for word in lane:\n    print(word.tone)  # 一行蛮长的代码，用来看横向滚动是不是只在代码块里，而不是整页滚动",
            "",
        ),
    ]


@pytest.mark.parametrize(
    ("html", "marks"),
    [
        ("<p><strong>a <em>b</em> c</strong></p>", [("bold", "a b c", ""), ("italic", "b", "")]),
        ('<p><a href="https://x.example/"><strong>a</strong> b</a></p>', [("link", "a b", "https://x.example/"), ("bold", "a", "")]),
        ('<p><a href="javascript:1">a</a> <a href="#b">b</a> <a href="mailto:c@x.example">c</a></p>', []),
        ("<pre><code>a <b>b</b>\n c</code></pre>", [("pre", "a b\n c", "")]),
        ("<p><code>a</code><code>b</code></p>", [("code", "ab", "")]),
        ("<p>the the <b>the</b> the</p>", [("bold", "the", "")]),
        ("<p>&lt;b&gt; <s>&amp;</s></p>", [("strike", "&", "")]),
    ],
)  # fmt: skip
def test_each_mark(post: Post, html: str, marks: list[tuple[str, str, str]]) -> None:
    text, made = composed(changed(post, title="题目"), html)
    assert shown(text, made)[1:] == marks


def test_the_mark_is_on_the_word_that_has_it(post: Post) -> None:
    text, made = composed(changed(post, title=""), "<p>the the <b>the</b> the</p>")
    (span,) = styled(text, made)
    assert span.start == text.index("the the the") + len("the the ")


def test_what_was_cut_off_has_no_mark(post: Post) -> None:
    text, made = composed(post, "<p>一句。<b>两句。</b></p><p><i>三句。</i></p>")
    assert [mark for mark, *_ in shown(text[: text.index("三")], made)] == ["bold", "bold"]


def test_words_that_stand_elsewhere_in_a_long_text_are_not_taken_for_those_of_the_body(post: Post) -> None:
    text = "一。" + "字" * 300 + "二"
    assert shown(text, changed(post, title="", html="<p>一。<b>二</b></p>")) == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["bold", "italic", "link"])), max_size=4)
)
def test_runs_are_the_whole_text_in_order(drawn: list[tuple[int, int, str]]) -> None:
    text = "0123456789"
    spans = [
        Span(start, end, mark, "https://x.example/" if mark == "link" else "")
        for start, end, mark in drawn
        if start < end
    ]
    pieces = list(runs(text, spans))
    assert "".join(words for words, *_ in pieces) == text
    at = 0
    for words, marks, href in pieces:
        over = [span for span in spans if span.start <= at < span.end]
        assert marks == {span.mark for span in over}
        assert bool(href) == ("link" in marks)
        at += len(words)


ESCAPED = Limit(20, escapes="*_")


@given(st.text("ab*_ 书。", max_size=60))
def test_what_needs_a_sign_before_it_counts_twice(text: str) -> None:
    signed = text.replace("*", r"\*").replace("_", r"\_")
    assert count(text, ESCAPED) == len(signed)
    assert fits(text, ESCAPED) == (len(signed) <= 20)
    assert count(cut(text, ESCAPED), ESCAPED) <= 20
    assert all(count(part, ESCAPED) <= 20 for part in split(text, ESCAPED))
