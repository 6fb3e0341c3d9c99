"""What a process and its children asked of the file system, in order, read from a strace log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WRITES = "write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,ftruncate,truncate,fallocate"
SYNCS = "fsync,fdatasync,sync,syncfs,sync_file_range,msync"
NAMES = "open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat"
DESCRIPTORS = "close,close_range,dup,dup2,dup3,fcntl,lseek,chdir,fchdir,clone,clone3,fork,vfork,mmap"
TRACED = ",".join(f"?{name}" for name in f"{WRITES},{SYNCS},{NAMES},{DESCRIPTORS}".split(","))

LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*)", re.DOTALL)
CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)(?: (\w+) .*)?(?: \(.*\))?$", re.DOTALL)
UNFINISHED = " <unfinished ...>"
CLOSED = re.compile(r"close\((\d+)")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that came back."""

    pid: int
    name: str
    arguments: list[str]
    result: int


def command(log: Path) -> list[str]:
    """The strace command that goes before a program's own."""
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", str(1 << 26), "-e", f"trace={TRACED}",
            "-e", "signal=none", "-o", str(log)]  # fmt: skip


def calls(log: Path) -> Iterator[Call]:
    """Every call that succeeded, in the order in which they came back; a close counts from where it begins.

    The kernel frees a descriptor as soon as it is asked to. Another thread may open a file under the same number, write
    and sync it before the close has come back: told late, it would close the other's file.
    """
    begun: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            found = LINE.fullmatch(line.rstrip("\n"))
            if found is None:
                raise ValueError(f"strace said what cannot be read: {line[:200]!r}")
            pid, resumed, text = found.groups()
            if text.endswith(UNFINISHED):
                begun[pid] = text.removesuffix(UNFINISHED)
                if (closed := CLOSED.fullmatch(begun[pid])) is not None:
                    yield Call(int(pid), "close", [closed[1]], 0)
                continue
            if resumed:
                text = begun.pop(pid) + text
                if resumed == "close":
                    continue
            if text.startswith(("+++", "---")):
                continue
            if (call := _call(int(pid), text)) is not None:
                yield call


def _call(pid: int, text: str) -> Call | None:
    found = CALL.fullmatch(text)
    if found is None:
        raise ValueError(f"strace said what cannot be read: {text[:200]!r}")
    name, arguments, result, _error = found.groups()
    value = -1 if result == "?" else int(result, 0)
    return None if value < 0 else Call(pid, name, _split(arguments), value)


def _split(arguments: str) -> list[str]:
    """The arguments; a comma within brackets, braces or a hexadecimal string parts nothing."""
    found, depth, last = [], 0, 0
    for at in (m.start() for m in re.finditer(r"[\[\]{},]", arguments)):
        mark = arguments[at]
        if mark == "," and depth == 0:
            found.append(arguments[last:at].strip())
            last = at + 1
        depth += (mark in "[{") - (mark in "]}")
    return [*found, arguments[last:].strip()]


def data(argument: str) -> bytes:
    """The bytes of a string as -xx writes it."""
    if not argument.startswith('"') or not argument.endswith('"'):
        raise ValueError(f"strace cut a string short: {argument[-40:]!r}")
    return bytes.fromhex(argument[1:-1].replace("\\x", ""))


def vectors(argument: str) -> bytes:
    """The bytes of an iovec."""
    return b"".join(data(f'"{text}"') for text in re.findall(r'iov_base="([^"]*)"', argument))
