"""The record's pages through a real socket: the year, the matrix, a channel, the log, a delivery, and why."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from desk_bench import Desk, browsing, opened
from pipeline_bench import COMMUNITY, FAR, SITE, Bench, article

from steadycast import pipeline

DAILY = """
[series.daily]
title = "=每日 <读>"
every = "day at 20:00"
channels = ["site", "far"]
late = "3h"
mix = { pgc = 1, ugc = 1 }
"""
HOOK = """
[channel.hook]
platform = "hook"
title = "Hook & Co"
url = "HOOK_URL"
"""
SETTINGS = COMMUNITY + DAILY + SITE + FAR + HOOK
CONTENT = {f"pgc/{n}.md": article(f"第 {n} 篇 <b>") for n in range(4)}


@pytest.fixture
def kept(bench: Bench) -> Bench:
    """Three evenings: one kept, one refused on the far side, one in doubt there."""
    app = bench.set_up(SETTINGS, CONTENT)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.drop("../var/secrets/HOOK_URL", "https://hook.example/s3cret-path")
    for day, verb in ((23, "accept"), (24, "refuse"), (25, "fail")):
        bench.far(verb)
        bench.at(day, 20, 0, 5)
        pipeline.publish(app)
    return bench


@pytest.fixture
def desk(kept: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk of that community, on the third evening."""
    monkeypatch.setattr(pipeline, "now", kept.clock.now)
    with Desk(kept.root).up() as desk:
        yield desk


def keys(bench: Bench) -> dict[tuple[str, str], str]:
    """The keys of what is on record, by state and channel."""
    return {(row.state, row.channel): row.marker for row in bench.app.ledger.deliveries()}


@pytest.mark.slow
@pytest.mark.parallel
def test_printed_with_every_channel_a_series_begins_on_the_first_sheet(desk: Desk) -> None:
    with browsing() as browser:
        page = opened(browser, desk, "/record?channels=all")
        page.emulate_media(media="print")
        broken = "element => getComputedStyle(element).breakInside"
        assert page.locator(".card.series").first.evaluate(broken) == "auto"
        assert page.locator(".on-channel").first.evaluate(broken) == "avoid"


def test_the_record_shows_the_year_by_series_and_can_be_kept(desk: Desk, kept: Bench) -> None:
    """Series with their channels folded under them, what would fill the first gap, and the same in four files."""
    page = desk.get("/record").text
    assert "=每日 &lt;读&gt;" in page  # the words of a person, and no markup
    assert page.count('class="year"') == 2
    pattern, first = re.search(r'id="none"[^>]* y="(\d+)"', page), re.search(r'<rect y="(\d+)"[^>]*#none', page)
    assert pattern
    assert first
    assert pattern[1] == first[1]  # squares without a slot are whole
    assert "deliveries owed in the past year" in page
    assert "1 : 1" in page
    assert re.search(r"\d+ more articles, the first by .*, would fill the week", page)
    assert desk.get("/record?channels=all").text.count('class="year"') == 2 + 2 * 2
    alone = desk.get("/record/series/daily", **{"HX-Request": "true"}).text
    assert "<html" not in alone
    assert alone.count('class="on-channel"') == 2
    assert desk.get("/record/series/nothing").status_code == 404
    rows = list(csv.DictReader(io.StringIO(desk.get("/record.csv").content.decode("utf-8-sig"))))
    assert {"date": "2026-11-24", "channel": "site", "outcome": "kept", "deliveries": "1"}.items() <= rows[1].items()
    assert {row["series_title"] for row in rows} == {"'=每日 <读>"}  # no spreadsheet computes it
    assert {row["channel"]: row["channel_title"] for row in rows} == {
        name: kept.app.channel_title(name) for name in ("site", "far")
    }
    assert desk.get("/record.json").json()["record"]["community"] == "Test readers"
    assert desk.get("/record.svg").headers["content-type"] == "image/svg+xml"
    assert desk.get("/record.png").content.startswith(b"\x89PNG")


def test_the_matrix_says_of_each_series_how_it_stands_on_each_channel(desk: Desk, kept: Bench) -> None:
    page = desk.get("/matrix").text
    cells = re.findall(r'<td data-channel="([^"]+)".*?</td>', page, re.DOTALL)
    assert len(cells) == 3
    assert "3 slots in a row" in page
    assert re.search(r'href="/log\?channel=far&amp;state=person">not known', page)
    assert "stock for" in page
    kept.at(26, 20, 0, 5)
    pipeline.publish(kept.app)
    page = desk.get("/matrix").text
    assert "nothing in stock · gap on Fri, Nov 27" in page.replace('<span class="dot"> </span>', " · ")
    assert "stock for" not in page, "the days until an empty slot are no stock"


