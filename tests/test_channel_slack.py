"""Slack by its API and by an incoming webhook: rich text in which no word is markup, found again by the post's key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import Bench as Desk
from platform_bench import PLATFORMS, adapter, article, audio, changed, event, held, video
from whole_bench import corrected, published

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, registry
from steadycast.testing import Reply
from steadycast.testing.bench import Bench

pytestmark = pytest.mark.platforms("slack", "slack-webhook")

PAGE = "https://hu.example/2026/a.html"
BODY = "老底子，弄堂口有个书摊。出处在此。“侬好”不念 nóng，念 non。In Shanghainese"


def served(name: str) -> Any:
    made = registry.fake(PLATFORMS[name])
    assert made
    return made()


@pytest.fixture
def far() -> Iterator[Any]:
    with served("slack") as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def hook() -> Iterator[Any]:
    with served("slack-webhook") as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE, text=f"弄堂口的书摊\n\n{BODY}\n\n{PAGE}")


def made(far: Any, out: Path, **settings: Any) -> Any:
    http = HttpClient("sl", deadline=3.0)
    return adapter(far.platform, out, secrets=far.secrets(), http=http, **{**far.settings(), **settings})


def told(far: Any) -> Any:
    return next(r.json() for r in reversed(far.requests) if r.path.endswith(("chat.postMessage", "chat.update")))


def test_sample(tmp_path: Path, hook: Any, post: Post) -> None:
    for each in (event(tmp_path / "in"), post):
        made(hook, tmp_path / "out", files="https://hu.example").publish(each)
    shown = [json.dumps(request.json(), ensure_ascii=False, indent=2) for request in hook.requests]
    held("slack", "messages.json", ("\n".join(shown) + "\n").encode())


def test_marks_are_elements_and_pictures_stand_below(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = made(far, tmp_path / "out").publish(post)
    (seen,) = far.posts()
    assert (seen.text, len(seen.media), seen.key) == (post.text, 2, post.key)
    assert (receipt.url, receipt.remote_id) == (seen.url, seen.id)
    text, *images = told(far)["blocks"]
    (section,) = text["elements"]
    marked = {e["text"]: e for e in section["elements"] if "text" in e and ("style" in e or e["type"] == "link")}
    assert marked["弄堂口的书摊"]["style"] == {"bold": True}
    assert marked["出处在此"]["url"] == "https://example.org/lane?a=1&b=2"
    assert marked["nóng"]["style"] == {"italic": True}
    assert section["elements"][-1] == {"type": "link", "url": PAGE}
    assert [image["alt_text"] for image in images] == [post.title, "弄堂口的书摊"]
    assert set(far.files.values()) == {"private"}


def test_a_members_words_are_no_markup(tmp_path: Path, far: Any, post: Post) -> None:
    evil = "*a* _b_ `c` <!channel> <@U1> @here <https://evil.example|x> & &amp;"
    made(far, tmp_path / "out").publish(changed(post, title="", html="", text=evil, media=()))
    elements = told(far)["blocks"][0]["elements"][0]["elements"]
    assert {element["type"] for element in elements} == {"text", "link"}
    assert "".join(e.get("text", e.get("url", "")) for e in elements) == evil
    assert "<" not in told(far)["text"]


def test_code_is_a_block_of_its_own(tmp_path: Path, far: Any, post: Post) -> None:
    made(far, tmp_path / "out").publish(
        changed(post, html="<p>一</p><pre><code>a\n b</code></pre><p>二</p>", text="一\n\na\n b\n\n二")
    )
    kinds = [section["type"] for section in told(far)["blocks"][0]["elements"]]
    assert kinds == ["rich_text_section", "rich_text_preformatted", "rich_text_section"]


def test_a_lost_answer_is_found_by_its_key(tmp_path: Path, far: Any, post: Post) -> None:
    delivery = Bench.of(far.platform, tmp_path).delivery(post, far)
    far.accept_then_cut(path="chat.postMessage")
    with pytest.raises(Unknown):
        delivery.publish()
    for n in range(250):
        far.add(text=f"别人说 {n}")
    assert delivery.settle()
    assert len(far.posts()) == 1


def test_a_message_of_another_post_that_says_the_same_is_not_taken_for_it(tmp_path: Path, far: Any, post: Post) -> None:
    sl = made(far, tmp_path / "out")
    sl.publish(post)
    assert sl.find(changed(post, key="b" * 13), Known()) is None


def test_a_picture_that_is_not_ready_is_waited_for_and_sent_once(tmp_path: Path, far: Any, post: Post) -> None:
    delivery = Bench.of(far.platform, tmp_path).delivery(post, far)
    far.waits = 1
    with pytest.raises(Busy) as busy:
        delivery.publish()
    assert busy.value.retry_after
    delivery.publish()
    assert len(far.files) == 2


@pytest.mark.parametrize("form", [video, audio])
def test_a_film_or_a_recording_is_shared_and_taken_away_with_its_message(tmp_path: Path, far: Any, form: Any) -> None:
    sent = form(tmp_path / "in")
    sl = made(far, tmp_path / "out")
    receipt = sl.publish(sent)
    assert [*far.files.values()] == ["shared"]
    sl.withdraw(sent, Known(receipt))
    assert not far.files
    assert not far.kept


@pytest.mark.parametrize("lost", ["", "message"])
def test_a_film_is_taken_away_also_where_no_receipt_was_kept(tmp_path: Path, far: Any, lost: str) -> None:
    delivery = Bench.of(far.platform, tmp_path).delivery(video(tmp_path / "in"), far)
    delivery.publish()  # the process died before the receipt was kept
    steps = {name: None if name == lost else value for name, value in delivery.steps.kept.items()}
    sl = made(far, tmp_path / "out")
    found = sl.find(delivery.post, Known(steps=steps))
    assert found.detail["message"]["files"] == [*far.files]
    sl.withdraw(delivery.post, Known(steps=steps))
    assert not far.files
    assert not far.kept


def test_a_film_whose_message_was_refused_is_taken_away(tmp_path: Path, far: Any) -> None:
    delivery = Bench.of(far.platform, tmp_path).delivery(video(tmp_path / "in"), far)
    far.answer(Reply(200, {"ok": False, "error": "msg_blocks_too_long"}), path="chat.postMessage")
    with pytest.raises(Refused):
        delivery.publish()
    assert [*far.files.values()] == ["shared"]
    made(far, tmp_path / "out").withdraw(delivery.post, delivery.known)
    assert not far.files


def test_a_film_whose_answer_was_lost_is_not_shared_twice(tmp_path: Path, far: Any) -> None:
    delivery = Bench.of(far.platform, tmp_path).delivery(video(tmp_path / "in"), far)
    far.accept_then_cut(path="completeUploadExternal")
    for act in (delivery.publish, delivery.find):
        with pytest.raises(Unknown):
            act()
    assert sum(request.path.endswith("completeUploadExternal") for request in far.requests) == 1


def test_revise_and_withdraw(tmp_path: Path, far: Any, post: Post) -> None:
    sl = made(far, tmp_path / "out")
    receipt = sl.publish(post)
    again = sl.revise(changed(post, text="改过了。"), Known(receipt))
    assert (again.remote_id, again.url) == (receipt.remote_id, receipt.url)
    (seen,) = far.posts()
    assert (seen.text, len(seen.media)) == ("改过了。", 2)
    address = f"https://huyu.slack.com/archives/C0123456789/p{receipt.remote_id.replace('.', '')}"
    sl.revise(changed(post, text="手。"), Known(Receipt("", address)))  # of a person the address alone
    assert far.posts()[0].text == "手。"
    for _ in range(2):
        sl.withdraw(post, Known(receipt))
    assert not far.posts()
    assert sl.find(post, Known(receipt)) is None
    with pytest.raises(Refused):
        sl.revise(post, Known(receipt))


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("invalid_auth", Refused, "copy the app's bot token"),
        ("token_revoked", Refused, "copy the app's bot token"),
        ("not_in_channel", Refused, "/invite"),
        ("channel_not_found", Refused, "set `channel`"),
        ("is_archived", Refused, "set `channel`"),
        ("msg_blocks_too_long", Refused, "msg_blocks_too_long"),
        ("ratelimited", Busy, ""),
        ("internal_error", Unknown, ""),
        ("fatal_error", Unknown, ""),
    ],
)
def test_ok_false_is_sorted_by_its_error(
    tmp_path: Path, far: Any, post: Post, code: str, error: Any, said: str
) -> None:
    far.answer(Reply(200, {"ok": False, "error": code}), path="chat.postMessage")
    with pytest.raises(error) as caught:
        made(far, tmp_path / "out").publish(post)
    assert said in str(caught.value)


def test_a_scope_that_lacks_is_named(tmp_path: Path, far: Any, post: Post) -> None:
    far.answer(Reply(200, {"ok": False, "error": "missing_scope", "needed": "files:write"}))
    with pytest.raises(Refused, match="files:write"):
        made(far, tmp_path / "out").publish(post)
    far.scopes = "chat:write"
    with pytest.raises(Refused, match="files:write"):
        made(far, tmp_path / "out").check()


@pytest.mark.parametrize("answer", [{}, [], "ok", {"ok": True}])
def test_a_200_that_names_no_message_is_in_doubt(tmp_path: Path, far: Any, post: Post, answer: Any) -> None:
    far.answer(Reply(200, answer), path="chat.postMessage")
    with pytest.raises(Unknown):
        made(far, tmp_path / "out").publish(post)


def test_check_says_as_whom_and_whether_it_is_in_the_channel(tmp_path: Path, far: Any) -> None:
    account = made(far, tmp_path / "out").check()
    assert (account.name, "chat:write" in account.rights) == ("@huyu → 沪语读书会", True)
    far.member = False
    with pytest.raises(Refused, match="/invite"):
        made(far, tmp_path / "out").check()


# An incoming webhook


def test_a_webhook_posts_at_most_once(tmp_path: Path, hook: Any, post: Post) -> None:
    delivery = Bench.of(hook.platform, tmp_path).delivery(post, hook)
    hook.accept_then_cut()
    for act in (delivery.publish, delivery.find, delivery.publish):
        with pytest.raises(Unknown):
            act()
    assert len(hook.posts()) == 1
    assert made(hook, tmp_path / "out").find(post, Known()) is None


def test_a_webhook_shows_pictures_from_where_they_are_served(tmp_path: Path, hook: Any, post: Post) -> None:
    made(hook, tmp_path / "out", files="https://hu.example/").publish(post)
    made(hook, tmp_path / "out2", files="").publish(post)
    served_from, none = hook.posts()
    assert [address.startswith("https://hu.example/media/") for address in served_from.media] == [True, True]
    assert none.media == ()


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (403, "invalid_token", "make another"),
        (404, "no_service", "make another"),
        (410, "channel_is_archived", "set `channel`"),
        (400, "invalid_payload", "invalid_payload"),
    ],
)
def test_what_a_webhook_refuses(tmp_path: Path, hook: Any, post: Post, status: int, said: str, error: str) -> None:
    hook.answer(Reply(status, said))
    with pytest.raises(Refused, match=error):
        made(hook, tmp_path / "out").publish(post)


def test_a_webhook_that_says_something_else_than_ok_is_in_doubt(tmp_path: Path, hook: Any, post: Post) -> None:
    hook.answer(Reply(200, "<html>"))
    with pytest.raises(Unknown):
        made(hook, tmp_path / "out").publish(post)


def test_a_webhook_has_no_verbs_that_it_cannot_keep() -> None:
    loaded = registry.load(PLATFORMS["slack-webhook"])
    assert not hasattr(loaded, "revise")
    assert not hasattr(loaded, "withdraw")


def test_through_the_whole_of_steadycast(bench: Desk, monkeypatch: pytest.MonkeyPatch, far: Any) -> None:
    app = published(bench, monkeypatch, far)
    (seen,) = far.posts()
    assert "A first line" in seen.text
    assert corrected(bench, app) == ["revised", "withdrawn"]
    assert not far.posts()


def test_a_webhook_through_the_whole_of_steadycast(bench: Desk, monkeypatch: pytest.MonkeyPatch, hook: Any) -> None:
    app = published(bench, monkeypatch, hook)
    assert corrected(bench, app) == ["cannot here", "cannot here"]
    assert len(hook.posts()) == 1
