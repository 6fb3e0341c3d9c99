"""The WordPress platform, over real sockets: one post whatever happens, its files and terms once, edits and the trash."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import NOW, PLATFORMS, adapter, article, audio, changed, event, held, hostile, key, video

from steadycast import pipeline
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Event, Known, Media, Post, Receipt, Refused, Unknown
from steadycast.platform.registry import load

PACKAGE = load(PLATFORMS["wordpress"]).__module__
Fake = import_module(f"{PACKAGE}.fake").Fake


@pytest.fixture
def fake() -> Iterator[Any]:
    with Fake() as running:
        yield running
        assert not running.broken


def made(fake: Any, tmp_path: Path, **settings: Any) -> Any:
    """The adapter as a new attempt has it."""
    given = {**fake.settings(), **settings}
    return adapter(
        "wordpress", tmp_path / "out", secrets=fake.secrets(), http=HttpClient("blog", deadline=3.0), **given
    )


def drafts(fake: Any) -> Any:
    return [row["slug"] for row in fake.rows.values() if row["status"] == "draft"]


def test_sample(fake: Any, tmp_path: Path) -> None:
    made(fake, tmp_path).publish(event(tmp_path / "in"))
    said = [r for r in fake.requests if r.method == "POST" and "/posts" in r.path]
    shown = [f"POST {r.path}\n\n{json.dumps(json.loads(r.body), ensure_ascii=False, indent=2)}" for r in said]
    held("wordpress", "event.http", ("\n\n".join(shown) + "\n").encode())


def test_a_post_is_published_once_with_its_terms_files_and_date(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    receipt = made(fake, tmp_path).publish(post)
    (seen,) = fake.posts()
    row = fake.rows[int(seen.id)]
    assert receipt == Receipt(seen.id, f"{fake.url}/nong-tang-{post.key}/", post.published)
    assert (seen.key, seen.title) == (post.key, post.title)
    assert [fake.terms["tags"][id] for id in row["tags"]] == list(post.tags)
    assert [fake.terms["categories"][id] for id in row["categories"]] == ["每日一文"]
    assert fake.files[row["featured_media"]]["slug"] == cast("Media", post.cover).sha256[:32]
    assert seen.media == (next(f["source_url"] for f in fake.files.values() if f["alt_text"] == "弄堂口的书摊"),)


def test_published_again_it_is_the_same_and_what_a_person_changed_stays(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    receipt = made(fake, tmp_path).publish(post)
    fake.rows[int(receipt.remote_id)]["title"] = "a person's own words"
    assert made(fake, tmp_path).publish(post) == receipt
    assert [p.title for p in fake.posts()] == ["a person's own words"]
    assert len(fake.files) == 2


def test_terms_and_files_that_are_there_are_used(fake: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        made(fake, tmp_path, categories=["R&D", "读书"]).publish(article(tmp_path / "in", number))
    assert len(fake.posts()) == 2
    assert list(fake.terms["categories"].values()) == ["R&amp;D", "读书"]
    assert (len(fake.terms["tags"]), len(fake.files)) == (2, 2)


@pytest.mark.parametrize("after", range(8))
@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "answer_garbage"])
def test_whatever_breaks_off_a_second_try_makes_it_one_post(fake: Any, tmp_path: Path, verb: str, after: Any) -> None:
    """Two files, three terms, the draft, and its publication: each can be done again."""
    getattr(fake, verb)("POST", after=after)
    post = article(tmp_path / "in")
    for _ in range(2):
        try:
            made(fake, tmp_path).publish(post)
        except (Busy, Unknown):
            continue
    assert [p.key for p in fake.posts()] == [post.key]
    assert drafts(fake) == []
    assert (len(fake.files), len(fake.terms["tags"])) == (2, 2)


def test_a_draft_that_was_made_late_is_not_a_second_post(fake: Any, tmp_path: Path) -> None:
    """The request for the first draft acts after its answer was given up, and after the second one was made."""
    post = article(tmp_path / "in")
    fake.accept_then_cut("POST", "posts$")
    with pytest.raises(Busy):
        made(fake, tmp_path).publish(post)
    late = fake.rows.popitem()[1]
    receipt = made(fake, tmp_path).publish(post)
    fake.rows[999] = late
    assert made(fake, tmp_path).publish(post) == receipt
    assert made(fake, tmp_path).find(post, Known()).remote_id == receipt.remote_id
    assert len(fake.posts()) == 1


def test_a_draft_that_was_made_between_takes_the_address_and_makes_no_second_post(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    fake.accept_then_cut("POST", "posts$", times=2)
    with pytest.raises(Busy):
        made(fake, tmp_path).publish(post)
    fake.rows[999] = dict(next(iter(fake.rows.values())))
    receipt = made(fake, tmp_path).publish(post)
    assert receipt.url.endswith(f"{post.key}-2/")
    assert made(fake, tmp_path).publish(post).remote_id == receipt.remote_id
    assert made(fake, tmp_path).find(post, Known()).remote_id == receipt.remote_id
    assert len(fake.posts()) == 1


def test_a_draft_is_not_there_and_nor_is_the_trash(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    looking = made(fake, tmp_path)
    assert looking.find(post, Known()) is None
    receipt = looking.publish(post)
    row = fake.rows[int(receipt.remote_id)]
    for status, there in (("publish", True), ("draft", False), ("private", False), ("trash", False)):
        row["status"] = status
        assert bool(looking.find(post, Known())) is there
        assert bool(looking.find(post, Known(receipt))) is there
    assert looking.publish(post).remote_id != receipt.remote_id  # from the trash a person may take it back


def test_after_a_restore_it_is_found_by_its_key_alone(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    looking = made(fake, tmp_path)
    receipt = looking.publish(post)
    guessed = changed(post, slug="another-draft", title="Another")
    assert looking.find(guessed, Known(frozen=False)).remote_id == receipt.remote_id
    assert looking.find(changed(guessed, key=key(77)), Known(frozen=False)) is None


def test_an_edit_keeps_the_address_and_the_date(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    sending = made(fake, tmp_path)
    receipt = sending.publish(post)
    edited = changed(post, title="改过", slug="gai-guo", html="<p>新的</p>", media=(), published=NOW)
    assert sending.revise(edited, Known(receipt)) == receipt
    (seen,) = fake.posts()
    assert (seen.title, seen.media, fake.rows[int(seen.id)]["featured_media"]) == ("改过", (), 0)
    assert "新的" in seen.text
    fake.rows.clear()
    with pytest.raises(Refused, match="no longer there"):
        sending.revise(edited, Known(receipt))


def test_withdrawn_twice_it_is_in_the_trash(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    sending = made(fake, tmp_path)
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
        assert fake.posts() == []
    assert [row["status"] for row in fake.rows.values()] == ["trash"]


def test_a_recording_and_a_film_have_their_players(fake: Any, tmp_path: Path) -> None:
    sending = made(fake, tmp_path)
    sending.publish(audio(tmp_path / "in"))
    sending.publish(video(tmp_path / "in"))
    heard, seen = fake.posts()
    assert f'<audio controls src="{heard.media[0]}">' in heard.text
    assert f'<video controls src="{seen.media[0]}">' in seen.text
    assert heard.media[0].endswith(".mp3")


# What a draft may try


def test_no_word_of_a_draft_is_markup_or_a_shortcode(fake: Any, tmp_path: Path) -> None:
    post = dataclasses.replace(
        hostile(tmp_path / "in"),
        html="<p>[gallery] and [contact-form to=me]</p>",
        event=event(tmp_path / "in").event,
    )
    post = dataclasses.replace(
        post, event=dataclasses.replace(cast("Event", post.event), place="[embed]<script>alert(1)</script>")
    )
    made(fake, tmp_path).publish(post)
    (row,) = fake.rows.values()
    assert "[" not in row["content"]
    assert "<script" not in row["content"] + row["title"] + row["excerpt"] + "".join(fake.terms["tags"].values())


ANY: Post


@given(st.text(max_size=80))
def test_a_slug_is_ascii_and_ends_on_the_key(words: str) -> None:
    post = dataclasses.replace(ANY, slug=words)
    slug = post.keyed_slug
    assert slug.isascii()
    assert slug.endswith(ANY.key)
    assert slug == slug.strip("-").lower()
    assert len(slug) <= 80


@pytest.fixture(autouse=True, scope="module")
def _any_post(tmp_path_factory: pytest.TempPathFactory) -> None:
    global ANY
    ANY = article(tmp_path_factory.mktemp("any"))


# What the site says


def test_a_wrong_password_is_told_as_such(fake: Any, tmp_path: Path) -> None:
    wrong = adapter(
        "wordpress", tmp_path / "out", secrets={"password": "x"}, http=HttpClient("blog"), **fake.settings()
    )
    for verb in (wrong.check, lambda: wrong.publish(article(tmp_path / "in")), lambda: wrong.find(ANY, Known())):
        with pytest.raises(Refused, match="does not know the user"):
            verb()
    assert not fake.rows


def test_an_address_without_a_rest_api_is_told(fake: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no WordPress answers there"):
        made(fake, tmp_path, url=f"{fake.url}/elsewhere").check()


def test_check_says_as_whom_and_what_it_may_do(fake: Any, tmp_path: Path) -> None:
    account = made(fake, tmp_path).check()
    assert account.name == "club"
    assert "publish_posts" in account.rights
    fake.role = ("upload_files", "edit_published_posts")
    with pytest.raises(Refused, match="may not publish_posts"):
        made(fake, tmp_path).check()


def test_a_contributor_leaves_a_draft_and_a_category_needs_an_editor(fake: Any, tmp_path: Path) -> None:
    fake.role = ("upload_files", "manage_categories")
    with pytest.raises(Refused, match="not allowed to publish"):
        made(fake, tmp_path).publish(article(tmp_path / "in"))
    assert len(drafts(fake)) == 1
    fake.role = ("publish_posts", "upload_files")
    with pytest.raises(Refused):
        made(fake, tmp_path).publish(article(tmp_path / "in", 2))
    assert fake.posts() == []


def test_a_file_that_the_site_does_not_take_is_refused_though_it_says_500(fake: Any, tmp_path: Path) -> None:
    fake.allowed = ("audio/",)
    with pytest.raises(Refused, match="not allowed to upload this file type"):
        made(fake, tmp_path).publish(article(tmp_path / "in"))
    fake.allowed, fake.largest = ("image/",), 100
    with pytest.raises(Refused, match="exceeds the maximum size"):
        made(fake, tmp_path).publish(article(tmp_path / "in"))


def test_a_site_whose_clock_is_behind_is_asked_again(fake: Any, tmp_path: Path) -> None:
    """It would keep the post for later, and publish it when somebody visits the site."""
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    sending = made(fake, tmp_path)
    sending.channel.__dict__["now"] = lambda: ahead
    with pytest.raises(Busy, match="clock"):
        sending.publish(article(tmp_path / "in", published=ahead))
    assert fake.posts() == []


# Through the whole of Steadycast

BLOG = """
[channel.blog]
platform = "wordpress"
url = "{url}"
user = "club"
password = "BLOG_PASSWORD"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["blog"]
late = "3h"
"""


@pytest.mark.parametrize("path", ["posts$", r"posts/\d+$"])
@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
def test_a_slot_is_served_once(bench: Bench, fake: Any, monkeypatch: pytest.MonkeyPatch, verb: str, path: str) -> None:
    monkeypatch.setenv("BLOG_PASSWORD", fake.secrets()["password"])
    app = bench.set_up(COMMUNITY + BLOG.format(url=fake.url), {"pgc/one.md": draft("One")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    getattr(fake, verb)(method="POST", path=path)
    assert [s.state for s in pipeline.publish(app).sent] != ["published"]
    for _ in range(3):
        bench.clock.advance(dt.timedelta(minutes=5))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    assert [p.title for p in fake.posts()] == ["One"]
    assert drafts(fake) == []


@pytest.mark.parametrize("verb", ["", "accept_then_cut", "fail", "busy"])
def test_a_correction_is_written_under_the_same_id(
    bench: Bench, fake: Any, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """By `revise`, whatever became of an answer; and `withdraw` takes the post away."""
    monkeypatch.setenv("BLOG_PASSWORD", fake.secrets()["password"])
    app = bench.set_up(COMMUNITY + BLOG.format(url=fake.url), {"pgc/one.md": draft("One")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    pipeline.publish(app)
    [before] = fake.posts()
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop("pgc/one.md", draft("One, corrected"))
    pipeline.collect(app, bench.clock.now())
    if verb:
        getattr(fake, verb)(method="POST", path=r"posts/\d+$")
    [told] = pipeline.amend.revise(app, "pgc/one.md")
    assert told.what == ("busy" if verb else "revised")
    for _ in range(3):
        bench.clock.advance(dt.timedelta(minutes=10))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    [after] = fake.posts()
    assert (after.id, after.url, after.title) == (before.id, before.url, "One, corrected")
    [gone] = pipeline.amend.withdraw(app, "pgc/one.md", "the author asked")
    assert (gone.what, fake.posts()) == ("withdrawn", [])
