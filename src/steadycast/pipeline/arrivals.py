"""Who came, from which source and slot: counts read from those who count, kept by day, and shown."""

from __future__ import annotations

import csv
import datetime as dt
import io
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from steadycast import arrivals as readers
from steadycast import reasons
from steadycast.arrival import KINDS, Arrival
from steadycast.errors import InputError, SettingsError, SteadycastError, unknown_name
from steadycast.language import gettext as _
from steadycast.ledger.arrivals import Total, arrival_days, arrivals, counters
from steadycast.pipeline.app import App
from steadycast.render.call import slot_of
from steadycast.report.day_table import MARK, plain
from steadycast.report.model import Came
from steadycast.workspace.settings import TABLE

PULLED = 7  # days that are asked for again each time: counts come late, and are corrected
SHOWN = 90  # days that are shown, where nobody asks for others
EVERY = dt.timedelta(hours=6)
WAYS = 20_000  # ways by which people came that are added up
ROWS = 100_000  # of a table
KEY = "arrivals:"  # and the counter: what came of the last look, among the installation's values
DEADLINE = 30.0  # seconds of one request


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of one look at one counter."""

    counter: str
    rows: int = 0
    error: str = ""  # "": it could be read


@dataclass(frozen=True, slots=True)
class Counted:
    """One who counts: the last day that it told of, when it was last asked, and what went wrong then."""

    name: str
    last_day: dt.date | None = None
    asked: dt.datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Who came in some days: by source and by slot, for each counter by itself, as two may count the same."""

    first: dt.date
    last: dt.date
    sources: tuple[Came, ...] = ()
    slots: tuple[Came, ...] = ()
    counters: tuple[Counted, ...] = field(default_factory=tuple)

    def values(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def named(app: App) -> list[str]:
    """Everybody that can be asked to count: those of steadycast.toml, and channels whose platform counts."""
    own = [name for name in app.workspace.channels if _of_channel(app, name)]
    return [*app.workspace.counters, *own]


def _of_channel(app: App, name: str) -> bool:
    platform = app.usable(name)
    if platform is None or platform.local or app.workspace.channels[name].paused:
        return False
    from steadycast.platform import registry

    try:
        return hasattr(registry.load(platform), "arrivals")
    except SettingsError:  # reported already
        return False


def pull(app: App, now: dt.datetime, counter: str = "", days: int = PULLED) -> list[Pulled]:
    """Ask each counter, or one, for its last days, and keep what it says in the place of what it said of them before.

    One that cannot be read is told, and hinders no other; what is known of it stays.
    """
    known = named(app)
    if counter and counter not in known:
        raise unknown_name("counter", counter, known)
    last = now.astimezone(app.workspace.community.zone).date()
    first = last - dt.timedelta(days=days - 1)
    return [_pulled(app, name, first, last, now) for name in ([counter] if counter else known)]


def pull_due(app: App, now: dt.datetime) -> list[Pulled]:
    """Ask those who were not asked for some hours."""
    due = []
    for name in named(app):
        asked = _state(app, name).asked
        if asked is None or not asked <= now < asked + EVERY:
            due += pull(app, now, name)
    return due


def _pulled(app: App, name: str, first: dt.date, last: dt.date, now: dt.datetime) -> Pulled:
    error, kept = "", 0
    try:
        rows = list(readers.bounded(_asked(app, name, first, last), first, last))
        kept = app.ledger.replace_arrivals(name, first, last, rows)
    except SteadycastError as wrong:
        error = app.redact(getattr(wrong, "message", "") or str(wrong))[:300]
    except Exception as wrong:  # an adapter of somebody's own; its words may hold a secret
        error = _("its adapter failed: %(why)s", why=type(wrong).__name__)
    if error:
        logging.getLogger(__name__).warning("%s: %s", name, error)
    app.ledger.set_meta(f"{KEY}{name}", f"{now.isoformat()} {error}")
    return Pulled(name, kept, error)


def _asked(app: App, name: str, first: dt.date, last: dt.date) -> Iterable[Arrival]:
    given = app.workspace.counters.get(name)
    if given is None:
        found: Iterable[Arrival] = app.adapter(name).arrivals(first, last)  # type: ignore[attr-defined]
        return found
    from steadycast.outgoing import HttpClient

    key = app.find_secret(given.key) if given.key else ""
    if key is None:
        raise SettingsError(_("the secret %(secret)s is not set", secret=given.key))
    app.redact.learn(key)
    headers = {"X-Api-Key": key} if given.kind == "shlink" else {"Authorization": f"Bearer {key}"}
    http = HttpClient(name, deadline=DEADLINE, redact=app.redact).using(
        base=given.url, headers={**headers, "Content-Type": "application/json"}
    )
    asked = readers.Asked(
        http, first, last, app.workspace.community.zone, domain=given.domain, tag=given.tag, goal=given.goal
    )
    return readers.READERS[given.kind](asked)


def take_table(app: App, raw: bytes, name: str) -> int:
    """Keep the rows of a table; what it says of the same day and way goes over what a table said before. How many."""
    rows = readers.read_table(raw, name)
    if not rows:
        return 0
    days = [row.day for row in rows]
    # With those that say 0: one that was wrong before is corrected by it.
    return app.ledger.put_arrivals(TABLE, readers.bounded(rows, min(days), max(days), least=0))


def take_file(app: App, file: Path) -> int:
    """As take_table, from a file."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(readers.BYTES + 1)
    except OSError as error:
        raise InputError(_("cannot read it: %(error)s", error=reasons.of_system(error)), file=str(file)) from None
    return take_table(app, raw, str(file))


def shown(app: App, now: dt.datetime, days: int = SHOWN) -> Arrivals:
    """Who came in the last days, the most first; slots from the newest."""
    last = now.astimezone(app.workspace.community.zone).date()
    first = last - dt.timedelta(days=days - 1)
    if not app.has_ledger:
        return Arrivals(first, last)
    found = arrivals(app.ledger, first, last, WAYS)
    titles = {name: app.channel_title(name) for name in app.workspace.channels}
    sources = _added((total, total.source) for total in found)
    ours = set(app.workspace.series_names.values())  # anybody can visit an address that names another
    named_slots = ((total, slot_of(total.campaign, total.content)) for total in found if total.campaign in ours)
    slots = _added((total, slot) for total, slot in named_slots if slot)
    by_number = sorted(sources, key=lambda each: (-each.joins, -each.visits, each.name, each.counter))
    return Arrivals(
        first, last,
        tuple(_titled(each, titles.get(each.name, each.name)) for each in by_number),
        tuple(
            _titled(each, app.slot_title(each.name))
            for each in sorted(slots, key=lambda each: (each.name.partition("@")[2], each.name), reverse=True)
        ),
        tuple(_counted(app)),
    )  # fmt: skip


def _added(found: Iterable[tuple[Total, str]]) -> list[Came]:
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    for total, name in found:
        for kind, n in total.counts.items():
            sums[name, total.counter][kind] += n
    return [Came(name, name, counter, *(n[kind] for kind in KINDS)) for (name, counter), n in sums.items()]


def _titled(came: Came, title: str) -> Came:
    return Came(came.name, title, came.counter, came.visits, came.joins, came.leaves)


def _counted(app: App) -> list[Counted]:
    days = counters(app.ledger)
    names = [*named(app), *(name for name in days if name == TABLE or name not in named(app))]
    found = []
    for name in dict.fromkeys(names):
        state = _state(app, name)
        found.append(Counted(name, days.get(name), state.asked, state.error))
    return found


def _state(app: App, name: str) -> Counted:
    kept = app.ledger.meta(f"{KEY}{name}") or ""
    at, _space, error = kept.partition(" ")
    try:
        return Counted(name, None, dt.datetime.fromisoformat(at), error)
    except ValueError:
        return Counted(name)


COLUMNS = ("day", "counter", "source", "medium", "campaign", "content", "slot", "kind", "n")


def to_csv(app: App, now: dt.datetime, days: int = SHOWN) -> str:
    """Every row of the last days for a spreadsheet, in order of time; `import` takes it again."""
    last = now.astimezone(app.workspace.community.zone).date()
    out = io.StringIO()
    out.write(MARK)
    table = csv.writer(out)
    table.writerow(COLUMNS)
    rows = arrival_days(app.ledger, last - dt.timedelta(days=days - 1), last, ROWS) if app.has_ledger else []
    for counter, row in rows:
        slot = slot_of(row.campaign, row.content)
        cells = (counter, row.source, row.medium, row.campaign, row.content, slot, row.kind)
        table.writerow([row.day, *map(plain, cells), row.n])
    return out.getvalue()
