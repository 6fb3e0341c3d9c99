"""B站 by its open platform: the documented signature, pieces that go on after a cut, one film, its review, tokens."""

from __future__ import annotations

import dataclasses
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
from steadycast.testing.bench import NOW, Bench, Delivery

BLOCK = 64 * 1024
FILM = b"\0\0\0\x18ftypmp42" + bytes(3 * BLOCK)


def part(name: str) -> Any:
    """A module of the platform's folder, as it is loaded now: another test may have loaded it anew."""
    return import_module(f"{load(PLATFORMS['bilibili-api']).__module__}.{name}")


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(part("upload"), "SIZE", BLOCK)  # four pieces
    made = registry.fake(PLATFORMS["bilibili-api"])
    assert made
    with made() as fake:
        fake.oauth.rotates = True
        fake.clock = int(NOW.timestamp())
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    film = media(tmp_path / "in", "video", "friday.mp4", "video/mp4", FILM, seconds=95.0, width=640, height=360)
    given = video(tmp_path / "in", published=NOW)
    return changed(given, media=(given.media[0], film), text="桥上风大。")


def delivery(far: Any, tmp_path: Path, post: Post) -> Delivery:
    return Bench.of(PLATFORMS["bilibili-api"], tmp_path).delivery(post, far)


def channel(far: Any, out: Path, **changes: Any) -> Any:
    secrets = changes.pop("secrets", far.secrets())
    http = HttpClient("bili", deadline=3.0)
    return adapter("bilibili-api", out, secrets=secrets, http=http, **{**far.settings(), **changes})


def pieces(far: Any) -> list[str]:
    return [r.query["part_number"] for r in far.requests if r.path == "/video/v2/part/upload"]


def test_the_signature_is_as_public_clients_make_it() -> None:
    made = part("signing").headers("ak", "sec", b'{"a":1}', nonce="n-1", timestamp=1700000000)
    assert made["x-bili-content-md5"] == "bb6cb5c68df4652941caf652a366f2d8"
    assert made["Authorization"] == "6935adf57938a3b70c4d55dedbee22b1b4d069792f696d63772274a834460038"


