"""Where most drafts take a short way, it leads where the long one does: front matter, outline, revision, page, cut."""

from __future__ import annotations

import datetime as dt
import html as entities
import json
import re
from typing import Any

import pytest
from conftest import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from steadycast.draft import commonmark, front_yaml, generators
from steadycast.draft.attached import is_remote
from steadycast.draft.decoding import _UNPRINTABLE, decode
from steadycast.draft.front_yaml import _by_events, _flat
from steadycast.draft.frontmatter import split
from steadycast.draft.outline import _of_its_beginning, opens_with_words, outline, shows_no_file
from steadycast.draft.revision import _AS_JSON_DOES, _as_text
from steadycast.errors import DraftError
from steadycast.platform import Limit
from steadycast.platform.text import _is_measured_by_length, _room, fits
from steadycast.render import dates, highlight
from steadycast.render.lexer import Finisher, unescaped
from steadycast.render.markdown import join_lines, to_html
from steadycast.render.sanitise import as_the_parser_wrote_it, clean, cleaned, has_tags

VALUES = st.lists(
    st.sampled_from(
        ["a", "null", "~", "é", "日", "1", "0", "-", "_", " ", "  ", ":", ": ", "#", " #", ",", ", ", "[", "]", "{", "}",
         '"', "'", "\\", "!", "&", "*", "?", "|", ">", "%", "@", "`", "=", "<<", ".", "\u00a0", "\u3000", "：", "\t",
         "\x85", "\u2028", "yes", "08:30"]
    ),
    max_size=5,
).map("".join)  # fmt: skip
AROUND = st.sampled_from([("", ""), ('"', '"'), ("'", "'"), ("[", "]")])
LINES = st.tuples(st.sampled_from(["a", "b", "null", "k-y", "_x"]), AROUND, VALUES)
HEADS = st.lists(LINES.map(lambda line: f"{line[0]}: {line[1][0]}{line[2]}{line[1][1]}\n"), max_size=4).map("".join)

BLOCKS = st.sampled_from(
    ["# a", "## b", "para one", "一段话", "- x\n- y", "> q", "```\n# x\n\n# y\n```", "<div>\n# z\n</div>",
     "<!--\n\n# c\n-->", "a\n===", "b\n---", "    # code", "1. x\n\n   # in", "- a\n\n  # b", "[a]", "[^1]", "**b** `c`",
     "![p](https://x/y.png)", "![p](a.png)", "***", "#", "# ", "a|b\n-|-\n1|2", "\t# t", "<img src=a.png>", "&lt;",
     "~~~\nx", "[x](y)\n", "w" * 420, "[r]: /u", "![a]", "text ![q](http://a) end", "- [ ] t", "\\# no", "*a* b",
     "[l](x) e", "**x**\n# h", "[r]: /u\n# h", "a\n=", "*x\n- y", "a\n***", "[^1]: n", "![a](b.png)\n===", "<video src=v>"]
)  # fmt: skip
BODIES = st.tuples(
    st.sampled_from(["", "\n", "\n\n"]), st.lists(BLOCKS, max_size=7), st.sampled_from(["\n\n", "\n"])
).map(lambda parts: parts[0] + parts[2].join(parts[1]))


@examples(600)
@given(HEADS)
def test_a_flat_head_means_what_yaml_says(head: Any) -> None:
    short = _flat(head)
    if short is not None:
        values, lines = _by_events(head)
        assert short == (values, lines)
        assert list(short[0]) == list(values)


def test_an_everyday_head_needs_no_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(head: Any) -> None:
        raise AssertionError(head)

    monkeypatch.setattr(front_yaml, "_by_events", never)
    front = split(
        "---\ntitle: \"一 天: x\"\ndate: 2026-11-22T08:30:00+08:00\ntags: [读书, walking]\nslug: 'a'\n---\nB\n"
    )
    assert front.values == {
        "title": "一 天: x",
        "date": "2026-11-22T08:30:00+08:00",
        "tags": ["读书", "walking"],
        "slug": "a",
    }


