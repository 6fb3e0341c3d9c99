"""A link from one draft to another: which one is meant, and what nobody may find out by asking."""

from __future__ import annotations

import posixpath
import time
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.draft.crosslinks import Crosslinks, Page, crosslinks, leads_nowhere
from steadycast.draft.generators import in_markdown

HERE = PurePosixPath("pgc/posts/a.md")
OUT = {"site": "https://readers.example/daily/b.html"}
TARGET = Page("pgc/posts/b.md", OUT, ("bee", "/2026/05/the-bee/", "/old/bee.html"))
ELSEWHERE = Page("pgc/other/c.md", OUT)
DATED = Page("pgc/_posts/2026-05-01-the-river.md", OUT)
BUNDLE = Page("pgc/posts/garden/index.md", OUT)
PAGES = Crosslinks([TARGET, ELSEWHERE, DATED, BUNDLE])

WAYS = {
    "b.md": TARGET,
    "./b.md": TARGET,
    "./b": TARGET,
    "b": TARGET,
    "b.html": TARGET,
    "../b/": TARGET,
    "../posts/b.md#part": TARGET,
    "b.md?x=1": TARGET,
    "/posts/b/": TARGET,
    "/posts/b.html": TARGET,
    "/b": TARGET,
    "/2026/05/b/": TARGET,
    "%62.md": TARGET,
    "/posts/bee/": TARGET,
    "bee.md": TARGET,
    "/2026/05/the-bee/": TARGET,
    "/2026/05/the-bee/index.html": TARGET,
    "/old/bee": TARGET,
    "../other/c.md": ELSEWHERE,
    "c.md": ELSEWHERE,
    "/2026/05/01/the-river.html": DATED,
    "2026-05-01-the-river.md": DATED,
    "the-river.md": DATED,
    "garden/": BUNDLE,
    "garden/index.md": BUNDLE,
    "/posts/garden/": BUNDLE,
}
NONE = [
    "", "#b", "?b", "https://x.example/b.md", "//x.example/b", "mailto:b", "javascript:b", "nobody.md", "/tags/b/",
    "/2025/05/01/the-river.html", "../../../etc/passwd", "/", "..", "b/c", "b" * 600, "\\\\b", "/b\x00",
]  # fmt: skip


@pytest.mark.parametrize("href", WAYS)
def test_every_way_to_write_it_finds_the_draft(href: str) -> None:
    assert PAGES.find(href, HERE) is WAYS[href]


@pytest.mark.parametrize("href", NONE)
def test_what_means_no_draft_finds_none(href: str) -> None:
    assert PAGES.find(href, HERE) is None


@pytest.mark.parametrize(
    ("mark", "found"),
    [
        ("[x]({% post_url 2026-05-01-the-river %})", DATED),
        ("[x]({% link _posts/2026-05-01-the-river.md %})", DATED),
        ('[x]({{< ref "/posts/b" >}})', TARGET),
        ('[x]({{% relref "b.md#part" %}})', TARGET),
        ("[x]({filename}b.md)", TARGET),
        ("[x]({filename}/posts/b.md)", TARGET),
        ("[[b]]", TARGET),
        ("[[posts/b|words]]", TARGET),
        ("[x][1]\n\n[1]: b.md", TARGET),
        ('<a href="b.md">x</a>', TARGET),
    ],
)
def test_the_mark_of_every_tool_means_it(mark: str, found: Page) -> None:
    ((_, href),) = crosslinks(in_markdown(mark))
    assert PAGES.find(href, HERE) is found


def test_links_are_told_with_their_lines_and_code_and_pictures_are_none() -> None:
    body = (
        "一\n\n[a](b.md) ![p](p.md) [c](../d)\n\n`[a](b.md)`\n\n```\n[a](b.md)\n```\n\n[w](https://x.example) [p](#b)\n"
    )
    assert list(crosslinks(body)) == [(3, "b.md"), (3, "../d")]


# Who may find what

BOB = PurePosixPath("ugc/bob/mine.md")
SECRET = "pgc/posts/secret.md"
ALL_WAYS = ["secret.md", "/posts/secret/", "../../pgc/posts/secret.md", "/s/e", "alias.md", "../alice/secret.md"]


