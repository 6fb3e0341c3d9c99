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
    looked_at,
)
from steadycast.language import N_, listed, moment, ngettext
from steadycast.language import gettext as _
from steadycast.ledger import overdue
from steadycast.ledger.database_check import check_up
from steadycast.ledger.publishing_place import gone
from steadycast.ops import doctor_checks
from steadycast.ops.check_settings import channels, rights, secrets
from steadycast.ops.deployments import differences
from steadycast.ops.health import UNKNOWN_AFTER
from steadycast.pipeline import read_back_feed
from steadycast.pipeline.app import App
from steadycast.pipeline.probed_limits import ask
from steadycast.pipeline.uploads import Uploader
from steadycast.platform import Account, registry
from steadycast.render import film
from steadycast.workspace import Workspace, load
from steadycast.workspace.paths import bundle

PREFECT_WITHIN = 5.0  # seconds
NOTHING = N_("nothing can be tried without sending")
FOREVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def doctor(now: dt.datetime, *, root: Path | None = None, app: App | None = None) -> list[Problem]:
    """Every row, in the order in which a person would look; what one look breaks on is its row, and stops no other."""
    try:
        app = app or App(load(root), readonly=True)
    except SettingsError as error:
        return [Problem("settings", None, *_told(error, _("fix steadycast.toml")))]
    work, found = app.workspace, list[Problem]()
    closed = _("only the owner writes to the root, flows/ and channels/")
    looks: dict[str, Callable[[], Iterable[Problem]]] = {
        "settings": lambda: _settings(app),
        "platform": lambda: _platforms(app),
        "ledger": lambda: _ledger(app, now),
        "frozen workers": lambda: [doctor_checks.frozen(deadman.available())],
        "disk": lambda: _disk(work),
        "sound and film": lambda: [doctor_checks.players(film.prober(), film.maker())],
        "zones": lambda: [doctor_checks.zones(work.community.zone.key, available_timezones(), tz_version(TZPATH), now)],
        "holidays": lambda: _holidays(work, now),
        "Prefect": lambda: _prefect(app),
        "flows/": lambda: [doctor_checks.flows(_texts(work.flows), _texts(bundle() / "flows"))],
        "secrets": lambda: _secrets(app),
        "channels": lambda: _channels(app, now),
        "rights": lambda: _all_of("rights", rights(work), closed),
        "service": lambda: _service(app, now),
    }
    with app:
        for name, look in looks.items():
            if name != "service" or not any(f.where == "ledger" and f.severity == BAD for f in found):
                found += _tried(name, look, app)
    return found


def _told(error: SteadycastError, otherwise: str) -> tuple[str, str]:
    """What an error says, and its hint apart: a row has a place for each."""
    if isinstance(error, InputError) and error.hint:
        return str(replace(error, hint=None)), error.hint
    return str(error), otherwise


def _tried(name: str, look: Callable[[], Iterable[Problem]], app: App) -> Iterator[Problem]:
    try:
        yield from look()
    except SteadycastError as error:
        said, hint = _told(error, _("see what it says"))
        yield Problem(name, None, app.redact(said), hint)
    except Exception as error:  # a doctor that falls over is no help; an error's words may hold a secret
        said = _("the look itself failed: %(error)s", error=type(error).__name__)
        yield Problem(name, None, said, _("run `steadycast check`"))


def _all_of(name: str, wrong: Iterable[Problem], otherwise: str) -> list[Problem]:
    """What `check` finds wrong, as rows of one look; else that it is well."""
    rows = [Problem(name, None, f"{found.place}: {found.said}", found.hint or _("fix it")) for found in wrong]
    return rows or [looked_at(name, otherwise)]


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


def _settings(app: App) -> list[Problem]:
    said = _(
        "%(series)s series, %(channels)s",
        series=len(app.workspace.series),
        channels=ngettext("%(num)s channel", "%(num)s channels", len(app.workspace.channels)),
    )
    return _all_of("settings", channels(app), said)


def _platforms(app: App) -> Iterator[Problem]:
    """Those that no channel uses, and that are not the workspace's own: of the others `settings` tells, as `check`."""
    broken: dict[str, SettingsError] = {}
    found = registry.platforms(app.workspace.platform_folders, broken)
    yield from doctor_checks.platforms(len(found), [broken[name] for name in broken.keys() - app.broken.keys()])


