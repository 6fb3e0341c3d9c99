"""What would fail at its slot, said today: settings, platforms, rhythms, drafts, media, limits, schedules, rights."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from steadycast import pipeline
from steadycast.draft import Draft
from steadycast.errors import WARN, DraftError, LedgerError, Problem, SettingsError, did_you_mean
from steadycast.intake import folder
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.ledger.publishing_place import gone
from steadycast.ops.copied_from import still_blank
from steadycast.ops.deployments import differences
from steadycast.ops.unschedulable import as_stock, unschedulable
from steadycast.pipeline import draft_media, draft_notes
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import copies, held
from steadycast.pipeline.draft_media import Quotas
from steadycast.pipeline.draft_notes import Titles, gathered, notes_of, unfit, without_alt
from steadycast.pipeline.files_read import FilesRead
from steadycast.pipeline.permissions import Role
from steadycast.pipeline.posts import PageLinks
from steadycast.platform import Setting
from steadycast.progress import Progress, unseen
from steadycast.render import film
from steadycast.schedule.model import Slot
from steadycast.schedule.pins import means
from steadycast.schedule.rhythm_warnings import rhythm_warnings
from steadycast.schedule.slots import occurrence_of, slots
from steadycast.schedule.stock import in_time, near
from steadycast.workspace import Workspace, load
from steadycast.workspace.loading import dotted
from steadycast.workspace.paths import PLACEHOLDER, SETTINGS_FILE
from steadycast.workspace.settings import NO_CALL
from steadycast.workspace.upload_target import PROGRAMS

YEAR = dt.timedelta(days=366)


def check(now: dt.datetime, *, root: Path | None = None, progress: Progress = unseen) -> list[Problem]:
    """Everything of the nearest workspace that a person has to fix, in order; writes nothing, and asks no far side.

    What is harmless, and only told, is among it.

    What went out already is left alone: its slot, its event and its channels are past.
    """
    try:
        workspace = load(root)
    except SettingsError as error:
        return [_settings(error)]
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


def of_settings(app: App, now: dt.datetime) -> list[Problem]:
    """What is wrong with the settings alone, and with what they name: no draft is read for it."""
    workspace = app.workspace
    found = [*channels(app), *uploads(app), *calls(app), *members(workspace), *rights(workspace)]
    told = {(each.where, each.line) for each in found}
    found += [each for each in blanks(workspace) if (each.where, each.line) not in told]
    if rhythms := [_settings(error) for error in workspace.wrong_rhythms()]:
        return rhythms + found
    found += [*_by_hand(app), *_untried(app), *_sent_to_nobody(app)]
    return [
        *found,
        *_of_what_is_set(app, now),
        *_surprises(workspace, now),
        *_placeholders(workspace),
        *secrets(app),
        *_files_named(app),
        *_editors(app),
    ]


def _of_what_is_set(app: App, now: dt.datetime) -> Iterator[Problem]:
    """What is wrong with parts that few communities have; what looks at one is loaded where it is there."""
    workspace = app.workspace
    if workspace.rituals:
        yield from pipeline.ritual_drafts.problems(app, now)
    if workspace.asks.channel:
        yield from pipeline.reminders.problems(app, now)
    if workspace.circles:
        yield from pipeline.circles.problems(app)
    if workspace.classes:
        yield from pipeline.class_problems.problems(app, now)


def _editors(app: App) -> Iterator[Problem]:
    """Editors of a series who cannot decide on it: nobody logs in so, or their role lets them decide nothing."""
    if not app.has_ledger:
        return
    try:
        roles = {row.name: row.role for row in app.ledger.all_people() if row.ended is None}
    except LedgerError:  # told elsewhere
        return
    for name, table in app.workspace.promises.items() if roles else ():
        line = app.workspace.line(("series", name, "editors"))
        for each in table.editors:
            said = N_("series.%(series)s.editors: nobody logs in as %(name)s")
            if each in roles:
                said = N_("series.%(series)s.editors: %(name)s may decide nothing, being %(role)s")
            if roles.get(each) not in (Role.EDITOR, Role.OWNER):
                told = _(said, series=name, name=quoted(each), role=_(roles.get(each, Role.READER).title()))
                hint = _("`steadycast desk user add NAME --role editor` lets somebody in")
                yield Problem(SETTINGS_FILE, line, told, hint, severity=WARN)


def _surprises(workspace: Workspace, now: dt.datetime) -> Iterator[Problem]:
    """What a rhythm does that its words do not say; and a promise that goes nowhere."""
    for name, series in workspace.series.items():
        if not series.channels:
            said = _("series.%(name)s goes to no channel: nothing of it goes out", name=name)
            yield Problem(SETTINGS_FILE, workspace.line(("series", name)), said, _("choose one"), severity=WARN)
        line = workspace.line(("series", name, "every" if series.every else "rrule"))
        for said, hint in rhythm_warnings(series, now):
            yield Problem(SETTINGS_FILE, line, f"series.{name}: {said}", hint, severity=WARN)


def _by_hand(app: App) -> Iterator[Problem]:
    """Channels whose account may not publish: their posts are made ready, and wait for a person."""
    for name, platform in app.usable_platforms.items():
        if platform.by_hand:
            said = _(
                "channel.%(name)s: its account may not publish by itself, so each post waits there for a person",
                name=name,
            )
            line, hint = app.workspace.line(("channel", name)), _("`steadycast status` shows what waits")
            yield Problem(SETTINGS_FILE, line, said, hint, severity=WARN)


def _untried(app: App) -> Iterator[Problem]:
    """Channels that something goes out by, and whose platform nobody has tried against the live one."""
    served = {name for each in app.workspace.promises.values() for name in each.channels}
    for name, platform in app.usable_platforms.items():
        if platform.experimental and name in served and not app.workspace.channels[name].paused:
            said = _("channel.%(name)s: nobody has tried this platform against the live one yet", name=name)
            line, hint = app.workspace.line(("channel", name)), _("look at its first posts yourself")
            yield Problem(SETTINGS_FILE, line, said, hint, severity=WARN)


def sent_to_nobody(app: App) -> list[str]:
    """The channels that something goes out by, and that only lay it into a folder for want of a setting."""
    served = {name for each in app.workspace.promises.values() for name in each.channels}
    found = {name: app.usable_platforms[name] for name in app.usable_platforms if name in served}
    return [n for n, p in found.items() if p.local and p.local_without and not app.workspace.channels[n].paused]


def _sent_to_nobody(app: App) -> Iterator[Problem]:
    for name in sent_to_nobody(app):
        without = listed(app.platform(name).local_without)
        said = _("channel.%(name)s: without %(settings)s nobody is sent anything", name=name, settings=without)
        hint = _("set it; what went out so far lies in %(folder)s", folder=f"var/out/{name}")
        yield Problem(SETTINGS_FILE, app.workspace.line(("channel", name)), said, hint, severity=WARN)


def placeholders(workspace: Workspace) -> list[tuple[str, ...]]:
    """The keys whose address is that of a new workspace, which nobody has written yet: links would lead there."""
    addresses: dict[tuple[str, ...], str] = {("community", "url"): workspace.community.url}
    addresses |= {("channel", name, "url"): str(c.own.get("url", "")) for name, c in workspace.channels.items()}
    return [key for key, url in addresses.items() if re.match(rf"https?://{PLACEHOLDER}(?:[/:]|\Z)", url)]


def placeholders_in_use(workspace: Workspace) -> list[tuple[str, ...]]:
    """Those of them that something goes out by: the community's where any channel does, a channel's own."""
    used = {name for each in workspace.promises.values() for name in each.channels}
    used = {name for name in used if name in workspace.channels and not workspace.channels[name].paused}
    return [key for key in placeholders(workspace) if (used if key[0] == "community" else key[1] in used)]


def _placeholders(workspace: Workspace) -> Iterator[Problem]:
    """Every link and QR code would lead to an address that is nobody's."""
    for key in placeholders(workspace):
        said = _(
            "%(key)s: %(host)s is not yours, and links and QR codes lead there", key=".".join(key), host=PLACEHOLDER
        )
        yield Problem(SETTINGS_FILE, workspace.line(key), said, _("write the address of your site"), severity=WARN)


