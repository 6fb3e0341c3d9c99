"""Intake as a member and an editor meet it: what becomes of a file that is dropped, edited, moved, taken away."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import threading
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pictures import picture
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.errors import InputError
from steadycast.intake import folder
from steadycast.intake.folder import SUFFIXES
from steadycast.pipeline import App
from steadycast.workspace import load

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def app(bench: Bench) -> Any:
    return bench.set_up(SETTINGS)


def kinds(collected: Any) -> Any:
    return [(t.kind, t.path, t.state) for t in collected.taken]


def standing(app: Any) -> Any:
    return {row["path"]: row["state"] for row in pipeline.drafts(app, MORNING)}


def collect(app: Any, now: Any = MORNING) -> Any:
    return pipeline.collect(app, now)


@pytest.mark.parametrize("member", ["张三", "Zhang San", "J. Doe", "Jose\u0301"])
def test_a_member_is_trusted_and_titled_by_the_folders_name_in_any_script(bench: Bench, member: Any) -> None:
    settings = SETTINGS + f'[members."{member}"]\ntitle = "In full"\ntrusted = true\n'
    app = bench.set_up(settings, {f"ugc/{member}/1.md": article("Theirs")})
    (taken,) = pipeline.collect(app, bench.clock.now()).taken
    assert taken.state == "approved"
    assert app.workspace.member_title(taken.member) == "In full"


def test_a_dropped_draft_is_new_once(bench: Bench, app: Any) -> None:
    """The second look finds nothing to do, and writes nothing."""
    bench.drop("pgc/one.md", article("One"))
    assert kinds(collect(app)) == [("new", "pgc/one.md", "approved")]
    before = bench.app.ledger.drafts()
    assert collect(app, MORNING + HOUR).taken == ()
    assert [r.model_dump() for r in app.ledger.drafts()] == [r.model_dump() for r in before]


def test_an_edit_is_a_revision_of_the_same_draft(bench: Bench, app: Any) -> None:
    bench.drop("pgc/one.md", article("One"))
    (first,) = collect(app).taken
    bench.drop("pgc/one.md", article("One", body="Other words."))
    (edit,) = collect(app).taken
    assert (edit.kind, edit.draft) == ("edited", first.draft)


def set_back(file: Path, text: str) -> None:
    """Writes it as `cp -p` and a checkout with restored times do: in place, and with the time that it had."""
    before = file.stat()
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_an_edit_that_keeps_size_and_time_is_seen(bench: Bench, app: Any) -> None:
    file = bench.drop("pgc/one.md", article("One", body="Some words."))
    os.utime(file, (1, 1))
    (first,) = collect(app).taken
    set_back(file, article("One", body="More words."))
    (edit,) = collect(app).taken
    assert (edit.kind, edit.draft) == ("edited", first.draft)
    with pytest.raises(InputError, match="edited since"):
        set_back(file, article("One", body="Last words."))
        pipeline.publish(app, draft="pgc/one.md")


def test_a_picture_that_is_replaced_by_one_of_its_size_and_time_is_seen(bench: Bench, app: Any) -> None:
    file = bench.drop("pgc/one.md", article("One", body="![A square](p.jpg)")).with_name("p.jpg")
    file.write_bytes(picture((40, 40), colour=(200, 30, 30)))
    collect(app)
    before, other = file.stat(), picture((40, 40), colour=(30, 30, 200))
    file.write_bytes(other[: before.st_size].ljust(before.st_size, b"\0"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kinds(collect(app)) == [("edited", "pgc/one.md", "approved")]


def test_drafts_that_only_got_other_times_are_read_once_and_are_what_they_were(
    bench: Bench, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a folder that was copied, or put back from a backup."""
    for n in range(5):
        os.utime(bench.drop(f"pgc/{n}.md", article(f"Title {n}", body=f"Words {n}.")), (1, 1))
    collect(app)
    before = [row.model_dump() for row in app.ledger.drafts()]
    read, plainly = list[int](), folder.read_up_to

    def counted(file: int, most: int) -> bytes:
        read.append(file)
        return plainly(file, most)

    monkeypatch.setattr(folder, "read_up_to", counted)
    for change in ("rights", "copy"):
        content = bench.root / "content"
        for file in (content / "pgc").iterdir():
            file.chmod(0o600)
        if change == "copy":
            shutil.copytree(content, bench.root / "fresh")
            shutil.rmtree(content)
            (bench.root / "fresh").rename(content)
        for reads in (5, 0):
            assert collect(app).taken == ()
            assert (len(read), [row.model_dump() for row in app.ledger.drafts()]) == (reads, before)
            read.clear()


