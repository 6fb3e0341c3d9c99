"""The Mastodon platform, over real sockets: statuses, threads that go on where they broke off, and what it knows again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_bench import NOW, PLATFORMS, adapter, article, audio, changed, held, media, png

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Limit, Receipt, Refused, Unknown
from steadycast.platform.registry import load
from steadycast.testing import Reply

PACKAGE = load(PLATFORMS["mastodon"]).__module__.rpartition(".")[0] or load(PLATFORMS["mastodon"]).__module__
API, ANSWERS, RULES = (import_module(f"{PACKAGE}.{name}") for name in ("api", "answers", "fake_rules"))
Fake = import_module(f"{PACKAGE}.fake").Fake


@pytest.fixture
def fake() -> Iterator[Any]:
    with Fake() as running:
        yield running
        assert not running.broken


def made(fake: Any, tmp_path: Path, **settings: Any) -> Any:
    """The adapter as a new attempt has it: what its steps kept is in `channel.done`."""
    http = HttpClient("toot", deadline=3.0)
    return adapter("mastodon", tmp_path / "out", secrets=fake.secrets(), http=http, **{**fake.settings(), **settings})


def asked(fake: Any, method: str = "POST", path: str = "/api/v1/statuses") -> Any:
    """The JSON of each request that made or changed a status."""
    return [json.loads(r.body) for r in fake.requests if r.method == method and r.path.startswith(path)]


def thread(tmp_path: Path, *parts: Any) -> Any:
    return article(tmp_path / "in", text="\n\n".join(parts), parts=parts)


def test_sample(fake: Any, tmp_path: Path) -> None:
    made(fake, tmp_path).publish(thread(tmp_path, "弄堂口的书摊\n\n老底子，弄堂口有个书摊。 1/2", "书要借得勤。 2/2"))
    shown = [
        f"POST {r.path}\nIdempotency-Key: {r.headers['Idempotency-Key']}\n\n"
        + json.dumps(json.loads(r.body), ensure_ascii=False, indent=2)
        for r in fake.requests
        if r.method == "POST" and r.path.endswith("/statuses")
    ]
    held("mastodon", "thread.http", ("\n\n".join(shown) + "\n").encode())


def test_a_status_says_what_the_channel_and_the_draft_want(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in", extra={"warning": "书评"}, language="zh-CN")
    receipt = made(fake, tmp_path, visibility="unlisted").publish(post)
    (said,) = asked(fake)
    assert (said["visibility"], said["language"], said["spoiler_text"]) == ("unlisted", "zh", "书评")
    assert said["sensitive"] is True
    (seen,) = fake.posts()
    assert receipt.url == seen.url
    assert receipt.remote_id == seen.id
    assert [fake.files[id]["alt"] for id in seen.media] == ["", "弄堂口的书摊"]


def test_each_part_replies_to_the_one_before_and_the_first_has_the_files(fake: Any, tmp_path: Path) -> None:
    made(fake, tmp_path).publish(thread(tmp_path, "one", "two", "three"))
    first, second, third = fake.posts()
    assert (second.parent, third.parent) == (first.id, second.id)
    assert (len(first.media), second.media, third.media) == (2, (), ())


def test_a_recording_goes_alone(fake: Any, tmp_path: Path) -> None:
    made(fake, tmp_path).publish(audio(tmp_path / "in"))
    (seen,) = fake.posts()
    assert [fake.files[id]["name"] for id in seen.media] == ["morning.mp3"]


def test_only_as_many_pictures_as_the_server_shows(fake: Any, tmp_path: Path) -> None:
    many = tuple(media(tmp_path / "in", "image", f"{n}.png", "image/png", png(n, 0, 0)) for n in range(6))
    made(fake, tmp_path).publish(article(tmp_path / "in", media=many))
    assert len(fake.posts()[0].media) == 4


def test_a_file_that_takes_its_time_is_waited_for(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.polls = 2
    made(fake, tmp_path).publish(audio(tmp_path / "in"))
    looks = [r for r in fake.requests if r.path.startswith("/api/v1/media/")]
    assert len(looks) == 3
    assert len(fake.posts()) == 1


def test_a_file_that_takes_too_long_is_for_a_later_try_and_not_sent_again(
    fake: Any, tmp_path: Path, no_wait: None
) -> None:
    fake.polls = 8
    sending = made(fake, tmp_path)
    with pytest.raises(Busy) as caught:
        sending.publish(audio(tmp_path / "in"))
    assert caught.value.retry_after == dt.timedelta(seconds=30)
    sending.publish(audio(tmp_path / "in"))
    assert len(fake.files) == len(fake.posts()) == 1


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter looks at a file again at once."""
    monkeypatch.setattr(API, "POLLS", (0.0,) * 6)


def test_an_upload_whose_answer_is_lost_is_only_late(fake: Any, tmp_path: Path) -> None:
    fake.accept_then_cut(path="media")
    with pytest.raises(Busy):
        made(fake, tmp_path).publish(article(tmp_path / "in"))
    assert fake.posts() == []


