"""`check` names copies as intake does, before and after it, and writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.errors import Problem
from steadycast.pipeline.app import App

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
LONG = "\n\n".join(f"A paragraph with number {n}, of words that are its own: {n * 7919}." for n in range(12))


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(
        SETTINGS,
        {
            "pgc/rain.md": article("Rain"),
            "pgc/rain (1).md": article("Rain"),
            "pgc/snow.sync-conflict-20261101-101010-ABC.md": f"# Snow\n\n{LONG} Changed.\n",
            "pgc/snow.md": f"# Snow\n\n{LONG}\n",
            "ugc/bob/sun.md": article("Sun"),
        },
    )


def copies(problems: Iterable[Problem]) -> dict[str, tuple[str, str]]:
    return {p.where: (p.message, p.hint) for p in problems if "copy" in p.message or "looks like" in p.message}


def test_a_copy_is_named_alike_before_and_after_it_is_taken_in(bench: Bench, app: App) -> None:
    """With the same words, and the same id in the way out."""
    before = copies(ops.check(bench.clock.now(), root=bench.root))
    assert {path: said for path, (said, _) in before.items()} == {
        "pgc/rain (1).md": "is a copy of pgc/rain.md",
        "pgc/snow.sync-conflict-20261101-101010-ABC.md": "is a copy of pgc/snow.md",
    }
    assert app.ledger.drafts() == []
    collected = copies(pipeline.collect(app, bench.clock.now(), feeds=False).problems)
    assert collected == before
    assert copies(ops.check(bench.clock.now(), root=bench.root)) == before


def test_a_new_workspace_without_a_ledger_is_told_too(bench: Bench, app: App) -> None:
    """And gets none by being checked."""
    app.close()
    for file in bench.app.workspace.var.glob("ledger*"):
        file.unlink()
    assert set(copies(ops.check(bench.clock.now(), root=bench.root))) == {
        "pgc/rain (1).md",
        "pgc/snow.sync-conflict-20261101-101010-ABC.md",
    }
    assert list(bench.app.workspace.var.glob("ledger*")) == []


def test_what_is_like_one_that_went_out_is_named_with_its_day(bench: Bench, app: App) -> None:
    """The draft went out and was removed; another one that is half of it comes under its title."""
    pipeline.collect(app, bench.clock.now(), feeds=False)
    pipeline.publish(app, draft="pgc/snow.md")
    (bench.root / "content/pgc/snow.md").unlink()
    (bench.root / "content/pgc/snow.sync-conflict-20261101-101010-ABC.md").unlink()
    pipeline.collect(app, bench.clock.now() + dt.timedelta(hours=1), feeds=False)
    bench.drop("pgc/winter.md", f"# Snow\n\n{LONG}\n\n" + "\n\n".join(f"More {n * 31}" for n in range(8)) + "\n")
    said = copies(ops.check(bench.clock.now(), root=bench.root))
    assert "looks like pgc/snow.md, which went out on 2026-11-23" in said["pgc/winter.md"][0]
    assert copies(pipeline.collect(app, bench.clock.now() + dt.timedelta(hours=2), feeds=False).problems) == said


def test_what_was_settled_by_a_person_is_not_told_again(bench: Bench, app: App) -> None:
    pipeline.collect(app, bench.clock.now(), feeds=False)
    pipeline.decide(app, ["pgc/rain (1).md"], "approve", by="", now=bench.clock.now())
    pipeline.decide(app, ["pgc/snow.sync-conflict-20261101-101010-ABC.md"], "reject", by="", now=bench.clock.now())
    assert copies(ops.check(bench.clock.now(), root=bench.root)) == {}
