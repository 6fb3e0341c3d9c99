"""What a web host keeps, whatever became of the ledger or the folder here: in a copy, after a restore, after a fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pipeline_bench import Bench
from upload_bench import Community, FarRepository

from steadycast import pipeline
from steadycast.errors import LedgerError
from steadycast.pipeline import App
from steadycast.pipeline.uploads import Uploader
from steadycast.workspace import load


@pytest.fixture
def site(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Community:
    """A community whose site is brought to a branch of a bare repository."""
    return Community(bench, FarRepository(tmp_path / "far.git"), monkeypatch)


def test_a_copy_takes_nothing_from_the_web_host(site: Community, tmp_path: Path) -> None:
    """Its folder is older than what the original has published since."""
    site.publish()
    shutil.copytree(site.bench.root, tmp_path / "copy")
    site.publish(1)
    there = site.far.tree()
    with App(load(tmp_path / "copy"), clock=site.bench.clock) as copy:
        with pytest.raises(LedgerError, match="two copies"):
            Uploader(copy, "site").sync()
        [made] = pipeline.rebuild(copy, "site")
        assert "two copies" in made.problems[0]
        shutil.rmtree(copy.workspace.out)
        [made] = pipeline.verify(copy, site.bench.clock.now()).made
        assert (made.posts, len(made.problems)) == (1, 1)
        assert site.far.tree() == there
