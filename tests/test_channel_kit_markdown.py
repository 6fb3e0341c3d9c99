"""A kit's article.md: what a reader of it sees is what the paste page shows, whatever marks stand in the words."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import partial
from typing import Any

import comrak
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.platform import markdown

# Plain CommonMark with GitHub's tables and strikethrough: no leniency towards emphasis in Chinese.
EXTENSIONS = comrak.ExtensionOptions(strikethrough=True, table=True, autolink=True, footnotes=True, tasklist=True)
OPTIONS = comrak.RenderOptions(unsafe_=True)
NASTY = ["*", "**", "_", "`", "``", "~", "~~~", "[", "](", ")", "<", ">", "<b>", "!", "|", "#", "##", "-", "+", "=", "===", "1.", "2)",
         "\\", "&", "&amp;", "&lt;", ";", " ", "  ", "字", "“", "”", "。", "a", "x1", "---", "\n", "[^1]", "<!--", "://", "\u00a0", "😀"]  # fmt: skip
WORDS = st.lists(st.sampled_from(NASTY), max_size=8).map("".join)


def written(source: str) -> str:
    return markdown(source, {})


def shown(markdown: str) -> str:
    return comrak.markdown_to_html(markdown, EXTENSIONS, comrak.ParseOptions(), OPTIONS)


def tags(source: str) -> set[str]:
    return set(re.findall(r"<([a-z][a-z0-9]*)", source))


def seen(source: str) -> str:
    """The words of some HTML without white space; small figures are figures."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", html.unescape(re.sub(r"<[^>]*>", "", source))))


INLINE = st.recursive(
    WORDS.map(lambda w: html.escape(w, quote=False)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        *(inner.map(f"<{t}>{{}}</{t}>".format) for t in ("strong", "em", "del", "u", "sub")),
        inner.map('<a href="https://a.example/(x)?a=1&amp;amp;b=2">{}</a>'.format),
        WORDS.filter(str.strip).map(lambda w: f"<code>{html.escape(w, quote=False)}</code>"),
        st.just("<br>"),
    ),
    max_leaves=5,
)


def listed(tag: str, items: list[str]) -> str:
    return f"<{tag}>" + "".join(f"<li>{x}</li>" for x in items) + f"</{tag}>"


BLOCK = st.recursive(
    st.one_of(
        *(INLINE.map(f"<{t}>{{}}</{t}>".format) for t in ("p", "h2", "h6")),
        WORDS.map(lambda w: f"<pre><code>{html.escape(w, quote=False)}</code></pre>"),
        st.tuples(INLINE, INLINE).map(lambda c: f"<table><tr><th>{c[0]}</th></tr><tr><td>{c[1]}</td></tr></table>"),
        st.just("<hr>"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        inner.map("<blockquote>{}</blockquote>".format),
        *(st.lists(inner | INLINE | st.tuples(INLINE, inner).map("".join), min_size=1, max_size=3).map(partial(listed, t))
          for t in ("ul", "ol", 'ol start="7"')),
    ),
    max_leaves=4,
)  # fmt: skip


@given(BLOCK)
def test_every_word_is_shown_and_no_mark_of_a_member_counts(source: Any) -> None:
    """Read as Markdown, it has the same words and no element that the sanitised HTML had not."""
    made = shown(written(source))
    assert seen(made) == seen(source)
    assert tags(made) <= tags(source) | {"p", "thead", "tbody"}


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("<p>讲<strong>“侬好”</strong>不<em>对</em>。</p>", "讲“**侬好**”不*对*。"),
        ("<p>字<strong>结束。</strong>字</p>", "字**结束**。字"),
        ("<p>字<strong><a href='https://a.example/'>书</a></strong>字</p>", "字[书](https://a.example/)字"),
        ("<p><strong>a</strong><strong>b</strong></p>", "**ab**"),
        ("<p>看!<a href='https://a.example/?a=1&amp;b=(2)'>书</a></p>", r"看\![书](https://a.example/?a=1&b=%282%29)"),
        ("<p><a href='javascript:alert(1)'>x</a><a href='#fn1'>y</a></p>", "xy"),
        ("<p>&lt;script&gt; [x](javascript:1) 1. *a*</p>", r"\<script> \[x\](javascript:1) 1. \*a\*"),
        ("<p>1. a<br># b<br>- c<br>2026.</p>", "1\\. a  \n\\# b  \n\\- c  \n2026\\."),
        ("<p>H<sub>2</sub>O x<sup>2</sup> <u>u</u></p>", "H₂O x² u"),
        ("<ul><li>a<ol start='3'><li>b</li></ol></li></ul><ul><li>c</li></ul>", "- a\n\n  3. b\n\n* c"),
        ("<ol><li><p>a</p><pre><code>``` x\n</code></pre></li></ol>", "1. a\n\n   ````\n   ``` x\n   ````"),
        ("<table><tr><th>a|b</th></tr><tr><td><code>c|d</code></td></tr></table>", "| a\\|b |\n| --- |\n| `c\\|d` |"),
        ("<blockquote><p>a</p><hr></blockquote><h2>C #</h2>", "> a\n>\n> ***\n\n## C \\#"),
        ("<p><img src='media:%s' alt='[x'> <img src='data:x' alt='y'></p>" % ("0" * 64), r"\[x y"),
        ("<p> <br> </p>", ""),
    ],
)
def test_each_element_has_its_mark(source: str, made: str) -> None:
    """Or none, where Markdown has no mark that counts there: then the words stand alone."""
    as_sanitised = source.replace("'", '"')
    assert written(as_sanitised).rstrip("\n") == made


@pytest.mark.parametrize(
    "source", ["<blockquote>" * 5000 + "x", "<p>" + "字<strong>“a”</strong>" * 5000, "<h1>" + "#" * 200000 + "x</h1>"]
)
def test_what_is_made_to_be_slow_or_deep_is_written_too(source: str) -> None:
    assert seen(shown(written(source))) == seen(source)
