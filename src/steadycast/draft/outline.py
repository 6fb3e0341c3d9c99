"""What a body tells about itself: its title, its first words, and the files it shows, each with its line.

The parser's XML is scanned, flat: its tree is not asked for, since building that recurses and a hundred thousand
`>` in a row would overflow the stack of the process.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import comrak

from steadycast.characters import WIDE
from steadycast.draft.commonmark import EXTENSIONS, OF_HTML, disguised, undisguised
from steadycast.draft.maths import in_a_line
from steadycast.draft.model import AUDIO_ENDINGS, VIDEO_ENDINGS
from steadycast.draft.parse_cost import check_depth
from steadycast.draft.spelling import spelled
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

_EXTENSIONS = comrak.ExtensionOptions(**EXTENSIONS)
_EXTENSIONS_OF_HTML = comrak.ExtensionOptions(**OF_HTML)
_POSITIONS = comrak.RenderOptions(sourcepos=True)
_NODE = lazy_pattern(r'<(/?)([a-z_]+)((?: [a-z_:]+="[^"]*")*) ?(/?)>([^<]*)')
_ATTRIBUTE = lazy_pattern(r' ([a-z_:]+)="([^"]*)"')
_BEGINNING = 400  # characters: most first paragraphs are shorter
_PICTURE_HERE = lazy_pattern(r"!\[(?![^\[\]]{0,999}\]\(https?://)")  # a picture, unless it surely is on the web
_SHOWS_FILE = lazy_pattern(r"<(?:image|html_inline|html_block|raw)[ >]")
_SPELLED = lazy_pattern(r"</?(?:su[bp]|del|s)(?: [^<>]*)?>")  # tags that change what the words say
_TEXT = {"text", "code"}
_BREAK = {"softbreak", "linebreak"}
_HAN_BREAK = lazy_pattern(f"(?<=[{WIDE}])\n(?=[{WIDE}])")
_SHORTCODE = lazy_pattern(r"\{\{[^{}]{0,400}\}\}|\{%[^{}]{0,400}%\}")
_HTML_FILE = lazy_pattern(r"<(img|audio|video|source)\b([^>]{0,4000})>", re.IGNORECASE)
# `![](voice.mp3)` shows a sound or a film, as Obsidian and most editors write it.
_PLAYED = lazy_pattern(rf"\.(?:{AUDIO_ENDINGS}|(?P<video>{VIDEO_ENDINGS}))(?:[?#]|\Z)", re.IGNORECASE)
_HTML_FILE_HERE = lazy_pattern(r"<(?:img|audio|video|source)\b", re.IGNORECASE)
_HTML_ATTRIBUTE = lazy_pattern(r"""\b(src|alt|type)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_LEVEL_1 = lazy_pattern(r"^ {0,3}(?:#(?:[ \t\n]|\Z)|=+[ \t]*$)", re.MULTILINE)
_MORE = lazy_pattern(
    r"<!--[ \t]*more\b[^>]{0,200}-->|\{/\*[ \t]*(?:more|truncate)[ \t]*\*/\}|<!--[ \t]*truncate[ \t]*-->", re.IGNORECASE
)
# Elements that a page never shows as words: with the sanitiser they go with all that is in them.
SILENT = frozenset(
    "script style noscript iframe frameset object applet form button textarea select option svg math "  # noqa: SIM905
    "template title video audio canvas noembed noframes xmp plaintext".split()
)
_SILENT_TAG = lazy_pattern(r"<(/?)([a-z]+)\b", re.IGNORECASE)
# Lines that begin with a letter, whatever marks it, open a paragraph (or a table), and none underlines a heading.
_WORDS_FIRST = lazy_pattern(r"\n*(?:(?:\*\*?|[`\[])?[^\W\d_][^\n]*\n)+[ \t]*(?:\n|\Z)")


class Shown(NamedTuple):
    """A file that the body shows, as it names it."""

    role: str  # image, audio, video
    ref: str
    alt: str
    line: int  # of the body, from 1


class Heading(NamedTuple):
    """A heading outside any quotation or list."""

    text: str
    level: int
    first: int  # lines of the body, from 1
    last: int
    opens: bool  # nothing stands before it


class Outline(NamedTuple):
    """One body, looked through."""

    heading: Heading | None  # that may be its title: it opens the text, or is the only one of level 1
    paragraph: str  # what stands before `<!--more-->`, else the first one that has words, as plain text
    files: tuple[Shown, ...]


@dataclass(slots=True)
class _Open:
    """An element whose text is being gathered."""

    name: str
    depth: int
    attributes: dict[str, str]
    words: list[str] = field(default_factory=list)


