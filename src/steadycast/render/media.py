"""Media files measured, and adapted to what a platform takes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from slugify import slugify

from steadycast.crash_safety import durable
from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_module
from steadycast.platform import Media, MediaRule
from steadycast.render.media_files import IMAGES, MIMES, changed, copied, identify, land, store
from steadycast.render.worker import Worker

if TYPE_CHECKING:
    from steadycast.render import film
else:
    film = lazy_module("steadycast.render.film")  # few drafts have a sound or a film

IMAGE_BYTES = 20 << 20
_VERSION = 2  # of what the worker makes: another number makes every adapted file anew
_DRAWING = 2  # of lettered covers: another number draws them anew
_CONVERSION = 1  # of what ffmpeg is asked for: another number converts every sound and film anew
_UNTOLD = {"webm", "amr"}  # no reader of ours tells how long these are
_FAILED = {
    "slow": N_("it took too long"),
    "failed": N_("ffmpeg cannot read it"),
    "large": N_("it stays too large"),
    "short": N_("its end would be missing"),
}
_MOVE = {"gif", "webp", "png"}


@dataclass(frozen=True)
class Studio:
    """Where media files are made: originals and results in `media`, what is known of them in `cache`.

    One that does not keep adds nothing to `media`: a draft that nobody approved is measured where it lies. What it
    makes is measured and thrown away, so the files of its results need not be there. One that does not note either
    writes nothing at all: what it finds out is known to this process alone.
    """

    media: Path
    cache: Path
    keeps: bool = True
    notes: bool = True
    # Of sounds and films that have to be converted: "no" (they stay as they are: enough to look at), "yes", or "ready"
    # (it was to be done ahead of the hour, and NotConverted says where it was not).
    converts: Literal["no", "yes", "ready"] = "no"

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
            raise DraftError(_said_of(ref, error.message), line=ref.line, hint=error.hint) from None
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

    def _found(self, ref: MediaRef) -> tuple[Path, str, str]:
        """Where the file is, its sha256 and its extension."""
        if self.keeps:
            path = store(ref.path, self.media, ref.sha256, ours=ref.path.is_relative_to(self.cache))
            return path, path.stem, path.suffix[1:]
        digest, extension = identify(ref.path, ref.sha256)
        stored = self.media / f"{digest}.{extension}"
        return (stored if stored.exists() else ref.path), digest, extension

    def frames(self, media: Media) -> int:
        """How many pictures a picture has: several where it moves."""
        extension = PurePosixPath(media.name).suffix[1:]
        return int(self._measured(media.path, media.sha256, extension).get("frames", 1)) if extension in _MOVE else 1

    def adapt(
        self,
        media: Media,
        rule: MediaRule,
        crop: Sequence[float] | None = None,
        focal: tuple[float, float] | None = None,
    ) -> Media:
        """`media` as `rule` takes it: upright, without EXIF, converted, scaled, pressed; pictures only.

        A crop keeps the point `focal`, as near to its middle as the picture's edges let it.

        A sound or a film that does not fit is converted by ffmpeg where it is there, or DraftError says what would fit.
        """
        if not media.mime.startswith("image/"):
            return self._played(media, rule)
        spec = {
            "formats": list(rule.formats),
            "bytes": rule.bytes,
            "width": rule.width,
            "height": rule.height,
            "crop": list(crop) if crop else None,
        }
        if crop and focal:
            spec["focal"] = list(focal)
        if not crop and (moves := moving_formats(rule)) and self.frames(media) > 1:
            spec["moves"] = moves
        made = self._made("adapt", {"source": media.sha256, **spec}, spec, media)
        return replace(made, role=media.role, alt=media.alt, ref=media.ref)

    def covers(
        self,
        cover: Media | None,
        rule: MediaRule,
        title: str,
        note: str,
        focal: tuple[float, float] | None = None,
    ) -> tuple[Media, ...]:
        """The cover in each shape that `rule` asks for; lettered with the title when there is none and one must be."""
        if cover is None and not rule.required:
            return ()
        asked = [*rule.sizes, *(_ratio(words) for words in rule.ratios[len(rule.sizes) :])]
        shapes: list[tuple[float, ...] | None] = [*asked] or [None]
        if cover is not None:
            found = [self.adapt(cover, rule, shape, focal) for shape in shapes]
        else:
            found = [self._lettered(title, note, _size(shape), rule) for shape in shapes]
        if len(found) == 1:
            return (found[0],)
        return tuple(
            replace(made, name=f"{PurePosixPath(made.name).stem}-{n}{PurePosixPath(made.name).suffix}")
            for n, made in enumerate(found, 1)
        )

    def _lettered(self, title: str, note: str, size: tuple[int, int], rule: MediaRule) -> Media:
        spec = {"title": title, "note": note, "size": list(size), "formats": list(rule.formats), "font": font()}
        made = self._made("cover", {**spec, "drawing": _DRAWING}, spec, None)
        return replace(made, role="cover", alt=title, name=f"cover{made.path.suffix}")

    def facts(self, media: Media) -> Mapping[str, Any]:
        """What was found out about a file: of a sound or a film its seconds and codecs, where ffprobe is there."""
        return self._measured(media.path, media.sha256, PurePosixPath(media.name).suffix[1:])

    def plan(self, media: Media, rule: MediaRule) -> film.Plan | None:
        """What has to be made of a sound or a film; None where it fits, or where nobody can say."""
        if media.role not in {"audio", "video"} or not media.mime.startswith(("audio/", "video/")):
            return None
        known = self.facts(media)
        if not (known.get("picture") if media.role == "video" else known.get("sound")):
            return None
        return film.plan(media.role, PurePosixPath(media.name).suffix[1:], media.size, known, rule)

    def tagged(self, media: Media, tags: Mapping[str, str], cover: Media | None) -> Media:
        """A sound with these tags, and with that cover; as it is where they cannot be written without encoding it anew.

        Whoever only looks gets what was made before, and makes nothing.
        """
        own = PurePosixPath(media.name).suffix[1:]
        if own not in film.TAGGED or film.maker() is None or not self.keeps:
            return media
        shown = cover if cover and cover.path.suffix[1:] in film.SHOWS_AS else None
        said = [_CONVERSION, "tags", media.sha256, dict(tags), shown.sha256 if shown else ""]
        key = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

        def make() -> dict[str, Any]:
            with self._scratch(self.media) as landing:
                if not film.tag(media.path, own, landing, tags, shown.path if shown else None):
                    return {"failed": True}
                return _landed(landing, self.media, own)

        known = self._noted(key)
        if known is None or ("failed" not in known and not (self.media / f"{known['sha256']}.{known['ext']}").exists()):
            if self.converts == "no":
                return media
            known = self._anew(key, make)
        if "failed" in known:
            return media
        path = self.media / f"{known['sha256']}.{known['ext']}"
        return replace(media, path=path, size=known["size"], sha256=known["sha256"])

    def poster(self, shown: Media) -> Media | None:
        """One picture of a film, to stand for it as its cover; None where there is none, or no ffmpeg."""
        if not self.keeps or not self.facts(shown).get("picture") or film.maker() is None:
            return None
        extension = PurePosixPath(shown.name).suffix[1:]

        def make() -> dict[str, Any]:
            with self._scratch(self.media) as landing:
                if not film.poster(shown.path, extension, landing, shown.seconds):
                    return {"none": True}
                return _ask({"op": "measure", "source": str(landing)}) | _landed(landing, self.media, "jpg")

        key = f"{shown.sha256}-poster{_CONVERSION}"
        known = self._noted(key)
        if known is None or ("none" not in known and not (self.media / f"{known['sha256']}.jpg").exists()):
            known = self._anew(key, make)
        if "none" in known:
            return None
        path = self.media / f"{known['sha256']}.jpg"
        return Media(
            "cover", path, "cover.jpg", MIMES["jpg"], known["size"], known["sha256"], shown.alt,
            known["width"], known["height"],
        )  # fmt: skip

    def _played(self, media: Media, rule: MediaRule) -> Media:
        """A sound or a film as `rule` takes it."""
        made = self.plan(media, rule)
        if made is None or not can_convert(rule):
            self._inspect(media, rule)
            return media
        self._inspect(media, replace(rule, formats=(), bytes=None))  # how long it may last: nothing is cut off
        if not made.possible:
            what = _("%(role)s %(file)s", role=_(media.role), file=media.ref)
            said = _("%(what)s lasts too long for %(size)s bytes, however it is converted", what=what, size=rule.bytes)
            raise DraftError(said, hint=_("shorten it"))
        return self._converted(media, made)

    def _converted(self, media: Media, made: film.Plan) -> Media:
        said = json.dumps([_CONVERSION, media.sha256, made.values], sort_keys=True)
        key = hashlib.sha256(said.encode()).hexdigest()

        def make() -> dict[str, Any]:
            with self._scratch(self.media) as landing:
                source, own = media.path, PurePosixPath(media.name).suffix[1:]
                if why := film.convert(source, own, landing, made, known=self.facts(media)):
                    return {"failed": why}
                found = film.look(landing, made.extension) or {}
                told = {name: found.get(name) for name in ("width", "height", "seconds")}
                return _landed(landing, self.media, made.extension) | told

        known = self._noted(key)
        if known is None or ("failed" not in known and not (self.media / f"{known['sha256']}.{known['ext']}").exists()):
            if self.converts == "no" or not self.keeps:
                return media
            if self.converts == "ready":
                raise NotConverted(_said_of(media, _("is still to be converted")))
            known = self._anew(key, make)
        if "failed" in known:
            raise DraftError(
                _said_of(media, _("cannot be converted: %(why)s", why=_(_FAILED[known["failed"]]))),
                hint=_("convert it to %(formats)s", formats=made.extension),
            )
        return replace(
            media,
            path=self.media / f"{known['sha256']}.{known['ext']}",
            name=f"{PurePosixPath(media.name).stem}.{known['ext']}",
            mime=MIMES[known["ext"]].replace("video", "audio") if media.role == "audio" else MIMES[known["ext"]],
            size=known["size"],
            sha256=known["sha256"],
            width=known["width"],
            height=known["height"],
            seconds=known["seconds"],
        )

    def _inspect(self, media: Media, rule: MediaRule) -> None:
        extension = PurePosixPath(media.name).suffix[1:]
        what = _("%(role)s %(file)s", role=_(media.role), file=media.ref)
        if rule.formats and extension not in rule.formats:
            raise DraftError(
                _("%(role)s %(file)s is %(format)s", role=_(media.role), file=media.ref, format=extension),
                hint=_("convert it to %(formats)s", formats=_(" or ").join(rule.formats)),
            )
        if rule.bytes is not None and media.size > rule.bytes:
            raise DraftError(
                _("%(what)s has %(size)s bytes of %(most)s", what=what, size=media.size, most=rule.bytes),
                hint=_("make it smaller"),
            )
        if rule.seconds is not None and media.seconds is not None and media.seconds > rule.seconds:
            raise DraftError(
                _(
                    "%(what)s lasts %(seconds)s of %(most)s seconds",
                    what=what,
                    seconds=format(media.seconds, ".0f"),
                    most=format(rule.seconds, ".0f"),
                ),
                hint=_("shorten it"),
            )

    def _measured(self, path: Path, digest: str, extension: str) -> dict[str, Any]:
        """What is known of a file; asked of the worker once."""
        if extension in IMAGES:
            return self._known(f"{digest}-measure", lambda: self._picture(path, digest))
        if not MIMES[extension].startswith(("audio/", "video/")):
            return {}
        if film.prober():
            key = "played" if path.parent == self.media else "played-there"
            return self._known(f"{digest}-{key}", lambda: _looked_into(path, extension))
        if extension not in _UNTOLD:
            # Elsewhere it may be another file by the time that it is read: what is said of it then is not for ever.
            key = "seconds" if path.parent == self.media else "seconds-there"
            return self._known(f"{digest}-{key}", lambda: _ask({"op": "sound", "source": str(path)}))
        return {}

    def _picture(self, path: Path, digest: str) -> dict[str, Any]:
        if path.stat().st_size > IMAGE_BYTES:
            raise DraftError(_("has more than %(size)s MB", size=IMAGE_BYTES >> 20), hint=_("scale it down"))
        with self._steady(path, digest) as source:
            return _ask({"op": "measure", "source": str(source)})

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

    def _made(self, op: str, identity: dict[str, Any], asked: dict[str, Any], source: Media | None) -> Media:
        """The picture that the worker makes of `source` as `asked`; made once for one `identity`."""
        request = dict(asked)
        key = hashlib.sha256(json.dumps([_VERSION, op, identity], sort_keys=True).encode()).hexdigest()

        def make() -> dict[str, Any]:
            with self._scratch(self.media if self.keeps else self.cache) as landing, contextlib.ExitStack() as held:
                if source is not None:
                    request["source"] = str(held.enter_context(self._steady(source.path, source.sha256)))
                made = _ask({"op": op, "out": str(landing), **request})
                data = landing.read_bytes()
                made |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                if made["ext"] in _MOVE:  # `frames` may ask when the file is gone
                    self._known(f"{made['sha256']}-measure", lambda: _ask({"op": "measure", "source": str(landing)}))
                if self.keeps:
                    land(landing, self.media / f"{made['sha256']}.{made['ext']}")
            return made

        try:
            made = self._known(key, make, needs=self.keeps)
        except DraftError as error:
            said = (
                _said_of(source, error.message)
                if source
                else _("%(role)s %(file)s", role=_("cover"), file=error.message)
            )
            raise DraftError(said, hint=error.hint) from None
        path = self.media / f"{made['sha256']}.{made['ext']}"
        stem = PurePosixPath(source.name).stem if source else "cover"
        return Media(
            role=source.role if source else "cover",
            path=path,
            name=f"{stem}.{made['ext']}",
            mime=MIMES[made["ext"]],
            size=made["size"],
            sha256=made["sha256"],
            width=made["width"],
            height=made["height"],
        )

    def _known(self, key: str, make: Callable[[], dict[str, Any]], *, needs: bool = False) -> dict[str, Any]:
        """What the cache says under `key`, else what `make` says; `needs`: and the file it speaks of is still there."""
        known = self._noted(key)
        if known is None or (needs and not (self.media / f"{known.get('sha256')}.{known.get('ext')}").exists()):
            return self._anew(key, make)
        return known

    def _noted(self, key: str) -> dict[str, Any] | None:
        """What the cache says under `key`, if it says anything."""
        note = self.cache / "media" / f"{key}.json"
        if note not in _remembered:
            try:
                known = json.loads(note.read_bytes())
            except (FileNotFoundError, ValueError):
                return None
            _remember(note, known)
        return _remembered[note]

    def _anew(self, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `make` says, which the cache says from now on."""
        note, known = self.cache / "media" / f"{key}.json", make()
        if self.notes:
            with durable.landing(note) as landing:
                landing.write_text(json.dumps(known), encoding="utf-8")
        _remember(note, known)
        return known


