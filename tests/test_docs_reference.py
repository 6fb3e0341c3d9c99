"""What the documents list is what there is: settings, commands, exit codes, platforms; no more and no less."""

from __future__ import annotations

import datetime as dt
import functools
import re
import shutil
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any, cast

import pytest
from documents import DOCS, FOUND, PAGES, READMES, ROOT, blocks, code, lists, page, rows, sections
from pydantic import BaseModel

from steadycast import errors
from steadycast.cli.command_line import app
from steadycast.schedule.rhythm_phrases import read_human
from steadycast.workspace import class_settings, fair_settings, load, ready_settings, ritual_settings
from steadycast.workspace import settings as tables

TABLES = {
    "[community]": tables.Community,
    "[members.ID]": tables.Member,
    "[series.NAME]": tables.SeriesTable,
    "[channel.NAME]": tables.ChannelSettings,
    "[channel.NAME.upload]": tables.Upload,
    "[class.NAME]": class_settings.ClassTable,
    "[class.NAME.leave]": class_settings.LeaveTable,
    "[class.NAME.comment]": class_settings.CommentTable,
    "[call.NAME]": tables.Call,
    "[arrivals.NAME]": tables.ArrivalCounter,
    "[[feed]]": tables.Feed,
    "[[ritual]]": ritual_settings.RitualTable,
    "[asks]": ritual_settings.AsksTable,
    "[intake]": tables.Intake,
    "[publish]": tables.Publish,
    "[alarms]": tables.Alarms,
    "[desk]": tables.DeskSettings,
    "[fair]": tables.Fair,
    "[ready]": tables.Ready,
}
NOT_WRITTEN = {"[channel.NAME]": {"name"}}  # set by the loader: it is the table's own name


# Settings.


def spelt(value: Any) -> str:
    """A default as steadycast.toml writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dt.timedelta):
        seconds = int(value.total_seconds())
        if not seconds:
            return '`"0m"`'
        unit, length = next((u, n) for u, n in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % n == 0)
        # A day is said in hours where people say "24h".
        return f'`"{seconds // length}{unit}"`' if seconds != 86400 else '`"24h"`'
    if isinstance(value, (tuple, list)):
        return "`[" + ", ".join(f'"{v.value if isinstance(v, Enum) else v}"' for v in value) + "]`"
    if isinstance(value, dict):
        return "`{}`"
    if isinstance(value, BaseModel):
        return "its own"
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
    known = {f.alias or n for n, f in tables.Settings.model_fields.items()}
    told = {re.match(r"\[+(\w+)", title)[1] for title in sections(page("settings.md")) if title.startswith("[")}  # type: ignore[index]
    assert told == known


def test_every_model_of_the_settings_is_documented() -> None:
    """A new model in workspace/settings.py has to be given its section here."""
    models = {
        m
        for file in (tables, class_settings, fair_settings, ready_settings, ritual_settings)
        for m in vars(file).values()
        if isinstance(m, type) and issubclass(m, BaseModel) and m.__module__ == file.__name__
    }
    in_a_row = {fair_settings.MixAt}  # its keys stand in the row of mix_at
    assert models - {tables.Settings} - in_a_row == set(TABLES.values())


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


@functools.cache
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
            if group[name].default_command:
                yield (*path, name), group[name]
            yield from walk(group[name], (*path, name))


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


COMMAND = re.compile(r"(?:^|`)(?:[\w./-]*/)?steadycast ([a-z]+(?: [a-z]+){0,2})([^`\n#|]*)", re.MULTILINE)


@pytest.mark.parametrize("file", PAGES, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_command_that_a_document_shows_exists(file: Path) -> None:
    """A command in a block or in code is one that the program has, with options that it has."""
    known = commands()
    text = file.read_text(encoding="utf-8")
    shown = "\n".join([*blocks(text, "sh"), *(f"`{c}`" for c in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))])
    for words, rest in COMMAND.findall(shown):
        parts = words.split(" ")
        name = next((n for k in (3, 2, 1) if (n := " ".join(parts[:k])) in known), parts[0])
        assert name in known or name in {"channel", "help"}, f"steadycast {words}"
        options = set(re.findall(r"(?<!\S)--[a-z-]+", rest)) - {"--help"}
        assert options <= known.get(name, set()) | {o.replace("--no-", "--") for o in options if o.startswith("--no-")}


# Platforms.

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
