"""What people paste from Word, from web pages and from other editors, as Markdown. Pure."""

from __future__ import annotations

import re

from steadycast.intake.markup import markdown

# Words that would be marks: fewer than of a document that nobody sees again, as this text is read by who pasted it.
_MARKS = re.compile(
    r"([\\`*<|~$^]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|\[(?=\^)|=(?==)|&(?=#?\w{1,31};)"
    r"|:(?=[a-z_+-]{1,40}:|::)|\{(?=[{%])|%(?=%)|!(?=\[))"
)
_COMMENT = re.compile(r"<!(?:--\[if\b.*?\[endif\]--|\[if\b[^>]*|\[endif\])>", re.DOTALL)  # Word speaks to itself
_OF_WORD = re.compile(r"</?(?:o|w|m|v|st1):[a-z]+\b[^>]*>", re.IGNORECASE)
_HEAD = re.compile(r"<(style|script|head|title|xml)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_NOT_BOLD = re.compile(
    r"<b\b[^>]*font-weight:\s*(?:normal|400)[^>]*>", re.IGNORECASE
)  # around all that Google Docs copies
_IN_A_LIST = re.compile(r"<p\b([^>]*mso-list:\s*l\d+\s+level(\d)[^>]*)>(.*?)</p>", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(
    r"<span\b[^>]*mso-list:\s*Ignore[^>]*>(?P<mark>(?:[^<]|<(?!/span>)[^>]*>)*)(?:</span>\s*)+", re.IGNORECASE
)
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"\s*[(（]?(?:\d{1,3}|[a-zA-Z]|[一二三四五六七八九十]{1,3})[.)、．）]")
_DEEPEST = 6


def as_markdown(html: str) -> str:
    """What was pasted, with its headings, lists, tables, links and emphasis."""
    html = _HEAD.sub("", _COMMENT.sub("", html))
    return markdown(_with_lists(_NOT_BOLD.sub("<span>", _OF_WORD.sub("", html))), special=_MARKS)


def _with_lists(html: str) -> str:
    """Word writes a list as paragraphs that look like one: those that follow each other become a list."""
    made: list[str] = []
    open_: list[str] = []
    at = 0
    for found in _IN_A_LIST.finditer(html):
        between = html[at : found.start()]
        if between.strip():
            made += [*_closed(open_, 0), between]
        made += _item(found, open_)
        at = found.end()
    return "".join([*made, *_closed(open_, 0), html[at:]])


def _item(found: re.Match[str], open_: list[str]) -> list[str]:
    """The tags that lead to an item, and the item, which stays open for what is below it."""
    level = min(max(int(found[2]), 1), _DEEPEST)
    mark = _MARK.search(found[3])
    kind = "ol" if mark and _NUMBER.match(_TAG.sub("", mark["mark"]).replace("&nbsp;", " ")) else "ul"
    tags = _closed(open_, level)
    if len(open_) == level and open_[-1] != kind:
        tags += _closed(open_, level - 1)
    elif len(open_) == level:
        tags.append("</li>")
    while len(open_) < level:
        tags.append(f"<{kind}>" if len(open_) == level - 1 else f"<{kind}><li>")
        open_.append(kind)
    return [*tags, "<li>", _MARK.sub("", found[3])]


def _closed(open_: list[str], level: int) -> list[str]:
    tags = []
    while len(open_) > level:
        tags.append(f"</li></{open_.pop()}>")
    return tags
