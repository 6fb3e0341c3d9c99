"""`make powercut`: a table of what power cuts cost, as shipped and with one thing broken on purpose."""

from __future__ import annotations

import argparse
import secrets
from functools import partial

from rich.progress import Progress

from powercut.cut import cut, traced
from powercut.judge import COUNTS
from powercut.workload import CONTROLS


def main() -> int:
    """0 when the shipped mode lost nothing and every control did."""
    parser = argparse.ArgumentParser(prog="make powercut", description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--control", action="append", choices=CONTROLS, help="only these, instead of all")
    asked = parser.parse_args()
    print(f"seed {asked.seed}: half of the images ext4, half posix", flush=True)
    rows, bad = [], False
    with Progress(transient=True) as bar:
        for control in ("", *(asked.control or CONTROLS)):
            name = CONTROLS.get(control, "as shipped")
            task = bar.add_task(name, total=asked.images)
            with traced(control) as run:
                verdict = cut(run, asked.images, asked.seed, told=partial(bar.advance, task))
            rows.append(verdict.row(name))
            bad |= bool(verdict.broken) == (control == "")
            for disk, moment, failure in verdict.first if not control else ():
                bar.console.print(f"{disk}, call {moment}: {failure.kind}: {failure.what}", highlight=False)
    print(f"| | images | broken | {' | '.join(COUNTS)} |")
    print("|---|" + "---:|" * (len(COUNTS) + 2))
    print("\n".join(rows))
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
