"""Edits of steadycast.toml that a command makes for a person: one value changes, every comment and space stays."""

from __future__ import annotations

import contextlib
import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item

from steadycast.crash_safety import durable
from steadycast.errors import InputError, SettingsError
from steadycast.language import gettext as _
from steadycast.workspace.loading import Workspace, read
from steadycast.workspace.paths import SETTINGS_FILE
from steadycast.workspace.toml_file import dotted
from steadycast.workspace.values import dates, reason

RHYTHMS = ("every", "rrule")
FIRST_KEYS = (*RHYTHMS, "platform", "name")  # a new key of a table stands below one of these
BOM = b"\xef\xbb\xbf"
ONE_DAY = dt.timedelta(days=1)


def with_rhythm(workspace: Workspace, series: str, rhythm: str) -> Workspace:
    """The workspace with another rhythm of a series; `rhythm` is in words, or an RRULE where it says FREQ=."""
    key = "rrule" if "FREQ=" in rhythm.upper() else "every"
    other = next(each for each in RHYTHMS if each != key)
    return _edited(workspace, ("series", series), {key: rhythm, other: None})


def with_skip(workspace: Workspace, series: str, days: str) -> Workspace:
    """The workspace whose series has no slot on these days: "2026-12-31", or a span with "..", both ends included."""
    return _edited(workspace, ("series", series), {"skip": [*workspace.promises[series].skip, days]})


def without_skip(workspace: Workspace, series: str, days: str) -> Workspace:
    """The workspace whose series skips these days no more; of a span that holds one of them the rest stays skipped."""
    undone = dates(days)
    left = [kept for entry in workspace.promises[series].skip for kept in _less(entry, undone)]
    return _edited(workspace, ("series", series), {"skip": left or None})


def _less(entry: str, undone: frozenset[dt.date]) -> list[str]:
    """One entry of `skip` without some days: itself, what is left of it as spans, or nothing."""
    if entry.startswith("holidays:") or not dates(entry) & undone:
        return [entry]
    left = sorted(dates(entry) - undone)
    starts = [day for day in left if day - ONE_DAY not in left]
    ends = [day for day in left if day + ONE_DAY not in left]
    why = reason(entry)
    return [f"{a if a == b else f'{a}..{b}'} {why}".strip() for a, b in zip(starts, ends, strict=True)]


def with_channel(workspace: Workspace, name: str, values: Mapping[str, Any]) -> Workspace:
    """The workspace with one more channel, whose table stands at the end of the file; `platform` is among `values`."""
    return with_new(workspace, ("channel", name), values)


def with_new(workspace: Workspace, at: tuple[str, ...], values: Mapping[str, Any]) -> Workspace:
    """The workspace with one more table, at the end of the file."""
    raw = workspace.sources[SETTINGS_FILE]
    wanted = tomllib.loads(raw.decode("utf-8-sig"))
    table = wanted
    for key in at[:-1]:
        table = table.setdefault(key, {})
    if at[-1] in table:
        raise InputError(_("there is %(table)s already", table=dotted(at)), hint=_("change it, or choose another name"))
    table[at[-1]] = dict(values)
    return _appended(workspace, f"[{'.'.join(map(_key, at))}]", values, wanted)


def with_entry(workspace: Workspace, kind: str, values: Mapping[str, Any]) -> Workspace:
    """The workspace with one more entry of a list of tables, as [[feed]], at the end of the file."""
    wanted = tomllib.loads(workspace.sources[SETTINGS_FILE].decode("utf-8-sig"))
    wanted.setdefault(kind, []).append(dict(values))
    return _appended(workspace, f"[[{kind}]]", values, wanted)


def without_entry(workspace: Workspace, kind: str, number: int) -> Workspace:
    """The workspace without the entry of that number in a list of tables, counted from 0."""
    raw = workspace.sources[SETTINGS_FILE]
    wanted = tomllib.loads(raw.decode("utf-8-sig"))
    del wanted[kind][number]
    if not wanted[kind]:
        del wanted[kind]
    text = ""
    with contextlib.suppress(TOMLKitError, AttributeError, TypeError, ValueError):
        document: Any = tomlkit.parse(raw.decode("utf-8-sig"))
        del document[kind][number]
        if not document[kind]:
            del document[kind]
        text = document.as_string()
    otherwise = SettingsError(
        _("%(table)s is written in a way that no command can edit", table=kind), hint=_("take it out by hand")
    )
    return _read(workspace, text, wanted, otherwise)


def _appended(workspace: Workspace, head: str, values: Mapping[str, Any], wanted: Mapping[str, Any]) -> Workspace:
    text = workspace.sources[SETTINGS_FILE].decode("utf-8-sig")
    told = [head, *(f"{_key(key)} = {tomlkit.item(value).as_string()}" for key, value in values.items())]
    end = "\r\n" if "\r\n" in text else "\n"
    text = f"{text.rstrip()}{end * 2}{end.join(told)}{end}"
    kind = head.strip("[]").partition(".")[0]
    said = _("it is written in a way that no command can add a %(kind)s to", kind=kind)
    return _read(
        workspace, text, wanted, SettingsError(said, hint=_("add it by hand: %(lines)s", lines=_("; ").join(told)))
    )


