"""A draft's file as an editor has it: title, text and a few keys; taken apart, and put together again. Pure.

What the editor did not change stays in the file as it was, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.draft import keys as names
from steadycast.draft import tables
from steadycast.draft.decoding import decoded, visible
from steadycast.draft.fields import Keys
from steadycast.draft.front_edit import Value, with_keys
from steadycast.draft.frontmatter import Front, split
from steadycast.draft.named_files import as_focal
from steadycast.draft.outline import outline
from steadycast.draft.titles import title_of_name

OVERRIDES = ("title", "summary", "text", "tags", "skip")  # of one channel, that an editor shows
_BOM = b"\xef\xbb\xbf"
_HEADING = re.compile(r"(\s*#[ \t]+)([^\n]*?)([ \t]+#+)?[ \t]*(\n\s*|\Z)")
_WORDS = {"tags": ("tags",), "series": ("series",)}
_TEXTS = {
    "summary": names.SUMMARY, "form": ("form",), "slot": ("slot",), "language": ("language", "lang"),
    "cover_alt": names.COVER_ALT,
}  # fmt: skip
_KEYS = _WORDS | _TEXTS | {"focal": names.FOCAL}


@dataclass(frozen=True, slots=True)
class Edited:
    """What an editor shows of a draft, and sends back."""

    title: str = ""
    body: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    form: str = ""
    slot: str = ""
    language: str = ""
    cover_alt: str = ""  # what the cover shows
    focal: str = ""  # the point that every crop of the cover keeps, "0.3 0.7"; "" where none is said
    ready: bool = True
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # what one channel says otherwise


def taken_apart(text: str, path: PurePosixPath | None) -> Edited:
    """A draft's text as an editor has it. Raises DraftError where its head cannot be read."""
    front = split(text)
    keys = Keys(front, ZoneInfo("UTC"))
    lead, body = _lead(front)
    values: dict[str, Any] = {name: keys.words(*spelt) for name, spelt in _WORDS.items()}
    values |= {name: keys.text(*spelt) for name, spelt in _TEXTS.items()}
    values["focal"] = _point(keys)
    title = visible(keys.text("title")) or _heading(lead) or _title_of(front, path)
    ready = not keys.flag("draft")
    return Edited(title=title, body=body, ready=ready, channels=_channels(keys), **values)


def _point(keys: Keys) -> str:
    """The focal point of the head, as it is written there by an edit; "" where none is said that can be read."""
    point = as_focal(keys.take(*names.FOCAL)[1])
    return "{:g} {:g}".format(*point) if point else ""


def put_together(text: str, edited: Edited, path: PurePosixPath | None) -> str:
    """`text` as it is after an edit; "" for a new draft. Raises DraftError where a key cannot be changed surely."""
    before = taken_apart(text, path)
    if edited == before:
        return text
    if edited.body != before.body:
        text = _with_body(text, edited.body)
    if edited.title != before.title:
        text = _with_title(text, edited.title, path)
    return with_keys(text, _wanted(split(text), before, edited))


def to_bytes(text: str, raw: bytes) -> bytes:
    """`text` as the bytes of a file that was `raw` before: with its line ends, and its mark at the beginning."""
    if raw and decoded(raw)[0] == text:
        return raw
    windows = raw.count(b"\r\n") * 2 > raw.count(b"\n")
    made = (text.replace("\n", "\r\n") if windows else text).encode()
    return _BOM + made if raw.startswith(_BOM) else made


def _wanted(front: Front, before: Edited, edited: Edited) -> dict[str, Value]:
    """The keys that the edit changes, by the names that the head has for them."""
    wanted: dict[str, Value] = {}
    for name, spelt in _KEYS.items():
        new = getattr(edited, name)
        if new != getattr(before, name):
            given = [key for key in front.values if names.folded(key) in {names.folded(each) for each in spelt}]
            wanted |= dict.fromkeys(given[1:] if new else given, "")  # else another of its names would speak for it
            wanted[given[0] if given else name] = list(new) if isinstance(new, tuple) else new
    if edited.ready != before.ready:
        wanted["draft"] = "" if edited.ready else "true"
    if edited.channels != before.channels:
        wanted["channels"] = _overrides(front, before.channels, edited.channels)
    return wanted


# --- the title, which may be the first heading


def _lead(front: Front) -> tuple[str, str]:
    """What stands above the text that is edited: empty lines, or the heading that is the title; and that text."""
    body = front.body.lstrip("\n")
    blank = front.body[: len(front.body) - len(body)]
    found = _HEADING.match(front.body)
    heading = outline(front.body, on_the_web=False).heading if found else None
    if not found or not heading or not heading.opens or heading.first != heading.last or not visible(heading.text):
        return blank, body
    key = next((str(front.values[each]) for each in front.values if names.folded(each) == "title"), "")
    if key and " ".join(key.split()) != heading.text:
        return blank, body
    return found[0], front.body[found.end() :]


def _heading(lead: str) -> str:
    heading = outline(lead, on_the_web=False).heading
    return heading.text if heading else ""


def _title_of(front: Front, path: PurePosixPath | None) -> str:
    heading = outline(front.body, on_the_web=False).heading
    return (visible(heading.text) if heading else "") or (title_of_name(path) if path else "")


def _with_body(text: str, body: str) -> str:
    front = split(text)
    head = text.removesuffix(front.body) if front.body else text
    return head + _lead(front)[0] + body.rstrip("\n") + "\n"


def _with_title(text: str, title: str, path: PurePosixPath | None) -> str:
    """A title where it stood: in its key, in the heading that opens the text, or else in a key that is new."""
    front = split(text)
    head = text.removesuffix(front.body) if front.body else text
    lead, body = _lead(front)
    keyed = any(names.folded(key) == "title" and front.values[key] for key in front.values)
    if _heading(lead):
        begin, _, closing, end = _HEADING.match(lead).groups()  # type: ignore[union-attr]
        made = f"{begin}{title}{closing or ''}{end}"
        anew = with_keys(head + made + body, {"title": title} if keyed else {})
        if taken_apart(anew, path).title == title and _lead(split(anew))[1] == body:
            return anew
        text = head + body
    return with_keys(text, {"title": title})


# --- what single channels say otherwise


def _channels(keys: Keys) -> dict[str, dict[str, Any]]:
    found = tables.channels(keys)
    return {
        channel: {name: given[name] for name in OVERRIDES if given.get(name)}
        for channel, given in found.items()
        if any(given.get(name) for name in OVERRIDES)
    }


def _overrides(front: Front, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The table of channels as it has to be, by its own spelling of each key; what no editor shows stays."""
    raw: Mapping[str, Any] = next((front.values[key] for key in front.values if names.folded(key) == "channels"), {})
    made = {name: dict(given) if isinstance(given, Mapping) else given for name, given in raw.items()}
    for channel in {**before, **after}:
        old, new = before.get(channel, {}), after.get(channel, {})
        if old == new:
            continue
        given = made.get(channel)
        table = given if isinstance(given, dict) else {"skip": "true"} if given else {}
        for name in OVERRIDES:
            if old.get(name) != new.get(name):
                key = next((each for each in table if names.ALIASES.get(each, each) == name), name)
                table.pop(key, None)
                if value := new.get(name):
                    table[key] = "true" if name == "skip" else value
        made[channel] = table
    return {name: given for name, given in made.items() if given}