def _settings(error: SettingsError) -> Problem:
    return error.problem(str(error.file or SETTINGS_FILE))


def channels(app: App) -> Iterator[Problem]:
    """Platform folders, and channels against their platforms."""
    yield from (_settings(error) for error in app.broken.values())
    for name, settings in app.workspace.channels.items():
        if settings.platform in app.broken:
            continue
        try:
            app.settings(name)
        except SettingsError as error:
            yield _unless_paused(app.workspace, name, _settings(error))


def _unless_paused(workspace: Workspace, channel: str, found: Problem) -> Problem:
    """What is wrong with a channel: of a paused one only told, as nothing goes out by it."""
    return replace(found, severity=WARN) if workspace.channels[channel].paused else found


def blanks(workspace: Workspace) -> Iterator[Problem]:
    """Of a community that began as a copy: the keys that its leader has not filled in yet."""
    try:
        left = still_blank(workspace)
    except SettingsError as error:
        yield _settings(error)
        return
    for path in left:
        said = _("%(key)s is empty since the copy", key=dotted(path))
        hint = _("fill it in, or take the line out")
        yield replace(_in_settings(workspace, path, said, hint), severity=WARN)


def uploads(app: App) -> Iterator[Problem]:
    """What the way to a channel's web host lacks on this machine; the host itself is not asked."""
    workspace = app.workspace
    for name, settings in workspace.channels.items():
        if settings.upload is None or settings.platform in app.broken:
            continue
        from steadycast.pipeline.uploads import unknown_host
        from steadycast.upload import known

        target, path = settings.upload.target, ("channel", name, "upload", "to")
        if lacks := [program for program in PROGRAMS[target.scheme] if shutil.which(program) is None]:
            said = _(
                "%(scheme)s:// needs a program that is not installed here: %(programs)s",
                scheme=target.scheme,
                programs=listed(lacks),
            )
            yield _in_settings(workspace, path, said, _("install it: `apt install openssh-client rsync git`"))
        elif target.over_ssh and not known(target, workspace.known_hosts):
            yield _in_settings(workspace, path, unknown_host(name), "")


