"""A person lets a channel in: what its platform's login gives is kept where it is looked for."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from steadycast.errors import InputError, Refused, SteadycastError
from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.ops.channel_add import secret_name
from steadycast.pipeline.app import App
from steadycast.pipeline.secrets import keep
from steadycast.platform import Ask, MemoryState, Platform, Show, registry
from steadycast.workspace import edit


def has_login(platform: Platform) -> bool:
    """Whether a person can log in to a channel of this platform."""
    return hasattr(registry.load(platform), "login")


def check(app: App, name: str) -> None:
    """Raises the InputError of a channel to which nobody can log in."""
    platform = app.platform(name)
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
    given = _given(app, name, show, ask)
    if strange := sorted(given.keys() - platform.settings.keys()):
        gave = listed(strange)
        said = _(
            "its login gave %(gave)s: platform %(platform)s has no such setting", gave=gave, platform=platform.name
        )
        raise InputError(said)
    return _kept(app, name, given)


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
