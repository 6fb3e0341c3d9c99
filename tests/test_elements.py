"""Sanitised HTML as a tree: nothing of it is lost, and no nesting is too deep for it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.html_tree import DEEPEST, VOID, Element, elements

TAGS = frozenset("p div strong em ul li code br img input".split())
HOSTILE = st.lists(
    st.sampled_from([*(f"<{t}>" for t in sorted(TAGS)), *(f"</{t}>" for t in sorted(TAGS)), "字", " ", "\n", "&amp;", "&lt;b>", '"', "<", ">",
                     "<img alt='a > b \"c\" &amp;amp;' src=x>", "<div title=a&gt;b>"])
).map("".join)  # fmt: skip


def written(parts: list[Element | str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield html.escape(part, quote=False)
            continue
        found = "".join(f' {k}="{html.escape(v).replace("&#x27;", chr(39))}"' for k, v in part.attributes.items())
        yield f"<{part.tag}{found}>" + ("" if part.tag in VOID else f"{''.join(written(part.inside))}</{part.tag}>")


@given(HOSTILE)
def test_written_again_it_is_what_it_was(source: Any) -> None:
    """Of whatever the sanitiser lets through."""
    clean = nh3.clean(source, tags=TAGS, attributes={"img": {"alt", "src"}, "*": {"title"}}, link_rel=None)
    assert "".join(written(elements(clean))) == clean


@pytest.mark.parametrize("tag", ["div", "blockquote"])
def test_of_what_is_nested_too_deep_the_words_remain(tag: str) -> None:
    """In their order, in as deep a tree as a function that calls itself can walk."""
    tree = elements(f"<{tag}>" * 50_000 + "a<img>" + f"</{tag}>b" * 50_000)
    outer = Element("", inside=tree)
    assert outer.text() == "a" + "b" * 50_000
    depth, inner = 0, tree
    while inner and isinstance(inner[0], Element) and inner[0].tag == tag:
        depth, inner = depth + 1, inner[0].inside
    assert depth == DEEPEST - 1
    assert any(isinstance(part, Element) and part.tag == "img" for part in inner)


def test_a_block_is_one_and_what_holds_it() -> None:
    """What holds words alone is none."""
    div, span = elements("<div><em><p>a</p></em></div><span>b</span>")
    assert isinstance(div, Element)
    assert isinstance(span, Element)
    assert div.block
    assert not span.block


def test_what_is_not_well_formed_ends_nothing_else() -> None:
    """No sanitiser writes it, but a stray end must not take the top of the tree with it."""
    assert elements("</p>a</p><b>c") == ["a", Element("b", inside=["c"])]