def test_a_film_goes_up_in_pieces_and_is_handed_in_once(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    receipt = told.publish()
    (film,) = far.films.values()
    assert far.whole[receipt.remote_id] == FILM
    assert pieces(far) == ["1", "2", "3", "4"]
    assert film["cover"].endswith(post.media[0].name)
    assert (film["copyright"], film["no_reprint"], film["tag"]) == (1, 1, "沪语,弄堂")
    assert told.publish() == receipt
    assert len(far.films) == 1
    found = told.adapter().find(post, Known(receipt))
    assert found
    assert (found.url, found.detail) == (receipt.url, {"review": "0"})


def test_sample(tmp_path: Path, far: Any, post: Post) -> None:
    delivery(far, tmp_path, post).publish()
    (sent,) = [r for r in far.requests if r.path.endswith("add-by-utoken")]
    held("bilibili-api", "archive.json", (json.dumps(sent.json(), ensure_ascii=False, indent=2) + "\n").encode())


@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
@pytest.mark.parametrize("n", [0, 3])
def test_a_cut_upload_goes_on_after_the_last_whole_piece(
    tmp_path: Path, far: Any, post: Post, verb: str, n: int
) -> None:
    told = delivery(far, tmp_path, post)
    getattr(far, verb)(path="/part/upload", after=n)
    with pytest.raises(Busy):
        told.publish()
    told.publish()
    assert list(map(far.whole.get, far.films)) == [FILM]
    assert len(pieces(far)) == 5
    assert pieces(far).count(str(n + 1)) == 2


def test_a_lost_answer_to_the_handing_in_is_looked_for(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.accept_then_cut(path="add-by-utoken")
    with pytest.raises(Unknown):
        told.publish()
    found = told.find()
    assert found
    assert found.remote_id in far.films
    other = changed(post, title="Another", text="another")
    assert told.adapter().find(other, Known()) is None
    with pytest.raises(Unknown, match="1 films are newer"):
        told.adapter().find(other, Known(frozen=False))


def test_a_review_that_did_not_pass_is_told_with_its_reason(tmp_path: Path, far: Any, post: Post) -> None:
    far.state, far.why = -2, "画面模糊"
    told = delivery(far, tmp_path, post)
    told.publish()
    with pytest.raises(Unknown, match="did not pass it: 画面模糊"):
        told.find()
    far.films[next(iter(far.films))]["addit_info"] = {"state": -1, "reject_reason": ""}
    found = told.find()
    assert found
    assert found.detail == {"review": "-1"}
    far.films[next(iter(far.films))]["addit_info"] = {"state": -100, "reject_reason": ""}
    assert told.find() is None


def test_words_are_changed_and_a_film_is_deleted(tmp_path: Path, far: Any, post: Post) -> None:
    sending = channel(far, tmp_path)
    receipt = sending.publish(post)
    again = channel(far, tmp_path, secrets=far.secrets())
    edited = changed(post, title="改过", text="新的")
    assert again.revise(edited, Known(receipt)).url == receipt.url
    assert [(seen.title, seen.text) for seen in far.posts()] == [("改过", "新的")]
    by_person = Known(Receipt("", receipt.url, seen="person"))
    for known in (by_person, Known(receipt), Known()):
        again.withdraw(edited, known)
    assert far.posts() == []
    with pytest.raises(Refused, match="no longer there"):
        again.revise(edited, Known(receipt))


def test_tokens_rotate_and_one_that_ended_is_renewed(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    told.publish()
    assert far.oauth.renewed == 1
    assert far.oauth.refresh != "fake-refresh-token"
    far.oauth.end()
    assert told.find()
    assert far.oauth.renewed == 2
    assert told.adapter().check().rights == ("USER_INFO", "ARC_BASE")  # type: ignore[attr-defined]


def test_wrong_credentials_and_a_wrong_category_name_the_way_out(tmp_path: Path, far: Any, post: Post) -> None:
    for name in ("refresh", "client_secret"):
        wrong = channel(far, tmp_path, secrets={**far.secrets(), name: "no-such-thing"})
        for verb in (wrong.check, lambda wrong=wrong: wrong.publish(post)):
            with pytest.raises(Refused, match="log in again") as caught:
                verb()
            assert "no-such-thing" not in str(caught.value)
    with pytest.raises(Refused, match="no category 7; there are: 201 科学科普"):
        channel(far, tmp_path, category=7).check()
    assert far.films == {}


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [(123026, Busy, "used up"), (123050, Refused, "creators' page"), (4000, Refused, "4000"), (-500, Unknown, "-500")],
)
def test_what_a_code_means(tmp_path: Path, far: Any, post: Post, code: int, kind: Any, said: str) -> None:
    far.answer(Reply(200, {"code": code, "message": "said"}), path="add-by-utoken")
    with pytest.raises(kind, match=said):
        delivery(far, tmp_path, post).publish()


def test_hostile_words_are_within_what_is_taken(tmp_path: Path, far: Any, post: Post) -> None:
    evil = changed(hostile(tmp_path / "in"), form="video", media=post.media, tags=("a,b", "x" * 300), text="a\u0007b")
    evil = changed(evil, title=evil.title[:79], published=NOW)
    delivery(far, tmp_path, evil).publish()
    (film,) = far.films.values()
    assert (film["tag"], film["desc"]) == ("a b", "ab")
    delivery(far, tmp_path / "b", changed(post, tags=(), title="b")).publish()
    assert [*far.films.values()][1]["tag"] == post.series_title


def test_an_upload_that_was_broken_off_for_a_day_begins_anew(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.fail(path="/part/upload", after=2)
    with pytest.raises(Busy):
        told.publish()
    assert told.state
    for name in told.state.all("upload-token"):
        told.state.set(name, None)
    told.publish()
    assert pieces(far) == ["1", "2", "3", "1", "2", "3", "4"]
    assert dataclasses.is_dataclass(told)


def test_a_draft_without_a_film_is_refused(tmp_path: Path, far: Any, post: Post) -> None:
    with pytest.raises(Refused, match="no film"):
        channel(far, tmp_path).publish(changed(post, media=()))