class NotConverted(Exception):
    """A sound or a film is to be converted ahead of its hour, and that was not done yet."""


def can_convert(rule: MediaRule) -> bool:
    """Whether a sound or film that does not fit is converted on this machine."""
    return rule.convert and film.maker() is not None and film.prober() is not None


def _looked_into(path: Path, extension: str) -> dict[str, Any]:
    """What ffprobe finds out; how long a sound is, from who counts its frames or reads its head."""
    found = film.look(path, extension) or {}
    if extension not in _UNTOLD and (extension == "mp3" or found.get("seconds") is None):
        found |= {"seconds": _ask({"op": "sound", "source": str(path)})["seconds"]}
    return found


def _landed(landing: Path, folder: Path, extension: str) -> dict[str, Any]:
    """A file that was made, put into `folder` under its hash; what there is to say of it."""
    with landing.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    size = landing.stat().st_size
    land(landing, folder / f"{digest}.{extension}")
    return {"sha256": digest, "size": size, "ext": extension}


def moving_formats(rule: MediaRule) -> list[str]:
    """The formats in which a platform shows an animation as one."""
    return [each for each in rule.animated if not rule.formats or each in rule.formats]


def _said_of(file: MediaRef | Media, said: str) -> str:
    return _("%(role)s %(file)s %(said)s", role=_(file.role), file=file.ref, said=said)


