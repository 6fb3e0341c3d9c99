"""The Matrix platform: a text and its files, once; edits in their place; what is taken away is gone with its edits.

The first half is held by a fake, and in test_channel_matrix_live.py by Synapse itself.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import html.parser
import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import PLATFORMS, adapter, article, audio, changed, event, held, hostile, key, media, png, video

from steadycast import pipeline
from steadycast.ops.check import check
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown
from steadycast.platform.registry import load
from steadycast.testing import Reply

PACKAGE = load(PLATFORMS["matrix"]).__module__
CONTENT = import_module(f"{PACKAGE}.content")
Fake = import_module(f"{PACKAGE}.fake").Fake


@dataclasses.dataclass
class Side:
    """A Matrix server, its room, the account that posts in it, and what made it."""

    url: str
    room: str  # as in the settings: an alias
    user: str
    token: str
    password: str
    made: Any = None

    def channel(self, out: Path, **changes: Any) -> Any:
        """The adapter as a new attempt has it."""
        token = changes.pop("token", self.token)
        given = {"url": self.url, "room": self.room, "user": self.user, **changes}
        return adapter("matrix", out / "out", secrets={"token": token}, http=HttpClient("room", deadline=20.0), **given)

    def get(self, path: str, token: str = "", **params: str) -> Any:
        """What the server answers to a reader."""
        query = urllib.parse.urlencode(params)
        url = f"{self.url}/_matrix/client/{path}?{query}"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token or self.token}"})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return json.load(answer)

    def every(self, words: str) -> list[Any]:
        """The content of each message that says so anywhere, also of edits, the oldest first."""
        room = urllib.parse.quote(self.get(f"v3/directory/room/{urllib.parse.quote(self.room)}")["room_id"])
        page = self.get(f"v3/rooms/{room}/messages", dir="b", limit="1000")["chunk"]
        found = [each["content"] for each in reversed(page) if each["type"] == "m.room.message"]
        return [content for content in found if words in json.dumps(content, ensure_ascii=False)]

    def there(self, post: Post) -> list[Any]:
        """The messages of a post that a reader sees, but for edits."""
        return [content for content in self.every(post.key) if "m.relates_to" not in content]


@pytest.fixture
def fake() -> Iterator[Any]:
    with Fake() as running:
        yield running
        assert not running.broken


@pytest.fixture
def side(fake: Any) -> Side:
    return Side(
        fake.url, fake.settings()["room"], fake.settings()["user"], fake.secrets()["token"], fake.code(""), fake
    )


NUMBERS = count(1000)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """One that nobody has sent yet, with pictures of its own."""
    n = next(NUMBERS)
    given = article(tmp_path / "in", n)
    picture = media(
        tmp_path / "in",
        "image",
        "lane.png",
        "image/png",
        png(92, 122, n % 256),
        alt="弄堂口的书摊",
        width=640,
        height=360,
    )
    return changed(given, media=(given.media[0], picture), key=key(n), title=f"弄堂 & 书摊 <{n}>")


# By the fake and by a real server


def test_published_and_published_again_it_is_there_once(side: Side, tmp_path: Path, post: Post) -> None:
    first = side.channel(tmp_path).publish(post)
    assert side.channel(tmp_path).publish(post) == first
    text, cover, picture = side.there(post)
    assert text["body"] == post.text
    assert "弄堂 &amp; 书摊 &lt;" in text["formatted_body"]
    assert (cover["msgtype"], cover["body"], cover["filename"]) == ("m.image", "cover.png", "cover.png")
    assert (picture["body"], picture["filename"]) == ("弄堂口的书摊", "lane.png")
    assert picture["info"] == {"mimetype": "image/png", "size": post.media[1].size, "w": 640, "h": 360}
    assert first.url.startswith("https://matrix.to/#/!")
    assert first.remote_id in first.url
    assert side.channel(tmp_path).find(post, Known()) == dataclasses.replace(first, seen="read-back")
    assert side.channel(tmp_path).find(post, Known(first)).remote_id == first.remote_id


def test_every_form_is_taken(side: Side, tmp_path: Path) -> None:
    said = []
    for form in (audio, video, event):
        n = next(NUMBERS)
        post = form(tmp_path / "in", n, key=key(n))
        side.channel(tmp_path).publish(post)
        said.append(side.there(post))
    (_, sound), (_, film), (meeting,) = said
    assert (sound["msgtype"], sound["info"]["duration"]) == ("m.audio", 61400)
    assert (film["msgtype"], film["info"]["thumbnail_info"]["mimetype"]) == ("m.video", "image/png")
    assert film["info"]["thumbnail_url"].startswith("mxc://")
    assert "上海图书馆东馆" in meeting["formatted_body"]


@pytest.mark.parametrize("line", ["POST .*/upload", "PUT .*/send/.*-text ", "PUT .*/send/.*-file-"])
def test_an_answer_cut_after_it_was_accepted_doubles_nothing(side: Side, tmp_path: Path, post: Post, line: str) -> None:
    proxy = CutProxy(int(side.url.rpartition(":")[2]))
    proxy.cut(line)
    with pytest.raises((Unknown, Busy)):
        side.channel(tmp_path, url=proxy.url).publish(post)
    assert len(proxy.cuts) == 1
    side.channel(tmp_path, url=proxy.url).publish(post)
    proxy.close()
    assert [content["msgtype"] for content in side.there(post)] == ["m.text", "m.image", "m.image"]


def test_what_was_accepted_without_an_answer_is_found(side: Side, tmp_path: Path, post: Post) -> None:
    proxy = CutProxy(int(side.url.rpartition(":")[2]))
    alone = changed(post, media=())
    assert side.channel(tmp_path).find(alone, Known()) is None
    proxy.cut("PUT .*/send/")
    with pytest.raises(Unknown):
        side.channel(tmp_path, url=proxy.url).publish(alone)
    proxy.close()
    found = side.channel(tmp_path).find(alone, Known(steps={"text": None}))
    assert found.remote_id == side.channel(tmp_path).publish(alone).remote_id
    with pytest.raises(Unknown, match="1 of its messages"):
        side.channel(tmp_path).find(post, Known())  # its files are not there
    assert side.channel(tmp_path).find(post, Known(frozen=False)).remote_id == found.remote_id


def test_a_token_that_is_known_no_more_is_refused_with_the_way_out(side: Side, tmp_path: Path, post: Post) -> None:
    wrong = side.channel(tmp_path, token="not-the-token")
    for verb in (wrong.check, wrong.probe, lambda: wrong.publish(post), lambda: wrong.find(post, Known())):
        with pytest.raises(Refused, match="log in anew with `steadycast channel login out`"):
            verb()
    assert side.there(post) == []


def test_a_room_that_is_not_there_is_told(side: Side, tmp_path: Path, post: Post) -> None:
    host = side.user.partition(":")[2]
    with pytest.raises(Refused, match="there is no such room"):
        side.channel(tmp_path, room=f"#nowhere:{host}").publish(post)
    with pytest.raises(Refused, match="no Matrix server answers there"):
        side.channel(tmp_path, url=f"{side.url}/elsewhere").check()


def test_an_event_over_65536_bytes_is_refused(side: Side, tmp_path: Path, post: Post) -> None:
    """What `check` cannot tell from lengths alone: here every byte is two in JSON."""
    long = changed(post, media=(), html=f"<p>{'&quot;' * 100}{chr(34) * 33000}</p>")
    with pytest.raises(Refused, match="over 65,536 bytes: shorten the draft"):
        side.channel(tmp_path).publish(long)
    assert side.there(post) == []


def test_what_fills_every_limit_is_taken(side: Side, tmp_path: Path, post: Post) -> None:
    spec = PLATFORMS["matrix"]
    text, body = "沪" * (spec.limits["text"].max // 3), "<p>" + "沪" * ((spec.limits["html"].max - 7) // 3) + "</p>"
    full = changed(post, media=(), text=text, parts=(text,), html=body, title="题" * spec.limits["title"].max)
    receipt = side.channel(tmp_path).publish(full)
    side.channel(tmp_path).revise(changed(full, revision="2" * 64), Known(receipt))
    assert len(side.every(post.key)) == 2


def test_an_edit_stays_in_its_place_and_swaps_files(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    new = media(tmp_path / "in", "image", "new.png", "image/png", png(1, 2, next(NUMBERS) % 256), alt="新的")
    again = changed(post, text="改过", title="改过", html="<p>改过</p>", media=(post.media[0], new), revision="2" * 64)
    edited = sending.revise(again, Known(receipt))
    assert (edited.remote_id, edited.url, edited.at) == (receipt.remote_id, receipt.url, receipt.at)
    assert side.channel(tmp_path).revise(again, Known(edited)) == edited
    (edit,) = [content for content in side.every(post.key) if "m.relates_to" in content]
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": receipt.remote_id}
    assert edit["m.new_content"]["body"] == "改过"
    assert [content["body"] for content in side.there(post)[1:]] == ["cover.png", "新的"]
    assert edited.detail["events"].keys() == {"text", *CONTENT.files_of(again)}


def test_withdrawn_twice_nothing_of_it_can_be_read_and_it_can_be_published_again(
    side: Side, tmp_path: Path, post: Post
) -> None:
    """Nor the words of its edit, which the server would still show after its text is gone."""
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    edited = sending.revise(changed(post, text="corrected words", revision="2" * 64), Known(receipt))
    assert len(side.every("corrected words")) == 1
    for known in (Known(edited), Known(edited), Known(receipt), Known()):
        sending.withdraw(post, known)
        assert side.every(post.key) == side.every("corrected words") == []
    assert side.channel(tmp_path).find(post, Known(receipt)) is side.channel(tmp_path).find(post, Known()) is None
    with pytest.raises(Refused, match="no longer there"):
        side.channel(tmp_path).revise(post, Known(receipt))
    again = side.channel(tmp_path).publish(post)  # the transaction id still names the one that was taken away
    assert again.remote_id != receipt.remote_id
    assert len(side.there(post)) == 3


def test_every_one_of_many_edits_goes_with_its_text(side: Side, tmp_path: Path, post: Post) -> None:
    sending, alone = side.channel(tmp_path), changed(post, media=())
    receipt = sending.publish(alone)
    for n in range(6):
        sending.revise(changed(alone, text=f"corrected words {n}", revision=f"{n}" * 64), Known(receipt))
    assert len(side.every("corrected words")) == 6
    sending.withdraw(alone, Known(receipt))
    assert side.every("corrected words") == []


def test_what_a_moderator_took_away_before_it_was_seen_stays_unknown(side: Side, tmp_path: Path, post: Post) -> None:
    """Nor is it sent again by the next attempt; a withdrawal of it takes its files away."""
    receipt = side.channel(tmp_path).publish(changed(post, media=()))
    side.made.remove(receipt.remote_id)
    for verb in ("find", "publish", "find"):
        channel = side.channel(tmp_path)
        with pytest.raises(Unknown, match="somebody else took it away"):
            channel.find(post, Known(steps={"text": None})) if verb == "find" else channel.publish(post)
    assert side.there(post) == []
    side.channel(tmp_path).withdraw(post, Known())


def test_a_receipt_of_a_person_has_the_address_alone(side: Side, tmp_path: Path, post: Post) -> None:
    receipt = side.channel(tmp_path).publish(changed(post, media=()))
    known = Known(Receipt("", receipt.url, seen="person"))
    assert side.channel(tmp_path).find(post, known).remote_id == receipt.remote_id
    side.channel(tmp_path).withdraw(post, known)
    assert side.there(post) == []


class Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {(tag, ""), *((tag, name) for name, _ in attrs)}


def test_no_word_of_a_draft_is_markup_and_nobody_is_called(side: Side, tmp_path: Path) -> None:
    n = next(NUMBERS)
    post = hostile(tmp_path / "in", n, key=key(n), media=())
    body = '<p>@room <a href="http://a.example" title="x" rel="me">a</a> <img src="media:00"><a href="/near">b</a></p>'
    text = "@room @everyone " + post.text
    when = event(tmp_path / "in").event
    assert when
    when = dataclasses.replace(when, place="<b onclick=x>", url="javascript:alert(1)")
    side.channel(tmp_path).publish(changed(post, html=body + "<p><img src='media:00'></p>", text=text, event=when))
    (content,) = side.there(post)
    assert content["m.mentions"] == {}
    elements = Elements()
    elements.feed(content["formatted_body"])
    assert elements.seen == {("h1", ""), ("p", ""), ("strong", ""), ("br", ""), ("a", ""), ("a", "href")}
    assert "javascript" not in content["formatted_body"]
    assert "<p></p>" not in content["formatted_body"]
    assert content["body"] == text


def test_everybody_is_called_only_where_the_community_says_so(side: Side, tmp_path: Path, post: Post) -> None:
    loud = side.channel(tmp_path, mention_all=True, quiet=True)
    receipt = loud.publish(post)
    text, *files = side.there(post)
    assert (text["msgtype"], text["m.mentions"]) == ("m.notice", {"room": True})
    assert [content["m.mentions"] for content in files] == [{}, {}]
    loud.revise(changed(post, revision="2" * 64), Known(receipt))
    assert side.every('"m.relates_to"')[-1]["m.mentions"] == {}  # once is enough


def logged_in(side: Side, tmp_path: Path, password: str = "", **settings: Any) -> Any:
    """What a login gives, and what it showed."""
    shown: list[str] = []
    channel = side.channel(tmp_path, token="", **settings)
    given = channel.login(lambda words, address: shown.append(address), lambda words: password or side.password)
    return given["token"], shown


def test_a_login_is_a_device_of_its_own_and_joins_the_room(side: Side, tmp_path: Path, post: Post) -> None:
    token, shown = logged_in(side, tmp_path)
    assert shown == [side.url]
    assert side.get("v3/account/whoami", token)["device_id"] == "STEADYCAST_out"
    first = side.channel(tmp_path, token=token).publish(post)
    again, _ = logged_in(side, tmp_path)
    assert side.channel(tmp_path, token=again).publish(post) == first
    with pytest.raises(Refused, match="does not know the account with this password"):
        logged_in(side, tmp_path, "wrong")
    with pytest.raises(Refused, match="write user into"):
        logged_in(side, tmp_path, user="")


def test_check_says_as_whom_and_probe_how_large(side: Side, tmp_path: Path) -> None:
    account = side.channel(tmp_path).check()
    assert (account.name, account.rights) == (side.user, ("m.room.message", "m.room.redaction"))
    assert side.channel(tmp_path, mention_all=True).check().rights[-1] == "@room"
    limits = side.channel(tmp_path).probe()
    assert (
        limits.media["image"].bytes == limits.media["attachment"].bytes == side.get("v1/media/config")["m.upload.size"]
    )
    assert limits.media["image"].formats == PLATFORMS["matrix"].media["image"].formats


# By the fake alone


def test_sample(side: Side, tmp_path: Path) -> None:
    side.channel(tmp_path).publish(article(tmp_path / "in"))
    said = [json.loads(r.body) for r in side.made.requests if r.method == "PUT"]
    held("matrix", "messages.json", (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode())


def test_a_preview_shows_the_text_and_the_files_and_asks_nobody(side: Side, tmp_path: Path, post: Post) -> None:
    page, plain = side.channel(tmp_path).views(post)
    assert plain.text == post.text
    assert "<strong>弄堂口</strong>" in page.html
    for file in post.media:
        assert any(copy.read_bytes() == file.path.read_bytes() for copy in page.base.rglob(f"*{file.sha256[:8]}*"))
    assert "<figcaption>弄堂口的书摊</figcaption>" in page.html
    assert side.made.requests == []


def test_a_day_later_the_room_is_read(side: Side, tmp_path: Path, post: Post) -> None:
    first = side.channel(tmp_path).publish(post)
    side.made.forget()
    assert side.channel(tmp_path).publish(post) == first
    assert len(side.there(post)) == 3


def test_a_look_goes_through_many_messages_and_not_without_end(side: Side, tmp_path: Path, post: Post) -> None:
    first = side.channel(tmp_path).publish(post)
    for n in range(300):
        side.made._add("m.room.message", {"msgtype": "m.text", "body": f"{n}"}, f"other-{n}")
    assert side.channel(tmp_path).find(post, Known()).remote_id == first.remote_id
    for n in range(2300):
        side.made._add("m.room.message", {"msgtype": "m.text", "body": f"{n}"}, f"more-{n}")
    with pytest.raises(Unknown, match="2500"):
        side.channel(tmp_path).find(post, Known())
    late = changed(post, published=post.published + dt.timedelta(days=60))
    assert side.channel(tmp_path).find(late, Known()) is None  # all that is older than its day is none of it


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, {"errcode": "M_NOT_FOUND", "error": "Event not found."}),  # also: no permission to view it
        Reply(404, "no such page"),
        Reply(403, {"errcode": "M_FORBIDDEN", "error": "You don't have permission to view it"}),
        Reply(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Token is not active"}),
        Reply(503, "busy"),
    ],
)
def test_what_was_accepted_and_cannot_be_looked_at_is_sent(
    side: Side, tmp_path: Path, post: Post, reply: Reply
) -> None:
    side.made.answer(reply, "GET", "/event/", times=3)
    receipt = side.channel(tmp_path).publish(post)
    assert (receipt.at, len(receipt.detail["events"])) == (None, 3)
    assert len(side.there(post)) == len([r for r in side.made.requests if r.method == "PUT"]) == 3


def test_edits_are_read_from_every_page(side: Side, tmp_path: Path, post: Post) -> None:
    side.made.most = 2
    test_every_one_of_many_edits_goes_with_its_text(side, tmp_path, post)


def test_what_a_moderator_took_away_is_not_sent_again_by_its_transaction(
    side: Side, tmp_path: Path, post: Post
) -> None:
    """Also a file of it, which the room's messages do not show to be gone."""
    receipt = side.channel(tmp_path).publish(post)
    (cover, _) = (id for part, id in receipt.detail["events"].items() if part != "text")
    side.made.remove(cover)
    with pytest.raises(Unknown, match="somebody else took it away"):
        side.channel(tmp_path).publish(post)
    assert len(side.there(post)) == 2


