"""A draft as one channel will show it: overrides, limits, media rules and HTML, in one Post."""

from __future__ import annotations

import datetime as dt
import hashlib
import html as entities
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from steadycast.errors import DraftError
from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.platform import Event, Limit, Media, Platform, Post
from steadycast.platform.composition import fill
from steadycast.platform.text import count, split
from steadycast.platform.text import fits as fits_limit
from steadycast.render.call import as_html, as_text, code, tracked
from steadycast.render.dates import when_text
from steadycast.render.html import render as as_html_by_rule
from steadycast.render.inline_style import load
from steadycast.render.lazy_value import once
from steadycast.render.lexer import Numbered
from steadycast.render.post_media import ANY, PostMedia
from steadycast.render.prepared_body import Body
from steadycast.render.sanitise import calm
from steadycast.render.wording import NO_LIMIT, Target, unit
from steadycast.schedule.forms import Form, Origin

__all__ = ["Target", "compose", "fits"]

SUMMARY = Limit(120)  # code points of a summary made from the text, where the platform sets no limit
_MEDIA = re.compile(r"media:([0-9a-f]{64})")
_PLAYED = (Form.AUDIO, Form.VIDEO)  # no set: a form is hashed by code in Python
_EVENTS = uuid.UUID("8d1b7a0e-6d2f-5b0c-9f3a-2f1c5d6e7a90")


def compose(body: Body, platform: Platform, target: Target, *, letters: bool = True) -> Post:
    """The Post that `platform` shows of a draft's `body` at `target`.

    Without `letters` no cover is drawn for a draft that has none: enough for whoever shows no cover. Drawing one takes
    longer than all the rest of a post.

    Raises the first DraftError of what `fits` would list: it names file, channel, what is too much and the hint.
    """
    composer = _Composer(body, platform, target, letters=letters or "whole" in platform.limits)
    post = composer.post()
    for fault in composer.faults:
        if not fault.harmless:
            raise fault
    return post


def fits(body: Body, platform: Platform, target: Target, *, now: dt.datetime | None = None) -> list[DraftError]:
    """Everything about a draft that would fail on this channel at its slot; an empty list when nothing would.

    What it would only lose there is among it, as harmless.
    With `now`, an event that has ended is one of them. No cover is drawn for it: one with the title fits. Nor is its
    HTML made where none is measured: colours alone would start a process.
    """
    measured = bool({"html", "whole"} & platform.limits.keys())
    composer = _Composer(body, platform, target, letters="whole" in platform.limits, html=measured)
    composer.post()
    composer.check_event(now)
    return composer.faults


