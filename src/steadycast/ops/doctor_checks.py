"""What a doctor makes of what was seen: plain values in, rows out. Pure; every bad row has its hint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from steadycast.errors import BAD, OK, WARN, Problem, looked_at
from steadycast.ledger.database_check import Checkup
from steadycast.ledger.migrations import HEAD

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
SKEW = dt.timedelta(seconds=5)  # between two machines; more than a minute is bad
SCARCE, FULL = 2_000_000_000, 200_000_000  # bytes free
FEW_FILES = 1_000  # names left on the file system
SWEEP_LATE = dt.timedelta(minutes=10)  # the sweep runs every minute


def ledger(seen: Checkup) -> Iterator[Problem]:
    """The database: its tables, its file, and whether a commit survives a power cut there."""
    if seen.tables is None:
        yield Problem("ledger", None, "there is none yet", "`steadycast intake` makes it", WARN)
        return
    name = f"{seen.kind} {seen.library}, tables {seen.tables}"
    if seen.tables > HEAD:
        yield Problem("ledger", None, f"{name}: newer than this program, which speaks {HEAD}", "upgrade Steadycast")
    elif seen.tables < HEAD:
        yield Problem("ledger", None, f"{name}: older than this program", "any command that writes upgrades it", WARN)
    else:
        yield looked_at("ledger", name)
    if seen.damage:
        hint = "stop everything, keep the file, and `steadycast restore` the newest backup"
        yield Problem("ledger's file", None, f"damaged: {seen.damage}", hint)
    elif seen.kind == "SQLite":
        yield looked_at("ledger's file", "quick_check found nothing")
    told = ", ".join(f"{name}={value}" for name, value in seen.modes.items())
    wrong = [name for name, value in seen.wanted.items() if seen.modes.get(name) != value]
    hint = f"set {', '.join(f'{name}={seen.wanted[name]}' for name in wrong)}: a power cut would lose what was promised"
    yield looked_at("durability", told, hint, BAD if wrong else OK)
    if seen.others_read:
        hint = "chmod 600 it: whoever has its secret can guess every marker"
        yield Problem("ledger's file", None, "others than its owner may read it", hint, WARN)
    if seen.doubtful_until:
        said = f"restored from an older copy: what was due until {seen.doubtful_until:%Y-%m-%d %H:%M} UTC was in doubt"
        yield looked_at("restore", said)


def clock(now: dt.datetime, latest: dt.datetime | None, server: dt.datetime | None) -> Iterator[Problem]:
    """This machine's clock against what the ledger has seen, and against a database server's."""
    hint = "set the clock, and let NTP keep it (timedatectl)"
    if latest is None:
        yield looked_at("clock", "nothing to hold it against yet; NTP is not asked")
    elif latest - now > MINUTE:
        yield Problem("clock", None, f"{_span(latest - now)} behind what the ledger has seen", hint)
    else:
        yield looked_at("clock", "not behind what the ledger has seen; NTP is not asked")
    if server is not None:
        skew = abs(server - now)
        state = BAD if skew > MINUTE else WARN if skew > SKEW else OK
        yield looked_at("database's clock", f"{skew.total_seconds():.1f} s apart", hint, state)


def readers(var: Path, mode: int) -> Problem:
    """Whether other users of this machine can read the ledger's folder: letters before their hour, logs, kits."""
    if mode & 0o067:
        said = f"others on this machine may read {var}, or write there"
        hint = f"chmod 700 {var}; chmod 710 where a web server's group serves var/out"
        return Problem("readers", None, said, hint, WARN)
    return looked_at("readers", "only its owner reads var/" + ("; a group may pass to var/out" * bool(mode & 0o010)))


def frozen(switch: bool) -> Problem:
    """Whether the system ends a worker that was frozen in the middle of a send, before it can go on with it."""
    if switch:
        return looked_at("frozen workers", "the system ends one before it could send late")
    said = "one that is frozen while it sends can double a post on a read-back platform when it is thawed"
    return Problem("frozen workers", None, said, "publish from 64-bit Linux, which has timers for that", WARN)


def disk(name: str, free: int, files: int | None) -> Problem:
    """Room for what is yet to be written: bytes, and names where the file system counts them."""
    said = f"{free / 1e9:,.1f} GB free" + ("" if files is None else f", {files:,} files")
    few = files is not None and files < FEW_FILES
    state = BAD if free < FULL or few else WARN if free < SCARCE else OK
    return looked_at(f"disk of {name}", said, "free some space: nothing is sent that cannot be written", state)


def zones(zone: str, known: Collection[str], version: str, now: dt.datetime) -> Problem:
    """The tz database that slots are computed with; `version` is such as 2026a, "" where it is not told."""
    if zone not in known:
        return Problem("zones", None, f"{zone} is not in the tz database", "pip install -U tzdata")
    said = f"{zone}; tz database {version or 'of the system'}"
    old = version[:4].isdigit() and int(version[:4]) < now.year - 1
    return looked_at("zones", said, "pip install -U tzdata", WARN if old else OK)


def holidays(series: str, countries: Iterable[str], unknown: Iterable[tuple[str, int]]) -> Problem:
    """Whether the days off that a series skips are known for the coming year; of some, only the fixed ones are."""
    missing = ", ".join(f"{country} {year}" for country, year in unknown)
    if not missing:
        return looked_at(f"holidays of {series}", ", ".join(countries))
    hint = "upgrade the holidays package, or write the days into holidays.toml"
    return Problem(f"holidays of {series}", None, f"not announced yet: {missing}", hint, WARN)


def ticks(now: dt.datetime, last: dt.datetime | None, quiet_after: dt.timedelta, waiting: int) -> Iterator[Problem]:
    """Whether the flows run, and whether anything due was left lying."""
    hint = "start `steadycast up`, or a worker"
    if last is None:
        yield Problem("ticks", None, "nobody has looked at what is due yet", hint, WARN)
    else:
        quiet = max(now - last, dt.timedelta())
        state = BAD if quiet > quiet_after else WARN if quiet > SWEEP_LATE else OK
        said = f"what is due was last looked at {_span(quiet)} ago"
        yield looked_at("ticks", said, hint, state)
    if waiting == 1:
        yield Problem("sweep", None, "1 delivery is due and nobody took it", hint)
    elif waiting:
        yield Problem("sweep", None, f"{waiting} deliveries are due and nobody took them", hint)


def unknown(count: int, old: int) -> Problem:
    """Deliveries of which nobody knows whether they are there."""
    if not count:
        return looked_at("unknown deliveries", "none")
    said = f"{count}" + (f", {old} of them for more than a day" if old else "")
    hint = "`steadycast verify`, then `steadycast status` says what a person has to look at"
    return Problem("unknown deliveries", None, said, hint, BAD if old else WARN)


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} d"
