"""A new channel: its settings asked for as channel.toml declares them, its secrets kept where they are looked for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steadycast.errors import InputError, SettingsError, unknown_name
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.pipeline.secrets import find, keep
from steadycast.platform import Platform, Setting, configured
from steadycast.platform.registry import meant, platforms
from steadycast.workspace import Workspace, edit
from steadycast.workspace.upload_target import upload_target
from steadycast.workspace.values import NAME

Ask = Callable[[Setting], str]  # what a person answers; "" takes the default
YES, NO = {"true", "yes", "y", "1", "on", "是"}, {"false", "no", "n", "0", "off", "否"}

COMMON = {  # what every channel may have, whatever its platform
    "title": Setting("title"),
    "paused": Setting("paused", "bool"),
    "read_back_feed": Setting("read_back_feed", "url"),
    "read_back_private": Setting("read_back_private", "bool"),
}
_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----"
_PEM = r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
UPLOAD = "upload."  # begins the settings of where a channel's folder is brought to
OF_S3, OVER_SSH = ("access_key", "secret_key"), ("key", "password")


def upload_settings() -> dict[str, Setting]:
    """What is asked of a channel's upload beside its platform's own settings, in the language of who reads it now."""
    to = _("where its folder is brought to: sftp://user@host/path, s3://bucket and others")
    key = _("The private key that the host lets in, without a passphrase: all its lines")
    found = (
        Setting("upload.to", help=to),
        Setting("upload.endpoint", "url", help=_("of s3: the server's address")),
        Setting("upload.region", help=_("of s3: us-east-1 where nothing else is said")),
        Setting("upload.within", help=_("how long one upload may take, from 30s to 1h")),
        Setting("upload.overwrite", "bool", help=_("the first upload may replace files that others put there")),
        Setting("upload.key", secret=True, lines=True, title=_("SSH key"), help=key, pattern=_PEM, examples=(_BEGIN,)),
        Setting("upload.password", secret=True, title=_("SSH password"), help=_("Instead of a key")),
        Setting("upload.access_key", secret=True, title=_("Access key"), help=_("The public half of its key")),
        Setting("upload.secret_key", secret=True, title=_("Secret key"), help=_("The secret half of its key")),
    )
    return {setting.name: setting for setting in found}


@dataclass
class Wanted:
    """A channel as it was asked for: its settings as text, and the values of its secrets."""

    platform: Platform
    name: str
    values: dict[str, Any] = field(default_factory=dict)  # as steadycast.toml will say them
    secrets: dict[str, str] = field(default_factory=dict, repr=False)  # name -> value
    upload: dict[str, Any] = field(default_factory=dict)  # its [channel.NAME.upload]
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
    platform = meant(platform, known)
    if platform not in known:
        raise unknown_name("platform", platform, known, _("`steadycast channel list` shows them"))
    spec, name = known[platform], name or platform
    _free(workspace, name)
    uploads = upload_settings() if spec.can_upload else {}
    for key in [*given, *secrets]:
        if key not in spec.settings and key not in uploads and (key not in COMMON or key in secrets):
            all_ = [*spec.settings, *COMMON, *uploads]
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
    _uploaded(made, given, secrets, workspace)
    if missing:
        told = _("; ").join(f"{s.name} ({s.shown_help})" if s.help else s.name for s in missing)
        how = " ".join(f"--secret-file {s.name}=FILE" if s.secret else f"--set {s.name}=VALUE" for s in missing)
        raise InputError(_("%(platform)s needs %(settings)s", platform=platform, settings=told), hint=how)
    return made


def _uploaded(made: Wanted, given: Mapping[str, str], secrets: Mapping[str, str], workspace: Workspace) -> None:
    """Note where the folder is brought to, with its secrets."""
    known = upload_settings()
    asked = {key.removeprefix(UPLOAD): text for key, text in given.items() if key in known}
    if not asked and not secrets.keys() & known.keys():
        return
    named = {key: asked.pop(key) for key in (*OVER_SSH, *OF_S3) if key in asked}
    made.upload = {key: value for key, value in upload_values(made.name, asked, {}).items() if value is not None}
    for key in (*OVER_SSH, *OF_S3):
        setting = known[UPLOAD + key]
        if key in named:
            _named(made, setting, named[key], workspace)
        elif setting.name in secrets:
            _secret(made, setting, secrets[setting.name], None)
        if setting.name in made.values:
            made.upload[key] = made.values.pop(setting.name)


def upload_values(channel: str, asked: Mapping[str, str], there: Mapping[str, Any]) -> dict[str, Any]:
    """What [channel.NAME.upload] is to say by settings given as text; None for a key that falls away.

    `there` is what it says. The keys of s3 are named at once: there is no way without them.
    """
    known = upload_settings()
    values = {key: typed(known[UPLOAD + key], text) for key, text in asked.items()}
    to = str(values.get("to") or there.get("to", ""))
    try:
        target = upload_target(to)
    except ValueError as error:
        raise InputError(f"upload.to: {error}") from None
    s3 = target.scheme == "s3"
    for key in OF_S3:
        values[key] = (there.get(key) or secret_name(channel, UPLOAD + key)) if s3 else None
    if not s3:
        values |= {"endpoint": None, "region": None}
    if not target.over_ssh:
        values |= dict.fromkeys(OVER_SSH)
    return values


def add(workspace: Workspace, asked: Wanted) -> Workspace:
    """Keeps the secrets, and writes the channel's table; the workspace as it is then."""
    after = edit.with_channel(workspace, asked.name, asked.values)  # what cannot be written is said before all else
    if asked.upload:
        after = edit.with_new(after, ("channel", asked.name, "upload"), asked.upload)
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
    value = (value or (ask(setting) if ask else "")).strip().replace("\r\n", "\n")
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


