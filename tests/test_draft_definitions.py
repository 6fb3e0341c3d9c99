"""What only defines something loses no word, and code that is no text is shown to nobody."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import pytest

from steadycast.draft import Draft, Reader
from steadycast.draft.definitions import with_definitions_shown, without_modules
from steadycast.draft.generators import left_over
from steadycast.render.markdown import to_html

ABBREVIATION = "HTML is old.\n\n*[HTML]: Hyper Text 5\n*[W3C]: World Wide Web"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (ABBREVIATION, "HTML is old.\n\n- HTML: Hyper Text 5\n- W3C: World Wide Web"),
        ("a\n\n[^1]: lost 7", "a\n\n- \\[1\\] lost 7"),
        ("a[^1]\n\n[^1]: kept", "a[^1]\n\n[^1]: kept"),
        ("a[^Note]: b\n\n[^note]: kept", "a[^Note]: b\n\n[^note]: kept"),
        ("`a[^1]`\n\n[^1]: only code refers to it", "`a[^1]`\n\n- \\[1\\] only code refers to it"),
        ("[^1]: one says[^2]\n\n[^2]: two", "- \\[1\\] one says[^2]\n\n[^2]: two"),
        ("```\n*[A]: b\n[^1]: c\n```", "```\n*[A]: b\n[^1]: c\n```"),
        ("*[a] b* and [^1]", "*[a] b* and [^1]"),
    ],
)
def test_a_definition_that_nothing_shows_is_shown(written: str, meant: str) -> None:
    assert with_definitions_shown(written) == meant


def test_its_words_are_on_the_page() -> None:
    page = to_html(with_definitions_shown(ABBREVIATION + "\n\n[^1]: and seven\n\n    more of it\n"))
    for words in ("HTML: Hyper Text 5", "[1] and seven", "<p>more of it</p>"):
        assert words in page
    assert "*[" not in page


def read(name: str, body: str) -> Draft:
    path, now = PurePosixPath("pgc", name), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return Reader(Path("/nowhere"), ZoneInfo("UTC")).draft(body.encode(), path, now)


def test_the_modules_of_mdx_are_shown_to_nobody_and_no_line_moves() -> None:
    body = "import A from './a'\nimport {\n  B,\n} from 'b'\n\n# Title\n\nWords.\n\nexport const x = {\n  y: 1,\n}\n\nimportant words\n\n```js\nimport C from 'c'\n```\n"
    draft = read("a.mdx", body)
    assert (draft.title, draft.body_line) == ("Title", 8)
    assert [line for line in draft.body.split("\n") if line] == [
        "Words.", "important words", "```js", "import C from 'c'", "```",
    ]  # fmt: skip
    assert without_modules(body).count("\n") == body.count("\n")
    assert [note.line for note in read("a.md", "Words.\n\nimport A from './a'\n").notes] == [3]


@pytest.mark.parametrize(
    "mark",
    [
        "```mermaid\ngraph TD\n```",
        "~~~ {.mermaid}\na\n~~~",
        "Words <Tabs>x</Tabs>"[:12],
        "a {props.title} b",
        "a <Chart data={x} /> b",
    ],
)
def test_what_no_channel_draws_is_named_with_its_line(mark: str) -> None:
    body = f"一\n\n{mark}\n\n二\n\n{mark}"
    lines = [line for line, _, _ in left_over(body)]
    assert set(lines) == {3, body.rindex(mark) and body.count("\n", 0, body.rindex(mark)) + 1}
    assert not list(left_over("````\n```mermaid\n```\n````\n\n`<Tabs>` `{props.x}` a<B and c>D {x} ${a.b}"))


def test_its_cost_is_bounded() -> None:
    for hostile in (
        "[^" * 300_000,
        "*[" * 300_000,
        "[^a]: " * 90_000,
        "[^a]:\n" * 90_000,
        "{a." * 200_000,
        "<Aa " * 150_000,
    ):
        began = time.process_time()
        list(left_over(with_definitions_shown(hostile)))
        assert time.process_time() - began < 3
