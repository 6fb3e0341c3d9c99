"""SSH as every way over it has it: our own settings, one key or password, and host keys that a person trusted."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from steadycast.crash_safety import durable
from steadycast.errors import Busy, FarSideError
from steadycast.language import gettext as _
from steadycast.upload.far import Until
from steadycast.upload.programs import run
from steadycast.workspace.upload_target import UploadTarget

# Nothing of the user's own settings, or of the machine's, is read: an upload is the same wherever it runs.
_CONFIG = """\
StrictHostKeyChecking yes
UserKnownHostsFile "{known}"
GlobalKnownHostsFile /dev/null
UpdateHostKeys no
CheckHostIP no
ConnectTimeout 15
ServerAliveInterval 10
ServerAliveCountMax 3
ForwardAgent no
ForwardX11 no
ClearAllForwardings yes
LogLevel ERROR
"""
# One connection serves all programs of an upload: making one costs more than most of what they send.
_SHARED = """\
ControlMaster auto
ControlPersist 60
ControlPath "{socket}"
"""
LONGEST_SOCKET = 80  # characters: a socket's whole name has some 100, and ssh puts more behind it
_LINE = re.compile(r"(\S+) ((?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+) ([A-Za-z0-9+/=]+)")
SCAN = 10  # seconds
CLOSED_WITHIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class HostKey:
    """One key that a host shows."""

    line: str  # as known_hosts has it
    kind: str
    fingerprint: str  # SHA256:..., as ssh-keygen writes it


@dataclass(frozen=True, slots=True)
class Ssh:
    """One connection's settings: a file, and what the program's environment needs."""

    config: Path
    env: Mapping[str, str]

    @property
    def command(self) -> str:
        """For programs that start ssh themselves."""
        return shlex.join(["ssh", "-F", str(self.config)])


@contextmanager
def prepared(
    target: UploadTarget, scratch: Path, known_hosts: Path, key: str = "", password: str = ""
) -> Iterator[Ssh]:
    """The settings for one connection. The secret lies in `scratch`, its owner's alone, while the block lasts."""
    lines, env, secret = _CONFIG.format(known=known_hosts), dict[str, str](), scratch / "secret"
    try:
        if password:
            durable.put(secret, f"{password}\n".encode(), rights=0o600)
            asked = scratch / "askpass"
            durable.put(asked, f"#!/bin/sh\nexec cat {shlex.quote(str(secret))}\n".encode(), rights=0o700)
            env = {"SSH_ASKPASS": str(asked), "SSH_ASKPASS_REQUIRE": "force"}
            lines += "BatchMode no\nPreferredAuthentications password,keyboard-interactive\nNumberOfPasswordPrompts 1\n"
            lines += "PubkeyAuthentication no\n"
        else:
            lines += "BatchMode yes\nPreferredAuthentications publickey\n"
        if key:
            durable.put(secret, f"{key.strip()}\n".encode(), rights=0o600)
            lines += f'IdentityFile "{secret}"\nIdentitiesOnly yes\nIdentityAgent none\n'
        if target.port:
            lines += f"Port {target.port}\n"
        config = scratch / "ssh.config"
        with _shared() as socket:
            durable.put(config, f"{lines}{socket}".encode(), rights=0o600)
            try:
                yield Ssh(config, env)
            finally:
                if socket:
                    _end(config, target)
    finally:
        secret.unlink(missing_ok=True)


@contextmanager
def _shared() -> Iterator[str]:
    """The settings of a connection that programs share; none where there is no place for its socket."""
    folder = ""
    with suppress(OSError):
        folder = tempfile.mkdtemp(prefix="steadycast-")
    try:
        yield _SHARED.format(socket=f"{folder}/s") if 0 < len(folder) <= LONGEST_SOCKET else ""
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(config: Path, target: UploadTarget) -> None:
    """Close the shared connection, if there is one."""
    with suppress(FarSideError):
        run(
            ["ssh", "-F", str(config), "-O", "exit", target.login],
            Until(time.monotonic() + CLOSED_WITHIN),
            changes=False,
        )


def host_keys(target: UploadTarget, until: Until) -> list[HostKey]:
    """The keys that the host shows now; Busy where it cannot be reached. Whether they are its own, a person judges."""
    args = ["ssh-keyscan", "-T", str(SCAN), "-p", str(target.port or 22), target.host]
    ran = run(args, until, changes=False)
    found = [HostKey(m[0], m[2], _fingerprint(m[3])) for line in ran.out.splitlines() if (m := _LINE.fullmatch(line))]
    if not found:
        raise Busy(_("the host cannot be reached: %(said)s", said=ran.said or target.place))
    return sorted(found, key=lambda each: ("ed25519" not in each.kind, each.kind))


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _name(target: UploadTarget) -> str:
    return f"[{target.host}]:{target.port}" if target.port not in (None, 22) else target.host


def known(target: UploadTarget, known_hosts: Path) -> list[str]:
    """The lines of the keys of that host which a person trusted."""
    try:
        lines = known_hosts.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [line for line in lines if line.partition(" ")[0] == _name(target)]


def trust(target: UploadTarget, keys: Sequence[HostKey], known_hosts: Path) -> None:
    """Keep these keys as that host's, in the place of those that were kept."""
    before = known_hosts.read_text(encoding="utf-8").splitlines() if known_hosts.exists() else []
    others = [line for line in before if line.partition(" ")[0] != _name(target)]
    lines = [*others, *(f"{_name(target)} {each.line.partition(' ')[2]}" for each in keys)]
    durable.make_folder(known_hosts.parent)
    durable.put(known_hosts, "".join(f"{line}\n" for line in lines).encode(), rights=0o600)