def test_a_renamed_draft_keeps_its_history(bench: Bench, app: Any) -> None:
    """Same content, another name: the same draft, and what it had before is still its own."""
    file = bench.drop("pgc/one.md", article("One"))
    (first,) = collect(app).taken
    file.rename(file.with_name("two.md"))
    (moved,) = collect(app, MORNING + HOUR).taken
    assert (moved.kind, moved.draft, moved.path) == ("renamed", first.draft, "pgc/two.md")
    assert app.ledger.draft(first.draft).first_seen == MORNING


def test_a_deleted_draft_is_gone_and_comes_back_as_itself(bench: Bench, app: Any) -> None:
    file = bench.drop("ugc/bob/one.md", article("One"))
    (first,) = collect(app).taken
    pipeline.decide(app, [first.draft], "approve", by="eve", now=MORNING)
    text = file.read_text()
    file.unlink()
    assert kinds(collect(app)) == [("gone", "ugc/bob/one.md", "gone")]
    bench.drop("ugc/bob/one.md", text)
    (back,) = collect(app).taken
    assert back.draft == first.draft
    assert standing(app) == {"ugc/bob/one.md": "stock"}, "its approval was of these very words"


def test_a_members_draft_waits_and_a_trusted_ones_does_not(bench: Bench, app: Any) -> None:
    bench.drop("ugc/bob/one.md", article("One"))
    bench.drop("ugc/alice/two.md", article("Two"))
    bench.drop("ugc/stranger/three.md", article("Three"))
    collect(app)
    assert standing(app) == {
        "ugc/bob/one.md": "waiting", "ugc/alice/two.md": "stock", "ugc/stranger/three.md": "waiting"
    }  # fmt: skip


def test_the_house_waits_too_where_the_community_says_so(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + "[intake]\napprove_pgc = true\n", {"pgc/one.md": article("One")})
    collect(app)
    assert standing(app) == {"pgc/one.md": "waiting"}


def test_nobody_approves_their_own_draft(bench: Bench, app: Any) -> None:
    bench.drop("ugc/bob/one.md", article("One"))
    collect(app)
    with pytest.raises(InputError, match="bob wrote it"):
        pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="bob", now=MORNING)


def test_a_draft_that_says_it_is_not_ready_is_not_approved_and_told_what_to_change(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/one.md": "---\ndraft: true\n---\n# One\n\nWords.\n"})
    pipeline.collect(app, MORNING)
    for verb in (
        lambda: pipeline.decide(app, ["pgc/one.md"], "approve", by="eve", now=MORNING),
        lambda: pipeline.publish(app, draft="pgc/one.md"),
    ):
        with pytest.raises(InputError, match=r"pgc/one.md is not ready \(take out of its front matter .*draft: true"):
            verb()


def test_an_edit_after_approval_asks_again_and_the_approved_words_stand(bench: Bench, app: Any) -> None:
    """Until an editor has seen the new words, everything speaks of the old ones: title, form and plan."""
    bench.drop("ugc/bob/one.md", article("Tame"))
    collect(app)
    pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="eve", now=MORNING)
    pipeline.plan(app, MORNING)
    bench.drop("ugc/bob/one.md", article("Wild"))
    collect(app)
    planned = pipeline.plan(app, MORNING)
    assert [s.title for s in planned.slots if s.draft] == ["Tame"]
    (listed,) = pipeline.drafts(app, MORNING)
    assert (listed["title"], listed["edited_since_approval"]) == ("Wild", True), "who approves sees what is new"


def test_approval_of_an_edit_brings_its_title_form_and_wishes(bench: Bench, app: Any) -> None:
    bench.drop("ugc/bob/one.md", article("Tame"))
    collect(app)
    pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="eve", now=MORNING)
    bench.drop("ugc/bob/one.md", article("Wild", "priority: 7"))
    collect(app)
    (told,) = pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="eve", now=MORNING)
    row = app.ledger.draft("ugc/bob/one.md")
    assert (told["title"], row.title, row.plan["priority"]) == ("Wild", "Wild", 7)


