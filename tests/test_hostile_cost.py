"""Drafts whose rendering would cost far more than they have bytes: refused at intake with their line, or kept cheap."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.draft.parse_cost import check_cost
from steadycast.errors import DraftError
from steadycast.platform import RenderRule
from steadycast.render import highlight, html, sanitise
from steadycast.render.markdown import to_html
from steadycast.render.sanitise import clean, cleaned, has_tags, is_tame, left_open
from steadycast.render.worker import Worker

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
MOST = 2_000_000  # bytes of a draft
HEAD = "---\ntitle: t\nsummary: s\n---\n\nWords.\n\n"


def full(unit: str, size: int = MOST) -> str:
    """So many times `unit` that it nearly fills a draft."""
    return unit * ((size - 300) // len(unit.encode()))


REOPENED = {  # refused: what stands open would be written again and again
    "tags": "x" + "".join(f"<b title={n}>" for n in range(2400)) + "<p>a" * 2500,
    "attributes": "x" + "".join(f"<b title={n}{'A' * 18000}>" for n in range(100)) + "<p>a" * 4000,
    "links": "x" + "".join(f"<a href=/{n}><i>" for n in range(1000)) + "<div>a" * 2500,
    "fonts": "x" + "".join(f"<font size={n}>" for n in range(2400)) + "<p>a" * 2500,
    "in tables": "<table>" + "".join(f"<b title={n}>" for n in range(2400)) + "<tr>a" * 2500,
    "ends that do not end": "".join(f"<b title={n}{'A' * 400}>" for n in range(2400)) + "<p></b>" * 2400,
    "Markdown's own link": "[" + "<p>x" * 4000 + f"](/{'u' * 1_000_000})",
    "quotes that hide": "x" + "".join(f"<b title='>\"{n}{'A' * 900}'>" for n in range(1000)) + "<p>a" * 3000,
}
CROWDED = {  # refused: a parser keeps two hundred bytes for each mark
    "quotes": full('"'),
    "ampersands": full("&"),
    "headings": full("# a\n"),
    "empty headings": full("#\n"),
    "a heading of quotes": "# x\n\n## " + full('"'),
    "notes": full("[^a] ", MOST - 100) + "\n\n[^a]: x",
    "notes with long names": ("[^" + "注" * 100 + "] ") * 6000 + "\n\n[^" + "注" * 100 + "]: x",
    "many notes": "".join(f"[^{n}]" for n in range(60_000)) + "".join(f"\n[^{n}]: x" for n in range(60_000)),
    "rows": "|a|b|\n|-|-|\n" + full("|c|d|\n"),
    "a wide table": "|x" * 5000 + "\n" + "|-" * 5000 + "\n" + "a\n" * 300,
    "a wide table in a quotation": "> " + "|x" * 5000 + "\n> " + "|-" * 5000 + "\n" + "> a\n" * 300,
    "items": full("-\n"),
    "paragraphs": full("a\n\n"),
    "emphasis": full("*a* "),
    "pictures": full("![](a) "),
    "comments": full("<!-- -->\n\n"),
}
SLOW = {  # taken, and coloured as far as there is time
    "line breaks": "".join(f"```{name}\n" + "\n" * 19_000 + "```\n\n" for name in ("singularity", "idris", "turtle")),
    "blocks": full("```python\nif a == {1: [2, (3 + 4)]}: pass\n```\n\n", 400_000),
    "embedded": "".join(f"```{n}\n" + "<?" * 9000 + "\n```\n\n" for n in ("html+php", "xml+ruby", "html", "php")),
    "odd names": "".join(f"```x{n}\na\n```\n\n" for n in range(5000)),
}
FINE = {  # ordinary, and much of it
    "words": full("Words and more words of a very long report.\n\n", MOST // 2),
    "汉字": full("沪语读书会的每日一文。" * 9 + "\n\n"),
    "a log": "```\n" + full("2026-11-28 02:14:03 INFO nothing happened\n") + "```\n",
}
COST = """
import json, os, resource, signal, sys
import steadycast.pipeline.collect, steadycast.pipeline.publish, steadycast.render.markdown  # once, not in each child
from steadycast import pipeline
from steadycast.pipeline import App
from steadycast.testing import Clock
from steadycast.workspace import load
import datetime as dt

