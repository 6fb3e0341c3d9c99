"""What a doctor makes of what was seen: plain values in, rows out. Pure; every bad row has its hint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from steadycast.ledger.database_check import Checkup
from steadycast.ledger.migrations import HEAD

OK, WARN, BAD = "ok", "warn", "bad"
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
SKEW = dt.timedelta(seconds=5)  # between two machines; more than a minute is bad
SCARCE, FULL = 2_000_000_000, 200_000_000  # bytes free
FEW_FILES = 1_000  # names left on the file system
SWEEP_LATE = dt.timedelta(minutes=10)  # the sweep runs every minute


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: what was looked at, how it is, what was seen, and what to do where it is not well."""

    what: str
    state: str  # ok, warn, bad
    said: str
    hint: str = ""

    def plain(self) -> dict[str, str]:
        """As a table or JSON tells it."""
        return asdict(self)


def ledger(seen: Checkup) -> Iterator[Finding]:
    """The database: its tables, its file, and whether a commit survives a power cut there."""
    if seen.tables is None:
        yield Finding("ledger", WARN, "there is none yet", "`steadycast intake` makes it")
        return
    name = f"{seen.kind} {seen.library}, tables {seen.tables}"
    if seen.tables > HEAD:
        yield Finding("ledger", BAD, f"{name}: newer than this program, which speaks {HEAD}", "upgrade Steadycast")
    elif seen.tables < HEAD:
        yield Finding("ledger", WARN, f"{name}: older than this program", "any command that writes upgrades it")
    else:
        yield Finding("ledger", OK, name)
    if seen.damage:
        hint = "stop everything, keep the file, and `steadycast restore` the newest backup"
        yield Finding("ledger's file", BAD, f"damaged: {seen.damage}", hint)
    elif seen.kind == "SQLite":
        yield Finding("ledger's file", OK, "quick_check found nothing")
    told = ", ".join(f"{name}={value}" for name, value in seen.modes.items())
    wrong = [name for name, value in seen.wanted.items() if seen.modes.get(name) != value]
    hint = f"set {', '.join(f'{name}={seen.wanted[name]}' for name in wrong)}: a power cut would lose what was promised"
    yield Finding("durability", BAD if wrong else OK, told, hint if wrong else "")
    if seen.others_read:
        hint = "chmod 600 it: whoever has its secret can guess every marker"
        yield Finding("ledger's file", WARN, "others than its owner may read it", hint)
    if seen.doubtful_until:
        said = f"restored from an older copy: what was due until {seen.doubtful_until:%Y-%m-%d %H:%M} UTC was in doubt"
        yield Finding("restore", OK, said)


def clock(now: dt.datetime, latest: dt.datetime | None, server: dt.datetime | None) -> Iterator[Finding]:
    """This machine's clock against what the ledger has seen, and against a database server's."""
    hint = "set the clock, and let NTP keep it (timedatectl)"
    if latest is None:
        yield Finding("clock", OK, "nothing to hold it against yet; NTP is not asked")
    elif latest - now > MINUTE:
        yield Finding("clock", BAD, f"{_span(latest - now)} behind what the ledger has seen", hint)
    else:
        yield Finding("clock", OK, "not behind what the ledger has seen; NTP is not asked")
    if server is not None:
        skew = abs(server - now)
        state = BAD if skew > MINUTE else WARN if skew > SKEW else OK
        yield Finding("database's clock", state, f"{skew.total_seconds():.1f} s apart", "" if state == OK else hint)


def readers(var: Path, mode: int) -> Finding:
    """Whether other users of this machine can read the ledger's folder: letters before their hour, logs, kits."""
    if mode & 0o067:
        said = f"others on this machine may read {var}, or write there"
        return Finding("readers", WARN, said, f"chmod 700 {var}; chmod 710 where a web server's group serves var/out")
    return Finding("readers", OK, "only its owner reads var/" + ("; a group may pass to var/out" * bool(mode & 0o010)))


def frozen(switch: bool) -> Finding:
    """Whether the system ends a worker that was frozen in the middle of a send, before it can go on with it."""
    if switch:
        return Finding("frozen workers", OK, "the system ends one before it could send late")
    said = "one that is frozen while it sends can double a post on a read-back platform when it is thawed"
    return Finding("frozen workers", WARN, said, "publish from 64-bit Linux, which has timers for that")


def disk(name: str, free: int, files: int | None) -> Finding:
    """Room for what is yet to be written: bytes, and names where the file system counts them."""
    said = f"{free / 1e9:,.1f} GB free" + ("" if files is None else f", {files:,} files")
    few = files is not None and files < FEW_FILES
    state = BAD if free < FULL or few else WARN if free < SCARCE else OK
    return Finding(
        f"disk of {name}", state, said, "" if state == OK else "free some space: nothing is sent that cannot be written"
    )


def zones(zone: str, known: Collection[str], version: str, now: dt.datetime) -> Finding:
    """The tz database that slots are computed with; `version` is such as 2026a, "" where it is not told."""
    if zone not in known:
        return Finding("zones", BAD, f"{zone} is not in the tz database", "pip install -U tzdata")
    said = f"{zone}; tz database {version or 'of the system'}"
    old = version[:4].isdigit() and int(version[:4]) < now.year - 1
    return Finding("zones", WARN if old else OK, said, "pip install -U tzdata" if old else "")


def holidays(series: str, countries: Iterable[str], unknown: Iterable[tuple[str, int]]) -> Finding:
    """Whether the days off that a series skips are known for the coming year; of some, only the fixed ones are."""
    missing = ", ".join(f"{country} {year}" for country, year in unknown)
    if not missing:
        return Finding(f"holidays of {series}", OK, ", ".join(countries))
    hint = "upgrade the holidays package, or write the days into holidays.toml"
    return Finding(f"holidays of {series}", WARN, f"not announced yet: {missing}", hint)


def ticks(now: dt.datetime, last: dt.datetime | None, quiet_after: dt.timedelta, waiting: int) -> Iterator[Finding]:
    """Whether the flows run, and whether anything due was left lying."""
    hint = "start `steadycast up`, or a worker"
    if last is None:
        yield Finding("ticks", WARN, "there never was one", hint)
    else:
        quiet = max(now - last, dt.timedelta())
        state = BAD if quiet > quiet_after else WARN if quiet > SWEEP_LATE else OK
        yield Finding("ticks", state, f"the last {_span(quiet)} ago", "" if state == OK else hint)
    if waiting:
        due = "1 delivery is due and nobody took it"
        yield Finding("sweep", BAD, due if waiting == 1 else f"{waiting} deliveries are due and nobody took them", hint)


def unknown(count: int, old: int) -> Finding:
    """Deliveries of which nobody knows whether they are there."""
    if not count:
        return Finding("unknown deliveries", OK, "none")
    said = f"{count}" + (f", {old} of them for more than a day" if old else "")
    hint = "`steadycast verify`, then `steadycast status` says what a person has to look at"
    return Finding("unknown deliveries", BAD if old else WARN, said, hint)


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} d"
