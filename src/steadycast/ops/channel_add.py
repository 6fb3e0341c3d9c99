"""A new channel: its settings asked for as channel.toml declares them, its secrets kept where they are looked for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steadycast.errors import InputError, SettingsError, unknown_name
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.pipeline.secrets import find, keep
from steadycast.platform import Platform, Setting, configured
from steadycast.platform.registry import platforms
from steadycast.workspace import Workspace, edit
from steadycast.workspace.settings import NAME

Ask = Callable[[Setting], str]  # what a person answers; "" takes the default
YES, NO = {"true", "yes", "y", "1", "on", "是"}, {"false", "no", "n", "0", "off", "否"}

COMMON = {  # what every channel may have, whatever its platform
    "title": Setting("title"),
    "paused": Setting("paused", "bool"),
    "read_back_feed": Setting("read_back_feed", "url"),
    "read_back_private": Setting("read_back_private", "bool"),
}


@dataclass
class Wanted:
    """A channel as it was asked for: its settings as text, and the values of its secrets."""

    platform: Platform
    name: str
    values: dict[str, Any] = field(default_factory=dict)  # as steadycast.toml will say them
    secrets: dict[str, str] = field(default_factory=dict, repr=False)  # name -> value
    waits: bool = False  # for a login, which gives the secrets that are not there yet


def wanted(
    workspace: Workspace,
    platform: str,
    name: str = "",
    *,
    given: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    ask: Ask | None = None,
    login: bool = False,
) -> Wanted:
    """What is to be added. What is neither `given` nor asked for is left at its default.

    With `login` a secret that is needed and not given is named, and left for a login to fill in.

    `given` holds settings as text, and names of secrets that are set already; `secrets` holds values of secret
    settings. Raises InputError for a name that is taken, a setting that the platform lacks or needs, and a wrong value.
    """
    given, secrets = dict(given or {}), dict(secrets or {})
    known = platforms(workspace.platform_folders, {})
    if platform not in known:
        raise unknown_name("platform", platform, known, _("`steadycast channel list` shows them"))
    spec, name = known[platform], name or platform
    _free(workspace, name)
    for key in [*given, *secrets]:
        if key not in spec.settings and (key not in COMMON or key in secrets):
            all_ = [*spec.settings, *COMMON]
            raise unknown_name(
                "setting", key, all_, _("%(platform)s has %(settings)s", platform=platform, settings=listed(all_))
            )
    made = Wanted(spec, name, {"platform": platform})
    made.values |= {key: typed(setting, given[key]) for key, setting in COMMON.items() if key in given}
    missing = []
    for setting in spec.settings.values():
        if setting.secret:
            named, value = given.get(setting.name, ""), secrets.get(setting.name, "")
            done = _named(made, setting, named, workspace) if named else _secret(made, setting, value, ask)
            if not done and login and setting.required:
                made.values[setting.name], made.waits = secret_name(name, setting.name), True
                continue
        else:
            done = _plain(made, setting, given.get(setting.name), ask)
        if not done and setting.required:
            missing.append(setting)
    if missing:
        told = _("; ").join(f"{s.name} ({s.shown_help})" if s.help else s.name for s in missing)
        how = " ".join(f"--secret-file {s.name}=FILE" if s.secret else f"--set {s.name}=VALUE" for s in missing)
        raise InputError(_("%(platform)s needs %(settings)s", platform=platform, settings=told), hint=how)
    return made


def add(workspace: Workspace, asked: Wanted) -> Workspace:
    """Keeps the secrets, and writes the channel's table; the workspace as it is then."""
    after = edit.with_channel(workspace, asked.name, asked.values)  # what cannot be written is said before all else
    workspace.make_private()
    for name, value in asked.secrets.items():
        keep(workspace.secrets, name, value)
    edit.write(after, workspace)
    return after


def _free(workspace: Workspace, name: str) -> None:
    if not re.fullmatch(NAME, name):
        said = _("%(name)s cannot be a channel's name", name=quoted(name))
        raise InputError(said, hint=_("a-z, 0-9 and -, at most 39 characters"))
    if name in workspace.channels:
        raise InputError(
            _("there is a channel %(name)s already", name=quoted(name)),
            hint=_("give this one another name: --name NAME; the secrets of %(name)s lie in var/secrets", name=name),
        )


def _plain(made: Wanted, setting: Setting, given: str | None, ask: Ask | None) -> bool:
    text = given if given is not None else ask(setting) if ask else ""
    if text == "" and given is None:
        return setting.default is not None
    made.values[setting.name] = typed(setting, text)
    return True


def typed(setting: Setting, text: str) -> Any:
    """A setting's value from what a person wrote, checked as in steadycast.toml."""
    value: Any = text.strip()
    if setting.type == "bool":
        value = True if value.lower() in YES else False if value.lower() in NO else value
    elif setting.type == "list":
        value = [entry.strip() for entry in value.split(",") if entry.strip()]
    cast = configured.cast(setting, value, setting.name)
    return list(cast) if setting.type == "list" else cast


def _named(made: Wanted, setting: Setting, name: str, workspace: Workspace) -> bool:
    """Note the name of a secret that is set already."""
    if find(name, workspace.secrets) is None:
        said = _("%(setting)s: the secret %(secret)s is not set", setting=setting.name, secret=name)
        raise InputError(said, hint=_("export it, or use --secret-file"))
    made.values[setting.name] = name
    return True


def _secret(made: Wanted, setting: Setting, value: str, ask: Ask | None) -> bool:
    """Note a secret under a name of its own; False where there is none."""
    value = (value or (ask(setting) if ask else "")).strip()
    if not value:
        return False
    try:
        configured.cast(setting, value, setting.name)
    except SettingsError:  # its message would show what it is
        said = _("%(setting)s: expected %(expected)s", setting=setting.name, expected=configured.expected(setting))
        raise InputError(said, hint=setting.shown_help or None) from None
    name = secret_name(made.name, setting.name)
    made.values[setting.name], made.secrets[name] = name, value
    return True


def secret_name(channel: str, setting: str) -> str:
    """The name under which a channel's secret is kept, where nobody has given it another."""
    return re.sub(r"[^A-Z0-9]+", "_", f"{channel}_{setting}".upper())


def secret_from(file: Path) -> str:
    """A secret that lies in a file."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(_("cannot read it: %(error)s", error=type(error).__name__), file=file) from None


def replace_secrets(workspace: Workspace, platform: Platform, name: str, given: Mapping[str, str]) -> list[str]:
    """Keeps new values of a channel's secrets, by setting; says under which names. Raises InputError for a wrong one.

    A secret that the environment sets would go before the one that is kept: that is refused.
    """
    made = Wanted(platform, name)
    own = workspace.channels[name].own
    for key, value in given.items():
        setting = platform.settings.get(key)
        if setting is None or not setting.secret:
            raise unknown_name("secret", key, [s.name for s in platform.settings.values() if s.secret])
        _secret(made, setting, value, None)
        known = str(own.get(key) or setting.default or "")
        if known:
            made.secrets[known] = made.secrets.pop(made.values.pop(key))
    if taken := [each for each in made.secrets if each in os.environ]:
        said = _("%(secrets)s is set in the environment, which goes before what is kept here", secrets=listed(taken))
        raise InputError(said, hint=_("take it away there"))
    after = edit.with_settings(workspace, name, made.values) if made.values else workspace
    workspace.make_private()
    for each, value in made.secrets.items():
        keep(workspace.secrets, each, value)
    if made.values:
        edit.write(after, workspace)
    return list(made.secrets)
