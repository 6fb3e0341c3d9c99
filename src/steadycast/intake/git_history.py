"""When each file of a Git repository was first committed."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

_COMMIT = "\x01"


def first_days(root: Path) -> dict[str, dt.datetime]:
    """Path below `root` -> when it was first committed; nothing where `root` lies in no repository that can be read."""
    git = ["git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-C", str(root)]
    log = ["log", "-z", "--no-renames", "--diff-filter=A", "--name-only", "--relative", f"--format={_COMMIT}%aI"]
    try:
        done = subprocess.run(  # noqa: S603 a fixed command; the folder is an argument of its own
            [*git, *log, "--", "."], capture_output=True, check=True, timeout=300, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return first_commits(done.stdout)


def first_commits(log: bytes) -> dict[str, dt.datetime]:
    r"""Path -> when it was first added, from `git log -z --diff-filter=A --name-only --format=\\x01%aI`. Pure."""
    first: dict[str, dt.datetime] = {}
    at: dt.datetime | None = None
    for piece in log.decode("utf-8", "surrogateescape").split("\0"):
        text = piece
        if _COMMIT in text:
            stamp, _, text = text.partition(_COMMIT)[2].partition("\n")
            try:
                at = dt.datetime.fromisoformat(stamp.strip())
            except ValueError:
                at = None
        text = text.removeprefix("\n")
        if at is not None and text and (text not in first or at < first[text]):
            first[text] = at
    return first
