"""A storm's table, as it is printed and as docs/guarantees.md shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from storm.weather import Result

STORIES = 3
HEAD = ("class", "kills", "pauses", "slots", "published", "refused", "unknown", "doubled", "lost", "silent", "settled")


def table(results: Sequence[Result]) -> str:
    """Markdown: a row a class. `settled` is the doubts that ended without a person, of all that arose."""
    return markdown(HEAD, [_row(result) for result in results])


def _row(result: Result) -> tuple[str, ...]:
    tally = result.verdict.tallies[result.delivery]
    settled = f"{tally.settled} of {tally.doubted}" if result.name != "blind" else f"parked {tally.unknown}"
    return (
        result.name, *map(str, (
            result.kills, result.pauses, tally.slots, tally.published, tally.refused, tally.unknown,
            tally.found["doubled"], tally.found["lost"], tally.found["silent"],
        )), settled,
    )  # fmt: skip


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns are even."""
    wide = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = [head, ["-" * width for width in wide], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(wide[n]) for n, cell in enumerate(line)) + " |" for line in lines)


def told(results: Sequence[Result], most: int = 20) -> str:
    """Each broken promise in a line, and what both sides wrote about the first few of each storm."""
    lines = []
    for result in results:
        lines += [f"{result.name}: {finding}" for finding in result.verdict.findings[:most]]
        for key in list(dict.fromkeys(finding.key for finding in result.verdict.findings))[:STORIES]:
            lines += story(result, key)
    seconds = sum(result.seconds for result in results)
    kills = sum(result.kills for result in results)
    sets = sum(result.sets for result in results)
    walls = f", walls set {sets} times" if sets else ""
    return "\n".join([*lines, f"{kills} kills in {seconds:.0f} s{walls}"])


def story(result: Result, key: str) -> list[str]:
    """One delivery's story, both sides in order of time."""
    one = next((s for s in result.history.stories if s.key == key), None)
    if one is None:
        return []
    both = sorted([("ours", x) for x in one.ours] + [("far", x) for x in one.theirs], key=lambda pair: pair[1].t)
    start = both[0][1].t if both else 0.0
    shown = [
        f"    {x.t - start:7.3f} {side:4} {x.what:9} "
        + " ".join(f"{k}={v}" for k, v in x.more.items() if k not in ("key", "attempt"))
        for side, x in both
    ]
    return [f"  {key} on {one.kind} is {one.state}; ledger: {' '.join(one.events)}", *shown]


def progress(wanted: int) -> Callable[[str, int], None]:
    """A line that counts kills, on a terminal only."""

    def watch(name: str, kills: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{name}: {kills} of {wanted} kills ", end="", file=sys.stderr)

    return watch
