"""The kits that lie ready for a person: what is in each, where it is posted, and what was posted today."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from steadycast.draft.safe_open import open_inside, read_up_to
from steadycast.errors import unknown_name
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow, State, page_in
from steadycast.pipeline.app import App
from steadycast.receipt import Receipt
from steadycast.schedule.days import midnight

LATELY = dt.timedelta(days=60)  # a kit whose slot was longer ago is not what was posted today
MOST_FILES = 60  # of one kit that are named
MOST_STEPS = 12
MOST_FIELDS = 20
MOST_TEXT = 200_000  # bytes of one text of a kit
MANIFEST = "kit.json"
TEXTS = ("title", "summary", "tags", "article")  # NAME.txt beside the page: what is in it is what is pasted
MEDIA = "media/"


@dataclass(frozen=True, slots=True)
class Kit:
    """One delivery that a person carries out, or did."""

    marker: str
    channel: str
    channel_title: str
    title: str
    at: dt.datetime  # its slot's hour, in the community's zone
    state: str
    url: str = ""  # where it is, once somebody said so
    finished: dt.datetime | None = None
    page: str = ""  # the kit's own page, below var/; "" where it is not there any more
    creator: str = ""  # the page to post on
    account: str = ""
    hosts: tuple[str, ...] = ()  # an address of it begins so
    own_page: str = ""  # of what has no address there: that of its own page closes the kit
    steps: tuple[str, ...] = ()  # what is left to do there
    lies_there: bool = False  # it lies ready on the far side, and not in a folder
    texts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)  # of those texts that its platform names itself
    files: tuple[tuple[str, int], ...] = ()  # (path below var/, bytes) of each file to be saved and uploaded


def waiting(app: App) -> list[Kit]:
    """The kits that nobody has posted yet, the oldest first: title, channel and hour of each, nothing of its folder."""
    zone = app.workspace.community.zone
    return [
        Kit(d.marker, d.channel, app.channel_title(d.channel), d.title or d.slot, d.at.astimezone(zone), d.state)
        for d in app.ledger.waiting()
        if d.state == State.HANDED
    ]


def posted(app: App, now: dt.datetime) -> list[Kit]:
    """The kits that somebody closed today, the newest first."""
    zone = app.workspace.community.zone
    begin = midnight(now.astimezone(zone).date(), zone)
    by_hand = [name for name in app.usable_platforms if app.by_hand(name)]
    rows = app.ledger.deliveries(states=[State.CONFIRMED], channels=by_hand, after=now - LATELY)
    today = [row for row in rows if row.finished and row.finished >= begin]
    titles = app.ledger.titles({row.draft for row in today if row.draft})
    today.sort(key=lambda row: (row.finished or row.at, row.marker), reverse=True)
    return [_kit(app, row, titles) for row in today]


def kit(app: App, marker: str) -> Kit:
    """One kit with all that is in it; InputError where there is none of that key."""
    row = app.ledger.delivery_of(marker)
    if row is None or row.state not in {State.HANDED, State.CONFIRMED}:
        raise unknown_name("kit", marker, [k.marker for k in waiting(app)], _("`steadycast status` shows their ids"))
    receipt = app.ledger.receipts_of([row.id or 0]).get(row.id or 0)
    found = _kit(app, row, app.ledger.titles([row.draft or ""]), _page(app, row, receipt))
    steps = receipt.detail.get("steps") if receipt else None
    if receipt is None or not isinstance(steps, list):
        return found
    hosts = app.platform(row.channel).confirm_hosts
    creator = _address(receipt.detail.get("creator"))
    return replace(found, steps=_steps(steps), lies_there=True, creator=creator, hosts=tuple(hosts))


def _kit(app: App, row: DeliveryRow, titles: Mapping[str, str], page: Path | None = None) -> Kit:
    zone = app.workspace.community.zone
    finished = row.finished.astimezone(zone) if row.finished else None
    title = titles.get(row.draft or "", "") or row.slot
    told = _contents(app, page) if page else {}
    return Kit(
        row.marker, row.channel, app.channel_title(row.channel), title, row.at.astimezone(zone), row.state, row.url,
        finished, **told,
    )  # fmt: skip


def _page(app: App, row: DeliveryRow, receipt: Receipt | None) -> Path | None:
    """The kit's page: as its receipt names it, else, once a person's word took the receipt's place, as it lies."""
    out = app.workspace.out / row.channel
    if receipt and (page := page_in(receipt.detail, out)):
        return page
    day = row.at.astimezone(app.workspace.community.zone).date().isoformat()
    for found in sorted(out.glob(f"{day}-*/{MANIFEST}")):
        if _manifest(found.parent).get("delivery") == row.marker:
            return next(iter(sorted(found.parent.glob("*.html"))), None)
    return None


def _contents(app: App, page: Path) -> dict[str, Any]:
    """What the folder of a kit holds, as its manifest tells; a kit of another make has its page alone."""
    told, folder = _manifest(page.parent), page.parent
    below = folder.resolve().relative_to(app.workspace.var.resolve())
    texts = {name: text for name in TEXTS if (text := _text(folder, f"{name}.txt"))}
    confirm = asked if isinstance(asked := told.get("confirm"), dict) else {}
    fields = list(_fields(told.get("fields")))
    return {
        "page": str(below / page.name),
        "creator": _address(told.get("creator")),
        "account": str(told.get("account") or "")[:200],
        "hosts": tuple(map(str, confirm.get("hosts", ())))[:10],
        "own_page": _address(confirm.get("url")),
        "steps": _steps(told.get("steps")),
        "texts": {name: value for name, _label, value in fields} | texts,
        "labels": {name: label for name, label, _value in fields},
        "files": tuple(_files(folder, told.get("files"), below)),
    }


def _steps(told: object) -> tuple[str, ...]:
    return tuple(map(str, told[:MOST_STEPS])) if isinstance(told, list) else ()


def _fields(told: object) -> Iterable[tuple[str, str, str]]:
    """(name, label, value) of what is pasted, in its order; a kit of an earlier make does not tell."""
    for each in told[:MOST_FIELDS] if isinstance(told, list) else ():
        if isinstance(each, dict) and all(isinstance(each.get(key), str) for key in ("name", "label", "value")):
            yield each["name"], each["label"], each["value"]


def _files(folder: Path, named: object, below: Path) -> Iterable[tuple[str, int]]:
    names = sorted(named)[: MOST_FILES * 4] if isinstance(named, dict) else []
    media = [n for n in names if n.startswith(MEDIA) and ".." not in PurePosixPath(n).parts][:MOST_FILES]
    for name in media:
        try:
            facts = (folder / name).lstat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(facts.st_mode):
            yield str(below / name), facts.st_size


def _text(folder: Path, name: str) -> str:
    try:
        with open_inside(folder, (name,)) as file:
            return read_up_to(file, MOST_TEXT).decode("utf-8", "replace").rstrip("\n")
    except OSError:
        return ""


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads(_text(folder, MANIFEST))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _address(told: object) -> str:
    return str(told) if str(told).startswith(("https://", "http://")) else ""
