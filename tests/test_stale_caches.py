"""What is remembered shows nothing that a process without a memory would not, and a cache is not read blindly."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pictures import picture
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article
from platform_bench import channel
from test_render_all import outputs, root  # noqa: F401  a workspace to render

from steadycast import pipeline
from steadycast.bulk_render.run import render_all
from steadycast.crash_safety import cache_files
from steadycast.errors import InputError
from steadycast.intake.download import Budget, Downloads, NotHadError
from steadycast.pipeline.community_state import standing
from steadycast.pipeline.open_workspace import Opened
from steadycast.pipeline.rebuild import make_missing
from steadycast.platform import PostStore
from steadycast.render import inline_style, measured_media
from steadycast.render.templates import Templates
from steadycast.upload import LocalFolder
from steadycast.workspace.paths import Paths

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
DEEP = b"[" * 100_000  # what a recursive reader ends by


def in_place(file: Path, data: bytes) -> None:
    """Other bytes of the same number under the same time, as a copy or a checkout with kept times leaves them."""
    facts = file.stat()
    assert facts.st_size == len(data)
    file.write_bytes(data)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def told(bench: Bench) -> list[str]:
    """The problems that a look at content/ finds."""
    return sorted(str(problem) for problem in pipeline.collect(bench.app, MORNING).problems)


# Edits that keep size and time


def test_a_template_is_read_again_by_a_process_that_lives(tmp_path: Path) -> None:
    file = tmp_path / "a.html.j2"
    file.write_text("one")
    assert Templates([tmp_path]).render("a.html.j2") == "one"
    in_place(file, b"two")
    assert Templates([tmp_path]).render("a.html.j2") == "two"


def test_a_style_sheet_is_read_again_by_a_process_that_lives(tmp_path: Path) -> None:
    file = tmp_path / "style.toml"
    file.write_text('p = "color:red"')
    assert inline_style.load("style.toml", [tmp_path]).of("p", ()) == "color:red"
    in_place(file, b'p = "color:tan"')
    assert inline_style.load("style.toml", [tmp_path]).of("p", ()) == "color:tan"


def test_settings_are_read_again_by_a_process_that_lives(bench: Bench) -> None:
    bench.set_up(SETTINGS)
    opened, file = Opened(bench.root), bench.root / "steadycast.toml"
    with opened.app() as app:
        assert app.workspace.community.name == "Test readers"
    in_place(file, file.read_bytes().replace(b"Test readers", b"Best readers"))
    with opened.app() as app:
        assert app.workspace.community.name == "Best readers"
    opened.close()


def test_a_file_is_uploaded_again(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / "a.html"
    file.write_text("one")
    before = LocalFolder.read(tmp_path / "out", tmp_path / "hashes.json").files
    assert before == LocalFolder.read(tmp_path / "out", tmp_path / "hashes.json").files
    in_place(file, b"two")
    assert before != LocalFolder.read(tmp_path / "out", tmp_path / "hashes.json").files


# What pages are made of


def test_the_time_zone_and_the_address_of_a_community_are_part_of_its_pages(tmp_path: Path) -> None:
    made = channel("pages", tmp_path / "out")
    others = [
        dataclasses.replace(made, zone=ZoneInfo("America/New_York")),
        dataclasses.replace(made, email="readers@hu.example"),
    ]
    assert len({PostStore.of(each).edition for each in (made, *others)}) == 3


@pytest.mark.parametrize("name", ["foot.html", "parts/mark.svg", "words.txt", "samples/head.md"])
def test_whatever_a_template_of_the_workspace_may_include_is_part_of_its_pages(tmp_path: Path, name: str) -> None:
    made = dataclasses.replace(channel("pages", tmp_path / "out"), templates=tmp_path / "templates")
    file = tmp_path / "templates" / name
    file.parent.mkdir(parents=True)
    found = [PostStore.of(made).edition]
    for words in ("one", "two"):
        file.write_text(words)
        found.append(PostStore.of(made).edition)
    assert len(set(found)) == 3


@pytest.mark.parametrize("name", [".foot.html.swp", "foot.html~", ".#foot.html", "4913"])
def test_what_an_editor_leaves_beside_a_template_makes_no_page_anew(tmp_path: Path, name: str) -> None:
    made = dataclasses.replace(channel("pages", tmp_path / "out"), templates=tmp_path / "templates")
    before = PostStore.of(made).edition
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / name).write_text("being written")
    assert PostStore.of(made).edition == before


@pytest.mark.platforms("site")
def test_pages_tell_the_time_in_the_zone_that_the_settings_have_now(bench: Bench) -> None:
    """The old ones too: not a site whose pages are of two zones."""
    site = SETTINGS.replace('"pages"', '"site"')
    bench.set_up(site, {"pgc/one.md": article("One")})
    pipeline.collect(bench.app, MORNING)
    pipeline.plan(bench.app, MORNING)
    bench.at(23, 20)
    pipeline.publish(bench.app)
    page = bench.app.workspace.out / "site" / "daily" / "2026-11-23-2000.html"
    before = page.read_text()
    app = bench.settings(site.replace("Asia/Shanghai", "Europe/Berlin"))
    make_missing(app)
    renewed = page.read_text()
    pipeline.rebuild(app)
    assert before != renewed == page.read_text()


# Settings that decide what a file says


@pytest.mark.parametrize(
    ("head", "old", "new"),
    [
        ("series: daily", "[series.daily]", "[series.nightly]"),
        ("", "[members.alice]", "[intake]\nmax_bytes = 1000\n\n[members.alice]"),
    ],
)
def test_a_look_by_other_settings_tells_what_one_without_notes_tells(
    bench: Bench, head: str, old: str, new: str
) -> None:
    bench.set_up(SETTINGS, {"pgc/one.md": article("One", head, body="words " * 300)})
    assert told(bench) == told(bench) == []
    bench.settings(SETTINGS.replace(old, new, 1).replace('title = "Daily"', 'title = "Other"'))
    warm = told(bench)
    shutil.rmtree(bench.app.workspace.cache)
    assert warm == told(bench) != []


def test_an_edit_is_seen_before_a_person_publishes_it_though_the_notes_are_lost(bench: Bench) -> None:
    """With them it was refused, and without them the text before went out."""
    bench.set_up(SETTINGS, {"pgc/one.md": article("One")})
    told(bench)
    bench.drop("pgc/one.md", article("Uno"))
    shutil.rmtree(bench.app.workspace.cache)
    with pytest.raises(InputError, match="edited since"):
        pipeline.publish(bench.app, draft="pgc/one.md")
    told(bench)
    shutil.rmtree(bench.app.workspace.cache)
    assert pipeline.publish(bench.app, draft="pgc/one.md").rows()


def test_a_content_folder_that_became_a_link_leaves_no_picture_unnamed(bench: Bench) -> None:
    """Its files are what they were, at another place: a picture was told as one that no draft names."""
    bench.set_up(
        SETTINGS, {"pgc/one.md": article("One", body="![words](b.png)"), "pgc/b.png": picture((60, 40), "PNG")}
    )
    assert told(bench) == told(bench) == []
    (bench.root / "content").rename(bench.root / "elsewhere")
    (bench.root / "content").symlink_to("elsewhere")
    bench.drop("pgc/two.md", article("Two"))
    assert told(bench) == []


# What a record was made of within this minute


def test_a_record_of_this_minute_tells_what_is_wrong_by_now(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/one.md": article("One")})
    told(bench)
    assert not standing(app, MORNING).report.problems
    bench.drop("pgc/two.md", "---\ntitle: [\n---\n")
    told(bench)
    assert [each.where for each in standing(app, MORNING).report.problems] == ["pgc/two.md:2"]
    (bench.root / "content/pgc/two.md").unlink()
    told(bench)
    assert not standing(app, MORNING).report.problems
    app.ledger.open_alarm("a", "gap", "a gap is near", MORNING)
    assert [each.text for each in standing(app, MORNING).report.alarms] == ["a gap is near"]
    app.ledger.close_alarm("a", MORNING)
    assert not standing(app, MORNING).report.alarms


def test_what_failed_while_the_clock_was_ahead_is_fetched_again(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, None, Budget(0, 0, items=0), lambda ref: ref)
    note = tmp_path / "a.png.failed"
    note.write_text("1")
    with pytest.raises(NotHadError):
        downloads._may_try(tmp_path / "a.png")
    os.utime(note, (time.time() + 1e7,) * 2)
    downloads._may_try(tmp_path / "a.png")


# Rendering for one channel, and for all


@pytest.mark.parametrize("swapped", ["content", "templates/page"])
def test_what_was_rendered_for_one_channel_alone_is_no_news_to_a_run_for_all(
    root: Path,  # noqa: F811
    swapped: str,
) -> None:
    """A folder is another for one run, and the first one again for the next: each file has its old times and inode."""
    ours = root / "templates" / "page"
    ours.mkdir(parents=True)
    (ours / "post.html.j2").write_text("<b>{{ post.title }}</b>")
    render_all(root=root)
    wanted = outputs(root)
    here, other, aside = root / swapped, root / "other", root / "aside"
    shutil.copytree(here, other)
    for file in [file for file in other.rglob("*") if file.is_file()]:
        file.write_text(file.read_text().replace("第", "别").replace("<b>", "<i>"))
        os.utime(file, (time.time() - 3600,) * 2)

    def swap() -> None:
        for before, after in ((here, aside), (other, here), (aside, other)):
            before.rename(after)

    swap()
    render_all(root=root, channel="page")
    assert outputs(root) != wanted
    swap()
    done = render_all(root=root)
    assert outputs(root) == wanted
    assert done.written == 3, "of the other channels nothing is another"
    assert render_all(root=root).made == 0


def test_programs_that_came_are_seen_by_the_next_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """A film that could not be converted was told as a problem until its draft was edited."""
    own = root / "bin"
    own.mkdir()
    monkeypatch.setenv("PATH", str(own))
    render_all(root=root)
    assert render_all(root=root).made == 0
    for name in ("ffprobe", "ffmpeg"):
        (own / name).write_text("#!/bin/sh\nexit 1\n")
        (own / name).chmod(0o755)
    assert render_all(root=root).made == 3
    assert render_all(root=root).made == 0


# Notes that are not ours


@pytest.mark.parametrize("name", ["intake.json", "intake-look.json", "others.json", "render.json", "render-runs.json"])
@pytest.mark.parametrize(
    "said",
    [DEEP, b"", b"[]", b"5", b"null", b"\0" * 64, b'{"form": 3, "by": [], "files": {"pgc/one.md": {"stamp": [1]}}}'],
)
def test_a_note_that_says_nothing_is_as_good_as_none(bench: Bench, name: str, said: bytes) -> None:
    bench.set_up(SETTINGS, {"pgc/one.md": article("One")})
    told(bench)
    render_all(root=bench.root)
    (bench.app.workspace.cache / name).write_bytes(said)
    assert told(bench) == []
    assert render_all(root=bench.root).outputs == 1


@pytest.mark.parametrize("said", ['{"a.html": 5}', '{"a.html": []}', '{"a.html": {"x": 1}}', DEEP.decode(), "[1]"])
def test_hashes_that_are_none_are_counted_anew(tmp_path: Path, said: str) -> None:
    out, notes = tmp_path / "out", tmp_path / "hashes.json"
    out.mkdir()
    (out / "a.html").write_text("one")
    notes.write_text(said)
    assert LocalFolder.read(out, notes) == LocalFolder.read(out, tmp_path / "none.json")


SOUND = {"sha256": "0" * 64, "ext": "png", "size": 1, "width": 60, "height": 40}


@pytest.mark.parametrize(
    "said",
    [
        [], 5, None, "x", {}, {"failed": True}, {"width": "60", "height": 40}, {"width": -1, "height": 40},
        {"width": 10**400, "height": True}, SOUND | {"sha256": "../../../etc/passwd"}, SOUND | {"ext": "exe"},
    ],
    ids=str,
)  # fmt: skip
def test_a_measurement_that_nobody_made_is_made_anew(bench: Bench, said: object) -> None:
    bench.set_up(
        SETTINGS, {"pgc/one.md": article("One", body="![words](b.png)"), "pgc/b.png": picture((60, 40), "PNG")}
    )
    told(bench)
    pipeline.plan(bench.app, MORNING)
    cache = bench.app.workspace.cache
    notes = [*(cache / "media").iterdir()]
    assert notes
    for note in notes:
        note.write_text(json.dumps(said))
    measured_media._remembered.clear()  # as in a new process
    (cache / "intake.json").unlink()
    assert told(bench) == []
    bench.at(23, 20)
    pipeline.publish(bench.app)
    record = json.loads(next((bench.app.workspace.out / "site" / "posts").glob("*.json")).read_bytes())
    assert [(each["width"], each["height"]) for each in record["media"]] == [(60, 40)]


def huge(file: Path) -> None:
    """A gigabyte that takes no room on the disk."""
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as made:
        made.truncate(1 << 30)


def pipe(file: Path) -> None:
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    (file / "inside").mkdir(parents=True)


@pytest.mark.parametrize("instead", [huge, pipe, folder])
def test_what_cannot_be_a_note_is_not_read(tmp_path: Path, instead: object) -> None:
    assert callable(instead)
    instead(tmp_path / "note")
    with pytest.raises(OSError):
        cache_files.read(tmp_path / "note")
    assert cache_files.read_json(tmp_path / "note") is None


def test_a_cache_of_gigabytes_is_not_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.set_up(
        SETTINGS, {"pgc/one.md": article("One", body="![words](b.png)"), "pgc/b.png": picture((60, 40), "PNG")}
    )
    told(bench)
    render_all(root=bench.root)
    files = [file for file in Paths(bench.root).cache.rglob("*") if file.is_file() and file.suffix != ".lock"]
    assert {"intake.json", "render.json", "render.recipe"} <= {file.name for file in files}
    for file in files:
        huge(file)
    measured_media._remembered.clear()
    read = Path.read_bytes

    def small(file: Path) -> bytes:
        assert file.stat().st_size < 1 << 28, f"{file.name} is read whole"
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", small)
    assert told(bench) == []
    assert render_all(root=bench.root).outputs == 1


# A platform of the workspace's own, while the desk is open


def test_a_platform_that_is_edited_is_read_again_by_a_process_that_lives(bench: Bench) -> None:
    """Its limits, its words and its code: a desk went on with those that it had read first, and sent by them."""
    bench.set_up(SETTINGS + '\n[channel.far]\nplatform = "blind"\n')  # which is based on another
    opened, of = Opened(bench.root), bench.root / "channels/far"
    with opened.app() as first:
        assert first.platform("far").deadline == 5
        code = type(first.adapter("far"))
    in_place(of / "channel.toml", (of / "channel.toml").read_bytes().replace(b"deadline = 5", b"deadline = 6"))
    with opened.app() as second:
        assert (second is first, second.platform("far").deadline) == (False, 6)
    in_place(of / "adapter.py", (of / "adapter.py").read_bytes().replace(b"bad content", b"Bad content"))
    with opened.app() as third, opened.app() as same:
        assert same is third is not second
        assert type(third.adapter("far")) is not code
    opened.close()


def test_a_platform_that_comes_to_hide_another_is_seen_by_a_process_that_lives(bench: Bench) -> None:
    bench.set_up(SETTINGS)
    shutil.move(bench.root / "channels/pages", bench.root / "elsewhere")
    opened = Opened(bench.root)
    with opened.app() as app:
        assert not app.platform("site").folder.is_relative_to(bench.root)
    shutil.move(bench.root / "elsewhere", bench.root / "channels/pages")
    with opened.app() as app:
        assert app.platform("site").folder.is_relative_to(bench.root)
    opened.close()


# Random stories: with what is remembered, and without


class Story:
    """What people do to a workspace, one thing after another."""

    def __init__(self, bench: Bench, rng: random.Random) -> None:
        self.bench, self.rng, self.content = bench, rng, bench.root / "content"
        self.settings, self.made = {"title": "Daily", "zone": "Asia/Shanghai", "most": "2000000"}, 0

    def any_draft(self) -> Path:
        """One of the drafts; a new one where there is none."""
        return self.rng.choice(sorted(self.content.rglob("*.md")) or [self.drop()])

    def drop(self) -> Path:
        self.made += 1
        head, body = self.rng.choice(["", "series: daily"]), self.rng.choice(["Words.", "![words](p.png)", "w " * 900])
        folder = self.rng.choice(["pgc", "pgc/sub", "ugc/alice", "ugc/bob"])
        return self.bench.drop(f"{folder}/d{self.made}.md", article(f"Title {self.made}", head, body=body))

    def edit(self) -> None:
        file = self.any_draft()
        in_place(file, file.read_bytes().replace(b"Title", self.rng.choice([b"Titel", b"Tilte"])))

    def rename(self) -> None:
        file = self.any_draft()
        file.rename(file.with_name(file.name.swapcase().replace(".MD", ".md")))

    def delete(self) -> None:
        self.any_draft().unlink()

    def picture(self) -> None:
        folder = self.rng.choice(["pgc", "pgc/sub", "ugc/alice", "ugc/bob"])
        self.bench.drop(f"{folder}/p.png", picture((self.rng.randint(40, 70), 40), "PNG"))

    def unpicture(self) -> None:
        for file in sorted(self.content.rglob("*.png"))[:1]:
            file.unlink()

    def swap(self) -> None:
        one, other, aside = self.content / "pgc", self.content / "ugc/alice", self.content / ".aside"
        if one.is_dir() and other.is_dir():
            for before, after in ((one, aside), (other, one), (aside, other)):
                before.rename(after)

    def set(self) -> None:
        self.settings["zone"] = self.rng.choice(["Asia/Shanghai", "Europe/Berlin"])
        self.settings["most"] = self.rng.choice(["2000000", "1000"])
        self.settings["name"] = self.rng.choice(["daily", "other"])
        said = SETTINGS.replace("Asia/Shanghai", self.settings["zone"])
        said = said.replace("[series.daily]", f"[series.{self.settings['name']}]").replace('"Daily"', '"Diurnal"')
        self.bench.settings(f"{said}\n[intake]\nmax_bytes = {self.settings['most']}\n")

    def link(self) -> None:
        there = self.bench.root / "elsewhere"
        if self.content.is_symlink():
            self.content.unlink()
            there.rename(self.content)
        else:
            self.content.rename(there)
            self.content.symlink_to(there.name)

    def cut(self) -> None:
        for file in sorted(self.bench.app.workspace.cache.rglob("*.json")):
            if self.rng.random() < 0.3:
                file.write_bytes(self.rng.choice([file.read_bytes()[:40], b"", b"{}", b"[]", DEEP]))

    def render_one(self) -> None:
        render_all(root=self.bench.root, channel="site")

    def shown(self) -> tuple[object, ...]:
        """What a look, and then a run of `render`, make of it."""
        app = self.bench.open()
        problems = sorted(str(problem) for problem in pipeline.collect(app, MORNING).problems)
        drafts = sorted((row.path, row.title, row.state, row.revision) for row in app.ledger.drafts())
        app.close()
        faults = [str(problem) for problem in render_all(root=self.bench.root, jobs=1).problems]
        pages = {name: data for name, data in outputs(self.bench.root).items() if not name.startswith(".media")}
        return problems, drafts, faults, pages


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_workspace_shows_the_same_with_and_without_a_memory(bench: Bench, seed: int) -> None:
    rng = random.Random(seed)
    bench.set_up(SETTINGS, {"pgc/one.md": article("One")}).close()
    story, root_ = Story(bench, rng), bench.root
    cold, aside = root_.with_name("cold"), root_.with_name("aside")
    acts = (
        story.drop, story.drop, story.edit, story.edit, story.rename, story.delete, story.picture, story.unpicture,
        story.swap, story.set, story.link, story.cut, story.render_one,
    )  # fmt: skip
    told: list[str] = []
    for _ in range(12):
        for act in rng.sample(acts, 2):
            told.append(act.__name__)
            act()
        shutil.copytree(root_, cold, symlinks=True)
        warm = story.shown()
        root_.rename(aside)
        cold.rename(root_)
        for name in ("cache", "render"):
            shutil.rmtree(root_ / "var" / name, ignore_errors=True)
        assert warm == story.shown(), told
        shutil.rmtree(root_)
        aside.rename(root_)