class _Composer(PostMedia):
    """One draft for one channel; what goes wrong gathers in `faults`, and the rest goes on."""

    def __init__(
        self, body: Body, platform: Platform, target: Target, *, letters: bool = True, html: bool = True
    ) -> None:
        super().__init__(body.linked(target.links), platform, target, letters=letters)
        self.html = html
        self.faults = [replace(fault, channel=target.channel) for fault in body.faults]

    def post(self) -> Post:
        draft, target, rule = self.draft, self.target, self.platform.render
        self._check_form()
        title = self.title
        media, names = self.media(title)
        html, links = self._html(names)
        summary = self._summary()
        text, parts, text_links = self._text(self._shown_beside(summary))
        html, text, parts, media = self._with_call(html, text, parts, media)
        self._check_whole(html, text, media)
        if rule.links != "footnotes" and rule.text_links == "numbered":
            links = text_links
        if self.draft.origin is Origin.UGC:  # a kit lists them, and its list is pasted into a chat
            links = tuple((calm(label), url) for label, url in links)
        return Post(
            key=target.key,
            channel=target.channel,
            slot=target.slot,
            title=title,
            summary=summary,
            html=html,
            text=text,
            parts=parts,
            published=target.published.replace(microsecond=0),
            form=str(draft.form),
            origin=str(draft.origin),
            member=draft.member,
            member_title=target.member_title,
            member_url=target.member_url,
            author=self.author,
            series=target.series,
            series_title=target.series_title,
            slug=self.body.slug or target.key,
            language=draft.language or target.language,
            tags=self.tags,
            canonical_url=self._counted_url(),
            links=links,
            media=media,
            event=self.event,
            revision=draft.revision,
            draft=str(draft.path),
            extra={**self.own, **self.beside},
            credit=self.credit,
            slot_at=target.slot_at,
        )

    def check_event(self, now: dt.datetime | None) -> None:
        """Add what is wrong with the event's times."""
        event = self.event
        if event and now and event.end <= now:
            self.fault(
                _("the event ended on %(at)s", at=format(event.end, "%Y-%m-%d %H:%M")),
                _("set event.start and event.end, or take it out"),
            )

    def _check_form(self) -> None:
        draft = self.draft
        if str(draft.form) not in self.platform.forms:
            self.fault(
                _(
                    "takes no %(form)s, only %(forms)s",
                    form=_(draft.form),
                    forms=listed(map(_, self.platform.forms)),
                ),
                _("take the channel out of its series"),
            )
        if draft.form in _PLAYED and not any(m.role == str(draft.form) for m in draft.media):
            self.fault(
                _("%(form)s without a file", form=_(draft.form)),
                _('name one: media = "talk.mp3", or form = "%(form)s"', form=Form.ARTICLE),
            )
        if draft.form is Form.EVENT and draft.event is None:
            self.fault(_("event without a start"), _("set event.start in the front matter"))

    # Words

    def _summary(self) -> str:
        limit = self.platform.limits.get("summary", SUMMARY)
        given = self.own.get("summary") or self.body.summary(limit)
        return self.limited("summary", self.line(given))

    def _text(self, shown: Mapping[str, str]) -> tuple[str, tuple[str, ...], Numbered]:
        """What is sent as text, its parts, and its numbered links; `shown` are the other pieces of a composed one."""
        rule, limit = self.platform.render, self.limit("text") or NO_LIMIT
        hosts = rule.link_hosts if rule.links == "footnotes" else ()
        text, links = self.body.text_for(rule.text_links, hosts)
        if self.own.get("text"):
            text = str(self.own["text"]).strip()
        if self.draft.origin is Origin.UGC:
            text = calm(text)
        if not rule.thread:
            text = self.composed(text, shown) if rule.compose else self.limited("text", text)
            text = self._credited(text)
            return text, (text,), links
        if rule.compose:
            text = fill(rule.compose, {**shown, "text": text})
        text = self._credited(text)
        with self.noting():
            return text, split(text, limit), links
        return text, (text,), links

    def _shown_beside(self, summary: str) -> dict[str, str]:
        """The other pieces of a composed text; nothing where the platform composes none."""
        if not self.platform.render.compose:
            self.tags, self.author, self.event  # noqa: B018  what is wrong with them is told in this order
            return {}
        return self.pieces(summary) | self._told_event()

    def _credited(self, text: str) -> str:
        return "\n\n".join(filter(None, (text, self.credit))) if self.credit else text

    def _check_whole(self, html: str, text: str, media: Iterable[Media]) -> None:
        """Add what is wrong with the size of all that is sent: words, their markup, files of the roles it names."""
        limit = self.platform.limits.get("whole")
        if limit is None:
            return
        if (size := self._size(html, text, media)) > limit.max:
            said = _(
                "the whole is too large: %(size)s of at most %(most)s kB, its files included",
                size=size // 1000,
                most=limit.max // 1000,
            )
            self.fault(said, _("take files out of the draft, or make them smaller"))

    def _size(self, html: str, text: str, media: Iterable[Media]) -> int:
        files = {m.sha256: m.size for m in media if m.role in self.platform.media}
        return len(html.encode()) + len(text.encode()) + sum(files.values())

    # Call

    def _with_call(
        self, html: str, text: str, parts: tuple[str, ...], media: tuple[Media, ...]
    ) -> tuple[str, str, tuple[str, ...], tuple[Media, ...]]:
        """The same with the call at their end; as they were where it has no room, which is said."""
        call, manner, rule = self.target.call, self.platform.call, self.platform.render
        if call is None or manner == "none":
            return html, text, parts, media
        if manner == "qr" and not (call.url or call.picture):
            manner = "text"
        said = "\n\n".join(filter(None, (text, as_text(call, manner))))
        limit = self.limit("text") or NO_LIMIT
        longer = split(said, limit) if rule.thread else (said,)
        scanned = self._code(media) if manner == "qr" else ()
        shown = as_html(call, manner, links=rule.links == "keep", picture=next(iter(scanned), None))
        style = load(rule.style, self.platform.folders) if rule.style else None
        whole = "\n".join(filter(None, (html, as_html_by_rule(shown, rule, style)[0])))
        of_html, of_all = self.platform.limits.get("html", NO_LIMIT), self.platform.limits.get("whole", NO_LIMIT)
        if (
            (len(longer) == len(parts) if rule.thread else fits_limit(said, limit))
            and fits_limit(whole, of_html)
            and self._size(whole, said, (*media, *scanned)) <= of_all.max
            and (manner != "qr" or scanned)
        ):
            return whole, said, longer, (*media, *scanned)
        told = _("the call %(name)s has no room here, and is left out", name=call.name)
        self.fault(told, _("shorten the call, or the draft"), harmless=True)
        return html, text, parts, media

    def _code(self, media: tuple[Media, ...]) -> tuple[Media, ...]:
        """The call's picture, where one more may come."""
        call, rule = self.target.call, self.platform.media.get("image", ANY)
        if call is None or (rule.count is not None and sum(m.role == "image" for m in media) >= rule.count):
            return ()
        with self.noting():
            return (code(call, self.body.studio, rule),)
        return ()

    def _counted_url(self) -> str:
        """The address of its page; beside a code it is the one link that can be followed, and is counted as well."""
        call, here = self.target.call, self.target
        if call and call.counted and self.platform.call == "qr" and here.canonical_url and not self.draft.canonical_url:
            return tracked(here.canonical_url, here.channel, self.platform, here.series, here.slot)
        return self.url

    # HTML

    def _html(self, names: Mapping[str, str]) -> tuple[str, Numbered]:
        rule = self.platform.render
        style = load(rule.style, self.platform.folders) if rule.style else None
        if not self.html:
            return "", ()
        html, links = self.body.html_for(rule, style)
        if self.credit:
            shown = f'<p class="credit">{entities.escape(self.credit)}</p>'
            html = "\n".join(filter(None, (html, as_html_by_rule(shown, rule, style)[0])))
        if names:
            html = _MEDIA.sub(lambda m: f"media:{names.get(m[1], m[1])}", html)
        limit = self.platform.limits.get("html")
        if limit is not None and count(html, limit) > limit.max:
            length = count(html, limit)
            said = N_("body is too long: %(length)s/%(most)s %(unit)s of HTML")
            if limit.cut:
                said = N_("body is long, and may be clipped: %(length)s/%(most)s %(unit)s of HTML")
            self.fault(
                _(said, length=length, most=limit.max, unit=unit(limit)), _("shorten the draft"), harmless=limit.cut
            )
        return html, links

    # Event

    def _told_event(self) -> dict[str, str]:
        """When and where, for a text that has no other place for it."""
        if self.event is None:
            return {}
        language = self.draft.language or self.target.language
        return {"when": when_text(self.event, self.target.zone, language), "place": self.event.place}

    @once
    def event(self) -> Event | None:
        """The event with its times in the community's zone, where the draft has one."""
        given = self.draft.event
        if given is None:
            return None
        start = self._aware(given.start)
        usual = dt.timedelta(days=1) if given.all_day else dt.timedelta(hours=2)
        end = self._aware(given.end) if given.end else start + usual
        if end < start:
            self.fault(_("the event ends before it starts"), _("correct event.start or event.end"))
        return Event(
            start,
            end,
            self.line(given.place),
            given.url,
            given.all_day,
            _uid(self.target.draft or str(self.draft.path)),
        )

    def _aware(self, moment: dt.datetime) -> dt.datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=self.target.zone)


def _uid(draft: str) -> str:
    """An event's id in calendars: of the draft, which two announcements share, whatever its file is called by then."""
    return str(uuid.uuid5(_EVENTS, hashlib.sha256(draft.encode()).hexdigest()[:16]))
