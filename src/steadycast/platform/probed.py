"""What a far side says that it allows: held against bounds before anything believes it, and kept as JSON values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.platform.configured import limited
from steadycast.platform.contract import Limit, Limits, MediaRule, Platform

KEY = "steadycast.limits"  # of the channel's state
KEYS: Mapping[type, tuple[str, ...]] = {  # what a server can know; how its texts are cut is ours to say
    Limit: ("max", "min", "url", "count", "bytes"),
    MediaRule: ("formats", "bytes", "count", "width", "height", "seconds"),
}
FORMAT = re.compile(r"[a-z0-9]{1,8}")


def plain(channel: str, platform: Platform, answer: object) -> dict[str, Any]:
    """An adapter's answer as JSON values, without what stays the platform's; a SettingsError where it is no limit."""
    if not isinstance(answer, Limits):
        raise SettingsError(_("probe() gave %(type)s, not Limits", type=type(answer).__name__))
    told = {"limits": _rules(answer.limits, Limit), "media": _rules(answer.media, MediaRule)}
    by_hand = {"by_hand": True} if answer.by_hand is True else {}
    for role, rule in told["media"].items():
        if "formats" in rule:
            rule["formats"] = _formats(rule["formats"], platform.media.get(role, MediaRule()).formats)
    over(channel, platform, told)
    return told | by_hand


def over(channel: str, platform: Platform, told: Mapping[str, Any]) -> Platform:
    """The platform with what the far side said over it."""
    asked = limited(channel, platform, told.get("limits", {}), told.get("media", {}))
    return dataclasses.replace(asked, by_hand=told.get("by_hand") is True)


def _rules(rules: object, type_: type) -> dict[str, dict[str, Any]]:
    if not isinstance(rules, Mapping):
        raise SettingsError(
            _("probe() gave %(type)s, not a table of %(other)s", type=type(rules).__name__, other=type_.__name__)
        )
    return {name: _said(rule, type_) for name, rule in rules.items()}


def _said(rule: object, type_: type) -> dict[str, Any]:
    """What a rule says that is not the default."""
    if not isinstance(rule, type_):
        raise SettingsError(_("probe() gave %(type)s, not %(other)s", type=type(rule).__name__, other=type_.__name__))
    fields = {f.name: f.default for f in dataclasses.fields(rule)}  # type: ignore[arg-type]  # one of the two
    said = {name: getattr(rule, name) for name in KEYS[type_]}
    return {name: value for name, value in said.items() if value != fields[name]}


def _formats(said: object, ours: Sequence[str]) -> list[str]:
    """The platform's formats that the far side takes, in the platform's order; all of them where it takes none."""
    given = list(said)[:100] if isinstance(said, list | tuple) else []
    taken = {each for each in given if isinstance(each, str) and FORMAT.fullmatch(each)}
    return [each for each in ours if each in taken] or list(ours) or sorted(taken)
