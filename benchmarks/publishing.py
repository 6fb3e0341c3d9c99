"""One due slot on five channels by the command itself, on the first day and after ten years: processor time and bytes."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import community
from measure import Row, median, ratio, run, seconds, written
from sending import far_side
from sites import seed
from starting import STEADYCAST

from steadycast.pipeline import App
from steadycast.workspace import load

CHANNELS = ("site", "feed", "wechat", "hook", "newsletter")
# A web address of one's own beside the others, and letters as files: neither waits for a far side that is slow.
HOOK = '\n[channel.hook]\nplatform = "webhook"\nurl = "HOOK_URL"\n'
STOCK = 250  # drafts that have not gone out
FIRST, GROWN, BYTES = 1.2, 1.3, 2_000_000  # seconds, times, bytes


def rows(folder: Path, sizes: list[int], rounds: int) -> Iterator[Row]:
    """One publish of one slot, at each number of posts that went out before."""
    with far_side(0.0) as url:
        few = _made(folder / "publish-0", 0)
        for size in [0, *sizes]:
            many = _made(folder / f"publish-{size}", size) if size else few
            pairs = [(_publish(many, url), _publish(few, url) if size else None) for _ in range(rounds + 1)][1:]
            cpu, data = [took for (took, _), _ in pairs], median([data for (_, data), _ in pairs])
            peer = [first[0] for _, first in pairs if first]
            grown = ratio(cpu, peer) if peer else 1.0
            met = grown <= GROWN if peer else median(cpu) <= FIRST
            yield Row(
                f"`steadycast publish` of one slot on five channels, {size:,} posts",
                f"{seconds(median(cpu))} CPU, {data / 1000:,.0f} KB written",
                f"on the first day {seconds(median(peer))}" if peer else "",
                f"{grown:.2f} x" if peer else "",
                f"<= {GROWN} x, <= 2 MB" if peer else f"<= {FIRST} s, <= 2 MB",
                met and data <= BYTES,
            )
            if size:
                shutil.rmtree(many)
        shutil.rmtree(few)


def _made(root: Path, posts: int) -> Path:
    """A community that has so many posts behind it, on its site and in its feed too."""
    drafts = posts + STOCK if posts + STOCK >= community.MANY else posts + STOCK // community.MORE
    community.make(root, drafts, dt.datetime.now(dt.UTC), channels=CHANNELS, more=HOOK)
    with App(load(root)) as app:
        seed([app.adapter(name) for name in ("site", "feed")], posts)
    return root


def _publish(root: Path, url: str) -> tuple[float, float]:
    """Processor time and bytes of one run, with all that it starts, when one slot has fallen due just now."""
    _fall_due(root / "var" / "ledger.sqlite")
    before = written()
    took = run([STEADYCAST, "publish"], root, {"HOOK_URL": url}, may_end_with={0, 1}).cpu
    data = written() - before
    with App(load(root)) as app:
        assert len(app.ledger.slots_due(dt.datetime.now(dt.UTC))) == 0, "it went out"
    return took, data


def _fall_due(ledger: Path) -> None:
    """The next slot falls due now: nobody waits for its hour."""
    now = round(dt.datetime.now(dt.UTC).timestamp() * 1_000_000)
    with sqlite3.connect(ledger) as raw:
        asked = "SELECT slot FROM delivery WHERE state = 'due' AND at > ? ORDER BY at LIMIT 1"
        (slot,) = raw.execute(asked, (now,)).fetchone()
        raw.execute("UPDATE slot SET at = ? WHERE id = ?", (now, slot))
        raw.execute("UPDATE delivery SET at = ?, wake = ? WHERE slot = ?", (now, now, slot))
    raw.close()
