"""X: signed requests, weighted length, threads that resume, the same words twice in doubt, withdrawals; no edits."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, ROOT, adapter, article, changed, event, held, hostile, settings_rows

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, count, registry
from steadycast.testing import FakeServer, Reply
from steadycast.testing.bench import NOW, Bench, fitted

PAGE = "https://hu.example/2026/a.html?x=1&y=2"
TEXT = f"弄堂口的书摊\n\n书要借得勤 & <闲话>要讲得清。\n\n{PAGE}\n#沪语"


@pytest.fixture
def far() -> Iterator[Any]:
    made = registry.fake(PLATFORMS["twitter"])
    assert made
    with made() as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE, text=TEXT, parts=(TEXT,))


def account(far: FakeServer, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    http = HttpClient("x", deadline=3.0)
    return adapter("twitter", out, secrets=secrets or far.secrets(), http=http, **{**far.settings(), **settings})


def thread(tmp_path: Path, parts: int = 3) -> Post:
    return Bench.of(PLATFORMS["twitter"], tmp_path).thread(parts)


def known(receipt: Receipt) -> Known:
    return Known(receipt=receipt)


def keys(far: Any) -> dict[str, str]:
    registry.load(PLATFORMS["twitter"])
    values = importlib.import_module("steadycast_channel_twitter_fake").KEYS
    return dict(zip(("key", "key_secret", "access_token", "access_secret"), values, strict=True))


def test_sample(tmp_path: Path, far: Any) -> None:
    told = fitted(changed(event(tmp_path / "in"), canonical_url=PAGE), PLATFORMS["twitter"])
    account(far, tmp_path / "out").publish(told)
    sent = [r.json() for r in far.requests if r.path == "/2/tweets"]
    held("twitter", "thread.json", (json.dumps(sent, ensure_ascii=False, indent=2) + "\n").encode())


def test_a_signature_is_that_of_xs_own_example() -> None:
    registry.load(PLATFORMS["twitter"])
    header = importlib.import_module("steadycast_channel_twitter.oauth").header
    made = header(
        "POST",
        "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
        (
            "xvz1evFS4wEEPTGEFPHBog",
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        ),
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp=1318622958,
        form=[("status", "Hello Ladies + Gentlemen, a signed OAuth request!")],
    )
    assert 'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"' in made


def test_a_post_has_its_pictures_with_their_descriptions(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = account(far, tmp_path, made_with_ai=True).publish(post)
    (seen,) = far.posts()
    assert (seen.text, receipt.url) == (TEXT, seen.url)
    assert [far.files[id]["alt"] for id in seen.media] == ["", "弄堂口的书摊"]
    assert far.requests[-1].json()["made_with_ai"] is True


def test_the_four_keys_sign_every_request(tmp_path: Path, far: Any, post: Post) -> None:
    mine = account(far, tmp_path, keys(far))
    receipt = mine.publish(post)
    assert mine.check().name == "@huyu"
    assert mine.find(post, Known()).remote_id == receipt.remote_id
    assert len(far.posts()) == 1


@pytest.mark.parametrize("spoiled", ["key", "key_secret", "access_token", "access_secret"])
def test_wrong_credentials_name_the_fix(tmp_path: Path, far: Any, post: Post, spoiled: str) -> None:
    secrets = {**keys(far), spoiled: "no-such-thing"}
    with pytest.raises(Refused, match="developer console") as caught:
        account(far, tmp_path, secrets).publish(post)
    assert all(value not in repr(caught.value) for value in secrets.values())
    assert not far.posts()


def test_without_credentials_nothing_is_asked(tmp_path: Path, far: Any, post: Post) -> None:
    with pytest.raises(Refused, match="set `token`"):
        account(far, tmp_path, {"key": "only"}).publish(post)
    assert not far.requests


def test_a_thread_goes_on_after_its_last_part(tmp_path: Path, far: Any) -> None:
    told = thread(tmp_path)
    delivery = Bench.of(PLATFORMS["twitter"], tmp_path).delivery(told, far)
    far.accept_then_cut(path="/2/tweets", after=1)
    with pytest.raises(Unknown):
        delivery.publish()
    assert len(far.posts()) == 2
    assert delivery.settle()
    there = far.posts()
    assert [seen.text for seen in there] == list(told.parts)
    assert [seen.parent for seen in there] == ["", *(seen.id for seen in there[:-1])]


def test_a_lost_answer_is_found_by_its_words(tmp_path: Path, far: Any, post: Post) -> None:
    delivery = Bench.of(PLATFORMS["twitter"], tmp_path).delivery(post, far)
    far.accept_then_cut(path="/2/tweets")
    with pytest.raises(Unknown):
        delivery.publish()
    found = delivery.find()
    assert found
    assert (found.remote_id, found.seen) == (far.posts()[0].id, "read-back")
    assert delivery.settle()
    assert len(far.posts()) == 1


def test_the_same_words_again_are_in_doubt_and_not_posted_twice(tmp_path: Path, far: Any, post: Post) -> None:
    account(far, tmp_path).publish(post)
    with pytest.raises(Unknown, match="posted already"):
        account(far, tmp_path).publish(post)
    assert len(far.posts()) == 1


def test_a_host_without_its_scheme_is_known_again(tmp_path: Path, far: Any, post: Post) -> None:
    told = changed(post, parts=("看 www.hu.example/a 和 https://hu.example/b/",))
    receipt = account(far, tmp_path).publish(told)
    assert account(far, tmp_path).find(told, Known()).remote_id == receipt.remote_id


def test_other_words_are_not_taken_for_ours(tmp_path: Path, far: Any, post: Post) -> None:
    mine = account(far, tmp_path)
    mine.publish(changed(post, parts=(f"{TEXT} 又及",)))
    assert mine.find(post, Known()) is None
    with pytest.raises(Unknown, match="known no more"):
        mine.find(post, Known(frozen=False))


def test_more_than_a_page_is_looked_through(tmp_path: Path, far: Any, post: Post) -> None:
    mine = account(far, tmp_path)
    receipt = mine.publish(post)
    row = far.kept[receipt.remote_id]
    far.kept |= {str(10**19 + n): {**row, "text": f"{n}", "media": []} for n in range(130)}
    assert mine.find(post, Known()).remote_id == receipt.remote_id
    far.kept |= {str(10**19 + n): {**row, "text": f"{n}", "media": []} for n in range(600)}
    with pytest.raises(Unknown, match="over 500"):
        mine.find(post, Known())


def test_withdraw_deletes_each_part_the_last_one_first(tmp_path: Path, far: Any) -> None:
    told, mine = thread(tmp_path), account(far, tmp_path / "out")
    receipt = mine.publish(told)
    ids = [seen.id for seen in far.posts()]
    mine.withdraw(told, known(receipt))
    mine.withdraw(told, known(receipt))
    assert not far.posts()
    gone = [r.path.rpartition("/")[2] for r in far.requests if r.method == "DELETE"]
    assert gone == [*reversed(ids), *reversed(ids)]
    assert mine.find(told, known(receipt)) is None


def test_a_post_that_a_person_confirmed_is_known_by_its_address(tmp_path: Path, far: Any, post: Post) -> None:
    mine = account(far, tmp_path)
    receipt = mine.publish(post)
    by_hand = Receipt("", f"https://x.com/huyu/status/{receipt.remote_id}?s=20")
    assert mine.find(post, known(by_hand)).remote_id == receipt.remote_id
    mine.withdraw(post, known(by_hand))
    assert not far.posts()


def test_it_is_counted_as_x_counts_and_edits_nothing(tmp_path: Path, far: Any, post: Post) -> None:
    limit = PLATFORMS["twitter"].limits["text"]
    assert [count(text, limit) for text in ("沪" * 140, "a" * 280, PAGE, "😀")] == [280, 280, 23, 2]
    with pytest.raises(Refused, match="too long"):
        account(far, tmp_path).publish(changed(post, parts=("沪" * 141,)))
    assert not hasattr(account(far, tmp_path), "revise")


@pytest.mark.parametrize(
    ("status", "said", "error", "told"),
    [
        (402, "does not have any credits", Refused, "buy some"),
        (403, "not permitted to perform this action", Refused, "read and write"),
        (400, "media IDs are invalid", Refused, "invalid"),
        (503, "Service Unavailable", Unknown, "Unavailable"),
    ],
)
def test_each_error_says_what_to_do(
    tmp_path: Path, far: Any, post: Post, status: int, said: str, error: Any, told: str
) -> None:
    far.answer(Reply(status, {"title": "Problem", "detail": said, "status": status}), path="/2/tweets")
    with pytest.raises(error, match=told):
        account(far, tmp_path).publish(post)


def test_a_rate_that_is_used_up_is_waited_for(tmp_path: Path, far: Any, post: Post) -> None:
    far.answer(Reply(429, {"title": "Too Many Requests"}, {"x-rate-limit-reset": "37"}), path="/2/tweets")
    with pytest.raises(Busy) as busy:
        account(far, tmp_path).publish(post)
    assert busy.value.retry_after
    assert busy.value.retry_after.total_seconds() == 37


@pytest.mark.parametrize("answer", [{"fine": 1}, ["x"], {"data": {}}, {"data": {"id": "x"}}])
def test_an_answer_that_names_no_post_is_in_doubt(tmp_path: Path, far: Any, post: Post, answer: Any) -> None:
    far.answer(Reply(201, answer), path="/2/tweets")
    with pytest.raises(Unknown):
        account(far, tmp_path).publish(post)


def test_hostile_words_are_words(tmp_path: Path, far: Any) -> None:
    evil = "<b>&amp; \u202e {{7*7}} https://a.example/&lt;"
    mine = account(far, tmp_path)
    told = changed(hostile(tmp_path / "in"), text=evil, parts=(evil,))
    receipt = mine.publish(told)
    assert far.posts()[0].text == evil
    assert mine.find(told, Known()).remote_id == receipt.remote_id


def test_readme_lists_every_setting_and_what_it_costs() -> None:
    readme = (ROOT / "channels" / "twitter" / "README.md").read_text(encoding="utf-8")
    assert all(row in readme for row in settings_rows(PLATFORMS["twitter"]))
    assert "tried against its own fake only" in readme
    assert "$0.200" in readme


def test_a_login_lasts_by_tokens_that_renew_themselves(tmp_path: Path, far: Any) -> None:
    """Each refresh token is good once: the next one is kept with the access token."""
    far.oauth.rotates = True
    shown = [""]
    page = account(far, tmp_path, secrets={})
    given = page.login(lambda _words, address: shown.append(address), lambda _words: far.code(shown[-1]))
    assert {*given} == {"client_secret", "refresh"}
    assert "offline.access" in shown[-1]
    told = Bench.of(PLATFORMS["twitter"], tmp_path).delivery(article(tmp_path / "in"), far, secrets=given)
    told.publish()
    assert far.oauth.renewed == 1
    far.oauth.end()
    assert told.state
    (name,) = told.state.all("access-token")
    told.state.set(name, told.state.get(name), expires=NOW)
    assert told.find()
    assert far.oauth.renewed == 2
    with pytest.raises(Refused, match="set `client` first"):
        account(far, tmp_path, secrets={}, client="").login(lambda _words, _address: None, lambda _words: "x")
