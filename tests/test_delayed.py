"""What waits for its far side, and for no person, is one line a channel."""

from __future__ import annotations

import pytest
from pipeline_bench import MORNING, SETTINGS, Bench, article

from steadycast import cli, ops, pipeline


def test_a_post_that_waits_for_its_far_side_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which channel, until when, and why; nothing of it once it is there, and nothing of what is only planned."""
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(3)})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    assert ops.status(app, MORNING)["delayed"] == []
    bench.at(23, 20, 0)
    bench.far("busy")
    pipeline.publish(app)
    status = ops.status(app, bench.clock.now())
    assert [(row["channel"], row["what"], row["why"]) for row in status["delayed"]] == [
        ("far", "1 post", "429 too many requests")
    ]
    assert status["delayed"][0]["until"].startswith("2026-11-23 20:0")
    assert [row for row in status["waiting"] if row["channel"] == "far"] == []
    monkeypatch.chdir(bench.root)
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    with pytest.raises(SystemExit):
        cli.main(["status"])
    assert "far waits until Mon, Nov 23, 2026 20:0" in capsys.readouterr().out
    bench.at(23, 20, 10)
    pipeline.publish(app)
    assert ops.status(app, bench.clock.now())["delayed"] == []
