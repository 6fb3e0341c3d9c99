"""Backup and restore: the ledger, the media and what file channels have published, in one tar that proves itself whole.

`tar xf` reads it too. The manifest comes last and names the hash of every file: a tar that was cut short has none.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from steadycast import __version__
from steadycast.crash_safety import durable
from steadycast.errors import InputError, LedgerError
from steadycast.language import N_, moment, quoted
from steadycast.language import gettext as _
from steadycast.ledger import copies
from steadycast.ledger.store import Ledger
from steadycast.pipeline.app import App
from steadycast.platform.index_file import NAME as INDEX
from steadycast.progress import Progress, unseen
from steadycast.workspace.paths import Paths, find_root

FORMAT = 1
MANIFEST = "steadycast-backup.json"
LEDGER = "ledger.sqlite"
TREES = ("media", "out")  # of var/: what cannot be made again, or what readers see
NOT_OURS = ("out/report",)  # made again every hour
LARGEST = 64 << 20  # bytes of a manifest: a quarter of a million files
CHUNK = 1 << 20
POSTGRES = N_(
    "the ledger is PostgreSQL's and is not in it (pg_dump --format=custom; pg_restore it before `steadycast restore`)"
)
AFTERWARDS = N_(
    "Nothing that may have gone out since is sent again: `steadycast verify` reads it back, and `steadycast status` "
    "shows what only a person can tell."
)


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    path: Path
    files: int
    size: int  # bytes, of the tar
    ledger: bool

    def lines(self) -> list[str]:
        """What a person is told."""
        said = N_("%(path)s: %(files)s files, %(size)s bytes")
        if self.ledger:
            said = N_("%(path)s: the ledger and %(files)s files, %(size)s bytes")
        told = _(said, path=self.path, files=self.files, size=format(self.size, ","))
        return [told] if self.ledger else [told, _(POSTGRES)]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    var: Path
    files: int  # written
    kept: int  # there already
    ledger: bool
    at: str  # when the backup was made
    aside: Path | None = None  # where the ledger lies that was there before

    def lines(self) -> list[str]:
        """What a person is told, and what to do next."""
        what = N_("%(folder)s: %(files)s files of %(at)s are back, %(kept)s were there already")
        if self.ledger:
            what = N_("%(folder)s: the ledger and %(files)s files of %(at)s are back, %(kept)s were there already")
        said = [_(what, folder=self.var, files=self.files, at=_moment(self.at), kept=self.kept)]
        said += [_("the ledger that was there is kept: %(file)s", file=self.aside)] if self.aside else []
        said += [] if self.ledger else [_(POSTGRES)]
        return [*said, _(AFTERWARDS)]


def _moment(at: str) -> str:
    """When that was by this machine's clock, since no settings are read; what is no instant stays as it is written."""
    try:
        then = dt.datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError):
        return at
    return f"{moment(then)} ({then.tzname()})"


def backup(app: App, file: Path, now: dt.datetime, *, progress: Progress = unseen) -> BackedUp:
    """Writes everything that cannot be made again to a new tar, whole or not at all, while others go on working."""
    workspace, file = app.workspace, file.absolute()
    if file.exists():
        said = _("it is there already")
        raise InputError(said, file=file, hint=_("give the backup a name of its own, such as its date"))
    if any(file.is_relative_to((workspace.var / tree).resolve()) for tree in TREES):
        said = _("a backup holds what nobody else may see, and this folder is published")
        raise InputError(said, file=file, hint=_("put it outside var/"))
    durable.make_folder(file.parent)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        fresh = Path(folder) / file.name
        files = _write(app.ledger, workspace, fresh, now, progress)
        fresh.chmod(0o600)  # the markers' secret is in it
        size = fresh.stat().st_size
        durable.sync(fresh)
        fresh.replace(file)
    durable.sync(file.parent)
    return BackedUp(file, len(files) - (LEDGER in files), size, LEDGER in files)