def test_approval_of_an_edit_brings_its_form(bench: Bench, app: Any) -> None:
    """A draft that became an event is planned as one."""
    bench.drop("ugc/bob/one.md", article("Tame"))
    collect(app)
    pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="eve", now=MORNING)
    bench.drop("ugc/bob/one.md", article("Meet", "event: {start: 2026-12-24 19:00, place: here}"))
    collect(app)
    pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="eve", now=MORNING)
    assert app.ledger.draft("ugc/bob/one.md").form == "event"


def test_a_draft_taken_back_by_its_author_goes_out_no_more(bench: Bench, app: Any) -> None:
    """`draft: true` after planning: even a publish before the next plan sends nothing of it."""
    bench.drop("pgc/one.md", article("One"))
    collect(app)
    pipeline.plan(app, MORNING)
    bench.drop("pgc/one.md", article("One", "draft: true"))
    collect(app)
    assert standing(app) == {"pgc/one.md": "not-ready"}
    bench.at(23, 20, 1)
    done = pipeline.publish(app)
    assert [s.state for s in done.sent] == ["refused"]


@pytest.mark.parametrize("lost", ["cache", "media"])
def test_what_can_be_made_again_may_be_lost(bench: Bench, app: Any, lost: Any) -> None:
    """Without var/cache everything is read once more, and nothing has changed by it."""
    bench.drop("pgc/one.md", article("One"))
    bench.drop("ugc/bob/two.md", article("Two"))
    collect(app)
    before = [row.model_dump() for row in app.ledger.drafts()]
    shutil.rmtree(app.workspace.var / lost, ignore_errors=True)
    assert collect(app, MORNING + HOUR).taken == ()
    assert [row.model_dump() for row in app.ledger.drafts()] == before


def test_a_broken_note_of_the_last_look_costs_one_reading(bench: Bench, app: Any) -> None:
    bench.drop("pgc/one.md", article("One"))
    collect(app)
    (app.workspace.cache / "intake.json").write_text('{"pgc/one.md": 3}')
    assert collect(app).taken == ()


def test_an_older_ledger_put_back_by_any_tool_gets_what_was_edited_since(bench: Bench) -> None:
    """What tells a file as it was read last holds only while the ledger has the revision that was read."""
    app = bench.set_up(content={"pgc/one.md": article("One")})
    collect(app)
    app.close()
    before = Path(app.workspace.ledger).read_bytes()
    app = bench.open()
    bench.drop("pgc/one.md", article("Another"))
    collect(app)
    app.close()
    Path(app.workspace.ledger).write_bytes(before)
    app = bench.open()
    assert [row.title for row in app.ledger.drafts()] == ["One"]
    collect(app)
    assert [row.title for row in app.ledger.drafts()] == ["Another"]


def test_times_are_read_anew_in_another_zone(bench: Bench) -> None:
    """Also those of files that nobody touched: a draft's 19:00 is the community's."""
    bench.set_up(content={"pgc/one.md": article("One", "not_before: 2026-12-03 19:00")})
    collect(bench.app)
    bench.settings(SETTINGS.replace("Asia/Shanghai", "Europe/Berlin"))
    collect(bench.app)
    (row,) = bench.app.ledger.drafts()
    assert str(row.plan["not_before"]).endswith("+01:00")


def test_two_looks_at_once_make_one_draft(bench: Bench, app: Any) -> None:
    for n in range(20):
        bench.drop(f"pgc/{n}.md", article(f"Draft {n}"))
    desks = [App(load(bench.root)) for _ in range(3)]
    found, errors = [], []

    def look(mine: Any) -> None:
        try:
            found.append(pipeline.collect(mine, MORNING))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=look, args=(d,)) for d in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in desks:
        mine.close()
    assert not errors
    assert sum(len(c.taken) for c in found) == 20
    assert len(app.ledger.drafts()) == 20


def test_one_broken_file_stops_no_other_and_is_forgotten_once_fixed(bench: Bench, app: Any) -> None:
    bench.drop("pgc/broken.md", "---\ntitle: [\n---\n")
    bench.drop("pgc/fine.md", article("Fine"))
    collected = collect(app)
    assert [t.title for t in collected.taken] == ["Fine"]
    (problem,) = collected.problems
    assert (problem.where, bool(problem.line), bool(problem.hint)) == ("pgc/broken.md", True, True)
    assert [p.path for p in app.ledger.problems()] == ["pgc/broken.md"]
    bench.drop("pgc/broken.md", article("Fixed"))
    assert collect(app).problems == ()
    assert app.ledger.problems() == []


