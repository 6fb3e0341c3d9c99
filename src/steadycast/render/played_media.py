"""Sounds and films as a platform takes them: converted, tagged, and with a picture that stands for them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_module
from steadycast.platform import Media, MediaRule
from steadycast.render import measured_media
from steadycast.render.measured_media import FILE, NOTHING, SIDES, MeasuredMedia, landed, said_of
from steadycast.render.media_files import MIMES

if TYPE_CHECKING:
    from steadycast.render import film
else:
    film = lazy_module("steadycast.render.film")  # few drafts have a sound or a film

_CONVERSION = 1  # of what ffmpeg is asked for: another number converts every sound and film anew
_AGAIN = 86_400.0  # seconds: the disk may have been full, or the program is a newer one
_FAILED = {
    "slow": N_("it took too long"),
    "failed": N_("ffmpeg cannot read it"),
    "large": N_("it stays too large"),
    "short": N_("its end would be missing"),
}


def _is_old(note: Path) -> bool:
    with contextlib.suppress(OSError):
        return abs(time.time() - note.stat().st_mtime) > _AGAIN
    return False


class NotConverted(Exception):
    """A sound or a film is to be converted ahead of its hour, and that was not done yet."""


@dataclass(frozen=True)
class PlayedMedia(MeasuredMedia):
    """What is made of sounds and films. Whoever only looks gets what was made before, and makes nothing."""

    # Of those that have to be converted: "no" (they stay as they are: enough to look at), "yes", or "ready" (it was to
    # be done ahead of the hour, and NotConverted says where it was not).
    converts: Literal["no", "yes", "ready"] = "no"

    def _noted(self, key: str, says: Collection[str]) -> dict[str, Any] | None:
        """The same; what failed is tried again after a day by who converts, and told until then by who only looks."""
        known = super()._noted(key, says)
        again = known and known.keys() & NOTHING and self.converts != "no" and _is_old(self._note(key))
        return None if again else known

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
                return landed(landing, self.media, own)

        known = self._noted(key, FILE)
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
                size = measured_media.ask({"op": "measure", "source": str(landing)})
                return size | landed(landing, self.media, "jpg")

        key = f"{shown.sha256}-poster{_CONVERSION}"
        known = self._noted(key, (*FILE, *SIDES))
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
                return landed(landing, self.media, made.extension) | told

        known = self._noted(key, (*FILE, *SIDES, "seconds"))
        if known is None or ("failed" not in known and not (self.media / f"{known['sha256']}.{known['ext']}").exists()):
            if self.converts == "no" or not self.keeps:
                return media
            if self.converts == "ready":
                raise NotConverted(said_of(media, _("is still to be converted")))
            known = self._anew(key, make)
        if "failed" in known:
            raise DraftError(
                said_of(
                    media, _("cannot be converted: %(why)s", why=_(_FAILED.get(known["failed"], _FAILED["failed"])))
                ),
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


def can_convert(rule: MediaRule) -> bool:
    """Whether a sound or film that does not fit is converted on this machine."""
    return rule.convert and film.maker() is not None and film.prober() is not None
