"""Outputs that vanished: made again from the ledger, byte for byte, and nothing is sent anywhere."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, EVENING, MORNING, Bench
from platform_bench import png

from steadycast import pipeline
from steadycast.cli import main
from steadycast.errors import InputError
from steadycast.pipeline.rebuild import make_missing
from steadycast.platform import index_file
from steadycast.testing import drop

rebuilding: Any = sys.modules[make_missing.__module__]  # `pipeline.rebuild` is the verb

DAY = dt.timedelta(days=1)
CHANNELS = {"site": "pages", "mirror": "pages", "hand": "paste", "far": "far"}
SETTINGS = (
    COMMUNITY
    + '\n[series.daily]\nevery = "day at 20:00"\nchannels = ["site", "mirror", "hand", "far"]\n'
    + "".join(f'\n[channel.{name}]\nplatform = "{platform}"\n' for name, platform in CHANNELS.items())
)
POSTS = 4


def drafts() -> dict[str, bytes]:
    found: dict[str, bytes] = {"pgc/a.png": png(9, 9, 9, 20, 20)}
    for n in range(POSTS):
        head = f"---\ntitle: Post {n}\npriority: {9 - n}\n---\n\n"
        found[f"pgc/{n}.md"] = f"{head}Words of post {n}.\n\n![](a.png)\n".encode()
    return found


@pytest.fixture
def published(bench: Bench) -> Any:
    """Four days of posts, in folders and on a far side."""
    bench.set_up(SETTINGS, drafts())
    pipeline.collect(bench.app, MORNING)
    pipeline.plan(bench.app, MORNING)
    for n in range(POSTS):
        bench.clock.advance(EVENING + n * DAY - bench.clock.now())
        pipeline.publish(bench.app)
    return bench


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes; the index tells times of files, and those are new."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".index.sqlite" and not file.name.endswith(".lock")
    }


def calls(bench: Any) -> str:
    return (bench.app.workspace.out / "far-side-far" / "calls").read_text()


@pytest.mark.parametrize("name", ["site", "mirror", "hand"])
def test_a_folder_that_is_gone_is_made_again_as_it_was(published: Any, name: Any) -> None:
    out = published.app.workspace.out
    before, sent = tree(out / name), calls(published)
    assert len(before) >= POSTS
    shutil.rmtree(out / name)
    (made,) = pipeline.rebuild(published.app, name)
    assert (made.channel, made.posts, made.problems) == (name, POSTS, ())
    assert tree(out / name) == before
    assert calls(published) == sent


def test_rebuild_restores_a_page_that_was_changed_by_hand(published: Any) -> None:
    page = next((published.app.workspace.out / "site").rglob("*2000.html"))
    before = page.read_bytes()
    page.write_bytes(b"spoilt")
    pipeline.rebuild(published.app, "site")
    assert page.read_bytes() == before


def test_verify_finds_what_is_missing_and_makes_it(published: Any) -> None:
    out = published.app.workspace.out
    before = {name: tree(out / name) for name in ("site", "mirror", "hand")}
    posts = sorted((out / "mirror" / "posts").glob("?????????????.json"))
    posts[1].unlink()
    shutil.rmtree(out / "site")
    shutil.rmtree(out / "hand")
    looked = pipeline.verify(published.app, published.clock.now())
    said = [made.line() for made in looked.made]
    assert {name: tree(out / name) for name in before} == before
    assert looked.warning == ""
    assert f"site: {POSTS} posts made again in {out / 'site'}" in said
    assert f"mirror: 1 post made again in {out / 'mirror'}" in said
    assert make_missing(published.app) == []


def test_a_missing_page_of_the_newest_post_is_seen_at_verify(published: Any) -> None:
    newest = max((published.app.workspace.out / "site").rglob("*2000.html"))
    before = newest.read_bytes()
    newest.unlink()
    pipeline.verify(published.app, published.clock.now())
    assert newest.read_bytes() == before


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.platforms("site", "feed")
def test_verify_renews_a_large_site_between_deliveries_and_rebuild_makes_its_pages_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another template is no work of the next slot's. In each pause between two turns the folder is free."""
    monkeypatch.setattr(rebuilding, "PAGES", 1)
    settings = COMMUNITY + '\n[series.daily]\nevery = "day at 20:00"\nchannels = ["web", "news"]\n'
    settings += '\n[channel.web]\nplatform = "site"\n\n[channel.news]\nplatform = "feed"\n'
    app, out = bench.set_up(settings, drafts()), bench.root / "var" / "out" / "web"
    monkeypatch.setattr(sys.modules[f"{type(app.adapter('web')).__module__}.pages"], "AT_ONCE", 1)
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    for n in range(POSTS - 1):
        bench.clock.advance(EVENING + n * DAY - bench.clock.now())
        pipeline.publish(app)
        pipeline.verify(app, bench.clock.now())
    first = next(out.rglob("*2000.html")).parent / "2026-11-24-2000.html"
    assert "ours" not in first.read_text()
    drop(bench.root, "templates/web/article.html.j2", '{% extends "base.html.j2" %}{% block main %}ours{% endblock %}')
    bench.clock.advance(EVENING + (POSTS - 1) * DAY - bench.clock.now())
    pipeline.publish(app)
    newest = max(first.parent.glob("*2000.html"))
    assert ("ours" in newest.read_text(), "ours" in first.read_text()) == (True, False)
    free = []

    def nap(_seconds: float) -> None:
        with app.alone("channel-web", 0):
            free.append(sum("ours" in page.read_text() for page in first.parent.glob("*2000.html")))

    monkeypatch.setattr(rebuilding.time, "sleep", nap)
    assert pipeline.verify(app, bench.clock.now()).made == ()
    assert "ours" in first.read_text()
    assert free == [3, 4], "a page a turn: the newest two are of the publish"
    before = {name: tree(bench.root / "var" / "out" / name) for name in ("web", "news")}
    shutil.rmtree(bench.root / "var" / "out")
    assert [made.problems for made in pipeline.rebuild(app)] == [(), ()]
    assert {name: tree(bench.root / "var" / "out" / name) for name in before} == before


