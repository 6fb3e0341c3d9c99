"""The rooms' walls: which room may import what, and what the command line may load before it is asked for anything."""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steadycast import alarms, delivery, ops, outgoing, pipeline, upload
from steadycast.platform.channel_toml import CLASSES
from steadycast.workspace.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "steadycast"

# A room of the library -> the other rooms it may import from. What is not named may not be imported.
ROOMS = {
    "language": {"typesetting"},
    "typesetting": {"characters"},
    "errors": set(),
    "html_tree": set(),
    "characters": set(),
    "calendar_file": set(),
    "hints": set(),
    "receipt": set(),
    "arrival": set(),
    "reasons": set(),
    "retold": set(),
    "progress": set(),
    "crash_safety": set(),
    "on_demand": set(),
    "schedule": {"on_demand", "language", "errors"},
    "classes": {"language", "errors", "schedule"},
    "draft": {"on_demand", "errors", "reasons", "characters", "schedule"},
    "workspace": {"on_demand", "errors", "reasons", "schedule", "classes", "crash_safety"},
    "ledger": {"arrival", "errors", "reasons", "retold", "schedule", "receipt", "crash_safety"},
    "platform": {
        "on_demand",
        "arrival",
        "calendar_file",
        "language",
        "errors",
        "reasons",
        "receipt",
        "html_tree",
        "characters",
        "crash_safety",
        "outgoing",
    },
    "upload": {"errors", "characters", "crash_safety", "outgoing", "workspace"},
    "arrivals": {"arrival", "errors", "characters", "draft", "outgoing"},
    "outgoing": {"errors", "characters", "crash_safety"},
    "render": {
        "on_demand",
        "errors",
        "reasons",
        "html_tree",
        "characters",
        "typesetting",
        "draft",
        "platform",
        "schedule",
        "crash_safety",
    },
    "intake": {
        "on_demand",
        "errors",
        "reasons",
        "retold",
        "characters",
        "html_tree",
        "draft",
        "schedule",
        "outgoing",
        "crash_safety",
    },
    "delivery": {"errors", "progress", "receipt", "characters", "platform", "ledger", "crash_safety"},
    "report": {
        "calendar_file",
        "language",
        "errors",
        "receipt",
        "characters",
        "hints",
        "schedule",
        "ledger",
        "workspace",
    },
    "alarms": {"language", "errors", "characters", "typesetting", "report", "ledger", "schedule"},
    "testing": {
        "errors",
        "crash_safety",
        "platform",
        "delivery",
        "ledger",
        "draft",
        "schedule",
        "workspace",
        "render",
        "outgoing",
    },
}
ROOMS["bulk_render"] = {
    "errors",
    "progress",
    "crash_safety",
    "platform",
    "draft",
    "intake",
    "render",
    "workspace",
    "schedule",
}
ROOMS |= {
    "pipeline": {*ROOMS} - {"testing", "bulk_render"},
    "ops": {*ROOMS, "pipeline"} - {"testing", "bulk_render"},
    "api": {*ROOMS, "pipeline", "ops"} - {"testing", "bulk_render"},
    "desk": {*ROOMS, "pipeline", "ops", "api"} - {"testing", "bulk_render"},
    "cli": {
        "on_demand",
        "crash_safety",
        "reasons",
        "api",
        "desk",
        "characters",
        "progress",
        "ops",
        "pipeline",
        "testing",
        "bulk_render",
        "workspace",
        "report",
        "ledger",
        "errors",
        "schedule",
        "platform",
    },
}

ROOMS["drill"] = {
    "errors",
    "reasons",
    "progress",
    "workspace",
    "intake",
    "schedule",
    "ledger",
    "platform",
    "pipeline",
    "testing",
}
ROOMS["cli"].add("drill")

for _room in ("delivery", "alarms", "upload", "outgoing", "platform"):
    ROOMS[_room].add("on_demand")

for _room, _known in ROOMS.items():
    if _room not in {"language", "typesetting", "characters"}:
        _known.add("language")  # every room says something

