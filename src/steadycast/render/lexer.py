"""What the renderers share about sanitised HTML: its tags, its attributes, its links."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from steadycast.draft.crosslinks import leads_nowhere
from steadycast.html_tree import attributes

ANY_TAG = re.compile(r"<[^>]*>")

# A bare URL ends before white space, before anything that is not ASCII (a Chinese sentence goes on without a space),
# before the punctuation that ends a sentence, and before a bracket that it did not open. `&amp;` is one character here.
_URL_BODY = r"(?:[A-Za-z0-9\-._~:/?#@!$'*+,;=%]|&amp;|\([A-Za-z0-9\-._~:/?#@!$'*+,;=%]*\))*(?:[A-Za-z0-9\-_~/#=%+$]|\))"
_WORTH_A_LOOK = re.compile(
    r"<[a-z0-9]+ [^>]*>|<(?:code|pre)>|</(?:a|code|pre)>|(?:https?://|www\.)(?=[A-Za-z0-9])" + _URL_BODY
)

_INSIDE = r"[^<]*(?:</?(?:b|code|del|em|i|strong)>[^<]*)*"
_SETTLED = re.compile(rf'<a href="(?:https?://|mailto:)[^>]*>{_INSIDE}</a>|<code[^>]*>[^<]*</code>')
_SETTLED_WITH_PICTURES = re.compile(rf'{_SETTLED.pattern}|<img src="https?://[^>]*>')
_UNSETTLED = re.compile(r"<a[ >]|</a>|<img|https?://|www\.")
ANCHOR = re.compile(r"<a( [^>]*)>(.*?)</a>", re.DOTALL)

Numbered = tuple[tuple[str, str], ...]  # links by their numbers: (words, URL)

_WITHIN_A_WORD = re.compile(r"[A-Za-z0-9@./]")


def attribute(tag: str, name: str) -> str:
    """One attribute of an opening tag, unescaped; "" where it has none."""
    _, found, rest = tag.partition(f' {name}="')
    return unescaped(rest.partition('"')[0]) if found else ""


def unescaped(text: str) -> str:
    """`text` with the characters that its entities stand for; `&amp;`, which most addresses have, at once."""
    if "&" not in text:
        return text
    return text.replace("&amp;", "&") if text.count("&") == text.count("&amp;") else entities.unescape(text)


def first_number(tag: str) -> int:
    """The number that an ordered list begins with."""
    first = attribute(tag, "start") or "1"
    return int(first) if first.isdecimal() and len(first) < 10 else 1  # as CommonMark: nine digits


def box(tag: str) -> str:
    """The character for a task list's box; `tag` is the element, or its attributes."""
    return "☑" if " checked" in tag else "☐"


def words(html: str) -> str:
    """The text of a small piece of HTML, white space collapsed."""
    if "<" in html:
        html = ANY_TAG.sub("", html)
    return " ".join(unescaped(html).split())


class Anchor(NamedTuple):
    """One link of a page."""

    html: str  # inside it
    href: str
    words: str


@lru_cache(maxsize=4)  # one page is asked about by every channel in turn
def anchors(html: str) -> tuple[tuple[str, ...], tuple[Anchor, ...]]:
    """What stands around the links of `html`, one piece more than there are links, and the links."""
    pieces = ANCHOR.split(html)
    found = zip(pieces[1::3], pieces[2::3], strict=True)
    return tuple(pieces[::3]), tuple(Anchor(inner, attribute(tag, "href"), words(inner)) for tag, inner in found)


@lru_cache(maxsize=4)
def web_links(html: str) -> Numbered:
    """(words, URL) of each http(s) link of `html`, in order of first use."""
    links = Links()
    for anchor in anchors(html)[1]:
        if anchor.href.startswith("http"):
            links.number(anchor.words, anchor.href)
    return tuple(links.all)


