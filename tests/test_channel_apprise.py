"""Apprise: one request to its server, which hands the message on; what some service did not take is never sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, adapter, article, changed, event, held

from steadycast.outgoing import HttpClient
from steadycast.platform import Known, Post, Refused, Unknown, registry
from steadycast.testing import Reply

NAME = "apprise"
URLS = "slack://t0kenA/t0kenB/t0kenC mailto://desk:s3cret@hu.example"


@pytest.fixture
def far() -> Iterator[Any]:
    made = registry.fake(PLATFORMS[NAME])
    assert made
    with made() as fake:
        yield fake


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url="https://hu.example/2026/a.html")


def speaking(far: Any, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    given = {**far.settings(), **settings}
    return adapter(
        NAME, out, secrets={**far.secrets(), **(secrets or {})}, http=HttpClient("chats", deadline=3.0), **given
    )


def test_sample(tmp_path: Path, far: Any) -> None:
    speaking(far, tmp_path).publish(event(tmp_path / "in"))
    (request,) = far.requests
    held(NAME, "message.json", (json.dumps(request.json(), ensure_ascii=False, indent=2) + "\n").encode())


def test_a_message_goes_to_every_service_of_the_key(tmp_path: Path, far: Any, post: Post) -> None:
    speaking(far, tmp_path).publish(post)
    (seen,) = far.posts()
    assert (seen.title, seen.text) == (post.title, post.text)
    assert [url.partition(":")[0] for url in far.sent] == ["tgram", "discord"]


def test_tags_choose_among_them(tmp_path: Path, far: Any, post: Post) -> None:
    speaking(far, tmp_path, tags="press").publish(post)
    assert [url.partition(":")[0] for url in far.sent] == ["discord"]


def test_addresses_may_be_given_instead_of_a_key(tmp_path: Path, far: Any, post: Post) -> None:
    speaking(far, tmp_path, {"key": "", "urls": URLS}, tags="press").publish(post)
    assert far.sent == URLS.split()
    (request,) = far.requests
    assert "tag" not in request.json(), "tags are of a key: here they would match nothing"


@pytest.mark.parametrize("given", [{"key": "", "urls": ""}, {"urls": URLS}])
def test_a_key_or_addresses_and_not_both(tmp_path: Path, far: Any, post: Post, given: dict[str, str]) -> None:
    with pytest.raises(Refused, match="only one"):
        speaking(far, tmp_path, given).publish(post)
    assert not far.requests


def test_what_some_service_did_not_take_is_unknown(tmp_path: Path, far: Any, post: Post) -> None:
    far.down.add("discord")
    with pytest.raises(Unknown, match="others may have"):
        speaking(far, tmp_path).publish(post)
    assert len(far.posts()) == 1


@pytest.mark.parametrize(
    ("secrets", "fix"), [({"key": "nobodys"}, "`key` or `urls`"), ({"password": "wr0ng"}, "`password`")]
)
def test_what_is_set_wrongly_is_refused_with_the_fix(
    tmp_path: Path, far: Any, post: Post, secrets: dict[str, str], fix: str
) -> None:
    for verb, given in (("publish", [post]), ("check", [])):
        with pytest.raises(Refused, match=fix) as refused:
            getattr(speaking(far, tmp_path, secrets), verb)(*given)
        assert not any(value in str(refused.value) for value in secrets.values())
    assert not far.posts()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, {"error": "Payload lacks minimum requirements"}), Refused),
        (Reply(403, {"error": "The site has been configured to deny this request"}), Refused),
        (Reply(500, {"error": "An error occurred accessing configuration"}), Unknown),
        (Reply(200, {"error": "One or more notification could not be sent"}), Unknown),
        (Reply(200, ["ok"]), Unknown),
        (Reply(200, "<html>a proxy</html>"), Unknown),
    ],
)
def test_what_it_answers_is_sorted(tmp_path: Path, far: Any, post: Post, reply: Reply, error: Any) -> None:
    far.answer(reply)
    with pytest.raises(error):
        speaking(far, tmp_path).publish(post)


def test_a_lost_answer_is_for_a_person(tmp_path: Path, far: Any, post: Post) -> None:
    far.accept_then_cut()
    ours = speaking(far, tmp_path)
    with pytest.raises(Unknown):
        ours.publish(post)
    with pytest.raises(Unknown, match=post.key):
        ours.find(post, Known())
    assert len(far.posts()) == 1


def test_a_members_words_call_nobody(tmp_path: Path, far: Any, post: Post) -> None:
    evil = "@everyone @Here @all <!channel> <@U024> 写信给 a@allied.example @alleyway"
    speaking(far, tmp_path).publish(changed(post, title="@room", text=evil))
    (seen,) = far.posts()
    assert seen.text == "＠everyone ＠Here ＠all ＜!channel> ＜@U024> 写信给 a@allied.example @alleyway"
    assert seen.title == "＠room"
    assert len(seen.text) == len(evil)


def test_the_doctor_names_the_services_and_sends_nothing(tmp_path: Path, far: Any) -> None:
    assert speaking(far, tmp_path).check().name == "discord, tgram"
    assert speaking(far, tmp_path, tags="press").check().name == "discord"
    assert speaking(far, tmp_path, {"key": "", "urls": URLS}).check().name == ""
    with pytest.raises(Refused, match="nobody"):
        speaking(far, tmp_path, tags="nobody").check()
    far.locked = True
    assert speaking(far, tmp_path).check().name == ""
    assert not far.posts()


def test_a_preview_shows_the_message(tmp_path: Path, far: Any, post: Post) -> None:
    (view,) = speaking(far, tmp_path).views(post)
    assert view.text == f"{post.title}\n\n{post.text}"
    assert not far.requests