def outline(body: str, *, on_the_web: bool = True, of_html: bool = False) -> Outline:
    """The outline of a Markdown body; without `on_the_web`, files with an http(s) address may be left out.

    `of_html` says that it is a feed's item.

    Raises DraftError, with the body's line, where it is nested absurdly deep.
    """
    check_depth(body)
    if not on_the_web and (told := _of_its_beginning(body)) is not None:
        return told
    xml = _parsed(body, of_html=of_html)
    scan, node = _scanned(xml, whole=_MORE.search(body) is not None, literal=of_html or _has_no_mark(body))
    # Most of a text shows no file: from here on only what could is looked at.
    while node is not None and (begins := _SHOWS_FILE.search(xml, node.end())):
        for node in _NODE.finditer(xml, begins.start()):
            scan.node(*node.groups())
            if not scan.gathering:
                break
    return Outline(scan.heading, scan.before_more(body) or scan.paragraph or scan.other, tuple(scan.files))


def opens_with_words(body: str) -> bool:
    """Whether `body` surely begins with no heading; False where only the parser could tell."""
    return "]:" not in body and _WORDS_FIRST.match(body) is not None


def shows_no_file(body: str) -> bool:
    """Whether `body` surely shows no file but those with an http(s) address; False where only the parser could tell."""
    return not (
        "]:" in body or body.count("<") > MAX_TAGS or _HTML_FILE_HERE.search(body) or _PICTURE_HERE.search(body)
    )


def _of_its_beginning(body: str) -> Outline | None:
    """The outline of a body that shows no file of its own, told by its first blocks; None where they do not tell all.

    A parser looks at a whole body ten times as long. What stands after an empty line can change no heading and no
    paragraph before it, unless it says where a link or a footnote leads (`]:`).
    """
    if not shows_no_file(body):
        return None
    end = body.find("\n\n", max(_BEGINNING, body.find("\n#") + 1))
    if end < 0:
        return None
    if _MORE.search(body):
        return None
    scan, _ = _scanned(_parsed(body[: end + 2]), literal=_has_no_mark(body))
    settled = scan.title_is_settled or (scan.blocks and not _LEVEL_1.search(body))
    return Outline(scan.heading, scan.paragraph, ()) if settled and scan.paragraph else None


def _parsed(body: str, *, of_html: bool = False) -> str:
    extensions, body = _EXTENSIONS_OF_HTML if of_html else _EXTENSIONS, disguised(body, of_html=of_html)
    return undisguised(comrak.markdown_to_xml(body, extension_options=extensions, render_options=_POSITIONS))


def _has_no_mark(body: str) -> bool:
    return "{{" not in body and "{%" not in body


def _scanned(xml: str, *, whole: bool = False, literal: bool = False) -> tuple[_Scan, re.Match[str] | None]:
    """What the beginning tells, and the node after which there is neither a heading nor a paragraph to look for.

    `whole`: every paragraph is looked for, as the summary may be several.
    """
    scan, last = _Scan(literal), _last_of_the_top(xml)
    for node in _NODE.finditer(xml):
        scan.node(*node.groups())
        past = node.end() > last
        if scan.has_words(past=past) and (past or not whole):
            return scan, node
    return scan, None


def _last_of_the_top(xml: str) -> int:
    """Where the last heading or paragraph of the top level begins: the parser indents each level by two spaces."""
    return max(xml.rfind("\n  <heading "), xml.rfind("\n  <paragraph ")) + len("\n  ")


_TAG = lazy_pattern(r"<[A-Za-z]")
MAX_TAGS = 5000  # sanitisers take time by the square of the nesting: 200,000 open tags cost two minutes


