"""Where a draft's links to other drafts lead on one channel: the ledger is read once, when the first is met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import unquote

from steadycast.draft import Draft
from steadycast.draft.crosslinks import MOST, Crosslinks, Page, crosslinks, leads_nowhere, part_of
from steadycast.draft.decoding import shown
from steadycast.errors import WARN, Problem
from steadycast.ledger.queries import Linkable
from steadycast.pipeline.app import App

NAMES = {
    "permalink",
    "url",
    "slug",
    "alias",
    "aliases",
    "redirect_from",
}  # front matter that says what a page is called
MOST_NAMES = 50  # names of one draft that count, and a tenth of their characters


class PageLinks:
    """The drafts of a workspace, and those that are `coming` in, for those that link to them."""

    def __init__(self, app: App, coming: Iterable[Draft] = ()) -> None:
        self.app = app
        self._coming = coming

    @cached_property
    def _pages(self) -> Crosslinks:
        newest: dict[str, Page] = {}
        coming = [Linkable(str(draft.path), draft.slug, draft.extra, {}) for draft in self._coming]
        for row in (
            *self.app.ledger.linkable(),
            *coming,
        ):  # a file that came again goes on where the one before it went out
            before = newest.get(row.path)
            newest[row.path] = Page(row.path, {**(before.urls if before else {}), **row.urls}, tuple(_names(row)))
        return Crosslinks(newest.values())

    @cached_property
    def _with_pages(self) -> frozenset[str]:
        """The channels on which a delivery's address is that of its page alone, not of a feed or a calendar."""
        usable = ((name, self.app.usable(name)) for name in self.app.workspace.channels)
        return frozenset(name for name, p in usable if p and (p.permalink or not p.local))

    @cached_property
    def _site(self) -> str:
        """The channel that is the community's own site."""
        usable = ((name, self.app.usable(name)) for name in self.app.workspace.channels)
        return next((name for name, p in usable if p and p.permalink), "")

    def of(self, draft: Draft, hrefs: Iterable[str], channel: str) -> Mapping[str, str]:
        """Address -> where it leads on `channel`, for each that means a draft; "" where that has not gone out."""
        found = {}
        for href in islice(hrefs, MOST):
            if page := self._pages.find(href, draft.path):
                found[href] = self._address(page, channel, href)
        return found

    def _address(self, page: Page, channel: str, href: str) -> str:
        where = channel if channel in self._with_pages and page.urls.get(channel) else self._site
        url = page.urls.get(where, "")
        return url + part_of(href) if url and where == self._site else url

    def problems(self, draft: Draft) -> Iterator[Problem]:
        """Each link to another draft that is only words for now, with its line; said once where a line has it twice."""
        return iter(() if draft.of_html else dict.fromkeys(self._problems(draft)))

    def _problems(self, draft: Draft) -> Iterator[Problem]:
        for line, href in crosslinks(draft.body):
            page = self._pages.find(href, draft.path)
            if leads_nowhere(href) if page is None else not (page.urls.keys() & {*self._with_pages, self._site}):
                to = shown(unquote(href)[:60])
                said = f"the link to {to} leads to no page of this community that is out: only its words go out"
                hint = "publish that draft first, or write the address of a page"
                yield Problem(str(draft.path), draft.body_line + line - 1, said, hint, severity=WARN)


def _names(row: Linkable) -> Iterator[str]:
    extra: Mapping[str, Any] = {key.lower(): value for key, value in row.extra.items() if isinstance(key, str)}
    given = [row.slug, *(extra[key] for key in NAMES & extra.keys())]
    flat = [name for value in given for name in (value if isinstance(value, list) else [value])]
    yield from (
        name.strip() for name in flat[:MOST_NAMES] if isinstance(name, str) and 0 < len(name.strip()) <= MOST_NAMES * 10
    )
