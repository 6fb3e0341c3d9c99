"""What is wrong with the settings and with what they name: platforms, rhythms, secrets, files, persons, rights."""

from __future__ import annotations

import datetime as dt
import shutil
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from steadycast import pipeline
from steadycast.errors import WARN, LedgerError, Problem, SettingsError
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.ops.copied_from import still_blank
from steadycast.pipeline.app import App
from steadycast.pipeline.permissions import Role
from steadycast.pipeline.to_do import placeholders, sent_to_nobody
from steadycast.platform import Setting
from steadycast.schedule.rhythm_warnings import rhythm_warnings
from steadycast.workspace import Workspace
from steadycast.workspace.paths import PLACEHOLDER, SETTINGS_FILE
from steadycast.workspace.settings import NO_CALL
from steadycast.workspace.toml_file import dotted
from steadycast.workspace.upload_target import PROGRAMS


def of_settings(app: App, now: dt.datetime) -> list[Problem]:
    """What is wrong with the settings alone, and with what they name: no draft is read for it."""
    workspace = app.workspace
    found = [*channels(app), *uploads(app), *calls(app), *members(workspace), *rights(workspace)]
    told = {(each.where, each.line) for each in found}
    found += [each for each in blanks(workspace) if (each.where, each.line) not in told]
    if rhythms := [of_error(error) for error in workspace.wrong_rhythms()]:
        return rhythms + found
    found += [*_by_hand(app), *_untried(app), *_sent_to_nobody(app), *_at_one_address(app)]
    return [
        *found,
        *_of_what_is_set(app, now),
        *_called_alike(workspace),
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


def _called_alike(workspace: Workspace) -> Iterator[Problem]:
    """Titles that another series or class is called by as well, or was: a draft and a command may name either so."""
    called = {("series", name): (name, *each.was) for name, each in workspace.promises.items()}
    called |= {("class", name): (name, *each.was) for name, each in workspace.class_tables.items()}
    titles = {("series", name): each.title for name, each in workspace.promises.items()}
    titles |= {("class", name): each.title for name, each in workspace.class_tables.items()}
    seen: dict[str, tuple[str, str]] = {}
    for path, title in titles.items():
        others = [other for other, names in called.items() if other != path and title in names]
        if title and title in seen:
            others.append(seen[title])
        for other in others[:1] if title else ():
            told = _(
                "%(table)s.title: %(other)s is called %(title)s too, or was: nobody could tell which of them is meant",
                table=dotted(path), other=dotted(other), title=quoted(title),
            )  # fmt: skip
            line, hint = workspace.line((*path, "title")), _("give one of them another title")
            yield Problem(SETTINGS_FILE, line, told, hint)
        seen.setdefault(title, path)


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


def _sent_to_nobody(app: App) -> Iterator[Problem]:
    for name in sent_to_nobody(app):
        without = listed(app.platform(name).local_without)
        said = _("channel.%(name)s: without %(settings)s nobody is sent anything", name=name, settings=without)
        hint = _("set it; what went out so far lies in %(folder)s", folder=f"var/out/{name}")
        yield Problem(SETTINGS_FILE, app.workspace.line(("channel", name)), said, hint, severity=WARN)


def _at_one_address(app: App) -> Iterator[Problem]:
    """Channels of which one would be read where another is: whoever subscribes to the one gets the other's posts."""
    there: dict[str, str] = {}
    for name, platform in app.usable_platforms.items():
        own = app.workspace.channels[name].own.get("url")  # it may be wrong: that is said elsewhere
        base = str(own or app.workspace.community.url).rstrip("/")
        addresses = [f"{base}/{file}" for file in platform.serves if base]
        if taken := next((each for each in addresses if each in there), None):
            said = _(
                "channel.%(name)s: channel %(other)s has the same address, %(address)s",
                name=name, other=there[taken], address=taken,
            )  # fmt: skip
            hint = _("give one of them a `url` of its own")
            line = app.workspace.line(("channel", name, "url"))
            yield Problem(SETTINGS_FILE, line, said, hint, severity=WARN)
        there = dict.fromkeys(addresses, name) | there


def _placeholders(workspace: Workspace) -> Iterator[Problem]:
    """Every link and QR code would lead to an address that is nobody's."""
    for key in placeholders(workspace):
        said = _(
            "%(key)s: %(host)s is not yours, and links and QR codes lead there", key=".".join(key), host=PLACEHOLDER
        )
        yield Problem(SETTINGS_FILE, workspace.line(key), said, _("write the address of your site"), severity=WARN)


def of_error(error: SettingsError) -> Problem:
    return error.problem(str(error.file or SETTINGS_FILE))


def channels(app: App) -> Iterator[Problem]:
    """Platform folders, and channels against their platforms."""
    yield from (of_error(error) for error in app.broken.values())
    for name, settings in app.workspace.channels.items():
        if settings.platform in app.broken:
            continue
        try:
            app.settings(name)
        except SettingsError as error:
            yield _unless_paused(app.workspace, name, of_error(error))


def _unless_paused(workspace: Workspace, channel: str, found: Problem) -> Problem:
    """What is wrong with a channel: of a paused one only told, as nothing goes out by it."""
    return replace(found, severity=WARN) if workspace.channels[channel].paused else found


def blanks(workspace: Workspace) -> Iterator[Problem]:
    """Of a community that began as a copy: the keys that its leader has not filled in yet."""
    try:
        left = still_blank(workspace)
    except SettingsError as error:
        yield of_error(error)
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
            said = _("%(name)s: it is not given", name=".".join(path))
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


def rights(workspace: Workspace) -> Iterator[Problem]:
    """Whoever may write to these folders runs code in the worker: it imports from them, or loads compiled templates."""
    for path in (workspace.root, workspace.flows, workspace.compiled, *workspace.platform_folders):
        if path.is_dir() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield Problem(str(path), None, _("others than its owner may write here"), f"chmod go-w {path}")
