"""Links from one draft to another: which draft is meant by an address that has no host. Pure.

A writer names another draft by its file (`../b.md`), as a note (`[[b]]`), or by the address that its page has or had
elsewhere (`/posts/b/`). What may be found depends on who asks: a member's draft finds the member's own and what has
gone out, so that nobody learns what the house, or another member, has not published yet.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

from steadycast.draft.marked_lines import CODE, marked_lines
from steadycast.on_demand import lazy_pattern

_Side = tuple[str, ...]
HOUSE: _Side = ("pgc",)
OTHERS: _Side = ()  # every member's, as far as it has gone out
MOST = 2_000  # links of one draft that are looked at
_ALIKE = 64  # drafts of one name: of more, a name alone tells none
_LONGEST = 500  # characters of an address; a longer one names no draft
_ENDING = lazy_pattern(r"\.(?:md|markdown|mdx|html?)\Z", re.IGNORECASE)
_FILE = lazy_pattern(r"\.(?:md|markdown|mdx)(?:[?#]|\Z)", re.IGNORECASE)
_ELSEWHERE = lazy_pattern(r"[a-z][a-z0-9+.-]*:|//|\\", re.IGNORECASE)
_DATED = lazy_pattern(r"(\d{4})-(\d{1,2})-(\d{1,2})[-_ ](?=.)")
# What generators put before a page's own name, beside its folders and its date.
_ABOVE = frozenset("post posts _posts blog article articles archive archives note notes p content source pages".split())  # noqa: SIM905
_WRITTEN = lazy_pattern(
    CODE
    + r"|!\[[^\[\]\n]{0,500}\]\([^()\n]{0,500}\)|\]\([ \t]*(?:<(?P<angled>[^<>\n]{1,500})>|(?P<href>[^\s<>()]{1,500}))"
    r"|^ {0,3}\[(?!\^)[^\[\]\n]{1,200}\]:[ \t]*<?(?P<defined>[^\s<>]{1,500})"
    r"|<a\b[^<>\n]{0,500}?\bhref=[\"']?(?P<raw>[^\s\"'<>]{1,500})"
)


class Page(NamedTuple):
    """A draft that others may link to."""

    path: str  # below content/
    urls: Mapping[str, str] = MappingProxyType({})  # channel -> where its page is; empty: it has not gone out
    names: tuple[str, ...] = ()  # its front matter's slug, permalink and aliases


_Index = dict[tuple[_Side, str], list[Page]]


class Crosslinks:
    """Drafts by their paths, names and addresses, apart by who wrote them: nobody can take the house's names away."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._by_path: _Index = {}
        self._by_name: _Index = {}
        self._by_address: _Index = {}
        for page in pages:
            path = _without_ending(page.path)
            name = path.rpartition("/")[2]
            _add(self._by_path, path, page)
            _add(self._by_name, name, page)
            _add(self._by_name, _DATED.sub("", name, count=1), page)
            for own in page.names:
                address = _without_ending(own)
                _add(self._by_address if "/" in own.rstrip("/") else self._by_name, address.strip("/"), page)

    def find(self, href: str, source: PurePosixPath) -> Page | None:
        """The draft that `href` means in the draft at `source`; None where it means none, or it is not clear which."""
        if len(href) > _LONGEST or not href or href[0] in "#?" or _ELSEWHERE.match(href):
            return None
        address = unquote(re.split(r"[?#]", href, maxsplit=1)[0]).strip()
        name, own = _without_ending(address), _side(source)
        for side in dict.fromkeys((own, HOUSE, OTHERS)):
            for pages in self._meant(side, name, source, rooted=address.startswith("/")):
                if seen := [page for page in pages if page.urls or own in (HOUSE, side)]:
                    return seen[0] if len(seen) == 1 else None
        return None

    def _meant(self, side: _Side, name: str, source: PurePosixPath, *, rooted: bool) -> Iterator[list[Page]]:
        """Those of one side that may be meant, the surest first."""
        if not rooted:
            for base in (source.parent, source.with_suffix("")):  # as a file, and as a page with a folder of its own
                yield self._by_path.get((side, posixpath.normpath(posixpath.join(base, name))), [])
        yield self._by_address.get((side, name.strip("/")), [])
        *above, last = [part for part in name.split("/") if part not in {"", ".", ".."}] or [""]
        named = self._by_name.get((side, last), [])
        yield [page for page in named if _lies_below(page, above)] if len(named) <= _ALIKE else []


def leads_nowhere(href: str) -> bool:
    """Whether an address that means no known draft is dead on every channel: a file, or a page beside the draft's."""
    if _FILE.search(href):
        return True
    path = re.split(r"[?#]", href, maxsplit=1)[0]
    last = path.rstrip("/").rpartition("/")[2]
    return not href.startswith(("/", "#", "?")) and ("." not in last.strip(".") or _ENDING.search(last) is not None)


def part_of(href: str) -> str:
    """The part of a page that an address names, as pages here call it: `#h-…`, or ""."""
    part = href.partition("#")[2]
    return f"#h-{part}" if re.fullmatch(r"[^\s\"<>]{1,200}", part) else ""


def crosslinks(body: str) -> Iterator[tuple[int, str]]:
    """(line, address) of each link in a Markdown body that has no host, and may so mean a draft."""
    return islice(_crosslinks(body), MOST)


def _crosslinks(body: str) -> Iterator[tuple[int, str]]:
    if "](" not in body and "]:" not in body and "<a" not in body:
        return
    for number, line, fenced in marked_lines(body.split("\n")):
        for found in () if fenced else _WRITTEN.finditer(line):
            href = found["href"] or found["angled"] or found["defined"] or found["raw"] or ""
            if href and href[0] not in "#?" and not _ELSEWHERE.match(href):
                yield number + 1, href


def _without_ending(path: str) -> str:
    """A path as a page's address has it: without `.md` or `.html`, and without `index`."""
    name = _ENDING.sub("", path.rstrip("/"))
    above, _, last = name.rpartition("/")
    return above if last in {"index", "_index"} and above else name


def _side(path: str | PurePosixPath) -> _Side:
    """Whose a draft is: the house's, or a member's."""
    return PurePosixPath(path).parts[: 2 if str(path).startswith("ugc/") else 1]


def _add(index: _Index, name: str, page: Page) -> None:
    side = _side(page.path)
    for whose in (side,) if side == HOUSE or not page.urls else (side, OTHERS):
        pages = index.setdefault((whose, name), [])
        if name and page not in pages[-1:]:
            pages.append(page)


def _lies_below(page: Page, above: list[str]) -> bool:
    """Whether the folders of an address may be above that page: its own, its date, or what generators put there."""
    path = PurePosixPath(_without_ending(page.path))
    figures = [int(part) for part in above if part.isdecimal() and part.isascii() and len(part) <= 4]
    dated = _DATED.match(path.name)
    if figures and dated and [int(figure) for figure in dated.groups()][: len(figures)] != figures:
        return False
    own = {*path.parts, *_ABOVE}
    return all(part in own or (part.isdecimal() and part.isascii() and len(part) <= 4) for part in above)
