"""YouTube: a film goes up in pieces and goes on after a cut, is sent once, and is shown when all of it is there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import tracemalloc
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, adapter, changed, held, hostile, key, media, video

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, registry
from steadycast.platform.registry import load
from steadycast.testing import Reply
from steadycast.testing.bench import Bench, Delivery

BLOCK = 256 * 1024
FILM = b"\0\0\0\x18ftypmp42" + bytes(5 * BLOCK)


def part(name: str) -> Any:
    """A module of the platform's folder, as it is loaded now: another test may have loaded it anew."""
    return import_module(f"{load(PLATFORMS['youtube']).__module__}.{name}")


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(part("upload"), "SIZE", 2 * BLOCK)  # three pieces
    made = registry.fake(PLATFORMS["youtube"])
    assert made
    with made() as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    film = media(tmp_path / "in", "video", "friday.mp4", "video/mp4", FILM, seconds=95.0, width=640, height=360)
    given = video(tmp_path / "in")
    return changed(given, media=(given.media[0], film), text="桥上风大。\n\n#声音")


def channel(far: Any, out: Path, **changes: Any) -> Any:
    secrets = changes.pop("secrets", far.secrets())
    http = HttpClient("films", deadline=3.0)
    return adapter("youtube", out, secrets=secrets, http=http, **{**far.settings(), **changes})


def delivery(far: Any, tmp_path: Path, post: Post) -> Delivery:
    return Bench.of(PLATFORMS["youtube"], tmp_path).delivery(post, far)


def pieces(far: Any) -> list[str]:
    """The Content-Range of each piece that came."""
    return [r.headers["Content-Range"] for r in far.requests if r.path.startswith("/session/")]


