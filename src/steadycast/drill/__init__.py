"""The drill: the product is run through simulated years, with drafts that come unevenly, and what goes wrong.

    found = drill("daily", seed=1)          # a drill that is shipped, or a drill.toml
    found.values()

Everything that decides is the product's own: its ledger, intake, plan, publish, alarms and forecast. Simulated are
the drafts that come, the far sides, and the clock.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import os
import random
import tempfile
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from steadycast.drill import profiles
from steadycast.drill.result import Result, result
from steadycast.drill.settings import DrillSettings, Supply, Trouble, read, shipped
from steadycast.drill.stage import Spell, Stage, alone
from steadycast.drill.supply import Source, hand_ins, pieces
from steadycast.drill.year import run
from steadycast.errors import InputError
from steadycast.intake.backfill import PastItem, history_of
from steadycast.language import current, listed
from steadycast.language import gettext as _
from steadycast.pipeline import App
from steadycast.progress import Progress, unseen
from steadycast.schedule.days import midnight
from steadycast.schedule.model import Origin
from steadycast.schedule.slots import slots
from steadycast.workspace.days_off import days_off
from steadycast.workspace.paths import SETTINGS_FILE
from steadycast.workspace.values import dates

__all__ = ["Result", "drill", "shipped"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
MEMORY = Path("/dev/shm")  # noqa: S108 a ledger that is thrown away need survive no power cut
YEAR = 364
WEEK = 7
LEAST = 4  # weeks of a history that can be drawn from
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
LASTS = {
    "down": (20 * MINUTE, 3 * HOUR, 7 * HOUR, 26 * HOUR, 50 * HOUR),
    "token": (6 * HOUR, 20 * HOUR, 72 * HOUR),
    "far": (10 * MINUTE, HOUR, 5 * HOUR),
    "clock": (HOUR, 9 * HOUR),
}
OFF = (-2 * HOUR, -3 * MINUTE, 3 * MINUTE, 2 * HOUR)


class _Own(NamedTuple):
    """What a community's own workspace gives to a drill."""

    series: dict[str, Any]
    zone: ZoneInfo
    came: list[tuple[dt.datetime, str]]  # drafts in its ledger: when, and of which origin


def drill(
    named: str = "daily",
    *,
    seed: int | None = None,
    days: int | None = None,
    ledger: str = "",
    app: App | None = None,
    now: dt.datetime | None = None,
    progress: Progress = unseen,
) -> Result:
    """What comes of a drill: of a file, or of one that is shipped. The same seed gives the same result.

    `seed` and `days` go over those of the file. `ledger` is the URL of an empty PostgreSQL database, else it runs on
    SQLite. `app` is the community whose series (where the drill has none) and whose history (`from = "ledger"`) are
    taken; nothing is written there. Raises a SettingsError or an InputError that names what is wrong.
    """
    settings, written = read(named)
    seed, days = settings.seed if seed is None else seed, days or settings.days
    own = _own(app) if app else None
    zone = settings.timezone or (own.zone if own else SHANGHAI)
    sources = [_source(name, each, own, zone, now) for name, each in settings.supply.items()]
    begin = midnight(settings.start, zone)
    spells = [*(_spell(each, zone) for each in settings.trouble), *_drawn(settings, seed, begin, days)]
    until = begin + dt.timedelta(days=days)
    classes = {name: table.built(name, zone, {}) for name, table in settings.classes.items()}
    drafts, seats = pieces(sources, seed, settings.start, days, zone), dict[str, str]()
    for name, the_class in classes.items():
        how, dues = settings.hand_in[name], [slot.at for slot in slots(the_class.rhythm, begin, until)]
        members = [f"{name}-{n:03}" for n in range(how.members)]
        seats |= dict.fromkeys(members, name)
        chances = (how.no_shows, how.gives_up, how.rate)
        drafts += hand_ins(name, dues, members, settings.classes[name].least, chances, seed)
    drafts.sort()
    community = {
        "community": {"name": settings.title or "drill", "timezone": zone.key, "language": current().tag},
        "series": _series(written, own),
        "publish": written.get("publish", {}),
        "members": {member: {} for member in (*(m for source in sources for m in source.writers), *seats)},
        "class": written.get("class", {}),
    }
    roster = "\n".join(["id,class", *(f"{member},{name}" for member, name in seats.items()), ""]) if seats else ""
    with (
        tempfile.TemporaryDirectory(prefix="drill-", dir=_memory()) as folder,
        alone(ledger),
        _less_tidying(),
        Stage(Path(folder), community, begin, spells, roster) as stage,
    ):
        year = run(stage, drafts, until, _all_days(settings.editor_away), progress)
        return result(stage, year, seed)


