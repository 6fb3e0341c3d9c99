"""What a command takes in a community of ten years, against the same command in a new one."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import community
from measure import Row, median, ratio, run, seconds
from starting import STEADYCAST

COMMANDS = (["status"], ["list"], ["plan"], ["intake"], ["report"], ["publish"])
GROWN = 1.3  # times as much
SAID = {0, 1}  # 1: something waits for a person, as in any community
FIRST, AGAIN, ALL = 15.0, 3.0, 3.0  # seconds


def rows(folder: Path, sizes: list[int], rounds: int) -> Iterator[Row]:
    """A row a command for each size above the smallest, and those of `check` and of a whole list."""
    few = folder / f"community-{sizes[0]}"
    community.make(few, sizes[0], dt.datetime.now(dt.UTC))
    for size in sizes[1:]:
        many = folder / f"community-{size}"
        community.make(many, size, dt.datetime.now(dt.UTC))
        for words in COMMANDS:
            pairs = [(_took(words, many), _took(words, few)) for _ in range(1 + rounds)][1:]
            ours, peer = [a for a, _ in pairs], [b for _, b in pairs]
            grown = ratio(ours, peer)
            yield Row(
                f"`steadycast {words[0]}`, {size:,} drafts", f"{seconds(median(ours))} CPU",
                f"at {sizes[0]} drafts {seconds(median(peer))}",
                f"{grown:.2f} x", f"<= {GROWN} x", grown <= GROWN,
            )  # fmt: skip
        kept = many / "var" / "cache" / "intake.json"
        kept.unlink()
        first = _took(["check"], many)
        yield _alone(f"`steadycast check`, {size:,} drafts that nobody has read", first, FIRST)
        _took(["intake"], many)
        yield _alone(f"`steadycast check`, {size:,} drafts, again", _took(["check"], many), AGAIN)
        yield _alone(f"`steadycast list --all`, {size:,} drafts", _took(["list", "--all"], many), ALL)
        shutil.rmtree(many)
    shutil.rmtree(few)


def _alone(what: str, took: float, target: float) -> Row:
    return Row(what, f"{seconds(took)} CPU", "", "", f"<= {target:.0f} s", took <= target)


def _took(words: list[str], place: Path) -> float:
    """Processor time of one command, with all that it starts."""
    return run([STEADYCAST, *words], place, may_end_with=SAID).cpu