def test_a_repetition_within_the_hour_is_the_same_status(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    assert made(fake, tmp_path).publish(post).remote_id == made(fake, tmp_path).publish(post).remote_id
    assert len(fake.posts()) == 1


def test_what_was_accepted_without_an_answer_is_found_by_its_words(fake: Any, tmp_path: Path) -> None:
    post = article(
        tmp_path / "in", text="看 https://example.org/a/very/long/address?x=1&y=2 和 @bob@far.example #沪语\n\n<b>"
    )
    post = changed(post, parts=(post.text,))
    fake.accept_then_cut(path="statuses")
    sending = made(fake, tmp_path)
    with pytest.raises(Unknown):
        sending.publish(post)
    fake.forget_keys()
    found = sending.find(post, Known(steps={"newest": "0", "part-1": None}))
    assert found is not None
    assert found.remote_id == fake.posts()[0].id


def test_what_never_arrived_is_surely_not_there(fake: Any, tmp_path: Path) -> None:
    fake.fail(path="statuses")
    sending = made(fake, tmp_path)
    with pytest.raises(Unknown):
        sending.publish(article(tmp_path / "in"))
    assert sending.find(article(tmp_path / "in"), Known(steps={"newest": "0", "part-1": None})) is None


def test_what_else_came_in_between_is_asked_about_once_the_server_may_have_forgotten_the_key(
    fake: Any, tmp_path: Path
) -> None:
    """A server may change a word of ours: within the hour its key keeps a second sending from being another status."""
    fake.add("somebody else's words, or ours as the server changed them")
    post, begun = article(tmp_path / "in"), Known(steps={"newest": "0", "part-1": None})
    sent = made(fake, tmp_path).channel.now()
    assert made(fake, tmp_path).find(changed(post, published=sent), begun) is None
    with pytest.raises(Unknown):
        made(fake, tmp_path).find(changed(post, published=sent - dt.timedelta(hours=1)), begun)
    assert made(fake, tmp_path).find(changed(post, published=sent - dt.timedelta(hours=1)), Known()) is None


def test_the_same_words_of_an_earlier_slot_are_another_post(fake: Any, tmp_path: Path) -> None:
    """An evergreen goes out again: its first status is older than the newest one before the second."""
    first = made(fake, tmp_path).publish(article(tmp_path / "in"))
    again = article(tmp_path / "in", 2, text=article(tmp_path / "in").text)
    assert made(fake, tmp_path).find(again, Known(steps={"newest": first.remote_id, "part-1": None})) is None


def test_a_look_goes_through_many_statuses_and_not_without_end(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    made(fake, tmp_path).publish(post)
    for n in range(90):
        fake.add(f"someone else's words {n}")
    assert made(fake, tmp_path).find(post, Known(steps={"newest": "0"})) is not None
    for n in range(1000):
        fake.add(f"a flood {n}")
    with pytest.raises(Unknown):
        made(fake, tmp_path).find(post, Known(steps={"newest": "0"}))


def test_after_a_restore_another_text_is_for_a_person(fake: Any, tmp_path: Path) -> None:
    """The post is today's guess at what was sent: it is taken when it is there, and asked about when another one is."""
    post, lost = article(tmp_path / "in"), Known(frozen=False)
    looking = made(fake, tmp_path)
    assert looking.find(post, lost) is None  # nothing at all is there
    receipt = looking.publish(post)
    assert looking.find(post, lost) == dataclasses.replace(receipt, seen="read-back")
    with pytest.raises(Unknown):
        looking.find(changed(post, text="another", parts=("another",)), lost)


def test_a_published_status_is_looked_up_by_its_id(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    looking = made(fake, tmp_path)
    receipt = looking.publish(post)
    looking.revise(changed(post, text="edited", parts=("edited",)), Known(receipt))
    assert looking.find(post, Known(receipt)) is not None
    looking.withdraw(post, Known(receipt))
    assert looking.find(post, Known(receipt)) is None


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=60)
LINKS = st.sampled_from(
    ["https://example.org/a?b=1&c=2", "@bob@far.example", "#沪语", "a < b > c & d", "\n", "\n\n", "…", "👩‍👩‍👧"]
)


@given(st.lists(st.one_of(WORDS, LINKS), max_size=8).map(" ".join))
def test_a_status_says_the_same_words_as_what_was_sent(text: Any) -> None:
    assert ANSWERS.same_words(RULES.as_html(text), text)


@given(WORDS, WORDS)
def test_other_words_are_another_status(one: Any, other: Any) -> None:
    letters = ["".join(c for c in t.casefold() if c.isalnum()) for t in (one, other)]
    if letters[0] and letters[1] and letters[0] != letters[1] and (one + other).isascii():
        assert not ANSWERS.same_words(RULES.as_html(one), other)


# What the server says


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (401, "The access token is invalid", Refused),
        (422, "Validation failed: Text character limit of 500 exceeded", Refused),
        (422, "Cannot attach files that have not finished processing. Try again in a moment!", Busy),
        (404, "The post you are trying to reply to does not appear to exist.", Refused),
        (503, "Service Unavailable", Unknown),
    ],
)
def test_what_it_answers_is_sorted(fake: Any, tmp_path: Path, status: int, said: str, error: Any) -> None:
    fake.refuse(status, said, path="v1/statuses")
    with pytest.raises(error, match=said[:20]):
        made(fake, tmp_path).publish(article(tmp_path / "in"))


