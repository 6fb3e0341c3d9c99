"""What each far side itself allows: asked now and then, never while a post waits, and kept for all workers."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from steadycast.errors import FarSideError, LedgerError, SettingsError
from steadycast.language import current, listed
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.platform import MediaRule, probed
from steadycast.render.wording import unit

LASTS = dt.timedelta(days=1)  # a server's limits change with its version


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of asking one channel's far side."""

    channel: str
    error: str = ""  # "": it answered, and what it said is kept

    def __str__(self) -> str:
        known = _("its server's limits are known")
        return _("its server's limits could not be read: %(why)s", why=self.error) if self.error else known


@dataclass(frozen=True, slots=True)
class Allowed:
    """One limit of a channel, and who says so."""

    channel: str
    what: str  # text, title, image, ...
    most: str
    source: str  # platform, server, settings


def ask(app: App, channel: str, now: dt.datetime) -> Probed | None:
    """Ask a far side what it allows, and keep the answer; what fails changes nothing. None where nothing is asked."""
    try:
        adapter = app.adapter(channel)
        if not hasattr(adapter, "probe"):
            return None
        told = probed.plain(channel, app.configured(channel), adapter.probe())
    except (FarSideError, SettingsError) as error:
        return Probed(channel, app.redact(error.message))
    except Exception as error:  # an adapter of somebody's own; its words may hold a secret
        return Probed(channel, _("its adapter failed: %(why)s", why=type(error).__name__))
    value = {"at": now.isoformat(), **told}
    try:
        if app.readonly:
            with App(app.workspace) as writing:
                writing.ledger.set_state(channel, probed.KEY, value, None)
        else:
            app.ledger.set_state(channel, probed.KEY, value, None)
    except LedgerError as error:
        return Probed(channel, _("it cannot be kept: %(why)s", why=error))
    app.forget(channel)
    return Probed(channel)


def refresh(app: App, now: dt.datetime) -> list[Probed]:
    """Ask every far side whose answer is older than a day; those that fail are logged, and asked at the next look."""
    asked = []
    for name, settings in app.workspace.channels.items():
        if settings.paused or not (platform := app.usable(name)) or platform.local or not _is_old(app, name, now):
            continue
        if made := ask(app, name, now):
            asked.append(made)
            if made.error:
                logging.getLogger(__name__).warning("%s: %s (%s)", name, made, _("what was known holds"))
    return asked


def _is_old(app: App, channel: str, now: dt.datetime) -> bool:
    told = app.far_limits(channel)
    return not told or dt.datetime.fromisoformat(told["at"]) + LASTS <= now


def allowed(app: App, channel: str) -> Iterator[Allowed]:
    """Each limit that holds on a channel, with its source; the last one that named it is the source."""
    given, told, platform = app.workspace.channels[channel], app.far_limits(channel), app.platform(channel)
    asked = f"server, {told['at'][:10]}" if told else ""
    for name, rule in platform.limits.items():
        most = current().size(rule.max) if rule.count == "bytes" else f"{rule.max} {unit(rule)}"
        yield Allowed(channel, name, most, _source(name, given.limits, told.get("limits"), asked))
    for role, media in platform.media.items():
        if allows := _most(media):
            yield Allowed(channel, role, allows, _source(role, given.media, told.get("media"), asked))


def _source(name: str, given: object, told: object, asked: str) -> str:
    if isinstance(given, dict) and name in given:
        return "settings"
    return asked if isinstance(told, dict) and told.get(name) else "platform"


def _most(rule: MediaRule) -> str:
    """A rule for files in a few words."""
    wide = _("%(num)s px wide", num=rule.width) if rule.width else ""
    high = _("%(num)s px high", num=rule.height) if rule.height else ""
    size = f"{rule.width}x{rule.height}" if wide and high else wide or high
    words = [
        " ".join(rule.formats),
        current().size(rule.bytes) if rule.bytes else "",
        _("at most %(num)s", num=rule.count) if rule.count is not None else "",
        size,
        _("%(num)s s", num=format(rule.seconds, "g")) if rule.seconds else "",
    ]
    return listed(filter(None, words))
