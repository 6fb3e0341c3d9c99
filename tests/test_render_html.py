"""One body, many shapes: HTML by a platform's RenderRule, and plain text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.errors import SettingsError
from steadycast.platform import Limit, RenderRule
from steadycast.render import html
from steadycast.render.inline_style import Style, load
from steadycast.render.lexer import Finisher
from steadycast.render.markdown import join_lines, to_html
from steadycast.render.sanitise import clean
from steadycast.render.text import plain, summary

PASTED = RenderRule(links="footnotes", classes=False, code="inline", bullets="literal")


def body(source: Any, pictures: Any = None, base: str = "") -> Any:
    return Finisher(pictures or {}, base, "noopener").finish(join_lines(clean(to_html(source), ugc=False)))


def shown(source: Any, rule: Any, style: Any = None) -> Any:
    return html.render(body(source), rule, style)[0].strip()


def test_links_become_footnotes_numbered_by_first_use() -> None:
    """The same URL has the same number; a link that says its own URL needs none."""
    source = "[甲](https://a.example)、[乙](https://b.example)、[又](https://a.example) https://c.example/x"
    out, links = html.render(body(source), RenderRule(links="footnotes", footnotes_title="引用链接"))
    assert "甲<sup>[1]</sup>、乙<sup>[2]</sup>、又<sup>[1]</sup> https://c.example/x</p>" in out
    assert "<h4>引用链接</h4>\n<p>[1] 甲: <i>https://a.example</i><br>[2] 乙: <i>https://b.example</i></p>" in out
    assert links == (("甲", "https://a.example"), ("乙", "https://b.example"))
    assert "<a" not in out


def test_links_to_the_platform_itself_stay_links() -> None:
    rule = RenderRule(links="footnotes", link_hosts=("own.example", "half.example/s/"))
    out, links = html.render(
        body("[a](https://own.example/x) [b](https://half.example/s/1) [c](https://half.example/t)"), rule
    )
    assert out.count("<a ") == 2
    assert links == (("c", "https://half.example/t"),)
    assert "<a" not in shown("[a](https://own.example.evil/x)", rule)


def test_links_as_words_alone() -> None:
    assert shown("[a](https://a.example) b", RenderRule(links="text")) == "<p>a b</p>"


def test_styles_are_written_on_each_element_and_no_class_or_id_is_left() -> None:
    style = Style({"p": "margin:0", "pre code": "font-size:14px", "code": "color:red", "blockquote p": 'quotes:"x"'})
    out = shown(
        "# h\n\na `b`\n\n> q\n\n```python\nx = 1\n```\n\n[^1]\n\n[^1]: n",
        RenderRule(classes=False, code="inline"),
        style,
    )
    assert '<p style="margin:0">a <code style="color:red">b</code></p>' in out
    assert "<p style=\"margin:0;quotes:'x'\">q</p>" in out
    assert '<pre><code style="font-size:14px;color:red">' in out
    assert "class=" not in out
    assert " id=" not in out
    assert 'href="#' not in out


def test_a_property_is_said_once_and_a_shorthand_takes_its_longhands_with_it() -> None:
    rules = {"p": "margin: 0 0 1em; color:#333", "blockquote p": "margin:0;color:grey", "li p": "padding-left:1em"}
    style = Style({**rules, "ul li p": "padding:0;padding-left:2px"})
    assert style.of("p", ["blockquote"]) == "margin:0;color:grey"
    assert style.of("p", ["ul", "li"]) == "margin:0 0 1em;color:#333;padding:0;padding-left:2px"


def test_a_picture_with_sides_keeps_its_shape_where_the_style_narrows_it() -> None:
    style = Style({"img": "max-width:100%;height:auto"})
    out = shown('<img src="https://a.example/b.png" width="900" height="600" alt="">', RenderRule(classes=False), style)
    assert 'style="max-width:100%;height:auto;width:900px"' in out


def test_the_style_of_an_element_does_not_leak_out_of_its_parent() -> None:
    style = Style({"blockquote p": "color:grey"})
    out = shown("> a\n\nb\n\n> c\n\nd", RenderRule(classes=False), style)
    assert [bool(m) for m in re.findall(r"<p( style[^>]*)?>", out)] == [True, False, True, False]


def test_bullets_are_written_out_and_nested_lists_follow_their_item() -> None:
    out = shown("- a\n  - b\n    1. c\n- **d**\n\n3. e\n4. f", RenderRule(bullets="literal"))
    flat = re.sub(r"\s*\n\s*", "", out)
    assert flat == (
        "<ul><li>• a</li><ul><li>• b</li><ol><li>1. c</li></ol></ul><li>• <strong>d</strong></li></ul>"
        '<ol start="3"><li>3. e</li><li>4. f</li></ol>'
    )


def test_what_follows_a_nested_list_in_its_item_follows_it_still() -> None:
    """公众号 got `2. 二`, the paragraph that belongs behind 二之二, and then the list."""
    out = shown("1. 一\n2. 二\n   1. 二之一\n   2. 二之二\n\n   第二段。\n3. 三", RenderRule(bullets="literal"))
    flat = re.sub(r"\s*\n\s*", "", out)
    assert flat == (
        "<ol><li><p>1. 一</p></li><li><p>2. 二</p></li><ol><li>1. 二之一</li><li>2. 二之二</li></ol>"
        "<li><p>第二段。</p></li><li><p>3. 三</p></li></ol>"
    )
    quoted = shown("- a\n  > b\n  > - c\n  >\n  > d\n- e", RenderRule(bullets="literal"))
    assert re.sub(r"\s*\n\s*", "", quoted) == (
        "<ul><li>• a<blockquote><p>b</p></blockquote></li><ul><li>• c</li></ul>"
        "<li><blockquote><p>d</p></blockquote></li><li>• e</li></ul>"
    )


def test_bullets_stand_inside_the_paragraph_of_a_loose_item() -> None:
    assert "<p>1. a</p>" in shown("1. a\n\n2. b", RenderRule(bullets="literal"))
    assert "<li>☑ done</li>" in shown("- [x] done\n- [ ] to do", RenderRule(bullets="literal"))


def test_a_style_does_not_undo_the_alignment_of_a_column() -> None:
    out = shown("|a|b|\n|:-:|---|\n|1|2|", PASTED, Style({"th": "color:#333;text-align:left"}))
    assert '<th align="center" style="color:#333;text-align:center">a</th>' in out
    assert '<th style="color:#333;text-align:left">b</th>' in out


def test_the_boxes_of_a_task_list_stay_where_a_platform_drops_the_element() -> None:
    source = "- [x] bought\n- [ ] read\n\n1. [ ] one\n\n   two"
    for tags in ((), ("ul", "ol", "li", "p")):
        out = shown(source, RenderRule(tags=tags, classes=False))
        assert '<li style="list-style-type:none">☑ bought</li>' in out
        assert '<li style="list-style-type:none">☐ read</li>' in out
        assert "<p>☐ one</p>" in out
        assert "<input" not in out
    assert "<p>☐ one</p>" in shown(source, PASTED)
    assert "<input" in shown(source, RenderRule())  # our own pages draw them


def test_code_for_editors_that_collapse_white_space() -> None:
    out = shown("```\na  b\n\tc\n```", PASTED)
    assert out == "<pre><code>a&nbsp;&nbsp;b<br>&nbsp;&nbsp;&nbsp;&nbsp;c</code></pre>"


def test_code_is_coloured_as_the_rule_asks() -> None:
    source = "```python\ndef f(): return '<b>'\n```"
    assert '<span class="k">def</span>' in shown(source, RenderRule())
    assert '<span style="color:' in shown(source, RenderRule(classes=False, code="inline"))
    assert shown(source, RenderRule(code="plain")) == "<pre><code>def f(): return '&lt;b&gt;'\n</code></pre>"
    assert "&lt;b&gt;" in shown(source, RenderRule())
    assert shown("```no-such-language\nx\n```", RenderRule()) == "<pre><code>x\n</code></pre>"


def test_only_the_elements_a_platform_takes() -> None:
    """Twins stand in for each other, headings become paragraphs, cells and lines stay apart."""
    rule = RenderRule(tags=("b", "i", "a", "p", "br", "code"), classes=False)
    assert shown("# h\n\n**s** *e* ~~d~~", rule) == "<p>h</p>\n<p><b>s</b> <i>e</i> d</p>"
    table = shown("|a|b|\n|-|-|\n|1|2|", rule)
    assert "<t" not in table
    assert re.sub(r"\s+", " ", table.replace("<br>", "/")).replace(" ", "") == "ab/12/"


def test_tables_scroll_and_pictures_carry_their_size_in_their_style() -> None:
    rule = RenderRule(classes=False)
    assert '<section style="overflow-x:auto"><table>' in shown("|a|\n|-|\n|1|", rule)
    assert "</table></section>" in shown("|a|\n|-|\n|1|", rule)
    out = shown('<img src="https://e.example/a.png" width="300" height="20" alt="x">', rule)
    assert out == '<img src="https://e.example/a.png" alt="x" style="width:300px;height:20px">'


def test_pictures_are_named_by_their_content() -> None:
    """What the draft brings is mapped, percent-encoded or not; what nobody brought is lost, and its words stay."""
    finisher = Finisher({"图 1.png": "d" * 64}, "", "noopener")
    out = finisher.finish(clean(to_html("![a](<图 1.png>) ![b](gone.png) ![c](https://e.example/c.png) ![d](media:e)")))
    assert f'<img src="media:{"d" * 64}" alt="a">' in out
    assert '<img src="https://e.example/c.png" alt="c">' in out
    assert finisher.lost == ["gone.png", "media:e"]
    assert "media:e" not in out


def test_bare_urls_become_links_but_not_in_code() -> None:
    out = body("见https://a.example/x，`https://b.example` 与 www.c.example。\n\n    https://d.example")
    assert re.findall(r'href="([^"]*)"', out) == ["https://a.example/x", "https://www.c.example"]
    assert body("https://a.example/?x=1&y=2") == (
        '<p><a href="https://a.example/?x=1&amp;y=2" rel="noopener">https://a.example/?x=1&amp;y=2</a></p>\n'
    )


def test_links_without_a_host_mean_the_site_or_are_only_words() -> None:
    assert 'href="https://s.example/about"' in body("[a](/about)", base="https://s.example/")
    assert body("[a](/about)") == "<p>a</p>\n"
    assert 'href="#h-x"' in body("[a](#x)")


def test_text_reads_well() -> None:
    out, links = plain(
        body(
            "# 题\n\n一段\n话 **强** [链](https://a.example/?a=1&b=2)。\n\n- a\n- b\n  1. c\n\n> q\n> r\n\n"
            "|x|y|\n|-|-|\n|1|2|\n\n```\nif x:\n    y < 1\n```\n\n注[^1]\n\n[^1]: 说明"
        )
    ).render("numbered")
    assert out == (
        "题\n\n一段话 强 链[1]。\n\n• a\n• b\n  1. c\n\n> q r\n\nx | y\n1 | 2\n\nif x:\n    y < 1\n\n注①\n\n① 说明\n\n"
        "[1] https://a.example/?a=1&b=2"
    )
    assert links == (("链", "https://a.example/?a=1&b=2"),)


@pytest.mark.parametrize(
    ("mode", "out"),
    [
        ("inline", "见 链 https://a.example 。又 https://b.example 完"),
        ("numbered", "见 链[1]。又 https://b.example 完\n\n[1] https://a.example"),
        ("drop", "见 链。又 https://b.example 完"),
    ],
)
def test_links_in_text(mode: Any, out: Any) -> None:
    """An inline URL stands between spaces: nothing after it is taken for a part of it."""
    assert plain(body("见 [链](https://a.example)。又 https://b.example 完")).render(mode)[0] == out


def test_numbers_in_text_are_those_of_the_html() -> None:
    source = body("[a](https://own.example) [b](https://b.example)")
    hosts = ("own.example",)
    assert (
        html.render(source, RenderRule(links="footnotes", link_hosts=hosts))[1]
        == plain(source).render("numbered", hosts)[1]
    )


def test_summary_is_the_first_sentences() -> None:
    source = body("# 题\n\n第一段[^1]说[这](https://a.example)件事。第二句很长很长很长很长。\n\n第二段\n\n[^1]: 注")
    assert summary(source, Limit(12)) == "第一段说这件事。"
    assert summary(body("- a\n- b"), Limit(10)) == "a b"


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# h\n\n",
            "- a\n",
            "  - b\n",
            "1. c\n",
            "> q\n",
            "**b** ",
            "[l](https://a.example) ",
            "`c` ",
            "\n\n",
            "好。\n",
            "|a|b|\n|-|-|\n|1|2|\n",
            "```python\nx\n```\n",
            "![i](https://e.example/i.png) ",
            "[^1] ",
            "\n[^1]: n\n",
            "<b>x",
            "</p>",
            "<table><td>",
            "<li>",
            "&amp; ",
            "- [x] t\n",
        ]
    ),
    max_size=25,
).map("".join)
RULES = st.builds(
    RenderRule,
    tags=st.sampled_from([(), ("b", "i", "a", "code", "pre"), ("p", "br", "strong", "ul", "li", "section")]),
    links=st.sampled_from(["keep", "footnotes", "text"]),
    classes=st.booleans(),
    footnotes_title=st.just("§"),
    code=st.sampled_from(["classes", "inline", "plain"]),
    bullets=st.sampled_from(["native", "literal"]),
)


@given(MARKDOWN, RULES)
@examples(150)
def test_every_shape_is_well_formed_and_loses_no_words(source: Any, rule: Any) -> None:
    """What is opened is closed in order, only allowed elements are there, and the letters are those of the body."""
    whole = body(source)
    out, _ = html.render(whole, rule, Style({"li p": "margin:0", "p": "color:#333"}))
    stack: list[Any] = []
    for closing, name in re.findall(r"<(/?)([a-z0-9]+)[^>]*>", out):
        assert not rule.tags or name in {*rule.tags}
        if closing:
            assert stack.pop() == name
        elif name not in {"br", "hr", "img", "input", "col", "wbr"}:
            stack.append(name)
    assert stack == []
    assert letters(out.partition("§")[0]) == letters(whole)


def letters(markup: Any) -> Any:
    """The words of some HTML, in their order: nothing moves."""
    return re.findall(r"[a-z好]", re.sub(r"<[^>]*>|&\w+;", "", markup))


@given(MARKDOWN)
@examples(100)
def test_text_of_anything_has_no_markup(source: Any) -> None:
    out, _ = plain(body(source.replace("`", ""))).render("inline")
    assert not re.search(r"</?(?:p|b|li|table|td|code|a|sup)[ >]|[\x00-\x08]", out)


def test_a_style_sheet_is_read_from_the_first_folder_and_says_what_is_wrong(tmp_path: Path) -> None:
    own, base = tmp_path / "own", tmp_path / "base"
    for folder in (own, base):
        folder.mkdir()
    (base / "s.toml").write_text('p = "color:red"\n', encoding="utf-8")
    assert load("s.toml", (own, base)).of("p", []) == "color:red"
    (own / "s.toml").write_text('".x" = "color:red"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"s\.toml.*not a selector"):
        load("s.toml", (own, base))
    with pytest.raises(SettingsError, match="missing"):
        load("t.toml", (own, base))