@dataclass(slots=True)
class _Scan:
    literal: bool = False  # what looks like a generator's mark is words
    paragraph: str = ""
    other: str = ""  # the first words of a list or a quotation
    files: list[Shown] = field(default_factory=list)
    depth: int = 0
    blocks: int = 0
    tags: int = 0
    gathering: list[_Open] = field(default_factory=list)
    opening: Heading | None = None
    of_level_1: list[Heading] = field(default_factory=list)
    silent: str = ""  # the element that is open, and whose words nobody sees
    paragraphs: list[tuple[int, str]] = field(default_factory=list)  # (line, words)

    @property
    def heading(self) -> Heading | None:
        """The heading that may be the title."""
        return self.opening or (self.of_level_1[0] if len(self.of_level_1) == 1 else None)

    @property
    def title_is_settled(self) -> bool:
        """Whether no further heading can change which one is the title."""
        return self.opening is not None or len(self.of_level_1) > 1

    def node(self, closing: str, name: str, attributes: str, empty: str, text: str) -> None:
        if closing:
            self.depth -= 1
            if self.gathering and self.gathering[-1].depth == self.depth:
                self.close(self.gathering.pop())
            elif name == "strikethrough":
                self.word("</del>")
            return
        if name in _TEXT or name in _BREAK:
            self.word(text if name in _TEXT else "\n")
        elif name == "math":
            self.word(in_a_line(html.unescape(text)))
        elif name == "shortcode":
            self.word(_emoji(_read(attributes).get("id", "")))
        elif name == "strikethrough":
            self.word("<del>")
        elif name in {"html_inline", "html_block", "raw"}:
            if _SPELLED.fullmatch(tag := html.unescape(text)):
                self.word(tag)
            self.html(html.unescape(text), _start(_read(attributes)))
        elif name == "image" or (name in {"heading", "paragraph"} and self.is_looked_for(name)):
            self.gathering.append(_Open(name, self.depth, _read(attributes)))
        self.blocks += self.depth == 1
        if not empty:
            self.depth += 1
        elif self.gathering and self.gathering[-1].depth == self.depth:
            self.close(self.gathering.pop())

    def is_looked_for(self, name: str) -> bool:
        return self.depth == 1 or (name == "paragraph" and not self.other)

    def word(self, escaped: str) -> None:
        """Adds text, or a tag that changes what it says, to all that is open; a picture's words are its own alone."""
        if self.silent:
            return
        if self.gathering and self.gathering[-1].name == "image":
            self.gathering[-1].words.append(escaped)
            return
        for element in self.gathering:
            element.words.append(escaped)

    def has_words(self, *, past: bool) -> bool:
        """Whether neither a title nor a first paragraph is to be found any more; `past`: beyond the last of both."""
        found = bool(self.paragraph or (past and self.other))
        return not self.gathering and found and (past or self.title_is_settled)

    def before_more(self, body: str) -> str:
        """The paragraphs above `<!--more-->`, which bloggers set below their own summary."""
        found = _MORE.search(body)
        if not found:
            return ""
        line = body.count("\n", 0, found.start()) + 1
        return " ".join(words for first, words in self.paragraphs if first < line)

    def close(self, element: _Open) -> None:
        words = _joined(element.words)
        if element.name == "image":
            ref = element.attributes.get("destination", "")
            played = _PLAYED.search(ref) if "://" not in ref else None
            role = "image" if not played else "video" if played["video"] else "audio"
            self.files.append(Shown(role, ref, words, _start(element.attributes)))
        elif element.name == "heading":
            self.silent = ""
            self.close_heading(words, element.attributes)
        elif element.name == "paragraph":
            self.silent = ""
            words = words if self.literal else _SHORTCODE.sub("", words).strip()
            if element.depth > 1:
                self.other = self.other or words
            elif words:
                self.paragraph = self.paragraph or words
                self.paragraphs.append((_start(element.attributes), words))

    def close_heading(self, words: str, attributes: dict[str, str]) -> None:
        found = Heading(words, int(attributes["level"]), _start(attributes), _end(attributes), opens=self.blocks == 1)
        if not words:
            return
        if found.opens:
            self.opening = found
        if found.level == 1:
            self.of_level_1.append(found)

    def html(self, text: str, line: int) -> None:
        for tag in _SILENT_TAG.finditer(text) if self.gathering else ():
            if tag[1]:
                self.silent = "" if tag[2].lower() == self.silent else self.silent
            elif not self.silent and tag[2].lower() in SILENT:
                self.silent = tag[2].lower()
        self.tags += len(_TAG.findall(text))
        if self.tags > MAX_TAGS:
            raise DraftError(
                _("more than %(most)s HTML tags", most=MAX_TAGS), line=line, hint=_("write Markdown instead")
            )
        for tag in _HTML_FILE.finditer(text):
            values = {
                name.lower(): html.unescape(value.strip("\"'")) for name, value in _HTML_ATTRIBUTE.findall(tag[2])
            }
            if not values.get("src"):
                continue
            role = {"img": "image", "source": values.get("type", "").partition("/")[0]}.get(
                tag[1].lower(), tag[1].lower()
            )
            if role in {"image", "audio", "video"}:
                at = line + text.count("\n", 0, tag.start())
                self.files.append(Shown(role, values["src"], values.get("alt", ""), at))


@cache
def _emoji(name: str) -> str:
    """The picture that a short name stands for; the parser has names for some two thousand."""
    made = comrak.markdown_to_html(f":{name}:", _EXTENSIONS)
    return made.removeprefix("<p>").removesuffix("</p>\n")


def _read(attributes: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}


def _start(attributes: dict[str, str]) -> int:
    return int(attributes.get("sourcepos", "1:1").partition(":")[0])


def _end(attributes: dict[str, str]) -> int:
    return int(attributes.get("sourcepos", "1:1-1:1").partition("-")[2].partition(":")[0])


def _joined(words: list[str]) -> str:
    text = "".join(words)
    if "<" in text:
        text = _SPELLED.sub("", spelled(text))
    return " ".join(_HAN_BREAK.sub("", html.unescape(text)).split())
