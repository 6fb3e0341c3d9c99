"""Mastodon through the whole of Steadycast: threads that broke off, corrections, warnings, a server's own limits."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from test_channel_mastodon import (
    Fake,
    fake,  # noqa: F401  fixtures
)

from steadycast import ops, pipeline
from steadycast.pipeline.app import App
from steadycast.pipeline.probed_limits import ask

# Through the whole of Steadycast

TOOT = """
[channel.toot]
platform = "mastodon"
url = "{url}"
token = "TOOT_TOKEN"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["toot"]
late = "3h"
"""
LONG = "\n\n".join(f"Paragraph {n}. " + "It goes on and on, word after word. " * 9 for n in range(1, 6))


@pytest.fixture
def community(bench: Bench, fake: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desk with one long draft for a channel on the fake server, planned for the evening."""
    monkeypatch.setenv("TOOT_TOKEN", fake.secrets()["token"])
    app = bench.set_up(COMMUNITY + TOOT.format(url=fake.url), {"pgc/long.md": draft("Long", body=LONG)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    return app


def settled(bench: Bench, app: App) -> None:
    """What a worker does in the next hours: it looks, and sends what is due again."""
    for _ in range(4):
        bench.clock.advance(dt.timedelta(minutes=10))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "answer_garbage"])
def test_a_thread_that_broke_off_goes_on_and_is_there_once(
    bench: Bench, community: Any, fake: Any, verb: str, after: int
) -> None:
    getattr(fake, verb)("POST", "v1/statuses", after=after)
    first = pipeline.publish(community)
    assert [s.state for s in first.sent] == ["unknown"]
    settled(bench, community)
    posts = fake.posts()
    assert len(posts) >= 5
    assert [p.text.rpartition(" ")[2] for p in posts] == [f"{n}/{len(posts)}" for n in range(1, len(posts) + 1)]
    assert [p.parent for p in posts] == ["", *(p.id for p in posts[:-1])]


@pytest.mark.parametrize("verb", ["", "accept_then_cut", "fail", "busy"])
def test_a_correction_edits_each_status_in_its_place(bench: Bench, community: Any, fake: Any, verb: str) -> None:
    """By `revise`, whatever became of an answer; and `withdraw` leaves none of them."""
    pipeline.publish(community)
    ids = [p.id for p in fake.posts()]
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop("pgc/long.md", draft("Long", body=LONG.replace("word after word", "line after line")))
    pipeline.collect(community, bench.clock.now())
    if verb:
        getattr(fake, verb)(method="PUT", after=1)
    [told] = pipeline.amend.revise(community, "pgc/long.md")
    assert told.what == ("busy" if verb else "revised")
    settled(bench, community)
    assert [p.id for p in fake.posts()] == ids
    assert all("word after word" not in p.text for p in fake.posts())
    assert [r.state for r in community.ledger.amendments_of()] == ["published"]
    [gone] = pipeline.amend.withdraw(community, "pgc/long.md", "the author asked")
    assert (gone.what, fake.posts()) == ("withdrawn", [])
    settled(bench, community)
    assert fake.posts() == []


def test_a_warning_counts_into_the_length(bench: Bench, community: Any, fake: Any) -> None:
    """Five hundred characters with it, not beside it."""
    text = draft("Warned", "channels:", "  toot:", f"    warning: {'warning ' * 30}", body=LONG)
    bench.drop("pgc/long.md", text)
    pipeline.collect(community, bench.clock.now())
    pipeline.publish(community)
    assert fake.posts()
    assert all(p.title.startswith("warning") and len(p.title + p.text) <= 500 for p in fake.posts())


@pytest.mark.parametrize(("characters", "parts"), [(300, 8), (5000, 1)])
def test_what_this_server_takes_goes_over_the_usual(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, characters: int, parts: int
) -> None:
    """A smaller server gets shorter parts, and none is refused; a larger one the whole in one."""
    with Fake(characters=characters) as fake:
        monkeypatch.setenv("TOOT_TOKEN", fake.secrets()["token"])
        app = bench.set_up(COMMUNITY + TOOT.format(url=fake.url), {"pgc/long.md": draft("Long", body=LONG)})
        assert cast("Any", ask(app, "toot", bench.clock.now())).error == ""
        pipeline.collect(app, bench.clock.now())
        pipeline.plan(app, bench.clock.now())
        bench.at(23, 20, 1)
        assert [s.state for s in pipeline.publish(app).sent] == ["published"]
        texts = [p.text for p in fake.posts()]
    assert abs(len(texts) - parts) <= 1
    assert all(len(text) <= characters for text in texts)


def test_a_warning_that_leaves_no_room_is_told_before_the_hour(bench: Bench, community: Any) -> None:
    bench.drop("pgc/long.md", draft("Warned", "channels:", "  toot:", f"    warning: {'w' * 500}", body=LONG))
    pipeline.collect(community, bench.clock.now())
    found = [str(problem) for problem in ops.check(bench.clock.now(), root=bench.root)]
    assert any("warning leaves no room for the text: 500/500" in what for what in found), found


def test_an_event_says_when_and_where(bench: Bench, community: Any, fake: Any) -> None:
    head = ["form: event", "event:", "  start: 2026-12-05T14:00", "  end: 2026-12-05T16:00", "  place: The old library"]
    bench.drop("pgc/long.md", draft("A reading", *head, body="Bring a book."))
    pipeline.collect(community, bench.clock.now())
    pipeline.publish(community)
    (seen,) = fake.posts()
    assert seen.text.startswith(
        "A reading\n\nSaturday, 5 December 2026 14:00 – 16:00\nThe old library\n\nBring a book."
    )