def _disk(workspace: Workspace) -> Iterator[Problem]:
    for name, path in (("var/", workspace.var), ("content/", workspace.content)):
        there = _nearest(path)
        system = os.statvfs(there)
        yield doctor_checks.disk(name, shutil.disk_usage(there).free, system.f_favail if system.f_files else None)
        if name == "var/" and (locked := _locked(name, there)):
            yield locked
    if (var := workspace.var).is_dir():
        yield doctor_checks.readers(var, var.stat().st_mode)


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


def _holidays(workspace: Workspace, now: dt.datetime) -> Iterator[Problem]:
    years = {now.year, (now + dt.timedelta(days=60)).year} - {int(day[:4]) for day in workspace.overrides}
    for name, table in workspace.promises.items():
        countries = sorted({s.partition(":")[2] for s in table.skip if s.startswith("holidays:")})
        if countries:
            unknown = [(c, y) for c in countries for y in sorted(years) if not announced(c, y)]
            yield doctor_checks.holidays(name, countries, unknown)


def announced(country: str, year: int) -> bool:
    """Whether the holidays package knows that year's own days off, where that country announces them year by year."""
    import holidays  # a fifth of a second: only where a series asks for it

    own = getattr(holidays.country_holidays(country, years=year), "special_public_holidays", None) or {}
    latest = max(own, default=0)
    yearly = {latest - n for n in range(5)} <= set(own)
    return year in own or not yearly


def _texts(flows: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(flows.glob("*.py"))}


def _prefect(app: App) -> Iterator[Problem]:
    wrong = differences(app.workspace)
    said = _("; ").join(map(str, wrong[:3])) + (" …" if len(wrong) > 3 else "") or _("agrees with steadycast.toml")
    yield looked_at("prefect.yaml", said, _("`steadycast deploy` writes it"), BAD if wrong else OK)
    url = os.environ.get("PREFECT_API_URL", "")
    if not url:
        yield looked_at("Prefect's server", _("PREFECT_API_URL is not set: `steadycast up` brings its own"))
        return
    why = unreachable(url)
    if why:
        app.find_secret = os.environ.get  # its Secret blocks cannot be had: a minute's wait for each would tell nothing
    hint = _("start it, or correct PREFECT_API_URL")
    yield looked_at("Prefect's server", why or _("it answers"), hint, BAD if why else OK)


def unreachable(url: str, within: float = PREFECT_WITHIN) -> str:
    """Why Prefect's API does not answer, in few words and without its address; "" when it does."""
    if not url.startswith(("http://", "https://")):
        return _("PREFECT_API_URL is no web address")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/health", timeout=within) as answer:
            return "" if answer.status == 200 else _("it answers %(status)s", status=answer.status)
    except urllib.error.HTTPError as error:
        return _("it answers %(status)s", status=error.code)
    except (OSError, ValueError) as error:
        return _("it does not answer (%(error)s)", error=type(getattr(error, "reason", error)).__name__)


def _secrets(app: App) -> Iterator[Problem]:
    unset = (replace(found, where=app.workspace.settings_file.name) for found in secrets(app))
    yield from _all_of("secrets", unset, _("every one that steadycast.toml names is set"))
    if not app.workspace.alarms.urls:
        yield Problem("alarms", None, _("nobody would be told"), _("set [alarms] urls"), WARN)


def _channels(app: App, now: dt.datetime) -> Iterator[Problem]:
    for name, settings in app.workspace.channels.items():
        if settings.paused:
            yield looked_at(f"channel {name}", _("paused"))
        elif app.usable(name):
            yield from channel(app, name, now)


def channel(app: App, name: str, now: dt.datetime) -> Iterator[Problem]:
    """Whether a channel's far side lets it in, and what that allows, as far as either can be asked for."""
    yield _credentials(app, name)
    if not app.platform(name).local and (asked := ask(app, name, now)):
        hint = _("what was known holds") if app.far_limits(name) else _("until then the platform's own limits hold")
        yield looked_at(f"limits {name}", str(asked), hint, WARN if asked.error else OK)
    if app.workspace.channels[name].read_back_feed:
        yield _feed(app, name, now)


