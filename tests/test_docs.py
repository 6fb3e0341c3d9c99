"""Documents are held true: what they name exists, what exists they name, and what they say to type runs."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import pytest
import yaml
from packaging.requirements import Requirement
from pydantic import BaseModel

from steadycast import errors
from steadycast.cli import app
from steadycast.ledger.tables import State
from steadycast.ops.deployments import deployments
from steadycast.platform.registry import platforms
from steadycast.schedule.rhythm_phrases import read_human
from steadycast.workspace import load
from steadycast.workspace import settings as tables

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "channels").rglob("README.md"), ROOT / "flows" / "README.md"]
)
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
_spec = importlib.util.spec_from_file_location("lists", DOCS / "lists.py")
lists = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]
_spec.loader.exec_module(lists)  # type: ignore[union-attr]
STEADYCAST = Path(sys.executable).with_name("steadycast")

TABLES = {
    "[community]": tables.Community,
    "[members.ID]": tables.Member,
    "[series.NAME]": tables.SeriesTable,
    "[channel.NAME]": tables.ChannelSettings,
    "[[feed]]": tables.Feed,
    "[intake]": tables.Intake,
    "[publish]": tables.Publish,
    "[alarms]": tables.Alarms,
}
NOT_WRITTEN = {"[channel.NAME]": {"name"}}  # set by the loader: it is the table's own name


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sections(text: str, level: str = "##") -> dict[str, str]:
    """Each heading of that level, and what stands under it; fenced blocks open no section."""
    found: dict[str, list[str]] = {}
    title, fenced = "", False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith(f"{level} "):
            title = line.removeprefix(f"{level} ").strip()
        found.setdefault(title, []).append(line)
    return {title: "\n".join(lines) for title, lines in found.items()}


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without headings and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [
        row for n, row in enumerate(cells) if not is_rule(row) and not (n + 1 < len(cells) and is_rule(cells[n + 1]))
    ]


def is_rule(row: list[str]) -> bool:
    return all(set(cell) <= set("-: ") for cell in row)


def code(cell: str) -> str:
    return cell.split("`")[1] if "`" in cell else cell


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# Settings.


def spelt(value: Any) -> str:
    """A default as steadycast.toml writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dt.timedelta):
        seconds = int(value.total_seconds())
        unit, length = next((u, n) for u, n in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % n == 0)
        # A day is said in hours where people say "24h".
        return f'`"{seconds // length}{unit}"`' if seconds != 86400 else '`"24h"`'
    if isinstance(value, (tuple, list)):
        return "`[" + ", ".join(f'"{v.value if isinstance(v, Enum) else v}"' for v in value) + "]`"
    if isinstance(value, dict):
        return "`{}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


@pytest.mark.parametrize("table", TABLES)
def test_every_key_of_steadycast_toml_stands_in_its_table_with_its_default(table: str) -> None:
    """docs/settings.md names exactly the keys that a model has, and what holds when one is left out."""
    fields = {
        n: f
        for n, f in cast("type[BaseModel]", TABLES[table]).model_fields.items()
        if n not in NOT_WRITTEN.get(table, ())
    }
    told = {code(row[0]): row[2] for row in rows(sections(page("settings.md"))[table])}
    wanted = {
        name: "required" if field.is_required() else spelt(field.get_default(call_default_factory=True))
        for name, field in fields.items()
    }
    assert told == wanted


def test_every_table_of_steadycast_toml_has_its_section() -> None:
    """A table that the settings know is a heading, and a heading in brackets is a table."""
    known = {f.name if hasattr(f, "name") else n for n, f in tables.Settings.model_fields.items()}
    told = {re.match(r"\[+(\w+)", title)[1] for title in sections(page("settings.md")) if title.startswith("[")}  # type: ignore[index]
    assert told == known


