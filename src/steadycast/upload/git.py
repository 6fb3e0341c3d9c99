"""A branch of a Git repository, as hosts of static pages read it: one commit an upload, on top of what is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from steadycast.errors import Busy
from steadycast.language import gettext as _
from steadycast.upload.far import Until
from steadycast.upload.manifest import LIST, MOST_BYTES, Chunk
from steadycast.upload.programs import Ran, run, wrong
from steadycast.upload.ssh import Ssh
from steadycast.workspace.upload_target import UploadTarget

AUTHOR = "Steadycast"
_NO_BRANCH = re.compile(r"couldn't find remote ref")
_MOVED = re.compile(r"\[rejected\]|non-fast-forward|fetch first|cannot lock ref|stale info")


@dataclass
class Git:
    """One branch. It is never forced: what others put there stays, and a race is told."""

    target: UploadTarget
    ssh: Ssh | None
    root: Path  # of the files on this machine
    scratch: Path
    repository: Path  # a bare one that is kept, so that only what is new travels
    email: str = ""
    whole: bool = True
    _tip: str = field(default="", init=False)  # the commit that is built upon; "" where the branch is not there

    def read(self, until: Until) -> bytes | None:
        """As Far; and takes the branch's tip."""
        if not (self.repository / "HEAD").is_file():
            self.repository.parent.mkdir(parents=True, exist_ok=True)
            self._well(["init", "--quiet", "--bare", str(self.repository)], until)
        branch = f"+refs/heads/{self.target.branch}:refs/far"
        fetch = ["fetch", "--quiet", "--no-tags", "--depth=1", self._address, branch]
        ran = self._run(fetch, until, changes=False)
        if ran.code and _NO_BRANCH.search(ran.err):
            self._tip = ""
            return None
        if ran.code:
            raise wrong(ran, changes=False)
        self._tip = self._well(["rev-parse", "refs/far"], until).strip()
        if LIST not in self._tree([LIST], until):
            return None
        return self._well(["cat-file", "blob", f"{self._tip}:{LIST}"], until).encode()

    def taken(self, names: Collection[str], until: Until) -> set[str]:
        """As Far."""
        return self._tree(sorted(names), until) if self._tip else set()

    def apply(self, chunk: Chunk, until: Until) -> None:
        """As Far: one commit and one push, so a reader sees all of it or nothing."""
        names = [*chunk.new, *chunk.changed]
        paths = {name: str(self.root / name) for name in names}
        (self.scratch / "list").write_bytes(chunk.after or b"")
        paths[LIST] = str(self.scratch / "list")
        ids = self._well(["hash-object", "-w", "--no-filters", "--stdin-paths"], until, _lines(paths.values())).split()
        self._well(["read-tree", "--empty"] if not self._tip else ["read-tree", self._tip], until)
        told = [f"100644 {blob}\t{name}" for name, blob in zip(paths, ids, strict=True)]
        told += [f"0 {'0' * 40}\t{name}" for name in chunk.gone]
        self._well(["update-index", "-z", "--index-info"], until, "".join(f"{line}\0" for line in told))
        tree = self._well(["write-tree"], until).strip()
        title = f"Publish: {len(names)} files changed, {len(chunk.gone)} removed"
        made = ["commit-tree", tree, "-m", title, *(["-p", self._tip] if self._tip else [])]
        commit = self._well(made, until).strip()
        self._push(commit, until)
        self._tip = commit

    def probe(self, until: Until) -> None:
        """As Far: a push that is not carried out. Rules that the host has for the branch are not asked by it."""
        tree = self._well(["hash-object", "-w", "-t", "tree", "/dev/null"], until).strip()
        parent = ["-p", self._tip] if self._tip else []
        self._push(self._well(["commit-tree", tree, "-m", "Test", *parent], until).strip(), until, "--dry-run")

    def _push(self, commit: str, until: Until, *more: str) -> None:
        push = ["push", "--quiet", "--porcelain", *more, self._address, f"{commit}:refs/heads/{self.target.branch}"]
        ran = self._run(push, until, changes=True)
        if not ran.code:
            return
        both = Ran(ran.code, "", f"{ran.out}\n{ran.err}")
        if _MOVED.search(both.err) and "remote rejected" not in both.err:
            said = _("somebody else pushed to the branch meanwhile: it is tried again on top of that, never forced")
            raise Busy(said)
        raise wrong(both, changes=True)

    def _tree(self, names: Sequence[str], until: Until) -> set[str]:
        ran = self._well(["ls-tree", "-z", "--name-only", self._tip, "--", *names], until)
        return set(ran.split("\0")) & set(names)

    @property
    def _address(self) -> str:
        target = self.target
        if target.scheme == "git+file":
            return target.path
        host = f"[{target.host}]" if ":" in target.host else target.host
        port = f":{target.port}" if target.port else ""
        return f"ssh://{target.user + '@' if target.user else ''}{host}{port}{target.path}"

    def _well(self, args: Sequence[str], until: Until, input: str = "") -> str:
        """What a command of this machine alone says."""
        ran = self._run(args, until, changes=False, input=input)
        if ran.code:
            raise wrong(ran, changes=False)
        return ran.out

    def _run(self, args: Sequence[str], until: Until, *, changes: bool, input: str = "") -> Ran:
        quiet = ["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "core.quotePath=false"]
        return run(["git", *quiet, *args], until, changes=changes, input=input, env=self._env(), most=MOST_BYTES)

    def _env(self) -> Mapping[str, str]:
        person = {"NAME": AUTHOR, "EMAIL": self.email or "steadycast@localhost"}
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in person.items()}
        ours = {
            "GIT_DIR": str(self.repository),
            "GIT_INDEX_FILE": str(self.scratch / "index"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:ssh",
        }
        ssh = {"GIT_SSH_COMMAND": self.ssh.command, "GIT_SSH_VARIANT": "ssh", **self.ssh.env} if self.ssh else {}
        return {**who, **ours, **ssh}


def _lines(paths: Collection[str]) -> str:
    return "".join(f"{path}\n" for path in paths)
