"""Which file is which draft, as a community meets it: archives, backfills, copies of sync tools, moves and edits."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article

from steadycast import ops, pipeline

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
DAY = dt.timedelta(days=1)
LINES = [f"Sentence {n} of it says something." for n in range(10)]


@pytest.fixture
def app(bench: Bench) -> Any:
    return bench.set_up(SETTINGS)


def look(app: Any, now: Any = MORNING) -> Any:
    return pipeline.collect(app, now)


def states(app: Any) -> Any:
    return {row["path"]: row["state"] for row in pipeline.drafts(app, MORNING)}


def issue(n: Any, *lines: Any) -> Any:
    day = dt.date(2018, 1, 1) + n * DAY
    return article(
        f"Issue {n}", f"date: {day}", body=f"What happened on day {n}.\n\nAnd on day {n} too.\n" + "\n".join(lines)
    )


def archive(bench: Any, count: int = 12, folder: str = "pgc/old") -> None:
    for n in range(count):
        bench.drop(f"{folder}/{n}.md", issue(n))


def publish_next(bench: Any, app: Any, day: int = 23) -> Any:
    pipeline.plan(app, bench.clock.now())
    bench.at(day, 20, 1)
    return pipeline.publish(app)


def test_an_archive_dropped_in_is_neither_stock_nor_lost_and_one_line_says_what_to_do(bench: Bench, app: Any) -> None:
    archive(bench)
    bench.drop("pgc/new.md", article("New", "date: 2026-11-20"))
    collected = look(app)
    assert states(app) == {f"pgc/old/{n}.md": "archive" for n in range(12)} | {"pgc/new.md": "stock"}
    (said,) = collected.problems
    assert "12 old drafts" in said.message
    for command in ("backfill", "approve --archive", "reject --all --before"):
        assert command in said.hint
    planned = pipeline.plan(app, MORNING)
    assert [slot.title for slot in planned.slots if slot.draft] == ["New"]
    assert look(app).taken == (), "and a second look changes nothing"


def test_a_single_old_draft_is_fresh_and_so_is_what_is_dated_lately_or_says_when_it_goes_out(
    bench: Bench, app: Any
) -> None:
    bench.drop("pgc/first.md", article("First"))
    look(app)
    bench.drop("pgc/one.md", issue(1))
    look(app)
    assert states(app)["pgc/one.md"] == "stock"
    for n in range(12):
        bench.drop(f"pgc/late/{n}.md", article(f"Late {n}", f"date: 2026-11-{n + 1:02}", body=f"Words of {n}."))
    bench.drop("pgc/late/pinned.md", article("Pinned", "date: 2020-01-01\nslot: 2026-12-01", body="Pinned words."))
    bench.drop("pgc/late/ever.md", article("Ever", "date: 2020-01-01\nevergreen: true", body="Evergreen words."))
    bench.drop("pgc/late/undated.md", article("Undated", body="Undated words."))
    os.utime(bench.root / "content/pgc/late/undated.md", (1, 1))
    look(app)
    assert set(states(app).values()) == {"stock"}


def test_a_few_old_drafts_are_an_archive_where_their_folder_is_new(bench: Bench, app: Any) -> None:
    bench.drop("pgc/first.md", article("First"))
    look(app)
    archive(bench, 3, "ugc/alice")
    look(app)
    assert [state for path, state in states(app).items() if "alice" in path] == ["archive"] * 3


def test_the_figures_of_an_archive_are_settings(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + '[intake]\narchive_over = 20\narchive_after = "520w"\n')
    archive(bench)
    look(app)
    assert set(states(app).values()) == {"stock"}


def test_what_is_only_dated_by_git_is_an_archive_too(bench: Bench, app: Any) -> None:
    for n in range(12):
        bench.drop(f"pgc/{n}.md", article(f"Post {n}", body=f"Words of post {n}."))
    at = "2019-03-01T08:00:00+08:00"
    env = {**os.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "GIT_CONFIG_GLOBAL": "/dev/null"}
    git = ["git", "-C", str(bench.root), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "content"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True, capture_output=True, env=env)
    bench.drop("pgc/not-committed.md", article("Today's", body="Words of today."))
    look(app)
    assert states(app) == {f"pgc/{n}.md": "archive" for n in range(12)} | {"pgc/not-committed.md": "stock"}


def test_an_archive_is_approved_or_rejected_in_one_go(bench: Bench, app: Any) -> None:
    archive(bench)
    look(app)
    gone = pipeline.decide(app, [], "reject", by="eve", now=MORNING, besides=pipeline.before(app, dt.date(2018, 1, 5)))
    assert len(gone) == 4
    pipeline.decide(app, [], "approve", by="eve", now=MORNING, besides=pipeline.waiting(app, archive=True))
    assert sorted(states(app).values()) == ["rejected"] * 4 + ["stock"] * 8
    assert look(app).problems == ()


@pytest.mark.parametrize("source", ["content/pgc", "content", "."])
@pytest.mark.parametrize("looked", [True, False], ids=["after intake", "before intake"])
def test_what_is_backfilled_from_content_is_used_and_is_never_published_again(
    bench: Bench, app: Any, source: Any, looked: Any
) -> None:
    """Whatever becomes of its file: moved, edited, copied, taken away and put back."""
    archive(bench)
    if looked:
        look(app)
    done = ops.backfill(app, str(bench.root / source), series="daily", now=MORNING)
    assert (done["used"], done["items"]) == (12, 12)
    assert set(states(app).values()) == {"used"}
    folder = bench.root / "content/pgc/old"
    (folder / "0.md").rename(folder / "moved.md")
    (folder / "1.md").write_text(issue(1, "An edit."))
    shutil.copyfile(folder / "2.md", folder / "2 copy.md")
    (folder / "3.md").unlink()
    text = issue(4).replace("date: 2018-01-05", "date: 2026-11-20")
    (folder / "4.md").unlink()
    (folder / "as-new.md").write_text(text)
    look(app)
    bench.drop("pgc/old/3.md", issue(3))
    look(app)
    assert set(states(app).values()) <= {"used", "copy", "gone"}
    assert not [slot for slot in pipeline.plan(app, MORNING).slots if slot.draft]


def test_a_backfill_marks_what_was_stock_and_planned_already(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + '[intake]\narchive_after = "520w"\n')
    archive(bench)
    look(app)
    assert [s for s in pipeline.plan(app, MORNING).slots if s.draft]
    ops.backfill(app, str(bench.root / "content/pgc"), series="daily", now=MORNING)
    assert not [s for s in pipeline.plan(app, MORNING).slots if s.draft]
    again = ops.backfill(app, str(bench.root / "content/pgc"), series="daily", now=MORNING)
    assert (again["used"], again["written"]) == (0, 0)


def test_a_rehearsal_of_a_backfill_marks_nothing(bench: Bench, app: Any) -> None:
    archive(bench)
    look(app)
    ops.backfill(app, str(bench.root / "content/pgc"), series="daily", now=MORNING, dry_run=True)
    assert set(states(app).values()) == {"archive"}


def test_the_sites_own_feed_marks_the_drafts_of_its_items(bench: Bench, app: Any) -> None:
    archive(bench)
    look(app)
    item = "<item><title>Issue 3</title><link>https://x.example/3</link><pubDate>Thu, 04 Jan 2018 10:00:00 GMT</pubDate></item>"
    (bench.root / "feed.xml").write_text(f"<rss version='2.0'><channel>{item}</channel></rss>")
    ops.backfill(app, str(bench.root / "feed.xml"), series="daily", now=MORNING)
    assert [path for path, state in states(app).items() if state == "used"] == ["pgc/old/3.md"]


def test_a_copy_beside_what_went_out_is_named_and_never_goes_out_whatever_happens_to_the_original(
    bench: Bench, app: Any
) -> None:
    """Published, copied, the original edited, then deleted: one post, and one problem that names the other."""
    rain = bench.drop("pgc/rain.md", article("Rain", body="\n".join(LINES)))
    look(app)
    assert [s.state for s in publish_next(bench, app).sent] == ["published"]
    shutil.copyfile(rain, rain.with_name("rain 2.md"))
    rain.write_text(article("Rain", body="\n".join([*LINES, "An afterthought."])))
    steps: tuple[Callable[[], None], ...] = (lambda: None, rain.unlink)
    for step in steps:
        step()
        (said,) = look(app, bench.clock.now()).problems
        assert said.where == "pgc/rain 2.md"
        assert "copy of pgc/rain.md, which went out on 2026-11-23" in said.message
        assert not [slot for slot in pipeline.plan(app, bench.clock.now()).slots if slot.draft]
    pipeline.decide(app, ["pgc/rain 2.md"], "approve", by="eve", now=bench.clock.now())
    assert look(app, bench.clock.now()).problems == (), "a person said that it is a new one, and is not asked again"
    assert states(app)["pgc/rain 2.md"] == "stock"


def test_a_draft_renamed_and_edited_after_it_went_out_gets_no_second_slot(bench: Bench, app: Any) -> None:
    rain = bench.drop("pgc/rain.md", article("Rain", body="\n".join(LINES)))
    look(app)
    publish_next(bench, app)
    rain.unlink()
    bench.drop("pgc/2026/rain-again.md", article("Rain", body="\n".join([*LINES[:7], "And other words."])))
    (taken,) = look(app, bench.clock.now()).taken
    assert (taken.kind, states(app)) == ("renamed", {"pgc/2026/rain-again.md": "used"})
    assert not [slot for slot in pipeline.plan(app, bench.clock.now()).slots if slot.draft]


def test_what_may_be_new_or_what_went_out_waits_with_both_named(bench: Bench, app: Any) -> None:
    rain = bench.drop("pgc/week-1.md", article("Week 1", body="\n".join(LINES)))
    look(app)
    publish_next(bench, app)
    rain.unlink()
    bench.drop(
        "pgc/week-2.md", article("Week 2", body="\n".join([*LINES[:6], *("Other words of it." for _ in range(4))]))
    )
    (said,) = look(app, bench.clock.now()).problems
    assert (said.where, said.message) == ("pgc/week-2.md", "looks like pgc/week-1.md, which went out on 2026-11-23")
    assert not [slot for slot in pipeline.plan(app, bench.clock.now()).slots if slot.draft]
    pipeline.decide(app, ["pgc/week-2.md"], "approve", by="eve", now=bench.clock.now())
    assert states(app)["pgc/week-2.md"] == "stock"


@pytest.mark.parallel
@pytest.mark.slow
def test_a_tree_of_five_hundred_through_everything_a_sync_tool_does_to_it(bench: Bench, app: Any) -> None:
    """Dropped in, backfilled, copied, moved, renamed and edited: not one of them is fresh by it."""
    for n in range(500):
        bench.drop(f"pgc/{2018 + n // 100}/{n:03}.md", issue(n, *(f"Line {k} of number {n}." for k in range(6))))
    look(app)
    ops.backfill(app, str(bench.root / "content/pgc"), series="daily", now=MORNING)
    assert set(states(app).values()) == {"used"}
    content = bench.root / "content/pgc"
    for n in range(100):
        shutil.copyfile(content / f"2018/{n:03}.md", content / f"2018/{n:03}.sync-conflict-20261122-101010-ABCDEF7.md")
    shutil.move(content / "2019", content / "archive")
    for n in range(200, 300):
        file = content / f"2020/{n}.md"
        file.write_text(file.read_text().replace("Line 2", "Other line") + "\nMore.\n")
        file.rename(content / f"2020/renamed-{n}.md")
    for n in range(300, 400):
        (content / f"2021/{n}.md").write_text(issue(n, "An edit."))
    began = dt.datetime.now(dt.UTC)
    collected = look(app)
    assert (dt.datetime.now(dt.UTC) - began).total_seconds() < 60
    assert {row["state"] for row in pipeline.drafts(app, MORNING)} == {"used", "copy"}
    assert len(collected.problems) == 100
    assert all("is a copy of pgc/2018/" in p.message for p in collected.problems)
    assert not [slot for slot in pipeline.plan(app, MORNING).slots if slot.draft]
    assert look(app).taken == ()


FRIDAYS = COMMUNITY + DAILY.replace(', "far"', "").replace("day at 20:00", "week on fri at 20:00") + SITE


@pytest.mark.parametrize(
    ("days", "kept", "missed"),
    [
        (["2026-10-02", "2026-10-09"], 2, 0),  # what came after the last one nobody knows
        (["2026-10-02", "2026-10-16"], 2, 1),
        (["2026-10-01 21:00", "2026-10-09"], 2, 0),  # out a day early
        (["2026-10-03 00:30", "2026-10-10 01:10"], 2, 0),  # the same night
        (["2026-10-03", "2026-10-09"], 1, 0),  # a day that is written without an hour is that day
    ],
)
def test_a_backfilled_issue_keeps_the_slot_that_it_was_for(bench: Bench, days: Any, kept: Any, missed: Any) -> None:
    app = bench.set_up(FRIDAYS)
    for n, day in enumerate(days):
        bench.drop(f"pgc/{n}.md", article(f"Issue {n}", f'date: "{day}"', body=f"Words of {n}."))
    done = ops.backfill(app, str(bench.root / "content"), series="daily", now=MORNING)
    assert (done["kept"], done["missed"]) == (kept, missed)
