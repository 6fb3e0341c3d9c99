"""Marks that site generators read in a body: those with a Markdown meaning become it, the rest are found.

A folder of Hugo or Jekyll is dropped in as it is, and nobody runs its templates here: what is left of them would stand
on every page as it is written. Code is left alone, since there a mark is what the writer means to show.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import quote

from steadycast.draft.marked_lines import CODE, marked_lines
from steadycast.draft.model import AUDIO_ENDINGS, VIDEO_ENDINGS
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

_OPENS = lazy_pattern(
    r"[ \t]*\{(?:%-?|\{[<%])[ \t]*highlight[ \t]+\"?([\w+#.-]{1,30})\"?[^{}\n]{0,200}[>%]\}{1,2}[ \t]*"
)
_CLOSES = lazy_pattern(r"[ \t]*\{(?:%-?[ \t]*endhighlight|\{[<%][ \t]*/[ \t]*highlight)[ \t]*-?[>%]\}{1,2}[ \t]*")
_ATTRIBUTES = lazy_pattern(r"[ \t]*\{:[^{}\n]{0,200}\}[ \t]*")  # kramdown's, for the paragraph above
_CONTENTS = lazy_pattern(r"[*+-][ \t]+toc[ \t]*", re.IGNORECASE)
_MARK = lazy_pattern(
    CODE + r"|\{\{<\s*figure\s(?P<figure>[^{}<>]{1,1000}?)/?\s*>\}\}"
    r"|\{\{-?\s*(?P<quote>[\"'])(?P<path>[^\"'{}\n]{1,500})(?P=quote)\s*\|\s*"
    r"(?:relative_url|absolute_url|prepend:\s*site\.(?:baseurl|url))\b[^{}\n]{0,100}\}\}"
    r"|(?P<root>(?:\{\{-?\s*site\.(?:baseurl|url)\s*-?\}\}){1,3}(?=/))"
    r"|(?P<raw>\{%-?\s*(?:end)?raw\s*-?%\})"
    r"|(?:(?<=\]\()|(?<=\]: )|(?<=href=\"))<?(?:\{%-?\s*(?:post_url|link)\s+(?P<jekyll>[^\s{}%]{1,500})\s*-?%\}"
    r"|\{\{[<%]\s*(?:rel)?ref\s+(?:path=)?(?P<hugo_quote>[\"'`]?)(?P<hugo>[^\s\"'`{}<>]{1,500})(?P=hugo_quote)\s*[>%]\}\}"
    r"|\{filename\}(?P<pelican>[^\s(){}<>]{1,500}))>?"
    r"|\{%-?\s*asset_img\s(?P<asset>[^{}%]{1,1000})%\}"
    r"|!\[\[(?P<embed>[^\[\]|#\n]{1,300}\.(?:png|jpe?g|gif|webp|avif|heic|svg|"
    + f"{AUDIO_ENDINGS}|{VIDEO_ENDINGS}"
    + r"))(?:\|(?P<alt>[^\[\]\n]{0,200}))?\]\]"
    r"|(?<![0-9A-Za-z\]\[])!?\[\[(?P<page>[^\[\]|\n]{1,300})(?:\|(?P<words>[^\[\]\n]{1,300}))?\]\](?![(\[])"
    r"|(?P<block>[ \t]\^[A-Za-z0-9-]{1,40}[ \t]*(?=\n|\Z))"  # Obsidian's name of a block
    r"|(?P<style>(?<=[)*_])\{:[^{}\n]{0,200}\})"
)
_CONTAINER = lazy_pattern(r" {0,3}:::+[ \t]*([A-Za-z][\w-]{0,30})([^\n]{0,200})")
_CONTAINER_ENDS = lazy_pattern(r" {0,3}:::+[ \t]*")
_LEFT = lazy_pattern(
    CODE + r"|(?P<mark>\{\{[<%][^{}]{1,1000}[>%]\}\}|\{\{-?\s{0,9}[a-z_]\w{0,40}\.[a-z_][^{}]{0,500}\}\}"
    r"|</?[A-Z][a-z]\w{0,60}(?=[\s/>.])[^<>\n]{0,500}>|^(?:import|export)\s.{0,300}['\"{=;]|^ {0,3}:::+.{0,60}"
    r"|\{%-?\s*[a-z_]\w{0,40}\b[^{}]{0,1000}%\}"
    r"|(?<![{$\\])\{[a-z_]\w{0,40}(?:\.[A-Za-z_]\w{0,40}){1,5}\}(?!\})"  # MDX's {props.title}
    r"|(?<=\]\()\{(?:author|category|tag|index)\}[^)\s]{0,500})"  # Pelican's, of a link to one of its lists
)
# How each of them begins: `_LEFT` takes ten times as long to find that a line has none.
_MAY_BE_LEFT = lazy_pattern(r"\{[{%a-z_]|</?[A-Z]|:::|port\s|mermaid|plantuml")
_DRAWN = lazy_pattern(r" {0,3}(?:`{3,}|~{3,})[ \t]*\{?\.?(mermaid|plantuml)\b")
_PAIR = lazy_pattern(r"(\w{1,20})\s*=\s*(?:\"([^\"]*)\"|`([^`]*)`|'([^']*)'|(\S+))")


def in_markdown(body: str) -> str:
    """A body whose marks are written as Markdown, where Markdown has a word for them; line numbers stay."""
    if not ("{" in body or "^" in body or "[[" in body or ":::" in body):  # one character is found ten times as fast
        return body
    if not any(mark in body for mark in ("{{", "{%", "{:", "[[", ":::", " ^", "{filename}")):
        return body
    lines = body.split("\n")
    if ":::" in body:
        _quote_containers(lines)
    ends = [number for number, line in enumerate(lines) if _CLOSES.fullmatch(line)]
    for number, line, fenced in marked_lines(lines):
        if not fenced:
            lines[number] = _of_its_own(lines, number, line, ends)
    return "\n".join(_outside_code(lines))


def left_over(body: str) -> Iterator[tuple[int, str, str]]:
    """(line of the body, what is wrong, the hint) for each mark that would stand on a page as it is written."""
    last = max((mark.start() for mark in _MAY_BE_LEFT.finditer(body)), default=-1)
    if last < 0:
        return
    end = body.find("\n", last)  # nothing below the last line that may hold one is worth a look
    inside = False
    for number, line, fenced in marked_lines((body if end < 0 else body[:end]).split("\n")):
        if fenced and not inside and (drawn := _DRAWN.match(line)):
            said = _("the %(kind)s diagram is shown as its code: no channel draws it", kind=drawn[1])
            yield number + 1, said, _("put a picture of it in its place")
        inside = fenced
        for found in () if fenced or not _MAY_BE_LEFT.search(line) else _LEFT.finditer(line):
            if mark := found["mark"]:
                said = _(
                    "%(mark)s would be published as it stands: only the site's own generator reads it", mark=mark[:60]
                )
                yield number + 1, said, _("write it in Markdown, or put it in `code`")


def _of_its_own(lines: list[str], number: int, line: str, ends: list[int]) -> str:
    """What a line becomes that is a mark and nothing else; `ends` are the lines on which highlighted code may end."""
    if opens := _OPENS.fullmatch(line):
        after = bisect_right(ends, number)
        if after < len(ends):
            end = ends[after]
            held = max(map(len, re.findall("`{3,}", "\n".join(lines[number + 1 : end]))), default=2)
            lines[end] = "`" * (held + 1)
            return f"{lines[end]}{opens[1]}"
    if _ATTRIBUTES.fullmatch(line):
        if "toc" in line and number and _CONTENTS.fullmatch(lines[number - 1]):
            lines[number - 1] = ""
        return ""
    return line


def _outside_code(lines: list[str]) -> Iterator[str]:
    """The text in pieces, the marks outside code replaced: lines side by side at once, as a mark may run over some."""
    for fenced, run in groupby(marked_lines(lines), key=lambda each: each[2]):
        text = "\n".join(line for _, line, _ in run)
        yield text if fenced else _MARK.sub(_replaced, text)


def _replaced(found: re.Match[str]) -> str:
    if found["code"]:
        return found[0]
    if found["path"]:
        return "/" + found["path"].strip().lstrip("/").replace(" ", "%20")
    if file := found["jekyll"] or found["hugo"] or found["pelican"]:
        return _draft_file(file)
    if found["asset"]:
        return _asset(found["asset"], found[0])
    if found["embed"]:
        return _embedded(found["embed"], found["alt"] or "")
    if found["page"]:
        return _wikilink(found["page"].strip(), (found["words"] or "").strip())
    if found["figure"]:
        return _picture(found["figure"], found[0])
    return ""  # what is nothing in Markdown


def _draft_file(name: str) -> str:
    """The file of another draft that a generator's own mark names; Hugo and Jekyll leave its ending out."""
    file, hash_, part = name.partition("#")
    file = file.rstrip("/")
    ending = "" if not file or re.search(r"\.[A-Za-z]{2,8}\Z", file) else ".md"
    return f"{quote(file, safe='/%~')}{ending}{hash_}{part}"