def test_a_channels_page_shows_no_secret_and_what_went_wrong(desk: Desk, kept: Bench) -> None:
    page = desk.get("/channels/hook").text
    assert "HOOK_URL" in page
    assert "s3cret" not in page
    assert "It cannot be asked whether a post is there." in page
    page = desk.get("/channels/far").text
    assert "422 bad content" in page
    assert keys(kept)["refused", "far"] in page
    assert desk.get("/channels/nowhere").status_code == 404


def test_a_channel_is_tested_without_publishing(desk: Desk, kept: Bench) -> None:
    """The far side is asked; where its secret is gone that is said, and not what it was."""
    before = kept.there()
    for name in ("far", "hook"):
        assert "There is nothing to test here" in desk.post(f"/channels/{name}/test", on=f"/channels/{name}").text
    assert kept.there() == before
    assert "there is no channel" in desk.post("/channels/nowhere/test", on="/channels/far").text


def test_the_log_shows_what_is_asked_for(desk: Desk) -> None:
    """By channel, by state, by day; what is no such thing asks for nothing."""
    assert desk.get("/log").text.count("log-row") == 6
    assert desk.get("/log?channel=far").text.count("log-row") == 3
    assert desk.get("/log?state=person").text.count("log-row") == 2
    assert desk.get("/log?day=2026-11-23").text.count("log-row") == 2
    assert desk.get("/log?state=there&channel=far&day=2026-11-24").text.count("log-row") == 0
    for odd in ("state=nothing", "day=2026-13-45", "day=0001-01-01", "before=x.y", f"before={'9' * 30}.1", "day=%00"):
        assert desk.get(f"/log?{odd}").status_code == 200, odd


def test_a_deliverys_page_tells_all_and_leads_on(desk: Desk, kept: Bench) -> None:
    """Its timeline, what was sent, what came back; and a person's word closes it there."""
    page = desk.get(f"/deliveries/{keys(kept)['published', 'far']}").text
    for told in (
        "Taken by a worker",
        "Fixed as it will be sent",
        "Sent: the request begins",
        "It is there: the answer says so",
    ):
        assert told in page
    assert "第 0 篇 &lt;b&gt;" in page
    assert "https://far.example/" in page
    doubt = keys(kept)["unknown", "far"]
    here = f"/deliveries/{doubt}"
    answer = desk.post(f"{here}/settle", on=here, is_there="yes", url="https://far.example/there", back=here)
    assert answer.url.endswith(here)
    assert "https://far.example/there" in answer.text
    assert "Correct the address of the post" in answer.text
    answer = desk.post(f"{here}/confirm", on=here, url="https://far.example/right")
    assert "https://far.example/right" in answer.text
    answer = desk.post(f"{here}/confirm", on=here, url="javascript:alert(1)")
    assert "is no web address" in answer.text
    refused = f"/deliveries/{keys(kept)['refused', 'far']}"
    assert "Send again" in desk.get(refused).text
    desk.post(f"{refused}/settle", on=refused, is_there="again", back=refused)
    assert ("due", "far") in keys(kept)
    assert desk.get("/deliveries/nothing").status_code == 404


def test_why_nothing_is_happening_answers_itself(desk: Desk, kept: Bench) -> None:
    """The gravest first: what is in doubt; then that nobody looks; then that the settings cannot be read."""
    assert "One delivery was refused or is in doubt" in desk.get("/why").text.partition('class="card"')[0]
    kept.at(26, 12)
    assert "It should be every minute." in desk.get("/why").text.partition('class="card"')[0]
    kept.drop("../steadycast.toml", "[community\n")
    page = desk.get("/why").text
    assert "The settings cannot be read since they were changed" in page
    assert "steadycast.toml:1" in page


def test_a_folder_is_made_again_by_a_button(desk: Desk, kept: Bench) -> None:
    """Only of a channel that writes into one; nothing is sent anywhere."""
    before = {path: path.read_bytes() for path in (kept.root / "var/out/site").rglob("*.html")}
    assert before
    for path in before:
        path.unlink()
    calls = kept.calls()
    name = "site"  # a channel of the bench's, of a platform of the tests' own
    page = f"/channels/{name}"
    assert "posts are made again." in desk.post(f"{page}/rebuild", page).text
    assert {path: path.read_bytes() for path in (kept.root / "var/out/site").rglob("*.html")} == before
    assert kept.calls() == calls
    assert "Make its folder again" not in desk.get("/channels/far").text
    assert "does not write into a folder" in desk.post("/channels/far/rebuild", "/channels/far").text
