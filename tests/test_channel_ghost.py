"""The Ghost platform, over real sockets: one post whatever happens, its files and its letter once, edits that collide."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import PLATFORMS, adapter, article, audio, changed, event, held, hostile, key, media, video

from steadycast import ops, pipeline
from steadycast.outgoing import HttpClient
from steadycast.platform import Account, Busy, Event, Known, Media, Receipt, Refused, Unknown
from steadycast.platform.registry import load
from steadycast.render.sanitise import clean

PACKAGE = load(PLATFORMS["ghost"]).__module__
API, CONTENT = import_module(f"{PACKAGE}.api"), import_module(f"{PACKAGE}.content")
Fake = import_module(f"{PACKAGE}.fake").Fake


@pytest.fixture
def fake() -> Iterator[Any]:
    with Fake() as running:
        yield running
        assert not running.broken


def made(fake: Any, tmp_path: Path, *, key: str = "", **settings: Any) -> Any:
    """The adapter as a new attempt has it."""
    given, secrets = {**fake.settings(), **settings}, {"key": key} if key else fake.secrets()
    return adapter("ghost", tmp_path / "out", secrets=secrets, http=HttpClient("blog", deadline=3.0), **given)


def drafts(fake: Any) -> Any:
    return [row["slug"] for row in fake.rows.values() if row["status"] == "draft"]


def test_sample(fake: Any, tmp_path: Path) -> None:
    sending = made(fake, tmp_path, tags=["每日一文"], newsletter="weekly")
    sending.publish(event(tmp_path / "in"))
    sending.publish(article(tmp_path / "in", canonical_url="https://hu.example/p/1.html"))
    said = [r for r in fake.requests if r.method in ("POST", "PUT") and "/posts/" in r.path]
    shown = [f"{r.method} {r.target}\n\n{json.dumps(r.json(), ensure_ascii=False, indent=2)}" for r in said]
    sample = ("\n\n".join(shown) + "\n").replace(fake.url, "https://blog.example")
    held("ghost", "posts.http", re.sub(r"/content/images/\d{4}/\d\d/", "/content/images/2026/11/", sample).encode())


def test_a_post_is_published_once_with_its_tags_files_and_date(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in", canonical_url="https://hu.example/p/1.html")
    cover = dataclasses.replace(cast("Media", post.cover), alt="字" * 200)
    receipt = made(fake, tmp_path, tags=["每日一文"]).publish(changed(post, media=(cover, *post.of("image"))))
    (seen,) = fake.posts()
    row = fake.rows[seen.id]
    assert (receipt.remote_id, receipt.url, receipt.at) == (
        seen.id,
        f"{fake.url}/nong-tang-{post.key}/",
        post.published,
    )
    assert (seen.key, seen.title, row["custom_excerpt"]) == (post.key, post.title, post.summary)
    assert row["tags"] == ["每日一文", *post.tags, f"#steadycast-{post.key}"]
    assert row["canonical_url"] == "https://hu.example/p/1.html"
    assert cover.sha256[:32] in row["feature_image"]
    assert len(row["feature_image_alt"]) == 191
    assert row["html"].startswith("<p><em>阿丽</em></p>")
    assert len(seen.media) == 1


def test_each_request_has_a_token_of_its_own_that_ends_within_five_minutes(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(100))
    began = API.time.time()
    monkeypatch.setattr(API.time, "time", lambda: began - next(seconds))
    made(fake, tmp_path).publish(article(tmp_path / "in"))
    tokens = [r.headers["Authorization"] for r in fake.requests if "/ghost/" in r.path]
    assert len(set(tokens)) == len(tokens) > 5


def test_published_again_it_is_the_same_and_what_a_person_changed_stays(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    receipt = made(fake, tmp_path).publish(post)
    fake.touch(receipt.remote_id, title="a person's own words")
    assert made(fake, tmp_path).publish(post).url == receipt.url
    assert [p.title for p in fake.posts()] == ["a person's own words"]
    assert len(fake.files) == 2


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "answer_garbage"])
def test_whatever_breaks_off_a_second_try_makes_it_one_post(fake: Any, tmp_path: Path, verb: str, after: Any) -> None:
    """Two files, the draft, and its publication: each can be done again."""
    getattr(fake, verb)(after=after)
    post = article(tmp_path / "in")
    for _ in range(2):
        try:
            made(fake, tmp_path).publish(post)
        except (Busy, Unknown):
            continue
    assert [p.key for p in fake.posts()] == [post.key]
    assert drafts(fake) == []
    assert len(fake.files) == 2


def test_a_draft_that_was_made_late_is_not_a_second_post(fake: Any, tmp_path: Path) -> None:
    """The request for the first draft acts after its answer was given up, and after the second one was made."""
    post = article(tmp_path / "in")
    fake.accept_then_cut("POST", "posts/$")
    with pytest.raises(Busy):
        made(fake, tmp_path).publish(post)
    id, late = fake.rows.popitem()
    receipt = made(fake, tmp_path).publish(post)
    fake.rows[id] = late | {"slug": f"{late['slug']}-2"}
    assert made(fake, tmp_path).publish(post) == receipt
    assert made(fake, tmp_path).find(post, Known()).remote_id == receipt.remote_id
    assert len(fake.posts()) == 1


def test_it_is_found_by_its_slug_or_its_tag_or_its_id(fake: Any, tmp_path: Path) -> None:
    """A person may change an address, and tidy up tags."""
    post, looking = article(tmp_path / "in"), made(fake, tmp_path)
    assert looking.find(post, Known()) is None
    receipt = looking.publish(post)
    row = fake.rows[receipt.remote_id]
    for change in ({"slug": "ours"}, {"slug": post.keyed_slug, "tags": []}):
        row.update(change)
        assert looking.find(post, Known()).remote_id == receipt.remote_id
    row.update(slug="ours", tags=[])
    assert looking.find(post, Known()) is None
    assert looking.find(post, Known(receipt)).url == f"{fake.url}/ours/"
    guessed = changed(post, slug="another-draft", title="Another")
    row.update(slug=post.keyed_slug, tags=[f"#steadycast-{post.key}"])
    assert looking.find(guessed, Known(frozen=False)).remote_id == receipt.remote_id
    assert looking.find(changed(guessed, key=key(77)), Known(frozen=False)) is None


def test_an_edit_keeps_the_address_and_the_date(fake: Any, tmp_path: Path) -> None:
    post, sending = article(tmp_path / "in"), made(fake, tmp_path)
    receipt = sending.publish(post)
    edited = changed(post, title="改过", slug="gai-guo", html="<p>新的</p>", media=())
    there = sending.revise(edited, Known(receipt))
    assert (there.remote_id, there.url, there.at) == (receipt.remote_id, receipt.url, receipt.at)
    (seen,) = fake.posts()
    assert (seen.title, seen.media, fake.rows[seen.id]["feature_image"]) == ("改过", (), None)
    assert sending.revise(edited, Known(receipt)) == there  # as if its answer had been lost
    fake.rows.clear()
    with pytest.raises(Refused, match="no longer on the site"):
        sending.revise(edited, Known(receipt))


def test_what_somebody_edited_is_told_and_stays_until_the_draft_says_otherwise(fake: Any, tmp_path: Path) -> None:
    post, sending = article(tmp_path / "in"), made(fake, tmp_path)
    receipt = sending.publish(post)
    fake.touch(receipt.remote_id, title="a person's own words")
    edited = changed(post, title="改过")
    with pytest.raises(Refused, match="somebody edited this post in Ghost"):
        sending.revise(edited, Known(receipt))
    assert [p.title for p in fake.posts()] == ["a person's own words"]
    sending.revise(changed(edited, extra={"overwrite": True}), Known(receipt))
    fake.touch(receipt.remote_id, title="again")
    sending.revise(edited, Known(Receipt("", receipt.url, seen="person")))  # nobody knows since when: as it is now
    assert [p.title for p in fake.posts()] == ["改过"]


def test_withdrawn_twice_it_is_a_draft(fake: Any, tmp_path: Path) -> None:
    post, sending = article(tmp_path / "in"), made(fake, tmp_path)
    receipt = sending.publish(post)
    fake.touch(receipt.remote_id, title="a person's own words")
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
        assert fake.posts() == []
    assert sending.find(post, Known(receipt)) is None
    assert [(row["status"], row["title"]) for row in fake.rows.values()] == [("draft", "a person's own words")]
    assert sending.publish(post).remote_id == receipt.remote_id


def test_a_newsletter_is_sent_once_and_not_where_the_draft_says_no(fake: Any, tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    sending = made(fake, tmp_path, newsletter="weekly", email_segment="status:free")
    fake.accept_then_cut("PUT")
    with pytest.raises(Unknown):
        sending.publish(post)
    receipt = sending.publish(post)
    sending.revise(changed(post, title="改过"), Known(receipt))
    sending.withdraw(post, Known(receipt))
    sending.publish(post)
    sending.publish(article(tmp_path / "in", 2, extra={"newsletter": False}))
    assert fake.sent == [(receipt.remote_id, "weekly", "status:free")]
    assert len(fake.posts()) == 2


def test_a_newsletter_that_is_not_there_is_told_before_anything_is_written(fake: Any, tmp_path: Path) -> None:
    for verb in ("check", "publish"):
        with pytest.raises(Refused, match="no newsletter called daily; there are: weekly"):
            getattr(made(fake, tmp_path, newsletter="daily"), verb)(*[article(tmp_path / "in")] * (verb == "publish"))
    assert not fake.rows
    fake.mailgun = False
    with pytest.raises(Refused, match="no Mailgun"):
        made(fake, tmp_path, newsletter="weekly").check()


def test_a_recording_a_film_and_papers_are_cards(fake: Any, tmp_path: Path) -> None:
    sending = made(fake, tmp_path)
    paper = media(tmp_path / "in", "attachment", "plan.pdf", "application/pdf", b"%PDF-1.4")
    sending.publish(audio(tmp_path / "in", title="R&D <1>"))
    sending.publish(video(tmp_path / "in"))
    sending.publish(event(tmp_path / "in", media=(paper,)))
    heard, seen, meeting = fake.posts()
    assert f'<audio src="{heard.media[0]}"></audio>' in heard.text
    assert '<div class="kg-audio-title">R＆D ＜1＞</div><span class="kg-audio-duration">1:01</span>' in heard.text
    assert f'<video src="{seen.media[0]}" width="640" height="360">' in seen.text
    assert re.search(r'data-kg-thumbnail="[^"]+/content/images/', seen.text)
    assert "上海图书馆东馆" in meeting.text
    assert re.search(
        r'href="[^"]+/content/files/[^"]+\.pdf"><div class="kg-file-card-title">plan.pdf</div>', meeting.text
    )


# What its editor keeps

CARD = "<!--kg-card-begin: html-->\n{}\n<!--kg-card-end: html-->".format


@pytest.mark.parametrize(
    "block",
    [
        '<p>a <strong>b</strong> <a href="https://e.example/">c</a> <code>d</code><br>e<sup>f</sup></p>',
        '<h2 id="h-a">x</h2>',
        "<ul>\n<li>a\n<ol>\n<li>\n<p>b</p>\n</li>\n</ol>\n</li>\n</ul>",
        "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>",
        '<pre class="highlight"><code class="language-python"><span class="k">for</span></code></pre>',
        '<figure><img src="x" alt=""><figcaption>y</figcaption></figure>',
        "<hr>",
    ],
)
def test_what_the_editor_keeps_is_given_as_it_is(block: str) -> None:
    assert CONTENT.body_of(block) == block


@pytest.mark.parametrize(
    "block",
    [
        "<p>a <mark>b</mark></p>",
        "<p><ruby>a<rt>b</rt></ruby></p>",
        '<p>a <img src="x"> b</p>',
        '<p><a href="https://e.example/"><img src="x"></a></p>',
        "<ul><li><p>a</p><p>b</p></li></ul>",
        "<blockquote><ul><li>a</li></ul></blockquote>",
        "<ul><li><pre><code>a</code></pre></li></ul>",
        "<details><summary>a</summary><p>b</p></details>",
        "<div><p>a</p></div>",
        '<p>a<sup><a href="#n" id="r">1</a></sup></p>\n<section><ol><li id="n"><a href="#r">b</a></li></ol></section>',
    ],
)
def test_what_the_editor_would_lose_something_of_is_a_card(block: str) -> None:
    assert CONTENT.body_of(block) == CARD(block.replace("</p>\n<section", "</p>\n\n\n<section")).replace("\n\n\n", "\n")


def test_what_it_knows_under_another_name_is_given_by_that() -> None:
    assert CONTENT.body_of("<p>a <del>b</del> <span>c</span></p>") == "<p>a <s>b</s> c</p>"
    assert CONTENT.body_of('<p><img src="x" alt="y"></p>') == '<figure><img src="x" alt="y"></figure>'
    assert CONTENT.body_of("<table><tr><td>a</td></tr></table>") == CARD(
        '<div style="overflow-x:auto"><table><tr><td>a</td></tr></table></div>'
    )


@given(st.text(alphabet='<>/&;pabdivmrkhul=" \n#id', max_size=80))
def test_of_no_body_a_word_is_lost_and_none_stands_bare_in_a_card(source: str) -> None:
    """A card takes bare words for HTML, and would bring to life what was escaped in them."""
    body = clean(source, ugc=True)
    given = CONTENT.body_of(body)
    assert words(given) == words(body)
    for card in re.findall(r"<!--kg-card-begin: html-->\n(.*?)\n<!--kg-card-end: html-->", given, re.DOTALL):
        assert card.startswith("<")
        assert card.endswith(">")


def words(shown: str) -> str:
    return "".join(html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", shown)).split())


def test_no_word_of_a_draft_is_markup_or_a_mark_of_ours(fake: Any, tmp_path: Path) -> None:
    """A tag that begins with # is internal: with one, a draft could pass for another post."""
    given = hostile(tmp_path / "in", tags=("#steadycast-aaaaaaaaaaaab", "\u3000\ufeff# #x", "# ", "<script>"))
    place = dataclasses.replace(cast("Event", event(tmp_path / "in").event), place="<script>alert(1)</script>{{7*7}}")
    given = changed(given, member_url='https://m.example/"><script>')
    made(fake, tmp_path).publish(dataclasses.replace(given, event=place))
    (row,) = fake.rows.values()
    assert row["tags"] == ["steadycast-aaaaaaaaaaaab", "x", "<script>", f"#steadycast-{given.key}"]
    assert row["canonical_url"] is None
    assert "<script" not in row["html"]
    assert "{{7*7}}" in row["html"]
    assert (row["title"], row["custom_excerpt"]) == (given.title, given.summary)  # plain text: the site escapes it


