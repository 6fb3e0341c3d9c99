"""The storm's commands; each prints a table, then the seed, and ends with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import os
import random
import signal
import sys
from concurrent.futures import ProcessPoolExecutor

from steadycast.crash_safety import crashpoints
from storm import mutants, points
from storm.mutants import AT_ONCE
from storm.table import markdown, progress, table, told
from storm.weather import CLASSES, Storm

SLOWEST = 0.6  # seconds a kill takes on a very busy machine
FOLDERS = ("site-0", "feed-0", "podcast-0", "calendar-0")  # platforms whose far side is a folder
SHARES = {"conditional": 0.35, "read-back": 0.3, "blind": 0.15, "clocks": 0.2}


def storm(options: argparse.Namespace) -> int:
    """A storm a class; the table."""
    names = options.classes or list(CLASSES)
    whole = sum(SHARES[name] for name in names)
    postgres = os.environ.get("STEADYCAST_TEST_POSTGRES", "") if options.postgres else ""
    results, short = [], []
    for name in names:
        kills = round(options.kills * SHARES[name] / whole)
        aimed = {"stop_at_first": options.stop_at_first, "freeze_at": tuple(options.freeze_at)}
        longest = options.longest or max(600.0, kills * SLOWEST)
        one = Storm(name, options.seed, kills, options.workers, postgres, longest, progress(kills), **aimed)
        results.append(one.run())
        if results[-1].kills < kills:
            short.append(f"{name}: {results[-1].kills} of {kills} kills in {longest:.0f} s, which is no proof")
    if options.json:
        found = [{"rule": f.rule, "why": f.why, "kills": r.kills} for r in results for f in r.verdict.findings]
        print(json.dumps(found))
        return 0
    print(table(results))
    print(told(results))
    print(f"seed {options.seed}" + (", on PostgreSQL" if postgres else ""))
    print(*short, sep="\n", end="\n" if short else "")
    return 1 if short or any(r.verdict.findings for r in results) else 0


def every_fault(options: argparse.Namespace) -> int:
    """Each kind of fault once on each platform."""
    done = points.drill(options.channels or points.DRILLED, options.kinds, options.seed)
    if options.json:
        print(json.dumps([{"rule": f.rule, "why": f.why, "kills": 0} for case in done for f in case.findings]))
        return 0
    for case in done:
        if case.findings:
            print(points.shown(case))
    print(f"{len(done)} faults, {sum(bool(case.findings) for case in done)} broken")
    return 1 if any(case.findings for case in done) else 0


def every_point(options: argparse.Namespace) -> int:
    """Every crash point; the table."""
    channels = options.channels or (*points.CHANNELS, *FOLDERS)
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("fork")) as pool:  # each has a far side of its own
        longest_first = sorted(channels, key=lambda name: name not in FOLDERS)
        stories = {name: pool.submit(_stories, name, options.seed) for name in longest_first}
        done = [case for name in channels for case in stories[name].result()]
    print(markdown(*points.table(done)))
    broken = [case for case in done if case.findings]
    for case in broken:
        print(points.shown(case))
    return 1 if broken else 0


def _stories(channel: str, seed: int) -> list[points.Case]:
    """One platform's, in a process of their own; what their far side holds is left there."""
    from storm import folders  # the mutants' copies have no platforms of the project's own

    done = folders.run(channel, seed) if channel in FOLDERS else points.run([channel], seed)
    return [dataclasses.replace(case, side=None) for case in done]


def broken(options: argparse.Namespace) -> int:
    """Every mutant of the protocol; the table. One that survives is a hole in the judge."""
    done = mutants.run(options.seed, {int(n) for n in options.only})
    print(mutants.table(done))
    return 1 if any(not catch.rule for catch in done) else 0


def main() -> int:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m storm", description="Storms over the delivery protocol.")
    parser.add_argument("what", nargs="?", default="storm", choices=["storm", "points", "faults", "mutants"])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--classes", nargs="*", choices=list(CLASSES))
    parser.add_argument(
        "--channels",
        nargs="*",
        choices={*points.CHANNELS, *points.DRILLED, *FOLDERS},
        help="points, faults: these only",
    )
    parser.add_argument("--workers", type=int, default=6, choices=range(2, 9))
    parser.add_argument("--postgres", action="store_true", help="the ledger on STEADYCAST_TEST_POSTGRES's server")
    parser.add_argument(
        "--kinds", nargs="*", default=[], choices=[*points.drills(), *points.FREEZES], help="faults: these only"
    )
    parser.add_argument("--longest", type=float, help="seconds a class's storm may last; as many as its kills take")
    parser.add_argument("--stop-at-first", action="store_true", help="end at the first broken promise")
    parser.add_argument("--freeze-at", nargs="*", default=[], choices=crashpoints.POINTS, help="freeze workers here")
    parser.add_argument("--json", action="store_true", help="the findings, instead of the table")
    parser.add_argument("--only", nargs="*", default=[], help="mutants: those with these numbers only")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends the storm ends its workers
    return {"storm": storm, "points": every_point, "faults": every_fault, "mutants": broken}[options.what](options)


if __name__ == "__main__":
    sys.exit(main())