def measure():
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    signal.alarm(300)
    clock = Clock(dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC))
    app = App(load(), clock=clock)
    with app:
        found = pipeline.collect(app, clock.now(), feeds=False)
        pipeline.plan(app, clock.now())
        clock.advance(dt.timedelta(hours=11))
        problems = [(p.where, p.line, p.message, p.hint) for p in found.problems]
        sent = [row.state for row in pipeline.publish(app, series="daily").sent] if not problems else []
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = sum(u.ru_utime + u.ru_stime for u in (own, children))
    # Not ru_maxrss of our own: that is handed down by whoever started this process, through fork and exec.
    [peak] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    return problems, sent, cpu, max(peak, children.ru_maxrss) // 1024

for workspace in sys.stdin:
    if (child := os.fork()) == 0:
        os.chdir(workspace.strip())
        print(json.dumps(measure()), flush=True)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended:
        print(json.dumps(f"ended with {ended}"), flush=True)
"""
Measure = Callable[[Path], Any]


@pytest.fixture(scope="module")
def measure() -> Iterator[Measure]:
    """What one workspace costs in a process of its own: the child of one that has all imports behind it."""
    started: Any = subprocess.Popen(
        [sys.executable, "-c", COST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(workspace: Path) -> Any:
        started.stdin.write(f"{workspace}\n")
        started.stdin.flush()
        return json.loads(started.stdout.readline())

    with started:
        yield ask
        started.stdin.close()


def spent(bench: Bench, measure: Measure, body: str) -> tuple[list[Any], list[str], float, int]:
    """(problems, states of what was published, seconds of CPU, megabytes at most) of one draft's whole way."""
    bench.set_up(SETTINGS, {"ugc/alice/a.md": (HEAD + body + "\n").encode()})
    told = measure(bench.app.workspace.root)
    assert isinstance(told, list), told
    return tuple(told)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REOPENED, *CROWDED])
def test_what_would_cost_too_much_is_refused_with_its_line_in_time_and_memory(
    bench: Bench, measure: Measure, name: Any
) -> None:
    problems, _, cpu, memory = spent(bench, measure, {**REOPENED, **CROWDED}[name])
    ((path, line, message, hint),) = problems
    assert (path, line >= 6, bool(message), bool(hint)) == ("ugc/alice/a.md", True, True, True)
    assert (cpu < 10, memory < 300) == (True, True), (cpu, memory)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SLOW, *FINE])
def test_what_is_taken_goes_out_in_time_and_memory(bench: Bench, measure: Measure, name: Any) -> None:
    problems, sent, cpu, memory = spent(bench, measure, {**SLOW, **FINE}[name])
    assert (problems, sent) == ([], ["published"])
    assert (cpu < 10, memory < 300) == (True, True), (cpu, memory)


@pytest.mark.slow
def test_a_draft_that_would_grow_harms_itself_alone(bench: Bench) -> None:
    bench.set_up(SETTINGS, {"pgc/good.md": article("Good"), "ugc/bob/bomb.md": (HEAD + REOPENED["tags"]).encode()})
    (problem,) = pipeline.collect(bench.app, bench.clock.now(), feeds=False).problems
    assert (problem.where, problem.line) == ("ugc/bob/bomb.md", 8)
    assert "open" in problem.message
    assert [row.title for row in bench.app.ledger.drafts()] == ["Good"]
    assert any("open" in p.message and p.line == 8 for p in ops.check(bench.clock.now(), root=bench.app.workspace.root))


@pytest.mark.parametrize("name", CROWDED)
def test_a_crowded_body_is_refused_before_a_parser_sees_it(name: str) -> None:
    with pytest.raises(DraftError) as error:
        check_cost(CROWDED[name])
    assert error.value.line
    assert error.value.hint


@pytest.mark.parametrize("name", FINE)
def test_much_of_what_is_ordinary_costs_nothing(name: str) -> None:
    check_cost(FINE[name])