def _key(name: str) -> str:
    """A key as TOML has it: in quotes where it is not of plain letters, digits and dashes."""
    return tomlkit.key(name).as_string()


def with_settings(workspace: Workspace, channel: str, values: Mapping[str, Any]) -> Workspace:
    """The workspace whose channel has these settings."""
    return _edited(workspace, ("channel", channel), values)


def with_table(workspace: Workspace, at: tuple[str, ...], values: Mapping[str, Any]) -> Workspace:
    """The workspace with these keys of one table: ("series", "daily"), or ("community",). None takes a key out."""
    return _edited(workspace, at, values)


def write(workspace: Workspace, before: Workspace) -> None:
    """Puts the settings of `workspace` in the place of those that `before` was read from, whole or not at all.

    Refuses where the file has changed since: whoever edits it by hand at the same time loses nothing.
    """

    def unchanged() -> None:
        if before.settings_file.read_bytes() != before.sources[SETTINGS_FILE]:
            said = _("it was changed meanwhile, and is left as it is")
            raise InputError(said, file=before.settings_file, hint=_("run the command again"))

    durable.put_again(before.settings_file, workspace.sources[SETTINGS_FILE], unchanged)


def _edited(workspace: Workspace, at: tuple[str, ...], values: Mapping[str, Any]) -> Workspace:
    """The workspace with these keys of one table; None takes one out. Checked as if it were read from the disk."""
    raw = workspace.sources[SETTINGS_FILE]
    wanted = tomllib.loads(raw.decode("utf-8-sig"))
    above = wanted
    for key in at[:-1]:
        above = above[key]
    merged = {**above[at[-1]], **values}
    above[at[-1]] = {key: value for key, value in merged.items() if value is not None}
    told = ", ".join(f"{key} = {tomlkit.item(_inline(v)).as_string()}" for key, v in values.items() if v is not None)
    said = _("%(table)s is written in a way that no command can edit", table=dotted(at))
    otherwise = SettingsError(said, line=workspace.line(at), hint=_("edit it by hand: %(lines)s", lines=told))
    return _read(workspace, _text(raw, at, values), wanted, otherwise)


def _read(workspace: Workspace, text: str, wanted: Mapping[str, Any], otherwise: SettingsError) -> Workspace:
    """The workspace with this text as its settings, checked; raises `otherwise` where it says anything but `wanted`."""
    with contextlib.suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(text) == wanted:
            data = (BOM if workspace.sources[SETTINGS_FILE].startswith(BOM) else b"") + text.encode()
            return read(workspace.root, {**workspace.sources, SETTINGS_FILE: data}, workspace.settings_file)
    raise replace(otherwise, file=workspace.settings_file)


def _text(raw: bytes, at: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """The file's text with these keys changed; "" where the editing library cannot do it."""
    text = raw.decode("utf-8-sig")
    try:
        document = tomlkit.parse(text)
        table: Any = document
        for key in at:
            table = table[key]
        for key, value in sorted(values.items(), key=lambda each: each[1] is None):
            _set(table, key, value, next((each for each in (*FIRST_KEYS, *table) if each in table), ""))
        text = document.as_string()
    except (TOMLKitError, AttributeError, TypeError, ValueError):
        return ""
    return "\r\n".join(text.replace("\r\n", "\n").split("\n")) if b"\r\n" in raw else text


def _inline(value: Any) -> Any:
    """A table, or a list of tables, as it stands in one line."""
    if isinstance(value, Mapping):
        line = tomlkit.inline_table()
        line.update(value)
        return line
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        lines = tomlkit.array()
        for each in value:
            lines.append(_inline(each))
        return lines
    return value


def _set(table: Any, key: str, value: Any, first: str) -> None:
    """Sets one key where it stands; a new one stands below the `first`, and not below the next table's comment."""
    if value is None:
        table.pop(key, None)
        return
    value = _inline(value)
    if key in table and isinstance(value, Item):
        table[key] = value
    elif key in table and isinstance(value, list):
        _fill(table[key], value)
    elif key in table:
        table[key] = value
    elif key in RHYTHMS and first in RHYTHMS:  # the other form of the same promise, and the comment beside it stays
        table.value._replace(first, key, value)
    elif first and hasattr(table.value, "_insert_after"):
        table.value._insert_after(first, key, tomlkit.item(value))
    else:
        table[key] = value  # dotted keys: there is no comment below to get lost in


def _fill(array: Any, wanted: Sequence[str]) -> None:
    """Makes an array say that, entry by entry: comments stay, also beside an entry that says another thing now."""
    steps = SequenceMatcher(None, [str(each) for each in array], wanted).get_opcodes()
    for tag, start, end, first, last in reversed(steps):
        if tag == "equal":
            continue
        both = min(end - start, last - first)
        for n in range(both):
            array[start + n] = wanted[first + n]
        for n in reversed(range(start + both, end)):
            del array[n]
        for n in range(both, last - first):
            array.insert(start + n, wanted[first + n])
