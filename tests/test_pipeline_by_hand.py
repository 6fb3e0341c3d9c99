"""What a person publishes by hand: before its hour, outside any series, for real or as a rehearsal."""

from __future__ import annotations

from typing import Any, cast

import pytest
from pipeline_bench import SETTINGS, Bench, article
from publish_bench import MINUTE, ready, states

from steadycast import pipeline
from steadycast.errors import InputError
from steadycast.pipeline.posts import page_url
from steadycast.testing.posts import png


def test_a_series_by_hand_sends_its_next_slot_now_and_once(bench: Bench) -> None:
    app = ready(bench)
    assert states(pipeline.publish(app, series="daily")) == {"far": "published", "site": "published"}
    again = pipeline.publish(app, series="daily")
    assert states(again) == {"far": "published", "site": "published"}
    bench.at(23, 20, 0)
    assert pipeline.publish(app).sent == ()
    assert len(bench.there()) == 1


def test_one_slot_by_hand(bench: Bench) -> None:
    app = ready(bench)
    done = pipeline.publish(app, slot="daily@2026-11-24T20:00")
    assert {s.slot for s in done.sent} == {"daily@2026-11-24T20:00"}
    with pytest.raises(InputError, match="did you mean 'daily@2026-11-24T20:00'"):
        pipeline.publish(app, slot="daily@2026-11-24T20:01")


def test_one_channel_by_hand_leaves_the_others_for_their_hour(bench: Bench) -> None:
    app = ready(bench)
    assert states(pipeline.publish(app, series="daily", channel="far")) == {"far": "published"}
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app)) == {"site": "published"}
    assert len(bench.there()) == 1


def test_a_draft_by_hand_goes_out_once_however_often_it_is_asked_for(bench: Bench) -> None:
    app = ready(bench)
    for _ in range(2):
        done = pipeline.publish(app, draft="pgc/2.md")
        assert states(done) == {"far": "published", "site": "published"}
        bench.clock.advance(MINUTE)
    assert bench.there() == ["Draft 2"]


def test_a_draft_by_hand_leaves_the_slot_that_was_to_carry_it(bench: Bench) -> None:
    """What went out by hand does not go out again at its slot: another draft takes it."""
    app = ready(bench)
    before = app.ledger.slot("daily@2026-11-23T20:00")
    assert before
    pipeline.publish(app, draft=before.draft)
    after = app.ledger.slot("daily@2026-11-23T20:00")
    assert after
    assert after.draft not in (None, before.draft)


def test_a_slot_that_is_empty_by_what_went_out_by_hand_is_told(bench: Bench) -> None:
    app = ready(bench, content={"pgc/1.md": article("The only one")})
    told = pipeline.publish(app, draft="pgc/1.md", channel="far")
    assert told.warning == "Daily Mon, Nov 23 20:00 has no draft any more, and is empty"
    assert not pipeline.publish(app, draft="pgc/1.md", channel="site").warning, "it was empty before"


def test_a_draft_by_hand_may_go_to_one_channel_and_later_to_another(bench: Bench) -> None:
    app = ready(bench)
    assert states(pipeline.publish(app, draft="pgc/2.md", channel="far")) == {"far": "published"}
    bench.at(25, 12, 0)
    assert states(pipeline.publish(app, draft="pgc/2.md", channel="site")) == {"site": "published"}
    assert states(pipeline.publish(app, draft="pgc/2.md")) == {"far": "published", "site": "published"}
    assert bench.there() == ["Draft 2"]


def test_what_a_slot_carried_is_not_sent_again_by_hand(bench: Bench) -> None:
    """The same words on the same channel once; edited ones may follow, and an evergreen is there to be sent again."""
    app = ready(bench, content={"pgc/1.md": article("First words")})
    pipeline.publish(app, series="daily", channel="far")
    told = pipeline.publish(app, draft="pgc/1.md")
    assert {(s.channel, s.slot.partition("@")[0]) for s in told.sent} == {("far", "daily"), ("site", "daily")}
    assert bench.there() == ["First words"]
    bench.drop("pgc/1.md", article("Second thoughts"))
    pipeline.collect(app, bench.clock.now())
    assert states(pipeline.publish(app, draft="pgc/1.md")) == {"far": "published", "site": "published"}
    assert bench.there() == ["First words", "Second thoughts"]


def test_pages_without_an_address_of_their_own_are_at_the_communitys(bench: Bench) -> None:
    """`channel.site.url` says so: what others link to is where the pages say that they are."""
    app = ready(bench, SETTINGS.replace('platform = "pages"\nurl = "https://readers.example/"', 'platform = "pages"'))
    (slot,) = {row.slot for row in pipeline.publish(app, series="daily").sent}
    page = "https://readers.example/daily/2026-11-23-2000.html"
    assert page_url(app, slot, lambda _: "", ["site", "far"]) == page
    assert page_url(app, slot, lambda _: "", ["far"]) == "", "there is no such page"


TWO = SETTINGS + '\n[series.notes]\nevery = "周日 10:00"\nchannels = ["far", "site"]\n'