@pytest.mark.parametrize("after", range(5))
def test_it_goes_on_where_it_was_told_to_wait(side: Side, tmp_path: Path, post: Post, after: int) -> None:
    limited = Reply(429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 4301})
    side.made.answer(limited, after=after)
    sending = side.channel(tmp_path)
    with pytest.raises(Busy, match="Too Many Requests") as caught:
        sending.publish(post)
    assert caught.value.retry_after == dt.timedelta(milliseconds=4301)
    sending.publish(post)
    assert len(side.there(post)) == 3
    assert len(side.made.files) == 2  # each went up once


def test_a_file_that_the_server_does_not_take_is_refused_before_a_word_is_out(
    side: Side, tmp_path: Path, post: Post
) -> None:
    side.made.largest = 100
    with pytest.raises(Refused, match="a file is larger than the server takes: Upload request body is too large"):
        side.channel(tmp_path).publish(post)
    assert side.there(post) == []


def test_one_who_is_not_in_the_room_is_told_how_to_come_in(side: Side, tmp_path: Path, post: Post) -> None:
    side.made.joined = False
    for verb in (side.channel(tmp_path).check, lambda: side.channel(tmp_path).publish(post)):
        with pytest.raises(Refused, match=r"not in room.*Invite the account into the room"):
            verb()
    side.made.invited = False
    with pytest.raises(Refused, match="Invite the account"):
        logged_in(side, tmp_path)
    side.made.invited = True
    token, _ = logged_in(side, tmp_path)
    assert side.channel(tmp_path, token=token).check().name == side.user


