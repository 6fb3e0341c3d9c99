"""Comments that writers leave for themselves, in every dialect: they never go out, and one without an end is an error.

A parser of CommonMark knows only HTML's, and of those not the one that runs over an empty line.
"""

from __future__ import annotations

import re
from dataclasses import replace

from steadycast.draft.model import Draft
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

_MAY_HOLD_ONE = lazy_pattern(r"%%|<!--|\{/\*|\{\{[<%]?-? ?/\*|\{#\s|comment")
_TOKEN = lazy_pattern(
    r"^(?P<around>[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*$"
    r"|(?<![`\\])(?P<ticks>`+)"
    r"|(?<![\\%])%%(?!%)(?P<obsidian>)"
    r"|(?<!\\)<!--(?P<html>)"
    r"|\{/\*(?P<mdx>)"
    r"|\{\{(?:[<%]|-?)\s?/\*(?P<hugo>)"
    r"|\{\{[<%]\s{0,9}comment\s{0,9}[>%]\}\}(?P<docsy>)"
    r"|\{%-?\s{0,9}comment\b[^%{}\n]{0,200}%\}(?P<liquid>)"
    r"|\{::comment(?P<kramdown_alone>[^{}]{0,2000}/\})"
    r"|\{::comment\}(?P<kramdown>)"
    r"|\{#(?=\s)(?P<jinja>)",
    re.MULTILINE,
)
_ENDS = {
    "obsidian": re.compile(r"%%(?!%)"),
    "html": re.compile(r"(?<=<!--)-?>|--!?>"),
    "mdx": re.compile(r"\*/\s{0,99}\}"),
    "hugo": re.compile(r"\*/\s?(?:[>%]|-?)\}\}"),
    "docsy": re.compile(r"\{\{[<%]\s{0,9}/\s{0,9}comment\s{0,9}[>%]\}\}"),
    "liquid": re.compile(r"\{%-?\s{0,9}endcomment\s{0,9}-?%\}"),
    "kramdown_alone": re.compile(""),
    "kramdown": re.compile(r"\{:/(?:comment)?\}"),
    "jinja": re.compile(r"#\}"),
}
_CODE = lazy_pattern(r"`+|\n[ \t]*\n")
_LONGEST_TICKS = 9  # a longer run opens no code in a line: each length without a second one costs a look to the end
_CUTS = {"more", "truncate", "excerpt"}  # where a summary ends: no comment but a mark, and shown nowhere


def without_comments(body: str) -> str:
    """`body` without its comments; line numbers stay. Raises DraftError, with the body's line, for one without an end.

    Code keeps what looks like one.
    """
    if not _MAY_HOLD_ONE.search(body):
        return body
    kept: list[str] = []
    at = done = 0
    while found := _TOKEN.search(body, at):
        if found["fence"]:
            at = _after_the_fence(body, found)
        elif found["ticks"]:
            at = _after_the_code(body, found)
        else:
            at = _after_the_comment(body, found)
            if at > found.end() or found.lastgroup == "kramdown_alone":
                kept += [body[done : found.start()], "\n" * body.count("\n", found.start(), at)]
                done = at
    return "".join([*kept, body[done:]])


def as_shown(draft: Draft) -> Draft:
    """`draft` without comments, whenever it was read: earlier programs kept them. Raises DraftError, with the line.

    A summary that may have been made of such a body goes too: it is made anew where it is needed. A feed's items
    and digests are no Markdown of a writer, and have no comments.
    """
    if draft.of_html or draft.path.parts[:1] == ("digest",):
        return draft
    try:
        body = without_comments(draft.body)
    except DraftError as error:
        error.file, error.line = str(draft.path), (error.line or 1) + draft.body_line - 1
        raise
    return draft if body == draft.body else replace(draft, body=body, summary="")


def title_as_shown(title: str) -> str:
    """A title that an earlier program made of a heading, without the comments that it kept there."""
    try:
        shown = without_comments(title)
    except DraftError:
        return title
    return title if shown == title else " ".join(shown.split())


def _after_the_fence(body: str, found: re.Match[str]) -> int:
    fence = found["fence"]
    ends = re.compile(rf"^[ \t>]*{fence}{fence[0]}*[ \t]*$", re.MULTILINE).search(body, found.end())
    if ends:
        return ends.end()
    return found.end() if found["around"] else len(body)  # inside a quotation or a list it ends with that


def _after_the_code(body: str, found: re.Match[str]) -> int:
    ticks = found["ticks"]
    for run in _CODE.finditer(body, found.end()) if len(ticks) <= _LONGEST_TICKS else ():
        if run[0] == ticks:
            return run.end()
        if run[0][0] == "\n":
            break
    return found.end()


def _after_the_comment(body: str, found: re.Match[str]) -> int:
    """Where the comment ends; where its mark does, if it is none."""
    kind = str(found.lastgroup)
    ends = _ENDS[kind].search(body, found.end())
    a_figure = kind == "obsidian" and body[found.start() - 1 : found.start()].isdecimal()  # `5%%`
    if a_figure and (ends is None or body[ends.start() - 1].isdecimal()):
        return found.end()
    if ends is None:
        line = body.count("\n", 0, found.start()) + 1
        mark = found[0].strip()
        said = _(
            "the comment that begins here with %(mark)s does not end: all that follows would be private", mark=mark
        )
        raise DraftError(
            said, line=line, hint=_("end it, or write `%(mark)s` in backticks where it is none", mark=mark)
        )
    if kind == "html" and body[found.end() : ends.start()].strip().lower() in _CUTS:
        return found.end()
    return ends.end()
