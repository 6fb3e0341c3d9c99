"""Today: what waits has its one button, nothing sends a person to a terminal, and the page reads no more than it shows."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from desk_bench import Desk
from many_drafts import fill
from pipeline_bench import SETTINGS, Bench
from platform_bench import png
from test_draft_list import counted

from steadycast import pipeline
from steadycast.delivery import SystemClock
from steadycast.ledger.publishing_place import PLACE
from steadycast.ledger.tables import State
from steadycast.ops.deployments import differences
from steadycast.pipeline.today import SHOWN
from steadycast.pipeline.today import today as read_today

HOUR = dt.timedelta(hours=1)


def verbs(bench: Bench, *what: str) -> None:
    """What the far side does with the next requests."""
    far = Path(bench.root) / "var" / "out" / "far-side-far"
    far.mkdir(parents=True, exist_ok=True)
    (far / "verbs").write_text("\n".join(what))


def test_what_waits_is_settled_from_the_page(bench: Bench) -> None:
    """A refusal shows what was said and is sent again; a doubt has three answers, and an address where it is there."""
    drafts = {f"pgc/{name}.md": f"# {name.title()}\n\nWords of {name}.\n" for name in ("one", "two", "three", "four")}
    app = bench.set_up(
        SETTINGS, {**drafts, "ugc/bob/late.md": "# Late\n\nWords.\n", "ugc/bob/bad.md": "---\ntitle: [\n---\n"}
    )
    app.clock, now = SystemClock(), pipeline.now()
    pipeline.collect(app, now)
    verbs(bench, "refuse", "fail", "fail", "fail")
    for name in drafts:
        pipeline.publish(app, draft=name, channel="far")
    refused = app.ledger.deliveries(states={State.REFUSED})
    unknown = app.ledger.deliveries(states={State.UNKNOWN})
    assert (len(refused), len(unknown)) == (1, 3)
    with Desk(bench.root).up() as desk:
        page = desk.get("/")
        assert "422 bad content" in page.text
        assert "Send again" in page.text
        assert "It is not: leave it" in page.text
        assert "bad.md:" in page.text
        assert "Approve" in page.text
        assert "steadycast settle" not in page.text
        assert "steadycast approve" not in page.text
        first, second, third = (f"/deliveries/{row.marker}/settle" for row in unknown)
        assert "Paste the address" in desk.post(first, is_there="yes", url="").text
        assert "no web address" in desk.post(first, is_there="yes", url="javascript:alert(1)").text
        assert len(app.ledger.deliveries(states={State.UNKNOWN})) == 3
        assert (
            "It is there, at https://far.example/1."
            in desk.post(first, is_there="yes", url="https://far.example/1").text
        )
        assert "sent again within a minute" in desk.post(second, is_there="again").text
        assert "counts as missed" in desk.post(third, is_there="no").text
        assert (
            "sent again within a minute" in desk.post(f"/deliveries/{refused[0].marker}/settle", is_there="again").text
        )
        assert "nothing to settle" in desk.post(first, is_there="again").text
        assert desk.post("/deliveries/nowhere/settle", is_there="again").status_code == 200
    states = [app.ledger.delivery(row.id or 0) for row in unknown]
    assert [row.state for row in states if row] == [State.PUBLISHED, State.DUE, State.MISSED]


def test_the_day_counts_what_waits_and_names_the_series_that_runs_dry_first(bench: Bench) -> None:
    more = '[series.weekly]\ntitle = "Weekly"\nevery = "week on friday at 08:00"\nchannels = ["site"]\n'
    app, now = bench.set_up(SETTINGS + more, {}), pipeline.now()
    pipeline.plan(app, now)
    day = read_today(app, now)
    assert not day.quiet
    assert {row.name for row in day.reach} == {"daily", "weekly"}
    assert day.reach[0].gap == min(row.gap for row in day.reach if row.gap)
    assert [row.title for row in day.coming] == [""] * 5
    assert day.counts["gaps"] == len(day.gaps) == 1
    app.ledger.ticked(now - 9 * HOUR)
    assert read_today(app, now).quiet
    with Desk(bench.root).up() as desk:
        page = desk.get("/").text
        assert "The next slot is empty" not in page
        assert "Something is wrong" in page
        assert 'class="countdown"' in page
        assert "runs dry" in page
        assert "Find a draft" in page


def test_what_was_published_days_before_its_hour_went_out_lately(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/a.md": "# Early\n\nWords.\n"})
    app.clock, now = SystemClock(), pipeline.now()
    pipeline.collect(app, now)
    empty = pipeline.plan(app, now).gaps[2].slot
    pipeline.pinning.pin(app, "pgc/a.md", empty, now)
    pipeline.publish(app, slot=empty)
    assert [out.title for out in read_today(app, now).lately] == ["Early"]


def test_the_log_says_by_hand_of_what_no_series_promised(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/a.md": "# Now\n\nWords.\n"})
    app.clock = SystemClock()
    pipeline.collect(app, pipeline.now())
    pipeline.publish(app, draft="pgc/a.md")
    with Desk(bench.root).up() as desk:
        assert "<bdi>by hand</bdi>" in desk.get("/log").text


def test_an_address_that_nobody_wrote_is_a_thing_to_do_while_something_goes_out_by_it(bench: Bench) -> None:
    new = SETTINGS.replace("https://readers.example/", "https://example.org/")
    bench.set_up(new, {})
    with Desk(bench.root).up() as desk:
        page = desk.get("/").text
        card = page.partition('id="address"')[2].partition("</section>")[0]
        assert "lead to example.org, which is not yours" in card
        assert 'href="/settings/community#url"' in card
        assert "things need you" in page
        assert (said := re.search(r"\d+ things need you", page))
        assert said[0] in desk.get("/why").text, "both count the same"
        assert f'href="/settings/channels/{next(iter(bench.app.workspace.channels))}"' in card
        bench.settings(re.sub(r"channels = \[.*\]", "channels = []", new))
        assert 'id="address"' not in desk.get("/").text
        bench.settings(SETTINGS)
        assert 'id="address"' not in desk.get("/").text


def test_a_new_community_is_told_that_all_is_safe(bench: Bench) -> None:
    app, now = bench.set_up(SETTINGS, {f"pgc/{n:02}.md": f"# N{n}\n\nWords {n}.\n" for n in range(40)}), pipeline.now()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    app.ledger.ticked(now)
    with Desk(bench.root).up() as desk:
        assert "The promise is safe" in desk.get("/").text


def test_the_page_asks_as_few_questions_of_a_large_ledger_as_of_a_small_one(bench: Bench) -> None:
    app, now = bench.set_up(SETTINGS, {}), pipeline.now()
    seen, _once = [], app.usable_platforms  # what far sides allow is read once
    for many in (100, 2_000):
        with app.ledger.write() as connection:
            for name in ("delivery", "slot", "revision", "draft"):
                connection.exec_driver_sql(f"DELETE FROM {name}")
        fill(app.ledger, now, drafts=many, deliveries=many * 2)
        pipeline.plan(app, now)
        with counted(app.ledger) as said:
            day = read_today(app, now)
        assert day.counts["drafts"] == many // 10
        assert len(day.drafts) == len(day.lately) == SHOWN if many > 200 else True
        seen.append(len(said))
    assert seen[0] == seen[1] <= 24


@pytest.mark.parametrize("text", ["<b>runs out</b>"])
def test_an_alarm_is_shown_as_words(bench: Bench, text: str) -> None:
    app, now = bench.set_up(SETTINGS, {}), pipeline.now()
    app.ledger.open_alarm("k", "starvation", text, now)
    with Desk(bench.root).up() as desk:
        assert "&lt;b&gt;runs out&lt;/b&gt;" in desk.get("/").text


def test_what_a_terminal_would_do_has_its_button(bench: Bench) -> None:
    """To look at what is due, to write the schedules, to say that this machine goes on."""
    app = bench.set_up(SETTINGS, {"pgc/one.md": "# One\n\nWords.\n"})
    with Desk(bench.root).up() as desk:
        assert "Look now" in desk.get("/why").text
        assert "Looked: nothing was due." in desk.post("/why/look", on="/why").text
        assert app.ledger.draft("pgc/one.md"), "what was dropped is taken in"
        tick = app.ledger.last_tick()
        assert tick
        assert "Look now" not in desk.get("/why").text
        assert "Write them anew" in desk.get("/why").text
        assert "written anew" in desk.post("/why/schedules", on="/why").text
        assert not differences(app.workspace)
        assert "Write them anew" not in desk.get("/why").text
        app.ledger.set_meta(PLACE, "another-machine /srv/club")
        assert "Publish from this machine" in desk.get("/why").text
        assert "Say first" in desk.post("/why/here", on="/why").text
        assert app.ledger.objection()
        assert "publishes from now on" in desk.post("/why/here", on="/why", sure="true").text
        assert not app.ledger.objection()


def test_no_hint_sends_a_person_to_a_terminal(bench: Bench) -> None:
    """A hint that names a command is kept for those who have a terminal; a lone picture gets its title on a page."""
    app = bench.set_up(SETTINGS, {"pgc/sea.png": png(20, 90, 140)})
    pipeline.collect(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        for page in ("/", "/drafts/unread"):
            shown = desk.get(page).text
            assert "it waits for a title" in shown
            assert "`steadycast" not in shown
        refused = desk.post("/slots/move", on="/calendar", draft="no-such-draft", to="nothing ").text
        assert 'role="status"' in refused
        assert "`steadycast" not in refused