def test_power_levels_are_held_against_what_is_needed(side: Side, tmp_path: Path, post: Post) -> None:
    side.made.levels = {"users": {"@boss:hu.example": 100}, "events_default": 50}
    with pytest.raises(Refused, match=r"does not allow m\.room\.message, m\.room\.redaction"):
        side.channel(tmp_path).check()
    with pytest.raises(Refused, match="user_level"):
        side.channel(tmp_path).publish(changed(post, media=()))
    side.made.room_version = "12"  # who made the room may everything, and stands in no list
    assert side.channel(tmp_path).check().name == side.user
    side.made.encrypted = True
    with pytest.raises(Refused, match="end-to-end encrypted"):
        side.channel(tmp_path).check()


def test_a_login_on_the_servers_own_page(side: Side, tmp_path: Path, fake: Any) -> None:
    fake.door.flows = ["m.login.sso", "m.login.token"]
    page = f"{side.url}/_matrix/client/v3/login/sso/redirect?redirectUrl=http%3A%2F%2Flocalhost%2Fsteadycast"
    token, shown = logged_in(side, tmp_path, fake.code(page))
    assert shown == [page]
    assert side.channel(tmp_path, token=token).check().name == side.user
    with pytest.raises(Refused, match="does not know the account"):
        logged_in(side, tmp_path, "what the person pasted is no address")
    fake.door.flows = ["m.login.application_service"]
    with pytest.raises(Refused, match="paste an access token"):
        logged_in(side, tmp_path)


