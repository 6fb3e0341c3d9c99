"""The media of one post: those of a draft as its platform takes them, its covers, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.platform import Media, MediaRule, Platform
from steadycast.render.media import moving_formats
from steadycast.render.played_media import can_convert
from steadycast.render.prepared_body import Body
from steadycast.render.wording import Target, Words

SAY_FOCAL = N_("say what has to stay: focal: 0.3 0.7, from the left and from the top")
LITTLE = 0.6  # of a cover: where a crop leaves less of it, it is told
NEARLY = 0.02  # by how much the shape of a film may differ from what is asked for
CONVERTED = {
    "format": N_("its format is not taken"),
    "codec": N_("its codec does not play everywhere"),
    "bytes": N_("it has too many bytes"),
    "pixels": N_("it has too many pixels"),
    "place": N_("it tells where it was taken"),
}
ANY = MediaRule()  # of a role of which a platform says nothing


class PostMedia(Words):
    """One draft's media for one channel; what is wrong with them gathers in `faults`, as with its words."""

    def __init__(self, body: Body, platform: Platform, target: Target, *, letters: bool) -> None:
        super().__init__(body.draft, platform, target)
        self.body = body
        self.letters = letters  # whether a cover is drawn where there is none

    def media(self, title: str) -> tuple[tuple[Media, ...], dict[str, str]]:
        """The post's media by the platform's rules, and original -> adapted sha256 of the body's pictures."""
        if not self.body.media and not any(rule.required for rule in self.platform.media.values()):
            return (), {}
        found: list[Media] = []
        names: dict[str, str] = {}
        for role in ("image", "audio", "video", "attachment"):
            rule = self.platform.media.get(role, ANY)
            if not self.body.media and not rule.required:
                continue
            given = list({m.sha256: m for m in self.body.media if m.role == role}.values())
            if rule.count == 0:
                self._tell_left_out(role, given)
                continue
            if role == "image" and given and (alone := self._alone()):
                self._tell_beside(given, alone)
            self._check_count(role, given, rule)
            for media in given:
                with self.noting():
                    adapted = self.body.studio.adapt(media, rule)
                    found.append(adapted)
                    self._check_loss(media, adapted, rule)
                    self._check_played(media, rule)
                    if adapted.sha256 != media.sha256:
                        names[media.sha256] = adapted.sha256
        covers = self._covers(title)
        if self.platform.media.get("audio", ANY).tags:
            found = [self._tagged(media, title, covers) if media.role == "audio" else media for media in found]
        return (*covers, *self._thumbs(), *found), names

    def _tagged(self, media: Media, title: str, covers: tuple[Media, ...]) -> Media:
        """A sound that says what it is, wherever it is copied to."""
        by = self.author or self.target.member_title or self.target.community
        tags = {"title": title, "artist": by, "album": self.target.series_title or self.target.community}
        tags = {name: said for name, said in tags.items() if said}
        return self.body.studio.tagged(media, tags, next(iter(covers), None))

    def _alone(self) -> str:
        """The role of a file of the draft beside which the platform shows no pictures, if it has one."""
        own = {m.role for m in self.body.media}
        return next((r for r in ("video", "audio") if r in own and self.platform.media.get(r, ANY).alone), "")

    def _tell_beside(self, given: list[Media], alone: str) -> None:
        names = listed(m.ref for m in given[:3])
        said = _(
            "%(role)s %(names)s is left out: %(alone)s is sent alone here", role=_("image"), names=names, alone=_(alone)
        )
        self.fault(said, _("nothing has to be done"), self.line_of(given[0]), harmless=True)

    def _tell_left_out(self, role: str, given: list[Media]) -> None:
        """Tell of files of a role of which the platform takes none."""
        if given:
            names = listed(m.ref for m in given[:3])
            said = _("%(role)s %(names)s is left out: none is taken", role=_(role), names=names)
            self.fault(said, _("nothing has to be done"), self.line_of(given[0]), harmless=True)

    def _check_loss(self, media: Media, adapted: Media, rule: MediaRule) -> None:
        """Tell of an animation that comes out as one picture, and of a drawing that comes out in pixels."""
        studio = self.body.studio
        if media.mime == "image/svg+xml" != adapted.mime:
            said = _(
                "%(role)s %(name)s is a drawing, and becomes %(format)s where none is taken",
                role=_(media.role),
                name=media.ref,
                format=adapted.path.suffix[1:].upper(),
            )
            self.fault(said, _("nothing has to be done"), harmless=True)
        if studio.frames(media) > 1 and studio.frames(adapted) == 1:
            why = _("it is too large") if moving_formats(rule) else _("no animation is taken")
            if rule.sizes or rule.ratios:
                why = _("a crop of it does not move")
            said = _(
                "%(role)s %(name)s is an animation, and becomes its first picture: %(why)s",
                role=_(media.role),
                name=media.ref,
                why=why,
            )
            self.fault(said, _("make it smaller, or expect a still picture"), self.line_of(media), harmless=True)

    def _check_played(self, media: Media, rule: MediaRule) -> None:
        """Tell of a sound or a film that is converted, or that may not play as it is."""
        if media.role not in {"audio", "video"}:
            return
        studio, line = self.body.studio, self.line_of(media)
        named = {"role": _(media.role), "name": media.ref}
        if studio.facts(media).get("unread"):
            said = _("%(role)s %(name)s cannot be read by ffprobe: it may be damaged", **named)
            self.fault(said, _("play it, and save it anew"), line, harmless=True)
        if media.role == "video" and media.width and media.height and rule.ratios:
            asked = [width / height for width, height in (map(float, each.split(":")) for each in rule.ratios)]
            if all(abs(media.width / media.height / each - 1) > NEARLY for each in asked):
                size = f"{media.width} x {media.height}"
                said = _("%(role)s %(name)s is %(size)s: another shape than is asked for", **named, size=size)
                self.fault(said, _("it is meant to be %(ratios)s", ratios=listed(rule.ratios)), line, harmless=True)
        if made := studio.plan(media, rule):
            why = listed(_(CONVERTED[each]) for each in made.why)
            if can_convert(rule):
                said = _(
                    "%(role)s %(name)s goes out converted to %(format)s: %(why)s",
                    **named,
                    format=made.extension,
                    why=why,
                )
                self.fault(said, _("nothing has to be done"), line, harmless=True)
            else:
                said = _("%(role)s %(name)s goes out as it is: %(why)s", **named, why=why)
                self.fault(said, _("install ffmpeg, which converts it, or convert it"), line, harmless=True)

    def _check_count(self, role: str, given: list[Media], rule: MediaRule) -> None:
        if rule.count is not None and len(given) > rule.count:
            self.fault(
                _("too many of %(role)s: %(count)s/%(most)s", role=_(role), count=len(given), most=rule.count),
                _("take some out of the draft"),
            )
        if rule.required and not given and not any(m.role == role for m in self.draft.media):
            self.fault(_("needs at least one %(role)s", role=_(role)), _("add one to the draft"))

    def _thumbs(self) -> tuple[Media, ...]:
        """The cover, else the first picture, as small as lists show it; none where the platform asks for none."""
        rule = self.platform.media.get("thumb")
        chosen = next((m for role in ("cover", "image") for m in self.body.media if m.role == role), None)
        chosen = chosen or (self._poster() if rule else None)
        if rule is None or chosen is None:
            return ()
        with self.noting():
            made = self.body.studio.covers(chosen, rule, "", "", self._focal(chosen))
            return tuple(replace(m, role="thumb") for m in made)
        return ()

    def _covers(self, title: str) -> tuple[Media, ...]:
        rule = self.platform.media.get("cover", ANY)
        if rule.count == 0 or not (self.body.media or rule.required):
            return ()
        cover = next((m for m in self.body.media if m.role == "cover"), None)
        cover = cover or (self._poster() if "cover" in self.platform.media else None)
        if cover is None and not self.letters:
            return ()
        with self.noting():
            focal = self._focal(cover) if cover else None
            made = self.body.studio.covers(cover, rule, title, self.target.community, focal)
            if cover:
                self._check_loss(cover, made[0], rule)
                self._check_crop(cover, made, focal)
            return made
        return ()

    def _poster(self) -> Media | None:
        """A picture of the draft's first film, which stands for a cover where it has none."""
        shown = next((m for m in self.body.media if m.role == "video"), None)
        return self.body.studio.poster(shown) if shown else None

    def _focal(self, media: Media) -> tuple[float, float] | None:
        """The point of a picture that a crop has to keep, where the draft says one."""
        return next((m.focal for m in self.draft.media if m.ref == media.ref and m.focal), None)

    def _check_crop(self, cover: Media, made: Iterable[Media], focal: tuple[float, float] | None) -> None:
        """Tell of a cover of which a crop leaves little, where nobody has said what it has to keep."""
        left = min((share_of(cover, each) for each in made), default=1.0)
        if focal is None and left < LITTLE:
            part = f"{round(left * 100)} %"
            said = _("cover %(name)s is cut to %(part)s of it", name=cover.ref, part=part)
            self.fault(said, _(SAY_FOCAL), self.line_of(cover), harmless=True)

    def line_of(self, media: Media) -> int | None:
        return next((m.line for m in self.draft.media if m.ref == media.ref), None)


def share_of(whole: Media, part: Media) -> float:
    """How much of a picture a crop of it shows, from 0 to 1."""
    if not (whole.width and whole.height and part.width and part.height):
        return 1.0
    one, other = whole.width / whole.height, part.width / part.height
    return min(one, other) / max(one, other)