def _write(ledger: Ledger, paths: Paths, to: Path, now: dt.datetime, progress: Progress = unseen) -> dict[str, Any]:
    """The tar: first the ledger, so that every file it speaks of comes after it, last the manifest."""
    files: dict[str, Any] = {}
    told: dict[str, Any] = {"kind": "sqlite" if ledger.is_sqlite else "postgresql"}
    with to.open("xb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        if ledger.is_sqlite:
            copy = to.with_name(LEDGER)
            told |= asdict(copies.copy(ledger, copy, now))
            files[LEDGER] = _add(tar, LEDGER, copy)
            copy.unlink()
        else:
            told["intents"] = int(ledger.meta("intents") or 0)
        found = list(_files(paths.var))
        for n, (name, path) in enumerate(found, 1):
            progress(n, len(found))
            if (entry := _add(tar, name, path)) is not None:
                files[name] = entry
        manifest = {"format": FORMAT, "at": now.isoformat(), "program": __version__, "ledger": told, "files": files}
        data = json.dumps(
            manifest, ensure_ascii=False, sort_keys=True, indent=1, default=dt.datetime.isoformat
        ).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mtime = len(data), int(now.timestamp())
        tar.addfile(info, io.BytesIO(data))
    return files


def _files(var: Path) -> Iterator[tuple[str, Path]]:
    for tree in TREES:
        for folder, folders, names in os.walk(var / tree):
            here = Path(folder)
            inner = here.relative_to(var).as_posix()
            folders[:] = sorted(f for f in folders if f"{inner}/{f}" not in NOT_OURS)
            for name in sorted(names):
                path = here / name
                again = name.startswith(INDEX) or durable.UNPLACED.fullmatch(name)  # made anew from the posts beside it
                if path.is_file() and not path.is_symlink() and not again:
                    yield f"{inner}/{name}", path


def _add(tar: tarfile.TarFile, name: str, path: Path) -> dict[str, Any] | None:
    """One file's hash and size, added as it is now; None where it went meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        info = tar.gettarinfo(arcname=name, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        size = os.fstat(file.fileno()).st_size
        digest, left = hashlib.sha256(), size
        while left and (chunk := file.read(min(left, CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
        file.seek(0)
        tar.addfile(info, file if info.isreg() else None)  # a second name of one file is a link within the tar
        return {"sha256": digest.hexdigest(), "size": size}


def restore(
    paths: Paths | None,
    file: Path,
    now: dt.datetime,
    *,
    to: Path | None = None,
    force: bool = False,
    progress: Progress = unseen,
) -> Restored:
    """Puts a backup back under var/, or under `to`: only what is whole, and nothing outside.

    Files that are there stay: what readers see is never taken back. A ledger that is newer than the backup's is only
    replaced with `force`, and is kept beside it. Deliveries that the copy cannot know of are in doubt from then on.
    """
    paths = paths or Paths(find_root())  # its settings need not be readable
    var = (to or paths.var).absolute()
    target = var / LEDGER if to or "://" in paths.ledger else Path(paths.ledger)
    durable.make_folder(var)
    with _tar(file) as tar, tempfile.TemporaryDirectory(dir=var, prefix=".restore-") as folder:
        kept = _Kept(file, tar)
        staged = Path(folder) / LEDGER
        aside = None
        if kept.has_ledger:
            kept.read(LEDGER, staged)
            _may_replace(staged, target, force=force)
        written = _put_files(kept, var, Path(folder), progress)
        if kept.has_ledger:
            aside = copies.put_back(staged, target)
    if not kept.has_ledger and to is None and "://" in paths.ledger:
        _doubt_postgres(paths, kept.intents, now)
    return Restored(var, written, len(kept.trees) - written, kept.has_ledger, kept.at, aside)


def _may_replace(staged: Path, target: Path, *, force: bool) -> None:
    """LedgerError where the ledger that is there knows more than the one that is to replace it."""
    new = copies.position(staged)
    if force or not target.exists():
        return
    try:
        there = copies.position(target)
    except LedgerError:
        return  # it cannot be read: that is what a restore is for
    if there.installation != new.installation or there.newer_than(new):
        said = N_(
            "ledger %(file)s: it is another community's (--force replaces it, and keeps it beside the restored one)"
        )
        if there.installation == new.installation:
            said = N_(
                "ledger %(file)s: it is newer than the backup "
                "(--force replaces it, and keeps it beside the restored one)"
            )
        said = _(said, file=target)
        raise LedgerError(said)


def _doubt_postgres(paths: Paths, intents: int, now: dt.datetime) -> None:
    """A database that knows no more than the backup was taken back to it: what it cannot know is in doubt."""
    with Ledger.open(paths.ledger, mark=paths.ledger_mark) as ledger:
        if int(ledger.meta("intents") or 0) <= intents:
            copies.doubt_from_now_on(ledger, now)


def _tar(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, mode="r:")
    except FileNotFoundError:
        said = _("there is no such file")
        raise InputError(said, file=file, hint=_("check the spelling")) from None
    except tarfile.TarError as error:
        raise _not_whole(file, _("it is no tar, or is cut short")) from error


def _not_whole(file: Path, why: str) -> InputError:
    return InputError(_("%(why)s: nothing was restored", why=why), file=file, hint=_("take an older backup"))


class _Kept:
    """What a backup holds, by its manifest: each name leads into a workspace, and nothing is believed but its hash."""

    def __init__(self, file: Path, tar: tarfile.TarFile) -> None:
        self.file, self.tar = file, tar
        try:
            member = tar.getmember(MANIFEST)
            source = tar.extractfile(member) if member.isreg() and member.size <= LARGEST else None
            found = json.load(source or io.BytesIO())
            self.files = {str(n): (str(e["sha256"]), int(e["size"])) for n, e in found["files"].items()}
            self.at, self.intents = str(found["at"]), int(found["ledger"].get("intents", 0))
            format_ = int(found["format"])
        except (KeyError, TypeError, ValueError, AttributeError, tarfile.TarError) as error:
            raise _not_whole(file, _("it is no backup of Steadycast's, or is cut short")) from error
        if format_ > FORMAT:
            said = _("it is of format %(its)s, this program reads %(ours)s", its=format_, ours=FORMAT)
            raise InputError(said, file=file, hint=_("upgrade Steadycast"))
        self.members = {member.name: member for member in tar.getmembers()}
        for name in self.files:
            path = PurePosixPath(name)
            plain = path.as_posix() == name and ".." not in path.parts and not re.search(r"[\x00-\x1f\\]", name)
            if not (plain and (name == LEDGER or (path.parts[0] in TREES and len(path.parts) > 1))):
                raise _not_whole(file, _("it names %(name)s, which is no file of a workspace", name=quoted(name)))
            if name not in self.members:
                raise _not_whole(file, _("%(name)s is not in it", name=name))
        self.has_ledger = LEDGER in self.files
        self.trees = [name for name in self.files if name != LEDGER]

    def read(self, name: str, to: Path) -> None:
        """One file's bytes, written to `to` and held against their hash. A link is read as what it links to there."""
        member, (sha256, expected), size, digest = self.members[name], self.files[name], 0, hashlib.sha256()
        try:
            source = self.tar.extractfile(member) if member.isreg() or member.islnk() else None
            with to.open("xb") as written:
                while source and size <= expected and (chunk := source.read(CHUNK)):
                    digest.update(chunk)
                    size += len(chunk)
                    written.write(chunk)
            durable.sync(to)
        except (tarfile.TarError, KeyError) as error:
            raise _not_whole(self.file, _("%(name)s cannot be read", name=name)) from error
        if (digest.hexdigest(), size) != (sha256, expected):
            raise _not_whole(self.file, _("%(name)s is damaged", name=name))


def _put_files(kept: _Kept, var: Path, staging: Path, progress: Progress) -> int:
    """Every file that is not there yet, all of them read and held against their hashes before the first is put."""
    missing = [name for name in kept.trees if not os.path.lexists(var / name)]
    for number, name in enumerate(missing):
        kept.read(name, staging / str(number))
        progress(number + 1, len(missing))
    for number, name in enumerate(missing):
        target = var / name
        if not target.parent.resolve().is_relative_to(var.resolve()):
            raise InputError(_("a folder of that name leads elsewhere"), file=target, hint=_("move the link away"))
        durable.make_folder(target.parent)
        os.utime(staging / str(number), (kept.members[name].mtime,) * 2)
        durable.land(staging / str(number), target)
    return len(missing)
