"""One key of a draft's head changed: its other keys, their order, comments, line ends and the body stay as they are.

The change is made to the text and then read back: where a head is written so that anything else would change, nothing
is.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from steadycast.draft.frontmatter import Front, split, with_properties
from steadycast.draft.keys import folded
from steadycast.errors import DraftError
from steadycast.language import gettext as _

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_END = re.compile(r"\r\n|\r|\n")
_PAIR = re.compile(r"(\s*(?:- )?[\"']?[^\s:：=\"']+[\"']?[ \t]*[:：=][ \t]*)(.*?)([ \t]+#[^\r\n]*|,?[ \t]*)([\r\n]*)\Z")
_TITLE = ("title", "date")  # a new key stands below the first of these


def with_key(raw: bytes, key: str, value: str | None, *, notion: bool = False) -> bytes:
    """The file with `key` saying `value`, or without it where that is None. Raises DraftError where it cannot be.

    `notion`: the properties below a page's heading are its head.
    """
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    try:
        text = raw[len(mark) :].decode("utf-8")
    except UnicodeDecodeError:
        raise DraftError(_("it is not UTF-8, and is left as it is"), hint=_("save it as UTF-8")) from None
    before = _read(text, notion=notion)
    if _value(before, key) == value:
        return raw
    for candidate in _candidates(text, before, key, value):
        if _says(candidate, before, key, value, notion=notion):
            return mark + candidate.encode()
    hint = (
        _("write %(key)s: %(value)s in it by hand", key=key, value=value)
        if value
        else _("take %(key)s out of it by hand", key=key)
    )
    raise DraftError(_("its head is written in a way that no program can edit"), hint=hint)


def value_of(raw: bytes, key: str, *, notion: bool = False) -> str | None:
    """What a file's head says of `key`, or None."""
    return _value(_read(raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace"), notion=notion), key)


def _read(text: str, *, notion: bool) -> Front:
    front = split(_END.sub("\n", text))
    return with_properties(front) if notion else front


def _spelled(front: Front, key: str) -> str | None:
    return next((each for each in front.values if folded(each) == folded(key)), None)


def _value(front: Front, key: str) -> str | None:
    spelled = _spelled(front, key)
    return str(front.values[spelled]) if spelled else None


def _says(text: str, before: Front, key: str, value: str | None, *, notion: bool) -> bool:
    """Whether a text differs from what was there in this one key only."""
    try:
        after = _read(text, notion=notion)
    except DraftError:
        return False
    rest = [[(k, v) for k, v in front.values.items() if folded(k) != folded(key)] for front in (before, after)]
    bodies = [before.body, after.body]
    if notion:
        bodies = [re.sub(r"\n+", "\n", body) for body in bodies]  # a page's properties leave their empty lines in it
    elif not (before.values and after.values):
        bodies = [body.lstrip("\n") for body in bodies]
    return _value(after, key) == value and rest[0] == rest[1] and bodies[0] == bodies[1]


def _candidates(text: str, front: Front, key: str, value: str | None) -> Iterator[str]:
    """Ways to write it, the one that a person would choose first."""
    lines, end = _LINES.findall(text), (_END.search(text) or ["\n"])[0]
    spelled = _spelled(front, key)
    if spelled is not None and (number := front.lines.get(spelled, 0)) and number <= len(lines):
        if value is None:
            yield from _without(lines, number - 1, spelled, end)
        else:
            yield from _replaced(lines, number - 1, spelled, value)
    elif spelled is None and value is not None:
        yield from _added(lines, front, key, value, end)


def _replaced(lines: list[str], at: int, spelled: str, value: str) -> Iterator[str]:
    in_json = re.sub(rf'("{re.escape(spelled)}"\s*:\s*)"[^"]*"', rf"\g<1>{json.dumps(value)}", lines[at], count=1)
    yield "".join([*lines[:at], in_json, *lines[at + 1 :]])
    if found := _PAIR.match(lines[at]):
        for said in (value, json.dumps(value)):
            yield "".join([*lines[:at], f"{found[1]}{said}{found[3]}{found[4]}", *lines[at + 1 :]])


def _without(lines: list[str], at: int, spelled: str, end: str) -> Iterator[str]:
    """The line taken out; a head that holds nothing else goes as a whole, with the empty line below it."""
    if at == 1 and [line.rstrip("\r\n") for line in (lines[0], *lines[2:3])] == ["---", "---"]:
        rest = lines[4:] if lines[3:4] == [end] else lines[3:]
        yield "".join(rest)
    yield "".join([*lines[:at], *lines[at + 1 :]])
    if at and lines[at - 1].rstrip().endswith(","):  # the last of JSON
        above = lines[at - 1].rstrip()[:-1] + lines[at - 1][len(lines[at - 1].rstrip()) :]
        yield "".join([*lines[: at - 1], above, *lines[at + 1 :]])
    one_line = re.sub(rf'"{re.escape(spelled)}"\s*:\s*"[^"]*"\s*,\s*', "", lines[at], count=1)
    yield "".join([*lines[:at], one_line, *lines[at + 1 :]])


def _added(lines: list[str], front: Front, key: str, value: str, end: str) -> Iterator[str]:
    """A line of its own below the title, at the head's top or its end; or a head, where there is none."""
    if not front.values:
        yield "".join(["---", end, f"{key}: {value}", end, "---", end, end, *lines])
    tops = [front.lines[each] for each in front.values if folded(each) in _TITLE and each in front.lines]
    last = max(min(front.body_line - 2, len(lines)), 0)
    places = [*tops, min(front.lines.values(), default=1) - 1, 1, last, 0]
    said = (f"{key}: {value}", f'{key} = "{value}"', f'  "{key}": "{value}",')
    for at in dict.fromkeys(places):
        before = lines[at - 1 : at]
        gap = end if before and not _END.search(before[0]) else ""
        for line in said:
            yield "".join([*lines[:at], gap, line, end, *lines[at:]])
    text = "".join(lines)
    opening = text.find("{")
    if opening >= 0:
        yield f'{text[: opening + 1]}"{key}": "{value}", {text[opening + 1 :]}'
