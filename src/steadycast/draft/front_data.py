"""The TOML or JSON of a head, and the plain `Key: words` of Pelican's, as text values with their lines."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from steadycast import reasons
from steadycast.draft.front_yaml import MAX_DEPTH, MAX_NODES, UNUSABLE, refuse
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

_JSON_KEY = lazy_pattern(r'"((?:[^"\\]|\\.){1,200})"\s*:')
_PLAIN_KEY = lazy_pattern(r"[ ]{0,3}([^\s:：][^:：\n]{0,40}?)\s*[:：][ \t\xa0\u3000]*(.*)\Z")


def read_toml(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each key) of a head whose first line is the file's second. Raises DraftError with the line."""
    import tomllib  # most heads are YAML

    try:
        values = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        why, at = reasons.of_toml(error)
        line = at + 1 if at else head.count("\n") + 1
        closing = why == _(reasons.QUOTE)
        raise refuse(why, line, _("close it at the end of this line") if closing else _("check its TOML")) from None
    except RecursionError:
        raise refuse(_("nested more than %(most)s deep", most=MAX_DEPTH), 1, _("make it flatter")) from None
    except ValueError:  # a number of thousands of digits
        raise refuse(_("a number is too long"), 1, _("check its TOML")) from None
    _measure(values)
    return {key: _plain(value) for key, value in values.items()}, _toml_lines(head)


def read_json(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each key) of a head that is one JSON object, its first line the file's first."""
    try:
        values = json.loads(head, object_pairs_hook=_once_each, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        hint = _("check its JSON: commas between values, none after the last")
        raise refuse(reasons.of_json(error), error.lineno, hint) from None
    except RecursionError:
        raise refuse(_("nested more than %(most)s deep", most=MAX_DEPTH), 1, _("make it flatter")) from None
    _measure(values)
    lines: dict[str, int] = {}
    for found in _JSON_KEY.finditer(head):
        lines.setdefault(found[1], head.count("\n", 0, found.start()) + 1)
    return {key: _plain(value) for key, value in values.items()}, lines


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        if key in out:
            raise refuse(_("%(key)s is given twice", key=key[:60]), 1, _("keep one of them"))
        out[key] = value
    return out


def read_plain(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each key) of `Key: words` lines, the first line the file's first; what follows is indented."""
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    key = ""
    for number, line in enumerate(head.split("\n"), 1):
        found = _PLAIN_KEY.match(line)
        if found and found[1] in values:
            raise refuse(_("%(key)s is given twice", key=found[1]), number, _("keep one of them"))
        if found:
            key = found[1]
            values[key], lines[key] = found[2].strip(), number
        elif key and line.strip():
            values[key] = f"{values[key]} {line.strip()}".strip()
    if len(values) > MAX_NODES:
        raise refuse(_("more than %(most)s values", most=MAX_NODES), 1, _("make it shorter"))
    return values, lines


def _measure(values: Mapping[str, Any]) -> None:
    """Refuse a tree that is too large; walks without recursion, as the tree may be deeper than the stack."""
    nodes, level = 0, list(values.values())
    for _depth in range(MAX_DEPTH):
        nodes += len(level)
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if nodes > MAX_NODES:
            raise refuse(_("more than %(most)s values", most=MAX_NODES), 1, _("make it shorter"))
    if level:
        raise refuse(_("nested more than %(most)s deep", most=MAX_DEPTH), 1, _("make it flatter"))


def _plain(value: Any) -> Any:
    """Dates, numbers, booleans and nothing as the text that YAML would have given."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    text = "" if value is None else str(value)
    if UNUSABLE.search(text):
        raise refuse(_("a NUL character"), 1, _("remove that escape"))
    return text


def _toml_lines(head: str) -> dict[str, int]:
    """The line of each key, by the shape of the line: right for every front matter a person would write."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(head.split("\n"), 2):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line):
            table = header[1].replace('"', "").replace("'", "")
            lines.setdefault(table, number)
        elif pair := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            lines.setdefault(f"{table}.{pair[1]}" if table else pair[1], number)
    return lines
