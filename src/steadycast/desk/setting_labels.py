"""What is wrong with a setting, for who has forms and no file: the setting by its label, and the form that has it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from steadycast.language import N_, current
from steadycast.pipeline import App

KEY = re.compile(
    r"(?P<table>community|channel|series|members)\.(?P<path>[^\s:：]+)(?:: ?|：| )?(?P<said>.+)", re.DOTALL
)
COMMUNITY = {
    "name": N_("Name of the community"),
    "timezone": N_("Time zone of its promises"),
    "language": N_("Language of its pages"),
    "url": N_("Address of your site"),
    "description": N_("The community in one line"),
    "email": N_("Where it is reached by mail"),
}
SERIES = {
    "every": N_("When, in words"),
    "rrule": N_("When, in words"),
    "channels": N_("Where it goes"),
    "forms": N_("What it brings"),
    "late": N_("How late it may still go out"),
    "reserve": N_("Alarm when fewer drafts are in stock than"),
    "mix": N_("House to members"),
    "editors": N_("Who alone decides on it"),
    "editor": N_("Who can fix it"),
    "start": N_("First day"),
    "until": N_("Last day"),
}


class About(NamedTuple):
    """A setting by its label, "" where it has none; the form that has it; and what is said of it."""

    label: str
    form: str
    said: str


def about(app: App, said: str) -> About:
    """What a sentence that begins with a key of steadycast.toml is about."""
    found = KEY.fullmatch(said)
    if found is None:
        return About("", "", said)
    table, (name, _dot, key) = found["table"], found["path"].partition(".")
    label, form = _LABELS[table](app, name, key)
    return About(label, form, found["said"]) if label else About("", "", said)


def _community(app: App, name: str, key: str) -> tuple[str, str]:  # noqa: ARG001
    label = COMMUNITY.get(name, "")
    return (current().gettext(label), f"/settings/community#{name}") if label else ("", "")


def _channel(app: App, name: str, key: str) -> tuple[str, str]:
    if name not in app.workspace.channels:
        return "", ""
    platform = app.usable(name)
    setting = platform.settings.get(key) if platform else None
    anchor = f"#setting_{key}" if setting and not setting.secret else ""
    label = setting.shown_title if setting else key
    return " · ".join(filter(None, (app.channel_title(name), label))), f"/settings/channels/{quote(name)}{anchor}"


def _series(app: App, name: str, key: str) -> tuple[str, str]:
    if name not in app.workspace.promises:
        return "", ""
    label = current().gettext(SERIES[key]) if key in SERIES else key
    title = app.workspace.promises[name].title or name
    return " · ".join(filter(None, (title, label))), f"/settings/series/{quote(name)}"


def _member(app: App, name: str, key: str) -> tuple[str, str]:
    title = app.workspace.member_title(name) if name in app.workspace.members else ""
    return (" · ".join(filter(None, (title, key))), f"/settings/members/{quote(name)}") if title else ("", "")


_LABELS = {"community": _community, "channel": _channel, "series": _series, "members": _member}
