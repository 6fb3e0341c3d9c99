"""A platform is its folder: whichever is taken away, the others load and are held against the contract as before."""

from __future__ import annotations

import re

import pytest
from platform_bench import PLATFORMS, ROOT

from steadycast.errors import SettingsError
from steadycast.ops import starter
from steadycast.platform.registry import load, platforms
from steadycast.testing import contract
from steadycast.testing.bench import Bench
from steadycast.workspace import load as load_workspace


@pytest.fixture
def without(tmp_path):
    """The platforms of a copy that lacks one folder, and those that cannot be used there."""

    def made(gone):
        channels = tmp_path / "channels"
        channels.mkdir()
        for name in PLATFORMS.keys() - {gone}:
            (channels / name).symlink_to(ROOT / "channels" / name)
        broken: dict[str, SettingsError] = {}
        return platforms([channels], broken), broken

    return made


@pytest.mark.parametrize("gone", sorted(PLATFORMS))
def test_the_others_stay_when_one_is_taken_away(without, gone, tmp_path):
    there, broken = without(gone)
    on_it = {name for name, spec in PLATFORMS.items() if spec.base and spec.base.name == gone}
    assert there.keys() == PLATFORMS.keys() - {gone} - on_it
    assert broken.keys() == on_it
    for spec in there.values():
        assert load(spec)
        bench = Bench.of(spec, tmp_path / "bench")
        assert bench.speaks_http == bool(bench.fakes)
    assert contract.rules()


@pytest.mark.parametrize("gone", [name for name, spec in PLATFORMS.items() if spec.starter is not None])
def test_a_new_workspace_begins_with_those_that_are_there(without, gone, tmp_path, monkeypatch):
    without(gone)
    (tmp_path / "flows").symlink_to(ROOT / "flows")
    (tmp_path / "prefect.yaml").symlink_to(ROOT / "prefect.yaml")
    monkeypatch.setattr(starter, "bundle", lambda: tmp_path)
    starter.write(tmp_path / "new", name="x", timezone="Asia/Shanghai", language="en")
    made = load_workspace(tmp_path / "new")
    assert gone not in made.channels
    assert made.channels
    assert set(made.settings.series["daily"].channels) == made.channels.keys()


def test_no_other_test_names_a_platform_that_the_sample_does_without():
    """Taking such a folder away breaks its own tests alone (`test_channel_<name>*.py`), and no document but by its list."""
    used = (ROOT / "steadycast.toml").read_text(encoding="utf-8")
    free = {name for name in PLATFORMS if f'platform = "{name}"' not in used and not any(
        spec.base and spec.base.name == name for spec in PLATFORMS.values())}  # fmt: skip
    assert free
    named = re.compile(rf"""["'](?:{"|".join(sorted(free))})["']|channels/(?:{"|".join(sorted(free))})\b""")
    for file in (ROOT / "tests").rglob("*.py"):
        own = any(file.name.startswith((f"test_channel_{name}", f"test_{name}")) for name in free)
        if not own and file.name != "test_fences.py":  # which tries its fence on names, there or not
            assert not named.findall(file.read_text(encoding="utf-8")), file
