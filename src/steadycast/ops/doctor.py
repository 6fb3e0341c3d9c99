"""Everything that a promise stands on, looked at: one row each. Publishes nothing, and writes nothing."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import TZPATH, available_timezones

from steadycast.crash_safety import deadman
from steadycast.errors import (
    BAD,
    LOST,
    OK,
    WARN,
    FarSideError,
    InputError,
    Problem,
    Refused,
    SettingsError,
    SteadycastError,
    well,
)
from steadycast.ledger import overdue
from steadycast.ledger.database_check import check_up
from steadycast.ledger.home import gone
from steadycast.ops import doctor_checks
from steadycast.ops.check import channels, rights, secrets
from steadycast.ops.deployments import differences
from steadycast.ops.health import UNKNOWN_AFTER
from steadycast.pipeline.app import App
from steadycast.pipeline.probed_limits import ask
from steadycast.platform import Account
from steadycast.workspace import load

PREFECT_WITHIN = 5.0  # seconds
NOTHING = "nothing can be tried without sending"


def doctor(now: dt.datetime, *, root: Path | None = None, app: App | None = None) -> list[Problem]:
    """Every row, in the order in which a person would look; what one look breaks on is its row, and stops no other."""
    try:
        app = app or App(load(root), readonly=True)
    except SettingsError as error:
        return [Problem("settings", None, *_told(error, "fix steadycast.toml"))]
    looks: dict[str, Callable[[App, dt.datetime], Iterable[Problem]]] = {
        "settings": _settings, "ledger": _ledger, "frozen workers": _frozen, "disk": _disk, "zones": _zones,
        "holidays": _holidays, "Prefect": _prefect, "secrets": _secrets, "channels": _channels, "rights": _rights,
        "service": _service,
    }  # fmt: skip
    found: list[Problem] = []
    with app:
        for name, look in looks.items():
            if name != "service" or not any(f.where == "ledger" and f.severity == BAD for f in found):
                found += _tried(name, look, app, now)
    return found


def _told(error: SteadycastError, otherwise: str) -> tuple[str, str]:
    """What an error says, and its hint apart: a row has a place for each."""
    if isinstance(error, InputError) and error.hint:
        return str(replace(error, hint=None)), error.hint
    return str(error), otherwise


def _tried(
    name: str, look: Callable[[App, dt.datetime], Iterable[Problem]], app: App, now: dt.datetime
) -> list[Problem]:
    found: list[Problem] = []
    try:
        found.extend(look(app, now))
    except SteadycastError as error:
        said, hint = _told(error, "see what it says")
        return [*found, Problem(name, None, app.redact(said), hint)]
    except Exception as error:  # a doctor that falls over is no help; an error's words may hold a secret
        return [
            *found,
            Problem(name, None, f"the look itself failed: {type(error).__name__}", "run `steadycast check`"),
        ]
    return found


def _settings(app: App, now: dt.datetime) -> Iterator[Problem]:  # noqa: ARG001
    workspace = app.workspace
    wrong = list(channels(app))
    for problem in wrong:
        yield Problem(
            "settings", None, f"{problem.where}:{problem.line or 1}: {problem.said}", problem.hint or "fix it"
        )
    if not wrong:
        number = len(workspace.channels)
        said = f"{len(workspace.series)} series, {number} channel{'' if number == 1 else 's'}"
        yield well("settings", said)


def _ledger(app: App, now: dt.datetime) -> Iterator[Problem]:
    seen = check_up(app.workspace.ledger)
    yield from doctor_checks.ledger(seen)
    known = [] if seen.tables is None else [app.ledger.last_tick(), overdue.latest_event(app.ledger)]
    yield from doctor_checks.clock(now, max((at for at in known if at), default=None), seen.clock)
    if known and (stopped := app.ledger.objection()):
        raise stopped
    if not known and (lost := gone(app.workspace.ledger)):
        LOST.error("%s", lost)
        raise lost


def _frozen(app: App, now: dt.datetime) -> Iterator[Problem]:  # noqa: ARG001
    yield doctor_checks.frozen(deadman.available())


def _disk(app: App, now: dt.datetime) -> Iterator[Problem]:  # noqa: ARG001
    for name, path in (("var/", app.workspace.var), ("content/", app.workspace.content)):
        there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
        system = os.statvfs(there)
        yield doctor_checks.disk(name, shutil.disk_usage(there).free, system.f_favail if system.f_files else None)
        if name == "var/" and not os.access(there, os.W_OK | os.X_OK):
            yield Problem(name, None, f"{there} cannot be written to", "make it writable for this user")
    if (var := app.workspace.var).is_dir():
        yield doctor_checks.readers(var, var.stat().st_mode)


def _zones(app: App, now: dt.datetime) -> Iterator[Problem]:
    yield doctor_checks.zones(app.workspace.community.zone.key, available_timezones(), tz_version(TZPATH), now)


def tz_version(paths: Iterable[str]) -> str:
    """The version of the tz database that Python reads, such as 2026a; "" where nothing tells it."""
    for folder in paths:
        if (found := Path(folder, "tzdata.zi")).is_file():
            with found.open(encoding="ascii", errors="replace") as file:
                words = file.readline().split()
            return words[-1] if words[:2] == ["#", "version"] else ""
        if Path(folder, "UTC").is_file():
            return ""  # the system's own, which does not tell
    try:
        return str(importlib.import_module("tzdata").IANA_VERSION)
    except ImportError:
        return ""


def _holidays(app: App, now: dt.datetime) -> Iterator[Problem]:
    years = sorted({now.year, (now + dt.timedelta(days=60)).year})
    for name, table in app.workspace.settings.series.items():
        countries = sorted({s.partition(":")[2] for s in table.skip if s.startswith("holidays:")})
        if countries:
            unknown = [(c, y) for c in countries for y in years if not announced(c, y) and not _overrides(app, y)]
            yield doctor_checks.holidays(name, countries, unknown)


def announced(country: str, year: int) -> bool:
    """Whether the holidays package knows that year's own days off, where that country announces them year by year."""
    import holidays  # a fifth of a second: only where a series asks for it

    own = getattr(holidays.country_holidays(country, years=year), "special_public_holidays", None) or {}
    latest = max(own, default=0)
    yearly = {latest - n for n in range(5)} <= set(own)
    return year in own or not yearly