TAGS = (
    "b",
    "a href=/x",
    "i",
    'font color="red"',
    "p",
    "div",
    "table",
    "tr",
    "td",
    "select",
    "object",
    "svg",
    "li",
    "br",
    "button",
)
ENDS = ("b", "a", "i", "font", "p", "div", "table", "td", "select", "object", "svg")
PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS]),
    st.sampled_from([f"</{tag}>" for tag in ENDS]),
    st.integers(0, 99).map(lambda n: f"<b title={n}>"),
    st.sampled_from(
        ["x", "<!-- </b> -->", "<i title='</b>'>", '<b title=">', "<style></b></style>", "<b", "<![CDATA[", "&"]
    ),
)


@examples(400)
@given(st.lists(PIECES, max_size=60), st.integers(1, 60))
def test_what_is_called_tame_grows_by_no_more_than_was_said(pieces: list[Any], times: int) -> None:
    """However tags are mixed: a parser opens each again at most once for every tag, whatever it is closed by."""
    page = "".join(pieces) * times
    if is_tame(page):
        assert len(cleaned(page, ugc=True)) <= 6 * len(page) + sanitise._GROWTH


def test_the_measure_is_not_so_wide_that_nothing_is_looked_at() -> None:
    assert not is_tame(REOPENED["tags"])
    assert is_tame('<p>See <a href="https://a.example/">this</a>, <b>that</b>.</p>' * 30)


def test_old_html_that_closes_nothing_is_still_taken() -> None:
    """Hand-written pages of twenty years ago: no paragraph is closed, and some bold letters are not."""
    page = "".join(
        f'<p><b>Day {n}<p>It was <a href="/day/{n}">fine</a>, <font color="#{n:06}">really.' for n in range(99)
    )
    assert has_tags(page)
    assert not is_tame(page)
    assert clean(page) == cleaned(page, ugc=True)


def test_a_markdown_page_of_links_is_no_matter_for_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanitise._worker, "ask", lambda request: pytest.fail("was asked"))
    body = "".join(f"- [Story {n}](https://news.example/2026/11/{n}/a-long-address)<br>\n" for n in range(1500))
    assert not has_tags(body)
    assert clean(to_html(body), raw=has_tags(body)).count("<a ") == 1500


def test_the_line_is_that_of_the_tag_that_is_never_closed() -> None:
    assert left_open("a\n<b>x</b>\n<i>y\n\n<b>z</b>\n") == 3
    assert left_open("a\n\n<b>x</b>") == 3


# --- code


def page(code: str, language: str) -> str:
    return to_html(f"```{language}\n{code}\n```\n")


def coloured(code: str, language: str, mode: str = "classes") -> str:
    return html.render(cleaned(page(code, language), ugc=True), RenderRule(code=mode))[0]


@pytest.mark.parametrize(
    "language", ["python", "py", "js", "ts", "bash", "sh", "c++", "rust", "go", "r", "yaml", "html", "sql"]
)
def test_what_people_write_about_is_coloured(language: str) -> None:
    assert "<span class=" in coloured("a = 1 + 2 # b\nif a: <b>'c'</b>", language)


@pytest.mark.parametrize(
    "language", ["idris", "singularity", "turtle", "thrift", "html+evoque", "xml+php", "no-such", "../x"]
)
def test_other_lexers_are_not_even_asked(language: str) -> None:
    found = coloured("a = 1", language)
    assert ("<span" in found, "a = 1" in found) == (False, True)


@pytest.mark.slow
def test_a_block_that_takes_too_long_stays_plain_and_so_does_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has two seconds of CPU for all of a draft."""
    worker = Worker("slow_colours", longest=1 << 20)
    monkeypatch.setattr(highlight, "_worker", worker)
    monkeypatch.setenv("PYTHONPATH", __file__.rpartition("/")[0])
    began = time.monotonic()
    found = coloured("fast = 1", "python") + coloured("slow = 1", "python")
    worker.close()
    assert time.monotonic() - began < 60
    assert ("<span" in found.partition("slow")[0], "<span" in found.partition("slow")[2]) == (True, False)


def test_only_so_much_of_a_draft_is_coloured() -> None:
    blocks = "".join(
        f"```python\nnumber = {n}\n{'a = 1 # b' + chr(10) * 1:s}{'x = 2' + chr(10)}{'#' * 9000}\n```\n\n"
        for n in range(20)
    )
    found = highlight.colour(cleaned(to_html(blocks), ugc=True), "classes")
    assert found.count('class="highlight"') == highlight.MOST // 9030
    assert found.count("<pre") == 20
