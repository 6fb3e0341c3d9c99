"""Files put into content/ by the desk: inside it whatever lies there, whole and for good, over nobody's words."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO
from zoneinfo import ZoneInfo

from steadycast import reasons
from steadycast.draft.safe_open import open_inside, read_up_to
from steadycast.draft.titles import date_of_name
from steadycast.errors import InputError
from steadycast.intake.copy_names import originals
from steadycast.intake.folder import is_draft_name
from steadycast.language import gettext as _

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|#%\[\](){}`'^~&;$!\s]+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|readme|index|_index)\Z", re.IGNORECASE)  # of Windows, of sites
_LONGEST = 80  # bytes of a name: with what a sync tool adds it still fits
_ENDS = "-. _"
_NAMES = 1000  # that are tried: title.md, title-2.md, ...


def read(content: Path, path: PurePosixPath, most: int) -> bytes:
    """The bytes of a file below content/; InputError where it is none, or is too large."""
    try:
        with open_inside(content, path.parts) as file:
            raw = read_up_to(file, most)
    except OSError as error:
        raise InputError(
            _("cannot be read: %(why)s", why=reasons.of_system(error)), file=str(path), hint=_("is it a file?")
        ) from None
    if len(raw) > most:
        raise InputError(
            _("is larger than %(size)s MB", size=format(most / 1e6, "g")), file=str(path), hint=_("put media beside it")
        )
    return raw


def put(
    content: Path, path: PurePosixPath, data: bytes, *, check: Callable[[], object], same_time: bool = False
) -> None:
    """Makes these bytes be the file that is there; `check` raises, last of all, where it must stay.

    Its rights stay, and with `same_time` also when it was changed last: a draft that nothing else dates is of that day.
    """
    with _written(content, path, data, same_time=same_time) as (folder, fresh):
        check()
        os.replace(fresh, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


def put_new(content: Path, path: PurePosixPath, data: bytes | Path) -> PurePosixPath:
    """Makes a new file of these bytes, or of a file's, under this name or the next one that is free; says which."""
    with _written(content, path, data) as (folder, fresh):
        for number in range(1, _NAMES):
            free = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
            with contextlib.suppress(FileExistsError):
                _take(folder, fresh, free.name)
                os.fsync(folder)
                return free
    raise InputError(_("there are too many files of that name"), file=str(path), hint=_("choose another title"))


def _take(folder: int, fresh: str, name: str) -> None:
    """Gives `fresh` a name that nobody has, or raises FileExistsError."""
    if any(_same_name(name, other) for other in os.listdir(folder)):
        raise FileExistsError
    try:
        os.link(fresh, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is taken first
        os.close(os.open(name, _FRESH, 0o666, dir_fd=folder))
        os.replace(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)


def _same_name(one: str, other: str) -> bool:
    """Whether a disk that knows no capitals would take two names for one; and whether people would."""
    return unicodedata.normalize("NFC", one).casefold() == unicodedata.normalize("NFC", other).casefold()


@contextlib.contextmanager
def _written(
    content: Path, path: PurePosixPath, data: bytes | Path, *, same_time: bool = False
) -> Iterator[tuple[int, str]]:
    """(the folder of `path`, the name of a file in it that has these bytes, on the disk); the name goes afterwards."""
    if path.is_absolute() or ".." in path.parts:  # no link leads out, and no name either
        raise InputError(_("lies outside content/"), file=str(path))
    fresh = f".writing.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with _folder(content, path.parts[:-1]) as folder:
            try:
                with os.fdopen(os.open(fresh, _FRESH, 0o666, dir_fd=folder), "wb") as out:
                    before = None
                    with contextlib.suppress(FileNotFoundError):
                        before = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
                        os.fchmod(out.fileno(), stat.S_IMODE(before.st_mode) & 0o777)
                    _fill(out, data)
                    out.flush()
                    if before and same_time:
                        os.utime(out.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
                    os.fsync(out.fileno())
                yield folder, fresh
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(fresh, dir_fd=folder)
    except OSError as error:
        raise InputError(
            _("cannot be written: %(why)s", why=reasons.of_system(error)), file=str(path), hint=_("is its folder one?")
        ) from None


def _fill(out: BinaryIO, data: bytes | Path) -> None:
    if isinstance(data, bytes):
        out.write(data)
        return
    with data.open("rb") as source:
        shutil.copyfileobj(source, out, 1 << 20)


@contextlib.contextmanager
def _folder(content: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A folder below content/, made where it is missing; no link is followed on the way."""
    here = os.open(content, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
                os.fsync(here)
            below = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def draft_name(title: str) -> str:
    """A file's name by its title: `.md` behind it, and nothing in it that a disk, a tool or intake reads otherwise."""
    stem = _plain(title)
    path = PurePosixPath(f"{stem}.md")
    taken_for_more = _RESERVED.match(stem) or not is_draft_name(path.name) or _dated(path) or any(originals(path))
    return "draft.md" if not stem else f"draft-{stem}-text.md" if taken_for_more else path.name


def file_name(name: str, kind: str) -> str:
    """A medium's name by what its sender calls it, ending as its bytes ask for."""
    return f"{_plain(PureWindowsPath(name).stem) or 'file'}.{kind}"


def _plain(words: str) -> str:
    """Words as a part of a name, at most `_LONGEST` bytes of them."""
    shown = "".join(char for char in unicodedata.normalize("NFC", words) if unicodedata.category(char)[0] != "C")
    stem = _NO_NAME.sub("-", shown).strip(_ENDS)
    return stem.encode()[:_LONGEST].decode(errors="ignore").rstrip(_ENDS)


def _dated(path: PurePosixPath) -> bool:
    return date_of_name(path, ZoneInfo("UTC")) is not None