def test_an_index_that_another_process_holds_is_told_and_stops_no_other_channel(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_file, "PATIENCE", 0.1)
    out = published.app.workspace.out
    before = tree(out / "mirror")
    shutil.rmtree(out / "mirror")
    with contextlib.closing(sqlite3.connect(out / "site" / "posts" / ".index.sqlite")) as held:
        held.execute("BEGIN EXCLUSIVE")
        made = {each.channel: each for each in pipeline.verify(published.app, published.clock.now()).made}
        assert "database is locked" in made["site"].problems[0]
        assert tree(out / "mirror") == before
        made = {each.channel: each for each in pipeline.rebuild(published.app)}
        assert "database is locked" in made["site"].problems[0]
        assert (made["mirror"].posts, made["mirror"].problems) == (POSTS, ())
    assert make_missing(published.app) == []


@pytest.mark.parametrize("left", [b"", b"\0" * 100, b"[]"])
def test_a_record_that_cannot_be_read_is_made_again(published: Any, left: bytes) -> None:
    out = published.app.workspace.out / "mirror"
    before = tree(out)
    sorted((out / "posts").glob("?????????????.json"))[1].write_bytes(left)
    [made] = pipeline.verify(published.app, published.clock.now()).made
    assert (made.channel, made.posts, made.problems) == ("mirror", 1, ())
    assert tree(out) == before


def test_a_workspace_that_moved_finds_its_media_where_they_are_now(published: Any, tmp_path: Path) -> None:
    from steadycast.pipeline import App
    from steadycast.workspace import load

    published.app.close()
    moved = tmp_path / "elsewhere"
    shutil.move(published.root, moved)
    before = tree(moved / "var" / "out" / "mirror")
    shutil.rmtree(moved / "var" / "out" / "mirror")
    with App(load(moved), clock=published.clock) as app:
        (made,) = pipeline.rebuild(app, "mirror")
    assert made.problems == ()
    assert tree(moved / "var" / "out" / "mirror") == before


def test_what_cannot_be_made_again_is_told_and_stops_nothing(published: Any) -> None:
    shutil.rmtree(published.app.workspace.media)
    shutil.rmtree(published.app.workspace.out / "site")
    assert any(made.problems for made in make_missing(published.app))


def test_a_channel_that_sends_has_nothing_to_make_again(published: Any) -> None:
    with pytest.raises(InputError, match="far does not write into a folder"):
        pipeline.rebuild(published.app, "far")


def test_the_command_says_what_it_made(
    published: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(published.root))
    shutil.rmtree(published.app.workspace.out / "site")
    with pytest.raises(SystemExit) as ended:
        main(["rebuild", "site"])
    assert ended.value.code in (0, None)
    assert f"site: {POSTS} posts made again" in capsys.readouterr().out


def test_verify_says_what_it_made_as_a_success_and_what_it_could_not_make_as_an_error(
    published: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(published.root))
    monkeypatch.setattr(pipeline, "now", published.clock.now)
    out = published.app.workspace.out
    for name in ("site", "mirror"):
        shutil.rmtree(out / name)
    made, error = verified(capsys)
    for name in ("site", "mirror"):
        assert f"{name}: {POSTS} posts made again in {out / name}" in made.split("\n")
    assert error == ""
    shutil.rmtree(published.app.workspace.media)
    shutil.rmtree(out / "site")
    made, error = verified(capsys, code=1)
    assert "site: " not in made
    assert error.startswith("steadycast: site: ")


def verified(capsys: Any, code: int = 0) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(["verify"])
    assert ended.value.code == code
    return capsys.readouterr()
