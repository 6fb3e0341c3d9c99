"""rsync over SSH: only what differs inside of a file travels, and a large one goes on where it was cut."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from steadycast.upload.far import Until
from steadycast.upload.manifest import LIST, Chunk
from steadycast.upload.programs import Ran, run, wrong
from steadycast.upload.ssh import Ssh
from steadycast.workspace.upload_target import UploadTarget

PROBE = ".steadycast-test"
_MISSING = re.compile(r"(link_stat|change_dir|opendir) .* failed: No such file")


@dataclass
class Rsync:
    """One folder of a host that has rsync, of version 3.2.3 or newer."""

    target: UploadTarget
    ssh: Ssh
    root: Path  # of the files on this machine
    scratch: Path
    whole: bool = False

    def read(self, until: Until) -> bytes | None:
        """As Far."""
        copy = self.scratch / "read"
        copy.unlink(missing_ok=True)
        ran = self._run(["--ignore-times", self._far(LIST), str(copy)], until, changes=False)
        if ran.code == 0 and copy.is_file():
            return copy.read_bytes()
        if ran.code == 23 and _MISSING.search(ran.err):
            return None
        raise wrong(ran, changes=False)

    def taken(self, names: Collection[str], until: Until) -> set[str]:
        """As Far."""
        ran = self._run(["--dirs", "--list-only", self._far("")], until, changes=False)
        if ran.code == 23 and _MISSING.search(ran.err):
            return set()
        if ran.code:
            raise wrong(ran, changes=False)
        return {parts[4] for line in ran.out.splitlines() if len(parts := line.split(None, 4)) == 5} & set(names)

    def apply(self, chunk: Chunk, until: Until) -> None:
        """As Far. It sorts what it is given, so what has to come first is a run of its own."""
        if chunk.before is not None:
            self._list(chunk.before, until)
        for names in (chunk.new, chunk.changed):
            if names:
                self._change([f"{self.root}/", self._far("")], until, names)
        if chunk.gone:  # what is named, and is not in an empty folder, is taken away there
            folder = self._empty()
            for name in chunk.gone:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
            self._change(["--delete-missing-args", f"{folder}/", self._far("")], until, chunk.gone)
        if chunk.after is not None:
            self._list(chunk.after, until)

    def probe(self, until: Until) -> None:
        """As Far."""
        folder = self._empty()
        (folder / PROBE).write_bytes(b"Steadycast was here\n")
        self._change([f"{folder}/", self._far("")], until, [PROBE])
        (folder / PROBE).unlink()
        self._change(["--delete-missing-args", f"{folder}/", self._far("")], until, [PROBE])

    def _empty(self) -> Path:
        folder = self.scratch / "empty"
        folder.mkdir(exist_ok=True)
        return folder

    def _list(self, data: bytes, until: Until) -> None:
        folder = self.scratch / "list"
        folder.mkdir(exist_ok=True)
        (folder / LIST).write_bytes(data)
        self._change([f"{folder}/", self._far("")], until, [LIST])

    def _change(self, args: Sequence[str], until: Until, names: Sequence[str]) -> None:
        ours = ["--ignore-times", "--perms", "--chmod=D755,F644", "--mkpath", "--delay-updates", "--from0"]
        given = "".join(f"{name}\0" for name in names)
        ran = self._run([*ours, "--files-from=-", *args], until, changes=True, input=given)
        if ran.code:
            raise wrong(ran, changes=True)

    def _run(self, args: Sequence[str], until: Until, *, changes: bool, input: str = "") -> Ran:
        command = ["rsync", "--times", "--secluded-args", "--timeout=60", f"--rsh={self.ssh.command}", *args]
        return run(command, until, changes=changes, input=input, env=self.ssh.env)

    def _far(self, name: str) -> str:
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        login = f"{self.target.user}@{host}" if self.target.user else host
        path = self.target.path
        return f"{login}:{path.rstrip('/')}/{name}" if path else f"{login}:./{name}"
