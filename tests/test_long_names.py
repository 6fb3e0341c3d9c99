"""A member's folder of two hundred characters: no page of the site, and not the report, scrolls sideways for it."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from test_report_page import browser  # noqa: F401  a fixture

from steadycast import pipeline

ONE_WORD, HAN = "n" * 200, "长" * 66


@pytest.mark.platforms("site")
@pytest.mark.live
@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_window_for_a_long_name(bench: Bench, browser: Any, width: int) -> None:  # noqa: F811
    app = bench.set_up(
        COMMUNITY + DAILY.replace(', "far"', "") + SITE.replace('"pages"', '"site"'),
        {f"ugc/{name}/{n}.md": article(f"Draft {n}") for name in (ONE_WORD, HAN) for n in range(2)},
    )
    pipeline.collect(app, bench.clock.now(), feeds=False)
    pipeline.decide(app, [row.id for row in app.ledger.drafts()], "approve", by="", now=bench.clock.now())
    for name in (ONE_WORD, HAN):
        for n in range(2):
            pipeline.publish(app, draft=f"ugc/{name}/{n}.md")
    pipeline.report(app, bench.clock.now())
    pages = [*(app.workspace.out / "site").rglob("*.html"), *app.workspace.var.glob("report/*.html")]
    named = [file for file in pages if ONE_WORD[:50] in (text := file.read_text()) or HAN[:20] in text]
    assert len(named) > 5
    tab = browser.new_page(viewport={"width": width, "height": 900})
    wide = []
    for file in named:
        tab.goto(file.as_uri())
        if tab.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(file.relative_to(app.workspace.var).as_posix())
    tab.close()
    assert wide == []
