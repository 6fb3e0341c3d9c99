"""The addresses that alarms go to: each is a secret, kept where secrets lie, and named in steadycast.toml."""

from __future__ import annotations

import datetime as dt

from steadycast.alarms.due import Alarm
from steadycast.alarms.send import send
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ops import settings_edits, settings_effect
from steadycast.pipeline.app import App
from steadycast.pipeline.secrets import keep


def add(app: App, address: str, now: dt.datetime) -> str:
    """Keeps an Apprise address as a secret, and has alarms sent there; the name it is kept under."""
    address = address.strip()
    if "://" not in address:
        raise InputError(_("Write an Apprise address, such as mailtos://user:password@example.org"))
    settings_effect.whole(app)
    name = settings_edits.free_alarm_name(app.workspace)
    seen = settings_effect.look(app, settings_edits.alarms(app.workspace, [*app.workspace.alarms.urls, name]), now)
    app.workspace.make_private()
    keep(app.workspace.secrets, name, address)
    settings_effect.make(app, seen, settings_effect.fingerprint(app.workspace), now)
    return name


def send_test(app: App) -> bool:
    """Sends a test to all addresses; whether at least one took it."""
    urls = [value for name in app.workspace.alarms.urls if (value := app.find_secret(name))]
    text = _("This is a test. Nothing is wrong.")
    return send([Alarm("machinery:test:", "machinery", text)], urls, language=app.workspace.community.language)
