"""A look at content/ knows all of it for unchanged by one line, and no change slips past it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pictures import picture
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article

from steadycast import pipeline
from steadycast.draft import names_below
from steadycast.intake import folder, stamps
from steadycast.language import speaking
from steadycast.pipeline import App, draft_notes, unchanged_content
from steadycast.pipeline.files_read import NOTE
from steadycast.workspace import load

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
LATER = 10_000_000_000  # ns
Look = Callable[[], bool]


@pytest.fixture
def app(bench: Bench) -> App:
    """Two drafts of which one shows a picture, and a note to people: looked at until there was nothing to do."""
    files: dict[str, str | bytes] = {
        "pgc/one.md": article("One"),
        "ugc/bob/two.md": article("Two", body="![words](b.png)"),
        "ugc/bob/b.png": picture((60, 40)),
        "pgc/README.md": "Drop what you wrote here.\n",
    }
    return bench.set_up(SETTINGS, files)


@pytest.fixture
def each(bench: Bench, app: App, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Looks, some seconds after the last change, and says whether it went file by file."""
    scans = []

    def scan(*args: Any, **named: Any) -> Iterator[folder.Result]:
        scans.append(args)
        return kept(*args, **named)

    kept = folder.scan
    monkeypatch.setattr(folder, "scan", scan)
    monkeypatch.setattr(unchanged_content, "clock_ns", lambda: time.time_ns() + LATER)

    def look() -> bool:
        scans.clear()
        pipeline.collect(bench.app, MORNING)
        return bool(scans)

    assert [look(), look(), look()] == [True, True, False], "the second one finds nothing to do"
    return look


def told(app: App) -> dict[str, tuple[str, str]]:
    return {row.path: (row.title, row.state) for row in app.ledger.drafts() if row.state != "gone"}


def ambiguous(app: App) -> bool:
    return any("several files called 'p.png'" in row.message for row in app.ledger.problems())


def in_place(file: Path, data: bytes, *, new: bool = False) -> None:
    """Other bytes of the same number, under the same time; in a `new` file that takes its name."""
    facts = file.stat()
    assert facts.st_size == len(data)
    target = file.with_name(".fresh") if new else file
    target.write_bytes(data)
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    target.replace(file)


def edited(content: Path) -> None:
    in_place(content / "pgc/one.md", article("Uno").encode())


def swapped(content: Path) -> None:
    in_place(content / "pgc/one.md", article("Uno").encode(), new=True)


def dropped(content: Path) -> None:
    (content / "pgc/three.md").write_text(article("Three"))


def taken_away(content: Path) -> None:
    (content / "pgc/one.md").unlink()


def renamed(content: Path) -> None:
    (content / "pgc/one.md").rename(content / "pgc/other.md")


def with_a_head(content: Path) -> None:
    (content / "pgc/README.md").write_text(article("Read me"))