@pytest.mark.parametrize("href", ALL_WAYS)
@pytest.mark.parametrize("path", [SECRET, "ugc/alice/secret.md"])
def test_a_member_cannot_find_out_what_has_not_gone_out(href: str, path: str) -> None:
    """The answer is the one for a draft that is not there at all."""
    hidden = Crosslinks([Page(path, {}, ("/s/e", "alias"))])
    assert hidden.find(href, BOB) is None
    out = Crosslinks([Page(path, OUT, ("/s/e", "alias"))])
    assert [h for h in ALL_WAYS if out.find(h, BOB)], "it is found once it is out"


def test_a_member_takes_no_name_of_the_house_away() -> None:
    welcome, taken = Page("pgc/welcome.md", OUT), Page("ugc/bob/x.md", OUT, ("/posts/welcome/", "welcome", "/welcome"))
    flood = [Page(f"ugc/bob/{n}/welcome.md", {}) for n in range(200)]
    pages = Crosslinks([*flood, taken, welcome])
    for source in (HERE, PurePosixPath("ugc/alice/a.md")):
        for href in ("/posts/welcome/", "welcome.md", "/welcome/"):
            assert pages.find(href, source) is welcome


def test_where_two_may_be_meant_it_is_neither_and_a_path_tells() -> None:
    one, two = Page("pgc/x/b.md", OUT), Page("pgc/y/b.md", OUT)
    pages = Crosslinks([one, two])
    assert pages.find("b.md", PurePosixPath("pgc/z/a.md")) is None
    assert pages.find("b.md", PurePosixPath("pgc/y/a.md")) is two
    assert pages.find("/x/b/", PurePosixPath("pgc/z/a.md")) is one


# Properties

names = st.text("abcé日 -_.", min_size=1, max_size=6).filter(lambda n: n.strip(". ") == n and not n.endswith("-"))
folders = st.lists(st.sampled_from(["x", "y", "posts"]), max_size=3)
paths = st.builds(lambda above, name: "/".join(["pgc", *above, f"{name}.md"]), folders, names)


@given(st.lists(paths, min_size=2, max_size=8, unique=True))
def test_a_relative_path_finds_exactly_that_draft(found: list[Any]) -> None:
    pages = {path: Page(path, OUT) for path in found}
    index = Crosslinks(pages.values())
    for source in found:
        for target in found:
            href = posixpath.relpath(target, posixpath.dirname(source))
            assert index.find(href, PurePosixPath(source)) is pages[target]


@given(st.lists(paths, max_size=5), st.text(max_size=40))
def test_whatever_is_asked_the_answer_is_one_of_them_or_none(found: list[Any], href: str) -> None:
    pages = [Page(path, OUT) for path in dict.fromkeys(found)]
    answer = Crosslinks(pages).find(href, HERE)
    assert answer is None or answer in pages


@given(st.text(max_size=200))
def test_any_body_is_looked_through(body: str) -> None:
    for line, href in crosslinks(body):
        assert 1 <= line <= body.count("\n") + 1
        assert href in body
        assert leads_nowhere(href) in (True, False)


def test_a_thousand_links_among_ten_thousand_drafts_cost_little() -> None:
    pages = [Page(f"pgc/{n % 50}/same.md", OUT, tuple(f"/old/{n}-{k}/" for k in range(5))) for n in range(10_000)]
    index = Crosslinks(pages)
    body = "\n".join(f"[x](../{n}/same.md) [y](same.md) [z](/old/{n}-1/)" for n in range(1_000))
    began = time.process_time()
    for _, href in crosslinks(body):
        index.find(href, HERE)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "hostile", ["[x](" * 100_000, "](" * 200_000, "<a href=" * 50_000, "[a]: " * 80_000, "../" * 99_999]
)
def test_no_body_makes_the_search_slow(hostile: str) -> None:
    began = time.process_time()
    for _, href in crosslinks(hostile):
        PAGES.find(href, HERE)
    assert time.process_time() - began < 2
