"""What a doctor makes of what was seen: plain values in, rows out. Pure; every bad row has its hint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from steadycast.errors import BAD, OK, WARN, Problem, SettingsError, looked_at
from steadycast.language import gettext as _
from steadycast.language import listed, moment, ngettext
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
        yield Problem("ledger", None, _("there is none yet"), _("`steadycast intake` makes it"), WARN)
        return
    name = _("%(kind)s %(library)s, tables %(tables)s", kind=seen.kind, library=seen.library, tables=seen.tables)
    if seen.tables > HEAD:
        said = _("%(name)s: newer than this program, which speaks %(version)s", name=name, version=HEAD)
        yield Problem("ledger", None, said, _("upgrade Steadycast"))
    elif seen.tables < HEAD:
        said = _("%(name)s: older than this program", name=name)
        yield Problem("ledger", None, said, _("any command that writes upgrades it"), WARN)
    else:
        yield looked_at("ledger", name)
    if seen.damage:
        hint = _("stop everything, keep the file, and `steadycast restore` the newest backup")
        yield Problem("ledger's file", None, _("damaged: %(damage)s", damage=seen.damage), hint)
    elif seen.kind == "SQLite":
        yield looked_at("ledger's file", _("quick_check found nothing"))
    told = ", ".join(f"{name}={value}" for name, value in seen.modes.items())
    wrong = [name for name, value in seen.wanted.items() if seen.modes.get(name) != value]
    wanted = ", ".join(f"{name}={seen.wanted[name]}" for name in wrong)
    hint = _("set %(modes)s: a power cut would lose what was promised", modes=wanted)
    yield looked_at("durability", told, hint, BAD if wrong else OK)
    if seen.others_read:
        hint = _("chmod 600 it: whoever has its secret can guess every marker")
        yield Problem("ledger's file", None, _("others than its owner may read it"), hint, WARN)
    if seen.doubtful_until:
        until = moment(seen.doubtful_until)
        said = _("restored from an older copy: what was due until %(when)s UTC was in doubt", when=until)
        yield looked_at("restore", said)


def clock(now: dt.datetime, latest: dt.datetime | None, server: dt.datetime | None) -> Iterator[Problem]:
    """This machine's clock against what the ledger has seen, and against a database server's."""
    hint = _("set the clock, and let NTP keep it (timedatectl)")
    if latest is None:
        yield looked_at("clock", _("nothing to hold it against yet; NTP is not asked"))
    elif latest - now > MINUTE:
        yield Problem("clock", None, _("%(span)s behind what the ledger has seen", span=_span(latest - now)), hint)
    else:
        yield looked_at("clock", _("not behind what the ledger has seen; NTP is not asked"))
    if server is not None:
        skew = abs(server - now)
        state = BAD if skew > MINUTE else WARN if skew > SKEW else OK
        yield looked_at(
            "database's clock", _("%(seconds)s s apart", seconds=format(skew.total_seconds(), ".1f")), hint, state
        )


def readers(var: Path, mode: int) -> Problem:
    """Whether other users of this machine can read the ledger's folder: letters before their hour, logs, kits."""
    if mode & 0o067:
        said = _("others on this machine may read %(folder)s, or write there", folder=var)
        hint = _("chmod 700 %(folder)s; chmod 710 where a web server's group serves var/out", folder=var)
        return Problem("readers", None, said, hint, WARN)
    passes = _("only its owner reads var/; a group may pass to var/out")
    return looked_at("readers", passes if mode & 0o010 else _("only its owner reads var/"))


def frozen(switch: bool) -> Problem:
    """Whether the system ends a worker that was frozen in the middle of a send, before it can go on with it."""
    if switch:
        return looked_at("frozen workers", _("the system ends one before it could send late"))
    said = _("one that is frozen while it sends can double a post on a read-back platform when it is thawed")
    return Problem("frozen workers", None, said, _("publish from 64-bit Linux, which has timers for that"), WARN)


def disk(name: str, free: int, files: int | None) -> Problem:
    """Room for what is yet to be written: bytes, and names where the file system counts them."""
    said = _("%(size)s GB free", size=format(free / 1e9, ",.1f"))
    said += "" if files is None else _(", and room for %(num)s files", num=format(files, ","))
    few = files is not None and files < FEW_FILES
    state = BAD if free < FULL or few else WARN if free < SCARCE else OK
    hint = _("free some space: nothing is sent that cannot be written")
    return looked_at(f"disk of {name}", said, hint, state)


