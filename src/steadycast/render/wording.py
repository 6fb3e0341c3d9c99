"""The words of a draft as one channel will show them, within its limits, before its body is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from steadycast.characters import one_line
from steadycast.draft import Draft
from steadycast.draft.decoding import visible
from steadycast.errors import DraftError
from steadycast.language import N_, of_tag
from steadycast.language import gettext as _
from steadycast.platform import Limit, Platform
from steadycast.platform.composition import composed, fill, hashtags
from steadycast.platform.text import count, cut
from steadycast.platform.text import fits as fits_limit
from steadycast.render.call import Call
from steadycast.render.lazy_value import once
from steadycast.render.sanitise import calm
from steadycast.schedule.forms import Origin

NO_LIMIT = Limit(1 << 60)
# What messages call the texts of a post, its files and a draft's forms.
NAMES = (
    N_("title"), N_("summary"), N_("author"), N_("text"), N_("image"), N_("cover"), N_("thumb"), N_("audio"),
    N_("video"), N_("attachment"), N_("article"), N_("event"),
)  # fmt: skip


class Target(NamedTuple):
    """Where and when a post will stand: one slot on one channel."""

    channel: str
    slot: str = ""
    key: str = ""
    draft: str = ""  # the draft's id: its path may be another tomorrow
    published: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    slot_at: dt.datetime | None = None  # the slot's instant, where `published` is another
    zone: dt.tzinfo = dt.UTC
    language: str = "zh-CN"
    community: str = ""
    series: str = ""
    series_title: str = ""
    member_title: str = ""
    member_url: str = ""
    canonical_url: str = ""
    call: Call | None = None  # what its end leads to, where the platform lets it
    links: Mapping[str, str] = MappingProxyType({})  # a link to another draft -> where it leads, "" for nowhere


class Words:
    """One draft's words for one channel; what goes wrong gathers in `faults`, and the rest goes on."""

    def __init__(self, draft: Draft, platform: Platform, target: Target) -> None:
        self.draft, self.platform, self.target = draft, platform, target
        self.own = draft.channels.get(target.channel, {})
        self.faults: list[DraftError] = []

    def fault(self, message: str, hint: str, line: int | None = None, *, harmless: bool = False) -> None:
        self.faults.append(DraftError(message, str(self.draft.path), line, hint, self.target.channel, harmless))

    @contextmanager
    def noting(self) -> Iterator[None]:
        """A DraftError inside becomes one of the faults, with file and channel."""
        try:
            yield
        except DraftError as error:
            self.fault(error.message, error.hint or _("correct the draft"), error.line)

    @once
    def title(self) -> str:
        """The title, within its limit."""
        own = visible(str(self.own.get("title", ""))) if self.own else ""
        return self.limited("title", self.line(own or self.draft.title))

    @once
    def author(self) -> str:
        """The author's name, within its limit."""
        return self.limited("author", self.line(self.draft.author))

    @property
    def url(self) -> str:
        """Where the text stands, or was published first."""
        return self.draft.canonical_url or self.target.canonical_url

    def pieces(self, summary: str) -> dict[str, str]:
        """What a composition has besides the text."""
        tags = hashtags(self.tags)
        return {"title": self.title, "summary": summary, "author": self.author, "url": self.url, "tags": tags}

    def line(self, value: Any) -> str:
        """`value` as one line: no control character, no override of the direction, no mention from a member."""
        return _line(str(value), self.draft.origin)

    def limited(self, name: str, text: str) -> str:
        """`text` within the limit called `name`; cut where that may be, else a fault."""
        limit = self.limit(name)
        if limit is None or (not text and name not in {"title", "text"}):
            return text
        if limit.cut and not limit.min:  # nothing is said of its length, and much of it need not be counted
            as_it_is = text != text.strip() and fits_limit(text, limit)  # `cut` looks itself whether it fits
            return text if as_it_is else cut(text, limit)
        length = count(text, limit)
        line = self.draft.title_line if name == "title" else None
        if length < limit.min:
            self.fault(
                _(
                    "%(name)s is too short: %(unit)s %(length)s/%(least)s",
                    name=_(name),
                    unit=unit(limit),
                    length=length,
                    least=limit.min,
                ),
                _("write a longer %(name)s", name=_(name)),
                line,
            )
        if length <= limit.max:
            return text
        if limit.cut:
            return cut(text, limit)
        field_name = f"channels.{self.target.channel}.{name}"
        self.fault(
            _(
                "%(name)s is too long: %(length)s/%(most)s %(unit)s",
                name=_(name),
                length=length,
                most=limit.max,
                unit=unit(limit),
            ),
            _("shorten it, or set %(name)s", name=field_name),
            line,
        )
        return text

    def composed(self, text: str, shown: Mapping[str, str]) -> str:
        """The platform's composition around `text`; a fault where title, link and tags leave no room for it."""
        template, limit, given = self.platform.render.compose, self.limit("text"), {**shown, "text": text}
        whole = composed(template, given, limit) if limit and limit.cut else fill(template, given)
        if whole is None:
            self._crowded(shown)
            return fill(template, shown)
        return self.limited("text", whole)

    def check_room(self) -> None:
        """Add the fault of a title beside which no text has room, whatever it is."""
        template, limit = self.platform.render.compose, self.limit("text")
        if limit and limit.cut and "{text}" in template and not self.platform.render.thread:
            shown = self.pieces(self.limited("summary", self.line(self.own.get("summary") or self.draft.summary)))
            if composed(template, {**shown, "text": "x"}, limit) is None:
                self._crowded(shown)

    def _crowded(self, shown: Mapping[str, str]) -> None:
        limit = self.limit("text") or NO_LIMIT
        length = count(fill(self.platform.render.compose, shown), limit)
        said = _(
            "title, link and tags leave no room for the text: %(length)s/%(most)s %(unit)s",
            length=length,
            most=limit.max,
            unit=unit(limit),
        )
        self.fault(said, _("shorten the title"), self.draft.title_line)

    def limit(self, name: str) -> Limit | None:
        """The limit called `name`, where the platform has one; the text's without what stands beside it."""
        limit = self.platform.limits.get(name)
        if name != "text":
            return limit
        said = "".join(self.beside.values())  # also where nothing limits it: what is wrong with it is told
        if limit and self.credit and not self.platform.render.thread:
            said += f"\n\n{self.credit}"
        return limit.of(max(0, limit.max - count(said, limit))) if limit and said else limit

    @once
    def beside(self) -> dict[str, str]:
        """What the draft has to say beside the text, by its key, where the platform has a place for it."""
        key, limit = self.platform.render.beside, self.platform.limits.get("text")
        words = self.line(self.own.get(key) or "") if key else ""
        if words and limit and (taken := count(words, limit)) >= limit.max:
            said = _(
                "%(name)s leaves no room for the text: %(length)s/%(most)s %(unit)s",
                name=key,
                length=taken,
                most=limit.max,
                unit=unit(limit),
            )
            self.fault(said, _("shorten channels.%(channel)s.%(name)s", channel=self.target.channel, name=key))
        return {key: words} if words else {}

    @once
    def credit(self) -> str:
        """Whose text it is, where another community shares it: said at its end wherever it is shown."""
        draft = self.draft
        if not draft.circle:
            return ""
        say = of_tag(self.target.language)
        by = say.gettext("by %(author)s", author=self.line(draft.author)) if draft.author else ""
        whose = say.gettext("From %(circle)s", circle=self.line(draft.circle))
        return " · ".join(filter(None, (whose, by, self.line(draft.licence))))

    @once
    def tags(self) -> tuple[str, ...]:
        """The tags within the platform's limits: too long a tag is left out, too many are the last ones left out."""
        given: Iterable[Any] = self.own.get("tags", self.draft.tags)
        tags = list(_lines(tuple(map(str, given)), self.draft.origin))
        each, all_ = self.platform.limits.get("tag"), self.platform.limits.get("tags")
        if each:
            for tag in tags:
                if count(tag, each) > each.max and not each.cut:
                    self.fault(
                        _(
                            "tag %(tag)s is too long: %(length)s/%(most)s",
                            tag=tag,
                            length=count(tag, each),
                            most=each.max,
                        ),
                        _("shorten it"),
                    )
            tags = [tag for tag in tags if count(tag, each) <= each.max]
        if all_ and len(tags) > all_.max and not all_.cut:
            self.fault(
                _("too many tags: %(count)s/%(most)s", count=len(tags), most=all_.max),
                _("set channels.%(channel)s.tags", channel=self.target.channel),
            )
        if all_ and len(tags) < all_.min:
            self.fault(
                _("too few tags: %(count)s/%(least)s", count=len(tags), least=all_.min),
                _("add some to the front matter"),
            )
        return tuple(tags[: all_.max] if all_ else tags)


# Every channel asks for the same of one draft in turn.
@lru_cache(maxsize=1024)
def _line(text: str, origin: Origin) -> str:
    return calm(one_line(text)) if origin is Origin.UGC else one_line(text)


@lru_cache(maxsize=64)
def _lines(texts: tuple[str, ...], origin: Origin) -> tuple[str, ...]:
    """Each of `texts` as one line, once, without those that are empty then."""
    return tuple(dict.fromkeys(line for text in texts if (line := _line(text, origin))))


def unit(limit: Limit) -> str:
    """What `limit` counts, for people."""
    counted = _(UNITS[limit.count])
    most = limit.bytes
    return counted if most is None else _("%(unit)s (and %(most)s bytes at most)", unit=counted, most=most)


UNITS = {
    "codepoints": N_("characters"),
    "graphemes": N_("graphemes"),
    "bytes": N_("bytes (UTF-8)"),
    "utf16": N_("UTF-16 units"),
    "weighted": N_("weights (Han and emoji 2)"),
    "fullwidth": N_("characters (ASCII half, emoji 2)"),
    "words": N_("words"),
}
