"""A character that Markdown may take for a mark never changes what the words say, least of all where there is only text."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from conftest import examples
from hypothesis import example, given
from hypothesis import strategies as st

from steadycast.draft.commonmark import disguised, undisguised
from steadycast.draft.maths import Formulas, linear, mathml
from steadycast.draft.outline import outline
from steadycast.platform import RenderRule
from steadycast.render import html, text
from steadycast.render.markdown import to_html
from steadycast.render.sanitise import clean


def page(body: Any) -> Any:
    return clean(to_html(body))


def words(body: Any) -> Any:
    return text.plain(page(body)).render("inline")[0]


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
    "好*0*0",
]


@pytest.mark.parametrize("said", FACTS)
def test_what_is_written_is_what_is_read(said: Any) -> None:
    assert words(said) == said
    assert "<del>" not in page(said)
    assert outline(said).paragraph == said


def test_two_tildes_strike_and_code_and_addresses_keep_every_character() -> None:
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
def test_raised_lowered_and_struck_words_say_so_in_text(body: Any, said: Any) -> None:
    """`103米` is another length and `原价10080元` another price."""
    assert words(body) == said
    assert outline(body).paragraph == said


DIGITS_AND_HAN = re.compile(r"[0-9]+|[价格人数元好]")
RAISING = re.compile(r"[\^_]\d\d")  # of `$^00$` only the first figure is raised
SPACED = re.compile(r"\$[^$]*\d +[^$]*\$")  # TeX knows no blank: `$0 0$` is 00
RAISED = re.compile("[⁰¹²³⁴-⁹₀-₉]+")  # a formula's figures in text: `$^0$` is ⁰


@example("$^0$")
@example("$^00$")
@example("$0 0\\0$")
@given(st.text("0123456789价格人数元好~*_^$\\=<>:%|[]!?.,;'\"-+，。（） ", max_size=60))
@examples(400)
def test_no_figure_and_no_word_changes_in_text(said: Any) -> None:
    """Han before it, so that the line is no list or heading."""
    source = "好" + said
    meant = DIGITS_AND_HAN.findall(source)
    for shown in (words(source), outline(source).paragraph):
        read = RAISED.sub(lambda found: f" {unicodedata.normalize('NFKC', found[0])} ", shown)
        assert (
            DIGITS_AND_HAN.findall(read.replace("\u0336", "")) == meant
            or "~~" in source
            or RAISING.search(source)
            or SPACED.search(source)
        )
        assert [c for found in DIGITS_AND_HAN.findall(read) for c in found] == [c for f in meant for c in f]


@given(st.text("ab1~*[]:\\ \n`", max_size=40))
@examples(200)
def test_a_disguise_comes_off_and_no_line_moves(body: str) -> None:
    assert undisguised(disguised(body)) == body
    assert disguised(body).count("\n") == body.count("\n")


def shown(body: Any, **rule: Any) -> Any:
    formulas = Formulas()
    made = formulas.put_back(clean(formulas.taken_out(to_html(body))))
    return html.render(made, RenderRule(**rule))[0], text.plain(made).render()[0]


@pytest.mark.parametrize(
    ("body", "page_", "said"),
    [
        ("==高亮==了", "<p><mark>高亮</mark>了</p>\n", "高亮了"),
        ("好:smile:", "<p>好😄</p>\n", "好😄"),
        ("$E=mc^2$", None, "E = mc²"),
        ("$$\n\\int_0^1 x^2\\,dx = \\frac{1}{3}\n$$", None, "∫₀¹x² dx = 1/3"),
        ("`$a$` $5 and $6, US$5/A$ 7", "<p><code>$a$</code> $5 and $6, US$5/A$ 7</p>\n", "$a$ $5 and $6, US$5/A$ 7"),
        ("$10，$20", "<p>$10，$20</p>\n", "$10，$20"),
        ("$\\frac{1}{$", "<p><code>\\frac{1}{</code></p>\n", "\\frac{1}{"),
    ],
)
def test_what_other_editors_mark_is_rendered(body: Any, page_: Any, said: Any) -> None:
    whole, read = shown(body, math="mathml")
    assert whole == page_ if page_ else whole.startswith("<p><math")
    assert read == said


def test_a_formula_is_mathml_or_reads_in_a_line() -> None:
    assert shown("$x^2$", math="mathml")[0] == ("<p><math><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math></p>\n")
    assert shown("$\\frac{x^2}{a+b}$")[0] == "<p>x<sup>2</sup>/(a+b)</p>\n"
    assert shown("$x^2$", tags=("p",))[0] == "<p>x²</p>\n"


@pytest.mark.parametrize("kind", ["NOTE", "tip", "Warning", "odd", 'a"><script>x</script>'])
def test_a_callout_is_a_quotation_with_a_title(kind: Any) -> None:
    whole, read = shown(f"> [!{kind}]- 小 **心**\n> 里面\n> <div>也</div>\n\n<div>外</div>")
    assert "[!" not in read or "script" in kind
    assert "script>" not in whole.replace("&lt;script", "")
    assert "callout" not in whole
    assert whole.count("<blockquote>") == whole.count("</blockquote>") == 1
    assert whole.count("<div>") == whole.count("</div>") == 2
    assert "<!--" not in whole
    if "script" not in kind:
        assert whole.index("<strong>") < whole.index("小") < whole.index("里面") < whole.index("</blockquote>")


HOSTILE = [
    '\\text{" onmouseover=alert(1) x="}',
    "\\text{</math><script>alert(1)</script>}",
    "\\href{javascript:alert(1)}{x}",
    "\\style{color:red}{x}\\class{a}{x}",
    "{" * 200 + "}" * 200,
    "\\frac" * 100,
    "x" * 5000,
]


@pytest.mark.parametrize("tex", HOSTILE)
def test_a_formula_runs_nothing_and_costs_little(tex: Any) -> None:
    whole, _ = shown(f'<p title="&#xFDD5;0&#xFDD5;">a &#xFDD5;7&#xFDD5;</p>\n\n${tex}$', math="mathml")
    assert set(re.findall(r"<(?!/)([a-z]+)([^>]*)>", whole)) <= {
        (name, "") for name in "p math mrow mi mn mo mtext mfrac msup code mstyle".split()
    } | {("p", ' title=""'), ("p", ' title="\ufdd50\ufdd5"')}


@given(st.text("\\{}^_&frac12x+ leftbgin()价<>\"'", max_size=60))
@examples(200)
def test_any_formula_is_well_formed(tex: str) -> None:
    made = mathml(tex, display=False)
    assert not made or fromstring(made).tag == "math"
    linear(made)


def test_a_summary_and_a_title_read_as_the_page_does() -> None:
    found = outline("# 好:smile: ==a== $x^2$\n\n量 $\\frac{1}{2}$ 与 H<sub>2</sub>O<script>alert(1)</script>。\n")
    assert found.heading is not None
    assert (found.heading.text, found.paragraph) == ("好😄 a x²", "量 1/2 与 H₂O。")
