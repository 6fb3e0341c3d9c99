"""Preview, backfill and alarms."""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from conftest import decided
from pipeline_bench import COMMUNITY, DAILY, MORNING, SETTINGS, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.errors import InputError
from steadycast.language import speaking

SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE


# Preview


def test_a_preview_shows_the_file_as_it_lies_there_now(bench: Bench) -> None:
    """Before intake, and after an edit: what an author is writing, on every channel that would get it."""
    app = bench.set_up(SETTINGS, {"pgc/1.md": article("First words")})
    made = pipeline.preview(app, bench.root / "content/pgc/1.md", now=MORNING)
    assert set(made.counts) == {"site", "far"}
    assert made.page == app.workspace.var / "preview" / "1" / "index.html"
    assert "First words" in made.page.read_text()
    bench.drop("pgc/1.md", article("Second thoughts"))
    assert "Second thoughts" in pipeline.preview(app, "pgc/1.md", now=MORNING).page.read_text()


def test_a_preview_of_one_channel_shows_that_one(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/1.md": article("One")})
    assert set(pipeline.preview(app, "pgc/1.md", channel="far", now=MORNING).counts) == {"far"}
    with pytest.raises(InputError, match="did you mean 'far'"):
        pipeline.preview(app, "pgc/1.md", channel="fare", now=MORNING)


def test_a_preview_leaves_no_trace_in_the_ledger(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/1.md": article("One")})
    pipeline.preview(app, "pgc/1.md", now=MORNING)
    assert (app.ledger.drafts(), app.ledger.deliveries()) == ([], [])


def test_a_file_outside_content_is_no_draft(bench: Bench, tmp_path: Path) -> None:
    app = bench.set_up(SETTINGS)
    stranger = tmp_path / "x.md"
    stranger.write_text(article("Stranger"))
    with pytest.raises(InputError, match="outside content"):
        pipeline.preview(app, stranger, now=MORNING)


def test_a_preview_says_what_would_fail_and_shows_the_rest(bench: Bench) -> None:
    bench.set_up(SETTINGS)
    narrow = bench.root / "channels" / "narrow" / "channel.toml"
    narrow.parent.mkdir()
    narrow.write_text(
        'api = 2\nbase = "far"\ntitle = "Narrow"\n\n[limits.html]\nmax = 1000\ncut = false\n', encoding="utf-8"
    )
    app = bench.settings(SETTINGS.replace('"far"]', '"far", "narrow"]') + '[channel.narrow]\nplatform = "narrow"\n')
    bench.drop("pgc/1.md", article("One", body="很长" * 20_000))
    made = pipeline.preview(app, "pgc/1.md", now=MORNING)
    assert set(made.counts) == {"site", "far"}
    assert [p.channel for p in made.problems] == ["narrow"]


@pytest.mark.platforms("weibo")
def test_a_preview_of_a_kit_shows_what_would_be_pasted(bench: Bench) -> None:
    """Not the article's beginning: 微博 gets the title, the summary and the link, and only that is measured."""
    kit = '[channel.hand]\nplatform = "weibo"\n'
    app = bench.set_up(
        SETTINGS.replace('"far"]', '"far", "hand"]') + kit, {"pgc/1.md": article("One", body="Long. " * 90)}
    )
    made = pipeline.preview(app, "pgc/1.md", channel="hand", now=MORNING)
    page = made.page.read_text()
    assert '<dl class="words first">' in page, "plain text is pasted, so plain text stands first"
    assert '<pre tabindex="0">【One】' in page
    (folder,) = made.page.parent.glob("hand/kit/*")
    pasted = (folder / "article.txt").read_text().strip()
    assert f"text {len(pasted)}/140" in made.counts["hand"]
    assert f'href="hand/kit/{folder.name}/article.html"' in page
    assert not (app.workspace.out / "hand").exists()


@pytest.mark.parametrize(("name", "said"), [("zh_Hans", "标题 3"), ("zh_Hant", "標題 3"), ("en", "title 3")])
def test_a_preview_speaks_its_readers_language(bench: Bench, name: str, said: str) -> None:
    app = bench.set_up(SETTINGS, {"pgc/1.md": article("One")})
    with speaking(name):
        made = pipeline.preview(app, "pgc/1.md", now=MORNING)
    page = made.page.read_text()
    assert f'<html lang="{name.replace("_", "-")}">' in page
    assert said in page
    assert all(count.startswith(said) for count in made.counts.values())
    assert (">plain text<" in page) == (name == "en")


# Backfill


def told(app: Any) -> Any:
    return [(o.slot, o.channel, o.verdict) for o in decided(app.ledger)]


def test_a_folders_dates_become_the_record(bench: Bench, tmp_path: Path) -> None:
    """Each item takes the slot of its own day; a day between two without one was missed, one after the last is unknown."""
    app = bench.set_up(SITE_ONLY)
    for day in (18, 20, 21):
        (tmp_path / f"2026-11-{day}-post.md").write_text(article(f"Post {day}"))
    done = ops.backfill(app, str(tmp_path), series="daily", now=MORNING)
    assert (done["items"], done["kept"], done["missed"], done["written"]) == (3, 3, 1, 4)
    assert told(app) == [
        (f"daily@2026-11-{day}T20:00", "site", "missed" if day == 19 else "kept") for day in range(18, 22)
    ]
    assert ops.backfill(app, str(tmp_path), series="daily", now=MORNING)["written"] == 0


def test_a_dry_run_writes_nothing(bench: Bench, tmp_path: Path) -> None:
    app = bench.set_up(SITE_ONLY)
    (tmp_path / "2026-11-20-post.md").write_text(article("Post"))
    assert ops.backfill(app, str(tmp_path), series="daily", dry_run=True, now=MORNING)["kept"] == 1
    assert told(app) == []


def test_a_feeds_file_becomes_the_record_and_what_fell_between_slots_is_told(bench: Bench, tmp_path: Path) -> None:
    app = bench.set_up(SITE_ONLY.replace("day at 20:00", "week on fri at 20:00"))
    days = ["Fri, 13 Nov 2026", "Fri, 20 Nov 2026", "Sat, 21 Nov 2026"]
    items = "".join(
        f"<item><title>{n}</title><guid>{n}</guid><pubDate>{day} 08:00:00 GMT</pubDate><description>x</description></item>"
        for n, day in enumerate(days)
    )
    (tmp_path / "feed.xml").write_text(f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>')
    done = ops.backfill(app, str(tmp_path / "feed.xml"), series="daily", now=MORNING)
    assert (done["items"], done["kept"], done["missed"], done["unplaced"]) == (3, 2, 0, 1)


def test_a_repositorys_history_becomes_the_record(bench: Bench, tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    for day in (19, 20):
        (tmp_path / f"{day}.md").write_text(article(f"Post {day}"))
        subprocess.run([*git, "add", "."], check=True)
        when = {"GIT_AUTHOR_DATE": f"2026-11-{day}T12:00:00+0800", "GIT_COMMITTER_DATE": f"2026-11-{day}T12:00:00+0800"}
        subprocess.run([*git, "commit", "-qm", "post"], check=True, env={"PATH": "/usr/bin:/bin", **when})
    app = bench.set_up(SITE_ONLY)
    done = ops.backfill(app, str(tmp_path), series="daily", now=MORNING)
    assert (done["items"], done["kept"]) == (2, 2)


@pytest.mark.parametrize(
    ("source", "more", "said"),
    [
        ("nowhere", {}, "neither a feed"),
        (".", {"channel": "sites"}, "did you mean 'site'"),
        (".", {"series": "x"}, "no series"),
    ],
)
def test_a_slip_is_told(bench: Bench, source: Any, more: Any, said: Any) -> None:
    app = bench.set_up(SITE_ONLY)
    with pytest.raises(InputError, match=said):
        ops.backfill(app, source, **{"series": "daily", "now": MORNING, **more})


def test_past_and_present_make_one_streak(bench: Bench, tmp_path: Path) -> None:
    app = bench.set_up(SITE_ONLY, {"pgc/1.md": article("Today's")})
    for day in range(16, 23):
        (tmp_path / f"2026-11-{day}-post.md").write_text(article(f"Post {day}"))
    ops.backfill(app, str(tmp_path), series="daily", now=MORNING)
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    bench.at(23, 20, 0)
    pipeline.publish(app)
    (row,) = pipeline.report(app, bench.at(23, 20, 30)).rows()
    assert row["streak"] == "8"


@pytest.mark.parametrize(("drafts", "said"), [(1, "1 slot, 1 d"), (2, "2 slots, 2 d")])
def test_one_slot_of_runway_is_one(bench: Bench, drafts: Any, said: Any) -> None:
    app = bench.set_up(SITE_ONLY, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(drafts)})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    (row,) = pipeline.report(app, MORNING).rows()
    assert row["runway"] == said


# Alarms


def test_an_empty_horizon_is_an_alarm_once_and_closed_when_fixed(bench: Bench) -> None:
    app = bench.set_up(SITE_ONLY)
    pipeline.plan(app, MORNING)
    (first,) = pipeline.alarm(app, MORNING)
    assert first.kind == "starvation"
    assert [a.key for a in pipeline.alarm(app, MORNING)] == [first.key]
    for n in range(20):
        bench.drop(f"pgc/{n}.md", article(f"Draft {n}"))
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    assert pipeline.alarm(app, MORNING) == []
    assert [row.closed for row in app.ledger.alarms()] in ([], [MORNING])


def test_a_report_that_fails_stands_in_nobodys_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm at the first tick after a silence may fail: what is due goes out all the same."""
    app = bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    pipeline.publish(app)
    bench.at(23, 20, 0)
    monkeypatch.setattr(import_module("steadycast.pipeline.community_state"), "report_of", lambda *_: 1 / 0)
    assert [s.state for s in pipeline.publish(app).sent] == ["published"]
