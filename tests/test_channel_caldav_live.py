"""Radicale itself: what the fake says of it is true, by the same tests, and what only a real server can show."""

from __future__ import annotations

import dataclasses
import datetime as dt
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cut_proxy import CutProxy
from icalendar import Calendar
from pipeline_bench import COMMUNITY, Bench
from platform_bench import ROOT
from test_channel_caldav import (  # noqa: F401  held here by the real server
    CALENDAR,
    MEETING,
    Side,
    post,
    test_a_revision_raises_the_sequence_and_keeps_uid_and_address,
    test_a_wrong_password_is_refused_with_the_way_out,
    test_after_a_restore_it_is_found_by_its_key_alone,
    test_an_address_that_is_no_calendar_is_told,
    test_an_event_over_the_servers_limit_is_refused,
    test_an_event_that_is_announced_twice_stands_there_once,
    test_check_says_as_whom_and_probe_what_fits,
    test_no_word_of_a_draft_is_a_property,
    test_published_and_published_again_it_is_there_once_and_reads_back,
    test_what_a_person_changed_there_stays_until_it_is_revised,
    test_what_was_accepted_without_an_answer_is_found,
    test_withdrawn_it_is_called_off_and_can_be_announced_again,
    test_withdrawn_it_is_deleted_where_the_community_says_so,
)

from steadycast import pipeline
from steadycast.platform import Known, Post, Refused

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "radicale.sh"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A new server with a calendar, which ends with this module's tests."""
    folder = tmp_path_factory.mktemp("radicale")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    subprocess.run(["bash", SCRIPT, "start", folder, str(port)], check=True, timeout=300)
    side = Side(f"http://127.0.0.1:{port}/news/events/", "news", "news-pass-1")
    side.ask("MKCALENDAR", side.url)
    yield side
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


@pytest.fixture
def side(server: Side) -> Side:
    return dataclasses.replace(server)


def test_who_may_only_read_is_told(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    reader = side.channel(tmp_path, user="reader", password="reader-pass-1")
    with pytest.raises(Refused, match="reader may not write-content"):
        reader.check()
    with pytest.raises(Refused, match="share it with the account, for editing"):
        reader.publish(post)
    assert not reader.find(post, Known())


def test_through_the_whole_of_steadycast_a_slot_is_served_once(
    bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to its event is lost; it is there once, and its address says so."""
    monkeypatch.setenv("DATES_PASSWORD", side.password)
    port = int(side.url.partition("//")[2].partition("/")[0].rpartition(":")[2])
    proxy = CutProxy(port)
    through = side.url.replace(f"127.0.0.1:{port}", proxy.url.removeprefix("http://"))
    app = bench.set_up(COMMUNITY + CALENDAR.format(url=through), {"pgc/one.md": MEETING.format(title="In the library")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 14, 1)
    proxy.cut("PUT ")
    assert [s.state for s in pipeline.publish(app).sent] == ["unknown"]
    for _ in range(2):
        bench.clock.advance(dt.timedelta(minutes=10))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    proxy.close()
    every = Calendar.from_ical(side.ask("GET", side.url)).walk("VEVENT")
    (told,) = [each for each in every if each["SUMMARY"] == "In the library"]
    assert (told["STATUS"], told["LOCATION"]) == ("CONFIRMED", "The library")