def test_every_model_of_the_settings_is_documented() -> None:
    """A new model in workspace/settings.py has to be given its section here."""
    models = {
        m
        for m in vars(tables).values()
        if isinstance(m, type) and issubclass(m, BaseModel) and m.__module__ == tables.__name__
    }
    assert models - {tables.Model, tables.Settings} == set(TABLES.values())


@pytest.mark.platforms("site", "feed", "mail")
def test_the_examples_of_settings_can_be_read(tmp_path: Path) -> None:
    """Every TOML block of settings.md and of both READMEs parses; those of settings.md are taken as they stand."""
    for file in [DOCS / "settings.md", DOCS / "operations.md", DOCS / "guide.md", DOCS / "guide.zh-CN.md", *READMES]:
        for block in blocks(file.read_text(encoding="utf-8"), "toml"):
            assert tomllib.loads(block)
    whole = "\n".join(b for b in blocks(page("settings.md"), "toml") if not b.startswith('"'))
    outlets = "".join(f'\n[channel.{name}]\nplatform = "{name}"\n' for name in ("site", "feed"))
    newsletter = '\n[channel.newsletter]\nplatform = "mail"\nfrom = "a@example.org"\n'
    (tmp_path / "steadycast.toml").write_text(whole + outlets + newsletter, encoding="utf-8")
    assert load(tmp_path).series["daily"].channels == ("site", "feed", "newsletter")


def test_every_form_of_a_rhythm_that_is_shown_can_be_read() -> None:
    """The rhythms of the table are read as they stand, in both languages."""
    shown = [
        form for row in rows(sections(page("settings.md"))["Rhythms"]) for form in re.findall(r"`([^`]+)`", row[0])
    ]
    assert len(shown) > 10
    for form in shown:
        assert read_human(form)


def variables(*files: Path) -> set[str]:
    """The STEADYCAST_* variables that these sources read or set."""
    asked = re.compile(r"""(?:environ(?:\.get)?[\[(]|getenv\()\s*"(STEADYCAST_\w+)\"""")
    return {name for file in files for name in asked.findall(file.read_text(encoding="utf-8"))}


def test_every_environment_variable_is_named() -> None:
    """What the program reads of STEADYCAST_* stands in settings.md, and nothing else; what its tests read, in CONTRIBUTING."""
    program = variables(
        *(ROOT / "src").rglob("*.py"), *(ROOT / "flows").glob("*.py"), *(ROOT / "channels").rglob("*.py")
    )
    told = {code(row[0]) for row in rows(sections(page("settings.md"))["Environment variables"])}
    assert {name for name in told if name.startswith("STEADYCAST_")} == program
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tests = variables(*(f for f in (ROOT / "tests").glob("*.py") if f != Path(__file__)))
    assert {name for name in tests - program if name not in contributing} == set()


# Commands.


def commands() -> dict[str, set[str]]:
    """Each command of the program, with its options."""
    found = {}
    for words, command in walk(app, ()):
        arguments = command.assemble_argument_collection(parse_docstring=True)
        found[" ".join(words)] = {n for a in arguments for n in a.names if n.startswith("--") and n not in a.negatives}
    return found


def walk(group: Any, path: tuple[str, ...]) -> Any:
    for name in group:
        if not name.startswith("-"):
            yield from (
                [((*path, name), group[name])] if group[name].default_command else walk(group[name], (*path, name))
            )


def test_every_command_and_option_is_documented_and_no_other() -> None:
    """docs/commands.md has a section a command, and a row an option."""
    told = {
        title.removeprefix("steadycast "): {code(row[0]) for row in rows(text)}
        for group in sections(page("commands.md")).values()
        for title, text in sections(group, "###").items()
        if title.startswith("steadycast ")
    }
    assert told == commands()


def test_every_exit_code_is_told() -> None:
    """The codes of the errors stand in commands.md and in both READMEs."""
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SteadycastError)
    }
    for text in (page("commands.md"), *(f.read_text(encoding="utf-8") for f in READMES)):
        told = {row[0] for row in rows(text)}
        assert {str(number) for number in (0, *codes)} <= told


