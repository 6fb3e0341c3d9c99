"""Markdown in, sanitised HTML out: emphasis in Chinese, line breaks, hostile markup."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from steadycast.render.markdown import join_lines, to_html
from steadycast.render.sanitise import TAGS, calm, clean, safe_address

CORPORA = os.environ.get("STEADYCAST_CORPORA")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**「稳定输出」**是", "<strong>「稳定输出」</strong>是"),
        ("**注意：**请看", "<strong>注意：</strong>请看"),
        ("这是**重点。**后面", "这是<strong>重点。</strong>后面"),
        ("使用**`code`**命令", "使用<strong><code>code</code></strong>命令"),
        ("他说**“是”**了", "他说<strong>“是”</strong>了"),
        ("前面，**加粗，**后面", "前面，<strong>加粗，</strong>后面"),
        ("读**《繁花》**的人", "读<strong>《繁花》</strong>的人"),
        ("~~旧址（徐汇）~~已搬", "<del>旧址（徐汇）</del>已搬"),
        ("看*第（一）*章", "看<em>第（一）</em>章"),
    ],
)
def test_emphasis_works_beside_full_width_punctuation(source: Any, shown: Any) -> None:
    """Plain CommonMark leaves these asterisks on the page; Chinese authors write them every day."""
    assert to_html(source).strip() == f"<p>{shown}</p>"


def test_tables_footnotes_tasks_and_heading_ids() -> None:
    html = clean(to_html("# 标题\n\n|a|b|\n|-|-:|\n|1|2|\n\n- [x] done\n\nsee[^1]\n\n[^1]: note\n"))
    assert '<h1 id="h-标题">标题</h1>' in html
    assert '<th align="right">b</th>' in html
    assert '<li><input type="checkbox" checked="" disabled=""> done</li>' in html
    assert '<sup class="footnote-ref"><a href="#fn-1" id="fnref-1"' in html
    assert '<li id="fn-1">\n<p>note</p>' in html


@pytest.mark.parametrize(
    ("html", "joined"),
    [
        ("<p>你好\n世界</p>", "<p>你好世界</p>"),
        ("<p>你<b>好</b>\n<i>世</i>界</p>", "<p>你<b>好</b><i>世</i>界</p>"),
        ("<p>完了。\n“好”</p>", "<p>完了。“好”</p>"),
        ("<p>你好\nworld</p>", "<p>你好\nworld</p>"),
        ("<p>안녕\n하세요</p>", "<p>안녕\n하세요</p>"),
        ("<p>你</p>\n<p>好</p>", "<p>你</p>\n<p>好</p>"),
        ("<pre><code>你\n好\n</code></pre>\n你\n好", "<pre><code>你\n好\n</code></pre>\n你好"),
    ],
)
def test_a_line_break_between_han_characters_is_no_space(html: Any, joined: Any) -> None:
    """Code keeps its lines, Korean and Latin text keep their spaces."""
    assert join_lines(html) == joined


@pytest.mark.slow
@pytest.mark.parallel
def test_the_same_draft_is_the_same_bytes_in_every_process() -> None:
    """What is frozen is hashed: no set's or map's order may show."""
    program = (
        "from steadycast.render.sanitise import clean; from steadycast.render.markdown import to_html;"
        "print(clean(to_html('- [x] a [l](https://a.example) ![i](b.png) **b**')))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": str(n)}, capture_output=True, check=True
        ).stdout
        for n in range(4)
    }
    assert len(outputs) == 1


class Hunter(HTMLParser):
    """Reads HTML as a lax reader would, and notes whatever could run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Any] = []

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        if tag not in TAGS:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "background", "srcset", "xlink:href"}:
                self.found.append(f"{tag}.{name}")
            if name in {"href", "src"}:
                bare = "".join(
                    c for c in value or "" if c > " " and c not in "\x7f\xa0\xad\u200b\u2028\u2029\ufeff"
                ).lower()
                scheme = bare.partition(":")[0] if ":" in bare.split("/")[0] else "https"
                if scheme not in {"http", "https", "mailto", "media"}:
                    self.found.append(f"{tag}.{name}={value}")

    handle_startendtag = handle_starttag


def hunt(html: Any) -> Any:
    hunter = Hunter()
    hunter.feed(html)
    hunter.close()
    return hunter.found


VECTORS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='\u200bjavascript:alert(1)'>x</a>",
    "<a href='\xa0javascript:alert(1)'>x</a>",
    "<a href='\u2028javascript:alert(1)'>x</a>",
    "<a href='&#x01;javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](vbscript&colon;alert(1))",
    "![x](data:text/html;base64,PHNjcmlwdD4=)",
    "<iframe src='https://e.example'></iframe>",
    "<form action='https://e.example'><button formaction=x>x</button></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<style>@import 'https://e.example'</style>",
    "<base href='https://e.example/'><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<details open ontoggle=alert(1)>x</details>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<a href='//e.example'>x</a><a href='\\\\e.example'>y</a>",
]


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("ugc", [True, False])
def test_nothing_that_runs_survives(vector: Any, ugc: Any) -> None:
    assert hunt(clean(vector, ugc=ugc)) == []
    assert hunt(clean(to_html(vector), ugc=ugc)) == []


@pytest.mark.skipif(CORPORA is None, reason="STEADYCAST_CORPORA names no folder of vectors")
def test_nothing_of_the_corpus_survives() -> None:
    """Every vector that others collected, as HTML and as Markdown."""
    assert CORPORA
    lines = (Path(CORPORA) / "xss.jsonl").read_text(encoding="utf-8").strip().split("\n")
    survivors = {
        v: found
        for line in lines
        for v in [json.loads(line)["vector"]]
        if (found := hunt(clean(to_html(v)) + clean(v)))
    }
    assert survivors == {}


def test_the_hunter_finds_what_is_there() -> None:
    """Without the sanitiser the same judge is not content."""
    assert all(hunt(vector) for vector in VECTORS if "onerror" in vector or "<script" in vector)


def test_a_members_links_vouch_for_nothing() -> None:
    html = '<a href="https://e.example">x</a><p class="hero">y</p>'
    assert clean(html, ugc=True) == '<a href="https://e.example" rel="nofollow ugc noopener">x</a><p>y</p>'
    assert clean(html, ugc=False) == '<a href="https://e.example" rel="noopener">x</a><p class="hero">y</p>'


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a", True),
        ("mailto:a@b", True),
        ("#x", True),
        ("/a:b", True),
        ("a?b:c", True),
        ("", True),
        ("tel:1", False),
        ("ja\nvascript:1", False),
        ("\ufeffdata:1", False),
        ("//a", False),
        ("\\\\a", False),
    ],
)
def test_an_address_is_read_as_laxly_as_any_reader_would(url: Any, safe: Any) -> None:
    assert safe_address(url) is safe


@pytest.mark.parametrize("text", ["@everyone 好", "hi @alice", "（@所有人）", "<!channel> hi", "@@here"])
def test_mentions_reach_nobody(text: Any) -> None:
    """A word joiner stands between the sign and the name; readers do not see it."""
    assert "\u2060" in calm(text)
    assert calm(text).replace("\u2060", "") == text
    assert calm(calm(text)) == calm(text)


@pytest.mark.parametrize("text", ["mail a@b.example", "https://m.example/@alice", "a < b!", "@ home"])
def test_what_is_no_mention_stays(text: Any) -> None:
    assert calm(text) == text