def test_a_draft_that_breaks_keeps_what_it_was(bench: Bench, app: Any) -> None:
    """A slip in the editor deletes nothing: the last whole revision stands until the file is fixed."""
    bench.drop("pgc/one.md", article("One"))
    collect(app)
    bench.drop("pgc/one.md", "---\ntitle: [\n---\n")
    assert collect(app).taken == ()
    assert standing(app) == {"pgc/one.md": "stock"}


def test_a_problem_is_news_once_and_so_is_its_end(bench: Bench, app: Any) -> None:
    """Who watches is told what is new and what is fixed; what stood before is no news, and stands in `problems` still."""
    bench.drop("pgc/broken.md", "---\ntitle: [\n---\n\nText.\n")
    first = collect(app)
    assert [p.where for p in first.fresh] == ["pgc/broken.md"]
    bench.drop("pgc/one.md", article("One"))
    again = collect(app, MORNING + HOUR)
    assert ([p.where for p in again.problems], again.fresh, again.fixed) == (["pgc/broken.md"], (), ())
    assert [row.at for row in app.ledger.problems()] == [MORNING], "the record says since when"
    bench.drop("pgc/broken.md", article("Whole"))
    assert collect(app, MORNING + 2 * HOUR).fixed == ("pgc/broken.md",)


class TestWhatIsNoticed:
    """Of drafts that are taken all the same: told when they come, and by `check`."""

    def test_a_slip_in_a_key_is_named_once_at_intake_and_by_check(self, bench: Bench, app: Any) -> None:
        bench.drop("pgc/a.md", "---\ntitle: A\nserie: daily\n---\nWords.\n")
        said = "pgc/a.md:3: nothing reads 'serie' (did you mean series?)"
        assert [str(note) for note in collect(app).noticed] == [said]
        assert collect(app).noticed == ()
        assert said in [str(found) for found in ops.check(MORNING, root=bench.root)]

    def test_an_encoding_that_is_sure_is_named_and_harmless(self, bench: Bench, app: Any) -> None:
        bench.drop("pgc/a.md", "# 沪语读书会\n\n今朝天气蛮好，大家都来了。\n".encode("gbk"))
        (note,) = collect(app).noticed
        assert ("GBK" in note.message, note.harmless) == (True, True)
        assert [row.title for row in app.ledger.drafts()] == ["沪语读书会"]

    def test_many_of_one_title_are_told_however_they_come(self, bench: Bench, app: Any) -> None:
        for n in range(3):
            bench.drop(f"pgc/{n}.md", f"# Contents\n\nWords of {n}, and of no other.\n")
        (note,) = collect(app).noticed
        assert "3 drafts have the title Contents: this one, pgc/1.md, pgc/2.md" in str(note)
        bench.drop("pgc/3.md", "# Contents\n\nOther words, of a fourth.\n")
        assert "4 drafts" in str(collect(app).noticed)
        bench.drop("pgc/4.md", "# Something else\n\nWords that stand alone.\n")
        assert collect(app).noticed == ()
        assert "4 drafts have the title Contents" in str(ops.check(MORNING, root=bench.root))

    def test_a_series_may_be_called_by_its_title(self, bench: Bench) -> None:
        app = bench.set_up(SETTINGS.replace('title = "Daily"', 'title = "每日一文"'))
        bench.drop("pgc/a.md", "---\n标题：甲\n栏目：每日一文\n---\n文。\n")
        assert collect(app).problems == ()
        (row,) = app.ledger.drafts()
        assert row.plan["series"] == ["daily"]


def test_a_tree_of_every_dialect_is_taken_as_it_is(bench: Bench, app: Any) -> None:
    tree = Path(__file__).parent / "dialects" / "pgc"
    settings = SETTINGS.replace("[series.daily]", "[series.notes]")
    app = bench.set_up(settings)
    shutil.copytree(tree, bench.root / "content/pgc", dirs_exist_ok=True)
    collected = collect(app)
    drafts = [file for file in tree.rglob("*") if file.suffix in SUFFIXES]
    assert [str(problem) for problem in collected.problems if PurePosixPath(problem.where).suffix in SUFFIXES] == []
    assert len(collected.taken) == len(drafts)