def _overrides(app: App, year: int) -> bool:
    return any(day.startswith(f"{year}-") for day in app.workspace.overrides)


def _prefect(app: App, now: dt.datetime) -> Iterator[Problem]:  # noqa: ARG001
    wrong = differences(app.workspace)
    hint = "`steadycast deploy` writes it"
    said = "agrees with steadycast.toml" if not wrong else "; ".join(wrong[:3]) + (" …" if len(wrong) > 3 else "")
    yield Problem("prefect.yaml", None, said, hint if wrong else "", BAD if wrong else OK)
    url = os.environ.get("PREFECT_API_URL", "")
    if not url:
        yield well("Prefect's server", "PREFECT_API_URL is not set: `steadycast up` brings its own")
        return
    why = unreachable(url)
    if why:
        app.find_secret = os.environ.get  # its Secret blocks cannot be had: a minute's wait for each would tell nothing
    hint = "start it, or correct PREFECT_API_URL"
    yield Problem("Prefect's server", None, why or "it answers", hint if why else "", BAD if why else OK)


def unreachable(url: str) -> str:
    """Why Prefect's API does not answer, in few words and without its address; "" when it does."""
    if not url.startswith(("http://", "https://")):
        return "PREFECT_API_URL is no web address"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/health", timeout=PREFECT_WITHIN) as answer:
            return "" if answer.status == 200 else f"it answers {answer.status}"
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}"
    except (OSError, ValueError) as error:
        return f"it does not answer ({type(getattr(error, 'reason', error)).__name__})"


def _secrets(app: App, now: dt.datetime) -> Iterator[Problem]:  # noqa: ARG001
    missing = list(secrets(app))
    for problem in missing:
        yield Problem("secrets", None, problem.message, problem.hint)
    if not missing:
        yield well("secrets", "every one that steadycast.toml names is set")
    if not app.workspace.settings.alarms.urls:
        yield Problem("alarms", None, "nobody would be told", "set [alarms] urls", WARN)


def _channels(app: App, now: dt.datetime) -> Iterator[Problem]:
    for name, settings in app.workspace.channels.items():
        if settings.paused:
            yield well(f"channel {name}", "paused")
        elif app.usable(name):
            yield from channel(app, name, now)


def channel(app: App, name: str, now: dt.datetime) -> Iterator[Problem]:
    """Whether a channel's far side lets it in, and what that allows, as far as either can be asked for."""
    yield _credentials(app, name)
    if asked := ask(app, name, now):
        hint = "what was known holds" if app.far_limits(name) else "the platform's own hold"
        yield Problem(f"limits {name}", None, str(asked), hint if asked.error else "", WARN if asked.error else OK)


def _credentials(app: App, name: str) -> Problem:
    """What the platform can try without publishing; of one that writes files, whether it could."""
    try:
        adapter, platform = app.adapter(name), app.platform(name)
        if (look := getattr(adapter, "check", None)) is not None:
            return well(f"channel {name}", _let_in(look()))
    except Refused as error:
        return Problem(f"channel {name}", None, app.redact(str(error)), "correct its settings or its secret")
    except FarSideError as error:
        return Problem(f"channel {name}", None, app.redact(str(error)), "see whether its far side is up, and try again")
    except Exception as error:  # an adapter of somebody's own; its words may hold a secret
        said, platform_name = f"its adapter failed: {type(error).__name__}", app.workspace.channels[name].platform
        return Problem(f"channel {name}", None, said, f"fix channels/{platform_name}/adapter.py")
    if platform.delivery not in ("conditional", "kit"):
        return well(f"channel {name}", NOTHING)
    folder = (app.workspace.out / name).absolute()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return well(f"channel {name}", "its folder can be written to")
    return Problem(f"channel {name}", None, f"{there} cannot be written to", "make it writable for this user")


def _let_in(account: Account | None) -> str:
    """As whom a channel would publish, and until when, as far as its far side says."""
    if not isinstance(account, Account):
        return "tried, and it would be let in"
    name = f" as {account.name}" if account.name else ""
    rights = f", may {', '.join(account.rights)}" if account.rights else ""
    until = f", until {account.until:%Y-%m-%d %H:%M %Z}" if account.until else ""
    return f"tried, and it would be let in{name}{rights}{until}"


def _rights(app: App, now: dt.datetime) -> Iterator[Problem]:  # noqa: ARG001
    wrong = list(rights(app.workspace))
    for problem in wrong:
        yield Problem("rights", None, f"{problem.where}: {problem.message}", problem.hint)
    if not wrong:
        yield well("rights", "only the owner writes to the root, flows/ and channels/")


def _service(app: App, now: dt.datetime) -> Iterator[Problem]:
    if check_up(app.workspace.ledger).tables is None:
        return
    ledger, quiet = app.ledger, app.workspace.settings.alarms.quiet_after
    yield from doctor_checks.ticks(
        now, ledger.last_tick(), quiet, overdue.unswept(ledger, now - doctor_checks.SWEEP_LATE)
    )
    every, old = (sum(row.deliveries for row in overdue.in_doubt(ledger, at)) for at in (FOREVER, now - UNKNOWN_AFTER))
    yield doctor_checks.unknown(every, old)


FOREVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
