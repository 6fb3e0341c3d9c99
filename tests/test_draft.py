"""What a Markdown file becomes: a draft, or an error that names line and hint."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_drafts import MTIME, ZONE, read, refused

from steadycast.draft.fields import instant
from steadycast.draft.frontmatter import split
from steadycast.draft.outline import outline
from steadycast.errors import DraftError
from steadycast.render.markdown import join_lines, to_html
from steadycast.render.text import plain
from steadycast.schedule.model import Form, Origin


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for folder in ("pgc/site/_posts", "pgc/site/static/img", "pgc/img", "ugc/alice", "ugc/bob"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


class TestPlainMarkdown:
    def test_a_file_without_front_matter_drops_in_unchanged(self, content: Path) -> None:
        draft = read(content, "# 海边的一天\n\n我们去了\n海边。\n\n第二段。\n", "pgc/2025-11-22-sea.md")
        assert (draft.title, draft.summary, draft.body) == (
            "海边的一天",
            "我们去了海边。",
            "我们去了\n海边。\n\n第二段。\n",
        )
        assert draft.date == dt.datetime(2025, 11, 22, tzinfo=ZONE)
        assert (draft.origin, draft.member, draft.form, draft.body_line) == (Origin.PGC, "", Form.ARTICLE, 3)

    def test_without_a_heading_the_name_is_the_title_and_the_time_of_the_file_its_date(self, content: Path) -> None:
        draft = read(content, "正文\n", "ugc/alice/my-first_post.md")
        assert (draft.title, draft.member, draft.date) == ("my first post", "alice", MTIME)

    @pytest.mark.parametrize("nothing", ["\ufeff", "\u200b\u200d", "\u3164", "\u2800", "\u202e"])
    def test_a_title_in_which_nothing_is_seen_is_none(self, content: Path, nothing: str) -> None:
        """A letter without a subject and a link without words would come of it."""
        assert read(content, f'---\ntitle: "{nothing}"\n---\n\n# 海边\n\n正文\n').title == "海边"
        assert read(content, f"# {nothing}\n\n正文\n", "pgc/my-sea.md").title == "my sea"
        assert read(content, "正文\n", f"pgc/{nothing}.md").title.isprintable()

    def test_a_rule_on_the_first_line_opens_no_front_matter(self, content: Path) -> None:
        assert read(content, "---\n\n正文\n\n---\n\n完\n").body.startswith("---")

    def test_a_section_heading_in_the_middle_stays_where_it_is(self, content: Path) -> None:
        draft = read(content, "开头\n\n## 第一节\n\n文\n", "pgc/湖边.md")
        assert (draft.title, "## 第一节" in draft.body) == ("湖边", True)

    def test_a_generators_marks_are_markdown_where_they_can_be(self, content: Path) -> None:
        (content / "pgc/x.png").write_bytes(b"png")
        draft = read(content, '{{< figure src="x.png" >}}\n\n{% include y %} 正文\n')
        assert draft.body.startswith("![](<x.png>)")
        assert [m.ref for m in draft.media] == ["x.png"]
        assert draft.summary == "正文"


class TestOtherGenerators:
    def test_hugo(self, content: Path) -> None:
        (content / "pgc/site/static/img/封 面.png").write_bytes(b"png")
        text = (
            '+++\ntitle = "T"\ndate = 2025-01-02T03:04:05+08:00\npublishDate = 2025-02-01\nexpiryDate = 2027-01-01\n'
            'draft = true\ntags = ["a", "b"]\ncategories = ["c"]\naliases = ["/old"]\nlastmod = 2025-03-01\n'
            '[cover]\nimage = "/img/封%20面.png"\n[params]\nmath = true\n+++\n正文\n'
        )
        draft = read(content, text, "pgc/site/_posts/x.md")
        assert (draft.tags, draft.ready, draft.not_before) == (
            ("a", "b", "c"),
            False,
            dt.datetime(2025, 2, 1, tzinfo=ZONE),
        )
        assert draft.extra == {
            "aliases": ["/old"],
            "lastmod": "2025-03-01",
            "params": {"math": "true"},
        }
        assert [(m.role, m.path.read_bytes()) for m in draft.media] == [("cover", b"png")]

    def test_jekyll(self, content: Path) -> None:
        (content / "pgc/site").mkdir(exist_ok=True)
        (content / "pgc/site/x").write_bytes(b"png")
        text = "---\nlayout: post\ntags: 上海 读书\npermalink: /x/\npublished: false\n---\n# 题\n\n文 ![]({{ site.baseurl }}/x)\n"
        draft = read(content, text, "pgc/site/_posts/2025-01-02-x.md")
        assert (draft.title, draft.tags, draft.ready) == ("题", ("上海", "读书"), False)
        assert draft.extra == {"layout": "post", "permalink": "/x/"}
        assert [m.ref for m in draft.media] == ["/x"]

    def test_pelican_with_yaml(self, content: Path) -> None:
        (content / "pgc/img/a.png").write_bytes(b"png")
        text = "---\nTitle: T\nDate: 2010-12-03 10:20\nCategory: c\nAuthors: A, B\nStatus: draft\n---\n![]({static}/img/a.png)\n"
        draft = read(content, text)
        assert (draft.author, draft.ready, draft.date) == ("A, B", False, dt.datetime(2010, 12, 3, 10, 20, tzinfo=ZONE))
        assert len(draft.media) == 1

    def test_ghost(self, content: Path) -> None:
        text = "---\ntitle: T\nstatus: published\ncustom_excerpt: S\nfeature_image: https://x/a.png\n---\n文\n"
        draft = read(content, text)
        assert (draft.summary, draft.ready, draft.media, draft.extra["feature_image"]) == (
            "S",
            True,
            (),
            "https://x/a.png",
        )


class TestFrontMatter:
    def test_scalars_are_text_until_their_key_says_otherwise(self, content: Path) -> None:
        draft = read(content, "---\ntitle: 12:30\nlanguage: no\nversion: 1.10\n---\n文\n")
        assert (draft.title, draft.language, draft.extra) == ("12:30", "no", {"version": "1.10"})

    @pytest.mark.parametrize(
        ("mark", "front"), [("---", "a: {}\nb: {}"), ("+++", "a = {}\nb = {}")], ids=["yaml", "toml"]
    )
    def test_lists_in_lists_end_at_eight(self, content: Path, mark: str, front: str) -> None:
        """Depth 8 is taken, 9 is not, in either language."""
        told = {}
        for depth in range(6, 11):
            nested = "[" * depth + "]" * depth
            text = f"{mark}\n{front.format(nested, 1)}\n{mark}\n# t\n\nx\n"
            try:
                read(content, text)
                told[depth] = "taken"
            except DraftError as error:
                told[depth] = error.message
        assert [depth for depth, said in told.items() if said == "taken"] == [6, 7, 8]
        assert "nested" in told[9]

    @pytest.mark.parametrize(
        ("head", "line", "message"),
        [
            ("title: &a x", 2, "anchors"),
            ("a: 1\nb: *a", 3, "anchors"),
            ("a: !!python/object:os.system x", 2, "tags"),
            ("a: 1\n<<: {b: 1}", 3, "merge keys"),
            ("a: 1\na: 2", 3, "a is given twice"),
            ("Title: 1\ntitle: 2", 3, "same key"),
            ("a: " + "[" * 50_000, 2, "nested"),
            ("a: {" * 20, 2, "nested"),
            ("".join(f"k{n}: 1\n" for n in range(300)), 101, "more than 200 values"),
            ("title: a: b", 2, "a colon in it"),
            ("心情：你好", 2, "not a list of keys"),
            ('title: "\\0"', 2, "NUL"),
            ("- a\n- b: c", None, "not a list of keys"),
            ("title: [a, b]", 2, "one text"),
            ("draft: maybe", 2, "true or false"),
            ("priority: high", 2, "whole number"),
            ("not_before: soon", 2, "no date"),
            ("form: podcast", 2, "unknown form"),
            ("form: audio", 2, "without a file"),
            ("form: event", 2, "without an event"),
            ("event:\n  place: 上海", 2, "no start"),
            ("event:\n  start: 2026-12-01 10:00\n  end: 2026-12-01 09:00", 4, "ends before it starts"),
            ("expires: 2026-01-01\nnot_before: 2026-02-01", 2, "expires before"),
            ("slot: friday", 2, "slot is no date"),
            ("slot: daily@2026-02-30", 2, "slot is no date"),
            ("slot: 9999-12-31", 2, "slot is no date"),
            ("slot: 2026-12-05@2026-02-30", 2, "slot is no date"),
            ("slot: 2026-12-05T99:99", 2, "slot is no date"),
            ("slot: 2026-12-05T23:59:60", 2, "slot is no date"),
            ("slot: 2026-12-05T２０:００", 2, "slot is no date"),
            ("canonical_url: example.org", 2, "no web address"),
            ("media: no.mp3", 2, "is not there"),
            ("cover: no.png", 2, "is not there"),
            ("channels: [a]", 2, "keys of its own"),
            ("channels:\n  blog:\n    skip: perhaps", 4, "true or false"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line_and_hint(
        self, content: Path, head: str, line: int | None, message: str
    ) -> None:
        if head.startswith("- a"):
            assert read(content, f"---\n{head}\n---\n文\n").body.startswith("---")  # a list after a rule
            return
        text = refused(content, f"---\n{head}\n---\n正文\n")
        assert message in text
        assert text.startswith(f"pgc/a.md:{line}: ")

    @pytest.mark.parametrize(
        "head", ["a = ", "a = 1\na = 2", "a = " + "[" * 5000, "a." * 3000 + "b = 1", "a = " + "1" * 9000, 'a = "x']
    )
    def test_broken_toml_is_said_too(self, content: Path, head: str) -> None:
        assert "front matter" in refused(content, f"+++\n{head}\n+++\n正文\n")

    def test_front_matter_without_an_end_is_said(self, content: Path) -> None:
        assert "no closing ---" in refused(content, "---\ntitle: x\n\n正文\n")
        assert "over 64 KB" in refused(content, "---\ntitle: " + "x" * 70_000 + "\n---\n正文\n")

    def test_an_unknown_series_is_said_with_the_one_that_was_meant(self, content: Path) -> None:
        assert "did you mean 'notes'?" in refused(content, "---\nseries: noets\n---\n文\n", known={"notes", "morning"})
        assert read(content, "---\nseries: [notes]\n---\n文\n", known={"notes"}).series == ("notes",)

    def test_a_draft_cannot_say_whose_it_is(self, content: Path) -> None:
        draft = read(content, "---\nmember: bob\norigin: pgc\n---\n文\n", "ugc/alice/a.md")
        assert (draft.member, draft.origin) == ("alice", Origin.UGC)

    def test_an_event_and_overrides_are_typed(self, content: Path) -> None:
        head = "event:\n  start: 2026-12-01 19:30\n  end: 2026-12-01\n  place: 图书馆\nchannels:\n  a: {skip: yes, tags: 'x, y'}\n  b: skip"
        draft = read(content, f"---\n{head}\n---\n文\n")
        assert draft.form is Form.EVENT
        assert draft.event.start == dt.datetime(2026, 12, 1, 19, 30, tzinfo=ZONE)
        assert draft.event.end == dt.datetime(2026, 12, 2, tzinfo=ZONE), "a bare day ends when it ends"
        assert draft.channels == {"a": {"skip": True, "tags": ["x", "y"]}, "b": {"skip": True}}

    @pytest.mark.parametrize(
        ("head", "all_day", "end"),
        [
            ("start: 2026-12-12", True, None),
            ("start: 2026年12月12日\n  end: 2026-12-13", True, dt.datetime(2026, 12, 14, tzinfo=ZONE)),
            ("start: 2026-12-12 00:00", False, None),
            ("start: 2026-12-12\n  end: 2026-12-13 12:00", False, dt.datetime(2026, 12, 13, 12, tzinfo=ZONE)),
            ("start: 2026-12-12 19:30\n  end: 2026-12-12", False, dt.datetime(2026, 12, 13, tzinfo=ZONE)),
        ],
    )
    def test_days_without_hours_are_an_all_day_event(self, content: Path, head: str, all_day: bool, end: Any) -> None:
        event = read(content, f"---\nevent:\n  {head}\n---\n文\n").event
        assert (event.all_day, event.start.date(), event.end) == (all_day, dt.date(2026, 12, 12), end)

    def test_a_file_elsewhere_than_pgc_and_ugc_is_said(self, content: Path) -> None:
        assert "move it to ugc/<member>/" in refused(content, "x", "ugc/a.md")
        assert "neither pgc/ nor ugc/" in refused(content, "x", "posts/a.md")

    def test_nothing_at_all_is_said(self, content: Path) -> None:
        assert "has no text" in refused(content, "---\ntitle: x\n---\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22", "2026-11-22T00:00:00+08:00"),
        ("2026-11-22 20:05", "2026-11-22T20:05:00+08:00"),
        ("2026-11-22T20:05:06.789Z", "2026-11-22T20:05:06+00:00"),
        ("2026-11-22 20:05:06 -0500", "2026-11-22T20:05:06-05:00"),
        ("2026/1/2", "2026-01-02T00:00:00+08:00"),
        ("2026年11月22日 20:05", "2026-11-22T20:05:00+08:00"),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22T10:00:00+00:00"),
        ("2026-02-30", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, expected: str | None) -> None:
    at = instant(text, ZONE)
    assert (at.isoformat() if at else None) == expected


def test_a_wall_time_that_a_clock_change_skips_moves_forward() -> None:
    moved = instant("2026-03-29 02:30", ZoneInfo("Europe/Berlin"))
    assert moved is not None
    assert moved.isoformat() == "2026-03-29T03:30:00+02:00"


class TestRevision:
    def test_it_is_of_the_content_and_not_of_the_place(self, content: Path) -> None:
        text = "---\ntitle: t\nunknown: 1\n---\n文\n"
        one = read(content, text).revision
        assert read(content, text, "pgc/2025-01-01-b.md").revision == one
        assert read(content, text, "ugc/alice/c.md").revision == one
        assert read(content, "没有标题\n", "pgc/x.md").revision == read(content, "没有标题\n", "pgc/y.md").revision

    @pytest.mark.parametrize(
        "text", ["---\ntitle: t\n---\n文!\n", "---\ntitle: u\n---\n文\n", "---\ntitle: t\ntags: a\n---\n文\n"]
    )
    def test_what_means_something_makes_another(self, content: Path, text: str) -> None:
        assert read(content, text).revision != read(content, "---\ntitle: t\n---\n文\n").revision

    def test_another_picture_under_the_same_name_makes_another(self, content: Path) -> None:
        (content / "pgc/p.png").write_bytes(b"1")
        before = read(content, "文 ![](p.png)\n").revision
        (content / "pgc/p.png").write_bytes(b"2")
        assert read(content, "文 ![](p.png)\n").revision != before


@pytest.mark.parametrize(
    ("body", "paragraph"),
    [
        ("他说“好”\n她走了。\n", "他说“好”她走了。"),
        ("一行……\n又一行\n", "一行……又一行"),
        ("一行\nand more\n", "一行 and more"),
        ("한국어\n문장\n", "한국어 문장"),
    ],
)
def test_a_first_paragraph_is_joined_as_a_page_joins_its_lines(body: str, paragraph: str) -> None:
    """Where a page shows no space, a title or a summary has none."""
    assert outline(body).paragraph == paragraph
    assert plain(join_lines(to_html(body))).render()[0] == paragraph


class TestHostileBodies:
    @pytest.mark.parametrize(
        "body", [">" * 100_000 + " a", "*a " * 50_000 + " a*" * 50_000, "![" * 50_000 + "a" + "](b)" * 50_000]
    )
    def test_absurd_nesting_ends_nothing(self, body: str) -> None:
        try:
            outline(body)
        except DraftError as error:
            assert error.line == 1  # noqa: PT017

    def test_a_wall_of_tags_is_refused(self) -> None:
        with pytest.raises(DraftError, match="HTML tags"):
            outline("<div><b>" * 100_000)

    @examples(60)
    @given(st.text(alphabet=st.sampled_from("-+:[]{}&*!|>'\"%@`#\n ab1，：~<"), max_size=120))
    def test_any_front_matter_is_read_or_refused_with_a_line(self, head: str) -> None:
        for fence in ("---", "+++"):
            try:
                front = split(f"{fence}\n{head}\n{fence}\nbody\n")
            except DraftError as error:
                assert error.line  # noqa: PT017
                assert error.hint  # noqa: PT017
            else:
                assert isinstance(front.values, dict)
