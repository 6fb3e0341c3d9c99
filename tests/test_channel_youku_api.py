"""优酷 by its upload API: the storage's documented signature, pieces that go on after a cut, one film, its review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, adapter, changed, held, hostile, media, video

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, registry
from steadycast.platform.registry import load
from steadycast.testing import Reply
from steadycast.testing.bench import Bench, Delivery

BLOCK = 64 * 1024
FILM = b"\0\0\0\x18ftypmp42" + bytes(3 * BLOCK)


def part(name: str) -> Any:
    """A module of the platform's folder, as it is loaded now: another test may have loaded it anew."""
    return import_module(f"{load(PLATFORMS['youku-api']).__module__}.{name}")


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(part("upload"), "SIZE", BLOCK)  # four pieces
    made = registry.fake(PLATFORMS["youku-api"])
    assert made
    with made() as fake:
        fake.oauth.rotates = True
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    film = media(tmp_path / "in", "video", "friday.mp4", "video/mp4", FILM, seconds=95.0, width=640, height=360)
    given = video(tmp_path / "in")
    return changed(given, media=(given.media[0], film), text="桥上风大。")


def delivery(far: Any, tmp_path: Path, post: Post) -> Delivery:
    return Bench.of(PLATFORMS["youku-api"], tmp_path).delivery(post, far)


def channel(far: Any, out: Path, **changes: Any) -> Any:
    secrets = changes.pop("secrets", far.secrets())
    http = HttpClient("youku", deadline=3.0)
    return adapter("youku-api", out, secrets=secrets, http=http, **{**far.settings(), **changes})


def pieces(far: Any) -> list[str]:
    return [r.query["partNumber"] for r in far.requests if r.method == "PUT"]


def test_the_storages_signature_is_that_of_its_documents() -> None:
    headers = {
        "content-md5": "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
        "content-type": "text/html",
        "date": "Thu, 17 Nov 2005 18:49:58 GMT",
        "x-oss-meta-author": "foo@bar.com",
        "x-oss-magic": "abracadabra",
        "host": "oss-example.oss-cn-hangzhou.aliyuncs.com",
    }
    secret = "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV"
    assert part("storage").signature(secret, "PUT", headers, "/oss-example/nelson") == "26NBxoKdsyly4EDv6inkoDft/yA="


def test_a_storage_with_a_name_has_the_bucket_before_it() -> None:
    given = {"endpoint": "oss-cn-shanghai.aliyuncs.com", "oss_bucket": "films", "oss_object": "a/b c.mp4"}
    assert part("storage").Storage(None, given).url == "https://films.oss-cn-shanghai.aliyuncs.com/a/b%20c.mp4"


