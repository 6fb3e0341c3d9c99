"""Comments that an earlier program kept in the ledger never go out: not from an approved draft, not from a preview."""

from __future__ import annotations

import json

import pytest
from pipeline_bench import Bench, article
from sqlalchemy import text

from steadycast import pipeline
from steadycast.pipeline.app import App

SECRET = "the editor is wrong"
BODIES = [
    f"Said aloud.\n\n%% {SECRET} %%\n\nAnd more.",
    f"%%\n\n{SECRET}\n\n%%\n\nSaid aloud.",
    f"Said aloud. {{/* {SECRET} */}} And more.",
    f"Said aloud.\n\n{{::comment}}\n{SECRET}\n{{:/comment}}\n",
    f"Said aloud. <!-- {SECRET}\n\n{SECRET} -->",
]


def kept_before(bench: Bench, **content: int | str) -> App:
    """A desk whose ledger holds an approved and planned draft as an earlier program stored it."""
    app = bench.set_up(content={"pgc/a.md": article("Aloud")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    with app.ledger.write() as connection:
        (stored,) = connection.execute(text("SELECT content FROM revision")).one()
        whole = json.dumps({key: value for key, value in {**json.loads(stored), **content}.items() if key != "dated"})
        connection.execute(text("UPDATE revision SET content = :whole"), {"whole": whole})
    bench.at(23, 20, 0)
    return app


def everything_out(app: App) -> str:
    files = [f for f in app.workspace.out.rglob("*") if f.is_file()]
    return "\n".join(f.read_text(errors="replace") for f in files)


@pytest.mark.parametrize("body", BODIES)
def test_they_are_not_published(bench: Bench, body: str) -> None:
    app = kept_before(bench, body=body, summary=f"{SECRET}, and so on", title=f"Aloud %%{SECRET}%%")
    assert {s.state for s in pipeline.publish(app).sent} == {"published"}
    out = everything_out(app)
    assert "Said aloud." in out
    assert SECRET not in out
    assert not [mark for mark in ("%%", "{/*", "{::") if mark in out]


def test_one_without_an_end_is_refused_with_its_line(bench: Bench) -> None:
    app = kept_before(bench, body=f"Said aloud.\n\n%% {SECRET}", body_line=5)
    rehearsed = pipeline.publish(app, dry_run=True).sent
    sent = pipeline.publish(app).sent
    assert {s.state for s in (*rehearsed, *sent)} == {"refused"}
    assert all("a.md:7" in s.message and "does not end" in s.message for s in (*rehearsed, *sent))
    assert SECRET not in everything_out(app)


def test_a_preview_shows_none(bench: Bench) -> None:
    app = kept_before(bench, body=BODIES[0])
    (bench.root / "content/pgc/a.md").unlink()
    page = pipeline.preview(app, "pgc/a.md", now=bench.clock.now()).page
    shown = "\n".join(f.read_text(errors="replace") for f in page.parent.rglob("*") if f.is_file())
    assert "Said aloud." in shown
    assert SECRET not in shown


def test_a_feeds_item_keeps_its_words(bench: Bench) -> None:
    """It is what a member's page shows: `%%` is no comment there, and is not cut."""
    app = kept_before(bench, body="Rates: 5 %% down, 6 %% up.", path="feed/alice/0123456789abcdef")
    pipeline.publish(app)
    assert "Rates: 5 %% down, 6 %% up." in everything_out(app)
