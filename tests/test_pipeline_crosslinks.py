"""A draft that links to another: to its page where it is out, else its words alone, on every channel."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any, cast

import pytest
from pipeline_bench import COMMUNITY, EVENING, MORNING, Bench

from steadycast import ops, pipeline
from steadycast.draft.model import Draft
from steadycast.ledger.delivery import Delivery
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.posts import Posts
from steadycast.platform.post_bytes import post_from_bytes

DAY = dt.timedelta(days=1)
OURS = {"site": "pages", "mirror": "pages", "hand": "paste", "far": "far"}
SHIPPED = {name: name for name in ("site", "feed", "mail", "wechat", "weibo", "far")}
WAYS = "[one](b.md), [two](/posts/bee/), [three](./b), [four][4], [[b|five]], [six]({% link pgc/b.md %})\n\n[4]: b.html"
PAGE = "https://readers.example/daily/2026-11-23-2000.html"


def place(channel: str) -> Delivery:
    """A slot on a channel, of which nothing is planned."""
    return Delivery(0, "x@2026", channel, "daily", EVENING, dt.timedelta(), "k")


def settings_of(channels: Any) -> Any:
    """A community that publishes daily on these channels: name -> platform."""
    return (
        COMMUNITY.replace('title = "Bob"', 'title = "Bob"\ntrusted = true')
        + f'\n[series.daily]\nevery = "day at 20:00"\nchannels = {json.dumps([*channels])}\n'
        + "".join(
            f'\n[channel.{n}]\nplatform = "{p}"\n' + ('from = "desk@readers.example"\n' if p == "mail" else "")
            for n, p in channels.items()
        )
    )


def draft(title: Any, words: Any, priority: Any, **head: Any) -> str:
    front = "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items())
    return f"---\ntitle: {title}\npriority: {priority}\n{front}---\n\n{words}\n"


def desk_of(bench: Any, first: Any, second: Any, channels: Any = OURS, **more: Any) -> Any:
    """A desk on which `first` goes out on the first evening, and `second` on the next."""
    head = {"permalink": "/posts/bee/"}
    texts = {"a": draft("A", WAYS, first), "b": draft("B", "Words of B.", second, **head)}
    bench.set_up(settings_of(channels), {**{f"pgc/{name}.md": text for name, text in texts.items()}, **more})
    cast("Any", bench).noticed = pipeline.collect(bench.app, MORNING).noticed
    pipeline.plan(bench.app, MORNING)
    return bench.app


def evening(bench: Any, n: Any) -> None:
    bench.clock.advance(EVENING + n * DAY - bench.clock.now())
    done = pipeline.publish(bench.app)
    assert {s.state for s in done.sent} <= {"published", "handed", "seen"}, done.sent
    assert done.sent


def frozen(app: Any, title: Any) -> Any:
    """Channel -> the post of that title as it was frozen."""
    rows = [row for row in app.ledger.deliveries() if row.frozen]
    posts = map(post_from_bytes, app.ledger.frozen(row.id for row in rows).values())
    return {post.channel: post for post in posts if post.title == title}


def hrefs(html: Any) -> Any:
    return re.findall(r'href="([^"]*)"', html)


def test_a_link_leads_to_the_page_of_what_is_out(bench: Bench) -> None:
    app = desk_of(bench, 1, 9)
    evening(bench, 0)
    evening(bench, 1)
    posts = frozen(app, "A")
    assert set(posts) == set(OURS)
    urls = {row.channel: row.url for row in app.ledger.deliveries() if row.at == EVENING}
    assert hrefs(posts["site"].html) == [PAGE] * 6
    assert hrefs(posts["hand"].html) == [PAGE] * 6, "what a person posts leads to the community's own page"
    assert hrefs(posts["far"].html) == [urls["far"]] * 6, "the page on the same channel comes first"
    assert hrefs((app.workspace.out / "site/daily/2026-11-24-2000.html").read_text())[:6] == [PAGE] * 6
    for post in posts.values():
        assert "b.md" not in post.html + post.text
        assert "/posts/bee" not in post.html + post.text


@pytest.mark.platforms("site", "feed", "mail", "wechat", "weibo")
def test_a_link_leads_to_the_page_on_whatever_is_shipped(bench: Bench) -> None:
    app = desk_of(bench, 1, 9, SHIPPED)
    evening(bench, 0)
    evening(bench, 1)
    posts = frozen(app, "A")
    assert set(posts) == set(SHIPPED)
    (b_far,) = [row.url for row in app.ledger.deliveries(channels=["far"]) if row.at == EVENING]
    for name in ("site", "feed", "mail"):
        assert hrefs(posts[name].html) == [PAGE] * 6
    assert hrefs(posts["far"].html) == [b_far] * 6, "the page on the same channel comes first"
    page = (app.workspace.out / "site/daily/2026-11-24-2000.html").read_text()
    feed = (app.workspace.out / "feed/feed.xml").read_text()
    assert f'<a href="{PAGE}" rel="noopener">one</a>' in page
    assert feed.count(PAGE) >= 6
    kit = next((app.workspace.out / "wechat").rglob("article.html")).parent.parent
    kits = "\n".join(f.read_text() for f in kit.rglob("*") if f.suffix in {".html", ".txt"})
    assert PAGE in kits, "公众号 lists outside links at the end"
    assert PAGE in posts["weibo"].text or PAGE in str(posts["weibo"].links)
    for post in posts.values():
        assert "b.md" not in post.html + post.text
        assert "/posts/bee" not in post.html + post.text


def test_before_that_it_is_words_and_a_warning_with_its_line(bench: Bench) -> None:
    app = desk_of(bench, 9, 1)
    told = [(p.where, p.line) for p in cast("Any", bench).noticed if "link to" in p.message]
    assert told == [("pgc/a.md", 6)] * 4 + [("pgc/a.md", 8)]  # one address stands there twice
    assert all(p.harmless for p in cast("Any", bench).noticed)
    assert [p for p in ops.check(MORNING, root=bench.root) if "the link to" in p.message and p.line == 6]
    evening(bench, 0)
    for post in frozen(app, "A").values():
        assert not hrefs(post.html)
        assert "one, two, three, four, five, six" in post.text


def test_once_it_is_out_nobody_is_warned(bench: Bench) -> None:
    app = desk_of(bench, 1, 9)
    evening(bench, 0)
    assert not [p for p in ops.check(bench.clock.now(), root=bench.root) if "the link to" in p.message]
    bench.drop("pgc/a.md", draft("A", WAYS + "\n\nEdited.", 1))
    assert not [p for p in pipeline.collect(app, bench.clock.now()).noticed if "the link to" in p.message]


def test_what_is_frozen_keeps_its_words_and_a_rebuilt_page_gets_its_links(bench: Bench) -> None:
    app = desk_of(bench, 9, 1)
    evening(bench, 0)
    before = frozen(app, "A")
    evening(bench, 1)
    assert frozen(app, "A") == before
    page = app.workspace.out / "site/daily/2026-11-23-2000.html"
    old = page.read_text()
    assert "one, two, three" in old
    pipeline.rebuild(app, "site")
    pipeline.rebuild(app, "mirror")
    b_page = PAGE.replace("-23-", "-24-")
    new = page.read_text()
    assert new.count(f'<a href="{b_page}" rel="noopener">') == 6
    assert (
        re.sub(r"</?a\b[^>]*>", "", new[new.index("one") : new.index("six")])
        == old[old.index("one") : old.index("six")]
    )
    assert (app.workspace.out / "mirror/daily/2026-11-23-2000.html").read_text().count(b_page) == 6
    assert frozen(app, "A") == before


def test_a_rebuilt_page_changes_in_nothing_but_links(bench: Bench) -> None:
    """Its words stand as they went out, whatever was read or written since."""
    app = desk_of(bench, 9, 1)
    evening(bench, 0)
    evening(bench, 1)
    with app.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE revision SET content = replace(content, 'one', 'ONE')")
    pipeline.rebuild(app, "site")
    page = (app.workspace.out / "site/daily/2026-11-23-2000.html").read_text()
    assert "one, two, three" in page


def test_a_member_neither_links_to_nor_learns_of_what_is_not_out(bench: Bench) -> None:
    ask = "[x](../../pgc/b.md) [y](/posts/bee/) [z](/posts/nothing/) [w](../../pgc/nothing.md)"
    app = desk_of(bench, 1, 2, **{"ugc/bob/ask.md": draft("Ask", ask, 0)})

    def seen() -> Any:
        row = find_draft(app, "ugc/bob/ask.md")
        post = Posts(app).post(cast("Draft", read(app, row.id, row.revision)), place("site"))
        return dict(zip("xyzw", re.findall(r'(?:<a href="([^"]*)"[^>]*>)?[xyzw]\b', post.html), strict=True))

    hidden = seen()
    assert hidden["x"] == hidden["w"] == ""
    assert hidden["y"] == "https://readers.example/posts/bee/"  # as any address of the community's own site
    assert hidden["z"] == "https://readers.example/posts/nothing/"
    warned = [p.message.replace("nothing", "b") for p in cast("Any", bench).noticed if p.where.startswith("ugc/")]
    assert len(warned) == 2
    assert len(set(warned)) == 1
    evening(bench, 0)
    out = seen()
    assert out["x"] == out["y"] == PAGE


def test_the_ledger_is_read_once_for_all_posts_and_never_without_a_link(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = desk_of(bench, 1, 9)
    evening(bench, 0)
    asked = []
    monkeypatch.setattr(type(app.ledger), "linkable", lambda self: asked.append(1) or [])  # type: ignore[func-returns-value]
    posts = Posts(app)
    for name, times in (("pgc/b.md", 0), ("pgc/a.md", 1)):
        row = find_draft(app, name)
        for channel in ("site", "far", "hand"):
            posts.post(cast("Draft", read(app, row.id, row.revision)), place(channel))
        assert len(asked) == times


@pytest.mark.parametrize("state", ["due", "unknown", "refused", "missed"])
def test_only_what_surely_is_there_is_linked_to(bench: Bench, state: Any) -> None:
    app = desk_of(bench, 1, 9)
    evening(bench, 0)
    with app.ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET state = '{state}' WHERE channel = 'site'")
        connection.exec_driver_sql("UPDATE delivery SET url = '' WHERE channel = 'far'")
    row = find_draft(app, "pgc/a.md")
    post = Posts(app).post(cast("Draft", read(app, row.id, row.revision)), place("site"))
    assert not hrefs(post.html)


def test_check_names_a_link_to_a_draft_that_nobody_has_taken_in_yet(bench: Bench) -> None:
    rain = "# Rain\n\nSee [the walk](walk.txt).\n"
    bench.set_up(content={"pgc/rain.md": rain, "pgc/walk.txt": "A walk\n\nWords.\n"})
    told = [p.message for p in ops.check(bench.clock.now(), root=bench.root) if p.where == "pgc/rain.md"]
    assert [message for message in told if "the link to walk.txt leads to no page" in message]
