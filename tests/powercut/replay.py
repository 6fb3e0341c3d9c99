"""The log of a run told to a disk, call by call: descriptors, folders, versions of each file, and what was promised."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from powercut.disk import Change, Disk, File, Folder, Node
from powercut.trace import Call, data, vectors

TEMPORARY = re.compile(r"(^|/)\.[^/]+$")  # a name on its way to another one
SHARED_MEMORY = "-shm"  # SQLite makes it anew; it never reaches a disk on purpose


@dataclass(eq=False, slots=True)
class Open:
    """An open file: of the disk, of the world outside (`path`), or the file of marks."""

    node: Node | None
    path: str
    at: int = 0
    append: bool = False
    marks: bool = False


@dataclass
class Promised:
    """What had been promised up to a moment."""

    commits: list[str] = field(default_factory=list)  # a hash of the whole ledger after each commit
    opened: bool = False
    files: dict[str, int] = field(default_factory=dict)  # path -> which of its versions, at least
    versions: dict[str, list[str | None]] = field(default_factory=dict)  # path -> hashes; None: taken away

    def copy(self) -> Promised:
        return Promised([*self.commits], self.opened, dict(self.files), {})


class Replay:
    """Tells `disk` what the calls of a run did; `promised` is what had been promised by then."""

    def __init__(self, disk: Disk, root: Path, marks: Path) -> None:
        self.disk = disk
        self.root, self.marks = str(root), str(marks)
        self.promised = Promised()
        self.in_place: set[str] = set()  # files written under their own name
        self._tables: dict[int, dict[int, Open]] = {}
        self._cwd: dict[int, str] = {}
        self._calls: dict[str, Callable[[Call, list[str]], None]] = {
            name.removeprefix("on_"): getattr(self, name) for name in dir(self) if name.startswith("on_")
        }

    def tell(self, call: Call) -> bool:
        """Whether the call changed anything that a cut could undo, or promised something."""
        self._changed = False
        self._calls[call.name](call, call.arguments)
        return self._changed

    # Descriptors

    def _open(self, call: Call, fd: str) -> Open | None:
        return self._table(call.pid).get(int(fd, 0))

    def _table(self, pid: int) -> dict[int, Open]:
        return self._tables.setdefault(pid, {})

    def on_clone(self, call: Call, arguments: list[str]) -> None:
        shared = "CLONE_FILES" in " ".join(arguments)
        # A child's first calls may come back before its parent's clone does.
        inherited = self._table(call.pid)
        early = self._tables.get(call.result, {})
        self._tables[call.result] = inherited if shared else {**inherited, **early}
        if shared:
            inherited.update(early)
        self._cwd[call.result] = self._cwd.get(call.pid, self.root)

    on_clone3 = on_fork = on_vfork = on_clone

    def on_close(self, call: Call, arguments: list[str]) -> None:
        self._table(call.pid).pop(int(arguments[0]), None)

    def on_close_range(self, call: Call, arguments: list[str]) -> None:
        table, (first, last) = self._table(call.pid), (int(a, 0) for a in arguments[:2])
        for fd in [fd for fd in table if first <= fd <= last]:
            del table[fd]

    def on_dup(self, call: Call, arguments: list[str]) -> None:
        self._table(call.pid).pop(call.result, None)
        if (known := self._open(call, arguments[0])) is not None:
            self._table(call.pid)[call.result] = known

    on_dup2 = on_dup3 = on_dup

    def on_fcntl(self, call: Call, arguments: list[str]) -> None:
        if arguments[1].startswith("F_DUPFD"):
            self.on_dup(call, arguments)

    def on_lseek(self, call: Call, arguments: list[str]) -> None:
        if (known := self._open(call, arguments[0])) is not None:
            known.at = call.result

    def on_chdir(self, call: Call, arguments: list[str]) -> None:
        self._cwd[call.pid] = self._path(call, None, arguments[0])

    def on_fchdir(self, call: Call, arguments: list[str]) -> None:
        known = self._open(call, arguments[0])
        if known is not None:
            self._cwd[call.pid] = known.path

    def on_mmap(self, call: Call, arguments: list[str]) -> None:
        flags, fd = arguments[3], arguments[4]
        if "MAP_SHARED" in flags and "PROT_WRITE" in arguments[2] and fd != "-1":
            known = self._open(call, fd)
            if known and known.node and not known.path.endswith(SHARED_MEMORY):
                raise ValueError(f"{known.path} is written through a mapping, which is not modelled")

    # Names

    def _path(self, call: Call, at: str | None, argument: str) -> str:
        name = os.fsdecode(data(argument))
        base = self._cwd.get(call.pid, self.root)
        if at not in (None, "AT_FDCWD") and (known := self._open(call, str(at))) is not None:
            base = known.path
        return os.path.normpath(os.path.join(base, name))

    def _place(self, path: str) -> tuple[Folder, str] | None:
        """The folder and the name of a path on the disk; None for the world outside."""
        if not path.startswith(self.root + "/"):
            return None
        folder: Node = self.disk.root
        *parts, name = path.removeprefix(self.root + "/").split("/")
        for part in parts:
            assert isinstance(folder, Folder)
            folder = folder.live[part]
        assert isinstance(folder, Folder)
        return folder, name

    def _node(self, path: str) -> Node | None:
        if path == self.root:
            return self.disk.root
        place = self._place(path)
        return place and place[0].live.get(place[1])

    def _opened(self, call: Call, path: str, flags: str) -> None:
        known = Open(None, path, append="O_APPEND" in flags, marks=path == self.marks)
        self._table(call.pid)[call.result] = known
        if "O_TMPFILE" in flags:
            raise ValueError(f"{path}: files without a name are not modelled")
        if not path.startswith(self.root) or path.endswith(SHARED_MEMORY):
            return
        known.node = self._node(path)
        writes = "O_WRONLY" in flags or "O_RDWR" in flags
        if known.node is None and "O_CREAT" in flags:
            place = self._place(path)
            assert place is not None
            known.node = File()
            self.disk.name(place[0], {place[1]: known.node})
            self._changed = True
        if isinstance(known.node, File) and writes:
            if "O_TRUNC" in flags and known.node.live:
                self._write(known, Change(0, None))
            if not TEMPORARY.search(path):
                self.in_place.add(self._short(path))

    def on_openat(self, call: Call, arguments: list[str]) -> None:
        self._opened(call, self._path(call, arguments[0], arguments[1]), arguments[2])

    def on_open(self, call: Call, arguments: list[str]) -> None:
        self._opened(call, self._path(call, None, arguments[0]), arguments[1])

    def on_creat(self, call: Call, arguments: list[str]) -> None:
        self._opened(call, self._path(call, None, arguments[0]), "O_WRONLY|O_CREAT|O_TRUNC")

    def _renamed(self, old: str, new: str) -> None:
        source, target = self._place(old), self._place(new)
        if source is None and target is None:
            return
        assert source is not None
        assert target is not None
        self.disk.rename(source, target)
        self._changed = True
        self._gone(old)
        self._there(new)

    def on_rename(self, call: Call, arguments: list[str]) -> None:
        self._renamed(*(self._path(call, None, a) for a in arguments[:2]))

    def on_renameat(self, call: Call, arguments: list[str]) -> None:
        self._renamed(self._path(call, *arguments[:2]), self._path(call, *arguments[2:4]))

    on_renameat2 = on_renameat

    def _linked(self, old: str, new: str) -> None:
        if (target := self._place(new)) is not None:
            node = self._node(old)
            if node is None:
                node = File()
                node.live = bytearray(Path(old).read_bytes())
                node.durable = bytearray(node.live)
            self.disk.name(target[0], {target[1]: node})
            self._changed = True
            self._there(new)

    def on_link(self, call: Call, arguments: list[str]) -> None:
        self._linked(*(self._path(call, None, a) for a in arguments[:2]))

    def on_linkat(self, call: Call, arguments: list[str]) -> None:
        self._linked(self._path(call, *arguments[:2]), self._path(call, *arguments[2:4]))

    def on_symlinkat(self, call: Call, arguments: list[str]) -> None:
        raise ValueError(f"symbolic links are not modelled: {arguments}")

    on_symlink = on_symlinkat

    def _removed(self, path: str) -> None:
        place = self._place(path)
        if place is None or path.endswith(SHARED_MEMORY):
            return
        self.disk.name(place[0], {place[1]: None})
        self._changed = True
        self._gone(path)

    def on_unlink(self, call: Call, arguments: list[str]) -> None:
        self._removed(self._path(call, None, arguments[0]))

    on_rmdir = on_unlink

    def on_unlinkat(self, call: Call, arguments: list[str]) -> None:
        self._removed(self._path(call, *arguments[:2]))

    def _folder(self, path: str) -> None:
        if (place := self._place(path)) is not None:
            self.disk.name(place[0], {place[1]: Folder()})
            self._changed = True

    def on_mkdir(self, call: Call, arguments: list[str]) -> None:
        self._folder(self._path(call, None, arguments[0]))

    def on_mkdirat(self, call: Call, arguments: list[str]) -> None:
        self._folder(self._path(call, *arguments[:2]))

    # Bytes

    def _write(self, known: Open, change: Change) -> None:
        assert isinstance(known.node, File)
        self.disk.write(known.node, change)
        self._changed = True

    def _put(self, call: Call, fd: str, content: bytes, offset: int | None = None) -> None:
        known = self._open(call, fd)
        if known is None:
            return
        if known.marks:
            self._mark(json.loads(content))
        if not isinstance(known.node, File):
            return
        at = known.at if offset is None else offset
        if known.append:
            at = len(known.node.live)
        self._write(known, Change(at, content[: call.result]))
        if offset is None:
            known.at = at + call.result

    def on_write(self, call: Call, arguments: list[str]) -> None:
        known = self._open(call, arguments[0])
        if known and (known.marks or known.node):
            self._put(call, arguments[0], data(arguments[1]))

    def on_pwrite64(self, call: Call, arguments: list[str]) -> None:
        known = self._open(call, arguments[0])
        if known and known.node:
            self._put(call, arguments[0], data(arguments[1]), int(arguments[3]))

    def on_writev(self, call: Call, arguments: list[str]) -> None:
        self._put(call, arguments[0], vectors(arguments[1]))

    def on_pwritev(self, call: Call, arguments: list[str]) -> None:
        self._put(call, arguments[0], vectors(arguments[1]), int(arguments[3]))

    on_pwritev2 = on_pwritev

    def on_sendfile(self, call: Call, arguments: list[str]) -> None:
        self._copied(call, arguments[1], _offset(arguments[2]), arguments[0], None)

    def on_copy_file_range(self, call: Call, arguments: list[str]) -> None:
        self._copied(call, arguments[0], _offset(arguments[1]), arguments[2], _offset(arguments[3]))

    def _copied(self, call: Call, source: str, at: int | None, target: str, to: int | None) -> None:
        known = self._open(call, source)
        if known is None or (there := self._open(call, target)) is None or there.node is None:
            return
        content = known.node.live if isinstance(known.node, File) else Path(known.path).read_bytes()
        begin = known.at if at is None else at
        self._put(call, target, bytes(content[begin : begin + call.result]), to)
        if at is None:
            known.at = begin + call.result

    def on_ftruncate(self, call: Call, arguments: list[str]) -> None:
        known = self._open(call, arguments[0])
        if known and isinstance(known.node, File):
            self._write(known, Change(int(arguments[1]), None))

    def on_truncate(self, call: Call, arguments: list[str]) -> None:
        path = self._path(call, None, arguments[0])
        if isinstance(node := self._node(path), File):
            self._write(Open(node, path), Change(int(arguments[1]), None))

    def on_fallocate(self, call: Call, arguments: list[str]) -> None:
        known = self._open(call, arguments[0])
        if known and isinstance(known.node, File):
            raise ValueError(f"{known.path}: fallocate is not modelled")

    def on_fsync(self, call: Call, arguments: list[str]) -> None:
        known = self._open(call, arguments[0])
        if known and known.node is not None:
            self.disk.sync(known.node)
            self._changed = True

    on_fdatasync = on_fsync

    def on_sync_file_range(self, call: Call, arguments: list[str]) -> None:
        """It promises nothing."""

    def on_sync(self, call: Call, arguments: list[str]) -> None:
        raise ValueError(f"{call.name} is not modelled")

    on_syncfs = on_msync = on_sync

    # What was promised

    def _short(self, path: str) -> str:
        return path.removeprefix(self.root + "/")

    def _there(self, path: str) -> None:
        if isinstance(node := self._node(path), File) and not TEMPORARY.search(path):
            digest = hashlib.sha256(node.live).hexdigest()
            self.promised.versions.setdefault(self._short(path), []).append(digest)

    def _gone(self, path: str) -> None:
        if (known := self.promised.versions.get(self._short(path))) is not None:
            known.append(None)

    def _mark(self, said: dict[str, Any]) -> None:
        self._changed = True
        if "ledger" in said:
            self.promised.commits.append(said["ledger"])
        self.promised.opened |= bool(said.get("opened"))
        for below in said.get("files", ()):
            for path, versions in self.promised.versions.items():
                if path == below or path.startswith(f"{below}/"):
                    self.promised.files[path] = len(versions) - 1


def _offset(argument: str) -> int | None:
    """An offset as strace writes it: NULL, [0], or [0] => [4096]."""
    found = re.match(r"\[(\d+)\]", argument)
    return int(found[1]) if found else None


def replayed(calls: Iterable[Call], replay: Replay) -> Iterable[int]:
    """The numbers of the calls after which a cut can matter; each was told to the disk when it is given."""
    for number, call in enumerate(calls):
        if replay.tell(call):
            yield number