def _feed(app: App, name: str, now: dt.datetime) -> Problem:
    """What the feed holds that shows what is out on a channel, and whether that can be its posts."""
    tried, where = read_back_feed.tried(app, name, now), f"feed {name}"
    if tried.error:
        return looked_at(where, tried.error, tried.hint, WARN)
    said = ngettext("%(num)s item", "%(num)s items", tried.items)
    newest = _(", the newest: %(title)s", title=tried.newest) if tried.newest else ""
    if tried.items and not tried.usable:
        hosts = _(" or ").join(app.platform(name).confirm_hosts)
        return looked_at(
            where, said + newest, _("none can be a post: an address begins with %(hosts)s", hosts=hosts), WARN
        )
    return looked_at(where, said + newest)


def _credentials(app: App, name: str) -> Problem:
    """What the platform can try without publishing; of one that writes files, whether it could."""
    where = f"channel {name}"
    try:
        adapter, platform = app.adapter(name), app.platform(name)
        if platform.local and platform.local_without:
            said = _("without %(settings)s nobody is sent anything", settings=listed(platform.local_without))
            return Problem(where, None, said, _("set it in steadycast.toml"), WARN)
        if (look := getattr(adapter, "check", None)) is not None:
            return looked_at(where, _let_in(look()))
        if platform.uploads:
            return _uploads(app, name, where)
    except FarSideError as error:
        refused = isinstance(error, Refused)
        hint = (
            _("correct its settings or its secret")
            if refused
            else _("see whether its server is up and its address is right, and try again")
        )
        return Problem(where, None, app.redact(str(error)), hint)
    except Exception as error:  # an adapter of somebody's own; its words may hold a secret
        hint = _("fix channels/%(platform)s/adapter.py", platform=app.workspace.channels[name].platform)
        return Problem(where, None, _("its adapter failed: %(error)s", error=type(error).__name__), hint)
    if platform.delivery not in ("conditional", "kit"):
        return looked_at(where, _(NOTHING))
    there = _nearest(app.workspace.out / name)
    return _locked(where, there) or looked_at(where, _("its folder can be written to"))


def _uploads(app: App, name: str, where: str) -> Problem:
    """Whether its web host lets it in, and lets it write."""
    uploader = Uploader(app, name)
    there = uploader.tried()
    said = ngettext("%(num)s file of ours is there", "%(num)s files of ours are there", there)
    return looked_at(where, _("%(place)s takes what is uploaded; %(said)s", place=uploader.place, said=said))


def _nearest(path: Path) -> Path:
    """That folder, or where it is yet to be made the one in which it will be."""
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())


def _locked(where: str, there: Path) -> Problem | None:
    """That this user cannot write to a folder."""
    said, hint = _("%(folder)s cannot be written to", folder=there), _("make it writable for this user")
    return None if os.access(there, os.W_OK | os.X_OK) else Problem(where, None, said, hint)


def _let_in(account: Account | None) -> str:
    """As whom a channel would publish, and until when, as far as its far side says."""
    if not isinstance(account, Account):
        return _("tried, and it would be let in")
    name = _(" as %(name)s", name=account.name) if account.name else ""
    rights = _(", may %(what)s", what=listed(account.rights)) if account.rights else ""
    end = f"{moment(account.until)} {account.until:%Z}".strip() if account.until else ""
    until = _(", until %(when)s", when=end) if end else ""
    return _("tried, and it would be let in") + name + rights + until + (f". {account.note}" if account.note else "")


def _service(app: App, now: dt.datetime) -> Iterator[Problem]:
    if check_up(app.workspace.ledger).tables is None:
        return
    ledger, quiet = app.ledger, app.workspace.alarms.quiet_after
    yield from doctor_checks.ticks(
        now, ledger.last_tick(), quiet, overdue.unswept(ledger, now - doctor_checks.SWEEP_LATE)
    )
    every, old = (sum(row.deliveries for row in overdue.in_doubt(ledger, at)) for at in (FOREVER, now - UNKNOWN_AFTER))
    yield doctor_checks.unknown(every, old)
