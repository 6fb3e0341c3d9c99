"""Telegram: words with marks beside them, albums, rich messages; each sent at most once; errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import Bench as Desk
from platform_bench import PLATFORMS, adapter, article, audio, changed, event, held, hostile, media, png, video
from whole_bench import corrected, published

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, registry
from steadycast.testing import FakeServer, Reply
from steadycast.testing.bench import Bench, Steps, channel

PAGE = "https://hu.example/2026/a.html"


@pytest.fixture
def far() -> Iterator[Any]:
    made = registry.fake(PLATFORMS["telegram"])
    assert made
    with made() as fake:
        yield fake
        assert not fake.broken, fake.broken


def bot(far: FakeServer, out: Path, **settings: Any) -> Any:
    http = HttpClient("tg", deadline=3.0)
    return adapter("telegram", out, secrets=far.secrets(), http=http, **{**far.settings(), **settings})


def tried(far: FakeServer, scratch: Path, steps: Steps, **settings: Any) -> Any:
    """The bot of one try, over the steps of all."""
    http, spec = HttpClient("tg", deadline=3.0), PLATFORMS["telegram"]
    over = {**far.settings(), **settings}
    return registry.load(spec)(channel(spec, scratch, settings=over, secrets=far.secrets(), http=http, steps=steps))


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE, text=f"弄堂口的书摊\n\n{BODY}\n\n{PAGE}")


BODY = "😀老底子，弄堂口有个书摊。出处在此。“侬好”不念 nóng，念 non。In Shanghainese 中英混排也要好看。"
LONG = "弄堂口的书摊\n\n" + "书要借得勤。" * 300


def known(receipt: Receipt) -> Known:
    return Known(receipt=receipt)


def test_sample(tmp_path: Path, far: Any) -> None:
    bot(far, tmp_path / "out").publish(event(tmp_path / "in"))
    bot(far, tmp_path / "out", rich=True).publish(changed(article(tmp_path / "in"), canonical_url=PAGE, media=()))
    shown = [json.dumps(request.json(), ensure_ascii=False, indent=2) for request in far.requests]
    held("telegram", "messages.json", ("\n".join(shown) + "\n").encode())


def test_two_pictures_are_an_album_with_the_words_as_its_caption(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = bot(far, tmp_path / "out").publish(post)
    (seen,) = far.posts()
    assert (seen.text, len(seen.media)) == (post.text, 2)
    assert [message["kind"] for message in receipt.detail["messages"]] == ["caption", "media"]
    assert receipt.url == seen.url
    assert receipt.at


def test_marks_stand_beside_the_words_in_units_of_utf16(tmp_path: Path, far: Any, post: Post) -> None:
    bot(far, tmp_path / "out").publish(post)
    first, *_ = far.kept.values()
    words = first["words"].encode("utf-16-le")
    marked = {
        (m["type"], words[2 * m["offset"] : 2 * (m["offset"] + m["length"])].decode("utf-16-le")): m.get("url")
        for m in first["marks"]
    }
    assert marked == {
        ("bold", "弄堂口的书摊"): None,
        ("bold", "弄堂口"): None,
        ("text_link", "出处在此"): "https://example.org/lane?a=1&b=2",
        ("italic", "nóng"): None,
        ("code", "non"): None,
    }


def test_one_picture_needs_no_album(tmp_path: Path, far: Any, post: Post) -> None:
    bot(far, tmp_path / "out").publish(changed(post, media=post.media[1:]))
    assert [request.path.rpartition("/")[2] for request in far.requests] == ["sendPhoto"]


def test_words_over_a_captions_length_follow_the_album(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = bot(far, tmp_path / "out").publish(changed(post, text=LONG))
    album, text = far.posts()
    assert (album.text, text.text) == ("", LONG)
    assert [message["kind"] for message in receipt.detail["messages"]] == ["media", "media", "text"]


def test_eleven_pictures_are_told_before_they_are_sent_and_an_album_has_ten(
    tmp_path: Path, far: Any, post: Post
) -> None:
    pictures = tuple(
        media(tmp_path / "in", "image", f"{n}.png", "image/png", png(n, n, n), width=640, height=360) for n in range(11)
    )
    bot(far, tmp_path / "out").publish(changed(post, media=pictures))
    assert len(far.posts()[0].media) == 10
    assert PLATFORMS["telegram"].media["image"].count == 10


@pytest.mark.parametrize(("made", "method"), [(video, "sendVideo"), (audio, "sendAudio")])
def test_a_film_and_a_recording_carry_the_words(tmp_path: Path, far: Any, made: Any, method: str) -> None:
    sent = made(tmp_path / "in")
    bot(far, tmp_path / "out").publish(sent)
    (request,) = far.requests
    assert request.path.endswith(method)
    assert far.posts()[0].text == sent.text
    assert request.form()["duration"] == str(int(sent.of(sent.form)[0].seconds))


def test_the_second_message_is_not_sent_again_with_the_first(tmp_path: Path, far: Any, post: Post) -> None:
    delivery = Bench.of(PLATFORMS["telegram"], tmp_path).delivery(changed(post, text=LONG), far)
    far.busy(5, path="sendMessage")
    with pytest.raises(Busy):
        delivery.publish()
    delivery.publish()
    assert len(far.posts()) == 2


def test_a_lost_answer_is_in_doubt_and_nothing_is_sent_again(tmp_path: Path, far: Any, post: Post) -> None:
    delivery = Bench.of(PLATFORMS["telegram"], tmp_path).delivery(post, far)
    far.accept_then_cut()
    with pytest.raises(Unknown):
        delivery.publish()
    with pytest.raises(Unknown):
        delivery.find()
    with pytest.raises(Unknown):
        delivery.publish()
    assert len(far.posts()) == 1


def test_what_is_known_by_its_id_is_looked_for_by_an_edit_that_changes_nothing(
    tmp_path: Path, far: Any, post: Post
) -> None:
    tg = bot(far, tmp_path / "out")
    delivery = Bench.of(PLATFORMS["telegram"], tmp_path).delivery(post, far)
    receipt = delivery.publish()
    before = far.posts()
    found = tg.find(post, Known(steps=delivery.steps.kept))  # the process died before the receipt was kept
    assert (found.remote_id, found.seen) == (receipt.remote_id, "read-back")
    assert far.posts() == before
    far.kept.clear()
    assert tg.find(post, known(receipt)) is None


def test_of_what_was_never_begun_it_is_known_that_it_is_not_there(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out")
    assert tg.find(post, Known()) is None
    with pytest.raises(Unknown):
        tg.find(post, Known(frozen=False))  # an older ledger
    assert not far.requests


def test_an_article_as_a_rich_message_is_one_message(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out", rich=True)
    receipt = tg.publish(post)
    (seen,) = far.posts()
    assert receipt.detail["messages"][0]["kind"] == "rich"
    assert len(seen.media) == 2
    assert "<h1>弄堂口的书摊</h1>" in seen.text
    assert '<img src="tg://photo?id=picture1">' in seen.text
    assert "<table>" in seen.text
    assert tg.find(post, known(receipt))
    tg.revise(changed(post, html="<p>改过。</p>"), known(receipt))
    assert "改过。" in far.posts()[0].text


def test_a_server_without_rich_messages_gets_the_text(tmp_path: Path, far: Any, post: Post) -> None:
    far.rich = False
    receipt = bot(far, tmp_path / "out", rich=True).publish(post)
    assert receipt.detail["messages"][0]["kind"] == "caption"
    (seen,) = far.posts()
    assert seen.text == post.text


@pytest.mark.parametrize("changes", ["the server", "a setting"])
def test_a_later_try_goes_on_with_the_text_that_the_first_began(
    tmp_path: Path, far: Any, post: Post, changes: str
) -> None:
    long, steps = changed(post, text=LONG), Steps("blind")
    far.rich = changes != "the server"
    far.busy(5, path="sendMessage")
    with pytest.raises(Busy):
        tried(far, tmp_path, steps, rich=changes != "a setting").publish(long)
    far.rich = True
    tried(far, tmp_path, steps, rich=True).publish(long)
    assert [(seen.text, len(seen.media)) for seen in far.posts()] == [("", 2), (LONG, 0)]


def test_what_stops_all_messages_leaves_the_article_rich(tmp_path: Path, far: Any, post: Post) -> None:
    steps, said = Steps("blind"), "Forbidden: bot was kicked from the channel chat"
    for status, why in ((401, "Unauthorized"), (403, said), (400, "Bad Request: chat not found"), (404, "Not Found")):
        far.answer(Reply(status, {"ok": False, "error_code": status, "description": why}))
        with pytest.raises(Refused):
            tried(far, tmp_path, steps, rich=True).publish(post)
    assert tried(far, tmp_path, steps, rich=True).publish(post).detail["messages"][0]["kind"] == "rich"


def test_that_an_article_goes_as_text_is_no_sending(tmp_path: Path, far: Any, post: Post) -> None:
    steps = Steps("blind")
    far.busy(5, path="sendMediaGroup")
    with pytest.raises(Busy):
        tried(far, tmp_path, steps).publish(post)
    assert tried(far, tmp_path, steps).find(post, Known(steps=steps.kept)) is None


def test_an_article_too_long_for_a_rich_message_is_a_text(tmp_path: Path, far: Any, post: Post) -> None:
    bot(far, tmp_path / "out", rich=True).publish(changed(post, html=f"<p>{'书' * 33_000}</p>"))
    assert far.posts()[0].text == post.text


def test_revise_edits_the_words_in_their_place(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out")
    receipt = tg.publish(post)
    again = tg.revise(changed(post, text="改过了。"), known(receipt))
    assert (again.remote_id, again.url) == (receipt.remote_id, receipt.url)
    assert [seen.text for seen in far.posts()] == ["改过了。"]
    assert tg.revise(changed(post, text="改过了。"), known(again)) == again  # "not modified" is no error


def test_words_that_outgrow_their_caption_follow_as_a_text_and_once(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out")
    first = tg.publish(post)
    second = tg.revise(changed(post, text=LONG, revision="r2"), known(first))
    assert [seen.text for seen in far.posts()] == ["", LONG]
    third = tg.revise(changed(post, text="短。", revision="r3"), known(second))
    assert [seen.text for seen in far.posts()] == ["", "短。"]
    assert third.remote_id == first.remote_id


def test_a_text_that_may_have_followed_a_caption_is_told_of_and_a_known_one_is_deleted(
    tmp_path: Path, far: Any, post: Post
) -> None:
    delivery = Bench.of(PLATFORMS["telegram"], tmp_path).delivery(post, far)
    receipt = delivery.publish()
    again = changed(post, text=LONG, revision="r2")
    far.accept_then_cut(path="sendMessage")
    tg: Any = delivery.adapter()
    with pytest.raises(Unknown):
        tg.revise(again, delivery.known)
    with pytest.raises(Unknown):
        tg.withdraw(again, delivery.known)  # what is known is gone by now
    assert [seen.text for seen in far.posts()] == [LONG]
    (id,) = far.kept
    delivery.steps.kept["text-r2"] = [{"id": id, "chat": "@huyu", "kind": "text", "url": "", "at": None}]
    tg.withdraw(again, Known(receipt, delivery.steps.kept))
    assert not far.kept


def test_what_is_gone_cannot_be_revised(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out")
    receipt = tg.publish(post)
    far.kept.clear()
    with pytest.raises(Refused):
        tg.revise(post, known(receipt))


def test_withdraw_deletes_every_message_and_says_when_it_is_too_late(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out")
    receipt = tg.publish(changed(post, text=LONG))
    far.old = True
    with pytest.raises(Refused, match="48 hours"):
        tg.withdraw(post, known(receipt))
    far.old = False
    tg.withdraw(post, known(receipt))
    tg.withdraw(post, known(receipt))
    assert not far.kept


def test_a_message_that_a_person_confirmed_can_be_changed_too(tmp_path: Path, far: Any, post: Post) -> None:
    tg = bot(far, tmp_path / "out")
    told = tg.publish(changed(post, media=()))
    tg.revise(changed(post, text="改过了。", media=()), known(Receipt("", told.url)))
    assert far.posts()[0].text == "改过了。"


def test_a_group_that_became_a_supergroup_is_followed(tmp_path: Path, far: Any, post: Post) -> None:
    far.chat = {"id": -4001, "type": "group", "title": "读书会"}
    far.moved = -1009876543210
    tg = bot(far, tmp_path / "out", chat="-4001")
    assert tg.publish(post).remote_id.startswith("-1009876543210/")
    assert tg.api.chat == "-1009876543210"  # what follows goes there at once
    assert bot(far, tmp_path / "out", chat="-1009876543210").publish(post).url.startswith("https://t.me/c/9876543210/")


@pytest.mark.parametrize(
    ("status", "said", "error", "told"),
    [
        (401, "Unauthorized", Refused, "@BotFather"),
        (404, "Not Found", Refused, "@BotFather"),
        (403, "Forbidden: bot was kicked from the channel chat", Refused, "add the bot"),
        (400, "Bad Request: chat not found", Refused, "set `chat`"),
        (400, "Bad Request: message thread not found", Refused, "set `topic`"),
        (400, "Bad Request: not enough rights to send photos to the chat", Refused, "administrator"),
        (400, "Bad Request: message caption is too long", Refused, "too long"),
        (500, "Internal Server Error", Unknown, ""),
    ],
)
def test_each_error_says_what_to_do(
    tmp_path: Path, far: Any, post: Post, status: int, said: str, error: Any, told: str
) -> None:
    far.answer(Reply(status, {"ok": False, "error_code": status, "description": said}))
    with pytest.raises(error) as caught:
        bot(far, tmp_path / "out").publish(post)
    assert told in str(caught.value)


def test_what_it_asks_to_wait_is_waited(tmp_path: Path, far: Any, post: Post) -> None:
    said = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 37}}
    far.answer(Reply(429, said))
    with pytest.raises(Busy) as busy:
        bot(far, tmp_path / "out").publish(post)
    assert busy.value.retry_after
    assert busy.value.retry_after.total_seconds() == 37


@pytest.mark.parametrize("answer", [{"ok": True}, {"fine": 1}, ["ok"], {"ok": False, "description": "?"}])
def test_a_200_that_names_no_message_is_in_doubt(tmp_path: Path, far: Any, post: Post, answer: Any) -> None:
    far.answer(Reply(200, answer))
    with pytest.raises(Unknown):
        bot(far, tmp_path / "out").publish(post)


def test_check_names_the_bot_the_chat_and_the_rights(tmp_path: Path, far: Any) -> None:
    account = bot(far, tmp_path / "out").check()
    assert account.name == "@huyu_bot → 沪语读书会"
    assert "can_post_messages" in account.rights
    far.member = {"status": "administrator", "can_post_messages": False}
    with pytest.raises(Refused, match="administrator"):
        bot(far, tmp_path / "out").check()
    assert not far.kept


@pytest.mark.parametrize(
    ("chat", "member", "may"),
    [
        ("supergroup", {"status": "member"}, True),
        ("supergroup", {"status": "restricted", "can_send_messages": False}, False),
        ("supergroup", {"status": "restricted", "can_send_messages": True}, True),
        ("supergroup", {"status": "left"}, False),
        ("channel", {"status": "creator"}, True),
        ("channel", {"status": "member"}, False),
    ],
)
def test_who_may_post(tmp_path: Path, far: Any, chat: str, member: Any, may: bool) -> None:
    far.chat, far.member = {**far.chat, "type": chat}, member
    try:
        assert bot(far, tmp_path / "out").check()
    except Refused:
        assert not may
    else:
        assert may


def test_a_token_that_is_none_leads_to_no_other_address(tmp_path: Path, far: Any, post: Post) -> None:
    made = adapter(
        "telegram", tmp_path, secrets={"token": "1:a/../../x"}, http=HttpClient("tg", deadline=3.0), **far.settings()
    )
    with pytest.raises(Refused):
        made.publish(post)
    assert not far.requests


def test_hostile_words_are_words(tmp_path: Path, far: Any) -> None:
    evil = changed(hostile(tmp_path / "in"), text="*a* _b_ <b>c</b> [x](tg://user?id=1) @all & \u202e")
    bot(far, tmp_path / "out").publish(evil)
    first, *_ = far.kept.values()
    assert first["words"] == evil.text
    assert not first["marks"]
    assert not any("parse_mode" in request.body.decode("utf-8", "replace") for request in far.requests)


def test_a_rich_message_holds_no_attribute_and_no_address_but_the_webs(tmp_path: Path, far: Any, post: Post) -> None:
    evil = '<p class="x" style="a">a <a href="tg://user?id=1" rel="y">b</a> <a href="https://x.example/?a=1&amp;b">c</a></p>'
    bot(far, tmp_path / "out", rich=True).publish(changed(post, html=evil, title="<b>&", canonical_url="javascript:1"))
    html = far.posts()[0].text
    assert '<p>a b <a href="https://x.example/?a=1&amp;b">c</a></p>' in html
    assert "<h1>&lt;b&gt;&amp;</h1>" in html
    assert "javascript" not in html


def test_silence_topic_and_preview_are_asked_for(tmp_path: Path, far: Any, post: Post) -> None:
    bot(far, tmp_path / "out", topic=7, silent=True, preview=False).publish(changed(post, media=()))
    (request,) = far.requests
    told = request.json()
    assert (told["message_thread_id"], told["disable_notification"]) == (7, True)
    assert told["link_preview_options"] == {"is_disabled": True}


def test_through_the_whole_of_steadycast(bench: Desk, monkeypatch: pytest.MonkeyPatch, far: Any) -> None:
    app = published(bench, monkeypatch, far)
    (seen,) = far.posts()
    assert "A first line" in seen.text
    assert corrected(bench, app) == ["revised", "withdrawn"]
    assert not far.posts()
