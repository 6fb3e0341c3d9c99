"""A tree with one file of every dialect, dropped in unchanged: what is read of each head is what its own tool reads."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import pytest

from steadycast.draft import Draft, Reader
from steadycast.intake.documents import as_markdown
from steadycast.intake.folder import SUFFIXES

TREE = Path(__file__).parent / "dialects"
EXPECTED = tomllib.loads((TREE / "expected.toml").read_text(encoding="utf-8"))
ZONE = ZoneInfo("Asia/Shanghai")
MTIME = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def read(name: str) -> Draft:
    file = TREE / "pgc" / name
    raw, _ = as_markdown(file.read_bytes(), file.suffix, 1_000_000)
    return Reader(TREE, ZONE).draft(raw, PurePosixPath("pgc", name), MTIME)


def test_every_file_of_the_tree_is_expected() -> None:
    assert {
        str(file.relative_to(TREE / "pgc")) for file in (TREE / "pgc").rglob("*") if file.suffix in SUFFIXES
    } == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_head_of_each_dialect_is_read(name: str) -> None:
    draft, expected = read(name), EXPECTED[name]
    found = {"title": draft.title, "tags": list(draft.tags), "summary": draft.summary}
    if "date" in expected:
        assert draft.date is not None
        found["date"] = draft.date.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
    else:
        assert draft.date == MTIME
    found |= {m.role: str(m.path.relative_to(TREE / "pgc")) for m in draft.media}
    if draft.notes:
        found["noticed"] = next(word for word in draft.notes[0].message.split() if word in expected["noticed"])
    assert found == expected
