"""A platform is its folder: whichever is taken away, the others load and are held against the contract as before."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
import whose_platforms
from platform_bench import PLATFORMS, ROOT

from steadycast.errors import SettingsError
from steadycast.ops import starter
from steadycast.platform.registry import load, platforms
from steadycast.testing import contract
from steadycast.testing.bench import Bench
from steadycast.workspace import load as load_workspace

pytestmark = pytest.mark.every_platform


@pytest.fixture
def without(tmp_path: Path) -> Any:
    """The platforms of a copy that lacks one folder, and those that cannot be used there."""

    def made(gone: Any) -> Any:
        channels = tmp_path / "channels"
        channels.mkdir()
        for name in PLATFORMS.keys() - {gone}:
            (channels / name).symlink_to(ROOT / "channels" / name)
        broken: dict[str, SettingsError] = {}
        return platforms([channels], broken), broken

    return made


@pytest.mark.parametrize("gone", sorted(PLATFORMS))
def test_the_others_stay_when_one_is_taken_away(without: Any, gone: Any) -> None:
    there, broken = without(gone)
    on_it = {name for name, spec in PLATFORMS.items() if spec.base and spec.base.name == gone}
    assert there.keys() == PLATFORMS.keys() - {gone} - on_it
    assert broken.keys() == on_it


def test_each_loads_with_nothing_beside_it_but_its_base(tmp_path: Path) -> None:
    """So whichever others are taken away, it loads and is held against the contract."""
    for name, spec in PLATFORMS.items():
        alone = tmp_path / name / "channels"
        alone.mkdir(parents=True)
        for folder in spec.folders:
            (alone / folder.name).symlink_to(folder)
        there = platforms([alone])[name]
        assert load(there), name
        bench = Bench.of(there, tmp_path / name / "bench")
        assert bench.speaks_http == bool(bench.fakes), name
    assert contract.rules()


@pytest.mark.parametrize("gone", [name for name, spec in PLATFORMS.items() if spec.starter is not None])
def test_a_new_workspace_begins_with_those_that_are_there(
    without: Any, gone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(gone)
    (tmp_path / "flows").symlink_to(ROOT / "flows")
    (tmp_path / "prefect.yaml").symlink_to(ROOT / "prefect.yaml")
    monkeypatch.setattr(starter, "bundle", lambda: tmp_path)
    starter.write(tmp_path / "new", name="x", timezone="Asia/Shanghai", language="en")
    made = load_workspace(tmp_path / "new")
    assert gone not in made.channels
    assert made.channels
    assert set(made.promises["daily"].channels) == made.channels.keys()


WAYS = (
    r"""platform\s*=\s*\\?["']({0})\\?["']""",  # in a steadycast.toml
    r"""(?<!/settings/)\bchannels/({0})\b""",  # not a page of the desk: that names a channel
    r"""(?<![.\w])(?:channel|adapter|shelf|app|compose_for)\(["']({0})["']""",
    r"""\bPLATFORMS\[["']({0})["']\]""",
    r"""["']channels["'] / ["']({0})["']""",
)


def named(source: str, names: Collection[str]) -> set[str]:
    """The platforms that a text means by name, in each of the ways in which a test can reach one."""
    some = "|".join(sorted(names))
    return {name for way in WAYS for name in re.findall(way.format(some), source)}


def parts(source: str) -> Iterator[tuple[str, set[str]]]:
    """(its text, the platforms that it is marked with) for each top-level part of a test file."""
    tree, lines = ast.parse(source), source.splitlines()
    whole = {name for node in tree.body if ast.unparse(node).startswith("pytestmark") for name in _strings(node)}
    marked = {
        node: {name for d in node.decorator_list if "mark.platforms" in ast.unparse(d) for name in _strings(d)}
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    anywhere = {name for names in marked.values() for name in names}  # what is shared may serve those that are marked
    for node in tree.body:
        text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield text, whole | marked[node]
        else:
            yield text, whole | anywhere


def _strings(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


TESTS = sorted((ROOT / "tests").rglob("*.py"))


def test_a_test_that_is_no_platforms_own_names_none_that_is_shipped() -> None:
    """Else it would fail with that folder: it uses those of tests/platforms, or is marked with the ones it needs."""
    for file in TESTS:
        source = file.read_text(encoding="utf-8")
        if file.name in ("test_fences.py", "test_platform_folders.py") or not named(source, PLATFORMS):
            continue
        own = {whose_platforms.owner(file)} if file.stem.startswith("test_channel_") else set()
        wrong = [(part, found) for part, marked in parts(source) if (found := named(part, PLATFORMS) - marked - own)]
        assert wrong == [], file


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("A = '[channel.x]\\nplatform = \"mine\"'", ["mine"]),
        ('A = adapter("mine", tmp_path)', ["mine"]),
        ('A = PLATFORMS["mine"]', ["mine"]),
        ('A = ROOT / "channels/mine/style.toml"', ["mine"]),
        ('@pytest.mark.platforms("mine")\ndef test_a(): adapter("mine")', []),
        ('@pytest.mark.platforms("other")\ndef test_a(): adapter("mine")', ["mine"]),
        ('pytestmark = pytest.mark.platforms("mine")\ndef test_a(): adapter("mine")', []),
        ('A = {"mine": "published"}', []),
    ],
)
def test_the_fence_tells_a_platform_from_a_channel(source: Any, found: Any) -> None:
    """A channel may be called as it likes."""
    assert [name for part, marked in parts(source) for name in named(part, {"mine"}) - marked] == found


def test_a_platforms_own_tests_go_with_its_folder() -> None:
    """The names of files and marks tell which those are; nothing that is there is left out."""
    assert whose_platforms.owner(ROOT / "tests" / "test_cli.py") == ""
    assert whose_platforms.owner(ROOT / "tests" / "test_channel_gone_media.py") == "gone_media"
    assert whose_platforms.pytest_ignore_collect(ROOT / "tests" / "test_channel_gone_media.py")
    for file in TESTS:
        gone = whose_platforms.owner(file) not in {"", *PLATFORMS}
        assert bool(whose_platforms.pytest_ignore_collect(file)) == gone, file.name


@pytest.mark.parallel
@pytest.mark.slow
def test_with_no_platform_at_all_the_other_tests_are_there_and_those_of_general_things_green(tmp_path: Path) -> None:
    """In a copy of the repository whose folders are gone: nothing fails to be read, and what publishes still does."""
    out = shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", ".*_cache")
    copy = shutil.copytree(ROOT, tmp_path / "copy", ignore=out, symlinks=True)
    for name in PLATFORMS:
        shutil.rmtree(copy / "channels" / name)
    clean = {k: v for k, v in os.environ.items() if k not in ("CI", "STEADYCAST_TEST_POSTGRES")}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        env = {**clean, "PYTHONPATH": str(copy / "src")}
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout

    collected = run("--collect-only", "-m", "not every_platform and not slow and not live")
    assert int(re.findall(r"(\d+)(?:/\d+)? tests collected", collected)[0]) > 4000
    assert "test_channel_" not in re.sub(r"not read: .*", "", collected)
    run(
        "tests/test_pipeline_plan.py",
        "tests/test_pipeline_rest.py",
        "tests/test_rebuild.py",
        "tests/test_cli_decisions.py",
    )
