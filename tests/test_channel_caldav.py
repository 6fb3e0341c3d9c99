"""The CalDAV platform: an event is there once, written over what was read or not at all; called off, or deleted.

The first half is held by a fake, and in test_channel_caldav_live.py by Radicale itself.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from icalendar import Calendar
from pipeline_bench import COMMUNITY, Bench
from platform_bench import PLATFORMS, adapter, article, changed, event, held, hostile, key

from steadycast import pipeline
from steadycast.ops.check import check
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown
from steadycast.platform.registry import load

PACKAGE = load(PLATFORMS["caldav"]).__module__
Fake = import_module(f"{PACKAGE}.fake").Fake


@dataclasses.dataclass
class Side:
    """A CalDAV server with a calendar, the account that writes in it, and what made it."""

    url: str  # of the calendar
    user: str
    password: str
    made: Any = None

    def channel(self, out: Path, **changes: Any) -> Any:
        """The adapter as a new attempt has it."""
        password = changes.pop("password", self.password)
        given = {"url": self.url, "user": self.user, **changes}
        http = HttpClient("calendar", deadline=20.0)
        return adapter("caldav", out / "out", secrets={"password": password}, http=http, **given)

    def ask(self, method: str, url: str, data: bytes | None = None, **headers: str) -> bytes:
        """What the server answers to the account itself."""
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        asked = urllib.request.Request(
            url, data=data, method=method, headers={"Authorization": f"Basic {login}", **headers}
        )
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return bytes(answer.read())

    def told(self, receipt: Receipt) -> Any:
        """The event as an app reads it."""
        (found,) = Calendar.from_ical(self.ask("GET", receipt.url)).walk("VEVENT")
        return found

    def there(self, receipt: Receipt) -> bool:
        try:
            return bool(self.told(receipt))
        except urllib.error.HTTPError as error:
            return error.code != 404


@pytest.fixture
def fake() -> Iterator[Any]:
    with Fake(largest=40_000) as running:
        yield running
        assert not running.broken


@pytest.fixture
def side(fake: Any) -> Side:
    return Side(fake.settings()["url"], fake.settings()["user"], fake.secrets()["password"], fake)


NUMBERS = count(1000)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """An event that nobody has announced yet."""
    n = next(NUMBERS)
    return event(tmp_path / "in", n, key=key(n), draft=f"pgc/{n}.md", title=f"读书会；带书, 带茶\\点心 {n}")


def later(post: Post) -> Post:
    """The same event an hour later, in a new revision."""
    assert post.event is not None
    hour = dt.timedelta(hours=1)
    moved = dataclasses.replace(post.event, start=post.event.start + hour, end=post.event.end + hour)
    return changed(post, event=moved, revision="2" * 64)


# By the fake and by a real server


def test_published_and_published_again_it_is_there_once_and_reads_back(side: Side, tmp_path: Path, post: Post) -> None:
    first = side.channel(tmp_path).publish(post)
    before = side.ask("GET", first.url)
    assert side.channel(tmp_path).publish(post) == first
    assert side.ask("GET", first.url) == before
    told = side.told(first)
    assert post.event is not None
    assert (told["SUMMARY"], told["LOCATION"], told["STATUS"]) == (post.title, post.event.place, "CONFIRMED")
    assert (told.decoded("DTSTART"), told.decoded("DTEND")) == (post.event.start, post.event.end)
    assert (told["UID"], told["SEQUENCE"]) == (first.remote_id, 0)
    assert "ORGANIZER" not in told  # nobody is sent an invitation
    found = dataclasses.replace(first, seen="read-back")
    assert side.channel(tmp_path).find(post, Known()) == side.channel(tmp_path).find(post, Known(first)) == found
    assert side.channel(tmp_path).find(changed(post, key=key(7)), Known()) is None


def test_what_a_person_changed_there_stays_until_it_is_revised(side: Side, tmp_path: Path, post: Post) -> None:
    receipt = side.channel(tmp_path).publish(post)
    by_hand = side.ask("GET", receipt.url).replace("上海图书馆东馆".encode(), "别处".encode())
    side.ask("PUT", receipt.url, by_hand, **{"Content-Type": "text/calendar; charset=utf-8"})
    assert side.channel(tmp_path).publish(post) == receipt
    assert "别处" in str(side.told(receipt)["LOCATION"])
    side.channel(tmp_path).revise(later(post), Known(receipt))
    assert "上海图书馆东馆" in str(side.told(receipt)["LOCATION"])


def test_an_event_that_is_announced_twice_stands_there_once(side: Side, tmp_path: Path, post: Post) -> None:
    first = side.channel(tmp_path).publish(post)
    again = changed(later(post), key=key(next(NUMBERS)))
    assert side.channel(tmp_path).find(again, Known()) is None
    assert side.channel(tmp_path).publish(again) == first
    told = side.told(first)
    assert told["SEQUENCE"] == 1
    assert {str(each) for each in told["X-STEADYCAST-POST"]} == {post.key, again.key}
    side.channel(tmp_path).withdraw(post, Known(first))  # the other announcement stands
    assert side.told(first)["STATUS"] == "CONFIRMED"
    assert side.channel(tmp_path).find(post, Known()) is None
    side.channel(tmp_path).withdraw(again, Known())
    assert side.told(first)["STATUS"] == "CANCELLED"


def test_what_was_accepted_without_an_answer_is_found(side: Side, tmp_path: Path, post: Post) -> None:
    port = int(side.url.partition("//")[2].partition("/")[0].rpartition(":")[2])
    proxy = CutProxy(port)
    through = side.url.replace(f"127.0.0.1:{port}", proxy.url.removeprefix("http://"))
    assert side.channel(tmp_path).find(post, Known()) is None
    proxy.cut("PUT ")
    with pytest.raises(Unknown):
        side.channel(tmp_path, url=through).publish(post)
    found = side.channel(tmp_path).find(post, Known())
    assert found.remote_id == side.channel(tmp_path).publish(post).remote_id
    proxy.cut("PUT ")
    with pytest.raises(Unknown):
        side.channel(tmp_path, url=through).revise(later(post), Known(found))
    proxy.close()
    side.channel(tmp_path).revise(later(post), Known(found))
    assert side.told(found)["SEQUENCE"] == 1  # the second time it was said already


def test_a_revision_raises_the_sequence_and_keeps_uid_and_address(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    for n in (1, 1):
        assert sending.revise(later(post), Known(receipt)) == receipt
        told = side.told(receipt)
        assert (told["SEQUENCE"], told["UID"]) == (n, receipt.remote_id)
    assert post.event is not None
    assert told.decoded("DTSTART") == post.event.start + dt.timedelta(hours=1)


def test_withdrawn_it_is_called_off_and_can_be_announced_again(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
        told = side.told(receipt)
        assert (told["STATUS"], told["SEQUENCE"], told["SUMMARY"]) == ("CANCELLED", 1, post.title)
        assert sending.find(post, known) is None
    with pytest.raises(Refused, match="no longer there"):
        sending.revise(later(post), Known(receipt))
    assert sending.publish(post) == receipt
    assert (side.told(receipt)["STATUS"], side.told(receipt)["SEQUENCE"]) == ("CONFIRMED", 2)


def test_withdrawn_it_is_deleted_where_the_community_says_so(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path, withdrawn="delete")
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
        assert not side.there(receipt)
    assert sending.find(post, Known(receipt)) is sending.find(post, Known()) is None


def test_after_a_restore_it_is_found_by_its_key_alone(side: Side, tmp_path: Path, post: Post) -> None:
    receipt = side.channel(tmp_path).publish(post)
    guessed = changed(post, draft="pgc/another.md", title="Another")
    assert side.channel(tmp_path).find(guessed, Known(frozen=False)).remote_id == receipt.remote_id
    assert side.channel(tmp_path).find(changed(guessed, key=key(9)), Known(frozen=False)) is None
    by_person = Known(Receipt("", receipt.url, seen="person"))
    assert side.channel(tmp_path).find(post, by_person).remote_id == receipt.remote_id


def test_a_wrong_password_is_refused_with_the_way_out(side: Side, tmp_path: Path, post: Post) -> None:
    wrong = side.channel(tmp_path, password="not the password")
    for verb in (wrong.check, wrong.probe, lambda: wrong.publish(post), lambda: wrong.find(post, Known())):
        with pytest.raises(Refused, match="does not know the user with this password: is an app password needed"):
            verb()
    assert side.channel(tmp_path).find(post, Known()) is None


def test_an_address_that_is_no_calendar_is_told(side: Side, tmp_path: Path, post: Post) -> None:
    missing = side.channel(tmp_path, url=f"{side.url.rstrip('/')[:-6]}nowhere/")
    for verb in (missing.check, lambda: missing.publish(post)):
        with pytest.raises(Refused, match="there is no calendar at this address"):
            verb()


def test_an_event_over_the_servers_limit_is_refused(side: Side, tmp_path: Path, post: Post) -> None:
    with pytest.raises(Refused, match="too large"):
        side.channel(tmp_path).publish(changed(post, text="书要借得勤。" * 8000))
    assert side.channel(tmp_path).find(post, Known()) is None


def test_no_word_of_a_draft_is_a_property(side: Side, tmp_path: Path, post: Post) -> None:
    evil = hostile(tmp_path / "in", event=post.event, key=post.key, draft=post.draft)
    said = "a\r\nBEGIN:VALARM\nATTENDEE:mailto:x@y.example\nEND:VALARM"
    receipt = side.channel(tmp_path).publish(changed(evil, text=said, title=f"{evil.title}\nX-EVIL:1"))
    told = side.told(receipt)
    assert not told.subcomponents
    assert not {"X-EVIL", "ATTENDEE"} & told.keys()
    assert "X-EVIL:1" in told["SUMMARY"]


def test_check_says_as_whom_and_probe_what_fits(side: Side, tmp_path: Path) -> None:
    account = side.channel(tmp_path).check()
    assert account.name == side.user
    assert "write" in account.rights
    limit = side.channel(tmp_path).probe().limits["text"]
    assert (limit.max, limit.count) == (4000, "codepoints")


# By the fake alone


def test_sample(side: Side, tmp_path: Path) -> None:
    side.channel(tmp_path).publish(event(tmp_path / "in"))
    (put,) = [request for request in side.made.requests if request.method == "PUT"]
    held("caldav", "event.ics", put.body)


def test_a_preview_shows_what_an_app_would(side: Side, tmp_path: Path, post: Post) -> None:
    (view,) = side.channel(tmp_path).views(post)
    assert post.title in view.text
    assert "2026-12-05 14:00 – 2026-12-05 16:00" in view.text
    assert side.made.requests == []


def test_who_writes_between_is_not_overwritten(side: Side, tmp_path: Path, post: Post) -> None:
    """Somebody moves the event while it is being revised: the revision is made again over what they wrote."""
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    read, name = sending.api.read, f"{receipt.remote_id}.ics"

    def read_and_change(name: str) -> Any:
        found = read(name)
        sending.api.read = read
        side.made.objects[name] = side.made.objects[name].replace(b"SEQUENCE:0", b"SEQUENCE:5")
        return found

    known = sending.find(post, Known(receipt))
    sending._there = lambda *_: read(name)
    sending.api.read = read_and_change
    sending.revise(later(post), Known(known))
    assert side.told(receipt)["SEQUENCE"] == 6


def test_one_that_never_comes_to_rest_is_for_later(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    read, name, numbers = sending.api.read, f"{receipt.remote_id}.ics", count(10)

    def read_and_change(name: str) -> Any:
        found, data = read(name), side.made.objects[name]
        side.made.objects[name] = data.replace(b"SEQUENCE:", b"SEQUENCE:%d" % next(numbers))
        return found

    sending._there = lambda *_: read(name)
    sending.api.read = read_and_change
    with pytest.raises(Busy, match="somebody else is changing"):
        sending.revise(later(post), Known(receipt))


def test_another_entry_with_its_uid_and_a_calendar_to_read_only(side: Side, tmp_path: Path, post: Post) -> None:
    receipt = side.channel(tmp_path).publish(post)
    side.made.objects["by-hand.ics"] = side.made.objects.pop(f"{receipt.remote_id}.ics")
    with pytest.raises(Refused, match="another entry of the calendar has this event's UID"):
        side.channel(tmp_path).publish(post)
    side.made.rights = ("read",)
    with pytest.raises(Refused, match="may not write-content"):
        side.channel(tmp_path).check()
    with pytest.raises(Refused, match="share it with the account, for editing"):
        side.channel(tmp_path).publish(changed(post, draft="pgc/other.md"))


def test_what_cannot_be_read_is_not_overwritten(side: Side, tmp_path: Path, post: Post) -> None:
    receipt = side.channel(tmp_path).publish(post)
    side.made.objects[f"{receipt.remote_id}.ics"] = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    with pytest.raises(Busy, match="cannot be read as an event"):
        side.channel(tmp_path).publish(post)
    side.made.objects.clear()


def test_only_events(side: Side, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no event"):
        side.channel(tmp_path).publish(article(tmp_path / "in"))


CALENDAR = """
[channel.dates]
platform = "caldav"
url = "{url}"
user = "news"
password = "DATES_PASSWORD"

