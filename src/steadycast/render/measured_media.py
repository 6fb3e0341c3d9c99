"""Media files that drafts name: stored by their bytes, measured, and what is found out of each kept as a note."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from slugify import slugify

from steadycast.crash_safety import cache_files, durable
from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_module
from steadycast.platform import Media
from steadycast.render.media_files import IMAGES, MIMES, changed, copied, identify, land, store
from steadycast.render.worker import Worker

if TYPE_CHECKING:
    from steadycast.render import film
else:
    film = lazy_module("steadycast.render.film")  # few drafts have a sound or a film

IMAGE_BYTES = 20 << 20
MOVE = {"gif", "webp", "png"}  # the formats of pictures that may move
_UNTOLD = {"webm", "amr"}  # no reader of ours tells how long these are


@dataclass(frozen=True)
class MeasuredMedia:
    """Where media files are: originals and results in `media`, what is known of them in `cache`.

    One that does not keep adds nothing to `media`: a draft that nobody approved is measured where it lies. What it
    makes is measured and thrown away, so the files of its results need not be there. One that does not note either
    writes nothing at all: what it finds out is known to this process alone.
    """

    media: Path
    cache: Path
    keeps: bool = True
    notes: bool = True

    def take(self, ref: MediaRef) -> Media:
        """The file that a draft names, stored and measured; raises DraftError with line and hint."""
        try:
            path, digest, extension = self._found(ref)
            known = self._measured(path, digest, extension)
        except FileNotFoundError:
            raise DraftError(
                _("%(role)s %(file)s is missing", role=_(ref.role), file=ref.ref),
                line=ref.line,
                hint=_("put the file beside the draft"),
            ) from None
        except DraftError as error:
            raise DraftError(said_of(ref, error.message), line=ref.line, hint=error.hint) from None
        if ref.role in {"image", "cover"} and extension not in IMAGES:
            raise DraftError(
                _("%(role)s %(file)s is %(format)s", role=_(ref.role), file=ref.ref, format=extension),
                line=ref.line,
                hint=_("use PNG, JPEG, GIF, WebP, AVIF or SVG"),
            )
        stem = PurePosixPath(ref.ref).stem
        return Media(
            role=ref.role,
            path=path,
            name=f"{slugify(stem, max_length=60) or ref.role}.{extension}",
            mime=MIMES[extension],
            size=path.stat().st_size,
            sha256=digest,
            alt=ref.alt,
            width=known.get("width"),
            height=known.get("height"),
            seconds=known.get("seconds"),
            ref=ref.ref,
        )

    def facts(self, media: Media) -> Mapping[str, Any]:
        """What was found out about a file: of a sound or a film its seconds and codecs, where ffprobe is there."""
        return self._measured(media.path, media.sha256, PurePosixPath(media.name).suffix[1:])

    def frames(self, media: Media) -> int:
        """How many pictures a picture has: several where it moves."""
        extension = PurePosixPath(media.name).suffix[1:]
        return int(self._measured(media.path, media.sha256, extension).get("frames", 1)) if extension in MOVE else 1

    def _found(self, ref: MediaRef) -> tuple[Path, str, str]:
        """Where the file is, its sha256 and its extension."""
        if self.keeps:
            path = store(ref.path, self.media, ref.sha256, ours=ref.path.is_relative_to(self.cache))
            return path, path.stem, path.suffix[1:]
        digest, extension = identify(ref.path, ref.sha256)
        stored = self.media / f"{digest}.{extension}"
        return (stored if stored.exists() else ref.path), digest, extension

    def _measured(self, path: Path, digest: str, extension: str) -> dict[str, Any]:
        """What is known of a file; asked of the worker once."""
        if extension in IMAGES:
            return self._known(f"{digest}-measure", lambda: self._picture(path, digest), says=SIDES)
        if not MIMES[extension].startswith(("audio/", "video/")):
            return {}
        if film.prober():
            key = "played" if path.parent == self.media else "played-there"
            says = () if extension in _UNTOLD else ("seconds",)
            return self._known(f"{digest}-{key}", lambda: _looked_into(path, extension), says=says)
        if extension not in _UNTOLD:
            # Elsewhere it may be another file by the time that it is read: what is said of it then is not for ever.
            key = "seconds" if path.parent == self.media else "seconds-there"
            return self._known(f"{digest}-{key}", lambda: ask({"op": "sound", "source": str(path)}), says=("seconds",))
        return {}

    def _picture(self, path: Path, digest: str) -> dict[str, Any]:
        if path.stat().st_size > IMAGE_BYTES:
            raise DraftError(_("has more than %(size)s MB", size=IMAGE_BYTES >> 20), hint=_("scale it down"))
        with self._steady(path, digest) as source:
            return ask({"op": "measure", "source": str(source)})

    @contextlib.contextmanager
    def _steady(self, path: Path, digest: str) -> Iterator[Path]:
        """A file with these very bytes: a member's own may be another by the time that the worker opens it."""
        if path.parent == self.media:
            yield path
            return
        with self._scratch(self.cache) as copy:
            if copied(path, copy) != digest:
                raise changed()
            yield copy

    @contextlib.contextmanager
    def _scratch(self, folder: Path) -> Iterator[Path]:
        if self.notes:
            durable.make_folder(folder)
        else:
            folder = Path(tempfile.gettempdir())
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _known(
        self, key: str, make: Callable[[], dict[str, Any]], *, says: Collection[str], needs: bool = False
    ) -> dict[str, Any]:
        """What the cache says under `key`, else what `make` says; `needs`: and the file it speaks of is still there."""
        known = self._noted(key, says)
        if known is None or known.keys() & NOTHING:
            return self._anew(key, make)
        if needs and not (self.media / f"{known['sha256']}.{known['ext']}").exists():
            return self._anew(key, make)
        return known

    def _noted(self, key: str, says: Collection[str]) -> dict[str, Any] | None:
        """What the cache says under `key`, if it `says` that, or why there is nothing to say."""
        note = self._note(key)
        known = _remembered.get(note)
        if known is None or (known.keys() & NOTHING and self.notes):  # another process may have had more luck since
            if not _is_sound(known := cache_files.read_json(note, cache_files.SMALL), says):
                return None
            _remember(note, known)
        return known

    def _note(self, key: str) -> Path:
        return self.cache / "media" / f"{key}.json"

    def _anew(self, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `make` says, which the cache says from now on."""
        note, known = self._note(key), make()
        if self.notes:
            with durable.landing(note) as landing:
                landing.write_text(json.dumps(known), encoding="utf-8")
        _remember(note, known)
        return known


SIDES, FILE = ("width", "height"), ("sha256", "size", "ext")  # what a note says of a picture; of a file that was made
NOTHING = {"failed", "none"}  # why there is no such file


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _is_length(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value < 1e9)


_SOUND: Mapping[str, Callable[[Any], bool]] = {
    "sha256": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None,
    "ext": lambda value: isinstance(value, str) and value in MIMES,
    "size": _is_count,
    "frames": _is_count,
    "width": lambda value: value is None or _is_count(value),
    "height": lambda value: value is None or _is_count(value),
    "seconds": _is_length,
    "picture": lambda value: isinstance(value, str),
    "sound": lambda value: isinstance(value, str),
}


def _is_sound(known: Any, says: Collection[str]) -> bool:
    """Whether a note is one that we would have written: its words become paths, and go out with a post."""
    if not isinstance(known, dict) or not (known.keys() >= set(says) or known.keys() & NOTHING):
        return False
    return all(is_sound(known[name]) for name, is_sound in _SOUND.items() if name in known)


_REMEMBERED = 20_000
_remembered: dict[Path, dict[str, Any]] = {}  # notes of the cache that this process has read


def _remember(note: Path, known: dict[str, Any]) -> None:
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    _remembered[note] = known


def _looked_into(path: Path, extension: str) -> dict[str, Any]:
    """What ffprobe finds out; how long a sound is, from who counts its frames or reads its head."""
    found = film.look(path, extension) or {}
    if extension not in _UNTOLD and (extension == "mp3" or found.get("seconds") is None):
        found |= {"seconds": ask({"op": "sound", "source": str(path)})["seconds"]}
    return found


def landed(landing: Path, folder: Path, extension: str) -> dict[str, Any]:
    """A file that was made, put into `folder` under its hash; what there is to say of it."""
    with landing.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    size = landing.stat().st_size
    land(landing, folder / f"{digest}.{extension}")
    return {"sha256": digest, "size": size, "ext": extension}


def said_of(file: MediaRef | Media, said: str) -> str:
    return _("%(role)s %(file)s %(said)s", role=_(file.role), file=file.ref, said=said)


_worker = Worker("steadycast.render.image_worker")


def ask(request: dict[str, Any]) -> dict[str, Any]:
    """The worker's answer; its refusals, time-outs and deaths as DraftError."""
    found = _worker.ask(request)
    if "error" in found:
        raise DraftError(found["error"], hint=_("save it anew as PNG, JPEG or MP3"))
    return found
