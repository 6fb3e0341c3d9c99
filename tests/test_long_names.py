"""A member's folder of two hundred characters: no page of the site, and not the report, scrolls sideways for it."""

from __future__ import annotations

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, article
from test_report_page import browser  # noqa: F401  a fixture

from steadycast import pipeline

ONE_WORD, HAN = "n" * 200, "长" * 66


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_window_for_a_long_name(bench, browser, width):  # noqa: F811
    desk = bench.set_up(
        COMMUNITY + DAILY.replace(', "far"', "") + SITE,
        {f"ugc/{name}/{n}.md": article(f"Draft {n}") for name in (ONE_WORD, HAN) for n in range(2)},
    )
    pipeline.collect(desk, bench.clock.now(), feeds=False)
    pipeline.judge(desk, [row.id for row in desk.ledger.drafts()], "approve", by="", now=bench.clock.now())
    for name in (ONE_WORD, HAN):
        for n in range(2):
            pipeline.publish(desk, draft=f"ugc/{name}/{n}.md")
    pipeline.report(desk, bench.clock.now())
    pages = [*(desk.workspace.out / "site").rglob("*.html"), *desk.workspace.var.glob("report/*.html")]
    named = [file for file in pages if ONE_WORD[:50] in (text := file.read_text()) or HAN[:20] in text]
    assert len(named) > 5
    tab = browser.new_page(viewport={"width": width, "height": 900})
    wide = []
    for file in named:
        tab.goto(file.as_uri())
        if tab.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(file.relative_to(desk.workspace.var).as_posix())
    tab.close()
    assert wide == []