@examples(600)
@given(BODIES)
def test_a_body_is_the_same_by_its_beginning_and_by_the_whole(body: Any) -> None:
    whole = outline(body)
    short = _of_its_beginning(body)
    if short is not None:
        assert (short.heading, short.paragraph) == (whole.heading, whole.paragraph)
    if shows_no_file(body):
        assert all(is_remote(file.ref) for file in whole.files)
    if opens_with_words(body):
        assert whole.heading is None or not whole.heading.opens


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x01\x7f\ufffe\uffff\n\t"), max_size=12))
def test_what_cannot_be_printed_goes_and_nothing_else(text: Any) -> None:
    try:
        found = decode(text.encode())
    except DraftError:
        return  # a NUL
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert found == _UNPRINTABLE.sub("", plain)


@settings(deadline=None)
@given(st.dates(dt.date(1970, 1, 1), dt.date(2200, 12, 31)))
def test_a_date_is_written_as_babel_writes_it(day: Any) -> None:
    for language in sorted(dates._IN_CHINESE | dates._IN_ENGLISH):
        assert dates.date_text(day, language) == dates._by_babel(day, language)


@settings(deadline=None)
@given(st.text(commonmark._DISGUISES + "&%ab一\n"))
def test_each_disguised_character_comes_back_as_by_a_table(made: Any) -> None:
    assert commonmark.undisguised(made) == made.translate(str.maketrans(dict(commonmark._BACK)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.datetimes(timezones=st.just(dt.UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('abé日\x7f"\\', max_size=3), inner, max_size=3),
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=4))
def test_a_revision_is_named_by_the_json_that_the_standard_library_writes(content: Any) -> None:
    import orjson

    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_as_text)
    assert orjson.dumps(content, default=_as_text, option=_AS_JSON_DOES) == text.encode()


PIECES = st.lists(
    st.sampled_from(
        ["https://a.b/c", "www.x.com", "http://", "[l](https://e.f/g)", "[l](#h)", "[l](rel/a)", "[m](mailto:a@b.c)",
         "![p](https://p.q/r.png)", "![p](a.png)", "`http://c`", "```\nwww.z.com\n```", "<a href='https://x.y'>q <b>z</b></a>",
         "[![i](https://i.j/k.png)](https://o.p)", "[`c` www.q.com](https://t.u)", "<pre>http://f.g</pre>", "**b**", "字",
         "<a>no</a>", "xhttps://g.h", "<img src='http://z/z.png' alt='www.in.alt'>", "<span title='https://t.t'>z</span>"]
    ),
    min_size=1,
    max_size=8,
).map(" ".join)  # fmt: skip


@examples(400)
@given(
    PIECES,
    st.sampled_from([{}, {"a.png": "d" * 64, "https://p.q/r.png": "e" * 64}]),
    st.sampled_from(["", "https://b.c/"]),
)
def test_a_page_that_needs_no_finishing_is_known_without_looking_at_each_tag(
    source: Any, pictures: Any, base: Any
) -> None:
    html = join_lines(clean(to_html(source), ugc=True))
    at_once, slowly = Finisher(pictures, base, "nofollow"), Finisher(pictures, base, "nofollow")
    assert at_once.finish(html) == slowly._finish_each(html)
    assert at_once.lost == slowly.lost


