"""Discord by a webhook and by a bot: words are words, nobody is called, and a bot finds again what it sent."""

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

pytestmark = pytest.mark.platforms("discord", "discord-bot")

PAGE = "https://hu.example/2026/a.html"
BODY = "老底子，弄堂口有个书摊。出处在此 https://example.org/lane?a=1&b=2 。“侬好”不念 nóng，念 non。In Shanghainese"


def served(name: str) -> Any:
    made = registry.fake(PLATFORMS[name])
    assert made
    return made()


@pytest.fixture(params=["discord", "discord-bot"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def far(name: str) -> Iterator[Any]:
    with served(name) as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def hook() -> Iterator[Any]:
    with served("discord") as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE, text=f"弄堂口的书摊\n\n{BODY}\n\n{PAGE}")


def made(far: Any, out: Path, **settings: Any) -> Any:
    http = HttpClient("dc", deadline=3.0)
    spec = far.platform
    return adapter(spec, out, secrets=far.secrets(), http=http, **{**far.settings(), **settings})


def test_sample(tmp_path: Path, hook: Any, post: Post) -> None:
    for each in (event(tmp_path / "in"), changed(post, media=())):
        made(hook, tmp_path / "out").publish(each)
    made(hook, tmp_path / "out", style="card").publish(changed(post, media=()))
    shown = [json.dumps(r.json(), ensure_ascii=False, indent=2) for r in hook.requests if r.method == "POST"]
    held("discord", "messages.json", ("\n".join(shown) + "\n").encode())


def test_a_message_has_its_files_and_calls_nobody(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = made(far, tmp_path / "out").publish(post)
    (seen,) = far.posts()
    assert len(seen.media) == 2
    assert (receipt.url, receipt.remote_id) == (seen.url, seen.id)
    told = json.loads(far.requests[-1].form()["payload_json"])
    assert told["allowed_mentions"] == {"parse": []}
    assert told["attachments"][1]["description"] == "弄堂口的书摊"


def test_marks_are_markdown_and_an_address_stays_as_it_is(tmp_path: Path, far: Any, post: Post) -> None:
    made(far, tmp_path / "out").publish(post)
    (seen,) = far.posts()
    assert seen.text.startswith("**弄堂口的书摊**\n\n老底子，**弄堂口**有个书摊。")
    assert "不念 *nóng*，念 `non`" in seen.text
    assert " https://example.org/lane?a=1&b=2 " in seen.text


def test_a_members_words_are_no_markup(tmp_path: Path, far: Any, post: Post) -> None:
    evil = "# *a* _b_ ~c~ `d` ||e|| [f](https://evil.example/_x_) <@1> <#2> @everyone \\ > g"
    made(far, tmp_path / "out").publish(changed(post, title="", html="", text=evil))
    (seen,) = far.posts()
    assert seen.text == (
        r"\# \*a\* \_b\_ \~c\~ \`d\` \|\|e\|\| \[f\](https://evil.example/_x_) \<@1\> \<\#2\> @everyone \\ \> g"
    )


def test_marks_go_where_they_would_make_it_too_long(tmp_path: Path, far: Any, post: Post) -> None:
    words = "字" * 1999
    made(far, tmp_path / "out").publish(changed(post, title="", html=f"<p><b>{words}</b></p>", text=words, media=()))
    assert far.posts()[0].text == words


def test_a_card_leads_to_the_page(tmp_path: Path, far: Any, post: Post) -> None:
    dc = made(far, tmp_path / "out", style="card")
    receipt = dc.publish(post)
    (seen,) = far.posts()
    assert (seen.title, seen.text) == (post.title, post.summary)
    assert dc.find(post, Known(receipt))
    assert dc.views(post)[0].text.splitlines()[::2] == [post.title, PAGE]
    made(far, tmp_path / "out", style="card").publish(changed(post, key="b" * 13, canonical_url=""))
    assert far.posts()[1].title == ""


@pytest.mark.parametrize("form", [video, audio])
def test_a_film_or_a_recording_goes_alone(tmp_path: Path, far: Any, form: Any) -> None:
    made(far, tmp_path / "out").publish(form(tmp_path / "in"))
    assert len(far.posts()[0].media) == 1


def test_revise_and_withdraw(tmp_path: Path, far: Any, post: Post) -> None:
    dc = made(far, tmp_path / "out")
    receipt = dc.publish(post)
    again = dc.revise(changed(post, text="改过了。"), Known(receipt))
    assert (again.remote_id, again.url) == (receipt.remote_id, receipt.url)
    assert [seen.text for seen in far.posts()] == ["改过了。"]
    assert len(far.posts()[0].media) == 2
    dc.revise(changed(post, text="手。"), Known(Receipt("", receipt.url)))  # of a person the address alone
    assert far.posts()[0].text == "手。"
    for _ in range(2):
        dc.withdraw(post, Known(receipt))
    assert not far.posts()
    assert dc.find(post, Known(receipt)) is None
    with pytest.raises(Refused):
        dc.revise(post, Known(receipt))


def test_what_it_asks_to_wait_is_waited(tmp_path: Path, far: Any, post: Post) -> None:
    far.answer(Reply(429, {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}))
    with pytest.raises(Busy) as busy:
        made(far, tmp_path / "out").publish(post)
    assert busy.value.retry_after
    assert busy.value.retry_after.total_seconds() == 64.57


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (404, 10015, "make another"),
        (401, 50027, "make another"),
        (401, 0, "copy it anew"),
        (404, 10003, "number of the channel"),
        (403, 50013, "rights"),
        (400, 220001, "set `forum`"),
        (400, 220003, "no forum"),
        (400, 50035, "Invalid"),
    ],
)
def test_each_error_says_what_to_do(tmp_path: Path, far: Any, post: Post, status: int, code: int, told: str) -> None:
    far.answer(Reply(status, {"message": "Invalid", "code": code}))
    with pytest.raises(Refused, match=told):
        made(far, tmp_path / "out").publish(post)