def players(prober: str | None, maker: str | None) -> Problem:
    """Whether sounds and films can be looked into and converted: by two programs, which come in one package."""
    if lacks := [name for name, path in (("ffprobe", prober), ("ffmpeg", maker)) if path is None]:
        said = _("%(programs)s: not installed, so films are not looked into, or not converted", programs=listed(lacks))
        return Problem("sound and film", None, said, _("install it: `apt install ffmpeg`"), WARN)
    return looked_at("sound and film", _("ffprobe looks into them, and ffmpeg converts what a channel does not take"))


def zones(zone: str, known: Collection[str], version: str, now: dt.datetime) -> Problem:
    """The tz database that slots are computed with; `version` is such as 2026a, "" where it is not told."""
    if zone not in known:
        return Problem("zones", None, _("%(zone)s is not in the tz database", zone=zone), "pip install -U tzdata")
    said = _("%(zone)s; tz database %(version)s", zone=zone, version=version or _("of the system"))
    old = version[:4].isdigit() and int(version[:4]) < now.year - 1
    return looked_at("zones", said, "pip install -U tzdata", WARN if old else OK)


def holidays(series: str, countries: Iterable[str], unknown: Iterable[tuple[str, int]]) -> Problem:
    """Whether the days off that a series skips are known for the coming year; of some, only the fixed ones are."""
    missing = listed(f"{country} {year}" for country, year in unknown)
    if not missing:
        return looked_at(f"holidays of {series}", listed(countries))
    hint = _("upgrade the holidays package, or write the days into holidays.toml")
    said = _("not announced yet: %(missing)s", missing=missing)
    return Problem(f"holidays of {series}", None, said, hint, WARN)


def platforms(usable: int, broken: Iterable[SettingsError]) -> Iterator[Problem]:
    """Those that came with the package and that nobody uses: nothing is lost, but somebody may want one."""
    hint = _("no channel uses it; it came with Steadycast: install that again")
    found = [Problem("platform", None, str(replace(error, hint=None)), hint, WARN) for error in broken]
    yield from found or [looked_at("platform", _("%(num)s can be used", num=usable))]


def flows(own: Mapping[str, bytes], bundled: Mapping[str, bytes]) -> Problem:
    """Whether a workspace's own copy of the flows, texts by name, is the one that comes with this version."""
    if missing := bundled.keys() - own.keys():
        said = _("your own copy, without this version's %(files)s", files=listed(sorted(missing)))
        hint = _("move flows/ away: without it the bundled flows are used")
        return Problem("flows/", None, said, hint, WARN)
    if changed := [name for name, text in bundled.items() if own[name] != text]:
        return looked_at("flows/", _("your own, other than this version's: %(files)s", files=listed(changed)))
    return looked_at("flows/", _("this version's"))


def ticks(now: dt.datetime, last: dt.datetime | None, quiet_after: dt.timedelta, waiting: int) -> Iterator[Problem]:
    """Whether the flows run, and whether anything due was left lying."""
    hint = _("start `steadycast up`, or a worker")
    if last is None:
        yield Problem("ticks", None, _("nobody has looked at what is due yet"), hint, WARN)
    else:
        quiet = max(now - last, dt.timedelta())
        state = BAD if quiet > quiet_after else WARN if quiet > SWEEP_LATE else OK
        said = _("what is due was last looked at %(span)s ago", span=_span(quiet))
        yield looked_at("ticks", said, hint, state)
    if waiting:
        said = ngettext(
            "%(num)s delivery is due and nobody took it", "%(num)s deliveries are due and nobody took them", waiting
        )
        yield Problem("sweep", None, said, hint)


def unknown(count: int, old: int) -> Problem:
    """Deliveries of which nobody knows whether they are there."""
    if not count:
        return looked_at("unknown deliveries", _("none"))
    said = str(count) + (_(", %(num)s of them for more than a day", num=old) if old else "")
    hint = _("`steadycast verify`, then `steadycast status` says what a person has to look at")
    return Problem("unknown deliveries", None, said, hint, BAD if old else WARN)


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return _("%(num)s min", num=minutes)
    return _("%(num)s h", num=minutes // 60) if minutes < 2880 else _("%(num)s d", num=minutes // 1440)
