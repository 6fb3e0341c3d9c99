"""One draft read as the tests of drafts read it, and what a refused one says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from steadycast.draft import Reader
from steadycast.errors import DraftError

ZONE = ZoneInfo("Asia/Shanghai")
MTIME = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def read(content: Path, text: str | bytes, path: str = "pgc/a.md", known: Any = None) -> Any:
    raw = text if isinstance(text, bytes) else text.encode()
    return Reader(content, ZONE, known).draft(raw, PurePosixPath(path), MTIME)


def refused(content: Path, text: str | bytes, path: str = "pgc/a.md", known: Any = None) -> str:
    with pytest.raises(DraftError) as caught:
        read(content, text, path, known)
    assert caught.value.hint
    return str(caught.value).replace(f"{content}/", "")
