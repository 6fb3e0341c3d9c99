"""Templates: found by folder order, sandboxed, escaped by name, and clear about what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pytest

from steadycast.errors import SettingsError
from steadycast.render.dates import date_text
from steadycast.render.templates import Templates, _Environment, absolute, duration

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = dt.datetime(2026, 11, 27, 12, 0, 5, tzinfo=dt.UTC)


@pytest.fixture
def templates(tmp_path: Path) -> Callable[..., Templates]:
    def make(**files: Any) -> Templates:
        own, base = tmp_path / "own", tmp_path / "base"
        for folder in (own, base):
            folder.mkdir(exist_ok=True)
        for name, source in files.items():
            place, _, rest = name.partition("__")
            (tmp_path / place / rest.replace("_", ".")).write_text(source, encoding="utf-8")
        return Templates((own, base), zone=SHANGHAI)

    return make


def test_the_first_folder_that_has_a_template_wins(templates: Callable[..., Templates]) -> None:
    found = templates(own__a_html_j2="own", base__a_html_j2="base", base__b_txt_j2="base b")
    assert found.render("a.html.j2") == "own"
    assert found.render("b.txt.j2") == "base b"


def test_escaping_goes_by_name(templates: Callable[..., Templates]) -> None:
    """HTML, XML and SVG are escaped; text is not; sanitised HTML passes when it is said to be."""
    source = "{{ x }}|{{ x | safe_html }}"
    found = templates(own__a_html_j2=source, own__b_xml_j2=source, own__c_txt_j2="{{ x }}", own__d_svg_j2=source)
    for name in ("a.html.j2", "b.xml.j2", "d.svg.j2"):
        assert found.render(name, x='<b a="1">') == '&lt;b a=&#34;1&#34;&gt;|<b a="1">'
    assert found.render("c.txt.j2", x="<b>") == "<b>"


def test_a_draft_is_a_value_never_a_template(templates: Callable[..., Templates]) -> None:
    found = templates(own__a_txt_j2="{{ title }}")
    assert found.render("a.txt.j2", title="{{ 7*7 }}{% raw %}") == "{{ 7*7 }}{% raw %}"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ post.tags.append('x') }}",
        "{{ namespace.__init__.__globals__ }}",
        "{% for i in range(100000000) %}{% endfor %}",
        "{{ lipsum.__globals__ }}{{ cycler }}",
        "{{ missing }}",
        "{{ post.missing }}",
        "{{ 1 / 0 }}",
        "{{ nothing | date }}",
    ],
)
def test_what_a_template_may_not_do_names_file_and_line(templates: Callable[..., Templates], source: str) -> None:
    found = templates(own__a_html_j2="line one\n" + source)

    class Post:
        tags = ["a"]  # noqa: RUF012

    with pytest.raises(SettingsError, match=r"own/a\.html\.j2:2: "):
        found.render("a.html.j2", post=Post(), nothing=None)


def test_broken_and_missing_templates_name_themselves(templates: Callable[..., Templates]) -> None:
    found = templates(own__a_txt_j2="x\n{% if %}", own__b_txt_j2="{% include 'gone.txt.j2' %}")
    with pytest.raises(SettingsError, match=r"own/a\.txt\.j2:2: "):
        found.render("a.txt.j2")
    with pytest.raises(SettingsError, match=r"gone\.txt\.j2 is missing"):
        found.render("b.txt.j2")
    with pytest.raises(SettingsError, match="missing"):
        found.render("../own/a.txt.j2")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("at | date", "2026年11月27日 周五"),
        ("at | date('en')", "Friday, 27 November 2026"),
        ("at | datetime", "2026年11月27日 周五 20:00"),
        ("at | time", "20:00"),
        ("at | iso", "2026-11-27T20:00:05+08:00"),
        ("at | rfc822", "Fri, 27 Nov 2026 20:00:05 +0800"),
        ("3725.4 | duration", "1:02:05"),
        ("65 | duration", "1:05"),
        ("'media/a.png' | absolute('https://s.example/x')", "https://s.example/x/media/a.png"),
        ("'今天很好。明天也好，后天更好' | cut(8)", "今天很好。"),
        ("'https://example.com/long/path 好' | cut(30, 'weighted')", "https://example.com/long/path 好"),
    ],
)
def test_filters(templates: Callable[..., Templates], expression: str, text: str) -> None:
    assert templates(own__a_txt_j2="{{ " + expression + " }}").render("a.txt.j2", at=AT) == text


def test_rfc822_dates_are_numeric_even_for_utc(tmp_path: Path) -> None:
    """A feed reader takes -0000 for "zone unknown"."""
    (tmp_path / "a.txt.j2").write_text("{{ at | rfc822 }}")
    assert Templates((tmp_path,)).render("a.txt.j2", at=AT) == "Fri, 27 Nov 2026 12:00:05 +0000"


def test_a_page_can_ask_for_the_colours_of_code(templates: Callable[..., Templates]) -> None:
    assert ".code .k " in templates(own__a_css_j2="{{ highlight_css(selector='.code') }}").render("a.css.j2")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-CN", "2026年2月1日 周日"),
        ("zh-TW", "2026年2月1日 週日"),
        ("zh-FR", "2026年2月1日 周日"),
        ("en-GB", "Sunday, 1 February 2026"),
        ("de", "Sonntag, 1. Februar 2026"),
        ("xx", "Sunday, 1 February 2026"),
        ("../" * 99, "Sunday, 1 February 2026"),
    ],
)
def test_a_date_is_written_as_its_language_does(language: str, said: str) -> None:
    assert date_text(dt.date(2026, 2, 1), language) == said


def test_small_words() -> None:
    assert duration(None) == ""
    assert absolute("https://a.example/x", "https://b.example") == "https://a.example/x"


def test_what_was_compiled_is_kept_for_the_next_process_and_what_cannot_be_used_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torn, of other words, or of another program: it is compiled again."""
    own, compiled = tmp_path / "own", tmp_path / "compiled"
    own.mkdir()
    (own / "a.txt.j2").write_text("{{ 1 + 1 }}")
    seen = []
    compile_ = jinja2.Environment.compile

    def counted(*given: Any, **named: Any) -> Any:
        seen.append(1)
        return compile_(*given, **named)

    monkeypatch.setattr(_Environment, "compile", counted)

    def made() -> tuple[str, int]:
        seen.clear()
        return Templates((own,), watched=False, compiled=compiled).render("a.txt.j2"), len(seen)

    assert (made(), made()) == (("2", 1), ("2", 0))
    (file,) = compiled.iterdir()
    assert file.stat().st_mode & 0o77 == 0
    whole = file.read_bytes()
    for spoilt in (b"", whole[:40], whole[:-9], b"x" * 32 + whole[32:], whole[:-9] + b"\x7f" + whole[-8:]):
        file.write_bytes(spoilt)
        assert (made(), made()) == (("2", 1), ("2", 0))
    (own / "a.txt.j2").write_text("{{ 1 + 2 }}")
    assert (made(), made()) == (("3", 1), ("3", 0))