MARKDOWN = st.lists(
    st.sampled_from(
        ["[l](https://e.fg/g)", '[l](https://e.fg/?a=1&b=2 "t")', "[l](https://e.fg/g?a=&quot;x)", "[l](<https://e.fg/ x>)",
         "[l](http://1.2.3.4/)", "[l](https://xn--a.com)", "[l](https://e.fg:80/)", "[l](//x.y)", "[l](javascript:alert(1))",
         "[l](#h)", "![p](https://p.qr/r.png)", '![a"b](https://p.qr/r.png)', "![p](https://p.qr/r.png 't')", '`a<b & "c"`',
         "**b**", "*i*", "~~d~~", "字", "\n\n", "\n", "- x\n", "7) z\n", "> q\n", '## 标 `c` "q" <\n',
         '```py\nx<1 && "a"\n```\n', "```a b\nx\n```\n", "|a|b|\n|-|:-:|\n|1|2 **b**|\n", "- [x] t\n", "- [ ] u\n", "<br>",
         "<br />", "<img src=x>", "<wbr>", "&nbsp;", "&#13;", "&#27;", "\u00a0", "\x85", "&lt;", "&amp;amp;", "&copy;", "\\",
         "<", ">", "&", '"', "'", "$x^2$", "[^1]", "[^1]: n\n\n", "---\n", "*", "`", "[", "]", "<https://a.bc/&>", "<a@b.cd>",
         "[![i](https://i.jk/k.png)](https://o.pq)", "[a [b](https://c.de) c](https://f.gh)", "> [!NOTE]\n> x\n", "\ufdd0"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


@examples(600)
@given(MARKDOWN | BODIES | PIECES, st.booleans())
def test_what_the_parser_wrote_is_what_the_sanitiser_leaves_of_it(body: Any, ugc: bool) -> None:
    made = to_html(body)
    short = None if has_tags(body) else as_the_parser_wrote_it(made, ugc=ugc)
    if short is not None:
        assert short == cleaned(made, ugc=ugc)


@pytest.mark.parametrize(
    "html",
    ["<script>", "<p onclick=x>", '<a href="javascript:x">', '<a href="https://a.b" onclick="x">', '<a href="https://a.b',
     '<img src="https://a.bc/d" alt="" onerror="x" />', '<img src="x" alt="" />', "<style>", "<p>\0</p>", "</script>", "<P>",
     '<a href="//a.bc">', '<a href="https://a.bc\n">', '<h1 id="x">', '<input type="image" disabled="" />', "a > b", "&#1;",
     '<code class="menu">', '<a href="https://a.bc"><a href="https://a.bc">x</a></a>', '<p class="x">', "<svg>", "<a>", "<!-- -->", "<p>\x9b</p>", '<a href="https://a.bc/&quot;">']
)  # fmt: skip
def test_what_is_not_the_parsers_own_goes_to_the_sanitiser(html: str) -> None:
    assert as_the_parser_wrote_it(f"<p>a</p>\n{html}\n", ugc=False) is None


@pytest.mark.parametrize(
    "sign", ["\0", "\x01", "\t", "\n", "\x0c", "\r", "\x7f", "\x85", "\x9b", "\xa0", "\u202e", "\ufdd0", "\uffff"]
)
@pytest.mark.parametrize(
    "html", ['<p><img src="https://a.bc/d" alt="a%sb" /></p>', '<h2 id="h-a%sb">x</h2>', "<p>a%sb</p>"]
)
def test_an_odd_character_is_left_out_wherever_it_stands(html: str, sign: str) -> None:
    made = html % sign + "\n"
    assert as_the_parser_wrote_it(made, ugc=True) in (None, cleaned(made, ugc=True))


def test_an_everyday_body_needs_no_sanitiser() -> None:
    body = '## 一\n\n*a* **b** [l](https://a.bc/?a=1&b=2) "q" <3\n\n- [x] c\n\n```py\n1 < 2\n```\n\n|a|\n|-:|\n|1|\n'
    made = to_html(body)
    assert as_the_parser_wrote_it(made, ugc=True) == cleaned(made, ugc=True)


@settings(deadline=None)
@given(
    st.text(st.sampled_from("ab 。，字e\u0301👩\u200d🏫\n:/h."), min_size=5, max_size=60),
    st.integers(1, 40),
    st.sampled_from(["graphemes", "codepoints"]),
)
def test_a_place_to_cut_is_where_a_search_finds_it(text: str, most: int, unit: Any) -> None:
    limit = Limit(most, unit)
    if _is_measured_by_length(text, limit):
        assert _room(text, lambda head: fits(head, limit)) == most


@pytest.mark.parametrize("body", ["<b>" * 5001, "x\n\n" + "<b>" * 5001])
def test_a_bomb_of_tags_is_refused_by_either_way(body: str) -> None:
    with pytest.raises(DraftError, match="HTML tags"):
        outline(body, on_the_web=False)


MARKS = st.lists(
    st.sampled_from(
        ["{{< a >}}", "{{ a.b }}", "{% a %}", "{a.b}", "](", "{author}x)", "<Aa>", "</Tabs ", "<A.b>", "import ", "import\t{", "export x=",
         ":::", "::: a", " ", "`", "x", "字", "{", "}", "%", "<", ">", ";", "'"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@examples(400)
@given(MARKS)
def test_a_line_that_is_passed_over_has_no_mark_of_a_generator(line: Any) -> None:
    if not generators._MAY_BE_LEFT.search(line):
        assert not any(found["mark"] for found in generators._LEFT.finditer(line))


@examples(400)
@given(st.text(alphabet="**a1 字\\\n", max_size=12))
def test_in_a_body_that_is_passed_over_no_asterisk_multiplies(body: str) -> None:
    if not commonmark._MAY_MULTIPLY.search(body):
        assert commonmark._TIMES.sub(commonmark._times, body) == body


@examples(400)
@given(st.text(alphabet="~~\\a:19 字\n", max_size=12))
def test_one_tilde_and_a_colon_in_a_figure_are_found_wherever_they_stand(body: str) -> None:
    """As the plain rules say, which look at each character's surroundings first."""
    by_the_rule = re.sub(r"(?<![~\\])((?:\\\\)*)~(?!~)", r"\1x", body)
    assert commonmark._TILDE.sub(lambda m: m[0][:-1] + "x", body) == by_the_rule
    colon = r"(?<=[0-9A-Za-z:]):(?=[0-9A-Za-z_+-]{1,40}:)|(?<!\\):(?=[0-9]{1,9}:)"
    assert commonmark._TIME.sub("x", body) == re.sub(colon, "x", body)


@examples(400)
@given(st.text(alphabet="$$$$\\\\ab1 字\n", max_size=14))
def test_a_formula_and_a_price_are_found_wherever_they_stand(body: str) -> None:
    """As the plain rules say, one after the other, which look at each character's surroundings first."""
    by_the_rule = re.compile(
        r"(?<![$\\])\$\$(?!\$)[^$]{1,2000}\$\$(?!\$)|\\\$"
        r"|(?<![0-9A-Za-z$])\$(?=[^\s$])(?P<tex>(?:[^$\\\n]|\\[^\n]){1,1000})(?<=\S)\$(?![0-9$])|\$"
    )
    found = [(match.span(), match["tex"]) for match in commonmark._DOLLARS.finditer(body)]
    assert found == [(match.span(), match["tex"]) for match in by_the_rule.finditer(body)]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["&", "amp;", "&amp;", "lt;", "#38;", "x", ";"]), max_size=6).map("".join))
def test_an_address_means_what_its_entities_say(text: str) -> None:
    assert unescaped(text) == entities.unescape(text)


@examples(300)
@given(
    st.lists(
        st.sampled_from(['<pre><code class="language-py">', '<pre><code class="a">', "<pre><code>", "</code></pre>", "x",
                         "<b>", "\n", "&lt;", '<code class="a">', "<pre>"]),
        max_size=8,
    ).map("".join)
)  # fmt: skip
def test_plain_code_loses_the_name_of_its_language_and_nothing_else(page: str) -> None:
    one_by_one = highlight._BLOCK.sub(lambda m: highlight._block(m[2], m[1] or "", "plain", None), page)
    assert highlight.colour(page, "plain") == one_by_one
