"""`steadycast render --all`: every draft as every channel would show it, made again only where something changed."""

from __future__ import annotations

import marshal
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pictures import picture

from steadycast.bulk_render import from_settings, recipe, render_draft
from steadycast.bulk_render.cache import Memory
from steadycast.bulk_render.run import Rendered, render_all
from steadycast.errors import InputError, SettingsError
from steadycast.language import speaking
from steadycast.render import measured_media
from steadycast.workspace.paths import Paths

SETTINGS = """\
[community]
name = "夜读"
timezone = "Asia/Shanghai"
url = "https://night.example/"

[series.daily]
every = "day at 20:00"
channels = ["page", "note"]

[channel.page]
platform = "page"

[channel.note]
platform = "note"

[channel.plain]
platform = "bare"
"""
PLATFORM = 'api = 2\ntitle = "{0}"\nforms = ["article"]\ndelivery = "conditional"\n'
DRAFT = "---\ntitle: 第{0}夜\nslug: night-{0}\n---\n\n灯下读了 *{0}* 页。\n"
LONG_AGO = time.time() - 3600


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of three channels and three drafts: a template of HTML, one of text, and a platform without one."""
    (tmp_path / "steadycast.toml").write_text(SETTINGS, encoding="utf-8")
    platforms = {
        "page": {"post.html.j2": "<h1>{{ post.title }}</h1>{{ post.html|safe_html }}<i>{{ channel.community }}</i>"},
        "note": {"post.txt.j2": "{{ post.title }}: {{ post.text }} {{ post.published|iso }} {{ post.key }}"},
        "bare": {},
    }
    for name, files in platforms.items():
        folder = tmp_path / "channels" / name
        folder.mkdir(parents=True)
        (folder / "channel.toml").write_text(PLATFORM.format(name))
        for file, text in files.items():
            (folder / file).write_text(text)
    for n in (1, 2, 3):
        drop(tmp_path, f"pgc/2026-11-0{n}-night.md", DRAFT.format(n))
    return tmp_path


def test_a_note_to_people_is_rendered_nowhere(root: Any) -> None:
    drop(root, "pgc/README.md", "# Our drafts\n\nOne file each.\n")
    done = render_all(root=root, jobs=1)
    assert not done.problems
    assert not list((root / "var" / "render").rglob("README*"))


def drop(root: Path, path: str, text: str, age: float = 0) -> None:
    """Writes a draft as if an hour (and `age` seconds less) had passed since."""
    file = root / "content" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (LONG_AGO + age, LONG_AGO + age))


def outputs(root: Path) -> dict[str, bytes]:
    folder = root / "var" / "render"
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def times(root: Path) -> dict[str, int]:
    folder = root / "var" / "render"
    return {str(f.relative_to(folder)): f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file()}


def written(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """The outputs that are new or were written again."""
    return {path for path, at in after.items() if before.get(path) != at}


def test_the_first_run_writes_every_draft_for_every_channel(root: Any) -> None:
    """By the platform's template, or as a page of its own where it has none."""
    done = render_all(root=root)
    found = outputs(root)
    assert sorted(found) == sorted(
        f"{channel}/pgc/2026-11-0{n}-night.{extension}"
        for channel, extension in {"page": "html", "note": "txt", "plain": "html"}.items()
        for n in (1, 2, 3)
    )
    assert (done.drafts, done.outputs, done.made, done.written, done.problems) == (3, 9, 3, 9, ())
    assert found["page/pgc/2026-11-01-night.html"].decode() == (
        "<h1>第1夜</h1><p>灯下读了 <em>1</em> 页。</p>\n<i>夜读</i>"
    )
    assert (
        found["note/pgc/2026-11-02-night.txt"].decode().startswith("第2夜: 灯下读了 2 页。 2026-11-02T00:00:00+08:00 ")
    )
    assert b"<!doctype html>" in found["plain/pgc/2026-11-03-night.html"]


