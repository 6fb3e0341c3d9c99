"""The benchmarks run, and measure the same text everywhere. How fast anything is, no test says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from hashlib import sha256
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The generator, as benchmarks/run.py imports it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import corpus  # type: ignore[import-not-found]

    return corpus


def test_the_corpus_is_the_same_everywhere(corpus: types.ModuleType) -> None:
    """Draft by draft, whatever was made before: ratios of two machines are about one text."""
    made = [corpus.draft(i) for i in range(40)]
    assert [corpus.draft(i) for i in reversed(range(40))] == made[::-1]
    whole = sha256(b"".join(data for _, data in made)).hexdigest()
    assert whole == "bb7438b163fc5cadf1a74c6e47dc40168cd99bf8bfccc07617d081f8cbe0e548"


def test_the_corpus_is_what_it_says(corpus: types.ModuleType, tmp_path: Path) -> None:
    """3 to 8 KB each, half of them Chinese, with everything that makes Markdown slow."""
    total = corpus.write(tmp_path, 60)
    texts = [file.read_text(encoding="utf-8") for file in sorted(tmp_path.iterdir())]
    assert sum(len(text.encode()) for text in texts) == total
    assert all(2_800 < len(text.encode()) < 9_200 for text in texts)
    assert sum("language: zh" in text for text in texts) == 30
    for mark in ("\n## ", "\n- ", "\n1. ", "\n> ", "\n```", "\n| ", "](https://", "![", "**", "- [x]"):
        assert any(mark in text for text in texts), mark


@pytest.mark.parallel
@pytest.mark.slow
def test_every_row_runs(tmp_path: Path) -> None:
    """At its smallest: each row is measured, and the results say with what."""
    out = tmp_path / "results.md"
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    text = out.read_text(encoding="utf-8")
    rows = [
        "`steadycast --help`",
        "`steadycast plan`, 120 drafts",
        "`steadycast check`, 120 drafts, again",
        "`steadycast up` at rest",
        "Prefect's database after",
        "slots, ",
        "due rows at",
        "drill 5 days of bad weather",
        "pick and claim 100",
        "record of",
        "streaks over",
        "bulk insert",
        "desk page `/record`",
        "lateness of",
        "70 deliveries at one instant, SQLite, 1 process",
        "70 deliveries at one instant, PostgreSQL, 4 processes"
        if os.environ.get("STEADYCAST_TEST_POSTGRES")
        else "STEADYCAST_TEST_POSTGRES names no server",
        "a page of the desk, ",
        "`steadycast publish` of one slot on five channels, 10 posts",
    ]
    if os.environ.get("CI") or shutil.which("hugo"):
        rows += ["drafts x 6 outputs, cold", "drafts x 6 outputs, one changed"]
        rows += ["one publish to a site and a feed, 10 posts", "a site of 10 posts"]
    for what in rows:
        assert what in text
    assert "SQLite" in text