def test_its_rate_limit_says_when_in_a_date(fake: Any, tmp_path: Path) -> None:
    reset = (NOW + dt.timedelta(seconds=90)).astimezone(dt.UTC)
    stamp = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%M:%S}.000000Z"}
    fake.answer(Reply(429, {"error": "Too many requests"}, stamp), path="v1/statuses")
    http = HttpClient("toot", deadline=3.0, now=lambda: NOW)
    with pytest.raises(Busy) as caught:
        adapter("mastodon", tmp_path / "out", secrets=fake.secrets(), http=http, **fake.settings()).publish(
            article(tmp_path / "in")
        )
    assert caught.value.retry_after == dt.timedelta(seconds=90)


def test_an_answer_without_an_id_leaves_it_unknown(fake: Any, tmp_path: Path) -> None:
    fake.answer(Reply(200, {"error": "odd"}), path="v1/statuses")
    with pytest.raises(Unknown):
        made(fake, tmp_path).publish(article(tmp_path / "in"))


def test_check_says_as_whom_and_with_which_scopes(fake: Any, tmp_path: Path) -> None:
    account = made(fake, tmp_path).check()
    assert (account.name, account.rights, account.until) == ("@club", ("read", "write:statuses", "write:media"), None)
    fake.refuse(404, "Not Found", "GET", "apps/verify_credentials")
    assert made(fake, tmp_path).check().rights == ()
    fake.scopes = ["read:statuses", "write:media"]
    with pytest.raises(Refused, match="lacks write:statuses"):
        made(fake, tmp_path).check()
    with pytest.raises(Refused, match="401 The access token is invalid"):
        adapter(
            "mastodon", tmp_path / "out", secrets={"token": "x"}, http=HttpClient("toot"), **fake.settings()
        ).check()
    assert fake.posts() == []


@pytest.mark.parametrize("characters", [300, 5000])
def test_probe_tells_what_this_server_takes(tmp_path: Path, characters: int) -> None:
    with Fake(characters=characters, attachments=16) as fake:
        limits = made(fake, tmp_path).probe()
    assert limits.limits["text"] == Limit(characters, "graphemes", url=23)
    assert limits.media["image"].count == 16
    assert limits.media["image"].formats == ("jpg", "png", "gif", "webp")
    assert limits.media["video"].formats == ("mp4", "mov")
    assert (limits.media["image"].width, limits.media["audio"].bytes) == (5760, 103809024)


# Edits and withdrawals


def test_an_edit_stays_at_its_address_with_its_new_picture(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    sending = made(fake, tmp_path)
    receipt = sending.publish(post)
    other = media(tmp_path / "in", "image", "b.png", "image/png", png(1, 2, 3), alt="新的")
    edited = sending.revise(
        changed(post, text="改过", parts=("改过",), media=(other,), revision="2" * 64), Known(receipt)
    )
    (seen,) = fake.posts()
    assert (edited.remote_id, edited.url, seen.text) == (receipt.remote_id, receipt.url, "改过")
    assert [fake.files[id]["alt"] for id in seen.media] == ["新的"]


def test_a_thread_grows_and_shrinks(fake: Any, tmp_path: Path) -> None:
    sending = made(fake, tmp_path)
    receipt = sending.publish(thread(tmp_path, "one", "two"))
    longer = sending.revise(changed(thread(tmp_path, "1", "2", "3"), revision="3" * 64), Known(receipt))
    assert [p.text for p in fake.posts()] == ["1", "2", "3"]
    assert fake.posts()[2].parent == fake.posts()[1].id
    sending.revise(changed(thread(tmp_path, "alone"), revision="4" * 64), Known(longer))
    assert [p.text for p in fake.posts()] == ["alone"]


def test_what_a_person_deleted_cannot_be_edited(fake: Any, tmp_path: Path) -> None:
    sending = made(fake, tmp_path)
    receipt = sending.publish(article(tmp_path / "in"))
    fake.statuses.clear()
    with pytest.raises(Refused):
        sending.revise(article(tmp_path / "in"), Known(receipt))


def test_withdrawn_twice_is_gone_once(fake: Any, tmp_path: Path) -> None:
    sending, post = made(fake, tmp_path), thread(tmp_path, "one", "two")
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known(steps={"newest": "0"})):
        sending.withdraw(post, known)
        assert fake.posts() == []


def test_a_receipt_of_a_person_has_the_address_alone(fake: Any, tmp_path: Path) -> None:
    sending, post = made(fake, tmp_path), article(tmp_path / "in")
    url = sending.publish(post).url
    known = Known(Receipt("", url, seen="person"))
    assert sending.find(post, known).url == url
    sending.withdraw(post, known)
    assert fake.posts() == []