def calls(app: App) -> Iterator[Problem]:
    """Calls for a channel whose platform lets nobody be led away; pictures of theirs that are not there."""
    workspace = app.workspace
    for name, call in workspace.calls.items():
        for channel in call.channels:
            if (platform := app.usable(channel)) and platform.call == NO_CALL:
                said = _(
                    "call.%(name)s: %(channel)s (%(platform)s) leads nobody away, or is not known to allow it",
                    name=name,
                    channel=channel,
                    platform=platform.shown_title,
                )
                yield _in_settings(workspace, ("call", name, "channels"), said, _("take the channel out of its list"))
        if call.qr and not (workspace.root / call.qr).is_file():
            path = ("call", name, "qr")
            said = _("%(name)s: the file %(file)s is not there", name=".".join(path), file=quoted(call.qr))
            yield _in_settings(workspace, path, said, _("make it, beside steadycast.toml"))


def members(workspace: Workspace) -> Iterator[Problem]:
    """Members whose folder is spelt with other capitals than their table: what is said of them would pass it by."""
    folders = {path.name for path in workspace.content.glob("ugc/*/")}
    spelt = {unicodedata.normalize("NFKC", name).casefold(): name for name in folders}
    for name in workspace.members:
        meant = spelt.get(unicodedata.normalize("NFKC", name).casefold())
        if meant and unicodedata.normalize("NFC", meant) != name and name not in folders:
            said = _("members.%(name)s: the folder is called %(meant)s", name=name, meant=meant)
            yield _in_settings(workspace, ("members", name), said, _("spell both in one way, capitals too"))


def secrets(app: App) -> Iterator[Problem]:
    """Secrets that steadycast.toml names and nobody set."""
    workspace = app.workspace
    named: list[tuple[tuple[str | int, ...], str]] = []
    for path, setting, given in _of_channels(app):
        if setting.secret and given:
            named.append((path, given))
        elif setting.secret and setting.required:
            said = _("%(name)s is missing", name=".".join(path))
            yield _unless_paused(workspace, path[1], _in_settings(workspace, path, said, setting.shown_help))
    named += [(("feed", n, "secret"), feed.secret) for n, feed in enumerate(workspace.feeds) if feed.secret]
    named += [(("alarms", "urls"), name) for name in workspace.alarms.urls]
    named += [(("arrivals", name, "key"), given.key) for name, given in workspace.counters.items() if given.key]
    for channel, settings in workspace.channels.items():
        of_upload = settings.upload.secrets if settings.upload else {}
        named += [(("channel", channel, "upload", key), name) for key, name in of_upload.items()]
    for where, secret in named:
        if app.find_secret(secret) is None:
            said = _("the secret %(secret)s is not set", secret=secret)
            hint = _("type it in at the desk, export it, or make a Secret block")
            found = _in_settings(workspace, where, said, hint)
            yield _unless_paused(workspace, str(where[1]), found) if where[0] == "channel" else found


def _files_named(app: App) -> Iterator[Problem]:
    """Files that a channel's settings name and that are not there: a list of recipients, a podcast's picture."""
    for path, setting, given in _of_channels(app):
        if setting.type == "path" and given and not (app.workspace.root / given).is_file():
            said = _("%(name)s: the file %(file)s is not there", name=".".join(path), file=quoted(given))
            yield _in_settings(app.workspace, path, said, _("make it, beside steadycast.toml"))


def _of_channels(app: App) -> Iterator[tuple[tuple[str, str, str], Setting, str]]:
    """Each setting that a channel may have: its path in steadycast.toml, what it is, and what is written there."""
    for name, settings in app.workspace.channels.items():
        platform = app.usable(name)
        for setting in platform.settings.values() if platform else ():
            yield ("channel", name, setting.name), setting, str(settings.own.get(setting.name) or "")


def _in_settings(workspace: Workspace, path: tuple[str | int, ...], said: str, hint: str) -> Problem:
    """What is wrong with steadycast.toml, on the line of that path."""
    return Problem(str(workspace.settings_file), workspace.line(path), said, hint)


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
        return differences(workspace)
    except SettingsError as error:
        return [str(error)]


def rights(workspace: Workspace) -> Iterator[Problem]:
    """Whoever may write to these folders runs code in the worker: it imports from them, or loads compiled templates."""
    for path in (workspace.root, workspace.flows, workspace.compiled, *workspace.platform_folders):
        if path.is_dir() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield Problem(str(path), None, _("others than its owner may write here"), f"chmod go-w {path}")


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
