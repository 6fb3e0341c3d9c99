"""Lines that define something and show nothing themselves: what nothing would show of them is shown where they stand.

An abbreviation (`*[HTML]: …`) has no Markdown; a footnote that nobody refers to vanishes with all its words; and the
modules of MDX are code, of which a reader is shown nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from steadycast.draft.marked_lines import CODE, marked_lines
from steadycast.on_demand import lazy_pattern

_ABBREVIATION = lazy_pattern(r" {0,3}\*\[(?P<name>[^\[\]\n]{1,100})\]:[ \t]*(?P<words>\S[^\n]*)")
_FOOTNOTE = lazy_pattern(r" {0,3}\[\^(?P<name>[^\[\]\s]{1,200})\]:(?P<words>[^\n]*)")
_REFERENCE = lazy_pattern(CODE + r"|(?<!\\)\[\^(?P<name>[^\[\]\s]{1,200})\]")
_MODULE = lazy_pattern(r"(?:import|export)\b[ {*'\"]")


def with_definitions_shown(body: str) -> str:
    """`body` whose abbreviations, and footnotes without a reference, are items of a list; line numbers stay."""
    if "*[" not in body and "[^" not in body:
        return body
    lines = body.split("\n")
    referred = set(_referred(lines))
    for number, line, fenced in marked_lines(lines):
        if fenced:
            continue
        if found := _ABBREVIATION.fullmatch(line):
            lines[number] = f"- {found['name']}: {found['words']}"
        elif (found := _FOOTNOTE.fullmatch(line)) and found["name"].casefold() not in referred:
            lines[number] = f"- \\[{found['name']}\\]{found['words']}"
    return "\n".join(lines)


def _referred(lines: list[str]) -> Iterator[str]:
    """The names of the footnotes that the text refers to."""
    for _, line, fenced in marked_lines(lines):
        if fenced or "[^" not in line:
            continue
        defined = _FOOTNOTE.fullmatch(line)
        for found in _REFERENCE.finditer(line, defined.start("words") if defined else 0):
            if found["name"]:
                yield found["name"].casefold()


def without_modules(body: str) -> str:
    """The body of an MDX file without its imports and exports, each of which ends with an empty line."""
    lines, inside = body.split("\n"), False
    for number, line, fenced in marked_lines([*lines]):
        inside = bool(line.strip()) and (inside or (not fenced and _MODULE.match(line) is not None))
        if inside:
            lines[number] = ""
    return "\n".join(lines)
