"""Media files stored by their content, and known by their bytes: never by what their names say."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from functools import lru_cache
from io import BufferedReader
from pathlib import Path

from steadycast.crash_safety import durable
from steadycast.draft.safe_open import mostly_holes
from steadycast.errors import DraftError
from steadycast.language import N_, listed
from steadycast.language import gettext as _

_HEAD = 1024  # bytes that tell a file's kind
MIMES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "svg": "image/svg+xml",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "pdf": "application/pdf",
}
IMAGES = ("jpg", "png", "gif", "webp", "avif", "svg")
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_SVG = re.compile(rb"<svg[\s>]")
_MAGIC: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("png", lambda b: b.startswith(b"\x89PNG\r\n\x1a\n")),
    ("jpg", lambda b: b.startswith(b"\xff\xd8\xff")),
    ("gif", lambda b: b.startswith((b"GIF87a", b"GIF89a"))),
    ("webp", lambda b: b[:4] == b"RIFF" and b[8:12] == b"WEBP"),
    ("wav", lambda b: b[:4] == b"RIFF" and b[8:12] == b"WAVE"),
    ("svg", lambda b: b.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and _SVG.search(b) is not None),
    ("avif", lambda b: b[4:8] == b"ftyp" and any(b[at : at + 4] in {b"avif", b"avis"} for at in (8, 16, 20, 24, 28))),
    ("heic", lambda b: b[4:8] == b"ftyp" and b[8:12] in _HEIF),
    ("m4a", lambda b: b[4:8] == b"ftyp" and b[8:11] in {b"M4A", b"M4B"}),
    ("mov", lambda b: b[4:8] == b"ftyp" and b[8:10] == b"qt"),
    ("mp4", lambda b: b[4:8] == b"ftyp"),
    ("opus", lambda b: b.startswith(b"OggS") and b"OpusHead" in b),
    ("ogg", lambda b: b.startswith(b"OggS")),
    ("flac", lambda b: b.startswith(b"fLaC")),
    ("webm", lambda b: b.startswith(b"\x1a\x45\xdf\xa3")),
    ("amr", lambda b: b.startswith(b"#!AMR")),
    ("pdf", lambda b: b.startswith(b"%PDF-")),
    ("mp3", lambda b: b.startswith(b"ID3") or (len(b) > 1 and b[0] == 0xFF and b[1] & 0xE6 == 0xE2)),
    ("aac", lambda b: len(b) > 1 and b[0] == 0xFF and b[1] & 0xF6 == 0xF0),
)


_NO_HEIC = N_(
    "save it as JPEG: on an iPhone choose Settings, Camera, Formats, Most Compatible "
    "(设置 → 相机 → 格式 → 兼容性最佳), on a Mac export it from Preview"
)


def kind(head: bytes) -> str | None:
    """The extension that the first bytes of a file ask for, or None when they are of no kind that is taken."""
    return next((ext for ext, matches in _MAGIC if matches(head)), None)


def store(source: Path, folder: Path, expected: str = "", *, ours: bool = False) -> Path:
    """The file `<folder>/<sha256>.<ext>` with the bytes of `source`; written atomically, once.

    What is `ours`, a file that nobody else writes, is not copied where a second name can stand for it.
    Raises DraftError when the bytes are of no kind that is taken, or not those of `expected`, a sha256.
    """
    digest, extension = identify(source, expected)
    target = folder / f"{digest}.{extension}"
    if not target.exists() and not (ours and _linked(source, target)):
        with durable.landing(target, rights=0o644) as landing:
            if copied(source, landing) != digest:
                raise changed()
    return target


def _linked(source: Path, target: Path) -> bool:
    """Whether `source`, whose bytes are on the disk, is `target` too by now."""
    durable.make_folder(target.parent)
    source.chmod(0o644)
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without links
        return False
    durable.sync(target.parent)
    return True


def identify(source: Path, expected: str = "") -> tuple[str, str]:
    """The sha256 of a file, and the extension that its bytes ask for; raises DraftError as `store` does."""
    facts = source.stat()
    digest, extension = _identity(source, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    if extension == "heic":
        raise DraftError(_("is HEIC, a picture format that only Apple's devices read"), hint=_(_NO_HEIC))
    if extension is None:
        raise DraftError(
            _("is no picture, audio or video file that is taken"),
            hint=_("use one of %(kinds)s", kinds=listed(MIMES)),
        )
    if expected and digest != expected:
        raise changed()
    return digest, extension


def changed() -> DraftError:
    return DraftError(_("changed while it was read"), hint=_("it is looked at again"))


def copied(source: Path, landing: Path) -> str:
    """The sha256 of what was copied: what lies there by now may be another file than the one that was looked at."""
    digest = hashlib.sha256()
    with _opened(source) as read, landing.open("wb") as write:
        for chunk in _chunks(read):
            write.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: BufferedReader) -> Iterator[bytes]:
    """The bytes of an open file as long as it was when this began: one that grows meanwhile is not read for ever."""
    left = os.fstat(file.fileno()).st_size
    while chunk := file.read(min(left + 1, 1 << 20)):
        if (left := left - len(chunk)) < 0:
            raise changed()
        yield chunk


def _opened(path: Path) -> BufferedReader:
    """A regular file, opened for reading; a link or a pipe in its place is neither followed nor waited for.

    Raises DraftError for what is mostly holes: copied, it would be as large as it says.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise changed() from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise changed()
    if mostly_holes(handle):
        os.close(handle)
        raise DraftError(
            _("is mostly holes: more than half of it was never written"), hint=_("put the whole file there")
        )
    return os.fdopen(handle, "rb")


def land(path: Path, target: Path) -> None:
    """Make `path` be `target`: its bytes are on the disk before its name is, and its name when this returns."""
    durable.sync(path)
    path.chmod(0o644)
    durable.land(path, target)


@lru_cache(maxsize=4096)
def _identity(path: Path, *_state: int) -> tuple[str, str | None]:  # an edit makes another key
    """The sha256 of a file, and its kind."""
    digest = hashlib.sha256()
    with _opened(path) as file:
        extension = kind(file.read(_HEAD))
        file.seek(0)
        for chunk in _chunks(file):
            digest.update(chunk)
    return digest.hexdigest(), extension
