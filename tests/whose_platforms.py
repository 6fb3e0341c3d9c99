"""Which tests are a shipped platform's own: they go with its folder. All others run as if none were shipped.

A platform's own tests stand in `test_channel_<name>*.py`, or are marked with every platform that they need:
`@pytest.mark.platforms("site", "feed")`. `@pytest.mark.sample` needs those that the sample workspace names;
`@pytest.mark.every_platform` takes whichever are there.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import pytest

from steadycast.ops import starter
from steadycast.workspace import paths

ROOT = Path(__file__).resolve().parent.parent
OURS = Path(__file__).resolve().parent / "platforms"
SAMPLE = ROOT / "steadycast.toml"


@functools.cache
def shipped() -> frozenset[str]:
    """The folders that are there."""
    return frozenset(file.parent.name for file in (ROOT / "channels").glob("*/channel.toml"))


@functools.cache
def of_the_sample() -> frozenset[str]:
    """The platforms that the sample workspace publishes to."""
    return frozenset(c["platform"] for c in tomllib.loads(SAMPLE.read_text(encoding="utf-8"))["channel"].values())


@functools.cache
def owner(file: Path) -> str:
    """The platform in whose name a test file is called: the longest that fits, or what stands there if none is shipped."""
    rest = file.stem.removeprefix("test_channel_")
    if rest == file.stem:
        return ""
    names = [name for name in shipped() if f"{rest}_".startswith(name.replace("-", "_") + "_")]
    return max(names, key=len, default=rest)


def needs(item: pytest.Item) -> frozenset[str]:
    """The shipped platforms that a test cannot do without."""
    marked = {name for mark in item.iter_markers("platforms") for name in mark.args}
    sample = of_the_sample() if item.get_closest_marker("sample") else frozenset()
    return frozenset(marked | sample | {owner(item.path)} - {""})


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """The tests of a platform that is not there are not read."""
    return True if collection_path.suffix == ".py" and owner(collection_path) not in {"", *shipped()} else None


def pytest_report_collectionfinish() -> list[str]:
    """A file whose name was mistyped would be missed in silence."""
    named = {file.name: owner(file) for file in Path(__file__).parent.glob("test_channel_*.py")}
    return [f"not read: {name}, as no platform is called so" for name, of in named.items() if of not in shipped()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    there = shipped()
    gone = [item for item in items if not needs(item) <= there]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if needs(item) <= there]


@pytest.fixture(scope="session")
def bundle_without_platforms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes with the package, but for its platforms: in their place stand those of the tests' own."""
    folder = tmp_path_factory.mktemp("bundle")
    for name in ("flows", "prefect.yaml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "channels").symlink_to(OURS)
    return folder


@pytest.fixture(autouse=True)
def _only_its_own_platforms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that is no platform's own does not find one, by whatever way it names it."""
    if needs(request.node) or request.node.get_closest_marker("every_platform"):
        return
    bundle = request.getfixturevalue("bundle_without_platforms")
    for module in (paths, starter):
        monkeypatch.setattr(module, "bundle", lambda: bundle)