def test_a_film_goes_up_in_pieces_and_is_committed_once(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    receipt = told.publish()
    (film,) = far.films.values()
    assert [*far.objects.values()] == [FILM]
    assert pieces(far) == ["1", "2", "3", "4"]
    assert (film["title"], film["tags"]) == (post.title, "沪语,弄堂")
    assert told.publish() == receipt
    assert len(far.films) == 1
    found = told.adapter().find(post, Known(receipt))
    assert found
    assert (found.url, found.detail) == (receipt.url, {"review": "normal"})
    assert all("fake-access" not in request.target for request in far.requests)


def test_sample(tmp_path: Path, far: Any, post: Post) -> None:
    delivery(far, tmp_path, post).publish()
    (sent,) = [request.form() for request in far.requests if request.path == "/uploads/create.json"]
    del sent["access_token"]
    held("youku-api", "create.json", (json.dumps(sent, ensure_ascii=False, indent=2) + "\n").encode())


@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
@pytest.mark.parametrize("n", [0, 3])
def test_a_cut_upload_goes_on_after_the_last_whole_piece(
    tmp_path: Path, far: Any, post: Post, verb: str, n: int
) -> None:
    told = delivery(far, tmp_path, post)
    getattr(far, verb)(method="PUT", after=n)
    with pytest.raises(Busy):
        told.publish()
    told.publish()
    assert [*far.objects.values()] == [FILM]
    assert len(pieces(far)) == 5
    assert pieces(far).count(str(n + 1)) == 2


def test_credentials_of_the_storage_that_end_are_asked_for_anew(tmp_path: Path, far: Any, post: Post) -> None:
    far.expires = "2026-11-27T12:05:00Z"  # in five minutes
    delivery(far, tmp_path, post).publish()
    assert far.renewals == 1


def test_a_lost_answer_to_the_commit_is_looked_for(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.accept_then_cut(path="commit")
    with pytest.raises(Unknown):
        told.publish()
    found = told.find()
    assert found
    assert found.remote_id in far.films
    other = changed(post, title="Another", text="another")
    assert told.adapter().find(other, Known()) is None
    with pytest.raises(Unknown, match="1 films are there"):
        told.adapter().find(other, Known(frozen=False))


def test_a_review_that_did_not_pass_is_told(tmp_path: Path, far: Any, post: Post) -> None:
    far.state = "blocked"
    told = delivery(far, tmp_path, post)
    told.publish()
    with pytest.raises(Unknown, match="did not pass it: blocked"):
        told.find()
    far.films[next(iter(far.films))]["state"] = "in_review"
    found = told.find()
    assert found
    assert found.detail == {"review": "in_review"}


def test_words_are_changed_and_a_film_is_deleted(tmp_path: Path, far: Any, post: Post) -> None:
    sending = channel(far, tmp_path)
    receipt = sending.publish(post)
    edited = changed(post, title="改过", text="新的")
    assert sending.revise(edited, Known(receipt)).url == receipt.url
    assert [(seen.title, seen.text) for seen in far.posts()] == [("改过", "新的")]
    by_person = Known(Receipt("", receipt.url, seen="person"))
    for known in (by_person, Known(receipt), Known()):
        sending.withdraw(edited, known)
    assert far.posts() == []
    with pytest.raises(Refused, match="no longer there"):
        sending.revise(edited, Known(receipt))


def test_tokens_rotate_and_one_that_ended_is_renewed(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    told.publish()
    far.oauth.end()
    assert told.find()
    assert far.oauth.renewed == 2
    assert told.adapter().check().name == "沪语读书会"  # type: ignore[attr-defined]  # an optional verb


def test_wrong_credentials_name_the_way_out(tmp_path: Path, far: Any, post: Post) -> None:
    for name, said in (("refresh", "log in again"), ("client_secret", "the app's id or its secret is wrong")):
        wrong = channel(far, tmp_path, secrets={**far.secrets(), name: "no-such-thing"})
        for verb in (wrong.check, lambda wrong=wrong: wrong.publish(post)):
            with pytest.raises(Refused, match=said) as caught:
                verb()
            assert "no-such-thing" not in str(caught.value)
    assert far.films == {}


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [(1017, Busy, "used up"), (1006, Refused, "may not upload"), (1013, Refused, "1013"), (1002, Unknown, "1002")],
)
def test_what_a_code_means(tmp_path: Path, far: Any, post: Post, code: int, kind: Any, said: str) -> None:
    far.answer(Reply(400, {"error": {"code": code, "type": "t", "description": "said"}}), path="commit")
    with pytest.raises(kind, match=said):
        delivery(far, tmp_path, post).publish()


def test_hostile_words_are_within_what_is_taken(tmp_path: Path, far: Any, post: Post) -> None:
    evil = changed(hostile(tmp_path / "in"), form="video", media=post.media, tags=("a,b", "x" * 30, "y"))
    delivery(far, tmp_path, changed(evil, title=evil.title[:50])).publish()
    delivery(far, tmp_path / "b", changed(post, tags=(), title="bb")).publish()
    assert [film["tags"] for film in far.films.values()] == ["a b", post.series_title]


def test_a_draft_without_a_film_is_refused(tmp_path: Path, far: Any, post: Post) -> None:
    with pytest.raises(Refused, match="no film"):
        channel(far, tmp_path).publish(changed(post, media=()))
