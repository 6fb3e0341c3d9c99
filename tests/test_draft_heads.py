"""Heads in every form that blogs have them, and what is noticed of them; a head that is none is never published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading_drafts import ZONE, read

from steadycast.draft.frontmatter import has_front, split
from steadycast.draft.outline import SILENT, outline
from steadycast.errors import DraftError
from steadycast.render.sanitise import WHOLE


@pytest.fixture
def content(tmp_path: Path) -> Path:
    (tmp_path / "pgc").mkdir()
    return tmp_path


def told(draft: Any) -> Any:
    return [(note.line, f"{note.message}: {note.hint}") for note in draft.notes]


HEADS = {
    "yaml": "---\ntitle: T\ndate: 2026-11-20\ntags: [a, b]\n---\nWords.\n",
    "toml": '+++\ntitle = "T"\ndate = 2026-11-20\ntags = ["a", "b"]\n+++\nWords.\n',
    "json": '{\n  "title": "T",\n  "date": "2026-11-20",\n  "tags": ["a", "b"]\n}\nWords.\n',
    "json in hexo": ';;;\n"title": "T",\n"date": "2026-11-20",\n"tags": ["a", "b"]\n;;;\nWords.\n',
    "hexo without its first fence": "title: T\ndate: 2026-11-20\ntags:\n- a\n- b\n---\nWords.\n",
    "hexo with tabs": "---\ntitle: T\ndate: 2026-11-20\ntags:\n\t- a\n\t- b\n---\nWords.\n",
    "longer fences": "-----\ntitle: T\ndate: 2026-11-20\ntags: [a, b]\n-----\nWords.\n",
    "pelican": "Title: T\nDate: 2026-11-20\nTags: a, b\n\nWords.\n",
    "yaml without fences": "title: T\ndate: 2026-11-20\ntags: [a, b]\n\nWords.\n",
    "an empty line before": "\n\n---\ntitle: T\ndate: 2026-11-20\ntags: [a, b]\n---\nWords.\n",
    "an unseen letter before": "\u200b---\ntitle: T\ndate: 2026-11-20\ntags: [a, b]\n---\nWords.\n",
    "a mark and an empty line": "\ufeff\n\ufeff---\ntitle: T\ndate: 2026-11-20\ntags: [a, b]\n---\nWords.\n",
    "a no-break space before a key": "---\ntitle: T\n\u00a0date: 2026-11-20\n\u00a0tags: [a, b]\n---\nWords.\n",
    "two of them": "---\ntitle: T\n\u00a0\u00a0date: 2026-11-20\ntags:\n\u00a0\u00a0- a\n\u00a0\u00a0- b\n---\nWords.\n",
    "wide spaces": "---\ntitle:\u3000T\ndate:\u00a02026-11-20\n\u3000tags: [a, b]\n---\nWords.\n",
    "chinese": "---\n标题: T\n日期: 2026-11-20\n标签: a，b\n---\nWords.\n",
    "chinese with wide colons": "---\n标题：T\n日期：2026-11-20\n标签：a、b\n---\nWords.\n",
    "chinese without fences": "标题：T\n日期：2026年11月20日\n标签：a、b\n\nWords.\n",
    "zola": '+++\ntitle = "T"\ndate = 2026-11-20\n[taxonomies]\ntags = ["a"]\ncategories = ["b"]\n+++\nWords.\n',
    "windows": "---\r\ntitle: T\r\ndate: 2026-11-20\r\ntags: [a, b]\r\n---\r\nWords.\r\n",
}


@pytest.mark.parametrize("form", HEADS)
def test_a_head_is_read_in_the_form_it_has(content: Path, form: Any) -> None:
    draft = read(content, HEADS[form])
    assert (draft.title, draft.tags, draft.body.strip()) == ("T", ("a", "b"), "Words.")
    assert draft.date == dt.datetime(2026, 11, 20, tzinfo=ZONE)
    plain = HEADS[form].replace("\r\n", "\n").split("\n")
    assert plain[draft.body_line - 1 :] == draft.body.split("\n"), "an error further down names its own line"
    assert draft.extra == {}


@pytest.mark.parametrize(
    "text",
    [
        "Note: something is written here.\n\nMore words.\n",
        "Note: one\nTime: two\nPlace: three\n\nWords.\n",
        "Date: we met on a Friday.\n\nWords.\n",
        "时间：周五晚上\n地点：图书馆\n\n来吧。\n",
        "作者：阿明\n\n正文。\n",
        "{{< youtube x >}}\n\nWords.\n",
        "{ this is } text\n",
        '{"key": "of a program"}\n\nWords about it.\n',
        "-----\n\nA rule, and words.\n\n-----\n",
        "\n---\n\nAnother: rule, and words.\n\n---\n",
        "Tags are read: not here.\n\nWords.\n",
        "    title: code\n    date: 2026-11-20\n\nWords.\n",
        "Words.\n\ntitle: x\ndate: 2026-11-20\n---\n",
        ";;; lisp\n\nWords.\n",
    ],
)
def test_a_text_that_begins_like_one_stays_a_text(content: Path, text: str) -> None:
    draft = read(content, text, "pgc/the-name.md")
    assert (draft.body, draft.title, draft.tags) == (text, "the name", ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("———\ntitle: x\ntags: a\n———\n\nWords.\n", 1),
        ("\n\n－－－\ntitle: x\ndate: 2026-01-01\n\nWords.\n", 3),
        ("```yaml\n---\ntitle: x\ntags: a\n---\n```\nWords.\n", 1),
        ("title: x\ntags: a\nWords follow at once.\n", 1),
        ('title = "x"\ndate = 2026-01-01\n\nWords.\n', 1),
        ("tags: a\nlayout: post\n\nWords.\n", 1),
        ("___\n标题：一\n标签：二\n\nWords.\n", 1),
    ],
)
def test_what_looks_like_a_head_and_is_none_is_refused(content: Path, text: str, line: int) -> None:
    with pytest.raises(DraftError, match="looks like front matter") as caught:
        read(content, text)
    assert caught.value.line == line
    assert "---" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('---\ntitle: "never closed\ntags: a\n---\nWords.\n', 2, "a quotation mark is not closed"),
        ('---\ntitle: "never closed\ntags: "a"\n---\nWords.\n', 2, "a quotation mark is not closed"),
        ("---\nseries: daily\ntitle: 'it''s\ndate: 2026-01-01\n---\nWords.\n", 3, "a quotation mark is not closed"),
        ('---\na: 1\ntags:\n  - "b\n  - c\n---\nWords.\n', 4, "a quotation mark is not closed"),
        ('+++\na = 1\ntitle = "never closed\n+++\nWords.\n', 3, "a quotation mark is not closed"),
        ("---\na: 1\ntags: [a, b\ntitle: x\n---\nWords.\n", 3, "a bracket is not closed"),
        ("---\na: 1\njust words\nb: 2\n---\nWords.\n", 3, "no `key: value`"),
        ("---\na: 1\ntitle: x: y\n---\nWords.\n", 3, "a colon in it"),
        ("---\na: 1\ntitle: @me\n---\nWords.\n", 3, "cannot begin with this character"),
        ('---\ntitle: "a" and b\n---\nWords.\n', 2, "fits to none above it"),
        ("---\ntitle: x\n  tags: y\n---\nWords.\n", 3, "a colon in it"),
        ('{\n  "title": "x",\n  "date": 1,\n}\nWords.\n', 4, ""),
        ("title: x\ntags: [a\n---\nWords.\n", 2, "a bracket is not closed"),
        ("\n\n---\ntitle: x\nnot_before: soon\n---\nWords.\n", 5, "no date"),
        ("title: x\nnot_before: soon\n---\nWords.\n", 2, "no date"),
        ("Title: x\nNot_Before: soon\n\nWords.\n", 2, "no date"),
        ('{\n  "title": "x",\n  "not_before": "soon"\n}\nWords.\n', 3, "no date"),
    ],
)
def test_what_is_wrong_in_a_head_is_said_at_its_line_in_plain_words(
    content: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(DraftError) as caught:
        read(content, text)
    assert (caught.value.line, said in caught.value.message) == (line, True), str(caught.value)
    assert caught.value.hint


@given(st.text(alphabet=st.sampled_from("-+;{}:：=\"'[],\t\u00a0\u3000\n title标题datgs12"), max_size=80))
def test_any_beginning_is_a_head_a_text_or_an_error_with_its_line(text: str) -> None:
    try:
        front = split(text)
    except DraftError as error:
        assert 1 <= (error.line or 0) <= text.count("\n") + 2  # noqa: PT017
        assert error.hint  # noqa: PT017
        assert has_front(text) or "looks like" in error.message  # noqa: PT017
        return
    assert front.body == text if not front.values and front.body_line == 1 else text.endswith(front.body)
    assert text.split("\n")[front.body_line - 1 :] in (front.body.split("\n"), [])


class TestKeys:
    def test_a_slip_is_named_with_what_was_meant(self, content: Path) -> None:
        draft = read(
            content,
            "---\ntitle: x\nserie: daily\ncovr: a.png\ntilte: y\nevent: {start: 2026-12-01, palce: here}\n---\nWords.\n",
        )
        assert told(draft) == [
            (6, "nothing reads 'event.palce': did you mean place?"),
            (3, "nothing reads 'serie': did you mean series?"),
            (4, "nothing reads 'covr': did you mean cover?"),
            (5, "nothing reads 'tilte': did you mean title?"),
        ]

    def test_keys_of_other_tools_are_no_slips(self, content: Path) -> None:
        head = "\n".join(
            f"{key}: x"
            for key in (
                "layout permalink lastmod modified updated images format toc comments mathjax keywords aliases weight "
                "template save_as cssclass cssclasses type url id subtitle header sticky top photos sidebar nav_order "
                "sitemap redirect_from published_by author_profile read_time related share classes"
            ).split()
        )
        assert told(read(content, f"---\ntitle: t\n{head}\n---\nWords.\n")) == []

    def test_chinese_keys_mean_what_they_say(self, content: Path) -> None:
        (content / "pgc/a.png").write_bytes(b"x")
        text = (
            "---\n标题：湖边\n作者: 阿明\n摘要: 一句话\n栏目: daily\n分类: 散文\n标签: [湖, 风]\n封面: a.png\n语言: zh-CN\n草稿: 否\n"
            "日期: 2026-11-20\n活动:\n  时间: 2026-12-01 19:30\n  结束: 2026-12-01 21:00\n  地点: 图书馆\n渠道:\n  weibo:\n    标题: 短的\n"
            "    不发: 是\n---\n正文。\n"
        )
        draft = read(content, text, known={"daily"})
        assert (draft.title, draft.author, draft.summary, draft.series) == ("湖边", "阿明", "一句话", ("daily",))
        assert (draft.tags, draft.language, draft.ready) == (("湖", "风", "散文"), "zh-CN", True)
        assert [m.role for m in draft.media] == ["cover"]
        assert (draft.event.place, draft.event.start.hour, draft.event.end.hour) == ("图书馆", 19, 21)
        assert draft.channels == {"weibo": {"title": "短的", "skip": True}}
        assert (draft.extra, told(draft)) == ({}, [])

    def test_one_key_in_two_languages_is_given_twice(self, content: Path) -> None:
        with pytest.raises(DraftError, match="same key"):
            read(content, "---\ntitle: a\n标题: b\n---\nWords.\n")

    def test_a_time_and_a_place_beside_the_event_are_named(self, content: Path) -> None:
        assert [line for line, _ in told(read(content, "---\n标题: a\n时间: 周五\n地点: 湖边\n---\n文\n"))] == [3, 4]

    @pytest.mark.parametrize(
        ("head", "tags"),
        [
            ("categories: [a]\ntags: b", ("b", "a")),
            ("categories:\n- [a, b]\n- [c]", ("a", "b", "c")),
            ("category: news", ("news",)),
            ("categories: Uncategorized", ()),
            ("tags: a\ncategories: a", ("a",)),
        ],
    )
    def test_categories_are_tags_to_a_reader(self, content: Path, head: str, tags: Any) -> None:
        assert read(content, f"---\ntitle: t\n{head}\n---\nWords.\n").tags == tags


class TestTitle:
    @pytest.mark.parametrize(
        ("body", "title"),
        [
            ("# Opens\n\nWords.\n\n# Another\n", "Opens"),
            ("## Opens\n\nWords.\n", "Opens"),
            ("Words first.\n\n# The only one\n\n## Sections\n", "The only one"),
            ("Words first.\n\n## A section\n\nMore.\n", "the name"),
            ("Words first.\n\n# One\n\nMore.\n\n# Two\n", "the name"),
            ("Words first.\n\nOne\n===\n\nMore.\n\nTwo\n===\n", "the name"),
            (f"{'Words first. ' * 60}\n\n## A section\n\n# The only one\n", "The only one"),
            ("![](https://x.example/a.png)\n\n## A section\n\nWords.\n", "the name"),
        ],
    )
    def test_a_heading_is_the_title_where_it_opens_the_text_or_is_the_one_of_level_1(
        self, content: Path, body: str, title: str
    ) -> None:
        draft = read(content, body, "pgc/the-name.md")
        assert draft.title == title
        assert "## A section" in draft.body or "## A section" not in body

    @pytest.mark.parametrize(
        ("name", "title"),
        [
            ("2024-03-01-my-post.md", "my post"),
            ("Title 0123456789abcdef0123456789abcdef.md", "Title"),
            ("湖边的一天 0123456789abcdef0123456789abcdef.md", "湖边的一天"),
            ("my-trip/index.md", "my trip"),
        ],
    )
    def test_a_name_is_made_readable(self, content: Path, name: str, title: str) -> None:
        assert read(content, "Words.\n", f"pgc/{name}").title == title


class TestSummary:
    @pytest.mark.parametrize(
        ("body", "summary"),
        [
            ("One.\n\nTwo.\n\n<!-- more -->\n\nThree.\n", "One. Two."),
            ("One.\n<!--more-->\nTwo.\n", "One."),
            ("One.\n\nTwo.\n\n<!-- truncate -->\n\nThree.\n", "One. Two."),
            ("- a first point\n- a second\n", "a first point"),
            ("- a first point\n\nThen words.\n", "Then words."),
            ("> said by somebody\n", "said by somebody"),
            ("![the alt](https://x.example/a.png)\n\nWords.\n", "Words."),
            ("![the alt](https://x.example/a.png)\n", ""),
            ("<mark>mark</mark> <script>alert(1)</script> seen\n", "mark seen"),
            ("a <style>p {}</style> <title>b</title> c <svg><text>d</text></svg> e\n", "a c e"),
            ("a <video src=https://x.example/v>no video</video> b\n\nmore\n", "a b"),
        ],
    )
    def test_it_is_what_a_reader_sees_first(self, content: Path, body: str, summary: str) -> None:
        assert read(content, f"---\ntitle: t\n---\n{body}").summary == summary

    def test_what_a_page_never_shows_is_what_the_sanitiser_drops(self) -> None:
        assert WHOLE - SILENT == {"embed", "frame"}, "which have no end"
        assert SILENT <= WHOLE

    @given(st.sampled_from(sorted(SILENT)), st.sampled_from(["", "x ", "# "]))
    def test_none_of_it_leaks(self, tag: Any, before: str) -> None:
        found = outline(f"{before}seen <{tag}>LEAK</{tag}> after\n")
        assert "LEAK" not in f"{found.paragraph}{found.heading}"