def secrets_of(workspace: Workspace, platform: Platform, name: str) -> dict[str, tuple[Setting, str]]:
    """Each secret that a channel can have, of its platform and of its upload: (what it is, the name it is kept under).

    That name is "" where there is none yet.
    """
    channel = workspace.channels[name]
    found = {
        s.name: (s, str(channel.own.get(s.name) or s.default or "")) for s in platform.settings.values() if s.secret
    }
    if (upload := channel.upload) is not None:
        keys = OF_S3 if upload.target.scheme == "s3" else OVER_SSH if upload.target.over_ssh else ()
        known = upload_settings()
        found |= {UPLOAD + key: (known[UPLOAD + key], getattr(upload, key)) for key in keys}
    return found


def replace_secrets(workspace: Workspace, platform: Platform, name: str, given: Mapping[str, str]) -> list[str]:
    """Keeps new values of a channel's secrets, by setting; says under which names. Raises InputError for a wrong one.

    A secret that the environment sets would go before the one that is kept: that is refused. Over SSH a key takes the
    place of a password, and a password that of a key.
    """
    made, there = Wanted(platform, name), secrets_of(workspace, platform, name)
    for key, value in given.items():
        if key not in there:
            raise unknown_name("secret", key, list(there))
        setting, known = there[key]
        if _secret(made, setting, value, None) and known:
            made.secrets[known] = made.secrets.pop(made.values.pop(key))
    if taken := [each for each in made.secrets if each in os.environ]:
        said = _("%(secrets)s is set in the environment, which goes before what is kept here", secrets=listed(taken))
        raise InputError(said, hint=_("take it away there"))
    after = _with_names(workspace, name, made.values, [key for key in given if key.startswith(UPLOAD)])
    workspace.make_private()
    for each, value in made.secrets.items():
        keep(workspace.secrets, each, value)
    if after is not workspace:
        edit.write(after, workspace)
    return list(made.secrets)


def _with_names(workspace: Workspace, name: str, named: Mapping[str, str], given: Collection[str]) -> Workspace:
    """The workspace that names secrets of a channel which had no name yet, by setting; `given` are its upload's."""
    after, own = workspace, {key: value for key, value in named.items() if not key.startswith(UPLOAD)}
    if own:
        after = edit.with_settings(after, name, own)
    of_ssh = [key for key in OVER_SSH if UPLOAD + key in given]
    if len(of_ssh) > 1:
        raise InputError(_("give it a key or a password, not both"))
    upload, values = workspace.channels[name].upload, dict[str, Any]()
    values |= {key.removeprefix(UPLOAD): value for key, value in named.items() if key not in own}
    values |= {key: None for key in OVER_SSH if of_ssh and key not in of_ssh and getattr(upload, key)}
    return edit.with_table(after, ("channel", name, "upload"), values) if values else after
