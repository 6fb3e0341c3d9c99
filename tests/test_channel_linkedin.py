"""LinkedIn: little text that is never cut, cards and pictures, duplicates that are ours or are not, ended versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, ROOT, adapter, article, changed, event, held, hostile, settings_rows

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, count, registry
from steadycast.testing import FakeServer, Reply
from steadycast.testing.bench import Bench, Delivery, fitted

PAGE = "https://hu.example/2026/a_b.html"
TEXT = f"弄堂口的书摊\n\n“书”(要)借得勤 [闲话] {{x}} <b> a*b_c ~ \\ | @all # 1\n\n{PAGE}#top\n#沪语 #a_b"


@pytest.fixture
def far() -> Iterator[Any]:
    made = registry.fake(PLATFORMS["linkedin"])
    assert made
    with made() as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE, text=TEXT)


def page(far: FakeServer, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    http = HttpClient("in", deadline=3.0)
    return adapter("linkedin", out, secrets=secrets or far.secrets(), http=http, **{**far.settings(), **settings})


def delivery(far: Any, tmp_path: Path, post: Post) -> Delivery:
    return Bench.of(PLATFORMS["linkedin"], tmp_path).delivery(post, far)


def known(receipt: Receipt) -> Known:
    return Known(receipt=receipt)


def test_sample(tmp_path: Path, far: Any) -> None:
    told = fitted(changed(event(tmp_path / "in"), canonical_url=PAGE), PLATFORMS["linkedin"])
    page(far, tmp_path / "out").publish(told)
    (row,) = far.kept.values()
    held("linkedin", "post.json", (json.dumps(row["asked"], ensure_ascii=False, indent=2) + "\n").encode())


def test_no_sign_of_a_member_cuts_the_text(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = page(far, tmp_path).publish(post)
    (seen,) = far.posts()
    assert (seen.text, seen.url) == (TEXT, receipt.url)
    said = far.kept[receipt.remote_id]["commentary"]
    assert "\\@all" in said
    assert "\\# 1" in said
    assert "\n#沪语 #a\\_b" in said
    assert "html\\#top" in said


def test_a_page_is_a_card_and_pictures_are_pictures(tmp_path: Path, far: Any, post: Post) -> None:
    page(far, tmp_path).publish(post)
    page(far, tmp_path / "b").publish(changed(post, media=post.media[:1], text="卡片", key="b" * 13))
    page(far, tmp_path / "c").publish(changed(post, media=post.media[1:], text="图", canonical_url="", key="c" * 13))
    page(far, tmp_path / "d").publish(changed(post, media=(), text="字", canonical_url="javascript:1", key="d" * 13))
    two, card, one, none = (row["asked"].get("content") for row in far.kept.values())
    assert [image.get("altText") for image in two["multiImage"]["images"]] == [None, "弄堂口的书摊"]
    assert (card["article"]["source"], card["article"]["title"]) == (PAGE, post.title)
    assert card["article"]["thumbnail"] in far.images
    assert one["media"]["altText"] == "弄堂口的书摊"
    assert none is None
    assert {*far.images.values()} == {media.path.read_bytes() for media in post.media}


def test_a_lost_answer_is_in_doubt_and_nothing_is_sent_again(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.accept_then_cut(path="rest/posts")
    with pytest.raises(Unknown):
        told.publish()
    with pytest.raises(Unknown, match="look at the page"):
        told.find()
    with pytest.raises(Unknown):
        told.publish()
    assert len(far.posts()) == 1


def test_a_duplicate_of_what_was_sent_before_is_ours(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.accept_then_cut(path="rest/posts")
    with pytest.raises(Unknown):
        told.publish()
    with pytest.raises(Unknown, match="look at the page"):
        page(far, tmp_path).withdraw(post, told.known)
    told.steps.kept.pop("post")  # a person looked, did not see it, and let it be sent again
    for reads in (False, True):
        far.reads = reads
        assert told.publish().remote_id == next(iter(far.kept))
    assert len(far.posts()) == 1


def test_a_duplicate_of_another_post_is_refused(tmp_path: Path, far: Any, post: Post) -> None:
    first = page(far, tmp_path).publish(post)
    other = delivery(far, tmp_path / "b", changed(post, key="b" * 13))
    for _time in range(2):
        with pytest.raises(Refused, match=first.remote_id):
            other.publish()
    assert len(far.posts()) == 1


def test_a_busy_answer_leaves_no_claim_to_a_duplicate(tmp_path: Path, far: Any, post: Post) -> None:
    page(far, tmp_path).publish(post)
    other = delivery(far, tmp_path / "b", changed(post, key="b" * 13))
    far.busy(5, path="rest/posts")
    with pytest.raises(Busy):
        other.publish()
    with pytest.raises(Refused):
        other.publish()


def test_what_was_deleted_is_no_post_of_ours(tmp_path: Path, far: Any, post: Post) -> None:
    far.ghosts = True
    told = delivery(far, tmp_path, post)
    far.accept_then_cut(path="rest/posts")
    with pytest.raises(Unknown):
        told.publish()
    told.steps.kept.pop("post")
    far.kept.clear()
    with pytest.raises(Refused, match="just deleted"):
        told.publish()


def test_what_is_known_by_its_urn_is_looked_for_where_the_token_may(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    receipt = told.publish()
    mine = page(far, tmp_path)
    for there in (known(receipt), Known(steps=told.steps.kept), known(Receipt("", receipt.url.replace(":", "%3A")))):
        assert mine.find(post, there).remote_id == receipt.remote_id
    far.reads = False
    with pytest.raises(Unknown, match="cannot read"):
        mine.find(post, known(receipt))
    assert mine.find(post, Known()) is None
    with pytest.raises(Unknown):
        mine.find(post, Known(frozen=False))


def test_revise_writes_other_words_and_withdraw_deletes(tmp_path: Path, far: Any, post: Post) -> None:
    mine = page(far, tmp_path)
    receipt = mine.publish(post)
    again = mine.revise(changed(post, text="改过了 [1]。"), known(receipt))
    assert (again.remote_id, again.url) == (receipt.remote_id, receipt.url)
    assert [seen.text for seen in far.posts()] == ["改过了 [1]。"]
    for _time in range(2):
        mine.withdraw(post, known(receipt))
    assert not far.posts()
    assert mine.find(post, known(receipt)) is None
    with pytest.raises(Refused, match="no longer"):
        mine.revise(post, known(receipt))


def test_a_picture_is_sent_once_and_no_other_host_gets_the_token(tmp_path: Path, far: Any, post: Post) -> None:
    told = delivery(far, tmp_path, post)
    far.busy(5, path="rest/posts")
    with pytest.raises(Busy):
        told.publish()
    told.publish()
    assert len(far.images) == 2
    with type(far)() as other:
        begun = {"value": {"uploadUrl": f"{other.url}/dms-uploads/x", "image": "urn:li:image:x"}}
        far.answer(Reply(200, begun), path="rest/images")
        with pytest.raises(Refused):  # the picture went elsewhere
            page(far, tmp_path / "b").publish(changed(post, media=post.media[:1], text="又一篇"))
        assert [request.headers.get("Authorization") for request in other.requests] == [None]


@pytest.mark.parametrize(
    ("status", "code", "error", "told"),
    [
        (401, "EXPIRED_ACCESS_TOKEN", Refused, "60 days"),
        (403, "ACCESS_DENIED", Refused, "w_member_social"),
        (426, "NONEXISTENT_VERSION", Refused, "set `version`"),
        (422, "FIELD_LENGTH_TOO_LONG", Refused, "FIELD"),
        (500, "INTERNAL_SERVER_ERROR", Unknown, "INTERNAL"),
    ],
)
def test_each_error_says_what_to_do(
    tmp_path: Path, far: Any, post: Post, status: int, code: str, error: Any, told: str
) -> None:
    far.answer(Reply(status, {"status": status, "code": code, "message": code}), path="rest/posts")
    with pytest.raises(error, match=told):
        page(far, tmp_path).publish(post)


def test_a_version_that_has_ended_and_a_wrong_token_name_the_fix(tmp_path: Path, far: Any, post: Post) -> None:
    with pytest.raises(Refused, match="set `version`"):
        page(far, tmp_path, version="202401").publish(post)
    with pytest.raises(Refused, match="make a new one") as caught:
        page(far, tmp_path, {"token": "no-such-token"}).publish(post)
    assert "no-such-token" not in repr(caught.value)
    assert page(far, tmp_path).check().name == "沪语读书会"
    assert not far.posts()


def test_a_201_that_names_no_post_is_in_doubt(tmp_path: Path, far: Any, post: Post) -> None:
    far.answer(Reply(201, b"", {"x-restli-id": "urn:li:share:x"}), path="rest/posts")
    with pytest.raises(Unknown):
        page(far, tmp_path).publish(post)


def test_a_backslash_counts_into_the_limit(tmp_path: Path, far: Any, post: Post) -> None:
    limit = PLATFORMS["linkedin"].limits["text"]
    assert [count(text, limit) for text in ("沪" * 3000, "(" * 1500)] == [3000, 3000]
    page(far, tmp_path).publish(changed(post, text="(" * 1500))
    with pytest.raises(Refused, match="exceeds 3000"):
        page(far, tmp_path / "b").publish(changed(post, text="沪" * 3001))


def test_hostile_words_are_words(tmp_path: Path, far: Any) -> None:
    evil = "@[x](urn:li:organization:1) {hashtag|\\#|y} \\\\# \u202e <script>"
    page(far, tmp_path).publish(changed(hostile(tmp_path / "in"), text=evil))
    assert far.posts()[0].text == evil


def test_readme_lists_every_setting() -> None:
    readme = (ROOT / "channels" / "linkedin" / "README.md").read_text(encoding="utf-8")
    assert all(row in readme for row in settings_rows(PLATFORMS["linkedin"]))
    assert "tried against its own fake only" in readme


@pytest.mark.parametrize("refreshes", [True, False])
def test_a_login_gives_a_refresh_token_or_sixty_days(tmp_path: Path, far: Any, post: Post, refreshes: bool) -> None:
    far.refreshes = refreshes
    shown = [""]
    given = page(far, tmp_path, {}).login(
        lambda _words, address: shown.append(address), lambda _words: far.code(shown[-1])
    )
    assert {*given} == ({"client_secret", "refresh"} if refreshes else {"token"})
    assert "w_member_social" in shown[-1]
    assert page(far, tmp_path, given).publish(post).url
    assert page(far, tmp_path, given).check().name == "沪语读书会"
    with pytest.raises(Refused, match="log in, or set `token`"):
        page(far, tmp_path, {"token": ""}).publish(post)
    with pytest.raises(Refused, match="set `client` first"):
        page(far, tmp_path, {}, client="").login(lambda _words, _address: None, lambda _words: "x")