def test_a_film_goes_up_in_pieces_and_is_shown_at_its_end(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    receipt = told.publish()
    (film,) = far.films.values()
    assert far.data[film["id"]] == FILM
    assert len(pieces(far)) == 3
    assert far.covers[film["id"]] == post.media[0].path.read_bytes()
    assert (film["status"], receipt.url[-11:]) == (
        {"privacyStatus": "public", "selfDeclaredMadeForKids": False},
        film["id"],
    )
    sent = [r.path for r in far.requests if r.method in ("POST", "PUT") and not r.path.startswith("/session/")]
    assert sent[-1] == "/youtube/v3/videos"  # shown last, with its cover
    assert delivery(far, tmp_path, post).publish() == receipt  # another worker, which knows of nothing
    assert len(far.films) == 1
    assert told.adapter().find(post, Known()) == dataclasses.replace(receipt, seen="read-back")


def test_sample(tmp_path: Path, far: Any, post: Post) -> None:
    delivery(far, tmp_path, post).publish()
    (film,) = far.films.values()
    held("youtube", "video.json", (json.dumps(film, ensure_ascii=False, indent=2) + "\n").encode())


@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy", "hang"])
@pytest.mark.parametrize("piece", [0, 1, 2])
def test_a_cut_upload_goes_on_where_it_stands(tmp_path: Path, far: Any, post: Post, verb: str, piece: int) -> None:
    told = delivery(far, tmp_path, post)
    told.deadline = 0.5
    getattr(far, verb)(method="PUT", path="/session/", after=piece)
    with pytest.raises(Busy):
        told.publish()
    assert far.posts() == []
    assert told.adapter().find(post, told.known) is None
    told.publish()
    (film,) = far.films.values()
    assert far.data[film["id"]] == FILM
    accepted = verb == "accept_then_cut"
    assert sum(not r.startswith("bytes *") for r in pieces(far)) == (
        3 if accepted else 4
    )  # no piece went up for nothing
    whole = accepted and piece == 2  # then the film is there, and found
    assert sum(r.startswith("bytes *") for r in pieces(far)) == (not whole)


def test_a_worker_that_died_is_followed_by_one_that_asks(tmp_path: Path, far: Any, post: Post) -> None:
    """Nothing is known of a step but that it was begun, as after a crash."""
    told = delivery(far, tmp_path, post)
    far.fail(method="PUT", path="/session/", after=2)
    with pytest.raises(Busy):
        told.publish()
    told.steps.kept |= dict.fromkeys(told.steps.kept)
    told.publish()
    assert [far.data[id] for id in far.films] == [FILM]


def test_youtube_may_keep_less_of_a_piece_than_was_sent(tmp_path: Path, far: Any, post: Post) -> None:
    far.keeps = BLOCK
    delivery(far, tmp_path, post).publish()
    assert [far.data[id] for id in far.films] == [FILM]


def test_a_session_that_has_ended_is_begun_again_or_its_film_found(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.fail(method="PUT", path="/session/", after=1)
    with pytest.raises(Busy):
        told.publish()
    far.sessions.clear()
    told.publish()
    assert len(far.sessions) == 1
    assert [far.data[id] for id in far.films] == [FILM]
    far.sessions.clear()
    far.films[next(iter(far.films))]["status"]["privacyStatus"] = "private"
    told.publish()
    assert len(far.films) == len(far.posts()) == 1


def test_a_session_that_ends_in_the_middle_waits_for_the_next_attempt(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.answer(Reply(404), method="PUT", path="/session/", after=1)
    with pytest.raises(Busy, match="begins anew next time"):
        told.publish()
    told.publish()
    assert len(far.sessions) == 2
    assert [far.data[id] for id in far.films] == [FILM]


def test_a_large_film_is_never_whole_in_memory(tmp_path: Path, far: Any, post: Post, monkeypatch: Any) -> None:
    size = 40 * 1024 * 1024
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(size)
    large = dataclasses.replace(post.media[1], path=path, size=size)
    monkeypatch.setattr(part("upload"), "SIZE", 32 * 1024 * 1024)
    far.answer(Reply(308, b"", {"Range": f"bytes=0-{32 * 1024 * 1024 - 1}"}), method="PUT", path="/session/")
    far.answer(Reply(201, {"id": "fake0000009"}), method="PUT", path="/session/")
    sending = channel(far, tmp_path)
    upload = part("upload").Upload(sending.channel, sending.api, changed(post, media=(large,)))
    tracemalloc.start()
    assert upload.film() == "fake0000009"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 * 1024 * 1024  # the fake on the other side of this process reads a piece of 32 MB whole


def test_an_access_token_is_made_once_and_again_when_it_ends(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    told.publish()
    told.publish()
    assert far.oauth.renewed == 1
    far.oauth.end()
    told.publish()
    assert far.oauth.renewed == 2
    assert told.adapter().check().name == "沪语读书会"  # type: ignore[attr-defined]  # an optional verb


def test_a_token_that_ends_between_two_pieces_costs_no_byte(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.answer(Reply(401, {"error": {"errors": [{"reason": "authError"}]}}), method="PUT", path="/session/", after=1)
    told.publish()
    assert [far.data[id] for id in far.films] == [FILM]
    assert far.oauth.renewed == 2


def test_a_login_that_has_ended_and_a_wrong_app_name_the_way_out(tmp_path: Path, far: Any, post: Post) -> None:
    for name, said in (("refresh", "log in again"), ("client_secret", "the app's id or its secret is wrong")):
        wrong = channel(far, tmp_path, secrets={**far.secrets(), name: "no-such-thing"})
        for verb in (wrong.check, lambda wrong=wrong: wrong.publish(post)):
            with pytest.raises(Refused, match=said) as caught:
                verb()
            assert "no-such-thing" not in str(caught.value)
    assert far.films == {}


def test_an_app_that_was_not_audited_shows_nothing_and_says_so(tmp_path: Path, far: Any, post: Post) -> None:
    far.audited = False
    with pytest.raises(Refused, match=r"keeps it private.*not audited"):
        delivery(far, tmp_path, post).publish()
    assert far.posts() == []
    private = channel(far, tmp_path, privacy="private")
    receipt = private.publish(post)
    assert private.find(post, Known(receipt)).url == receipt.url
    assert len(far.films) == 1
    private.withdraw(post, Known(receipt))
    assert far.films == {}


def test_a_quota_that_is_used_up_waits_until_midnight_in_california(tmp_path: Path, far: Any, post: Post) -> None:
    far.quota = 0
    with pytest.raises(Busy, match="quota is used up") as caught:
        delivery(far, tmp_path, post).publish()
    wait = caught.value.retry_after
    assert wait
    assert dt.timedelta(0) < wait <= dt.timedelta(days=1)
    answers = part("answers")
    assert answers.until_midnight(dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)) == dt.timedelta(hours=20)


def test_words_are_changed_and_a_film_is_hidden(tmp_path: Path, far: Any, post: Post) -> None:
    sending = channel(far, tmp_path)
    receipt = sending.publish(post)
    for known in (Known(receipt), Known()):
        assert sending.revise(changed(post, title="改过 <b>", text="新的"), known).url == receipt.url
    (seen,) = far.posts()
    assert (seen.title, seen.text, seen.key) == ("改过 ‹b›", "新的", post.key)
    for known in (Known(receipt), Known()):
        sending.withdraw(post, known)
    assert (far.posts(), len(far.films)) == ([], 1)
    assert sending.find(post, Known(receipt)) is sending.find(post, Known()) is None
    far.films.clear()
    with pytest.raises(Refused, match="no longer there"):
        sending.revise(post, Known(receipt))


def test_what_a_person_deleted_is_gone(tmp_path: Path, far: Any, post: Post) -> None:
    known = Known(Receipt("nothing", "https://www.youtube.com/watch?v=nothing"))
    assert channel(far, tmp_path).find(post, known) is None


def test_many_newer_films_are_looked_through_until_the_day_before(tmp_path: Path, far: Any, post: Post) -> None:
    for n in range(60):
        snippet = {"title": str(n), "description": "", "tags": []}
        far.films[f"f{n}"] = {"id": f"f{n}", "snippet": snippet, "status": {"privacyStatus": "public"}}
    late = changed(post, published=post.published + dt.timedelta(days=90), key=key(4))
    assert channel(far, tmp_path).find(late, Known()) is None
    for n in range(60, 220):
        far.films[f"f{n}"] = {**far.films["f1"], "id": f"f{n}"}
    with pytest.raises(Unknown, match="not all were looked through"):
        channel(far, tmp_path).find(post, Known())


def test_an_account_that_may_set_no_cover_keeps_youtubes(tmp_path: Path, far: Any, post: Post) -> None:
    far.refuse(403, "forbidden", path="thumbnails")
    assert delivery(far, tmp_path, post).publish().url
    assert far.covers == {}


def test_hostile_words_are_within_what_youtube_takes(tmp_path: Path, far: Any, post: Post) -> None:
    evil = changed(hostile(tmp_path / "in"), form="video", media=post.media, text="<" * 4000, tags=("a,b", "x" * 600))
    delivery(far, tmp_path, evil).publish()
    (film,) = far.films.values()
    assert "<" not in film["snippet"]["title"] + film["snippet"]["description"]
    assert film["snippet"]["tags"] == [f"steadycast-{evil.key}", "a b"]


def test_a_draft_without_a_film_is_refused(tmp_path: Path, far: Any, post: Post) -> None:
    with pytest.raises(Refused, match="no film"):
        channel(far, tmp_path).publish(changed(post, media=()))


def test_a_login_of_another_time_is_not_taken(tmp_path: Path, far: Any) -> None:
    answers = iter(["fake-client-secret", "http://127.0.0.1/?state=another&code=x"])
    with pytest.raises(Refused, match="of another login"):
        channel(far, tmp_path).login(lambda _words, _address: None, lambda _words: next(answers))
