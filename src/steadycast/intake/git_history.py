"""When each file of a Git repository was first committed."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Iterator
from pathlib import Path

_COMMIT = "\x01"


def first_days(root: Path) -> dict[str, dt.datetime]:
    """Path below `root` -> when it was first committed; nothing where `root` lies in no repository that can be read."""
    log = ["log", "-z", "--no-renames", "--diff-filter=A", "--name-only", f"--format={_COMMIT}%aI"]
    done = _git(root, *log) if is_bare(root) else _git(root, *log, "--relative", "--", ".")
    return {} if done is None else first_commits(done)


def is_bare(root: Path) -> bool:
    """Whether a folder is a repository without its files beside it."""
    return (root / "HEAD").is_file() and (root / "objects").is_dir() and not (root / ".git").exists()


def committed(root: Path, most: int) -> Iterator[tuple[str, bytes]]:
    """(path, its first bytes) of every file that a bare repository's newest commit has."""
    for entry in (_git(root, "ls-tree", "-r", "-z", "-l", "HEAD") or b"").split(b"\0"):
        facts, _, path = entry.partition(b"\t")
        kind, size = facts.split()[1:4:2] if len(facts.split()) == 4 else (b"", b"")
        if kind == b"blob" and size.isdigit() and int(size) <= most:
            name = path.decode("utf-8", "surrogateescape")
            yield name, _git(root, "cat-file", "blob", facts.split()[2].decode()) or b""


def _git(root: Path, *words: str) -> bytes | None:
    """What Git answers about a folder; None where it cannot."""
    command = ["git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=300, stdin=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


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
