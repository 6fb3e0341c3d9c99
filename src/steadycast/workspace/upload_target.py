"""Where an upload goes, read from its address, such as `sftp://user@host/path` or `git+ssh://user@host/path#branch`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from steadycast.errors import did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.on_demand import lazy_pattern

PROGRAMS = {
    "sftp": ("sftp", "ssh", "ssh-keyscan"),
    "rsync+ssh": ("rsync", "ssh", "ssh-keyscan"),
    "git+ssh": ("git", "ssh", "ssh-keyscan"),
    "git+file": ("git",),
    "s3": (),
}  # a scheme -> the programs that it needs
OVER_SSH = ("sftp", "rsync+ssh", "git+ssh")
# None of them begins with a dash: a program would take it for an option.
_USER = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}")
HOST = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]{2,45}")
_BUCKET = lazy_pattern(r"[a-z0-9][a-z0-9.-]{1,62}")
_BRANCH = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_PLAIN = lazy_pattern(r"[^\x00-\x1f\x7f\\\"'`$*?\[\]{}<>|;&!]*")  # no character that a shell or a program reads as more


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """One place that files are brought to."""

    scheme: str
    host: str  # of s3: the bucket
    user: str = ""
    port: int | None = None
    path: str = ""  # over SSH: "/srv/www", or below the user's home "www"; of s3: the prefix, without slashes around it
    branch: str = ""  # of git

    @property
    def over_ssh(self) -> bool:
        """Whether a host key has to be known before anything is sent."""
        return self.scheme in OVER_SSH

    @property
    def login(self) -> str:
        """`user@host`, as ssh takes it."""
        return f"{self.user}@{self.host}" if self.user else self.host

    @property
    def place(self) -> str:
        """Where it is, for people."""
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}/{self.path.lstrip('/')}" if self.host else self.path


def upload_target(address: str) -> UploadTarget:
    """The target that an address names; ValueError says what is wrong with it, for people."""
    if wrong := _wrong(address):
        raise ValueError(wrong)
    parts = urlsplit(address)
    host, port, user, path = parts.hostname or "", parts.port, unquote(parts.username or ""), unquote(parts.path)
    if parts.scheme.startswith("git+"):
        return UploadTarget(parts.scheme, host, user, port, path, parts.fragment or "main")
    if parts.scheme == "s3":
        return UploadTarget(parts.scheme, host, path=path.strip("/"))
    if path == "/~" or path.startswith("/~/"):
        return UploadTarget(parts.scheme, host, user, port, path[2:].strip("/"))
    return UploadTarget(parts.scheme, host, user, port, path.rstrip("/") or "/")


def address_of(target: UploadTarget) -> str:
    """The address that names a target: what `upload_target` reads it from."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    user = f"{quote(target.user, safe='+')}@" if target.user else ""
    port = f":{target.port}" if target.port else ""
    path = target.path if target.path.startswith("/") else f"/~/{target.path}" if target.over_ssh else f"/{target.path}"
    branch = f"#{target.branch}" if target.branch else ""
    return f"{target.scheme}://{user}{host}{port}{quote(path, safe='/~+=,@:')}{branch}"


def _wrong(address: str) -> str:
    """What is wrong with an address, or ""."""
    scheme, colon, _rest = address.partition("://")
    if scheme not in PROGRAMS or not colon:
        ways = _("it begins with one of %(known)s", known=listed(f"{each}://" for each in PROGRAMS))
        hint = did_you_mean(scheme, PROGRAMS, ways)
        return _("%(value)s is no way to a web host; %(hint)s", value=quoted(address[:100]), hint=hint)
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets around what is no number
        return _("a host stands behind %(scheme)s://", scheme=scheme)
    if parts.password is not None:
        return _('no password stands in an address: name its secret with password = "NAME"')
    try:
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return _("its port is no number")
    user, path = unquote(parts.username or ""), unquote(parts.path)
    if scheme == "s3" and not _BUCKET.fullmatch(parts.netloc):
        return _("a bucket stands behind %(scheme)s://", scheme=scheme)
    if scheme in OVER_SSH and not HOST.fullmatch(host):
        return _("a host stands behind %(scheme)s://", scheme=scheme)
    if scheme == "git+file" and host:
        return _("a path stands behind %(scheme)s://, as /srv/site.git", scheme=scheme)
    if user and not _USER.fullmatch(user):
        return _("%(user)s cannot be a user's name", user=quoted(user[:60]))
    if not _PLAIN.fullmatch(path) or ".." in path.split("/") or path.startswith(("/~/-", "/-", "-")):
        return _("its path has a character that cannot be used, or ..")
    return _wrong_end(scheme, path, parts.query, parts.fragment)


def _wrong_end(scheme: str, path: str, query: str, branch: str) -> str:
    git = scheme.startswith("git+")
    if query or (branch and not git):
        return _("nothing stands behind its path")
    if git and not path.strip("/"):
        return _("the path of the repository is missing")
    if branch and (not _BRANCH.fullmatch(branch) or ".." in branch or branch.endswith(".lock")):
        return _("%(branch)s cannot be a branch", branch=quoted(branch[:60]))
    return ""
