"""Which of a platform's words are said in a language: its own, else those of the nearest that the platform speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from steadycast.language import known


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, table by table; lists and values replace."""
    made = dict(below)
    for key, value in above.items():
        under = made.get(key)
        made[key] = merged(under, value) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
    return made


def spoken(folders: Sequence[Mapping[str, Mapping[str, Any]]], language: str) -> dict[str, Any]:
    """The words of a platform in a language; `folders` are its words by language tag, its base's before its own.

    Of one folder the nearest tag is taken: for zh-TW that is zh-TW, then zh-Hant, zh and zh-Hans. In any of these a
    folder goes over its base: the steps of another platform would be wrong ones. English is the last resort.
    """
    words: dict[str, Any] = {}
    for tags in (("en",), _nearest(language.lower())):
        for tables in folders:
            there = {tag.lower(): table for tag, table in tables.items()}
            for tag in reversed(tags):
                words = merged(words, there.get(tag, {}))
    return words


@lru_cache(64)
def _nearest(tag: str) -> tuple[str, ...]:
    parts = tag.split("-")
    wider = ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]
    if parts[0] == "zh":
        scripts = ["zh-hans", "zh-hant"] if known(tag) == "zh_Hans" else ["zh-hant", "zh-hans"]
        wider = [*wider[:-1], scripts[0], "zh", scripts[1]]
    return tuple(dict.fromkeys(wider))


def nearest(texts: Mapping[str, str], language: str, otherwise: str) -> str:
    """The text in the nearest of the languages that there are; `otherwise` for all others."""
    there = {tag.lower(): text for tag, text in texts.items()}
    return next((there[tag] for tag in _nearest(language.lower()) if tag in there), otherwise)
