"""What a web host keeps, whatever became of the ledger or the folder here: in a copy, after a restore, after a fault."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from pipeline_bench import Bench
from upload_bench import Community, FarRepository

from steadycast import ops, pipeline
from steadycast.errors import LedgerError
from steadycast.ledger.tables import State
from steadycast.pipeline import App
from steadycast.pipeline.uploads import Uploader
from steadycast.testing import drop
from steadycast.workspace import load

HOUR = dt.timedelta(hours=1)


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
        pipeline.verify(copy, site.bench.clock.now())
        assert site.far.tree() == there


def test_what_went_out_after_a_backup_stays_on_the_web_host_and_is_found_there(site: Community, tmp_path: Path) -> None:
    """The machine is another one: neither its ledger nor its folder knows of the second post."""
    bench = site.bench
    site.publish()
    ops.backup(bench.app, tmp_path / "backup.tar", bench.clock.now())
    site.publish(1)
    there = site.far.tree()
    bench.app.close()
    shutil.rmtree(bench.root / "var")
    ops.restore(bench.app.workspace, tmp_path / "backup.tar", bench.clock.now())
    bench.open()
    assert pipeline.rebuild(bench.app, "site")[0].posts == 1
    assert site.far.tree() == there
    pipeline.verify(bench.app, bench.clock.now())
    assert site.row(1).state == State.UNKNOWN
    assert "lacks 1 posts" in pipeline.rebuild(bench.app, "site")[0].problems[0]
    bench.clock.advance(4 * HOUR)  # too late to send it
    pipeline.verify(bench.app, bench.clock.now())
    assert site.row(1).state == State.SEEN
    assert not pipeline.rebuild(bench.app, "site")[0].problems
    assert site.far.tree() == site.mine() == there


def test_what_is_there_and_cannot_be_made_here_waits_for_a_person(site: Community, tmp_path: Path) -> None:
    bench = site.bench
    ops.backup(bench.app, tmp_path / "backup.tar", bench.clock.now())
    site.publish()
    there = site.far.tree()
    bench.app.close()
    shutil.rmtree(bench.root / "var")
    ops.restore(bench.app.workspace, tmp_path / "backup.tar", bench.clock.now())
    bench.open()
    pipeline.verify(bench.app, bench.clock.now())
    bench.clock.advance(4 * HOUR)
    pipeline.decide(bench.app, [f"pgc/{n}.md" for n in range(4)], "reject", by="editor", now=bench.clock.now())
    pipeline.verify(bench.app, bench.clock.now())
    assert site.row().state == State.UNKNOWN
    assert "its draft is not here" in site.row().message
    assert site.far.tree() == there


@pytest.mark.platforms("site")
def test_another_template_reaches_the_web_host_at_the_next_look(site: Community, tmp_path: Path) -> None:
    """A small site is made again at once, a large one in turns. What could not be brought there is tried again."""
    bench = site.bench
    bench.settings(site.settings().replace('"pages"', '"site"'))
    site.publish()
    drop(bench.root, "templates/site/article.html.j2", '{% extends "base.html.j2" %}{% block main %}ours{% endblock %}')
    far = tmp_path / "far.git"
    away = far.rename(tmp_path / "away")
    [made] = pipeline.verify(bench.app, bench.clock.now()).made
    assert "far.git" in made.problems[0]
    away.rename(far)
    assert pipeline.verify(bench.app, bench.clock.now()).made == ()
    assert site.far.tree() == site.mine()
    assert sum(b"ours" in page for page in site.far.tree().values()) == 1


def test_a_look_asks_the_web_host_nothing_while_nothing_changes(
    site: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish()
    site.bench.clock.advance(HOUR)
    pipeline.verify(site.bench.app, site.bench.clock.now())
    monkeypatch.setattr(Uploader, "_open", None)
    assert pipeline.verify(site.bench.app, site.bench.clock.now()).made == ()
