"""A person lets a channel in: what its platform's login gives is kept where it is looked for."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from typing import Any

from steadycast.errors import InputError, Refused, SteadycastError
from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.ops.channel_add import YES, secret_name
from steadycast.pipeline.app import App
from steadycast.pipeline.secrets import keep
from steadycast.platform import Ask, MemoryState, Platform, Show, registry
from steadycast.upload import host_keys, known, trust
from steadycast.upload.far import Until
from steadycast.workspace import edit
from steadycast.workspace.upload_target import UploadTarget

ASKED_WITHIN = 30.0  # seconds, for the keys of a host


def has_login(platform: Platform) -> bool:
    """Whether a person can log in to a channel of this platform."""
    return hasattr(registry.load(platform), "login")


def check(app: App, name: str) -> None:
    """Raises the InputError of a channel to which nobody can log in."""
    platform = app.platform(name)
    if _host(app, name) is not None:
        return
    if not has_login(platform):
        pasted = _(
            "put its secrets into %(folder)s, or export them: its README says how to get them",
            folder=app.workspace.secrets,
        )
        needs = any(setting.secret for setting in platform.settings.values())
        said = _("%(platform)s has no login", platform=platform.shown_title)
        raise InputError(said, hint=pasted if needs else _("it needs none"), channel=name)


def login(app: App, name: str, show: Show, ask: Ask) -> list[str]:
    """Logs in to one channel, and keeps what came of it; says in a few lines what was kept where.

    Raises InputError where its platform has no login, or the page's code was not given; Refused, Busy or Unknown as
    the far side answers. Nothing is kept then.
    """
    check(app, name)
    platform = app.platform(name)
    if (host := _host(app, name)) is not None:
        return _trusted(app, name, host, show, ask)
    given = _given(app, name, show, ask)
    if strange := sorted(given.keys() - platform.settings.keys()):
        gave = listed(strange)
        said = _(
            "its login gave %(gave)s: platform %(platform)s has no such setting", gave=gave, platform=platform.name
        )
        raise InputError(said)
    return _kept(app, name, given)


def trusted(app: App, name: str) -> bool | None:
    """Whether the key of the host is known that a channel's folder is brought to; None where none is asked for."""
    host = _host(app, name)
    return None if host is None else bool(known(host, app.workspace.known_hosts))


def _host(app: App, name: str) -> UploadTarget | None:
    """The host that a channel's folder is brought to over SSH, if any."""
    upload = app.known_channel(name).upload
    return upload.target if upload and upload.target.over_ssh else None


def _trusted(app: App, name: str, host: UploadTarget, show: Show, ask: Ask) -> list[str]:
    """A person compares the host's keys with what it publishes; those are kept, and no others are taken after that."""
    file = app.workspace.known_hosts
    keys, before = host_keys(host, Until(time.monotonic() + ASKED_WITHIN)), known(host, file)
    kept = {line.partition(" ")[2] for line in before}
    fresh = [key for key in keys if key.line.partition(" ")[2] not in kept]
    if before and not fresh:
        return [_("the keys of %(host)s are known already, and the same", host=host.place)]
    said = N_("The keys of %(host)s. Compare one with what your host publishes:")
    if before:
        said = N_("The keys of %(host)s are others than those that were trusted. Ask your host why, and compare:")
    for n, key in enumerate(fresh):
        show(_(said, host=host.host) if n == 0 else "", f"{key.fingerprint} ({key.kind})")
    if ask(_("Write yes if it is the same")).strip().casefold() not in YES:
        raise InputError(_("nothing was trusted, and nothing is kept"), channel=name)
    app.workspace.make_private()
    trust(host, keys, file)
    return [_("kept the keys of %(host)s in %(file)s", host=host.host, file=file)]


def _given(app: App, name: str, show: Show, ask: Ask) -> Mapping[str, str]:
    """What the adapter's login gives. Whatever is pasted, and whatever it calls a secret, stands in no message."""

    def asked(words: str) -> str:
        if not (code := ask(words).strip()):
            raise InputError(_("nothing was pasted, and nothing is kept"), channel=name)
        return app.redact.learn(code)

    channel = dataclasses.replace(app.channel(name), state=MemoryState(app.clock.now, app.redact.learn))
    adapter: Any = registry.load(app.platform(name))(channel)
    try:
        given: Mapping[str, str] = adapter.login(show, asked)
    except SteadycastError:
        raise
    except Exception as error:
        said = _("its login failed: %(error)s: %(said)s", error=type(error).__name__, said=error)
        raise Refused(app.redact(said), channel=name) from None
    return given


def _kept(app: App, name: str, given: Mapping[str, str]) -> list[str]:
    """Secrets go into files of var/secrets, all else into steadycast.toml, as `channel add` does it."""
    workspace, settings = app.workspace, app.platform(name).settings
    own, new, told = workspace.channels[name].own, dict[str, Any](), []
    secrets = {}
    for key, value in given.items():
        if settings[key].secret:
            known = str(own.get(key) or settings[key].default or "") or secret_name(name, key)
            new |= {} if key in own or settings[key].default else {key: known}
            secrets[known] = app.redact.learn(value)
        elif own.get(key) != value:
            new[key] = value
    after = edit.with_settings(workspace, name, new) if new else workspace
    workspace.make_private()
    for known, value in secrets.items():
        told.append(
            _("kept the secret %(secret)s in %(file)s", secret=known, file=keep(workspace.secrets, known, value))
        )
        if known in os.environ:
            said = N_("%(secret)s is set in the environment too, which goes before that file: take it away there")
            told.append(_(said, secret=known))
    if new:
        edit.write(after, workspace)
        said = N_("wrote %(settings)s into [channel.%(name)s] of %(file)s")
        told.append(_(said, settings=listed(new), name=name, file=workspace.settings_file))
    return told
