"""The keys that have keys of their own: an event's times and place, and what a draft says otherwise on one channel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from steadycast.draft import keys as names
from steadycast.draft.decoding import shown
from steadycast.draft.fields import Keys, is_day
from steadycast.draft.model import DraftEvent, Note
from steadycast.language import gettext as _


def event(keys: Keys, notes: list[Note]) -> DraftEvent | None:
    """The event of a head; `notes` gets what of it was perhaps misspelt."""
    key, table = keys.table("event")
    if not table:
        return None
    given = {names.folded(name): value for name, value in table.items()}
    spelt = {names.folded(name): f"{key}.{name}" for name in table}
    start = next((name for name in ("start", "begin") if given.get(name)), None)
    if start is None:
        hint = _("add start: %(day)s 19:30 below event:", day=keys.day_to_come)
        raise keys.wrong(key, _("the event has no start"), hint)
    notes += _misspelt(keys, table, key)
    begins = keys.as_instant(spelt[start], given[start])
    ends = keys.as_instant(spelt["end"], given["end"], day_end=True) if given.get("end") else None
    if ends is not None and ends <= begins:
        raise keys.wrong(spelt["end"], _("the event ends before it starts"), _("check start and end"))
    all_day = all(is_day(str(given[name])) for name in ("start", "begin", "end") if given.get(name))
    place = next((name for name in ("place", "location", "venue") if given.get(name)), None)
    where = given[place] if place else ""
    if place and isinstance(where, dict | list):
        raise keys.wrong(spelt[place], _("the event's place has to be one text"), _("write place: 静安区图书馆"))
    url = address(keys, spelt["url"], given["url"]) if given.get("url") else ""
    return DraftEvent(begins, ends, " ".join(str(where).split()), url, all_day)


def _misspelt(keys: Keys, given: Mapping[str, Any], key: str) -> Iterator[Note]:
    for name in given:
        if near := names.meant(name, event=True):
            where = f"{key}.{name}"
            yield Note(
                _("nothing reads %(key)r", key=shown(where[:60])),
                _("did you mean %(near)s?", near=near),
                keys.lines.get(where),
            )


def channels(keys: Keys) -> Mapping[str, Mapping[str, Any]]:
    """What a head says for single channels."""
    key, table = keys.table("channels")
    return {name: _channel(keys, f"{key}.{name}", value) for name, value in table.items()}


def _channel(keys: Keys, where: str, value: Any) -> Mapping[str, Any]:
    """One channel's overrides, typed where they mean something; `channels.x: skip` is short for `skip: true`."""
    if isinstance(value, str) and names.folded(value) == "skip":
        return {"skip": True}
    if not isinstance(value, dict):
        raise keys.wrong(
            where,
            _("%(key)s has to hold keys of its own", key=where),
            _("write title:, text:, tags: or skip: below it"),
        )
    english = {str(name): names.ALIASES.get(name, str(name)) for name in value}
    spelt = {english[name]: f"{where}.{name}" for name in english}
    out: dict[str, Any] = {english[name]: each for name, each in value.items()}
    if "skip" in out:
        out["skip"] = keys.as_flag(spelt["skip"], out["skip"])
    if "tags" in out:
        out["tags"] = list(keys.as_words(spelt["tags"], out["tags"]))
    for name in ("title", "text", "summary"):
        if isinstance(out.get(name), dict | list):
            raise keys.wrong(spelt[name], _("%(key)s has to be one text", key=spelt[name]), _("quote it"))
    return out


def address(keys: Keys, key: str, value: Any) -> str:
    """`value`, where it is a web address."""
    text = str(value).strip()
    if not re.match(r"https?://[^\s/]", text, re.IGNORECASE) or re.search(r"\s", text):
        raise keys.wrong(
            key, _("%(key)s is no web address: %(address)r", key=key, address=text[:60]), _("write https://...")
        )
    return text