def _asset(words: str, mark: str) -> str:
    """Hexo's picture beside a post: classes, its file, a width and a height, a title and an alternative text."""
    given = [next(filter(None, found), "") for found in re.findall(r"\"([^\"]*)\"|'([^']*)'|(\S+)", words)]
    at = next((n for n, word in enumerate(given) if re.search(r"\.\w{2,5}\Z", word)), None)
    if at is None:
        return mark
    said = [word for word in given[at + 1 :] if not re.fullmatch(r"\d{1,5}(?:px|%)?", word)]
    quoted = len(re.findall(r"[\"']", words)) >= 4
    return _markdown(given[at], said[-1] if quoted and said else " ".join(said), mark)


def _quote_containers(lines: list[str]) -> None:
    """`:::tip 小贴士` to `:::` becomes a callout; one that does not end stays, and is named."""
    begun: tuple[int, re.Match[str]] | None = None
    for number, line, fenced in marked_lines([*lines]):
        if fenced or ":::" not in line:
            continue
        if begun and _CONTAINER_ENDS.fullmatch(line):
            first, opens = begun
            lines[first] = f"> [!{opens[1].lower()}] {opens[2].strip()}".rstrip()
            lines[first + 1 : number] = [f"> {inside}" for inside in lines[first + 1 : number]]
            lines[number], begun = "", None
        elif not begun and (opening := _CONTAINER.fullmatch(line)):
            begun = number, opening


def _wikilink(page: str, words: str) -> str:
    """A link to a note, by the file's name; what is no note's name stays."""
    if page.lower() == "toc":
        return ""
    note, _, _ = page.partition("#")
    words = re.sub(r"([\\\[\]])", r"\\\1", words or page.replace("#", " › ").lstrip(" ›"))
    if not note:
        return words
    return f"[{words}]({quote(note.removesuffix('.md'), safe='/')}.md)"


def _embedded(file: str, alt: str) -> str:
    alt = "" if re.fullmatch(r"\d{1,5}(?:x\d{1,5})?", alt) else alt  # Obsidian's width
    return f"![{alt}](<{file.strip()}>)"


def _picture(attributes: str, mark: str) -> str:
    given = {name.lower(): next(filter(None, values), "") for name, *values in _PAIR.findall(attributes)}
    words = given.get("alt") or given.get("caption") or given.get("title") or ""
    if not given.get("src"):
        return mark
    return _markdown(given["src"], words, mark)


def _markdown(src: str, words: str, mark: str) -> str:
    alt = re.sub(r"([\\\[\]])", r"\\\1", " ".join(words.split()))
    return f"![{alt}](<{src}>)" + "\n" * mark.count("\n")
