"""The page of who came, through a real socket: by source and by slot, hostile words as words, to keep."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from desk_bench import KEY, Desk
from pipeline_bench import MORNING, SETTINGS, Bench

from steadycast import pipeline

TABLE = """day,source,kind,n,slot
2026-11-21,site,visit,12,daily@2026-11-20T20:00
2026-11-21,site,join,2,daily@2026-11-20T20:00
2026-11-22,<b>x</b>,join,5,
"""


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    app = bench.set_up(SETTINGS)
    pipeline.arrivals.take_table(app, TABLE.encode(), "counts.csv")
    monkeypatch.setattr(pipeline, "now", lambda: MORNING)
    with Desk(bench.root).up() as served:
        yield served


def test_the_page_says_who_came_from_where_and_by_which_slot(desk: Desk) -> None:
    shown = desk.get("/arrivals").text
    assert "<b>x</b>" not in shown
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert shown.index("By source") < shown.index(">Pages<") < shown.index("By slot")
    assert '<a href="/slots/daily%402026-11-20T20%3A00"><bdi>Daily Fri, Nov 20 20:00</bdi></a>' in shown
    assert "Nobody has been counted in these days." in desk.get("/arrivals?days=1").text
    assert desk.get("/arrivals?days=0").status_code == 422


def test_it_can_be_kept_as_table_and_as_data(desk: Desk) -> None:
    rows = list(csv.DictReader(io.StringIO(desk.get("/arrivals.csv").text.lstrip("\ufeff"))))
    assert [(row["source"], row["kind"], row["n"]) for row in rows] == [
        ("site", "visit", "12"), ("site", "join", "2"), ("<b>x</b>", "join", "5"),
    ]  # fmt: skip
    data = desk.get("/arrivals.json").json()
    of_a_program = {"Authorization": f"Bearer {KEY}"}
    assert data == desk.get("/api/v1/arrivals", **of_a_program).json()
    assert [(each["name"], each["joins"]) for each in data["sources"]] == [("<b>x</b>", 5), ("site", 2)]
    assert desk.get("/api/v1/arrivals.csv", **of_a_program).text == desk.get("/arrivals.csv").text


def test_a_table_is_pasted_and_a_wrong_one_is_told_with_its_line(desk: Desk) -> None:
    """As a spreadsheet puts it into the clipboard, with tabs."""
    said = desk.post("/arrivals", on="/arrivals", table="day\tsource\tn\r\n2026-11-22\tsite\t4\r\n").text
    assert "1 row is kept." in said
    wrong = desk.post("/arrivals", on="/arrivals", table="day,source,n\n2026-11-22,site,many\n").text
    assert "&#39;many&#39; is no number" in wrong
    asked = desk.post("/arrivals/pull", on="/arrivals")
    assert asked.status_code == 200
    assert "All who count were asked." in asked.text