[series.meetings]
title = "Meetings"
every = "month on first sat at 14:00"
forms = ["event"]
announce = ["12d"]
channels = ["dates"]
late = "3h"
"""
MEETING = """---
title: {title}
form: event
event:
  start: 2026-12-05T14:00
  end: 2026-12-05T16:00
  place: The library
---
Bring a book.
"""


@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
def test_a_slot_is_served_once_corrected_and_withdrawn(
    bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("DATES_PASSWORD", side.password)
    app = bench.set_up(COMMUNITY + CALENDAR.format(url=side.url), {"pgc/one.md": MEETING.format(title="Reading")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 14, 1)
    getattr(side.made, verb)(method="PUT")
    assert [s.state for s in pipeline.publish(app).sent] != ["published"]
    for _ in range(3):
        bench.clock.advance(dt.timedelta(minutes=5))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    assert [seen.title for seen in side.made.posts()] == ["Reading"]
    bench.drop("pgc/one.md", MEETING.format(title="Reading, moved"))
    pipeline.collect(app, bench.clock.now())
    assert [each.what for each in pipeline.amend.revise(app, "pgc/one.md")] == ["revised"]
    assert [seen.title for seen in side.made.posts()] == ["Reading, moved"]
    assert [each.what for each in pipeline.amend.withdraw(app, "pgc/one.md", "called off")] == ["withdrawn"]
    assert side.made.posts() == []
    assert len(side.made.objects) == 1  # and people's apps say that it does not take place


def test_a_title_over_the_limit_is_an_error_of_check(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATES_PASSWORD", "x")
    settings = COMMUNITY + CALENDAR.format(url="http://127.0.0.1:9/news/events/")
    app = bench.set_up(settings, {"pgc/long.md": MEETING.format(title="A title that goes on " * 11)})
    (problem,) = [each for each in check(bench.clock.now(), root=app.workspace.root) if "long.md" in str(each)]
    assert "title is too long" in str(problem)
