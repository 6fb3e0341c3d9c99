"""A draft's body, parsed, sanitised and measured once, however many channels will show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from slugify import slugify

from steadycast.draft import Draft
from steadycast.draft.maths import Formulas
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.platform import Limit, Media, RenderRule
from steadycast.render import html as as_html
from steadycast.render import text as as_text
from steadycast.render.inline_style import Style
from steadycast.render.lazy_value import once
from steadycast.render.lexer import Finisher, Numbered
from steadycast.render.markdown import join_lines, to_html
from steadycast.render.media import Studio
from steadycast.render.sanitise import clean, has_tags, is_tame, left_open
from steadycast.schedule.forms import Origin


class Body:
    """A draft's body, parsed, sanitised and measured once, for every channel that will show it.

    `faults` are what is wrong with it wherever it goes: missing or broken media, each a DraftError with its line.
    `inside` are the addresses without a host that it links to.
    """

    def __init__(self, draft: Draft, studio: Studio, base: str = "") -> None:
        self.draft = draft
        self.studio = studio
        self.faults: list[DraftError] = []
        self.media = tuple(self._taken())
        self._base = base
        self._unfinished = join_lines(self._cleaned())
        finisher = self._finisher()
        self.html = finisher.finish(self._unfinished)
        self.inside = tuple(dict.fromkeys(finisher.inside))
        refused = {unquote(m.ref) for m in draft.media}
        for name in dict.fromkeys(finisher.lost):
            if name not in refused:
                self.faults.append(self._fault(_("image %(name)s is missing", name=name), _line_of(draft, name)))
        self._html: dict[tuple[int, int], tuple[str, Numbered]] = {}
        self._text: dict[tuple[str, tuple[str, ...]], tuple[str, Numbered]] = {}
        self._linked: dict[tuple[tuple[str, str], ...], Body] = {}

    def linked(self, links: Mapping[str, str]) -> Body:
        """This body with its links to other drafts as `links` has them: address -> where it leads, "" for nowhere."""
        if not self.inside or not links:
            return self
        known = tuple((href, links[href]) for href in self.inside if href in links)
        if not known:
            return self
        if known not in self._linked:
            other = copy(self)
            other.html = self._finisher(dict(known)).finish(self._unfinished)
            other._html, other._text, other._linked = {}, {}, {}
            other.__dict__.pop("_plain", None)
            self._linked[known] = other
        return self._linked[known]

    def _finisher(self, links: Mapping[str, str] | None = None) -> Finisher:
        pictures = {m.ref: m.sha256 for m in self.media if m.role == "image"}
        ugc = self.draft.origin is Origin.UGC
        rel = "nofollow ugc noopener" if ugc else "noopener"
        words = {m.ref: m.alt for m in self.media if m.role == "image" and m.alt}
        return Finisher(pictures, self._base, rel, hotlinked=not ugc, links=links, words=words)

    def _cleaned(self) -> str:
        try:
            formulas = Formulas()
            made = formulas.taken_out(to_html(self.draft.body, of_html=self.draft.of_html))
            ugc = self.draft.origin is Origin.UGC
            return formulas.put_back(clean(made, ugc=ugc, raw=has_tags(self.draft.body)))
        except DraftError as error:
            self.faults.append(self._fault(error.message, _line_left_open(self.draft), error.hint))
            return ""

    def _taken(self) -> Iterator[Media]:
        for ref in self.draft.media:
            try:
                yield self.studio.take(ref)
            except DraftError as error:
                self.faults.append(self._fault(error.message, error.line, error.hint))

    def _fault(self, message: str, line: int | None = None, hint: str | None = None) -> DraftError:
        return DraftError(
            message, file=str(self.draft.path), line=line, hint=hint or _("put the file beside the draft")
        )

    def html_for(self, rule: RenderRule, style: Style | None) -> tuple[str, Numbered]:
        """The body's HTML by `rule`, and its links; made once for one rule."""
        number, asked = _html_rule(rule)
        key = (number, id(style))
        found = self._html.get(key)
        if found is None:
            found = self._html[key] = as_html.render(self.html, asked, style)
        return found

    def text_for(self, links: str, hosts: tuple[str, ...] = ()) -> tuple[str, Numbered]:
        """The body's text with its links as `links` says, and the links; made once for one way of writing them."""
        key = (links, hosts)
        if key not in self._text:
            self._text[key] = self._plain.render(links, hosts)
        return self._text[key]

    @once
    def _plain(self) -> as_text.Plain:
        return as_text.plain(self.html)

    @once
    def slug(self) -> str:
        """The draft's own slug, else one made from its title."""
        return self.draft.slug or slugify(self.draft.title, max_length=80, word_boundary=True)

    def summary(self, limit: Limit) -> str:
        """The draft's summary, else its first sentences."""
        return self.draft.summary or as_text.summary(self.html, limit)


_NUMBERS: dict[RenderRule, int] = {}


@lru_cache(maxsize=256)
def _html_rule(rule: RenderRule) -> tuple[int, RenderRule]:
    """`rule` without what only text asks, and its number: rules that make the same HTML have one."""
    asked = replace(rule, thread=False, text_links="inline", style="")
    return _NUMBERS.setdefault(asked, len(_NUMBERS)), asked


def check_cost(draft: Draft) -> None:
    """Raises DraftError, with its line, where the body's HTML would become many times as long as it is."""
    if has_tags(draft.body) and not is_tame(html := to_html(draft.body, of_html=draft.of_html)):
        try:
            clean(html)
        except DraftError as error:
            error.file, error.line = str(draft.path), _line_left_open(draft)
            raise


def _line_left_open(draft: Draft) -> int:
    return draft.body_line + left_open(draft.body) - 1


def prepare(
    draft: Draft,
    media_dir: Path,
    cache_dir: Path,
    *,
    base: str = "",
    keeps: bool = True,
    notes: bool = True,
    converts: Literal["no", "yes", "ready"] = "no",
) -> Body:
    """`draft` ready to be composed for any number of channels; links without a host are taken to mean `base`.

    Without `keeps` nothing is added to `media_dir`: enough for measuring a draft that nobody approved; without `notes`
    nothing to `cache_dir` either. `converts` says
    what is done about sounds and films that have to be converted, as in Studio.
    """
    return Body(draft, Studio(media_dir, cache_dir, keeps, notes, converts), base)


def _line_of(draft: Draft, name: str) -> int | None:
    """The file's line on which the body first names `name`."""
    at = draft.body.find(name)
    return None if at < 0 else draft.body_line + draft.body.count("\n", 0, at)
