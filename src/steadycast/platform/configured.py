"""A channel as its community configured it: settings of their declared types, and limits over its platform's."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from steadycast.errors import SettingsError, did_you_mean
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.platform.contract import Limit, MediaRule, Platform, Setting
from steadycast.platform.tables import LIMITED, ROLES, Table

SHOWN = 60  # characters of a wrong value


def settings(channel: str, platform: Platform, given: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """A channel's settings as its platform declares them: typed, defaults filled in, secrets left out.

    Paths are taken to be below `root`. Raises SettingsError for a key that the platform lacks, one that it needs, and
    a value of another type.
    """
    for key in sorted(given.keys() - platform.settings.keys()):
        known = listed(sorted(platform.settings))
        raise SettingsError(
            _(
                "channel.%(channel)s.%(key)s: platform %(platform)s has no such setting",
                channel=channel,
                key=key,
                platform=platform.name,
            ),
            hint=did_you_mean(key, platform.settings, _("it has %(known)s", known=known or _("none"))),
        )
    values = {}
    for name, setting in platform.settings.items():
        if setting.secret:
            _secret_name(channel, setting, given.get(name))
            continue
        value = cast(setting, given[name], f"channel.{channel}.{name}") if name in given else setting.default
        if setting.required and value in (None, "", []):
            raise SettingsError(
                _("channel.%(channel)s.%(name)s is missing", channel=channel, name=name),
                hint=setting.shown_help or None,
            )
        values[name] = str(root / value) if setting.type == "path" and value else value
    return values


def _secret_name(channel: str, setting: Setting, given: Any) -> None:
    if given is not None and not isinstance(given, str):  # what it is may be the secret itself: it is not shown
        said = _(
            "channel.%(channel)s.%(name)s: expected the name of a secret, in quotes", channel=channel, name=setting.name
        )
        raise SettingsError(said, hint=_("the name of an environment variable or of a Secret block"))


def cast(setting: Setting, value: Any, where: str) -> Any:
    """`value` of the setting's type; the SettingsError says what was expected at `where`."""
    try:
        made = CASTS[setting.type](value)
    except (TypeError, ValueError):
        made = None
    if made is not None and _may_be(setting, made):
        return made
    shown = quoted(value if not isinstance(value, str) or len(value) <= SHOWN else f"{value[:SHOWN]}…")
    shown = shown if len(shown) <= 2 * SHOWN else f"{shown[:SHOWN]}…"
    raise SettingsError(
        _("%(where)s: expected %(expected)s, not %(value)s", where=where, expected=expected(setting), value=shown),
        hint=setting.shown_help or None,
    )


def _may_be(setting: Setting, value: Any) -> bool:
    """Whether a value of the right type is one of those the setting takes."""
    if setting.choices:
        return value in setting.choices
    if setting.type in ("str", "list"):
        return all(map(setting.fits, value if setting.type == "list" else [value]))
    if setting.type != "int":
        return True
    return (setting.min is None or value >= setting.min) and (setting.max is None or value <= setting.max)


def expected(setting: Setting) -> str:
    """What a setting takes, for people."""
    if setting.choices:
        return _("one of %(choices)s", choices=listed([quoted(each) for each in setting.choices]))
    if setting.examples:
        return _("something like %(examples)s", examples=_(" or ").join(setting.examples))
    if setting.type != "int":
        return _(EXPECTED[setting.type])
    least = "" if setting.min is None else _(", at least %(min)s", min=setting.min)
    return _(EXPECTED["int"]) + least + ("" if setting.max is None else _(", at most %(max)s", max=setting.max))


EXPECTED = {
    "str": N_("text in quotes"),
    "int": N_("a whole number"),
    "bool": N_("true or false"),
    "url": N_("a web address, as https://example.org/"),
    "path": N_("the path of a file"),
    "list": N_('a list, as ["one", "two"]'),
}


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > 20:
        raise TypeError
    return int(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool) and value not in ("true", "false"):
        raise TypeError
    return value in (True, "true")


def _url(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or value.split() != [value]):
        raise ValueError
    return value


def _path(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not value.isprintable():
        raise ValueError
    return value


def _list(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    return [_text(item) for item in value]


CASTS: Mapping[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _int,
    "bool": _bool,
    "url": _url,
    "path": _path,
    "list": _list,
}


class _ChannelTable(Table):
    """[channel.NAME] of steadycast.toml; who knows the file adds its name and line."""

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def wrong(self, message: str, *keys: str, hint: str | None = None) -> SettingsError:
        said = message.removeprefix(f"{'.'.join(keys)}: ")
        return SettingsError(f"{'.'.join(('channel', self.channel, *keys))}: {said}", hint=hint)


def limited(channel: str, platform: Platform, limits: Mapping[str, Any], media: Mapping[str, Any]) -> Platform:
    """The platform with a channel's own limits over its; a SettingsError begins with the wrong key's path."""
    if not limits and not media:
        return platform
    table = _ChannelTable(channel)
    return replace(
        platform,
        limits=table.rules("limits", Limit, limits, LIMITED, platform.limits),
        media=table.rules("media", MediaRule, media, ROLES, platform.media),
    )


def uploaded(channel: str, platform: Platform, within: dt.timedelta) -> Platform:
    """The platform of a channel whose folder is brought to a web host, which may take `within`.

    One worker at a time does it, whatever machine it is on. Raises SettingsError where the platform has no folder that
    readers see.
    """
    if not platform.can_upload:
        raise SettingsError(
            _("channel.%(channel)s.upload: %(platform)s writes no folder for a web host", channel=channel, platform=platform.name),  # noqa: E501
            hint=_("take it out"),
        )  # fmt: skip
    return replace(platform, uploads=True, deadline=within.total_seconds(), one_writer=True)


def said(rules: Mapping[str, Limit | MediaRule]) -> dict[str, dict[str, Any]]:
    """What each rule says that is not the default."""
    return {
        name: {
            f.name: getattr(rule, f.name)
            for f in dataclasses.fields(rule)
            if f.name == "max" or getattr(rule, f.name) != f.default
        }
        for name, rule in rules.items()
    }