@contextlib.contextmanager
def _less_tidying() -> Iterator[None]:
    """Python looks for garbage in circles less often: building statements leaves none, and the looks cost 7 %."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None


def _own(app: App) -> _Own:

    table = tomllib.loads(app.workspace.sources[SETTINGS_FILE].decode("utf-8-sig"))
    rows = app.ledger.drafts() if app.has_ledger else []
    return _Own(table.get("series", {}), app.workspace.community.zone, [(row.first_seen, row.origin) for row in rows])


def _series(written: dict[str, Any], own: _Own | None) -> dict[str, Any]:
    found: dict[str, Any] = written.get("series") or (own.series if own else {})
    if not found:
        raise InputError(_("the drill has no series"), hint=_("write a [series.NAME], or run it in a workspace"))
    return {name: {key: said for key, said in table.items() if key != "call"} for name, table in found.items()}


def _source(name: str, supply: Supply, own: _Own | None, zone: ZoneInfo, now: dt.datetime | None) -> Source:
    counts: Sequence[int] = supply.counts
    away = set(_all_days(supply.away))
    if supply.profile:
        counts = profiles.COUNTS[supply.profile]
        if country := profiles.HOLIDAYS.get(supply.profile):
            away |= set(days_off([country], {})[0])
    elif supply.from_:
        counts = _history(supply, own, zone, now or dt.datetime.now(dt.UTC))
    writers = (supply.member,) if supply.member else tuple(f"m{n:03}" for n in range(supply.people))
    return Source(
        name,
        counts,
        in_order=bool(supply.counts) or supply.profile in profiles.IN_ORDER,
        share=supply.share,
        origin=supply.origin,
        writers=writers if supply.origin is Origin.UGC else (),
        series=supply.series,
        form=supply.form,
        opening=supply.opening,
        evergreens=supply.evergreens,
        away=away,
    )


def _history(supply: Supply, own: _Own | None, zone: ZoneInfo, now: dt.datetime) -> list[int]:
    """Drafts of each whole week of a history, from the first on."""
    if supply.from_ == "ledger":
        if own is None:
            raise InputError(_('from = "ledger" needs a workspace'), hint=_("run it in the community's folder"))
        came: Iterable[dt.datetime] = [at for at, origin in own.came if origin == supply.origin]
    else:
        items = history_of(supply.from_.removeprefix("git:"), zone=zone, now=now)
        came = [item.at for item in items if isinstance(item, PastItem)]
    by_week = Counter((now - at).days // WEEK for at in came if at <= now)
    weeks = max(by_week, default=0)  # the oldest is not whole
    if weeks < LEAST:
        raise InputError(
            _("%(source)s has no %(num)s whole weeks of drafts", source=supply.from_, num=LEAST),
            hint=_("take a profile: %(names)s", names=listed(profiles.COUNTS)),
        )
    return [by_week[week] for week in range(weeks)]


def _all_days(texts: Iterable[str]) -> Collection[dt.date]:
    found: set[dt.date] = set()
    for text in texts:
        country = text.partition("holidays:")[2]
        found |= set(days_off([country], {})[0]) if country else dates(text)
    return found


def _spell(trouble: Trouble, zone: ZoneInfo) -> Spell:
    begin = trouble.from_.replace(tzinfo=zone).astimezone(dt.UTC)
    by = -trouble.by if trouble.back else trouble.by
    return Spell(trouble.what, begin, begin + trouble.for_, trouble.channel, by)


def _drawn(settings: DrillSettings, seed: int, begin: dt.datetime, days: int) -> list[Spell]:
    """What goes wrong at instants that the seed draws: so many a year, as [chance] says."""
    dice, found = random.Random(f"{seed}/chance"), list[Spell]()  # noqa: S311 it is to come out the same again
    for what, lasts in LASTS.items():
        for _n in range(round(getattr(settings.chance, what) * days / YEAR)):
            at = begin + dt.timedelta(minutes=dice.randrange(days * 24 * 60))
            spell = Spell(what, at, at + dice.choice(lasts))
            found.append(replace(spell, by=dice.choice(OFF)) if what == "clock" else spell)
    return found
