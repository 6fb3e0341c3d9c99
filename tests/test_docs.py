"""Documents are held true: what they name exists, what exists they name, and what they say to type runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from documents import DOCS, FOUND, PAGES, READMES, ROOT, blocks, code, lists, page, rows, sections
from packaging.requirements import Requirement

from steadycast.ledger.tables import State
from steadycast.ops.deployments import deployments
from steadycast.workspace import load

STEADYCAST = Path(sys.executable).with_name("steadycast")

# Operations and design.


def test_every_deployment_is_told() -> None:
    """operations.md lists the deployments as `steadycast deploy` writes them."""
    made = deployments(load(ROOT))["deployments"]
    names = {f"{e['entrypoint'].rpartition(':')[2]}/{e['name']}" for e in made}
    named = {re.sub(r"publish/publish-.+", "publish/publish-NAME", name) for name in names}
    assert {row[0] for row in rows(sections(page("operations.md"))["What runs when"])} == named


def test_every_state_that_waits_for_a_person_has_its_answer() -> None:
    """What stands in `steadycast status` or in the record as trouble has a row that says what to do."""
    told = {code(row[0]) for row in rows(sections(page("operations.md"))["What to do when"])}
    assert {State.HANDED, State.UNKNOWN, State.REFUSED, State.MISSED} <= told


def test_every_dependency_has_its_reason_and_its_bound() -> None:
    """docs/design.md's table is pyproject.toml's list."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {r.name: set(str(r.specifier).split(",")) for r in map(Requirement, project["dependencies"])}
    found = rows(sections(page("design.md"))["Dependencies"])
    assert {row[0]: set(row[1].split(",")) for row in found} == wanted
    assert all(row[2] and row[3] for row in found)
    assert all(Requirement(r).name in page("design.md") for r in project["optional-dependencies"]["postgres"])


def test_every_room_is_told() -> None:
    """design.md says of each room of the library what it is for."""
    there = {
        f.stem for f in (ROOT / "src" / "steadycast").iterdir() if f.suffix == ".py" or (f / "__init__.py").exists()
    }
    assert {row[0] for row in rows(sections(page("design.md"))["Rooms"])} == there - {
        "__init__",
        "__main__",
        "_workspace",
    }


def test_every_note_is_dated_and_short() -> None:
    """A design note is one question, with the day it was answered, in a few lines."""
    notes = {
        t: text for t, text in sections(page("design.md")).items() if t not in {"", "Dependencies", "Shapes", "Rooms"}
    }
    assert len(notes) >= 10
    for title, text in notes.items():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d: .+\?", title)
        assert len(text) < 1200


# The README, and every page.


def test_the_commands_of_the_readme_are_targets_of_make() -> None:
    """`make run`, `make test` and their variables are what the Makefile has; CI runs the test command and nothing beside it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = {
        c
        for f in READMES
        for b in blocks(f.read_text(encoding="utf-8"), "sh")
        for c in re.findall(r"^make (.+?)\s*(?:#|$)", b, re.MULTILINE)
    }
    assert shown == {"run", "run ONCE=1", "test", "test ALL=1"}
    for command in shown:
        target, _, variable = command.partition(" ")
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert not variable or f"$({'if $('}{variable.partition('=')[0]})" in makefile
    assert "\nmake test ALL=1\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_both_readmes_say_the_same() -> None:
    """The Chinese one has the same sections and runs the same commands, up to words in quotation marks."""
    english, chinese = (f.read_text(encoding="utf-8") for f in READMES)
    assert len(sections(english)) == len(sections(chinese))
    assert len(english.splitlines()) < 220
    plain = [
        [re.split(r"\s+#", line)[0] for line in "".join(blocks(text, "sh")).splitlines() if "init" not in line]
        for text in (english, chinese)
    ]
    assert plain[0] == plain[1]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("STEADYCAST_")}
    return subprocess.run(
        [STEADYCAST, *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.sample
@pytest.mark.parallel
@pytest.mark.slow
def test_the_first_commands_of_the_readme_run(tmp_path: Path) -> None:
    """A new workspace as the README makes it is in order, takes the README's draft, and previews it."""
    assert run("--help", cwd=tmp_path).returncode == 0
    block = next(b for b in blocks(READMES[0].read_text(encoding="utf-8"), "sh") if "steadycast init" in b)
    wanted = re.search(r"init \S+ --name \"(.+?)\" --timezone (\S+) --language (\S+)", block)
    assert wanted
    made = tmp_path / "my-community"
    assert (
        run(
            "init", str(made), "--name", wanted[1], "--timezone", wanted[2], "--language", wanted[3], cwd=tmp_path
        ).returncode
        == 0
    )
    checked = run("check", cwd=made)
    assert checked.returncode == 0
    said, placeholder = checked.stdout.splitlines()
    assert said == "Nothing has to be fixed. Please read the notes."
    assert "community.url: example.org is not yours" in placeholder, "and its channels follow it"
    (made / "content" / "pgc" / "images").mkdir()
    (made / "content" / "pgc" / "images" / "rain.jpg").write_bytes(
        (ROOT / "content/pgc/articles/images/stove.jpg").read_bytes()
    )
    for file in READMES:
        draft = blocks(file.read_text(encoding="utf-8"), "markdown")[0]
        (made / "content" / "pgc" / "rain.md").write_text(draft, encoding="utf-8")
        checked = run("check", cwd=made)
        assert (checked.returncode, checked.stdout.splitlines()[:1]) == (
            0,
            ["Nothing has to be fixed. Please read the notes."],
        )
    assert "series" not in yaml.safe_load(draft.split("---")[1]), "the wizard names a series by its title"
    shown = run("preview", "content/pgc/rain.md", cwd=made)
    assert shown.returncode == 0, shown.stderr
    assert (made / "var" / "preview" / "rain" / "index.html").is_file()


