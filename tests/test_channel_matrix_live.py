"""Synapse itself: what the fake says of it is true, by the same tests, and what only a real server can show."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import ROOT, changed, media, png
from test_channel_matrix import (  # noqa: F401  held here by the real server
    ROOM,
    Side,
    logged_in,
    post,
    test_a_login_is_a_device_of_its_own_and_joins_the_room,
    test_a_receipt_of_a_person_has_the_address_alone,
    test_a_room_that_is_not_there_is_told,
    test_a_token_that_is_known_no_more_is_refused_with_the_way_out,
    test_an_answer_cut_after_it_was_accepted_doubles_nothing,
    test_an_edit_stays_in_its_place_and_swaps_files,
    test_an_event_over_65536_bytes_is_refused,
    test_check_says_as_whom_and_probe_how_large,
    test_every_form_is_taken,
    test_every_one_of_many_edits_goes_with_its_text,
    test_everybody_is_called_only_where_the_community_says_so,
    test_no_word_of_a_draft_is_markup_and_nobody_is_called,
    test_published_and_published_again_it_is_there_once,
    test_what_a_moderator_took_away_before_it_was_seen_stays_unknown,
    test_what_fills_every_limit_is_taken,
    test_what_was_accepted_without_an_answer_is_found,
    test_withdrawn_twice_nothing_of_it_can_be_read_and_it_can_be_published_again,
)

from steadycast import pipeline
from steadycast.platform import Busy, Known, Post, Refused

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "synapse.sh"


class Server:
    """A new Synapse, with a token of each user."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tokens = {name: self.login(name, f"TEST_{name}") for name in ("admin", "news", "reader")}

    def login(self, name: str, device: str) -> str:
        grant = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}}
        asked = {**grant, "password": f"{name}-pass-1", "device_id": device}
        return str(self.ask("POST", "_matrix/client/v3/login", asked, token="")["access_token"])

    def ask(self, method: str, path: str, body: Any = None, *, as_: str = "admin", token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[as_] if token is None else token}"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}/{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def remove(self, id: str) -> None:
        """The one who made the room takes a message of it away."""
        room = self.ask("GET", f"_matrix/client/v3/directory/room/{urllib.parse.quote('#club:localhost')}")["room_id"]
        self.ask(
            "PUT", f"_matrix/client/v3/rooms/{urllib.parse.quote(room)}/redact/{urllib.parse.quote(id)}/{id[1:]}", {}
        )

    def room(self, *members: str, as_: str = "admin", **asked: Any) -> str:
        """A new room, with these users in it."""
        id = str(self.ask("POST", "_matrix/client/v3/createRoom", asked, as_=as_)["room_id"])
        for name in members:
            quoted = urllib.parse.quote(id)
            self.ask("POST", f"_matrix/client/v3/rooms/{quoted}/invite", {"user_id": f"@{name}:localhost"}, as_=as_)
            self.ask("POST", f"_matrix/client/v3/join/{quoted}", {}, as_=name)
        return id


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("synapse")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    subprocess.run(["bash", SCRIPT, "start", folder, str(port)], check=True, timeout=300)
    yield Server(f"http://127.0.0.1:{port}")
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


@pytest.fixture(scope="module")
def club(server: Server) -> Side:
    """The room in which the account may call everybody."""
    levels = {"users": {"@news:localhost": 50}}
    server.room("news", "reader", room_alias_name="club", power_level_content_override=levels)
    return Side(server.url, "#club:localhost", "@news:localhost", server.tokens["news"], "news-pass-1", server)


@pytest.fixture
def side(club: Side) -> Side:
    return dataclasses.replace(club)