@pytest.mark.parametrize("answer", [{}, [], "ok", {"id": "1"}])
def test_an_answer_that_names_no_message_is_in_doubt(tmp_path: Path, far: Any, post: Post, answer: Any) -> None:
    far.answer(Reply(200, answer))
    with pytest.raises(Unknown):
        made(far, tmp_path / "out").publish(post)


def test_check_says_as_whom_and_where(tmp_path: Path, far: Any) -> None:
    assert "→" in made(far, tmp_path / "out").check().name
    far.gone = True
    with pytest.raises(Refused):
        made(far, tmp_path / "out").check()


# A webhook


def test_a_webhook_waits_to_be_told_and_posts_at_most_once(tmp_path: Path, hook: Any, post: Post) -> None:
    delivery = Bench.of(hook.platform, tmp_path).delivery(post, hook)
    hook.accept_then_cut()
    for act in (delivery.publish, delivery.find, delivery.publish):
        with pytest.raises(Unknown):
            act()
    assert len(hook.posts()) == 1
    assert all(request.query["wait"] == "true" for request in hook.requests if request.method == "POST")


def test_a_forum_gets_a_thread_a_post_and_a_thread_its_posts(tmp_path: Path, hook: Any, post: Post) -> None:
    hook.forum = True
    with pytest.raises(Refused, match="forum"):
        made(hook, tmp_path / "out").publish(post)
    dc = made(hook, tmp_path / "out", forum=True)
    receipt = dc.publish(post)
    assert next(iter(hook.kept.values()))["title"] == post.title
    dc.revise(changed(post, text="改过了。"), Known(receipt))
    dc.withdraw(post, Known(receipt))
    assert not hook.kept
    hook.forum = False
    in_thread = made(hook, tmp_path / "out", thread="1500")
    in_thread.withdraw(post, Known(in_thread.publish(post)))
    assert not hook.kept


# A bot


@pytest.fixture
def bot() -> Iterator[Any]:
    with served("discord-bot") as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.mark.parametrize("style", ["text", "card"])
def test_a_bot_finds_what_it_sent_among_its_own(tmp_path: Path, bot: Any, post: Post, style: str) -> None:
    bot.add("弄堂口的书摊", author="9")
    delivery = Bench.of(bot.platform, tmp_path).delivery(post, bot)
    bot.accept_then_cut()
    with pytest.raises(Unknown):
        delivery.publish()
    for n in range(120):
        bot.add(f"别人说 {n}", author="9")
    bot.forget_nonces()
    found = delivery.settle()
    assert found
    assert len(bot.posts()) == 1


def test_a_bot_sends_again_what_has_not_arrived(tmp_path: Path, bot: Any, post: Post) -> None:
    bot.add(post.text)  # the same words, before
    delivery = Bench.of(bot.platform, tmp_path).delivery(post, bot)
    bot.fail("POST")
    with pytest.raises(Unknown):
        delivery.publish()
    assert delivery.find() is None
    assert delivery.settle()
    assert len(bot.posts()) == 2


@pytest.mark.parametrize("changes", ["the server", "a setting"])
def test_a_bot_whose_words_were_changed_sends_nothing_again(tmp_path: Path, bot: Any, post: Post, changes: str) -> None:
    delivery = Bench.of(bot.platform, tmp_path).delivery(post, bot)
    bot.accept_then_cut("POST")
    with pytest.raises(Unknown):
        delivery.publish()
    (message,) = bot.kept.values()
    if changes == "the server":
        message["content"] += " ."
    look = made(bot, tmp_path / "out", style="card" if changes == "a setting" else "text")
    with pytest.raises(Unknown, match="say something else"):
        look.find(post, delivery.known)
    message["author"] = {"id": "9"}
    assert look.find(post, delivery.known) is None  # of its own there is nothing


def test_a_second_message_with_the_key_is_the_first(tmp_path: Path, bot: Any, post: Post) -> None:
    first = made(bot, tmp_path / "a").publish(post)
    assert made(bot, tmp_path / "b").publish(post).remote_id == first.remote_id
    assert len(bot.posts()) == 1


def test_after_a_restore_a_person_is_asked_where_the_words_are_not_found(tmp_path: Path, bot: Any, post: Post) -> None:
    made(bot, tmp_path / "a").publish(post)
    late = changed(post, text="别样的。", published=made(bot, tmp_path).channel.now())
    with pytest.raises(Unknown):
        made(bot, tmp_path / "b").find(late, Known(frozen=False))


def test_a_bot_that_may_not_read_says_which_rights_it_needs(tmp_path: Path, bot: Any, post: Post) -> None:
    bot.may_read = False
    with pytest.raises(Refused, match="read its history"):
        made(bot, tmp_path / "a").publish(post)


def test_through_the_whole_of_steadycast(bench: Desk, monkeypatch: pytest.MonkeyPatch, far: Any) -> None:
    app = published(bench, monkeypatch, far)
    (seen,) = far.posts()
    assert "A first line" in seen.text
    assert corrected(bench, app) == ["revised", "withdrawn"]
    assert not far.posts()
