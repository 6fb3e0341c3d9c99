"""A hub's view over independent communities: what each says of itself, worst first; what it offers them, and asks.

A hub sees, offers and asks, and never acts. A circle is known by its report.json alone. A draft meant for one is put
into its inbox, where its leader decides; that something be taken down there is a task on its leader's desk.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from slugify import slugify

from steadycast import reasons
from steadycast.crash_safety import durable
from steadycast.draft.safe_open import NotRegularError, open_inside, read_up_to
from steadycast.errors import InputError, Problem, SteadycastError, unknown_name
from steadycast.language import gettext as _
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline import hub_asks
from steadycast.pipeline.app import App
from steadycast.pipeline.drafts import read as read_draft
from steadycast.pipeline.hub_asks import HubAsk
from steadycast.report.circle import MAX_BYTES, CircleReport, read
from steadycast.workspace.circle_settings import Circle
from steadycast.workspace.paths import SETTINGS_FILE
from steadycast.workspace.values import member_name

KEY = "circle:"  # and its name: what was read of it last, among the installation's values
GIVEN = "circle-draft:"  # and a draft's id: the revision that lies in the inbox, and the hash of its file
LARGEST_DRAFT = 50_000_000  # bytes
OLD = dt.timedelta(days=1)  # a report is written every hour: one that is older than this tells nothing of today
SHORT = 7  # days of stock: with less a circle stands before those that nobody hears
AT_A_TIME = 4
DEADLINE = 20.0  # seconds of one request


class Heard(StrEnum):
    """Whether a circle's number is of today."""

    YES = "yes"
    OLD = "old"  # its report is of another day
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Seen:
    """One circle as the hub sees it. `days` is None where it was not heard lately, or owes nothing."""

    name: str
    title: str
    leader: str
    heard: Heard
    at: dt.datetime | None = None  # when its report was written
    days: int | None = None
    series: str = ""
    gap: dt.datetime | None = None
    error: str = ""  # why the last look brought nothing

    def values(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def says(self, now: dt.datetime) -> str:
        """How it stands in a few words, of which none is made up: its runway, or since when nothing was heard."""
        if self.at is None:
            return _("never heard")
        if self.heard is not Heard.YES:
            return _("not heard for %(num)s d", num=(now - self.at).days)
        return _("promises nothing") if self.days is None else _("runway %(num)s d", num=self.days)


def shown(app: App, now: dt.datetime) -> list[Seen]:
    """Each circle as it was heard last, worst first.

    First those whose stock is short, the shortest first; then those that were not heard of lately, of which nothing
    is known; then the others, the shortest first.
    """
    kept = app.ledger.metas(KEY) if app.has_ledger else {}
    return sorted((_seen(circle, kept.get(circle.name, ""), now) for circle in app.workspace.circles), key=_worst)


def _worst(seen: Seen) -> tuple[int, int, str]:
    if seen.heard is not Heard.YES:
        return 1, -int(seen.at.timestamp()) if seen.at else 0, seen.name
    days = seen.days if seen.days is not None else 1 << 30
    return (0 if days < SHORT else 2), days, seen.name


def _seen(circle: Circle, kept: str, now: dt.datetime) -> Seen:
    told = _kept(kept)
    report, error = told.report, told.error
    title = circle.title or (report.community if report else "") or circle.name
    if report is None:
        return Seen(circle.name, title, circle.leader, Heard.NEVER, error=error)
    if now - report.at > OLD:  # what was so then is no number of today
        return Seen(circle.name, title, circle.leader, Heard.OLD, report.at, error=error)
    return Seen(
        circle.name, title, circle.leader, Heard.YES, report.at, report.days, report.series, report.gap, error,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is remembered of a circle between two looks: its last report, and why the last look brought none."""

    report: CircleReport | None = None
    error: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self), default=str)


def _kept(text: str) -> _Kept:
    told = json.loads(text) if text else {}
    report = told.get("report")
    if report:
        at, gap = (dt.datetime.fromisoformat(report[name]) if report[name] else None for name in ("at", "gap"))
        report = CircleReport(**{**report, "at": at, "gap": gap})
    return _Kept(report, told.get("error", ""))


def look(app: App, now: dt.datetime) -> list[Seen]:
    """Reads the report of each circle, a few at a time, and says how they stand; what is meant for one is put there.

    One that cannot be read is told, and hinders no other: what it said before stays, until it is of another day.
    """
    circles = app.workspace.circles
    if not circles:
        return []
    with ThreadPoolExecutor(max_workers=AT_A_TIME, thread_name_prefix="circle") as pool:
        found = list(pool.map(lambda circle: _read(app, circle, now), circles))
    before = app.ledger.metas(KEY)
    for circle, told in zip(circles, found, strict=True):
        report = told.report or _kept(before.get(circle.name, "")).report
        app.ledger.set_meta(f"{KEY}{circle.name}", _Kept(report, told.error).text())
    for row in app.ledger.drafts(["not-ready"]):
        if row.plan.get("circle"):
            _hand_over(app, row)
    return shown(app, now)


def ask(app: App, name: str, what: str, why: str, now: dt.datetime) -> HubAsk:
    """Asks a circle's leader that something be taken down there: a task on their desk, which only they can do."""
    circle = named(app, name)
    if (content := _inbox(app, circle)) is None:
        said = _("the folder of the circle %(name)s is not on this machine", name=name)
        raise InputError(said, hint=_("ask %(leader)s yourself", leader=circle.leader))
    return hub_asks.leave(content, app.workspace.community.name, what, why, now)


def _inbox(app: App, circle: Circle) -> Path | None:
    """A circle's content/, where a hub may put something; None where it is not on this machine."""
    content = folder(app, circle) / "content"
    return content if circle.path and content.is_dir() else None


def _hand_over(app: App, row: DraftRow) -> None:
    """Puts a draft that is meant for a circle into its inbox, once for each revision, with the files beside it.

    There it is a draft by who writes for this community, and waits. What was taken away or edited there since stays so.
    """
    circle = next((each for each in app.workspace.circles if each.name == row.plan["circle"]), None)
    content = _inbox(app, circle) if circle else None
    revision, _space, before = (app.ledger.meta(f"{GIVEN}{row.id}") or "").partition(" ")
    if content is None or revision == row.revision:
        return
    path = PurePosixPath(row.path)
    target = content / "ugc" / _as_member(app) / Path(*path.with_suffix("").parts[1:]) / path.name
    raw = _bytes(app.workspace.content, path)
    there = _bytes(target.parent, PurePosixPath(target.name))
    if raw is None or _has_link(target, content) or (there is not None and _sha(there) != before):
        return
    draft = read_draft(app, row.id, row.revision)
    for media in draft.media if draft else ():
        beside = target.parent / media.ref
        if media.path.is_file() and _is_below(beside, target.parent) and not _has_link(beside, target.parent):
            with durable.landing(beside) as fresh:
                shutil.copyfile(media.path, fresh)
    durable.put(target, raw)
    app.ledger.set_meta(f"{GIVEN}{row.id}", f"{row.revision} {_sha(raw)}")


def _is_below(path: Path, folder: Path) -> bool:
    return ".." not in path.parts and ":" not in path.name and path.is_relative_to(folder) and path != folder


def _has_link(path: Path, folder: Path) -> bool:
    """Whether what lies below `folder` on the way to `path`, or is there, is a link: it may lead anywhere."""
    return any(each.is_symlink() for each in (path, *path.parents) if each != folder and each.is_relative_to(folder))


def _as_member(app: App) -> str:
    """What this community's folder is called in another's inbox: its name, where a folder can be called so."""
    try:
        return member_name(app.workspace.community.name)
    except ValueError:
        return slugify(app.workspace.community.name) or "hub"


def _bytes(folder: Path, path: PurePosixPath) -> bytes | None:
    with suppress(OSError):
        with open_inside(folder, path.parts) as file:
            raw = read_up_to(file, LARGEST_DRAFT)
        return raw if len(raw) <= LARGEST_DRAFT else None
    return None


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _read(app: App, circle: Circle, now: dt.datetime) -> _Kept:
    try:
        return _Kept(read(_of_file(report_file(app, circle)) if circle.path else _of_web(circle), now))
    except SteadycastError as error:
        return _Kept(error=app.redact(getattr(error, "message", "") or str(error))[:300])


def report_file(app: App, circle: Circle) -> Path:
    """Where the report of a circle on this machine lies: `path` is that file, or the workspace."""
    path = folder(app, circle)
    return path if path.suffix == ".json" else path / "var" / "out" / "report" / "report.json"


def folder(app: App, circle: Circle) -> Path:
    """A circle's `path`, from this workspace on."""
    return Path(os.path.normpath(app.workspace.root / Path(circle.path).expanduser()))


def _of_file(path: Path) -> bytes:
    try:
        with open_inside(path.parent, [path.name]) as file:
            return read_up_to(file, MAX_BYTES)
    except NotRegularError:
        raise InputError(_("%(file)s is no file", file=path)) from None
    except OSError as error:
        raise InputError(_("%(file)s: %(why)s", file=path, why=reasons.of_system(error))) from None


def _of_web(circle: Circle) -> bytes:
    from steadycast.outgoing import Fetcher, PrivateAddressError

    try:
        got = Fetcher(deadline=DEADLINE).get(
            circle.url, max_bytes=MAX_BYTES, allow_private=circle.allow_private or None, accept="application/json"
        )
    except PrivateAddressError as error:
        allow = _("set allow_private = true for this circle")
        raise InputError(f"{error}; {allow}") from None
    if got.status != 200:
        raise InputError(_("its server answered %(status)s", status=got.status))
    return got.body


def problems(app: App) -> Iterable[Problem]:
    """Circles whose folder or report is not there: one line each, for `check`."""
    for number, circle in enumerate(app.workspace.circles):
        if circle.path and not report_file(app, circle).is_file():
            there = folder(app, circle).exists()
            said = _("circle %(name)s: %(path)s is not there", name=circle.name, path=circle.path)
            hint = _("put its path right, or take the circle out")
            if there:
                said = _("circle %(name)s: there is no report in %(path)s", name=circle.name, path=circle.path)
                hint = _("run `steadycast report` there, or name the report.json itself")
            yield Problem(SETTINGS_FILE, app.workspace.line(("circle", number, "path")), said, hint)


def named(app: App, name: str) -> Circle:
    """The circle of that name. InputError where steadycast.toml has none."""
    known = {circle.name: circle for circle in app.workspace.circles}
    if name not in known:
        raise unknown_name("circle", name, known)
    return known[name]
