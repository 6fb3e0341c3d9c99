"""What a member wrote in HTML stands as it is: no character of a feed's item, or of a document, is an editor's mark."""

from __future__ import annotations

import datetime as dt
import html
import re
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.draft import Draft, Reader
from steadycast.draft.outline import outline
from steadycast.intake.documents import as_markdown
from steadycast.intake.markup import markdown
from steadycast.render.prepared_body import prepare
from steadycast.schedule.model import Origin

NOWHERE = Path("/nowhere")
WORDS = [
    "US$5 and A$6: $x^2$ is a formula, $$y$$ too",
    "a ==b== c",
    ":smile: at 20:30:00, :100:",
    "%%not a comment%% and 5%%",
    "{{ page.title }} {% raw %} {/* no */} <!-- no -->",
    "[[other]] ![[x.png]] [^1] ^id",
    "&lt; &amp;copy; &#169; AT&T;",
    "10~20元, ~~30~~, 2*3*4, **bold**",
    "> [!NOTE] no",
    ":::tip no",
    "| a | b |",
]
LINES = [["1. a", "1. b", "7) c"], ["a", "---"], ["a", "==="], ["a", "# b", "- c", "+ d"], ["a", "* b", "> c"]]


def shown(page: str) -> str:
    """The words of a member's item as a page shows them."""
    draft = Draft(PurePosixPath("feed/bob/0123456789abcdef"), Origin.UGC, "bob", "r", "T", markdown(page))
    return words(prepare(draft, NOWHERE, NOWHERE).html)


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>", " ", page))).split())


@pytest.mark.parametrize("said", WORDS)
def test_the_words_of_an_item_stand_as_they_are(said: str) -> None:
    page = f"<p>{html.escape(said)}</p><p>end</p>"
    assert shown(page) == f"{said} end"
    assert outline(markdown(page), of_html=True).paragraph == said


@pytest.mark.parametrize("lines", LINES)
def test_lines_of_an_item_begin_as_they_are(lines: list[str]) -> None:
    page = "<p>" + "<br>".join(map(html.escape, ["before", *lines])) + "</p>"
    assert shown(page) == " ".join(["before", *lines])


@given(st.text("0123456789 $=:~*%&#;-+.)(^[]{}|<>!axé中、\n", max_size=60).filter(lambda said: said.strip("- \n")))
def test_no_character_of_an_item_is_lost(said: Any) -> None:
    """But for hyphens alone, which are the line that they draw."""
    for page in (f"<p>{html.escape(said)}</p>", f"<p>一<br>{html.escape(said)}<br>二</p>"):
        assert shown(page).replace(" ", "") == words(page).replace(" ", "")


def test_what_is_marked_in_html_is_marked() -> None:
    body = markdown(
        "<p><b>3</b>4 <i>a</i> <s>b</s></p><ul><li>c</li></ul><table><tr><td>d</td></tr></table><pre>$x$\n---</pre>"
    )
    draft = Draft(PurePosixPath("feed/bob/x"), Origin.UGC, "bob", "r", "T", body)
    made = prepare(draft, NOWHERE, NOWHERE).html
    for mark in ("<strong>3</strong>4", "<em>a</em>", "<del>b</del>", "<li>c</li>", "<th>d</th>", "$x$\n---\n"):
        assert mark in made


@pytest.mark.parametrize("said", [said for said in WORDS if "{%" not in said])  # a page with that is a template
def test_the_words_of_a_web_page_stand_as_they_are_too(said: str) -> None:
    raw, _ = as_markdown(f"<html><body><p>{html.escape(said)}</p><p>end</p></body></html>".encode(), ".html", 9_999)
    path, now = PurePosixPath("pgc/a.html"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    draft = Reader(NOWHERE, ZoneInfo("UTC")).draft(raw, path, now)
    assert words(prepare(draft, NOWHERE, NOWHERE).html) == f"{said} end"
    assert not draft.notes