# A library that only some rooms may know.
LIBRARIES = {
    "prefect": {"pipeline", "cli"},  # inside a function (a Secret block, an event): everything else of it is in flows/
    "feedparser": {"intake"},
    "sqlalchemy": {"ledger"},
    "alembic": {"ledger"},
    "cryptography": {"ledger", "pipeline"},  # what is sealed; passwords
    "jinja2": {"render", "report", "testing", "desk"},
    "fastapi": {"api", "desk"},
    "starlette": {"api", "desk"},
    "mcp": {"api"},
    "uvicorn": {"desk"},
    "babel": {"language", "desk", "render"},
    "requests": {"outgoing"},
    "apprise": {"alarms"},
    "comrak": {"render", "draft"},  # draft reads a body's outline: its first heading, what it shows
    "icalendar": {"calendar_file", "platform", "report"},
    "nh3": {"render", "intake"},
    "mammoth": {"intake"},
    "PIL": {"render"},
    "resvg_py": {"render"},
    "yaml": {"draft", "ops"},
    "cyclopts": {"cli"},
    "rich": {"cli"},
}


def room_of(file: Path) -> str:
    return file.relative_to(SRC).parts[0].removesuffix(".py")


@functools.cache
def _imports(file: Path) -> tuple[frozenset[str], frozenset[str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: tuple[set[str], set[str]] = (set(), set())
    for names, nodes in zip(found, (ast.walk(tree), tree.body), strict=True):
        for node in nodes:
            if isinstance(node, ast.Import):
                names |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                own = node.module == "steadycast"
                names |= {f"{node.module}.{a.name}" if own else node.module for a in node.names}
    return frozenset(found[0]), frozenset(found[1])


def imports(file: Path, *, lazy: bool = True) -> frozenset[str]:
    """Dotted names that a file imports; relative ones are left out; without `lazy`, only those at its top level."""
    return _imports(file)[0 if lazy else 1]


def rooms_in(file: Path) -> set[str]:
    """The rooms that a file imports from."""
    return {name.split(".")[1] for name in imports(file) if name.startswith("steadycast.")}


SOURCES = sorted(SRC.rglob("*.py"))


def test_every_file_stands_in_a_known_room() -> None:
    """A new room has to say here whom it talks to."""
    assert {room_of(f) for f in SOURCES} - {"__init__", "__main__"} <= set(ROOMS)


def test_a_room_imports_only_what_it_may() -> None:
    """Arrows point inwards: schedule knows nobody, the pipeline knows everybody, nobody knows the command line."""
    wrong = {
        file: rooms_in(file) - {room_of(file), "__version__"} - ROOMS.get(room_of(file), set()) for file in SOURCES
    }
    assert {str(file): rooms for file, rooms in wrong.items() if rooms} == {}


def test_the_diagram_in_the_design_notes_is_true() -> None:
    """Every room stands on one line, and imports only from the lines below it."""
    notes = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    lines = notes.partition("```text\ncli\n")[2].partition("```")[0].splitlines()
    level = {room: n for n, line in enumerate(["cli", *lines]) for room in line.split()}
    assert set(level) == set(ROOMS)
    assert [(room, other) for room in ROOMS for other in ROOMS[room] - {room} if level[other] <= level[room]] == []


def test_the_shapes_in_the_design_notes_are_those_in_the_code() -> None:
    """Eight carry a draft. Below the verbs, whatever else knows a slot and a channel needs its reason there."""
    notes = (
        (ROOT / "docs" / "design.md").read_text(encoding="utf-8").partition("\n## Shapes\n")[2].partition("\n## ")[0]
    )
    eight, others = (
        dict(re.findall(r"^\| (\w+) \| `(\S+)` \|", table, re.MULTILINE)) for table in notes.split(" stay:\n")
    )
    assert len(eight) == 8
    known, found = eight | others, {}
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                fields = {line.target.id for line in node.body if isinstance(line, ast.AnnAssign)}  # type: ignore[union-attr]
                place = str(file.relative_to(SRC))
                if known.get(node.name) == place:
                    found[node.name] = place
                elif fields >= {"slot", "channel"} and room_of(file) not in ("pipeline", "ops", "api", "desk", "cli"):
                    assert file.name == "tables.py", f"{node.name} in {place}"
    assert found == known


@pytest.mark.parametrize("room", sorted(f.parent for f in SRC.glob("*/__init__.py")), ids=lambda f: f.name)
def test_each_room_says_in_one_line_what_it_is_for(room: Any) -> None:
    """And where that is a map of its files, it names each of them."""
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert re.match(r"[A-Z].{20,}[.:]$", said.partition("\n")[0])
    files = {f.stem for f in room.iterdir() if f.suffix == ".py" or (f / "__init__.py").exists()} - {"__init__"}
    left = {word for line in re.findall(r"^ *(\w+(?:, \w+)*)  +\S", said, re.MULTILINE) for word in line.split(", ")}
    assert not left & files or left == files, f"{room.name}/__init__.py and its files differ in {left ^ files}"


def test_a_library_is_known_to_its_room_only() -> None:
    """Whoever wants another feed parser, HTTP library or database layer changes one room."""
    for file in SOURCES:
        for name in {n.split(".")[0] for n in imports(file)} & LIBRARIES.keys():
            assert room_of(file) in LIBRARIES[name], f"{name} in {file}"


def test_the_library_knows_prefect_only_when_asked() -> None:
    """Importing Prefect costs seconds; the command line does it inside a function."""
    for file in SOURCES:
        known = {n for n in imports(file) if n.split(".")[0] == "prefect"}
        assert not known or file in (SRC / "pipeline" / "secrets.py", SRC / "cli" / "drafts.py"), file
        assert not {n for n in imports(file, lazy=False) if n.split(".")[0] == "prefect"}, file


@pytest.mark.parametrize("file", sorted((ROOT / "flows").glob("*.py")), ids=lambda f: f.name)
def test_flows_are_thin(file: Any) -> None:
    """Flows import the pipeline, and are at most 60 lines."""
    assert rooms_in(file) <= {"ops", "pipeline", "workspace", "errors", "on_demand"}
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 60


def test_a_platform_knows_only_the_contract() -> None:
    """An adapter imports the contract and its own folder, its fake.py the test kit; it is one screen or three."""
    never = {"requests", "sqlalchemy", "prefect", "jinja2"}
    for file in sorted((ROOT / "channels").rglob("*.py")):
        assert rooms_in(file) <= ({"platform", "testing"} if file.name == "fake.py" else {"platform"}), file
        assert not {n.split(".")[0] for n in imports(file)} & never, file
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 150, file


def test_workspace_folders_are_never_packages() -> None:
    """`channels` is Django Channels' name: a wheel that carried it would overwrite that package in silence."""
    for folder in ("flows", "channels", "content"):
        assert not (ROOT / folder / "__init__.py").exists()


PLATFORM_NAMES = {f.parent.name for f in (ROOT / "channels").glob("*/channel.toml")}
OURS = {*CLASSES, *Settings.model_fields}  # words that steadycast.toml and the contract have themselves: kit, feed


def test_no_platform_is_named_in_the_library() -> None:
    """Adding a platform, or taking one away, edits nothing outside its folder."""
    named = {file: list(platforms_named(file.read_text(encoding="utf-8"), PLATFORM_NAMES)) for file in SOURCES}
    assert {str(file): names for file, names in named.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('x = "webhook"', 1),
        ('if channel.platform == "kit": pass', 1),
        ('if "feed" in (p.name for p in platforms): pass', 1),
        ('platforms["feed"]', 1),
        ('chosen(name, "kit", platforms)', 1),
        ('Channel(platform="feed")', 1),
        ('SETTINGS = "[channel.feed]\\nplatform = \\"feed\\""', 1),
        ('bundle() / "channels" / "kit"', 1),
        ('files = "channels/kit/adapter.py"', 1),
        ("from channels import webhook", 1),
        ('if platform.delivery == "kit": pass', 0),
        ('CLASSES = ("blind", "kit")', 0),
        ('if "feed" in path.parts: pass', 0),
        ("import calendar; calendar.timegm(x)", 0),
        ('say("a site of your own")', 0),
    ],
)
def test_the_fence_tells_a_platforms_name_from_a_word(source: str, names: int) -> None:
    assert bool(list(platforms_named(source, PLATFORM_NAMES | {"webhook", "kit", "feed", "calendar", "site"}))) == bool(
        names
    )


def platforms_named(source: str, names: set[str]) -> Iterator[tuple[int, str]]:
    """(line, name) wherever a source means a platform by its name.

    A constant that is a name means it, unless it is a word of ours; that too does, beside a platform or in a path.
    """
    some = "|".join(sorted(names))
    if not re.search(some, source):
        return
    tree = ast.parse(source)
    told = re.compile(rf"(?:platform\s*=\s*[\"']|channels?[./])(?:{some})\b")
    beside: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Subscript | ast.Call | ast.keyword | ast.BinOp):
            beside |= dict.fromkeys(ast.iter_child_nodes(node), node)

    def word(node: ast.Constant) -> bool:
        around = ast.unparse(beside[node]) if node in beside else ""
        around = re.sub(r"\w*platform\w*\.delivery|spec\.delivery", "", around)
        return node.value in OURS and not re.search(r"platform|chosen|'channels'", around)

    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if told.search(node.value) or (node.value in names and not word(node)):
                yield node.lineno, node.value
        elif isinstance(node, ast.ImportFrom | ast.Attribute):
            wanted = {a.name for a in node.names} if isinstance(node, ast.ImportFrom) else {node.attr}
            where = node.module if isinstance(node, ast.ImportFrom) else ast.unparse(node.value)
            yield from ((node.lineno, name) for name in wanted & names if re.search("platforms|channels", where or ""))