def test_one_of_a_thing_is_told_as_one() -> None:
    one = Rendered(drafts=1, channels=1, outputs=1, written=1)
    assert one.summary() == "1 draft for 1 channel: 1 output, 1 written"
    several = Rendered(drafts=0, channels=2, outputs=3, written=0)
    assert several.summary() == "0 drafts for 2 channels: 3 outputs, 0 written"


def test_a_run_without_a_change_makes_and_writes_nothing(root: Any) -> None:
    """Not even the folder in which an output lies is touched."""
    render_all(root=root)
    before = times(root)
    done = render_all(root=root)
    assert (done.drafts, done.outputs, done.made, done.written, done.removed) == (3, 9, 0, 0, 0)
    assert times(root) == before


def test_one_change_writes_exactly_its_outputs(root: Any) -> None:
    """The draft's own, on each channel; no other file is opened for writing."""
    render_all(root=root)
    before = times(root)
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "又读一页。\n", age=60)
    done = render_all(root=root)
    assert (done.made, done.written) == (1, 3)
    assert written(before, times(root)) == {
        f"{channel}/pgc/2026-11-02-night.{extension}"
        for channel, extension in (("page", "html"), ("note", "txt"), ("plain", "html"))
    }


def test_a_change_that_no_channel_shows_writes_nothing(root: Any) -> None:
    """Touched, or edited where nobody looks: made again, and found equal."""
    render_all(root=root)
    before = times(root)
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2).replace("slug:", "colour: blue\nslug:"), age=60)
    done = render_all(root=root)
    assert (done.made, done.written) == (1, 0)
    assert times(root) == before


def test_a_changed_template_makes_its_own_channel_again(root: Any) -> None:
    """Other channels keep their files, untouched."""
    render_all(root=root)
    before = times(root)
    (root / "channels" / "note" / "post.txt.j2").write_text("{{ post.title }}")
    done = render_all(root=root)
    assert (done.made, done.written) == (3, 3)
    assert {path.split("/")[0] for path in written(before, times(root))} == {"note"}


def test_what_a_template_reads_is_seen_whatever_it_is_called(root: Any) -> None:
    """In the workspace's own folder; of a platform's, its README and its samples are none of a post."""
    own = root / "templates" / "page"
    (own / "samples").mkdir(parents=True)
    (own / "samples" / "foot.md").write_text("one")
    (own / "post.html.j2").write_text("{{ post.title }}{% include 'samples/foot.md' %}")
    render_all(root=root)
    (own / "samples" / "foot.md").write_text("two")
    assert render_all(root=root).written == 3
    assert outputs(root)["page/pgc/2026-11-01-night.html"].endswith(b"two")
    (root / "channels" / "page" / "README.md").write_text("Words.")
    assert render_all(root=root).written == 0


def test_a_calls_own_code_is_part_of_what_posts_are_made_of(root: Any) -> None:
    """Another one makes each post again, and one that is gone is told."""
    settings = root / "steadycast.toml"
    call = '[call.join]\ntext = "Come"\nurl = "https://night.example/join"\nqr = "qr.png"\n'
    settings.write_text(settings.read_text() + call)
    for name in ("page", "note", "bare"):
        (root / "channels" / name / "channel.toml").write_text(f'{PLATFORM.format(name)}call = "qr"\n')
    (root / "qr.png").write_bytes(picture(kind="PNG"))
    assert not render_all(root=root).problems
    (root / "qr.png").write_bytes(picture(kind="PNG", size=(200, 200)))
    assert render_all(root=root).made == 3
    (root / "qr.png").unlink()
    assert render_all(root=root).problems


