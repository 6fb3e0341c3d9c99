"""Other programs (sftp, rsync, git), run within a time; what they say when they fail is one of the three errors."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from steadycast.characters import one_line
from steadycast.errors import Busy, FarSideError, Refused, Unknown
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.upload.far import Until

SAID = 20_000  # bytes of what a program says, at its end
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "TMPDIR")  # of our environment: a child needs no secret


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What it said went wrong, in one line."""
        return one_line(" ".join(self.err.split()))[-300:]


def run(
    args: Sequence[str],
    until: Until,
    *,
    changes: bool,
    input: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    most: int = SAID,
) -> Ran:
    """How it ended. Raises Refused where it is not installed; Busy, or Unknown where it `changes` something, on time.
    Of what it says the last `most` bytes are kept.

    It ends with this thread: what outlives a worker that was ended would act late.
    """
    program = shutil.which(args[0])
    if program is None:
        raise Refused(_("the program %(name)s is not installed here", name=args[0]))
    tied = [found, "--pdeathsig", "KILL"] if (found := shutil.which("setpriv")) else []
    given = {name: os.environ[name] for name in KEPT if name in os.environ} | {"LC_ALL": "C", **(env or {})}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as fed:
        fed.write(input.encode())
        fed.seek(0)
        child = subprocess.Popen(  # noqa: S603 the program is named here, and its arguments are checked where they begin
            [*tied, program, *args[1:]], stdin=fed, stdout=out, stderr=err, cwd=cwd, env=given, start_new_session=True
        )
        try:
            code = child.wait(until.left)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            kind = Unknown if changes else Busy
            raise kind(_("it did not end in time; `within` says how long one upload may take")) from None
        return Ran(code, _end(out, most), _end(err, SAID))


def _end(file: BinaryIO, most: int) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - most))
    return file.read().decode("utf-8", "replace")


# What programs say (in English, LC_ALL=C), and what a person does about it.
_REFUSED = {
    r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed": N_(
        "the key of the host is another than the one that was trusted: somebody may stand between. Ask your host; if "
        "it has a new one, `steadycast channel login` shows it and asks"
    ),
    r"Host key verification failed|No .* host key is known": N_(
        "the key of the host is not known yet: `steadycast channel login` shows it and asks"
    ),
    r"Load key .*: |invalid format|error in libcrypto": N_(
        "the secret holds no private key that SSH can read: put the whole file there, without a passphrase"
    ),
    r"Permission denied \(|Too many authentication failures|Authentication failed": N_(
        "the host does not let us in: see that the user is right, and that the host has our public key, or that the "
        "password is right"
    ),
    r"(rsync|sftp-server|git-receive-pack|git-upload-pack): (command )?not found": N_(
        "the host does not have the program that is needed: choose another way to it"
    ),
    r"[Qq]uota|No space left": N_("the host has no room left: free some, or ask for more"),
    r"Permission denied|Read-only file system|Operation not permitted|not writable|insufficient permission": N_(
        "the host lets us in, and does not let us write there: see whose the folder is"
    ),
    r"not appear to be a git repository|Repository not found|repository .* does not exist|no such repository": N_(
        "there is no such repository: see its path"
    ),
    r"hook declined|protected branch|denyCurrentBranch|branch is currently checked out": N_(
        "the repository does not take a push to that branch: see its rules, or name another branch"
    ),
    r"subsystem request failed|Received message too long": N_("the host has no SFTP: choose another way to it"),
    r"Not a directory|Is a directory": N_("something else has the name of a file or folder of ours there"),
}
_NOT_REACHED = re.compile(
    r"Connection refused|Could not resolve|timed out during|Connection timed out|No route to host"
    r"|Network is unreachable|kex_exchange_identification|Temporary failure"
)


def wrong(ran: Ran, *, changes: bool) -> FarSideError:
    """The error that a program's ending means."""
    for pattern, fix in _REFUSED.items():
        if re.search(pattern, ran.err):
            return Refused(_("%(fix)s (it said: %(said)s)", fix=_(fix), said=ran.said))
    if not changes or (ran.code == 255 and _NOT_REACHED.search(ran.err)):
        return Busy(_("the host cannot be reached: %(said)s", said=ran.said or ran.code))
    return Unknown(_("it was cut off: %(said)s", said=ran.said or ran.code))