class Finisher:
    """Turns sanitised HTML into the one form all channels start from.

    Bare URLs become links; pictures that the draft brings are named `media:<sha256>`; a link without a host is made
    absolute against `base`, or is only words when there is none; one to another draft leads where `links` says, and is
    words where that is nowhere. `inside` lists the links without a host, `lost` the pictures that nobody brought, and
    the sounds and films, which each channel plays in its own way.
    A picture without a description gets the one that `words` has for it. Pictures on the web stay, or become links
    where they are not to be `hotlinked`.
    """

    def __init__(
        self,
        pictures: Mapping[str, str],
        base: str,
        rel: str,
        *,
        hotlinked: bool = True,
        links: Mapping[str, str] | None = None,
        words: Mapping[str, str] | None = None,
    ) -> None:
        self.lost: list[str] = []
        self.inside: list[str] = []
        self._links = links or {}
        self._pictures = pictures
        self._words = words or {}
        self._base = base
        self._rel = rel
        self._hotlinked = hotlinked
        self._shield = 0  # inside a, code or pre: a URL is not a link
        self._unlinked = False

    def finish(self, html: str) -> str:
        """`html`, finished."""
        settled = _SETTLED_WITH_PICTURES if self._hotlinked and not self._pictures else _SETTLED
        if not _UNSETTLED.search(settled.sub("", html)):  # as most bodies are: no match of them is looked at singly
            return html
        return self._finish_each(html)

    def _finish_each(self, html: str) -> str:
        """`html` with each tag and address looked at; what is empty without a lost sound or picture is left out."""
        finished = _WORTH_A_LOOK.sub(self._look, html)
        return finished.replace("<p></p>\n", "").replace("<p></p>", "") if self.lost else finished

    def _look(self, match: re.Match[str]) -> str:
        found = match[0]
        if found[0] != "<":
            before = match.string[match.start() - 1 : match.start()]
            return found if self._shield or _WITHIN_A_WORD.match(before) else self._link(found)
        if found.startswith("<img"):
            return self._picture(found)
        if found.startswith("</"):
            return self._close(found)
        if found.startswith("<a "):
            self._shield += 1
            return self._anchor(found)
        if found.startswith(("<code", "<pre")):
            self._shield += 1
        return found

    def _close(self, found: str) -> str:
        self._shield -= 1
        if found == "</a>" and self._unlinked:
            self._unlinked = False
            return ""
        return found

    def _link(self, url: str) -> str:
        scheme = "https://" if url.startswith("www.") else ""
        return f'<a href="{scheme}{url}" rel="{self._rel}">{url}</a>'

    def _anchor(self, tag: str) -> str:
        href = attribute(tag, "href")
        if href.startswith(("http://", "https://", "mailto:")):
            return tag
        if href.startswith("#") and len(href) > 1:
            target = href if href.startswith(("#fn-", "#fnref-", "#h-")) else f"#h-{href[1:]}"
            return tag.replace(f'href="{entities.escape(href)}"', f'href="{entities.escape(target)}"')
        self.inside.append(href)
        nowhere = not href or leads_nowhere(href) or not self._base
        address = self._links[href] if href in self._links else "" if nowhere else urljoin(self._base, href)
        if address:
            return f'<a href="{entities.escape(address)}" rel="{self._rel}">'
        self._unlinked = True
        return ""

    def _picture(self, tag: str) -> str:
        found = attributes(tag)
        src = found.get("src", "")
        digest = self._pictures.get(src) or self._pictures.get(unquote(src))
        if digest:
            if not found.get("alt") and (alt := self._words.get(src) or self._words.get(unquote(src))):
                tag = tag.replace('alt=""', f'alt="{entities.escape(alt)}"', 1)
            return tag.replace(f'src="{entities.escape(src)}"', f'src="media:{digest}"')
        if src.startswith(("http://", "https://")):
            return tag if self._hotlinked else self._instead(src, found.get("alt", ""))
        self.lost.append(unquote(src))
        return entities.escape(found.get("alt", ""))

    def _instead(self, src: str, alt: str) -> str:
        """A link to a picture: whoever follows it is counted by its server, and nobody else."""
        words = entities.escape(alt.strip() or src.partition("//")[2].partition("/")[0] or src)
        return words if self._shield else f'<a href="{entities.escape(src)}" rel="{self._rel}">{words}</a>'


class Links:
    """Links in order of first use; the same URL has the same number, from 1."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str]] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str, url: str) -> int:
        """The number of `url`, which is called `text` where it is first used."""
        if url not in self._numbers:
            self.all.append((text, url))
            self._numbers[url] = len(self.all)
        return self._numbers[url]


def says_its_url(text: str, url: str) -> bool:
    """Whether a link's words are its address, so that they need no footnote."""
    bare = text.removeprefix("mailto:").rstrip("/")
    return bare in url and bare in {
        url.rstrip("/"),
        url.removeprefix("https://").removeprefix("http://").rstrip("/"),
        url.removeprefix("mailto:"),
    }


def is_of(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether `url` begins with one of `hosts` (`example.com`, or with a path `example.com/s/`)."""
    lower = url.lower()
    if not any(host.lower() in lower for host in hosts):  # as nearly every link: none of them is worth a parser
        return False
    parts = urlsplit(url)
    address = f"{parts.hostname or ''}{parts.path}"
    return parts.scheme in {"http", "https"} and any(
        parts.hostname == host or ("/" in host and address.startswith(host)) for host in hosts
    )