# What the site says


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("52f0d3917736a3aedba2eb3d57", "no Admin API key"),
        ("0" * 24 + ":" + "ab" * 32, "does not know this key"),
        ("6b0c46e9748bc361679265a2:" + "ab" * 32, "does not know this key"),
    ],
)
def test_a_wrong_key_is_told_as_such_and_nowhere_repeated(fake: Any, tmp_path: Path, wrong: str, said: str) -> None:
    post, sending = article(tmp_path / "in"), made(fake, tmp_path, key=wrong)
    for verb in (sending.check, lambda: sending.publish(post), lambda: sending.find(post, Known())):
        with pytest.raises(Refused, match=said) as refused:
            verb()
        assert wrong.rpartition(":")[2] not in f"{refused.value} {refused.value.__cause__!r}"
    assert not fake.rows


def test_a_clock_that_is_behind_is_told_with_how_much(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.ahead = 1000
    with pytest.raises(Busy, match="token is too old: this machine's clock is"):
        made(fake, tmp_path).publish(article(tmp_path / "in"))
    fake.ahead = -1000  # a token from later is good
    assert made(fake, tmp_path).check().name == "Club (Ghost 6.65)"
    told = import_module(f"{PACKAGE}.answers")
    answer = type(
        "Answer", (), {"headers": {"Date": f"{dt.datetime.now(dt.UTC) + dt.timedelta(hours=1):%a, %d %b %Y %T GMT}"}}
    )
    assert told.behind(answer) in range(3590, 3601)


def test_an_address_where_no_ghost_answers_is_told(fake: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no Ghost answers there"):
        made(fake, tmp_path, url=f"{fake.url}/elsewhere").check()
    assert made(fake, tmp_path, url=f"{fake.url}/ghost/").check().name == "Club (Ghost 6.65)"


def test_check_says_which_site_and_as_whom(fake: Any, tmp_path: Path) -> None:
    assert made(fake, tmp_path).check() == Account("Club (Ghost 6.65)", ("publish posts, as Admin Integration",))
    fake.role = "Editor"
    assert made(fake, tmp_path).check() == Account("Alice, Club (Ghost 6.65)", ("publish posts, as Editor",))
    fake.role = "Contributor"
    with pytest.raises(Refused, match="Alice may not publish, as a Contributor"):
        made(fake, tmp_path).check()
    with pytest.raises(Refused, match="may not do that: You do not have permission to publish posts"):
        made(fake, tmp_path).publish(article(tmp_path / "in"))
    assert fake.posts() == []


def test_what_the_site_does_not_take_is_refused_with_the_field_or_the_fix(fake: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"posts\.title\] exceeds maximum length of 255 characters"):
        made(fake, tmp_path).publish(article(tmp_path / "in", title="字" * 256))
    program = media(tmp_path / "in", "image", "a.exe", "application/x-msdownload", b"MZ program")
    with pytest.raises(Refused, match="select a valid image"):
        made(fake, tmp_path).publish(article(tmp_path / "in", media=(program,)))
    fake.largest = 100
    fake.files.clear()
    with pytest.raises(Refused, match="a file is larger than the site takes: raise the site's limit"):
        made(fake, tmp_path).publish(article(tmp_path / "in", 2))
    assert fake.posts() == []


def test_a_theme_that_has_a_page_for_every_address_has_no_file_for_ours(fake: Any, tmp_path: Path) -> None:
    fake.answer(Reply(200, b"<title>Oh no</title>", {"Content-Type": "text/html"}), "HEAD", times=2)
    made(fake, tmp_path).publish(article(tmp_path / "in"))
    assert len(fake.files) == 2


Reply = import_module("steadycast.testing").Reply

# Through the whole of Steadycast

BLOG = """
[channel.blog]
platform = "ghost"
url = "{url}"
key = "BLOG_KEY"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["blog"]
late = "3h"
"""


@pytest.fixture
def app(bench: Bench, fake: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("BLOG_KEY", fake.secrets()["key"])
    app = bench.set_up(COMMUNITY + BLOG.format(url=fake.url), {"pgc/one.md": draft("One")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    return app


@pytest.mark.parametrize(("method", "path"), [("POST", "posts/$"), ("PUT", "posts/")])
@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
def test_a_slot_is_served_once(bench: Bench, app: Any, fake: Any, verb: str, method: str, path: str) -> None:
    getattr(fake, verb)(method=method, path=path)
    assert [s.state for s in pipeline.publish(app).sent] != ["published"]
    for _ in range(3):
        bench.clock.advance(dt.timedelta(minutes=5))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    assert [p.title for p in fake.posts()] == ["One"]
    assert drafts(fake) == []


@pytest.mark.parametrize("verb", ["", "accept_then_cut", "fail", "busy"])
def test_a_correction_is_written_under_the_same_id_twice_and_collides_with_nothing_of_ours(
    bench: Bench, app: Any, fake: Any, verb: str
) -> None:
    """By `revise`, whatever became of an answer; what somebody else wrote is told; `withdraw` takes the post away."""
    pipeline.publish(app)
    [before] = fake.posts()
    for title in ("One, corrected", "One, corrected again"):
        bench.clock.advance(dt.timedelta(hours=1))
        bench.drop("pgc/one.md", draft(title))
        pipeline.collect(app, bench.clock.now())
        if verb:
            getattr(fake, verb)(method="PUT", path="posts/")
        pipeline.amend.revise(app, "pgc/one.md")
        for _ in range(3):
            bench.clock.advance(dt.timedelta(minutes=10))
            pipeline.verify(app, bench.clock.now())
            pipeline.publish(app)
        assert [(p.id, p.url, p.title) for p in fake.posts()] == [(before.id, before.url, title)]
    fake.touch(before.id, title="a person's own words")
    bench.drop("pgc/one.md", draft("Ours"))
    pipeline.collect(app, bench.clock.now())
    [told] = pipeline.amend.revise(app, "pgc/one.md")
    assert "somebody edited this post in Ghost" in told.said
    assert [p.title for p in fake.posts()] == ["a person's own words"]
    bench.drop("pgc/one.md", draft("Ours", "channels: {blog: {overwrite: true}}"))
    pipeline.collect(app, bench.clock.now())
    [told] = pipeline.amend.revise(app, "pgc/one.md")
    assert (told.what, [p.title for p in fake.posts()]) == ("revised", ["Ours"])
    pipeline.amend.withdraw(app, "pgc/one.md", "It was wrong.")
    assert fake.posts() == []


def test_a_title_over_the_limit_is_an_error_of_check(bench: Bench, app: Any) -> None:
    bench.drop("pgc/two.md", draft("字" * 256))
    told = [f"{each.message}" for each in ops.check(bench.clock.now(), root=bench.root)]
    assert any("255" in each for each in told), told