def test_a_platform_that_comes_to_hide_another_is_seen(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder was there, as Git leaves one with byte code in it: nothing above it is another."""
    packaged = root / "packaged"
    packaged.mkdir()
    (root / "channels" / "bare").rename(packaged / "bare")
    monkeypatch.setattr(Paths, "platform_folders", property(lambda here: (here.root / "channels", packaged)))
    (root / "channels" / "bare" / "__pycache__").mkdir(parents=True)
    render_all(root=root)
    (root / "channels" / "bare" / "channel.toml").write_text(PLATFORM.format("bare"))
    (root / "channels" / "bare" / "post.txt.j2").write_text("mine")
    assert render_all(root=root).written == 3
    assert outputs(root)["plain/pgc/2026-11-01-night.txt"] == b"mine"


def test_a_workspace_may_override_a_template(root: Any) -> None:
    """templates/<channel>/ goes before the platform's folder, from the moment it is there."""
    render_all(root=root)
    (root / "templates" / "page").mkdir(parents=True)
    (root / "templates" / "page" / "post.html.j2").write_text("mine: {{ post.title }}")
    assert render_all(root=root).written == 3
    assert outputs(root)["page/pgc/2026-11-01-night.html"].decode() == "mine: 第1夜"


def test_a_members_page_is_part_of_what_a_post_is_made_with(root: Any) -> None:
    """A new address in steadycast.toml shows in what that member wrote."""
    drop(root, "ugc/momo/rain.md", DRAFT.format(4))
    (root / "channels" / "page" / "post.html.j2").write_text("{{ post.member_url }}")
    settings = root / "steadycast.toml"
    for page in ("https://momo.example/", "https://momo.example/new"):
        settings.write_text(f'{SETTINGS}\n[members.momo]\nurl = "{page}"\n')
        render_all(root=root)
        assert outputs(root)["page/ugc/momo/rain.html"].decode() == page


def test_a_draft_under_another_suffix_keeps_its_outputs(root: Any) -> None:
    """`a.md` that became `a.markdown` makes the same files: they are not removed with the old name."""
    render_all(root=root)
    old = root / "content" / "pgc" / "2026-11-01-night.md"
    old.rename(old.with_suffix(".markdown"))
    done = render_all(root=root)
    assert (done.outputs, done.removed, len(outputs(root))) == (9, 0, 9)


def test_a_template_in_a_sub_folder_is_one_that_its_channel_is_made_with(root: Any) -> None:
    """What a template includes may lie deeper, of the platform or of the workspace; a new one counts, and a changed one."""
    (root / "channels/page/post.html.j2").write_text('{% include "parts/foot.html.j2" %}')
    for folder, words in (("channels/page", "foot"), ("channels/page", "feet"), ("templates/page", "mine")):
        (root / folder / "parts").mkdir(parents=True, exist_ok=True)
        (root / folder / "parts/foot.html.j2").write_text(words)
        assert render_all(root=root).written >= 3
        assert outputs(root)["page/pgc/2026-11-01-night.html"].decode() == words


def test_another_kind_of_output_takes_the_place_of_the_old(root: Any) -> None:
    """A template of another extension leaves no file of the old one behind."""
    render_all(root=root)
    (root / "channels" / "note" / "post.txt.j2").rename(root / "channels" / "note" / "post.md.j2")
    done = render_all(root=root)
    assert (done.written, done.removed) == (3, 3)
    assert {path.rpartition(".")[2] for path in outputs(root) if path.startswith("note/")} == {"md"}


def test_a_deleted_draft_takes_its_outputs_with_it(root: Any) -> None:
    """And the folders that it leaves empty."""
    drop(root, "ugc/momo/rain.md", DRAFT.format(4))
    render_all(root=root)
    (root / "content" / "ugc" / "momo" / "rain.md").unlink()
    done = render_all(root=root)
    assert (done.drafts, done.removed, done.written) == (3, 3, 0)
    assert not (root / "var" / "render" / "page" / "ugc").exists()


def test_an_output_that_somebody_removed_is_made_again(root: Any) -> None:
    """Only that one."""
    render_all(root=root)
    before = outputs(root)
    (root / "var" / "render" / "page" / "pgc" / "2026-11-01-night.html").unlink()
    assert render_all(root=root).written == 1
    assert outputs(root) == before


def test_an_output_that_somebody_edited_is_fixed_by_force(root: Any) -> None:
    """Edits in place are not looked for: `--force` makes everything again and writes what differs."""
    render_all(root=root)
    before = outputs(root)
    (root / "var" / "render" / "page" / "pgc" / "2026-11-01-night.html").write_text("scribble")
    assert render_all(root=root).written == 0
    assert render_all(root=root, force=True).written == 1
    assert outputs(root) == before


def test_a_page_that_lies_there_is_replaced_whole_and_a_new_one_is_written_in_place(
    root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second name and a renaming are paid for what somebody may be reading, not for each page of a first run."""
    renamed: list[str] = []

    def replace(source: str, target: str) -> None:
        if (path := Path(target)).is_relative_to(root / "var" / "render"):
            renamed.append(path.relative_to(root / "var" / "render").as_posix())
        Path(source).rename(target)

    monkeypatch.setattr(render_draft.os, "replace", replace)
    assert render_all(root=root, jobs=1).written == 9
    assert renamed == []
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    render_all(root=root, jobs=1)
    assert renamed == [
        "page/pgc/2026-11-02-night.html",
        "note/pgc/2026-11-02-night.txt",
        "plain/pgc/2026-11-02-night.html",
    ]


def test_a_cover_is_drawn_only_for_a_template_that_may_show_it(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kit asks for one of each draft, and drawing takes longer than all else of it: a plain page shows none."""
    toml = root / "channels" / "bare" / "channel.toml"
    toml.write_text(toml.read_text() + '\n[media.cover]\nformats = ["jpg"]\nrequired = true\n')
    drawn: list[str] = []
    ask = measured_media.ask

    def asked(request: dict[str, Any]) -> dict[str, Any]:
        drawn.append(request["op"])
        return ask(request)

    monkeypatch.setattr(measured_media, "ask", asked)
    assert render_all(root=root, jobs=1).problems == ()
    assert drawn == []
    (root / "channels" / "bare" / "post.html.j2").write_text("{{ post.cover.name }}")
    assert render_all(root=root, jobs=1).problems == ()
    assert drawn == ["cover"] * 3
    assert (root / "var/render/plain/pgc/2026-11-01-night.html").read_text() == "cover.jpg"


def loaded(root: Path) -> set[str]:
    """The packages that a run in a process of its own loads."""
    code = (
        "import sys; from pathlib import Path; from steadycast.bulk_render.run import render_all;"
        f"render_all(root=Path({str(root)!r})); print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(said.split())


def test_a_run_loads_what_its_drafts_ask_for_and_no_more(root: Any) -> None:
    """Nothing changed: nothing that reads settings, drafts or templates. One changed: no YAML, no Babel, no documents."""
    render_all(root=root, jobs=1)
    heavy = {"pydantic", "jinja2", "nh3", "comrak", "yaml", "babel", "zipfile", "zoneinfo", "steadycast.draft.model"}
    assert not loaded(root) & heavy
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    found = loaded(root)
    settings = {"pydantic", "steadycast.workspace.loading", "steadycast.platform.registry", "steadycast.schedule.model"}
    never = {"yaml", "babel", "PIL", "pygments", "tomllib", "ctypes", "socket", "subprocess", "difflib"}
    assert found & (settings | never) == set()
    assert len(found) < 300


def compiled(root: Path) -> list[str]:
    return sorted(str(file) for file in (root / "var" / "cache" / "templates").iterdir())


@pytest.fixture
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the settings were read and checked, and no recipe of an earlier run was taken."""
    read: list[str] = []
    honest = from_settings.recipe

    def noted(root: Path, channel: str) -> Any:
        read.append(channel)
        return honest(root, channel)

    monkeypatch.setattr(from_settings, "recipe", noted)
    return read


def test_settings_are_read_once_as_long_as_they_are_what_they_were(root: Any, fresh_settings: list[str]) -> None:
    """What is made by those that were kept is what would be made by them anew."""
    settings = root / "steadycast.toml"
    settings.write_text(
        settings.read_text()
        + """
[members.lu]
title = "陆"
url = "https://lu.example/"

[call.join]
text = "一起读"
url = "https://night.example/join"
channels = ["note"]

[channel.plain.limits.text]
max = 30
""",
        encoding="utf-8",
    )
    render_all(root=root)
    drop(root, "ugc/lu/own.md", "# 自己的\n\n" + "字。" * 60 + "\n", age=60)
    done = render_all(root=root)
    assert (done.made, done.problems, fresh_settings) == (1, (), [""])
    before = outputs(root)
    assert render_all(root=root, force=True).written == 0
    assert outputs(root) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("steadycast.toml", "夜读", "晨读"),
        ("channels/note/channel.toml", 'title = "note"', 'title = "other"'),
        ("channels/note/post.txt.j2", "{{ post.title }}", "»{{ post.title }}"),
        ("steadycast.toml", '[channel.plain]\nplatform = "bare"\n', ""),
        ("steadycast.toml", "[channel.plain]", '[channel.more]\nplatform = "note"\n\n[channel.plain]'),
        ("steadycast.toml", "[channel.note]\n", '[channel.note]\nforms = ["audio"]\n'),
    ],
)
def test_another_setting_template_or_channel_is_taken_with_a_changed_draft(
    root: Any, fresh_settings: list[str], file: str, old: str, new: str
) -> None:
    render_all(root=root)
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new), encoding="utf-8")
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    render_all(root=root)
    assert fresh_settings == ["", ""]
    before = outputs(root)
    shutil.rmtree(root / "var")
    render_all(root=root)
    assert outputs(root) == before


def test_a_change_that_keeps_size_and_time_is_seen(root: Any, fresh_settings: list[str]) -> None:
    """Its ctime tells."""
    render_all(root=root)
    settings = root / "steadycast.toml"
    was = settings.stat()
    settings.write_text(settings.read_text().replace("night.example", "light.example"))
    os.utime(settings, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert settings.stat().st_size == was.st_size
    render_all(root=root)
    assert fresh_settings == ["", ""]


def test_where_the_recipe_would_lie_something_else_may_lie(root: Any) -> None:
    (root / "var" / "cache" / "render.recipe").mkdir(parents=True)
    assert render_all(root=root).written == 9
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "又读一页。\n", age=60)
    assert render_all(root=root).written == 3


def test_broken_settings_are_told_though_others_are_kept(root: Any) -> None:
    render_all(root=root)
    (root / "steadycast.toml").write_text("[community]\nname = 5\n")
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    with pytest.raises(SettingsError):
        render_all(root=root)


def test_code_of_another_version_reads_the_settings_anew(
    root: Any, fresh_settings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the package itself is another."""
    code = tmp_path / "of-the-package.py"
    code.write_text("old")
    monkeypatch.setattr(from_settings, "_code_files", lambda: [str(code)])
    render_all(root=root)
    code.write_text("newer")
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    assert (render_all(root=root).made, fresh_settings) == (3, ["", ""])


@pytest.mark.parametrize("damage", ["cut", "one bit", "other Python", "other workspace", "code", "none"])
def test_a_recipe_that_cannot_be_used_is_as_good_as_none(
    root: Any, fresh_settings: list[str], damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in it is ever run, and nothing that is not whole is looked into."""
    render_all(root=root)
    file = root / "var" / "cache" / "render.recipe"
    kept = file.read_bytes()
    if damage == "cut":
        file.write_bytes(kept[: len(kept) // 2])
    elif damage == "one bit":
        file.write_bytes(kept[:200] + bytes([kept[200] ^ 1]) + kept[201:])
    elif damage == "other Python":
        monkeypatch.setattr(recipe, "FORM", "another")
    elif damage == "other workspace":
        data = marshal.dumps(("/elsewhere", *marshal.loads(kept[32:])[1:]))
        file.write_bytes(recipe._sum(data) + data)
    elif damage == "code":
        of_root, inputs, _told = marshal.loads(kept[32:])
        data = marshal.dumps((of_root, inputs, [compile("raise SystemExit", "x", "exec")] * 7))
        file.write_bytes(recipe._sum(data) + data)
    else:
        file.unlink()
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    done = render_all(root=root)
    assert (done.made, done.written, done.problems, fresh_settings) == (1, 3, (), ["", ""])


def test_what_cannot_be_kept_is_read_each_time(root: Any, fresh_settings: list[str]) -> None:
    """A date in a platform's own data, which its templates may show."""
    toml = root / "channels" / "note" / "channel.toml"
    toml.write_text(toml.read_text() + "\n[data]\nsince = 2020-02-02\n")
    template = root / "channels" / "note" / "post.txt.j2"
    template.write_text("{{ channel.spec.data.since }}")
    render_all(root=root)
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    assert (render_all(root=root).problems, fresh_settings) == ((), ["", ""])
    assert set(outputs(root)["note/pgc/2026-11-02-night.txt"].split()) == {b"2020-02-02"}


def test_problems_are_told_in_the_language_of_who_asks(root: Any) -> None:
    """Settings that were kept under one language are no words of it."""
    with speaking("zh_Hans"):
        render_all(root=root)
    drop(root, "pgc/broken.md", "---\ntitle: [\n---\n\nx\n", age=60)
    with speaking("en"):
        (problem,) = render_all(root=root).problems
    assert problem.message.isascii()


def test_a_template_is_compiled_once_and_again_when_its_words_are_others(root: Any) -> None:
    render_all(root=root)
    before = compiled(root)
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2) + "More.\n", age=60)
    render_all(root=root)
    assert compiled(root) == before
    (root / "channels" / "note" / "post.txt.j2").write_text("other words")
    render_all(root=root)
    assert (root / "var" / "render" / "note" / "pgc" / "2026-11-02-night.txt").read_text() == "other words"


def test_a_run_that_is_cut_off_leaves_nothing_that_the_next_one_takes_for_whole(
    root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed within a page: what is there of it is made again, though its folder and its draft look untouched."""

    def killed(out: int, data: memoryview) -> int:
        real(out, data[:8])
        raise KeyboardInterrupt

    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(render_draft.os, "write", killed)
        patched.setattr(Path, "unlink", lambda _path, **_how: None)  # nobody tidies up after a kill
        with pytest.raises(KeyboardInterrupt):
            render_all(root=root, jobs=1, force=True)
    assert outputs(root)["page/pgc/2026-11-01-night.html"] == "<h1>第1".encode()
    render_all(root=root)
    assert outputs(root)["page/pgc/2026-11-01-night.html"].endswith(b"</i>")


def test_a_broken_draft_is_one_problem_and_stops_nothing(root: Any) -> None:
    """It names the file, the line and the hint; it stands until it is fixed, and its old outputs are gone."""
    render_all(root=root)
    drop(root, "pgc/2026-11-02-night.md", "---\ntitle: [\n---\n\nx\n", age=60)
    done = render_all(root=root)
    assert [(str(p.where), p.line) for p in done.problems] == [("pgc/2026-11-02-night.md", done.problems[0].line)]
    assert done.problems[0].line is not None
    assert done.problems[0].hint
    assert (done.outputs, done.removed) == (6, 3)
    again = render_all(root=root)
    assert (again.problems, again.made, again.written) == (done.problems, 1, 0)  # what it needs may be there by now
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(2), age=120)
    assert (render_all(root=root).problems, len(outputs(root))) == ((), 9)


def test_a_picture_that_comes_nearer_than_the_one_found_is_shown(root: Path) -> None:
    """Hexo keeps a post's pictures in the folder named like it; the one beside the post comes first."""
    drop(root, "pgc/a/it.md", "---\ntitle: It\n---\n\n![words](p.png)\n")
    for folder, size in (("pgc", (40, 40)), ("pgc/a/it", (60, 40)), ("pgc/a", (80, 40))):
        (root / "content" / folder).mkdir(parents=True, exist_ok=True)
        (root / "content" / folder / "p.png").write_bytes(picture(kind="PNG", size=size))
        done = render_all(root=root, jobs=1)
        assert (done.made, done.problems) == (4 if folder == "pgc" else 1, ())
        assert render_all(root=root, jobs=1).made == 0


def test_a_draft_whose_picture_came_later_is_made_then(root: Any) -> None:
    drop(root, "pgc/seen.md", "# Seen\n\n![It](it.png)\n", age=60)
    render_all(root=root)
    assert [problem.where for problem in render_all(root=root).problems] == ["pgc/seen.md"]
    (root / "content" / "pgc" / "it.png").write_bytes(picture(kind="PNG"))
    assert render_all(root=root).problems == ()
    assert any("seen" in name for name in outputs(root))


@pytest.mark.parametrize(
    "kept",
    [
        '{"drafts": []}',
        '{"editions": 5, "drafts": {}}',
        "5",
        '{"editions": {}, "drafts": {"revisions": ["a"], "kinds": [{}], "kind": [0]}}',
        '{"editions": {}, "drafts": {"revisions": ["a", "b", "c"], "kinds": [], "kind": [0, 0, 0]}}',
    ],
)
def test_a_memory_that_cannot_be_used_is_as_good_as_none(root: Any, kept: str) -> None:
    render_all(root=root)
    file = root / "var" / "cache" / "render.json"
    summary, stamps, _made = file.read_bytes().split(b"\n", 2)
    drop(root, "pgc/new.md", "# New\n\nWords.\n", age=60)
    file.write_bytes(b"\n".join([summary, stamps, kept.encode()]))
    render_all(root=root)
    assert any("new" in name for name in outputs(root))


def test_what_fits_one_channel_and_not_another_is_that_channels_problem(root: Any) -> None:
    """The others get theirs."""
    toml = root / "channels" / "note" / "channel.toml"
    toml.write_text(toml.read_text() + "\n[limits.title]\nmax = 3\ncut = false\n")
    drop(root, "pgc/2026-11-04-long.md", "---\ntitle: 很长的一个题目\n---\n\nx\n")
    done = render_all(root=root)
    assert [p.message.partition(":")[0] for p in done.problems] == ["note"]
    assert "page/pgc/2026-11-04-long.html" in outputs(root)
    assert "note/pgc/2026-11-04-long.txt" not in outputs(root)


def test_two_drafts_of_one_name_do_not_share_an_output(root: Any) -> None:
    """`a.md` and `a.markdown` would write the same files: the second is a problem."""
    drop(root, "pgc/2026-11-01-night.markdown", DRAFT.format(9))
    done = render_all(root=root)
    assert [str(p.where) for p in done.problems] == ["pgc/2026-11-01-night.md"]
    assert "第9夜" in outputs(root)["page/pgc/2026-11-01-night.html"].decode()
    assert render_all(root=root).problems == done.problems


def test_only_approved_revisions_are_shown_when_asked(root: Any) -> None:
    """A draft that was edited after its approval is not shown as it is now."""
    render_all(root=root)
    assert render_all(root=root, approved={}).outputs == 0
    assert outputs(root) == {}
    assert render_all(root=root).written == 9


def test_one_channel_alone(root: Any) -> None:
    """The others' outputs stay as they were, even where the draft has changed."""
    render_all(root=root)
    before = times(root)
    drop(root, "pgc/2026-11-02-night.md", DRAFT.format(7), age=60)
    assert render_all(root=root, channel="page").written == 1
    assert written(before, times(root)) == {"page/pgc/2026-11-02-night.html"}
    assert render_all(root=root).written == 2
    with pytest.raises(InputError, match="did you mean 'page'"):
        render_all(root=root, channel="pages")


def test_a_channel_that_is_gone_takes_its_outputs_with_it(root: Any) -> None:
    """So does a form that a channel no longer takes."""
    render_all(root=root)
    settings = root / "steadycast.toml"
    settings.write_text(settings.read_text().replace('[channel.plain]\nplatform = "bare"\n', ""))
    render_all(root=root)
    assert {path.split("/")[0] for path in outputs(root)} == {"page", "note"}
    settings.write_text(settings.read_text().replace('platform = "page"', 'platform = "page"\nforms = ["audio"]'))
    render_all(root=root)
    assert {path.split("/")[0] for path in outputs(root)} == {"note"}


def test_a_run_without_changes_reads_nothing_that_is_kept_of_each_draft(
    root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the same, problems too."""
    toml = root / "channels" / "note" / "channel.toml"
    toml.write_text(toml.read_text() + "\n[limits.title]\nmax = 3\ncut = false\n")
    drop(root, "pgc/2026-11-04-long.md", "---\ntitle: 很长的一个题目\n---\n\nx\n", age=60)
    first = render_all(root=root)
    with monkeypatch.context() as patch:
        patch.setattr(Memory, "load", lambda _file: pytest.fail("what was made of each draft was read"))
        again = render_all(root=root)
    assert first.problems
    assert (again.made, again.written, again.removed) == (0, 0, 0)
    assert (again.drafts, again.outputs, again.problems) == (first.drafts, first.outputs, first.problems)
    (root / "var" / "render" / "page" / "pgc" / "2026-11-02-night.html").unlink()
    assert render_all(root=root).written == 1


def test_a_lost_cache_costs_time_and_nothing_else(root: Any) -> None:
    """Everything is made once more; equal files stay, and what no draft accounts for is removed."""
    render_all(root=root)
    before, at = outputs(root), times(root)
    (root / "var" / "cache" / "render.json").write_text("{broken")
    (root / "var" / "render" / "page" / "orphan.html").write_text("nobody's")
    done = render_all(root=root)
    assert (done.made, done.written, done.removed) == (3, 0, 1)
    assert (outputs(root), times(root)) == (before, at)


def test_a_broken_template_is_named(root: Any) -> None:
    """A template that cannot take a post is that post's problem, with the template's file."""
    (root / "channels" / "note" / "post.txt.j2").write_text("{{ post.nothing }}")
    done = render_all(root=root)
    assert len(done.problems) == 3
    assert all("post.txt.j2" in p.message for p in done.problems)
    assert len(outputs(root)) == 6


def test_wrong_settings_stop_the_run_before_it_writes(root: Any) -> None:
    """Nothing is written for any channel."""
    settings = root / "steadycast.toml"
    settings.write_text(settings.read_text().replace('platform = "bare"', 'platform = "bear"'))
    with pytest.raises(SettingsError, match="did you mean 'bare'"):
        render_all(root=root)
    assert outputs(root) == {}


@pytest.mark.slow
@pytest.mark.parallel
def test_two_processes_write_what_one_would(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, and say the same; also beside a thread, such as that of a progress bar."""
    pools, of = [], multiprocessing.get_context

    def counted(way: str) -> Any:
        pools.append(way)
        return of(way)

    monkeypatch.setattr(multiprocessing, "get_context", counted)
    for n in range(260):
        drop(root, f"ugc/momo/walk-{n:03}.md", DRAFT.format(n + 10) + "- 一\n- 二\n" * (n % 5))
    drop(root, "ugc/momo/walk-007.md", "---\ntitle: [\n---\n")
    one = render_all(root=root, jobs=1)
    alone = outputs(root)
    (root / "var" / "cache" / "render.json").unlink()
    for path in alone:
        (root / "var" / "render" / path).unlink()
    over = threading.Event()
    beside = threading.Thread(target=over.wait, daemon=True)
    beside.start()
    two = render_all(root=root, jobs=2)
    over.set()
    beside.join()
    assert pools == ["spawn"]  # a fork would copy the thread's locks
    assert outputs(root) == alone
    assert (two.row(), len(two.problems)) == (one.row(), 1)
