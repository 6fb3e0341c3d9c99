"""What a reader need not wait for: the pages after a start, and the record by settings that were just saved."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from typing import Any

import pytest
from desk_bench import KEY, Desk, hidden
from many_drafts import fill
from pipeline_bench import COMMUNITY, FAR, Bench
from sqlalchemy.sql.compiler import SQLCompiler
from test_desk_cost import heard

from steadycast import pipeline
from steadycast.desk import ready
from steadycast.desk.pages import compile_templates
from steadycast.desk.server import made
from steadycast.language import speaking
from steadycast.ledger.store import Ledger
from steadycast.pipeline import community_state
from steadycast.pipeline.open_workspace import Opened
from steadycast.report import outlook
from steadycast.report.week import Week

SETTINGS = COMMUNITY + FAR + '[series.notes]\nevery = "day at 20:00"\nchannels = ["far"]\n'
FEW = 12  # statements of a page that shows the record as it was made
MADE = 25  # at least, of one that makes it


@pytest.fixture(autouse=True)
def _one_minute(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is made anew each minute; and nothing of what this makes stays frozen."""
    began = pipeline.now()
    bench.set_up(SETTINGS, {})
    monkeypatch.setattr(pipeline, "now", lambda: began)
    monkeypatch.setattr(gc, "freeze", lambda: None)


def test_after_a_start_the_first_reader_of_the_record_waits_for_no_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = made(bench.root, KEY)
    monkeypatch.setattr(ready, "FIRST", ("/record",))
    monkeypatch.setattr(ready, "LATER", ())

    async def looked_at() -> tuple[list[Any], list[Any]]:
        with heard() as before:
            await (await ready.make_ready(desk, KEY))
        with heard() as after:
            await ready._ask(desk, KEY, "/record")
        return before, after

    before, after = asyncio.run(looked_at())
    desk.state.opened.close()
    assert len(before) >= MADE
    assert len(after) <= FEW


def test_a_page_that_fails_while_the_desk_starts_keeps_no_other_from_being_made(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def desk(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        raise RuntimeError("broken")

    async def start() -> None:
        await (await ready.make_ready(desk, KEY))

    asked: list[str] = []
    asyncio.run(start())
    assert asked == [*ready.FIRST, *ready.LATER]


def test_a_desk_that_takes_long_to_make_its_pages_begins_to_answer_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start() -> bool:
        go_on = asyncio.Event()

        async def desk(scope: Any, receive: Any, send: Any) -> None:
            await go_on.wait()

        rest = await ready.make_ready(desk, KEY)
        waits = not rest.done()
        go_on.set()
        await rest
        return waits

    monkeypatch.setattr(ready, "AT_MOST", 0.0)
    assert asyncio.run(start())


def test_every_template_of_the_desk_compiles_in_each_language() -> None:
    names = {}
    for language in ("en", "zh_Hans", "zh_Hant"):
        with speaking(language):
            names[language] = [*compile_templates()]
    assert names["en"] == names["zh_Hans"] == names["zh_Hant"]
    assert {"record.html.j2", "today.html.j2"} <= set(names["en"])


def test_once_settings_are_saved_the_record_is_made_by_them_before_somebody_asks(
    bench: Bench, makes: list[object]
) -> None:
    with Desk(bench.root).up() as desk:
        desk.get("/record")
        save(desk, "day at 21:00")
        assert len(makes) == 2
        with heard() as after:
            assert "21:00" in desk.get("/record").text
        assert len(after) <= FEW
    assert len(makes) == 2


def test_nothing_is_made_for_a_record_that_nobody_reads(bench: Bench, makes: list[object]) -> None:
    with Desk(bench.root).up() as desk:
        save(desk, "day at 21:00")
    assert makes == []


@pytest.fixture
def makes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One for each time that the record was made."""
    found: list[object] = []
    real = community_state.gather_by_series

    def counted(*given: Any) -> Any:
        found.append(given)
        return real(*given)

    monkeypatch.setattr(community_state, "gather_by_series", counted)
    return found


def save(desk: Desk, rhythm: str) -> None:
    """Save another rhythm by its form, and wait for what is done behind the answer."""
    place = "/settings/series/notes"
    seen = desk.post(place, on=place, rhythm=rhythm, forms=["article"], channels=["far"])
    assert "Saved" in desk.post(place, on=place, **hidden(seen.text)).text
    for thread in [each for each in threading.enumerate() if each.name == "form_done"]:
        thread.join(30)


def test_a_setting_saved_elsewhere_opens_no_ledger_and_goes_through_no_draft_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a statement compiled again: what is kept of the ledger is as true as before."""
    fill(bench.app.ledger, pipeline.now(), drafts=120, deliveries=200)
    pipeline.plan(bench.app, pipeline.now())
    looked: Counter[str] = Counter()
    with Desk(bench.root).up() as desk:
        assert "20:00" in desk.get("/record").text
        for where, name in ((Ledger, "open"), (outlook, "suits"), (Week, "squares"), (SQLCompiler, "__init__")):
            real = getattr(where, name)

            def counts(*given: Any, _real: Any = real, _name: str = name, **named: Any) -> Any:
                looked[_name] += 1
                return _real(*given, **named)

            monkeypatch.setattr(where, name, counts)
        settings = bench.root / "steadycast.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace("20:00", "21:00"), encoding="utf-8")
        assert "21:00" in desk.get("/record").text
    assert looked == {}


def test_a_ledger_stays_open_until_the_last_who_has_it_is_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, closed = bench.root / "steadycast.toml", list[Ledger]()
    monkeypatch.setattr(Ledger, "close", lambda ledger: closed.append(ledger))
    opened = Opened(bench.root)
    with opened.app() as slow:
        ledger = slow.ledger
        settings.write_text(settings.read_text(encoding="utf-8").replace("20:00", "21:00"), encoding="utf-8")
        with opened.app() as fresh:
            assert fresh is not slow
            assert fresh.ledger is ledger
        assert closed == []
    assert closed == []
    opened.close()
    assert closed == [ledger]
