"""The storm's commands; each prints a table, then the seed, and ends with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import os
import random
import sys

from storm import points
from storm.table import markdown, progress, table, told
from storm.weather import CLASSES, Storm

SHARES = {"conditional": 0.4, "read-back": 0.4, "blind": 0.2}


def storm(options: argparse.Namespace) -> int:
    """A storm a class; the table."""
    names = options.classes or list(CLASSES)
    whole = sum(SHARES[name] for name in names)
    postgres = os.environ.get("STEADYCAST_TEST_POSTGRES", "") if options.postgres else ""
    results = []
    for name in names:
        kills = round(options.kills * SHARES[name] / whole)
        one = Storm(name, options.seed, kills, options.workers, postgres, watch=progress(kills))
        results.append(one.run())
    print(table(results))
    print(told(results))
    print(f"seed {options.seed}" + (", on PostgreSQL" if postgres else ""))
    return 1 if any(r.verdict.findings for r in results) else 0


def every_point(options: argparse.Namespace) -> int:
    """Every crash point; the table."""
    done = points.run(options.channels or points.CHANNELS, options.seed)
    print(markdown(*points.table(done)))
    broken = [case for case in done if case.findings]
    for case in broken:
        print(points.shown(case))
    return 1 if broken else 0


def main() -> int:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m storm", description="Storms over the delivery protocol.")
    parser.add_argument("what", nargs="?", default="storm", choices=["storm", "points", "mutants"])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--classes", nargs="*", choices=list(CLASSES))
    parser.add_argument("--channels", nargs="*", choices=points.CHANNELS, help="points: these only")
    parser.add_argument("--workers", type=int, default=6, choices=range(2, 9))
    parser.add_argument("--postgres", action="store_true", help="the ledger on STEADYCAST_TEST_POSTGRES's server")
    options = parser.parse_args()
    return {"storm": storm, "points": every_point}[options.what](options)


if __name__ == "__main__":
    sys.exit(main())