@pytest.mark.parallel
@pytest.mark.slow
def test_the_guides_drafts_are_taken_in(tmp_path: Path) -> None:
    """The draft that the guide calls a whole one is a whole one."""
    assert run("init", str(tmp_path / "circle"), cwd=tmp_path).returncode == 0
    for name in ("guide.md", "guide.zh-CN.md"):
        (tmp_path / "circle" / "content" / "pgc" / "rain.md").write_text(
            blocks(page(name), "markdown")[0], encoding="utf-8"
        )
        assert run("check", cwd=tmp_path / "circle").returncode == 0


@pytest.mark.parallel
@pytest.mark.slow
def test_the_whole_platform_that_is_shown_keeps_the_contract(tmp_path: Path) -> None:
    """The three files of channels/README.md are a platform as they stand."""
    shown = sections((ROOT / "channels" / "README.md").read_text(encoding="utf-8"))["A whole platform"]
    files = dict(re.findall(r"^([\w.]+):\n\n```\w+\n(.*?)^```", shown, re.MULTILINE | re.DOTALL))
    assert files.keys() == {"channel.toml", "adapter.py", "fake.py"}
    assert run("init", str(tmp_path / "circle"), cwd=tmp_path).returncode == 0
    board = tmp_path / "circle" / "channels" / "board"
    board.mkdir(parents=True)
    for name, text in files.items():
        (board / name).write_text(text, encoding="utf-8")
    tried = run("channel", "test", "board", cwd=tmp_path / "circle")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "Not tried" not in tried.stdout


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(file: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("file", PAGES, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    """A relative link names a file of the repository, and an anchor that is a heading of it."""
    kept = lists.filled(file.read_text(encoding="utf-8"), lists.lists(FOUND))  # as `make docs` leaves it
    text = re.sub(r"^```.*?^```", "", kept, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, name = unquote(target).partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.is_relative_to(ROOT), target
        assert there.exists(), target
        assert not name or name in anchors(there), target


@pytest.mark.parametrize("file", PAGES, ids=lambda f: str(f.relative_to(ROOT)))
def test_no_page_is_unfinished(file: Path) -> None:
    """Nothing is left to be filled in, and no page depends on where a package index is."""
    text = file.read_text(encoding="utf-8")
    assert len(text) > 200
    assert not re.search(r"\b(TODO|FIXME|TBD|XXX|lorem ipsum|coming soon|placeholder)\b", text, re.IGNORECASE)
    assert not re.search(r"pypi\.org|pythonhosted|--index-url|npmjs|/tmp/(?!pictures)|/work/", text)


def test_the_pictures_are_there_and_small() -> None:
    """Each picture of a page is a PNG under 250 KB, and each picture is shown."""
    shown = {
        p
        for f in READMES
        for p in re.findall(r"!\[[^\]]+\]\((docs/images/[\w-]+\.png)\)", f.read_text(encoding="utf-8"))
    }
    assert shown == {f"docs/images/{f.name}" for f in (DOCS / "images").glob("*.png")}
    for name in shown:
        data = (ROOT / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 250_000


def test_the_flows_readme_names_every_flow() -> None:
    """Each file of flows/ has its row, with the deployments that prefect.yaml gives it."""
    told = {code(row[0]): row[1] for row in rows((ROOT / "flows" / "README.md").read_text(encoding="utf-8"))}
    assert told.keys() == {f.name for f in (ROOT / "flows").glob("*.py")}
    for entry in yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]:
        file = Path(entry["entrypoint"].partition(":")[0]).name
        assert re.sub(r"publish-.+", "publish-NAME", entry["name"]) in told[file]


def test_the_changelog_keeps_its_form() -> None:
    """Keep a Changelog: an Unreleased section first, and only its six kinds of change below a version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = list(sections(text))[1:]
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - 20\d\d-\d\d-\d\d", v) for v in versions[1:])
    kinds = {k for v in versions for k in list(sections(sections(text)[v], "###"))[1:]}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
