"""What would fail at its slot, said today: settings and what they name, drafts, media, limits, pins and schedules."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from steadycast.draft import Draft
from steadycast.errors import WARN, DraftError, LedgerError, Problem, SettingsError, did_you_mean
from steadycast.intake import folder
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.ledger.publishing_place import gone
from steadycast.ops.check_settings import of_error, of_settings
from steadycast.ops.deployments import differences
from steadycast.ops.unschedulable import as_stock, unschedulable
from steadycast.pipeline import draft_media, draft_notes
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import copies, held
from steadycast.pipeline.draft_media import Quotas
from steadycast.pipeline.draft_notes import Titles, gathered, notes_of, unfit, without_alt
from steadycast.pipeline.files_read import FilesRead
from steadycast.pipeline.posts import PageLinks
from steadycast.progress import Progress, unseen
from steadycast.render import film
from steadycast.schedule.model import Slot
from steadycast.schedule.pins import means
from steadycast.schedule.slots import occurrence_of, slots
from steadycast.schedule.stock import in_time, near
from steadycast.workspace import Workspace, load
from steadycast.workspace.settings import NO_CALL

YEAR = dt.timedelta(days=366)


def check(now: dt.datetime, *, root: Path | None = None, progress: Progress = unseen) -> list[Problem]:
    """Everything of the nearest workspace that a person has to fix, in order; writes nothing, and asks no far side.

    What is harmless, and only told, is among it.

    What went out already is left alone: its slot, its event and its channels are past.
    """
    try:
        workspace = load(root)
    except SettingsError as error:
        return [of_error(error)]
    app = App(workspace, readonly=True)
    found = of_settings(app, now)
    if any(workspace.wrong_rhythms()):
        return found  # without slots there is nothing to hold drafts and schedules against
    found += [Problem("prefect.yaml", None, line, _("`steadycast deploy` writes it")) for line in _schedules(workspace)]
    out: dict[str, bool] = {}
    try:
        out = _went_out(app)
    except LedgerError as error:
        found = [Problem("ledger", None, str(error).removeprefix("ledger "), ""), *found]
    return found + list(gathered(_drafts(app, now, out, progress)))


def _went_out(app: App) -> dict[str, bool]:
    """The paths of the drafts that went out, as `paths_out` tells them; of a workspace without a ledger none."""
    if not app.has_ledger:
        if error := gone(app.workspace.ledger):
            raise error
        return {}
    with app:
        return app.ledger.paths_out()


def _schedules(workspace: Workspace) -> list[str]:
    try:
        return [*map(str, differences(workspace))]
    except SettingsError as error:
        return [str(error)]


def _drafts(app: App, now: dt.datetime, out: Mapping[str, bool], progress: Progress) -> Iterator[Problem]:
    workspace = app.workspace
    limits = folder.Limits(draft_bytes=workspace.intake.max_bytes)
    pins, titles, quotas = _Pins(app, now), Titles(), Quotas(app)
    drafts, fresh = list[Draft](), list[Draft]()
    named: set[Path] = set()
    broken: set[PurePosixPath] = set()
    alone: list[folder.OtherFile] = []
    here = dict[str, str]()
    with contextlib.suppress(LedgerError):  # told already
        here = app.ledger.dropped_paths() if app.has_ledger else here
    before = FilesRead(app, here)

    def over(path: str, entry: os.DirEntry[str]) -> bool:
        """Whether a file is that of a draft that goes out no more, as intake read it: nothing of it is to be told."""
        return before.unchanged(path, entry) and out.get(path, False)

    for n, item in enumerate(folder.scan(workspace.content, limits, unchanged=over, others=True), 1):
        if isinstance(item, Problem):
            broken.add(PurePosixPath(item.where))
            yield item
        elif isinstance(item, folder.OtherFile):
            alone.append(item)
        elif isinstance(item, folder.Unsettled):
            broken.add(item.path)
        elif isinstance(item, folder.ReadmeNote):
            yield Problem(str(item.path), None, item.said, item.hint, severity=WARN)
        elif isinstance(item, folder.DraftFile):
            try:
                draft = item.draft(app.reader)
                quotas.take(draft)
                draft = draft_media.at_hand(app, draft, quotas)
            except DraftError as error:
                broken.add(item.path)
                yield error.problem(str(item.path))
                continue
            drafts.append(draft)
            named.update(ref.path for ref in draft.media)
            if str(item.path) not in out or draft.evergreen:
                yield from (fault.problem(str(item.path)) for fault in unfit(app, draft, now))
                yield from pins.faults(draft, item.raw or b"")
                yield from _expired(draft, item.raw or b"", now)
                yield from _unserved(pins, draft, item.raw or b"")
                yield from _no_channels(app, draft, item.raw or b"")
                yield from _no_circle(app, draft, item.raw or b"")
                yield from _no_call(app, draft, item.raw or b"")
                yield from draft_media.away(draft)
                yield from notes_of(draft)
                yield from without_alt(draft)
                titles.add(draft)
                fresh.append(draft)
        progress(n, n)
    yield from titles.problems()
    if film.prober() is None and any(ref.role in ("audio", "video") for draft in fresh for ref in draft.media):
        yield looked_into_by_nobody()
    with contextlib.suppress(LedgerError):  # told already
        links = PageLinks(app, drafts)  # what is not taken in yet may be linked to as well
        yield from (problem for draft in fresh for problem in links.problems(draft))
        if here and before.same.keys() == here.keys() == before.same.keys() | {str(draft.path) for draft in drafts}:
            yield from held(app)
        else:
            left = set(before.same) - {str(draft.path) for draft in drafts}
            yield from copies(app, drafts, broken | set(map(PurePosixPath, left)))
    if alone:
        yield from draft_notes.problems(app, alone, {*named, *before.named()}, broken)


def looked_into_by_nobody() -> Problem:
    """What is told once where drafts have sounds or films, and this machine cannot look into them."""
    said = _("ffprobe is not installed: of sounds and films only format and bytes are checked")
    return Problem("ffprobe", None, said, _("install it: `apt install ffmpeg`"), severity=WARN)


class _Pins:
    """The slots that a draft may be pinned to, computed when the first one is."""

    def __init__(self, app: App, now: dt.datetime) -> None:
        self.app, self.now = app, now
        self.taken: dict[str, Draft] = {}  # by the slot's id

    @cached_property
    def slots(self) -> list[Slot]:
        """Every slot of a year back and a year ahead."""
        series = self.app.workspace.series.values()
        return sorted(slot for each in series for slot in slots(each, self.now - YEAR, self.now + YEAR))

    @cached_property
    def coming(self) -> list[Slot]:
        """Those that may still be served."""
        late = {name: series.late for name, series in self.app.workspace.series.items()}
        return [s for s in self.slots if not s.excused and s.at + late[s.series] >= self.now]

    def faults(self, draft: Draft, raw: bytes) -> Iterator[Problem]:
        """Why a pinned draft can never go out: its slot is past, there is none, or another draft is pinned to it."""
        if draft.slot is None or not draft.ready:
            return
        promises = self.app.workspace.series
        takes = {n for n, s in promises.items() if draft.form in s.forms and s.meant_by(draft.series)}
        pin = self.app.workspace.pin(draft.slot)
        meant = [slot for slot in self.slots if slot.series in takes and means(pin, slot)]
        coming = [s for s in meant if not s.excused and s.at + promises[s.series].late >= self.now]
        item = as_stock(draft, self.app.workspace.community.zone)
        able = (in_time(item, s.at) and near(item, s.at, occurrence_of(promises[s.series], s)) for s in coming)
        if coming and not any(able):
            said = _("its slot %(slot)s is outside the time in which it may go out", slot=draft.slot)
            yield _in_draft(draft, raw, "slot", said, _("see its `not_before`, `expires` and `event`"))
            return
        if coming:
            free = next((slot for slot in coming if slot.id not in self.taken), None)
            if free:
                self.taken[free.id] = draft
                return
            said = _(
                "%(path)s is pinned to the same slot %(slot)s", path=self.taken[coming[0].id].path, slot=draft.slot
            )
            yield _in_draft(draft, raw, "slot", said, _("pin one of them to another"))
            return
        nearest = next((s for s in self.slots if s.series in takes and s.at >= self.now and not s.excused), None)
        said = (
            N_("its slot %(slot)s is past") if meant and meant[-1].at < self.now else N_("its slot %(slot)s is excused")
        )
        said = said if meant else N_("its slot %(slot)s is none")
        hint = _("take `slot` out of the front matter, or name a coming one: %(id)s", id=nearest.id) if nearest else ""
        yield _in_draft(draft, raw, "slot", _(said, slot=draft.slot), hint)


def _expired(draft: Draft, raw: bytes, now: dt.datetime) -> Iterator[Problem]:
    """A draft whose time is over before it went out."""
    if draft.ready and not draft.evergreen and draft.expires and draft.expires <= now:
        key = "expires" if _line(raw, "expires") else "expiryDate"
        last = draft.expires - dt.timedelta(microseconds=1)  # a date alone ends with its day
        said = _("it expired on %(last)s, and never went out", last=last.date())
        yield _in_draft(draft, raw, key, said, _("move `%(key)s` on, or take the draft out of content/", key=key))


def _unserved(pins: _Pins, draft: Draft, raw: bytes) -> Iterator[Problem]:
    """A draft that would stay in stock in silence, because no slot can take it."""
    workspace = pins.app.workspace
    promises = list(workspace.series.values())
    if not draft.ready or draft.for_circle:
        return
    reason = unschedulable(promises, pins.coming, draft, workspace.community.zone, pins.now)
    if reason:
        yield _in_draft(draft, raw, *reason)


def _no_circle(app: App, draft: Draft, raw: bytes) -> Iterator[Problem]:
    """A draft meant for a community that is none: it would wait for ever, and nobody would decide on it."""
    known = [circle.name for circle in app.workspace.circles]
    if draft.for_circle and draft.for_circle not in known:
        hint = did_you_mean(draft.for_circle, known, _("circles are [[circle]] tables in steadycast.toml"))
        yield _in_draft(draft, raw, "circle", _("there is no circle %(name)s", name=quoted(draft.for_circle)), hint)


def _no_channels(app: App, draft: Draft, raw: bytes) -> Iterator[Problem]:
    """Overrides for a channel that is none: a `skip` there would be passed over in silence."""
    known = app.workspace.channels
    for name in draft.channels:
        if name not in known:
            hint = did_you_mean(name, known, _("channels are %(names)s", names=listed(sorted(known))))
            yield _in_draft(draft, raw, "channels", _("channels.%(name)s: there is no such channel", name=name), hint)


def _no_call(app: App, draft: Draft, raw: bytes) -> Iterator[Problem]:
    """A call that is none: nothing would be said at the draft's end."""
    known = (*app.workspace.calls, NO_CALL)
    if draft.call and draft.call not in known:
        said = _("there is no [call.%(name)s]", name=draft.call)
        yield _in_draft(
            draft, raw, "call", said, did_you_mean(draft.call, known, _("one of: %(names)s", names=listed(known)))
        )


def _in_draft(draft: Draft, raw: bytes, key: str, said: str, hint: str) -> Problem:
    """What is wrong with a draft, on the line of the front matter on which that key stands."""
    return Problem(str(draft.path), _line(raw, key) if key else None, said, hint)


def _line(raw: bytes, key: str) -> int | None:
    found = re.search(rb"^%s\s*[:=]" % key.encode(), raw, re.MULTILINE)
    return raw.count(b"\n", 0, found.start()) + 1 if found else None
