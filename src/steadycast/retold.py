"""A text that is kept, and is said in another reader's language later: what it was made of goes along with it.

Where `noting` is in force, each text that `_` makes knows its English and its values. `kept` writes those down, `again`
says them in the language that is current then. A text that was put together in another way is kept as it was said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from steadycast import language

MARK = "\x1e"  # what is kept begins with it: no text that was kept as it was said does


class Retold(str):
    """A text as it was said, and what it was made of."""

    __slots__ = ("source",)
    source: tuple[object, ...]


def _note(said: str, source: tuple[object, ...]) -> str:
    text = Retold(said)
    text.source = source
    return text


@contextmanager
def noting() -> Iterator[None]:
    """Within the block each text that is said can be said again in another language."""
    token = language.noted.set(_note)
    try:
        yield
    finally:
        language.noted.reset(token)


def kept(text: str) -> str:
    """A text as it is written down."""
    return MARK + json.dumps([str(text), _plain(text)], ensure_ascii=False) if text else ""


def again(kept: str) -> str:
    """What was written down, in the current language; what an older version wrote stays as it is."""
    if not kept.startswith(MARK):
        return kept
    try:
        as_said, made_of = json.loads(kept[1:])
    except (ValueError, TypeError):
        return kept[1:]
    try:
        return _said(made_of)  # type: ignore[no-any-return]
    except (ValueError, TypeError, LookupError, AttributeError):  # a value of a kind that could not be kept
        return str(as_said)


def changed(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` made to what was said and to each value in it: what takes secrets out is such a change."""
    if not isinstance(text, Retold):
        return change(text)
    how, *given = text.source
    fixed = {"gettext": 1, "ngettext": 2}.get(str(how), 0)  # the sentence itself, as it stands in the code
    return _note(change(str(text)), (how, *given[:fixed], *(_changed(each, change) for each in given[fixed:])))


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, Mapping):
        return {name: _changed(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_changed(each, change) for each in value]
    return value if isinstance(value, int | float) else changed(_text(value), change)


def _text(value: object) -> str:
    """A value's text; that of an error is the text that it was made with, and can be said again."""
    return value if isinstance(value, str) else str(value)


def _plain(value: object) -> Any:
    if not isinstance(value, Mapping | list | int | float):
        value = _text(value)
    if isinstance(value, Retold):
        return [_plain(each) for each in value.source]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return ["", *map(_plain, value)]
    return value if isinstance(value, int | float) else str(value)


def _said(kept: Any) -> Any:
    if isinstance(kept, dict):
        return {name: _said(each) for name, each in kept.items()}
    if not isinstance(kept, list):
        return kept
    how, *given = kept[0], *map(_said, kept[1:])
    if how == "":
        return given
    if how in {"gettext", "ngettext"}:
        *words, values = given
        return getattr(language, how)(*words, **values)
    return {"listed": language.listed, "quoted": language.quoted, "joined": language.joined}[how](*given)
