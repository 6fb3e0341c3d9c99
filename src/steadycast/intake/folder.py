"""Drafts dropped in content/: what lies there, read only when it is whole, regular and inside."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from steadycast import reasons
from steadycast.draft.names_below import look_anew
from steadycast.draft.safe_open import NotRegularError, open_inside, read_up_to
from steadycast.errors import DraftError, Problem
from steadycast.intake.stamps import (
    ABOUT_THE_FOLDER,
    LIST_PAGES,
    MARKDOWN,
    SUFFIXES,
    Limits,
    are_the_same,
    is_draft_name,
    is_passed_over,
    of_media,
)
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.draft import Draft, Note, Reader

__all__ = [
    "SUFFIXES", "DraftFile", "FileRead", "FileStamp", "Limits", "OtherFile", "ReadmeNote", "Result", "Unsettled",
    "are_the_same", "is_draft_name", "may_be_note", "problem_at", "read", "scan",
]  # fmt: skip

_KINDS = {
    stat.S_IFIFO: N_("is a FIFO, not a file"),
    stat.S_IFSOCK: N_("is a socket, not a file"),
    stat.S_IFCHR: N_("is a device, not a file"),
    stat.S_IFBLK: N_("is a device, not a file"),
}


class FileStamp(NamedTuple):
    """What tells, without reading it, that a file is the one seen before.

    Its mtime is for anybody to set (`cp -p`, `rsync -t`). Its ctime is the kernel's alone: it is new for each change
    of the bytes, and for one of the rights too, after which the file is read once for nothing.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, facts: os.stat_result) -> FileStamp:
        return cls(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


class FileRead(NamedTuple):
    """A draft as it was read last: its own file, and each file it names as (path, size, mtime_ns, ctime_ns).

    Also where such a file was looked for and was not (`stamps.ABSENT`): one that comes there is another picture.
    """

    stamp: FileStamp
    media: tuple[tuple[str, int, int, int], ...] = ()

    @classmethod
    def of(cls, found: DraftFile, draft: Draft) -> FileRead:
        """What to remember of `found` once it has been parsed."""
        return cls(found.stamp, tuple(sorted(of_media(draft.media))))

    def media_unchanged(self) -> bool:
        return are_the_same(self.media)


class DraftFile(NamedTuple):
    """A draft's file. `raw` is None where it was not asked for, or nothing of it has changed since `known`."""

    path: PurePosixPath  # relative to content/
    stamp: FileStamp
    raw: bytes | None = None  # Markdown: what is written in another form has been converted
    notes: tuple[Note, ...] = ()  # what its writer should know of that

    @property
    def mtime(self) -> dt.datetime:
        """When it was written, aware, in UTC."""
        return _instant(self.stamp)

    def draft(self, reader: Reader) -> Draft:
        """The draft in it, with what was noticed on the way. Raises DraftError where it is none."""
        return reader.draft(self.raw or b"", self.path, self.mtime, self.notes)


def problem_at(path: PurePosixPath, message: str, hint: str = "", line: int | None = None) -> Problem:
    """Something below content/ that cannot be taken in. What is known of `path`, and below it, stands as it was."""
    return Problem(str(path), line, message, hint)


class Unsettled(NamedTuple):
    """A file that is being written: the next scan looks again; until then it is neither edited nor deleted."""

    path: PurePosixPath


class ReadmeNote(NamedTuple):
    """A README at the top of somebody's folder, without front matter: it speaks to people, and is no draft."""

    path: PurePosixPath
    stamp: FileStamp

    @property
    def said(self) -> str:
        """What it is."""
        return _("is a note to people, and no draft")

    @property
    def hint(self) -> str:
        """What would make it a draft."""
        return _("front matter would make it one")


class OtherFile(NamedTuple):
    """A file that is no draft: one that a draft names, or one that nobody does."""

    path: PurePosixPath
    file: Path


Result = DraftFile | Problem | Unsettled | ReadmeNote | OtherFile


def scan(
    content_root: Path,
    limits: Limits | None = None,
    known: Mapping[PurePosixPath, FileRead] | None = None,
    *,
    unchanged: Callable[[str, os.DirEntry[str]], bool] | None = None,
    reading: bool = True,
    others: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    clock_ns: Callable[[], int] = time.time_ns,
) -> Iterator[Result]:
    """Everything below content/ that is a draft's file, or that stands in the way of one.

    What `unchanged(path, entry)` knows is passed over in silence. Without `reading` nobody's bytes are read yet: `read`
    does it later, perhaps elsewhere. With `others`, files that are no drafts are told too.

    Links are never followed, nothing that could block is opened, and editors' temporary files are passed over. Files
    written within the last second come last: one wait for all of them tells which have stopped growing.
    """
    look_anew()
    look = _Look(content_root, limits or Limits(), known or {}, clock_ns, unchanged, reading, others)
    yield from look.walk()
    if look.fresh:
        sleep(look.limits.settle)
        for entry, before in look.fresh:
            yield look.take(entry, before)


def read(content_root: Path, found: DraftFile, limits: Limits | None = None) -> Result:
    """`found` with its bytes, if it is still the file that a scan without `reading` saw."""
    return _Look(content_root, limits or Limits()).take(found.path, found.stamp)


@dataclass(slots=True)
class _Look:
    root: Path
    limits: Limits
    known: Mapping[PurePosixPath, FileRead] = field(default_factory=dict)
    clock_ns: Callable[[], int] = time.time_ns
    unchanged: Callable[[str, os.DirEntry[str]], bool] | None = None
    reading: bool = True
    others: bool = False
    fresh: list[tuple[PurePosixPath, FileStamp]] = field(default_factory=list)
    files: int = 0

    def walk(self) -> Iterator[Result]:
        todo = [PurePosixPath()]
        while todo:
            folder = todo.pop()
            try:
                with os.scandir(self.root / folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                yield problem_at(
                    folder,
                    _("the folder cannot be read: %(why)s", why=reasons.of_system(error)),
                    _("check that it is there and readable"),
                )
                continue
            above = f"{folder}/" if folder.parts else ""
            for entry in listed:
                if self.unchanged and self.unchanged(above + entry.name, entry):
                    self.files += 1
                    continue
                if is_passed_over(entry.name) or above + entry.name in ABOUT_THE_FOLDER:
                    continue
                path = folder / entry.name
                if (trouble := self.trouble(entry, path)) is not None:
                    yield trouble
                elif entry.is_dir(follow_symlinks=False):
                    todo.append(path)
                elif is_draft_name(entry.name):
                    if (result := self.file(entry, path)) is not None:
                        yield result
                elif self.others and entry.name not in LIST_PAGES and entry.is_file(follow_symlinks=False):
                    yield OtherFile(path, self.root / path)

    def trouble(self, entry: os.DirEntry[str], path: PurePosixPath) -> Problem | Unsettled | None:
        """Why this entry can be neither a folder to go into nor a file: links of folders, pipes, unusable names."""
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except FileNotFoundError:
            return Unsettled(path)
        except OSError as error:
            return problem_at(
                path, _("cannot be looked at: %(why)s", why=reasons.of_system(error)), _("check its permissions")
            )
        if not entry.name.isascii() and any("\ud800" <= char <= "\udfff" for char in entry.name):
            return problem_at(_printable(path), _("its name is not UTF-8"), _("rename it"))
        if said := _KINDS.get(stat.S_IFMT(mode)):
            return problem_at(path, _(said), _("remove it from content/"))
        if stat.S_ISLNK(mode) and (is_draft_name(entry.name) or _leads_to_folder(entry)):
            return problem_at(path, _("is a link; links are not followed"), _("put the file or folder itself there"))
        if stat.S_ISDIR(mode) and len(path.parts) > self.limits.depth:
            return problem_at(path, _("lies over %(most)s folders deep", most=self.limits.depth), _("move it up"))
        return None

    def file(self, entry: os.DirEntry[str], path: PurePosixPath) -> Result | None:
        self.files += 1
        if self.files > self.limits.files:
            if self.files == self.limits.files + 1:
                return problem_at(
                    PurePosixPath(),
                    _("more than %(most)s drafts", most=self.limits.files),
                    _("move old ones out of content/"),
                )
            return None
        facts = entry.stat(follow_symlinks=False)
        now, seen = FileStamp.of(facts), self.known.get(path)
        if seen is not None and seen.stamp == now and seen.media_unchanged() and not may_be_note(path):
            return DraftFile(path, now)
        if self.clock_ns() - now.mtime_ns < self.limits.recent * 1e9:  # a time in the future counts as just now
            self.fresh.append((path, now))
            return None
        return self.take(path, now) if self.reading else DraftFile(path, now)

    def take(self, path: PurePosixPath, before: FileStamp) -> Result:
        """The file's bytes, if they are the same file's as `before`, and stay so while they are read."""
        suffix = path.suffix.lower()
        try:
            with open_inside(self.root, path.parts) as file:
                facts = os.fstat(file)
                if FileStamp.of(facts) != before:
                    return Unsettled(path)
                most = _most(suffix, self.limits.draft_bytes)
                if facts.st_size > most:
                    size = f"{facts.st_size / 1e6:.1f} MB"
                    hint = _(
                        "a draft has at most %(most)s MB of text; put media beside it", most=format(most / 1e6, "g")
                    )
                    return problem_at(path, _("is too large: %(size)s", size=size), hint)
                if facts.st_nlink > 1 and path.parts[0] == "ugc":
                    return problem_at(
                        path, _("has a second name elsewhere on this disk (a hard link)"), _("copy it instead")
                    )
                if not self.reading:
                    return DraftFile(path, before)
                raw = read_up_to(file, most)
                if FileStamp.of(os.fstat(file)) != before or len(raw) != before.size:
                    return Unsettled(path)
        except NotRegularError:
            return problem_at(path, _("is not a regular file"), _("put a file there"))
        except FileNotFoundError:
            return Unsettled(path)  # renamed or deleted since it was listed: the next scan tells
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                return problem_at(path, _("is a link; links are not followed"), _("put the file itself there"))
            return problem_at(
                path, _("cannot be read: %(why)s", why=reasons.of_system(error)), _("check its permissions")
            )
        if may_be_note(path) and _is_note(raw):
            return ReadmeNote(path, before)
        notes: tuple[Note, ...] = ()
        if suffix not in MARKDOWN:
            from steadycast.intake.documents import as_markdown

            try:
                raw, notes = as_markdown(raw, suffix, self.limits.draft_bytes)
            except DraftError as error:
                return problem_at(path, error.message, error.hint or "", error.line)
        return DraftFile(path, before, raw, notes)


def _most(suffix: str, draft_bytes: int) -> int:
    if suffix in MARKDOWN:
        return draft_bytes
    from steadycast.intake.documents import limit

    return limit(suffix, draft_bytes)


def may_be_note(path: PurePosixPath) -> bool:
    """Whether a file at that path speaks to people if it has no front matter: a README at the top of a folder."""
    above = path.parts[:-1]
    return path.stem.lower() == "readme" and (above == ("pgc",) or (len(above) == 2 and above[0] == "ugc"))


def _is_note(raw: bytes) -> bool:
    from steadycast.draft.decoding import decode
    from steadycast.draft.frontmatter import has_front

    try:
        return not has_front(decode(raw))
    except DraftError:
        return False  # whoever parses it says what is wrong


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=True)
    except OSError:
        return True  # a link in a circle


def _printable(path: PurePosixPath) -> PurePosixPath:
    from steadycast.draft.decoding import shown

    return PurePosixPath(shown(path))


def _instant(stamp: FileStamp) -> dt.datetime:
    seconds = min(max(stamp.mtime_ns // 10**9, 0), 7_258_118_400)  # 1970 to 2200: a wild clock dates no draft
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
