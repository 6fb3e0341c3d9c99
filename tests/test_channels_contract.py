"""What every platform folder keeps, found by itself: the shipped contract, and what only folders of this box keep."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, ROOT, settings_rows
from whose_platforms import of_the_sample

from steadycast.platform.registry import load, platforms
from steadycast.testing import contract
from steadycast.testing.bench import Bench

pytestmark = pytest.mark.every_platform

NAMES = sorted(PLATFORMS)


def kept_quick(name: str) -> Any:
    """A platform whose contract is always tried: those that the sample workspace publishes to stand for all."""
    return name if name in of_the_sample() else pytest.param(name, marks=[pytest.mark.slow, pytest.mark.parallel])


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("name", [kept_quick(name) for name in NAMES])
def test_it_keeps_the_contract(name: str, tmp_path: Path) -> None:
    """The rules that `steadycast channel test` runs."""
    broken = [result for result in contract.run(PLATFORMS[name], tmp_path) if result.state == contract.BROKEN]
    assert not broken, "\n".join(f"{r.rule}: {r.where}: {r.said} ({r.hint})" for r in broken)


def test_what_speaks_http_brings_a_far_side(name: str) -> None:
    """Or half of the contract would never be tried on it."""
    bench = Bench.of(PLATFORMS[name], ROOT)
    assert bench.fakes or not bench.speaks_http


def test_its_folder_is_whole(name: str) -> None:
    """An adapter of at most 150 lines a file, a README and a sample, its own or its base's."""
    spec = PLATFORMS[name]
    assert load(spec)
    for source in spec.folder.rglob("*.py"):
        assert len(source.read_text(encoding="utf-8").splitlines()) <= 150, source
    assert any((f / "README.md").is_file() for f in spec.folders)
    assert any(any((f / "samples").glob("*")) for f in spec.folders), "no sample"


def test_a_form_calls_its_settings_by_titles_in_three_languages(name: str) -> None:
    for setting in PLATFORMS[name].settings.values():
        assert setting.title, setting.name
        assert {"zh-Hans", "zh-Hant"} <= setting.titles.keys() & setting.helps.keys(), setting.name


def test_its_readme_tells_every_setting_and_the_promise(name: str) -> None:
    """The settings table is channel.toml's; who shares a base's adapter may leave the base's settings to its README."""
    spec = PLATFORMS[name]
    text = "\n".join((f / "README.md").read_text(encoding="utf-8") for f in spec.folders if (f / "README.md").is_file())
    if spec.delivery == "kit":
        assert not [setting for setting in spec.settings if not re.search(rf"`{setting}\b", text)]
        return
    for row in settings_rows(spec):
        assert row in text
    assert f"`{spec.delivery}`" in text


def test_a_copied_folder_is_a_platform_of_its_own(name: str, tmp_path: Path) -> None:
    """A folder copied to channels/mine works, with nothing else edited."""
    for folder in PLATFORMS[name].folders:
        shutil.copytree(folder, tmp_path / "channels" / ("mine" if folder.name == name else folder.name))
    mine = platforms([tmp_path / "channels"])["mine"]
    bench = Bench.of(mine, tmp_path / "bench")
    with bench.far() as fake:
        assert bench.delivery(bench.post(), fake).publish().remote_id
    if mine.base is None:
        assert load(mine).__module__ == "steadycast_channel_mine"