COMMAND = re.compile(r"(?:^|`)(?:[\w./-]*/)?steadycast ([a-z]+(?: [a-z]+)?)([^`\n#|]*)", re.MULTILINE)


@pytest.mark.parametrize("file", PAGES, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_command_that_a_document_shows_exists(file: Path) -> None:
    """A command in a block or in code is one that the program has, with options that it has."""
    known = commands()
    text = file.read_text(encoding="utf-8")
    shown = "\n".join([*blocks(text, "sh"), *(f"`{c}`" for c in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))])
    for words, rest in COMMAND.findall(shown):
        name = words if words in known else words.split(" ")[0]
        assert name in known or name in {"channel", "help"}, f"steadycast {words}"
        options = set(re.findall(r"(?<!\S)--[a-z-]+", rest)) - {"--help"}
        assert options <= known.get(name, set()) | {o.replace("--no-", "--") for o in options if o.startswith("--no-")}


# Platforms.

FOUND = platforms((ROOT / "channels",))
FULL = ("article", "audio", "video", "event")


def entries(told: str) -> list[tuple[str, str]]:
    """(platform, what is told of it) for each row or name of a list."""
    return [(a or b, row) for row, a, b in re.findall(r"(\| \[([\w-]+)\]\(.*|`([\w-]+)`(?=[,、)）]))", told)]


@pytest.mark.every_platform
def test_the_lists_of_platforms_are_those_of_their_channel_toml() -> None:
    """Forms, class, limits and settings of each folder; what is told of a folder that went, `make docs` takes out."""
    made = lists.lists(FOUND)
    for name in lists.DOCUMENTS:
        for _, called, told, _ in lists.LIST.findall((ROOT / name).read_text(encoding="utf-8")):
            assert [entry for entry in entries(told) if entry[0] in FOUND] == entries(made[called]), "run `make docs`"
    assert all(lists.LIST.search((ROOT / name).read_text(encoding="utf-8")) for name in lists.DOCUMENTS)


@pytest.mark.every_platform
def test_a_platform_that_is_taken_away_leaves_every_list(tmp_path: Path) -> None:
    """And nothing else in the documents changes."""
    for name in lists.DOCUMENTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "channels", tmp_path / "channels")
    shutil.rmtree(tmp_path / "channels" / (gone := next(n for n, p in FOUND.items() if p.delivery == "blind")))
    for text in lists.stale(tmp_path).values():
        assert not [found for found in lists.LIST.finditer(text) if f"`{gone}`" in found[3] or f"[{gone}]" in found[3]]
    assert len(lists.stale(tmp_path)) == len(lists.DOCUMENTS)


def test_the_classes_that_are_promised_are_those_that_a_platform_may_have() -> None:
    """README and platforms.md speak of each delivery class."""
    for name in ("conditional", "read-back", "blind", "kit"):
        assert f"`{name}`" in page("platforms.md")
        assert all(f"`{name}`" in f.read_text(encoding="utf-8") for f in READMES)


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
    notes = {t: text for t, text in sections(page("design.md")).items() if t not in {"", "Dependencies", "Rooms"}}
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
    assert checked.stdout.splitlines()[:1] == ["Everything is in order."]
    (made / "content" / "pgc" / "images").mkdir()
    (made / "content" / "pgc" / "images" / "rain.jpg").write_bytes(
        (ROOT / "content/pgc/articles/images/stove.jpg").read_bytes()
    )
    for file in READMES:
        draft = blocks(file.read_text(encoding="utf-8"), "markdown")[0]
        (made / "content" / "pgc" / "rain.md").write_text(draft, encoding="utf-8")
        checked = run("check", cwd=made)
        assert (checked.returncode, checked.stdout.splitlines()[:1]) == (0, ["Everything is in order."])
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
