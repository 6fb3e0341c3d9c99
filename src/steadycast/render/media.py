"""Media files adapted to what a platform takes: pictures cut, scaled and pressed, and covers drawn."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.platform import Media, MediaRule
from steadycast.render import measured_media
from steadycast.render.letter_font import font
from steadycast.render.measured_media import FILE, MOVE, SIDES, said_of
from steadycast.render.media_files import MIMES, land
from steadycast.render.played_media import PlayedMedia

_VERSION = 2  # of what the worker makes: another number makes every adapted file anew
_DRAWING = 2  # of lettered covers: another number draws them anew


@dataclass(frozen=True)
class Studio(PlayedMedia):
    """Where media files are made."""

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

    def _made(self, op: str, identity: dict[str, Any], asked: dict[str, Any], source: Media | None) -> Media:
        """The picture that the worker makes of `source` as `asked`; made once for one `identity`."""
        request = dict(asked)
        key = hashlib.sha256(json.dumps([_VERSION, op, identity], sort_keys=True).encode()).hexdigest()

        def make() -> dict[str, Any]:
            with self._scratch(self.media if self.keeps else self.cache) as landing, contextlib.ExitStack() as held:
                if source is not None:
                    request["source"] = str(held.enter_context(self._steady(source.path, source.sha256)))
                made = measured_media.ask({"op": op, "out": str(landing), **request})
                data = landing.read_bytes()
                made |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                if made["ext"] in MOVE:  # `frames` may ask when the file is gone
                    self._known(
                        f"{made['sha256']}-measure",
                        lambda: measured_media.ask({"op": "measure", "source": str(landing)}),
                        says=SIDES,
                    )
                if self.keeps:
                    land(landing, self.media / f"{made['sha256']}.{made['ext']}")
            return made

        try:
            made = self._known(key, make, says=(*FILE, *SIDES), needs=self.keeps)
        except DraftError as error:
            said = (
                said_of(source, error.message)
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


def moving_formats(rule: MediaRule) -> list[str]:
    """The formats in which a platform shows an animation as one."""
    return [each for each in rule.animated if not rule.formats or each in rule.formats]


def _ratio(words: str) -> tuple[float]:
    width, height = words.split(":")
    return (float(width) / float(height),)


def _size(shape: tuple[float, ...] | None) -> tuple[int, int]:
    """Pixels for a cover that has to be lettered."""
    if shape and len(shape) == 2:
        return int(shape[0]), int(shape[1])
    return 1200, round(1200 / (shape[0] if shape else 16 / 9))
