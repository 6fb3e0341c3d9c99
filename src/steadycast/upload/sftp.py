"""SFTP by OpenSSH's own program: each file under a temporary name first, then renamed over what was there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from steadycast.errors import FarSideError
from steadycast.upload.far import Until
from steadycast.upload.manifest import LIST, Chunk
from steadycast.upload.programs import Ran, run, wrong
from steadycast.upload.ssh import Ssh
from steadycast.workspace.upload_target import UploadTarget

PART = ".steadycast-part"
PROBE = ".steadycast-test"
_MISSING = re.compile(r"not found|No such file")


@dataclass
class Sftp:
    """One folder of a host that has SFTP."""

    target: UploadTarget
    ssh: Ssh
    root: Path  # of the files on this machine
    scratch: Path
    whole: bool = False
    _replaces: bool = field(default=True, init=False)  # its rename takes the place of a file that is there

    def read(self, until: Until) -> bytes | None:
        """As Far."""
        copy = self.scratch / "read"
        copy.unlink(missing_ok=True)
        ran = self._run([f"get {_quoted(self._far(LIST))} {_quoted(str(copy))}"], until, changes=False)
        if copy.is_file() and ran.code == 0:
            return copy.read_bytes()
        if ran.code == 1 and _MISSING.search(ran.err):
            return None
        raise wrong(ran, changes=False)

    def taken(self, names: Collection[str], until: Until) -> set[str]:
        """As Far."""
        ran = self._run([f"-ls -1 {_quoted(self._far(name))}" for name in sorted(names)], until, changes=False)
        if ran.code:
            raise wrong(ran, changes=False)
        lines = [line for line in ran.out.splitlines() if not line.startswith("sftp> ")]
        return {line.rstrip("/").rpartition("/")[2] for line in lines} & set(names)

    def apply(self, chunk: Chunk, until: Until) -> None:
        """As Far."""
        self._changed(lambda: self._puts(chunk), until)
        if chunk.gone:
            ran = self._run([f"-rm {_quoted(self._far(name))}" for name in chunk.gone], until, changes=True)
            kept = [line for line in ran.err.splitlines() if "delete" in line and not _MISSING.search(line)]
            if ran.code or kept:
                raise wrong(Ran(ran.code, "", "\n".join(kept) or ran.err), changes=True)
        if chunk.after is not None:
            after = chunk.after
            self._changed(lambda: self._list("after", after), until)

    def probe(self, until: Until) -> None:
        """As Far."""
        file = self.scratch / "probe"
        file.write_bytes(b"Steadycast was here\n")
        there = _quoted(self._far(PROBE))
        lines = [*self._folders([PROBE]), f"put {_quoted(str(file))} {there}", f"rm {there}"]
        ran = self._run(lines, until, changes=True)
        if ran.code:
            raise wrong(ran, changes=True)

    def _puts(self, chunk: Chunk) -> Iterator[str]:
        names = (*chunk.new, *chunk.changed)
        yield from self._folders(names)
        if chunk.before is not None:
            yield from self._list("before", chunk.before)
        for name in names:
            yield from self._put(str(self.root / name), name)

    def _list(self, which: str, data: bytes) -> Iterable[str]:
        file = self.scratch / which
        file.write_bytes(data)
        return self._put(str(file), LIST)

    def _put(self, local: str, name: str) -> Iterator[str]:
        folder, slash, last = name.rpartition("/")
        part = _quoted(self._far(f"{folder}{slash}.{last.lstrip('.')}{PART}"))
        yield f"put {_quoted(local)} {part}"
        yield f"-chmod 644 {part}"  # readers get what a web server of another user may read
        if not self._replaces:
            yield f"-rm {_quoted(self._far(name))}"
        yield f"rename {part} {_quoted(self._far(name))}"

    def _folders(self, names: Iterable[str]) -> Iterator[str]:
        base = self.target.path.rstrip("/")
        steps = base.split("/")
        yield from (f"-mkdir {_quoted(path)}" for n in range(1, len(steps) + 1) if (path := "/".join(steps[:n])))
        made = {"/".join(parts[:n]) for name in names for parts in [name.split("/")] for n in range(1, len(parts))}
        yield from (f"-mkdir {_quoted(self._far(folder))}" for folder in sorted(made))

    def _far(self, name: str) -> str:
        path = self.target.path
        return f"{path.rstrip('/')}/{name}" if path else name

    def _changed(self, lines: object, until: Until) -> None:
        """Do what `lines()` says; once more by taking files away first where the server's rename replaces none."""
        made: Iterable[str] = lines()  # type: ignore[operator]
        ran = self._run(made, until, changes=True)
        if ran.code == 1 and self._replaces and re.search(r"rename .*(Failure|already exists)", ran.err):
            self._replaces = False
            ran = self._run(lines(), until, changes=True)  # type: ignore[operator]
        if ran.code:
            raise self._meant(ran)

    def _meant(self, ran: Ran) -> FarSideError:
        """By what went wrong last: folders that are there already are told of as well."""
        lines = [line for line in ran.err.splitlines() if "mkdir" not in line and "setstat" not in line]
        return wrong(Ran(ran.code, "", "\n".join(lines) or ran.err), changes=True)

    def _run(self, lines: Iterable[str], until: Until, *, changes: bool) -> Ran:
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        login = f"{self.target.user}@{host}" if self.target.user else host
        args = ["sftp", "-F", str(self.ssh.config), "-b", "-", login]
        if "SSH_ASKPASS" in self.ssh.env:  # -b alone turns off all questions, this one too
            args[1:1] = ["-oBatchMode=no"]
        batch = "".join(f"{line}\n" for line in lines)
        return run(args, until, changes=changes, input=batch, env=self.ssh.env)


def _quoted(name: str) -> str:
    """A name as sftp's own lines take it: it reads quotes, backslashes, and patterns."""
    return '"' + re.sub(r'([\\"*?\[\]])', r"\\\1", name) + '"'