@pytest.mark.parametrize("room", [pipeline, ops, delivery, alarms, upload, outgoing], ids=lambda room: room.__name__)
def test_a_room_of_verbs_gives_what_it_tells_the_type_checker(room: Any) -> None:
    """Each from the file that is named there; and a verb stays a verb when the file of its name is imported after it."""
    tree = ast.parse(Path(room.__file__).read_text(encoding="utf-8"))
    (told,) = (node.body for node in tree.body if isinstance(node, ast.If))
    offered = []
    for node in told:
        assert isinstance(node, ast.ImportFrom)
        for name in (alias.name for alias in node.names):
            offered.append(name)
            is_file = node.module == room.__name__
            file = importlib.import_module(f"{node.module}.{name}" if is_file else str(node.module))
            assert getattr(room, name) is (file if is_file else vars(file)[name])
    assert sorted(offered) == sorted(room.__all__)
    with pytest.raises(AttributeError):
        room.nothing_of_this_name


def test_help_loads_nothing_heavy() -> None:
    """`steadycast --help` answers at once: no Prefect, no database, no parser of anything."""
    code = (
        "import sys; from steadycast.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'prefect', 'sqlalchemy', 'feedparser', 'requests', 'pydantic', 'jinja2', 'PIL', 'comrak'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip().splitlines()[-1] == "[]"
    assert "publish" in done.stdout


# How the tests themselves are run.


def test_every_test_is_in_one_of_the_passes_that_ci_makes() -> None:
    """Whatever its marks, and a new slow one is run by itself unless it is marked otherwise."""
    (usual,) = re.findall(
        r"^addopts = .*-m '(.+?)'", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ntest:")[2].partition("\n\n")[0]
    passes = [usual, *re.findall(r"pytest -m \"(.+?)\"", recipe.replace('-m "slow or not slow" $(ARGS)', ""))]
    names = ("slow", "live", "parallel")
    assert len(passes) == 3
    for has in itertools.product((False, True), repeat=len(names)):
        marks = dict(zip(names, has, strict=True))
        taken = [eval(one, {}, marks) for one in passes]
        assert sum(taken) == 1, marks
        assert marks["parallel"] or taken[1] is False


DISTURBS = re.compile(r"monotonic|perf_counter|process_time|getrusage|SIG(KILL|STOP|TERM|INT)|\bkill\(|setrlimit")


def test_what_runs_beside_others_measures_and_kills_nothing() -> None:
    """A test that is marked parallel reads no stopwatch and sends no signal."""
    wrong = []
    for file in sorted((ROOT / "tests").glob("test_*.py")):
        source = file.read_text(encoding="utf-8")
        if "parallel" not in source or not DISTURBS.search(source):
            continue
        tree = ast.parse(source)
        whole = any(
            "parallel" in ast.unparse(n)
            for n in tree.body
            if isinstance(n, ast.Assign) and "pytestmark" in ast.unparse(n.targets[0])
        )
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marked = whole or any("mark.parallel" in ast.unparse(one) for one in node.decorator_list)
                wrong += [f"{file.name}: {node.name}"] if marked and DISTURBS.search(ast.unparse(node)) else []
    assert wrong == []
