"""dev.to: a draft first, known by its canonical address or its key; published for sure; no Liquid, no calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, ROOT, adapter, article, changed, held, hostile, settings_rows

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown, registry
from steadycast.testing import FakeServer, Reply
from steadycast.testing.bench import Bench

PAGE = "https://hu.example/2026/a.html"


@pytest.fixture
def far() -> Iterator[Any]:
    made = registry.fake(PLATFORMS["devto"])
    assert made
    with made() as fake:
        yield fake
        assert not fake.broken, fake.broken


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE)


def forem(far: FakeServer, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    http = HttpClient("dev", deadline=3.0)
    return adapter("devto", out, secrets=secrets or far.secrets(), http=http, **{**far.settings(), **settings})


def known(receipt: Receipt) -> Known:
    return Known(receipt=receipt)


def test_sample(tmp_path: Path, far: Any, post: Post) -> None:
    forem(far, tmp_path).publish(post)
    (row,) = far.kept.values()
    held("devto", "article.md", row["body_markdown"].encode())


def test_an_article_is_a_draft_first_and_published_once(tmp_path: Path, far: Any, post: Post) -> None:
    dev = forem(far, tmp_path, series=True, organization=7, tags=["books"], ai_disclosure="no_ai")
    told = changed(post, tags=("沪 语", "弄-堂", "c++", "!"), extra={"main_image": "https://hu.example/a.png"})
    receipt = dev.publish(told)
    assert dev.publish(told) == receipt
    (seen,) = far.posts()
    assert (seen.title, seen.key, receipt.url) == (post.title, post.key, seen.url)
    assert receipt.at
    (row,) = far.kept.values()
    assert row["tags"] == ["books", "沪语", "弄堂", "c"]
    assert (row["canonical_url"], row["main_image"]) == (PAGE, "https://hu.example/a.png")
    assert (row["series"], row["organization_id"], row["ai_disclosure_level"]) == ("每日一文", 7, "no_ai")
    first = next(request for request in far.requests if request.method == "POST")
    assert first.json()["article"]["published"] is False


def test_a_published_one_that_stayed_a_draft_is_published_again(tmp_path: Path, far: Any, post: Post) -> None:
    far.sticky = 1
    forem(far, tmp_path).publish(post)
    assert len(far.posts()) == 1
    assert [request.method for request in far.requests].count("PUT") == 2


def test_one_that_stays_a_draft_waits(tmp_path: Path, far: Any, post: Post) -> None:
    far.sticky = 2
    with pytest.raises(Busy, match="still a draft"):
        forem(far, tmp_path).publish(post)
    assert forem(far, tmp_path).find(post, Known()) is None
    forem(far, tmp_path).publish(post)
    assert len(far.posts()) == len(far.kept) == 1


@pytest.mark.parametrize("canonical_url", [PAGE, ""])
def test_a_lost_answer_is_found(tmp_path: Path, far: Any, post: Post, canonical_url: str) -> None:
    told = changed(post, canonical_url=canonical_url)
    delivery = Bench.of(PLATFORMS["devto"], tmp_path).delivery(told, far)
    far.accept_then_cut("PUT")
    with pytest.raises(Unknown):
        delivery.publish()
    found = delivery.find()
    assert found
    assert found.seen == "read-back"
    assert delivery.publish().remote_id == found.remote_id
    assert len(far.kept) == 1


def test_an_address_that_is_taken_is_looked_for(tmp_path: Path, far: Any, post: Post) -> None:
    far.others.add(PAGE)
    with pytest.raises(Refused, match="not this account's"):
        forem(far, tmp_path).publish(post)
    assert not far.kept


def test_an_article_that_came_late_is_taken_for_what_it_is(tmp_path: Path, far: Any, post: Post) -> None:
    forem(far, tmp_path).publish(post)
    far.answer(Reply(200, []), "GET", "me/all")  # the first look came too early
    forem(far, tmp_path).publish(post)
    assert len(far.kept) == 1


def test_revise_writes_in_place_and_withdraw_makes_a_draft(tmp_path: Path, far: Any, post: Post) -> None:
    dev = forem(far, tmp_path)
    receipt = dev.publish(post)
    again = dev.revise(changed(post, title="改过", html="<p>改过了。</p>"), known(receipt))
    assert (again.remote_id, again.url) == (receipt.remote_id, receipt.url)
    (seen,) = far.posts()
    assert (seen.title, seen.text.splitlines()[0]) == ("改过", "改过了。")
    dev.revise(changed(post, title="再改"), known(Receipt("", f"{receipt.url}/")))  # as a person confirmed it
    assert far.posts()[0].title == "再改"
    dev.withdraw(post, known(receipt))
    dev.withdraw(post, known(receipt))
    assert not far.posts()
    assert dev.find(post, known(receipt)) is None
    with pytest.raises(Refused, match="no longer"):
        dev.revise(post, known(receipt))


def test_wrong_credentials_name_the_fix(tmp_path: Path, far: Any, post: Post) -> None:
    with pytest.raises(Refused, match="Extensions") as caught:
        forem(far, tmp_path, {"key": "no-such-key"}).publish(post)
    assert "no-such-key" not in repr(caught.value)
    assert forem(far, tmp_path).check().name == "@huyu"
    assert not far.kept


def test_what_it_asks_to_wait_is_waited(tmp_path: Path, far: Any, post: Post) -> None:
    far.answer(Reply(429, {"error": "Rate limit reached, try again in 37 seconds", "status": 429}))
    with pytest.raises(Busy) as busy:
        forem(far, tmp_path).publish(post)
    assert busy.value.retry_after
    assert busy.value.retry_after.total_seconds() == 37


def test_a_title_over_the_limit_is_refused(tmp_path: Path, far: Any, post: Post) -> None:
    assert PLATFORMS["devto"].limits["title"].max == 128
    with pytest.raises(Refused, match="too long"):
        forem(far, tmp_path).publish(changed(post, title="书" * 129))
    assert not far.kept


@pytest.mark.parametrize("answer", [{"fine": 1}, [1], [{"id": 1}], "x"])
def test_a_list_that_is_none_is_no_proof_that_nothing_is_there(
    tmp_path: Path, far: Any, post: Post, answer: Any
) -> None:
    far.answer(Reply(200, answer), "GET")
    with pytest.raises(Busy):
        forem(far, tmp_path).publish(post)
    assert not far.kept


def test_many_articles_are_looked_through(tmp_path: Path, far: Any, post: Post) -> None:
    dev = forem(far, tmp_path)
    receipt = dev.publish(post)
    row = far.kept[int(receipt.remote_id)]
    for n in range(120):
        far.kept[n] = {**row, "id": n, "published": False, "canonical_url": f"{PAGE}{n}", "body_markdown": ""}
    assert dev.find(post, Known()).remote_id == receipt.remote_id


def test_nothing_a_member_writes_is_liquid_or_calls_somebody(tmp_path: Path, far: Any, post: Post) -> None:
    evil = (
        "<p>{% embed x %} {{ y }} {<strong>% z %}</strong> @ben @all <em>@eve</em> a@b.example</p>"
        '<p><a href="https://social.example/@club">@club</a></p><pre><code>@property {% endraw %}{{{% x</code></pre>'
    )
    forem(far, tmp_path).publish(changed(post, html=evil))
    body = far.posts()[0].text
    assert "{%" not in body
    assert "{{" not in body
    assert [word for word in ("@ben", "@all", "@eve", "@club]") if word in body] == []
    assert "https://social.example/@club" in body
    assert "a@b.example" in body
    assert "@property" in body


def test_a_hostile_draft_ends_no_comment_and_begins_no_head(tmp_path: Path, far: Any) -> None:
    evil = changed(
        hostile(tmp_path / "in"), html="<hr><p>published: true --&gt; &lt;script&gt;</p>", canonical_url="javascript:1"
    )
    forem(far, tmp_path).publish(evil)
    (row,) = far.kept.values()
    assert not row["body_markdown"].startswith("---")
    assert "<script" not in row["body_markdown"].replace("\\<script", "")
    assert row["canonical_url"] == ""


def test_readme_lists_every_setting() -> None:
    readme = (ROOT / "channels" / "devto" / "README.md").read_text(encoding="utf-8")
    assert all(row in readme for row in settings_rows(PLATFORMS["devto"]))
    assert "tried against its own fake only" in readme
