"""How long a command takes that has nothing to do, against a Python that has nothing to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Row, in_turn, median, run, seconds

HERE = Path(__file__).resolve().parent
STEADYCAST = str(Path(sys.executable).with_name("steadycast"))


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """`--help`, and `status` of a workspace with a ledger."""
    place = folder / "starting"
    (place / "content" / "pgc").mkdir(parents=True)
    shutil.copy(HERE / "steadycast.toml", place)
    shutil.copytree(HERE / "channels", place / "channels")
    run([STEADYCAST, "status"], place)  # makes the ledger
    for words, target in ((["--help"], 0.3), (["status"], 0.8)):
        ours, peer = in_turn(
            rounds,
            lambda words=words: run([STEADYCAST, *words], place),
            lambda: run([sys.executable, "-c", "pass"], place),
        )
        yield Row(
            f"`steadycast {words[0]}`",
            seconds(median(ours)),
            f"python -c pass {seconds(median(peer))}",
            f"{median(ours) / median(peer):.0f} x",
            f"<= {target} s",
            median(ours) <= target,
        )
