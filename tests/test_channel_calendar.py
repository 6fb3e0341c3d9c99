"""The calendar platform: events that apps take, and that change only when they changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from platform_bench import NOW, adapter, article, channel, event, held, opened, tree

from steadycast.platform import Event, Known, Post, Refused


def events(out: Path, name: str = "calendar.ics") -> list[Any]:
    return Calendar.from_ical((out / name).read_bytes()).walk("VEVENT")


def meant(post: Post) -> Event:
    assert post.event is not None
    return post.event


def later(post: Post, hours: int) -> Post:
    start = meant(post).start + dt.timedelta(hours=hours)
    return dataclasses.replace(
        post, event=dataclasses.replace(meant(post), start=start, end=start + dt.timedelta(hours=2))
    )


def test_sample(tmp_path: Path) -> None:
    adapter("calendar", tmp_path / "out").publish(event(tmp_path / "in"))
    held("calendar", "calendar.ics", (tmp_path / "out/calendar.ics").read_bytes())


def test_an_event_reads_back_as_it_was_meant(tmp_path: Path) -> None:
    post = event(tmp_path / "in", title="读书会；带书, 带茶\\点心\n第二行")
    receipt = adapter("calendar", tmp_path / "out").publish(post)
    (told,) = events(tmp_path / "out")
    assert told["SUMMARY"] == post.title
    assert told.decoded("DTSTART") == meant(post).start
    assert told.decoded("DTEND") == meant(post).end
    assert told["LOCATION"] == meant(post).place
    assert told["STATUS"] == "CONFIRMED"
    assert told["UID"] == receipt.remote_id
    assert events(tmp_path / "out", f"events/{receipt.remote_id}.ics")[0] == told


def test_lines_are_folded_at_75_octets_and_whole_characters(tmp_path: Path) -> None:
    adapter("calendar", tmp_path / "out").publish(event(tmp_path / "in", text="沪语读书会" * 200))
    data = (tmp_path / "out/calendar.ics").read_bytes()
    assert data.endswith(b"END:VCALENDAR\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()


def test_the_subscribed_calendar_says_its_name_and_when_to_look_again(tmp_path: Path) -> None:
    named = dataclasses.replace(channel("calendar", tmp_path / "out", refresh_hours=3), title="活动")
    opened(named).publish(event(tmp_path / "in"))
    told = Calendar.from_ical((tmp_path / "out/calendar.ics").read_bytes())
    assert (told["X-WR-CALNAME"], told["NAME"], told["VERSION"]) == ("活动", "活动", "2.0")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT3H" in (tmp_path / "out/calendar.ics").read_bytes()


def test_a_method_comes_with_an_organiser_or_not_at_all(tmp_path: Path) -> None:
    """RFC 5546: what is PUBLISHed has an ORGANIZER, and one is named by a mail address."""
    for email, method in (("", None), ("hi@hu.example", "PUBLISH"), ("no address", None)):
        reached = dataclasses.replace(channel("calendar", tmp_path / (email or "none")), email=email)
        opened(reached).publish(event(tmp_path / "in"))
        told = Calendar.from_ical((reached.out / "calendar.ics").read_bytes())
        assert told.get("METHOD") == method
        (happening,) = told.walk("VEVENT")
        assert happening.get("ORGANIZER") == (method and "mailto:hi@hu.example")
        assert method is None or happening["ORGANIZER"].params["CN"] == reached.community


def test_an_all_day_event_is_days_and_no_hours(tmp_path: Path) -> None:
    """DTSTART;VALUE=DATE, and a DTEND that is the day after the last: 48 hours of midnight would move with the reader."""
    shanghai = ZoneInfo("Asia/Shanghai")
    first, last = (dt.datetime(2026, 12, day, tzinfo=shanghai) for day in (12, 14))
    adapter("calendar", tmp_path / "out").publish(event(tmp_path / "in", event=Event(first, last, all_day=True)))
    data = (tmp_path / "out/calendar.ics").read_bytes()
    assert b"\r\nDTSTART;VALUE=DATE:20261212\r\n" in data
    assert b"\r\nDTEND;VALUE=DATE:20261214\r\n" in data


def test_the_summary_is_not_said_twice_in_the_description(tmp_path: Path) -> None:
    for text, times in (("带一本书，讲一段话。\n\n在东馆。", 1), ("在东馆。", 1), ("", 1)):
        post = event(tmp_path / "in", summary="带一本书，讲一段话。", text=text)
        adapter("calendar", tmp_path / "out").publish(post)
        assert events(tmp_path / "out")[0]["DESCRIPTION"].count("带一本书，讲一段话") == times


def test_sequence_goes_up_by_one_when_and_only_when_the_event_changed(tmp_path: Path) -> None:
    post = event(tmp_path / "in")
    calendar = adapter("calendar", tmp_path / "out")
    first = calendar.publish(post).remote_id
    calendar.publish(post)
    assert (events(tmp_path / "out")[0]["SEQUENCE"], events(tmp_path / "out")[0].decoded("DTSTAMP")) == (
        0,
        post.published,
    )
    assert calendar.revise(later(post, 1), Known()).remote_id == first
    (told,) = events(tmp_path / "out")
    assert (told["SEQUENCE"], told.decoded("DTSTAMP")) == (1, NOW)
    assert told.decoded("DTSTART") == meant(later(post, 1)).start
    adapter("calendar", tmp_path / "out", refresh_hours=1).publish(later(post, 1))
    assert events(tmp_path / "out")[0]["SEQUENCE"] == 1, "a setting is no change of the event"


def test_an_event_announced_twice_stands_once(tmp_path: Path) -> None:
    calendar = adapter("calendar", tmp_path / "out")
    week, day = event(tmp_path / "in", 80), event(tmp_path / "in", 81)
    assert calendar.publish(week).remote_id == calendar.publish(day).remote_id
    assert len(events(tmp_path / "out")) == 1
    calendar.withdraw(day, Known())
    assert events(tmp_path / "out")[0]["STATUS"] == "CONFIRMED", "the other announcement still stands"


def test_a_withdrawn_event_is_called_off_not_forgotten(tmp_path: Path) -> None:
    post = event(tmp_path / "in")
    calendar = adapter("calendar", tmp_path / "out")
    calendar.publish(post)
    calendar.withdraw(post, Known())
    calendar.withdraw(post, Known())
    (told,) = events(tmp_path / "out")
    assert (told["STATUS"], told["SEQUENCE"]) == ("CANCELLED", 1)
    assert calendar.find(post, Known()) is None
    calendar.publish(post)
    (told,) = events(tmp_path / "out")
    assert (told["STATUS"], told["SEQUENCE"]) == ("CONFIRMED", 2)


def test_long_past_events_leave_the_subscription_and_keep_their_file(tmp_path: Path) -> None:
    old = event(tmp_path / "in", event=Event(NOW - dt.timedelta(days=40), NOW - dt.timedelta(days=40, hours=-1)))
    receipt = adapter("calendar", tmp_path / "out", keep_days=30).publish(old)
    assert events(tmp_path / "out") == []
    assert len(events(tmp_path / "out", f"events/{receipt.remote_id}.ics")) == 1


def test_an_event_in_another_zone_keeps_its_instant(tmp_path: Path) -> None:
    start = dt.datetime.fromisoformat("2026-10-25T02:30:00+01:00")
    adapter("calendar", tmp_path / "out").publish(
        event(tmp_path / "in", event=Event(start, start + dt.timedelta(hours=1)))
    )
    assert events(tmp_path / "out")[0].decoded("DTSTART") == start


def test_what_is_no_event_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no start and end"):
        adapter("calendar", tmp_path / "out").publish(article(tmp_path / "in"))


@pytest.mark.parametrize("stop", range(3))
def test_a_crash_while_revising_counts_the_change_once(tmp_path: Path, stop: int) -> None:
    post = event(tmp_path / "in")
    adapter("calendar", tmp_path / "out").publish(post)
    told, left = channel("calendar", tmp_path / "out"), [stop]

    def failing(name: Any, data: Any) -> Any:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return told.write(name, data)

    moved = later(post, 3)
    with pytest.raises(KeyboardInterrupt):
        opened(dataclasses.replace(told, write=failing)).revise(moved, Known())
    adapter("calendar", tmp_path / "out").revise(moved, Known())
    (now,) = events(tmp_path / "out")
    assert (now["SEQUENCE"], now.decoded("DTSTART")) == (1, meant(moved).start)
    before = tree(tmp_path / "out")
    adapter("calendar", tmp_path / "out").find(moved, Known())
    assert tree(tmp_path / "out") == before