ROOM = """
[channel.room]
platform = "matrix"
url = "{url}"
room = "{room}"
token = "ROOM_TOKEN"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["room"]
late = "3h"
"""


@pytest.mark.parametrize("path", ["upload", "send", ""])
@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
def test_a_slot_is_served_once(bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch, verb: str, path: str) -> None:
    monkeypatch.setenv("ROOM_TOKEN", side.token)
    content: dict[str, str | bytes] = {"pgc/one.md": draft("One", body="![A lane](a.png)"), "pgc/a.png": png(9, 8, 7)}
    app = bench.set_up(COMMUNITY + ROOM.format(url=side.url, room=side.room), content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    getattr(side.made, verb)(path=path)
    assert [s.state for s in pipeline.publish(app).sent] != ["published"]
    for _ in range(3):
        bench.clock.advance(dt.timedelta(minutes=5))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    [seen] = side.made.posts()
    assert seen.text.startswith("One")
    assert len(seen.media) == 1


def test_a_draft_that_is_too_long_for_an_event_is_an_error_of_check(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOM_TOKEN", "x")
    long = draft("Long", body="\n\n".join(f"Paragraph {n}, *with* words in it." for n in range(1200)))
    settings = COMMUNITY + ROOM.format(url="http://127.0.0.1:9", room="#a:b.example")
    app = bench.set_up(settings, {"pgc/long.md": long})
    (problem,) = [each for each in check(bench.clock.now(), root=app.workspace.root) if "long.md" in str(each)]
    assert "body is too long" in str(problem)
    assert "/36000 bytes (UTF-8) of HTML" in str(problem)


def test_what_was_withdrawn_says_so(bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `revise` and `withdraw`, through the ledger: the messages are known by the receipt."""
    monkeypatch.setenv("ROOM_TOKEN", side.token)
    content: dict[str, str | bytes] = {"pgc/one.md": draft("One", body="![A lane](a.png)"), "pgc/a.png": png(9, 8, 7)}
    app = bench.set_up(COMMUNITY + ROOM.format(url=side.url, room=side.room), content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    pipeline.publish(app)
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop("pgc/one.md", draft("One, corrected"))
    pipeline.collect(app, bench.clock.now())
    assert [each.what for each in pipeline.amend.revise(app, "pgc/one.md")] == ["revised"]
    [seen] = side.made.posts()
    assert (seen.text.startswith("One, corrected"), seen.media) == (True, ())
    assert [each.what for each in pipeline.amend.withdraw(app, "pgc/one.md", "the author asked")] == ["withdrawn"]
    assert side.made.posts() == []
    assert side.every("corrected") == []