def _remember(note: Path, known: dict[str, Any]) -> None:
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    _remembered[note] = known


_REMEMBERED = 20_000
_remembered: dict[Path, dict[str, Any]] = {}  # notes of the cache that this process has read


def _ratio(words: str) -> tuple[float]:
    width, height = words.split(":")
    return (float(width) / float(height),)


def _size(shape: tuple[float, ...] | None) -> tuple[int, int]:
    """Pixels for a cover that has to be lettered."""
    if shape and len(shape) == 2:
        return int(shape[0]), int(shape[1])
    return 1200, round(1200 / (shape[0] if shape else 16 / 9))


_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)


@lru_cache(maxsize=1)
def font() -> list[Any] | None:
    """A font with Han letters on this machine, as [file, index]; None when there is none."""
    import subprocess  # a draft whose cover is not drawn does without

    matcher = shutil.which("fc-match")
    if matcher:
        asked = [matcher, "-f", "%{file}\t%{index}\t%{lang}", "sans:bold:lang=zh-cn"]
        found = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout.split("\t")  # noqa: S603
        if len(found) == 3 and "zh-cn" in found[2].split("|") and Path(found[0]).is_file():
            return [found[0], int(found[1]) & 0xFFFF]
    return next(([name, 0] for name in _FONTS if Path(name).is_file()), None)


_worker = Worker("steadycast.render.image_worker")


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    """The worker's answer; its refusals, time-outs and deaths as DraftError."""
    found = _worker.ask(request)
    if "error" in found:
        raise DraftError(found["error"], hint=_("save it anew as PNG, JPEG or MP3"))
    return found
