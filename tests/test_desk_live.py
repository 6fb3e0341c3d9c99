"""What changes elsewhere shows on an open page by itself."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desk_bench import KEY, Desk, browsing, opened
from pipeline_bench import SETTINGS, Bench

from steadycast import pipeline
from steadycast.desk import live
from steadycast.ledger.change_mark import ChangeMark
from steadycast.ledger.store import Ledger

SOON = 6.0  # seconds for a busy machine; the page itself is within two


class Lines:
    """The lines of /events, as they come."""

    def __init__(self, desk: Desk) -> None:
        self._answer = desk.session.get(f"{desk.url}/events", stream=True, timeout=30)
        self.status, self.kind = self._answer.status_code, self._answer.headers.get("content-type", "")
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._answer.iter_lines(chunk_size=1, decode_unicode=True):
                self._lines.put(line)
        except Exception:  # the desk has ended
            self._lines.put("event: gone")

    def event(self) -> str:
        while True:
            line = self._lines.get(timeout=SOON)
            if line.startswith("event: "):
                return line.removeprefix("event: ")

    def close(self) -> None:
        self._answer.close()


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(live, "BREATH", 0.3)  # a client that reads hangs up only once something came
    bench.set_up(SETTINGS, {"ugc/bob/one.md": "# One\n\nWords.\n"})
    with Desk(bench.root).up() as desk:
        yield desk


def test_what_is_committed_shows_in_the_mark_and_what_is_read_does_not(ledger: Ledger, database: str) -> None:
    mark = ChangeMark(ledger)

    def same_after(read: Callable[[], object]) -> bool:
        first = mark.read()
        read()
        return mark.read() == first

    # PostgreSQL counts what other test processes commit, too: some of many looks fall between two of theirs.
    assert any(same_after(lambda: None) for _ in range(50))
    assert any(same_after(ledger.drafts) for _ in range(50))
    with Ledger.open(database) as other:
        opened = mark.read()
        other.set_meta("a", "b")
        assert mark.read() != opened
    mark.close()


def test_a_page_is_told_of_the_ledger_of_the_settings_and_of_the_folder(desk: Desk, bench: Bench) -> None:
    lines = Lines(desk)
    assert (lines.status, lines.kind.partition(";")[0]) == (200, "text/event-stream")
    assert lines.event() == "here"
    bench.drop("ugc/bob/two.md", "# Two\n\nMore.\n")
    assert lines.event() == "changed"
    pipeline.collect(bench.app, pipeline.now())
    assert lines.event() == "changed"
    (bench.root / "steadycast.toml").write_text(SETTINGS + "\n# seen\n", encoding="utf-8")
    assert lines.event() == "changed"
    lines.close()


def test_who_has_no_key_is_told_nothing_and_no_more_pages_are_told_than_can_be(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 1)
    first = Lines(desk)
    assert first.event() == "here"
    assert Lines(desk).status == 503
    desk.session.cookies.clear()
    assert desk.get("/events").status_code == 403
    first.close()


IN_AN_HOUR = """() => {
  const shown = document.body.appendChild(document.createElement("time"));
  shown.className = "countdown";
  shown.dateTime = new Date(Date.now() + 3600e3).toISOString();
}"""


@pytest.mark.live
@pytest.mark.parallel
def test_an_open_page_follows_and_leaves_alone_what_is_being_filled_in(bench: Bench, tmp_path: Path) -> None:
    """And says so while the desk is away, and goes on by itself once it is back."""
    bench.set_up(SETTINGS, {})
    with browsing() as browser:
        page = browser.new_context().new_page()
        with Desk(bench.root).up() as desk:
            port = desk.url.rpartition(":")[2]
            page.goto(f"{desk.url}/?key={KEY}")
            page.goto(f"{desk.url}/drafts")
            page.evaluate(IN_AN_HOUR)
            page.wait_for_selector(r"time.countdown:text-matches('^00:59:[0-9]{2} left$')")
            bench.drop("ugc/bob/new.md", "# Quite new\n\nWords.\n")
            pipeline.collect(bench.app, pipeline.now())
            page.wait_for_selector("text=Quite new")
            page.check("input[name=ids]")
            bench.drop("ugc/bob/other.md", "# Another one\n\nWords.\n")
            pipeline.collect(bench.app, pipeline.now())
            page.wait_for_selector("body[data-waits]")
            assert page.is_checked("input[name=ids]")
            assert not page.is_visible("text=Another one")
            page.uncheck("input[name=ids]")
            bench.drop("ugc/bob/third.md", "# A third\n\nWords.\n")
            pipeline.collect(bench.app, pipeline.now())
            page.wait_for_selector("text=A third")
            assert page.is_hidden("#away")
        page.wait_for_selector("#away:not([hidden])")
        with Desk(bench.root, int(port)).up():
            page.wait_for_selector("#away", state="hidden")
            bench.drop("ugc/bob/later.md", "# After the restart\n\nWords.\n")
            pipeline.collect(bench.app, pipeline.now())
            page.wait_for_selector("text=After the restart")


@pytest.mark.live
@pytest.mark.slow
def test_what_changes_elsewhere_shows_within_two_seconds(desk: Desk, bench: Bench) -> None:
    """From the commit to the page, as a person sees it; the quickest of three, since this machine may be busy."""
    took = []
    with browsing() as browser:
        page = opened(browser, desk, "/drafts")
        for n in range(3):
            page.wait_for_timeout(1_200)
            bench.drop(f"ugc/bob/seen-{n}.md", f"# Seen {n}\n\nQuite other words, {n}.\n")
            begun = time.monotonic()
            pipeline.collect(bench.app, pipeline.now())
            page.get_by_text(f"Seen {n}", exact=True).wait_for()
            took.append(time.monotonic() - begun)
    assert min(took) <= 2, took