WAYS: dict[Callable[[Path], None], dict[str, tuple[str, str] | None]] = {
    edited: {"pgc/one.md": ("Uno", "approved")},
    swapped: {"pgc/one.md": ("Uno", "approved")},
    dropped: {"pgc/three.md": ("Three", "approved")},
    taken_away: {"pgc/one.md": None},
    renamed: {"pgc/one.md": None, "pgc/other.md": ("One", "approved")},
    with_a_head: {"pgc/README.md": ("Read me", "approved")},
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_change_of_a_draft_slips_past(app: App, each: Look, way: Callable[[Path], None]) -> None:
    before = told(app)
    way(app.workspace.content)
    assert each()
    expected: dict[str, Any] = {**before, **WAYS[way]}
    assert told(app) == {path: said for path, said in expected.items() if said}


def test_another_picture_of_the_same_size_and_time_is_seen(app: App, each: Look) -> None:
    (revision,) = {row.revision for row in app.ledger.drafts() if row.path == "ugc/bob/two.md"}
    file = app.workspace.content / "ugc/bob/b.png"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    in_place(file, bytes(data))
    assert each()
    problems = {row.path for row in app.ledger.problems()}
    (now,) = {row.revision for row in app.ledger.drafts() if row.path == "ugc/bob/two.md"}
    assert now != revision or "ugc/bob/two.md" in problems


def test_a_picture_that_comes_nearer_is_seen(bench: Bench, app: App, each: Look) -> None:
    """A draft's `p.png` is the nearest one: also one that comes when another was found before."""

    def shown() -> str:
        (row,) = (row for row in app.ledger.drafts() if row.path == "pgc/a/b/note.md")
        return row.revision

    bench.drop("pgc/elsewhere/p.png", picture((60, 40)))
    bench.drop("pgc/a/b/note.md", article("Note", body="![words](p.png)"))
    assert [each(), each(), each()] == [True, True, False]
    before = [shown()]
    for number, folder_ in enumerate(("", "a/", "a/b/note/", "a/b/")):
        bench.drop(f"pgc/{folder_}p.png", picture((80 + number, 40)))
        assert each()
        before.append(shown())
    assert len({*before}) == 5
    bench.drop("pgc/a/other/p.png", picture((100, 40)))
    assert each(), "there are pictures that no draft names"
    assert shown() == before[-1], "this one is no nearer"


def test_a_second_file_of_a_name_that_a_draft_gives_without_its_folder_is_seen(
    bench: Bench, app: App, each: Look
) -> None:
    """However soon it comes, also while a look goes on; and that it is gone again. Nothing is listed where none changed."""
    bench.drop("pgc/far/away/p.png", picture((60, 40)))
    bench.drop("pgc/a/b/note.md", article("Note", body="![words](p.png)"))
    assert [each(), each(), each()] == [True, True, False]
    bench.drop("pgc/other/q.png", picture((60, 40)))
    assert each(), "a name that no draft gives"
    assert not ambiguous(app)
    bench.drop("pgc/other/p.png", picture((60, 40)))
    assert each()
    assert ambiguous(app)
    (app.workspace.content / "pgc/far/away/p.png").unlink()
    assert each()
    assert not ambiguous(app)


def test_a_second_file_that_comes_while_a_look_goes_on_is_seen_by_the_next(
    bench: Bench, app: App, each: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the names were counted, and before its own folder was listed."""
    bench.drop("pgc/far/away/p.png", picture((60, 40)))
    bench.drop(
        "pgc/0/images/q.png", picture((60, 40))
    )  # in a store of pictures, where one that nobody names is no fault
    bench.drop("pgc/a/b/note.md", article("Note", body="![words](p.png)"))
    assert not [each() for _ in range(4)][-1]
    scan = folder.scan

    def slow(*args: Any, **named: Any) -> Iterator[folder.Result]:
        for item in scan(*args, **named):
            if isinstance(item, folder.OtherFile) and item.path.name == "z.xyz":
                bench.drop("pgc/0/images/p.png", picture((60, 40)))
            yield item

    bench.drop("pgc/a/b/z.xyz", "for us")
    with monkeypatch.context() as patched:
        patched.setattr(folder, "scan", slow)
        pipeline.collect(app, MORNING)
    assert not ambiguous(app)
    assert each()
    assert ambiguous(app)


def test_nothing_is_listed_for_names_where_nothing_has_changed(
    bench: Bench, app: App, each: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And once for all drafts of a folder where something has."""
    bench.drop("pgc/far/away/p.png", picture((60, 40)))
    for number in range(20):
        bench.drop(f"pgc/a/b/{number}.md", article(f"Note {number}", body="![words](p.png)"))
    assert [each(), each(), each()] == [True, True, False]
    listed: list[Path] = []
    real = names_below.listing

    def listing(top: Path) -> dict[str, tuple[Path, ...]]:
        listed.append(top)
        return real(top)

    monkeypatch.setattr(names_below, "listing", listing)
    assert not each()
    assert listed == []
    bench.drop("pgc/more.png", picture((60, 40)))
    assert each()
    assert len(listed) <= 2, "in the look, and before it is kept"


def test_a_link_that_comes_is_told(app: App, each: Look) -> None:
    (app.workspace.content / "pgc/link.md").symlink_to("one.md")
    assert each()
    assert [row.path for row in app.ledger.problems()] == ["pgc/link.md"]
    assert each(), "as long as there is a problem, each file is looked at"


def test_a_file_that_nobody_names_is_told(bench: Bench, app: App, each: Look) -> None:
    bench.drop("pgc/alone.mp3", b"sound")
    collected = pipeline.collect(app, MORNING)
    assert [problem.where for problem in (*collected.problems, *collected.noticed)] == ["pgc/alone.mp3"]


def test_a_file_that_is_no_draft_is_told_once_and_costs_no_more_looks(bench: Bench, app: App, each: Look) -> None:
    def said() -> list[str]:
        return [f"{problem.where} {problem.message}" for problem in pipeline.collect(app, MORNING).noticed]

    bench.drop("pgc/notes.xyz", "for us")
    assert said() == ["pgc/notes.xyz is no draft"]
    assert [each(), each(), said()] == [False, False, []], "it was told, and nothing needs anybody"
    with speaking("zh_Hans"):
        assert said() == ["pgc/notes.xyz 不是稿子"], "whoever reads another language is told in that one"
        assert [each(), said()] == [False, []]
    (app.workspace.cache / draft_notes.TOLD).unlink()
    assert said() == ["pgc/notes.xyz is no draft"], "a lost note of what was told has it told once more"
    assert not each()
    bench.drop("pgc/more.xyz", "for us")
    assert said() == ["pgc/more.xyz is no draft, and 1 file of its kind beside it"]
    assert [each(), each()] == [False, False]


def test_a_draft_that_lacked_its_picture_is_read_when_that_has_come(bench: Bench, app: App, each: Look) -> None:
    bench.drop("pgc/lacks.md", article("Lacks", body="![words](late.png)"))
    assert [each(), each(), each()] == [True] * 3
    assert "pgc/lacks.md" not in told(app)
    bench.drop("pgc/late.png", picture((60, 40)))
    assert each()
    assert told(app)["pgc/lacks.md"] == ("Lacks", "approved")


def test_a_file_that_was_being_written_is_looked_at_again(
    bench: Bench, app: App, each: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the tick of a disk's clock it may be written once more, and look the same: so its look proves nothing."""
    monkeypatch.setattr(unchanged_content, "clock_ns", time.time_ns)
    bench.drop("pgc/fresh.md", article("Fresh"))
    assert [each(), each(), each()] == [True] * 3
    monkeypatch.setattr(unchanged_content, "clock_ns", lambda: time.time_ns() + LATER)
    assert [each(), each()] == [True, False]


@pytest.mark.parametrize(
    "settings", [SETTINGS.replace("Asia/Shanghai", "Europe/Berlin"), SETTINGS + "[intake]\nmax_bytes = 1000000\n"]
)
def test_with_other_settings_each_file_is_looked_at(bench: Bench, each: Look, settings: str) -> None:
    bench.settings(settings)
    assert each()


def test_another_program_looks_at_each_file(each: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged_content, "__version__", "99.0")
    assert [each(), each()] == [True, False]


@pytest.mark.parametrize("name", [NOTE, unchanged_content.NOTE])
@pytest.mark.parametrize("said", [None, b"", b"[]", b'{"by": 3}'])
def test_a_note_that_is_lost_or_damaged_costs_one_look(app: App, each: Look, name: str, said: bytes | None) -> None:
    note, before = app.workspace.cache / name, told(app)
    note.unlink() if said is None else note.write_bytes(said)
    assert each()
    assert told(app) == before


def test_a_crash_between_look_and_commit_loses_no_change(
    bench: Bench, app: App, each: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("pgc/three.md", article("Three"))
    with monkeypatch.context() as cut, pytest.raises(RuntimeError):
        cut.setattr(app.ledger, "put_drafts", _cut)
        each()
    assert each()
    assert told(app)["pgc/three.md"] == ("Three", "approved")


def test_a_crash_before_the_note_is_kept_costs_one_look(
    bench: Bench, app: App, each: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("pgc/three.md", article("Three"))
    assert each()
    with monkeypatch.context() as cut, pytest.raises(RuntimeError):
        cut.setattr(unchanged_content.LastLook, "keep", _cut)
        each()
    assert [each(), each()] == [True, False]


def _cut(*_args: object, **_named: object) -> None:
    raise RuntimeError("cut off")


def test_what_a_person_decided_has_each_file_looked_at_once(bench: Bench, app: App, each: Look) -> None:
    bench.drop("ugc/eve/hers.md", article("Hers"))
    assert [each(), each(), each()] == [True, True, False]
    (waiting,) = (row for row in app.ledger.drafts(["waiting"]) if row.path == "ugc/eve/hers.md")
    assert app.ledger.approve(waiting.id, waiting.revision, "ed", MORNING)
    assert [each(), each()] == [True, False]


def test_a_look_that_another_process_overtook_is_no_proof(bench: Bench, app: App, each: Look) -> None:
    """It began before the other one wrote: what it keeps then is of a ledger that is no more."""
    limits = stamps.Limits(draft_bytes=app.workspace.intake.max_bytes)
    slow = unchanged_content.LastLook(app, limits, [NOTE, draft_notes.TOLD])
    assert slow.was_the_same()
    seen, others = dict(slow.seen or {}), list[str]()
    with App(load(bench.root)) as other:
        bench.drop("pgc/three.md", article("Three"))
        pipeline.collect(other, MORNING)
        (bench.root / "content/pgc/three.md").unlink()
        slow.keep(seen, others, ())
        assert not unchanged_content.LastLook(app, limits, [NOTE, draft_notes.TOLD]).was_the_same()
    assert each()
    assert "pgc/three.md" not in told(app)


def test_an_older_ledger_that_is_put_back_is_looked_at_with_each_file(bench: Bench, app: App, each: Look) -> None:
    app.close()
    before = Path(app.workspace.ledger).read_bytes()
    app = bench.open()
    edited(app.workspace.content)
    assert [each(), each(), each()] == [True, True, False]
    app.close()
    Path(app.workspace.ledger).write_bytes(before)
    app = bench.open()
    assert told(app)["pgc/one.md"][0] == "One"
    assert each()
    assert told(app)["pgc/one.md"][0] == "Uno"


def test_other_files_are_named_as_a_scan_names_them(app: App) -> None:
    content, others = app.workspace.content, list[str]()
    for name in ("pgc/robots.txt", "pgc/_index.md", "pgc/.hidden", "pgc/a.css"):
        (content / name).write_text("x")
    found = stamps.stamps(content, stamps.Limits(), others)
    seen = list(folder.scan(content, others=True, sleep=lambda _: None))
    assert sorted(others) == sorted(str(item.path) for item in seen if isinstance(item, folder.OtherFile))
    drafts = {item.path for item in seen if isinstance(item, (folder.DraftFile, folder.ReadmeNote))}
    assert {*map(PurePosixPath, found or ())} == drafts
