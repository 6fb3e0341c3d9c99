"""Pictures from elsewhere: fetched at intake, guarded, frozen with their draft; never a tracker in a letter."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from conftest import content_of
from PIL import Image
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article
from pytest_httpserver import HTTPServer
from test_pipeline_feeds import Server, feed, item, look, titles
from werkzeug import Response

from steadycast import ops, pipeline
from steadycast.outgoing import Fetcher

KIT = '[channel.oa]\nplatform = "paste"\n'
BASE = COMMUNITY + DAILY.replace('"far"', '"oa"') + SITE + KIT


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


class Far:
    """Somebody's server of pictures; `asked` counts."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.asked: list[str] = []
        self.answer = Response(png(), content_type="image/png")
        self.url = httpserver.url_for("/p/")
        httpserver.expect_request(re.compile("/p/.*")).respond_with_handler(self._answered)

    def _answered(self, request: Any) -> Any:
        self.asked.append(request.path)
        return self.answer


@pytest.fixture
def far(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is fetched for drafts may be on this machine here; nothing else changes."""
    monkeypatch.setattr("steadycast.outgoing.Fetcher", lambda: Fetcher(allow_private=True, deadline=5))
    return Far(httpserver)


def published(app: Any, draft: Any) -> Any:
    """The files of each channel that the draft went out on."""
    pipeline.plan(app, MORNING)
    sent = pipeline.publish(app, draft=draft).sent
    assert {s.channel: s.state for s in sent} == {"site": "published", "oa": "handed"}
    return [[f for f in (app.workspace.out / name).rglob("*") if f.is_file()] for name in ("site", "oa")]


def pages(files: Any) -> Any:
    return "".join(f.read_text() for f in files if f.suffix == ".html")


@pytest.mark.parametrize("path", ["ugc/alice/walk.md", "pgc/walk.md"])
def test_a_picture_from_elsewhere_is_the_drafts_own(bench: Bench, far: Any, path: Any) -> None:
    """On pages and in a kit's media, from the bytes that were there at intake; it is told as new once."""
    text = article("Walk", body=f"Words.\n\n![one]({far.url}a.png)\n\n![two]({far.url}b?fmt=png&x=1)")
    app = bench.set_up(BASE, {path: text})
    found = look(app)
    assert [(t.kind, t.title) for t in found.taken] == [("new", "Walk")]
    assert far.asked == ["/p/a.png", "/p/b"]
    (row,) = pipeline.drafts(app, MORNING)
    site, kit = published(app, row["id"])
    assert far.url not in pages(site)
    assert any("media" in f.parts and f.stat().st_size for f in kit)
    assert pages(site).count("<img") >= 2
    assert look(app, 1).taken == ()
    assert len(far.asked) == 2, "once"


@pytest.mark.parametrize(("path", "hotlinked"), [("ugc/alice/walk.md", False), ("pgc/walk.md", True)])
def test_where_it_cannot_be_had_a_members_picture_is_a_link(bench: Bench, far: Any, path: Any, hotlinked: Any) -> None:
    """The house's own word stands. It is said once, is tried again, and where it comes at last that is an edit."""
    far.answer = Response(status=404)
    app = bench.set_up(BASE, {path: article("Walk", body=f"Words.\n\n![the sea]({far.url}a.png)")})
    found = look(app)
    assert "404" in found.noticed[0].message
    assert found.problems == ()
    (row,) = pipeline.drafts(app, MORNING)
    page = pages(published(app, row["id"])[0])
    assert (f'<img src="{far.url}a.png"' in page) is hotlinked
    assert (f'<a href="{far.url}a.png" rel="nofollow ugc noopener">the sea</a>' in page) is not hotlinked
    far.answer = Response(png(), content_type="image/png")
    later = pipeline.collect(app, MORNING, at_once=True)
    assert [(t.kind, t.title) for t in later.taken] == [("edited", "Walk")]
    assert look(app, 2).taken == ()


@pytest.mark.parametrize("answer", [b"garbage", b"", b"<html></html>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_stays_a_link(bench: Bench, far: Any, answer: Any) -> None:
    far.answer = Response(answer, content_type="image/png")
    app = bench.set_up(BASE, {"ugc/alice/walk.md": article("Walk", body=f"Words ![sea]({far.url}a.png)")})
    look(app)
    (row,) = pipeline.drafts(app, MORNING)
    page = pages(published(app, row["id"])[0])
    assert f'src="{far.url}' not in page
    assert f'<a href="{far.url}a.png"' in page


def test_a_look_that_leaves_the_web_alone_asks_for_no_picture(bench: Bench, far: Any) -> None:
    """The draft is taken all the same; the next look that may fetches it."""
    app = bench.set_up(BASE, {"ugc/alice/walk.md": article("Walk", body=f"![sea]({far.url}a.png)")})
    assert titles(pipeline.collect(app, MORNING, feeds=False)) == ["Walk"]
    assert far.asked == []
    assert titles(look(app, 1), "edited") == ["Walk"]
    assert look(app, 2).taken == ()


def test_an_address_inside_the_network_is_not_asked(bench: Bench, httpserver: HTTPServer) -> None:
    """Without the bench's leave: the guard is the fetcher's."""
    far = Far(httpserver)
    app = bench.set_up(BASE, {"pgc/walk.md": article("Walk", body=f"![sea]({far.url}a.png)")})
    assert "public internet" in look(app).noticed[0].message
    assert far.asked == []


def test_check_counts_pictures_from_elsewhere_until_they_are_here(
    bench: Bench, far: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"![a]({far.url}a.png)\n\n![b]({far.url}b.png)\n\n![a again]({far.url}a.png)"
    app = bench.set_up(BASE, {"pgc/walk.md": article("Walk", body=body)})
    monkeypatch.chdir(app.workspace.root)

    def told() -> Any:
        return [(p.line, p.message) for p in ops.check(MORNING) if "elsewhere" in p.message]

    assert told() == [(5, "2 pictures from elsewhere, not fetched")]
    look(app)
    assert told() == []


def test_a_preview_loads_nothing_from_elsewhere(bench: Bench, far: Any) -> None:
    """Not before approval, not after: neither its page nor a frame of it names another host as a source."""
    for folder in ("ugc/bob", "pgc"):
        app = bench.set_up(BASE, {f"{folder}/walk.md": article("Walk", body=f"![sea]({far.url}a.png)")})
        file = app.workspace.content / folder / "walk.md"
        out = pipeline.preview(app, file, channel="site", now=MORNING).page.parent
        frames = [f.read_text() for f in out.rglob("*.html")]
        policies = re.findall(r'Content-Security-Policy" content="([^"]*)"', "".join(frames))
        assert policies
        assert all("http" not in policy for policy in policies)
    assert far.asked == []


def test_a_feeds_pictures_come_with_its_item(bench: Bench, far: Any, httpserver: HTTPServer) -> None:
    server = Server(httpserver)
    server.has(item(1, body=f"&lt;img src='{far.url}a.png' alt='sea'&gt; words"))
    app = bench.set_up(BASE + feed(server.url, "take_old = 1"))
    look(app)
    (row,) = pipeline.drafts(app, MORNING)
    page = pages(published(app, row["id"])[0])
    assert far.url not in page
    assert "<img" in page


def test_what_is_held_back_stays_so_when_its_picture_comes(bench: Bench, far: Any) -> None:
    """An archive is one with its pictures as it was without them."""
    old = {
        f"pgc/{n}.md": article(f"Old {n}", f"date: 2020-01-{n:02}", body=f"Words {n} ![]({far.url}{n}.png)")
        for n in range(1, 13)
    }
    app = bench.set_up(BASE, old)
    look(app)
    assert len(far.asked) == 12
    rows = app.ledger.drafts()
    assert {row.state for row in rows} == {"archive"}
    assert all(content_of(app.ledger, row.revision, row.id)["media"] for row in rows)
