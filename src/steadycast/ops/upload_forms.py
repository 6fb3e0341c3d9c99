"""The way to a channel's web host as a form asks for it: plain fields, and the settings that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steadycast.errors import InputError, SettingsError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ops.channel_add import typed
from steadycast.platform import Setting
from steadycast.workspace.settings import Upload
from steadycast.workspace.upload_target import HOST, UploadTarget, address_of, upload_target

WAYS: Mapping[str, tuple[str, str]] = {
    "sftp": ("SFTP", N_("Most hosts of web pages have it.")),
    "rsync+ssh": ("rsync", N_("A server of your own, with SSH. Large files go on where they were cut.")),
    "git+ssh": ("Git", N_("Pages from a branch, as GitHub, Gitee and others serve them. Not for podcasts.")),
    "s3": ("S3", N_("Object storage that speaks S3. Files up to 5 GB.")),
    "git+file": (N_("Git on this machine"), N_("A repository in a folder here, which something else publishes.")),
}  # a scheme of `to` -> what it is called, and for whom it is
FIELDS: Mapping[str, tuple[str, ...]] = {
    "sftp": ("host", "user", "folder", "port"),
    "rsync+ssh": ("host", "user", "folder", "port"),
    "git+ssh": ("repository", "branch"),
    "git+file": ("repository", "branch"),
    "s3": ("endpoint", "bucket", "folder", "region"),
}
_CLONED = re.compile(r"(?:ssh://)?(?:([^@\s/]+)@)?(\[[^\]\s]+\]|[^:/\s]+)(?::(\d{1,5})(?=/))?[:/]+(\S+)")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a web host, for people."""

    scheme: str
    title: str
    about: str


def ways() -> list[Way]:
    """All of them, the most usual first."""
    return [Way(scheme, _(title), _(about)) for scheme, (title, about) in WAYS.items()]


def fields(scheme: str) -> list[Setting]:
    """What a form asks of one way, in the language of who reads it. Raises InputError where there is no such way."""
    if scheme not in WAYS:
        raise InputError(_("there is no such way to a web host"))
    known = {
        "host": Setting("host", required=True, title=_("Host"), help=_("As your host names its server for SFTP or SSH, such as ssh.example.org")),  # noqa: E501
        "user": Setting("user", title=_("User name"), help=_("With which you log in there")),
        "port": Setting("port", "int", default=22, min=1, max=65535, title=_("Port"), help=_("22, unless your host says otherwise")),  # noqa: E501
        "folder": Setting("folder", title=_("Folder there"), help=_("public_html begins in your own folder there, /srv/www at the top of the server")),  # noqa: E501
        "repository": Setting("repository", required=True, title=_("Repository"), help=_("Its SSH address, as “Clone” shows it: git@github.com:club/site.git")),  # noqa: E501
        "branch": Setting("branch", default="main", title=_("Branch"), help=_("The one whose pages are served")),
        "endpoint": Setting("endpoint", "url", required=True, title=_("Storage server"), help=_("The storage's address for S3 (endpoint), as https://s3.example.org")),  # noqa: E501
        "bucket": Setting("bucket", required=True, title=_("Bucket"), help=_("It has to be there already")),
        "region": Setting("region", default="us-east-1", title=_("Region"), help=_("us-east-1, unless your storage says otherwise")),  # noqa: E501
    }  # fmt: skip
    if scheme == "git+file":
        help_ = _("The path of its folder on this machine, as /srv/site.git")
        known["repository"] = Setting("repository", required=True, title=_("Repository"), help=help_)
    if scheme == "s3":
        help_ = _("Below the bucket's top; empty: at its top")
        known["folder"] = Setting("folder", title=_("Folder there"), help=help_)
    within = _("How long one upload may take, from 30s to 1h; the next one goes on where it ended")
    replaces = _("The first upload may replace files of the same name that others put there")
    return [
        *(known[name] for name in FIELDS[scheme]),
        Setting("within", default="5m", title=_("Longest upload"), help=within),
        Setting("overwrite", "bool", default=False, title=_("Replace what is there"), help=replaces),
    ]


def filled(upload: Upload) -> dict[str, Any]:
    """A form's fields as an upload has them."""
    target = upload.target
    said: dict[str, Any] = {"within": span(upload), "overwrite": upload.overwrite, "branch": target.branch}
    said |= {"host": target.host, "user": target.user, "port": target.port or "", "folder": target.path}
    said |= {"endpoint": upload.endpoint, "bucket": target.host, "region": upload.region}
    at = f"{target.login}:{target.path.lstrip('/')}"
    if target.port:
        at = f"ssh://{target.login}:{target.port}{target.path}"
    return said | {"repository": target.path if target.scheme == "git+file" else at}


def span(upload: Upload) -> str:
    """How long one upload may take, as steadycast.toml says it: "5m", "90s"."""
    seconds = int(upload.within.total_seconds())
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def asked(scheme: str, given: Mapping[str, str]) -> dict[str, str]:
    """The settings of an upload, as text, that a filled-in form makes. Raises what is wrong with a field."""
    said: dict[str, Any] = {}
    for setting in fields(scheme):
        text = given.get(setting.name, "").strip()
        if setting.required and not text:
            raise InputError(_("%(field)s is missing", field=setting.shown_title), hint=setting.shown_help)
        if text:
            try:
                said[setting.name] = typed(setting, text)
            except SettingsError as error:
                told = _("%(name)s: %(said)s", name=setting.shown_title, said=error.message)
                raise InputError(told, hint=error.hint) from None
    try:
        to = address_of(_target(scheme, said))
        upload_target(to)
    except ValueError as error:
        raise InputError(str(error)) from None
    made = {"to": to} | {key: str(said[key]) for key in ("endpoint", "region", "within") if key in said}
    return made | {"overwrite": "true" if said.get("overwrite") else "false"}


def _target(scheme: str, said: Mapping[str, Any]) -> UploadTarget:
    port = said.get("port")
    if scheme == "git+file":
        if not said["repository"].startswith("/"):
            raise ValueError(_("a path on this machine begins with /, as /srv/site.git"))
        return UploadTarget(scheme, "", path=said["repository"], branch=said.get("branch", "main"))
    if scheme == "git+ssh":
        found = _CLONED.fullmatch(said["repository"])
        if not found or "://" in said["repository"].removeprefix("ssh://"):
            raise ValueError(_("the repository's SSH address looks like git@github.com:club/site.git"))
        user, host, at, path = found.groups()
        return UploadTarget(
            scheme, host.strip("[]"), user or "", int(at) if at else None, f"/{path}", said.get("branch", "main")
        )
    parts = [part for part in str(said.get("folder", "")).split("/") if part]
    folder = "/".join(parts[1:] if parts[:1] == ["~"] else parts)
    if scheme == "s3":
        return UploadTarget(scheme, said["bucket"], path=folder.strip("/"))
    if str(said.get("folder", "")).startswith("/"):
        folder = f"/{folder}"
    host = said["host"].removeprefix("[").removesuffix("]")
    if not HOST.fullmatch(host):
        raise ValueError(_("a host is a name alone, as ssh.example.org; port and folder have their own fields"))
    return UploadTarget(scheme, host, said.get("user", ""), None if port in (None, 22) else port, folder)
