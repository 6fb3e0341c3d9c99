"""A style sheet small enough to write on each element: TOML, `selector = declarations`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from steadycast import reasons
from steadycast.errors import SettingsError
from steadycast.language import gettext as _

_SELECTOR = re.compile(r"[a-z][a-z0-9]*(?: [a-z][a-z0-9]*)*")


class Style:
    """What to write in the style attribute of an element, by its name and those around it."""

    def __init__(self, rules: dict[str, str] | None = None) -> None:
        self._rules: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for selector, declarations in (rules or {}).items():
            *around, name = selector.split()
            text = (
                re.sub(r"\s*([;:])\s*", r"\1", " ".join(declarations.split()))
                .rstrip(";")
                .replace('"', "'")
                .replace("&", "&amp;")
            )
            self._rules.setdefault(name, []).append((tuple(around), text))
        chains = [chain for found in self._rules.values() for chain, _ in found]
        self.names = frozenset(self._rules)
        self.ancestors = frozenset(outer for chain in chains for outer in chain)

    def of(self, name: str, around: Sequence[str]) -> str:
        """The declarations for `name` inside `around` (outermost first); later rules come later, and so win."""
        return merged(*(text for chain, text in self._rules.get(name, ()) if _inside(chain, around)))


@lru_cache(maxsize=1024)  # a page has few kinds of elements, and many of each
def merged(*declarations: str) -> str:
    """All of `declarations` with each property once: the later one wins, a shorthand over its longhands too."""
    kept: dict[str, str] = {}
    for declaration in ";".join(declarations).split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            kept = {known: said for known, said in kept.items() if known != name and not known.startswith(f"{name}-")}
            kept[name] = value
    return ";".join(f"{name}:{value}" for name, value in kept.items())


def _inside(chain: tuple[str, ...], around: Sequence[str]) -> bool:
    """Whether `chain` occurs in `around` in its order, with gaps."""
    names = iter(around)
    return all(any(name == open_ for open_ in names) for name in chain)


def load(name: str, folders: Sequence[Path]) -> Style:
    """The style sheet `name` of the first of `folders` that has one; raises SettingsError with file and hint."""
    for folder in folders:
        file = f"{folder}/{name}"  # no Path: this is asked for each post
        with suppress(OSError):
            found = os.stat(file)  # noqa: PTH116
            if stat.S_ISREG(found.st_mode):
                return _read(file, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    raise SettingsError(
        _("style sheet %(name)s is missing", name=name),
        file=folders[0] / name,
        hint=_("write it, or take `style` out of channel.toml"),
    )


@lru_cache(maxsize=64)
def _read(file: str, *_stamp: int) -> Style:  # an edit makes another key
    import tomllib

    try:
        rules = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(_("is not UTF-8"), file=file, hint=_("save it as UTF-8")) from None
    except tomllib.TOMLDecodeError as error:
        why, line = reasons.of_toml(error)
        raise SettingsError(_("is not TOML: %(why)s", why=why), file=file, line=line) from None
    for selector, declarations in rules.items():
        if not isinstance(declarations, str) or not _SELECTOR.fullmatch(selector):
            raise SettingsError(
                _("%(selector)r is not a selector with declarations", selector=selector),
                file=file,
                hint=_('write elements only, as in "pre code" = "color:#333"'),
            )
    return Style(rules)