@pytest.mark.parametrize(
    ("settings", "front", "planned", "series"),
    [
        (SETTINGS, "", False, "daily"),  # the only one
        (TWO, "series: notes", False, "notes"),  # it says so
        (TWO, "slot: notes@2026-11-29", True, "notes"),  # it is pinned there
        (TWO, "", True, "daily"),  # a plan gave it a slot
        (TWO, "", False, "draft"),  # nothing tells
    ],
)
def test_a_draft_by_hand_stands_under_the_series_of_a_planned_publish_and_counts_for_none(
    bench: Bench, settings: str, front: str, series: str, *, planned: bool
) -> None:
    app = bench.set_up(settings, content={"pgc/1.md": article("Now", front)})
    pipeline.collect(app, bench.clock.now())
    if planned:
        pipeline.plan(app, bench.clock.now())
    (slot,) = {row.slot for row in pipeline.publish(app, draft="pgc/1.md").sent}
    assert slot.partition("@")[0] == series
    rows = app.ledger.deliveries(slots=[slot])
    assert {row.series for row in rows} == {"draft"}, "no promise is kept by it"
    assert f"/{series}/" in next(row.url for row in rows if row.channel == "site")
    assert {row.slot for row in pipeline.publish(app, draft="pgc/1.md").sent} == {slot}


def test_an_evergreen_may_be_sent_again_by_hand(bench: Bench) -> None:
    settings = SETTINGS.replace('late = "3h"', 'late = "3h"\nfill = ["evergreen"]')
    app = ready(bench, settings, {"pgc/1.md": article("Evergreen", "evergreen: true")})
    pipeline.publish(app, series="daily")
    pipeline.publish(app, draft="pgc/1.md", channel="far")
    assert bench.there() == ["Evergreen", "Evergreen"]


@pytest.mark.parametrize("front", ["cover: red.png", "date: 2026-11-20"])
def test_other_rights_or_times_alone_are_no_edit(bench: Bench, front: str) -> None:
    """`chmod` gives a file another ctime, and a copy put back another inode and mtime: the words are those taken in."""
    app = ready(bench, content={"pgc/1.md": article("Words", front), "pgc/red.png": png(255, 0, 0)})
    file = bench.root / "content" / "pgc" / "1.md"
    file.chmod(0o600)
    assert states(pipeline.publish(app, draft="pgc/1.md", dry_run=True)) == {"far": "due", "site": "due"}
    words = file.read_bytes()
    file.unlink()
    file.write_bytes(words)
    assert states(pipeline.publish(app, draft="pgc/1.md")) == {"far": "published", "site": "published"}
    for edit in (words.replace(b"Words", b"Wards"), words.replace(b"---", b"--", 1), b"\xff\xfe" + words):
        file.write_bytes(edit)
        with pytest.raises(InputError, match="it was edited since it was taken in"):
            pipeline.publish(app, draft="pgc/1.md")


def test_a_draft_that_nobody_approved_is_not_sent_by_hand(bench: Bench) -> None:
    app = ready(bench, **cast("Any", {"ugc/bob/1.md": article("Waits")}))
    with pytest.raises(InputError, match=r"is not approved .*approve"):
        pipeline.publish(app, draft="ugc/bob/1.md")


@pytest.mark.parametrize("asked", [{"series": "daily"}, {"draft": "pgc/2.md"}, {"slot": "daily@2026-11-24T20:00"}])
def test_a_dry_run_sends_and_writes_nothing(bench: Bench, asked: Any) -> None:
    """Not even a slot that the next tick would serve."""
    app = ready(bench)
    slots = [d.model_dump() for d in app.ledger.deliveries()]
    done = pipeline.publish(app, dry_run=True, **asked)
    assert {s.channel for s in done.sent} == {"far", "site"}
    assert all("would send" in s.message for s in done.sent)
    assert {s.state for s in done.sent} == {"due" if "draft" in asked else "planned"}, (
        "a slot that lies ahead is not due"
    )
    assert [d.model_dump() for d in app.ledger.deliveries()] == slots
    assert pipeline.publish(app).sent == ()
    assert bench.calls() == []


def test_a_dry_run_says_what_would_be_refused(bench: Bench) -> None:
    app = ready(bench, SETTINGS + "colour = 'red'\n")
    told = {s.channel: (s.state, s.message) for s in pipeline.publish(app, series="daily", dry_run=True).sent}
    assert told["far"][0] == "refused"
    assert "colour" in told["far"][1]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"series": "dayly"}, "did you mean 'daily'"),
        ({"channel": "fare"}, "did you mean 'far'"),
        ({"draft": "pgc/9.md"}, "there is no draft"),
    ],
)
def test_a_slip_says_what_was_meant(bench: Bench, asked: Any, said: str) -> None:
    app = ready(bench)
    with pytest.raises(InputError, match=said):
        pipeline.publish(app, **asked)


def test_a_series_whose_next_slot_has_no_draft_says_so(bench: Bench) -> None:
    app = ready(bench, content={})
    done = pipeline.publish(app, series="daily")
    assert {(s.state, s.message) for s in done.sent} == {("planned", "no draft yet")}


def test_paused_channels_get_nothing(bench: Bench) -> None:
    app = ready(bench, SETTINGS + "paused = true\n")
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app)) == {"site": "published"}
    assert states(pipeline.publish(app, draft="pgc/3.md")) == {"site": "published"}