def test_another_device_reads_the_room_before_it_sends(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    """Its transaction ids are its own; so are all of them a day later, when the server has forgotten them."""
    first = side.channel(tmp_path).publish(post)
    other = side.made.login("news", "ANOTHER")
    assert side.channel(tmp_path, token=other).publish(post) == first
    assert len(side.there(post)) == 3


def test_a_phone_rings_only_where_everybody_was_called(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    def rings() -> int:
        told = side.made.ask("GET", "_matrix/client/v3/notifications?only=highlight&limit=100", as_="reader")
        return len(told["notifications"])

    channel = side.channel(tmp_path)
    before = rings()
    shout = changed(post, media=(), text="@room @reader:localhost reader", html="<p>@room reader</p>")
    receipt = channel.publish(shout)
    assert rings() == before
    channel.withdraw(shout, Known(receipt))
    side.channel(tmp_path, mention_all=True).publish(shout)
    assert rings() == before + 1


def test_it_goes_on_where_it_was_told_to_wait(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    limit = "_synapse/admin/v1/users/@news:localhost/override_ratelimit"
    side.made.ask("POST", limit, {"messages_per_second": 1, "burst_count": 1})
    sending = side.channel(tmp_path)
    with pytest.raises(Busy, match="Too Many Requests") as caught:
        sending.publish(post)
    assert caught.value.retry_after
    assert dt.timedelta() < caught.value.retry_after <= dt.timedelta(seconds=10)
    side.made.ask("DELETE", limit)
    sending.publish(post)
    assert [content["msgtype"] for content in side.there(post)] == ["m.text", "m.image", "m.image"]


def test_a_file_over_the_servers_limit_is_refused_before_a_word_is_out(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    large = media(tmp_path / "in", "attachment", "a.pdf", "application/pdf", b"%PDF" + bytes(2_200_000))
    with pytest.raises(Refused, match="a file is larger than the server takes"):
        side.channel(tmp_path).publish(changed(post, media=(large,)))
    assert side.there(post) == []


def test_one_who_was_not_invited_is_told_and_a_login_takes_the_invitation(side: Side, tmp_path: Path) -> None:
    room = side.made.room()
    for verb in (side.channel(tmp_path, room=room).check, lambda: logged_in(side, tmp_path, room=room)):
        with pytest.raises(Refused, match="Invite the account into the room"):
            verb()
    side.made.ask("POST", f"_matrix/client/v3/rooms/{urllib.parse.quote(room)}/invite", {"user_id": side.user})
    token, _ = logged_in(side, tmp_path, room=room)
    assert side.channel(tmp_path, room=room, token=token).check().name == side.user


def test_who_may_post_where(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    quiet = side.made.room("news", power_level_content_override={"events_default": 50})
    with pytest.raises(Refused, match=r"does not allow m\.room\.message"):
        side.channel(tmp_path, room=quiet).check()
    with pytest.raises(Refused, match="You don't have permission to post that to the room"):
        side.channel(tmp_path, room=quiet).publish(changed(post, media=()))
    own = side.made.room(as_="news", power_level_content_override={"events_default": 50})
    assert side.channel(tmp_path, room=own).check().name == side.user
    encrypted = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    secret = side.made.room("news", initial_state=[encrypted])
    with pytest.raises(Refused, match="end-to-end encrypted"):
        side.channel(tmp_path, room=secret).check()


def test_through_the_whole_of_steadycast_a_slot_is_served_once(
    bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to its text is lost; the slot is served, and its text and its picture are there once."""
    monkeypatch.setenv("ROOM_TOKEN", side.token)
    proxy = CutProxy(int(side.url.rpartition(":")[2]))
    content: dict[str, str | bytes] = {
        "pgc/one.md": draft("A lane in the rain", body="![A lane](a.png)\n\n> Read.\n\n- one\n- two"),
        "pgc/a.png": png(9, 8, 7),
    }
    app = bench.set_up(COMMUNITY + ROOM.format(url=proxy.url, room=side.room), content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    proxy.cut(r"PUT .*/send/.*-text ")
    assert [s.state for s in pipeline.publish(app).sent] == ["unknown"]
    for _ in range(2):
        bench.clock.advance(dt.timedelta(minutes=10))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    proxy.close()
    (text,) = side.every("A lane in the rain")
    assert "<blockquote>" in text["formatted_body"]
    assert len(side.every(text["dev.steadycast.post"]["key"])) == 2
