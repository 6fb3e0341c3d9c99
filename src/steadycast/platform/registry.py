"""Platform folders, found and validated; and the adapter class each of them holds."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import re
import sys
import threading
import traceback
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from steadycast.errors import InputError, SettingsError, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.platform.channel_toml import Sheet, platform_of
from steadycast.platform.contract import Adapter, Platform

FOLDER_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_BASE = re.compile(rb"^base[ \t]*=[ \t]*[\"']([a-z0-9_-]+)[\"']", re.MULTILINE)
_loading = threading.RLock()
_Files = tuple[tuple[Path, bytes], ...]  # each channel.toml, and what it holds


def platforms(folders: Sequence[Path], broken: dict[str, SettingsError] | None = None) -> dict[str, Platform]:
    """Every platform found in `folders`, by name; a name in an earlier folder hides the same name in a later one.

    A platform is a sub-folder with a channel.toml. Raises SettingsError, which names file, line and the key that was
    probably meant; with `broken` the error is put there under the folder's name instead, and harms no other platform.
    """
    read = tuple((path, path.read_bytes()) for path in _found(folders).values())
    try:
        return dict(_all_good(read))
    except SettingsError:
        if broken is None:
            raise
        return _resolved(read, broken)


def _found(folders: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in reversed(folders):
        with contextlib.suppress(OSError):  # no such folder, or none that may be read
            for each in os.scandir(folder):
                if FOLDER_NAME.fullmatch(each.name) and (file := Path(each.path, "channel.toml")).is_file():
                    found[each.name] = file
    return {name: found[name] for name in sorted(found)}


def some(
    folders: Sequence[Path], names: Iterable[str], broken: dict[str, SettingsError] | None = None
) -> dict[str, Platform]:
    """Those of `platforms` that are called `names`, and what they are built on; all, where one of these is not there.

    A command that shows a few channels needs no more, and reading all takes a tenth of a second. What is wrong with
    another platform harms it as little. Raises SettingsError as `platforms`, or puts it into `broken` as that does.
    """
    todo = [*names]
    wanted: dict[str, tuple[Path, bytes]] = {}
    while todo:
        name = todo.pop()
        if name not in wanted:
            file = _file(folders, name)
            if file is None:
                return platforms(folders, broken)
            wanted[name] = (file, file.read_bytes())
            todo += [base.decode() for base in _BASE.findall(wanted[name][1])]
    try:
        return dict(_all_good(tuple(wanted[name] for name in sorted(wanted))))
    except SettingsError:
        return platforms(folders, broken)  # a base that is written in another way; or it says what is wrong


def own(folders: Sequence[Path]) -> list[str]:
    """The names of the platforms that the first of `folders` holds: a workspace's own."""
    return [*_found(folders[:1])]


def _file(folders: Sequence[Path], name: str) -> Path | None:
    files = (folder / name / "channel.toml" for folder in folders if FOLDER_NAME.fullmatch(name))
    return next((file for file in files if file.is_file()), None)


@functools.lru_cache(maxsize=8)
def _all_good(read: _Files) -> dict[str, Platform]:
    """A desk asks for all of them with each change of its settings, and few of the files ever change."""
    return _resolved(read, None)


def _resolved(read: _Files, broken: dict[str, SettingsError] | None) -> dict[str, Platform]:
    sheets: dict[str, Sheet] = {}
    found: dict[str, Platform] = {}
    for path, text in read:
        with _noted(path.parent.name, broken):
            sheets[path.parent.name] = Sheet(path, text)
    for name in sheets:
        with _noted(name, broken):
            _resolve(name, sheets, found, ())
    return dict(sorted(found.items()))


@contextlib.contextmanager
def _noted(name: str, broken: dict[str, SettingsError] | None) -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        if broken is None:
            raise
        broken[name] = error


def meant(said: str, platforms: Mapping[str, Platform]) -> str:
    """The platform that a person means, by its folder's name or its title in any language, of a Chinese one a part.

    `said` itself where that is none's. Raises InputError where it is several platforms'.
    """
    wanted = _plain(said)
    if said in platforms or not wanted:
        return said
    titles = {name: {_plain(t) for t in (each.title, *each.titles.values())} for name, each in platforms.items()}
    whole = [name for name, known in titles.items() if wanted in known]
    part = [name for name, known in titles.items() if any(wanted in title for title in known)]
    found = whole or (part if len(wanted) > 1 and not wanted.isascii() else [])
    if len(found) > 1:
        hint = listed(f"{name} ({platforms[name].shown_title})" for name in found)
        raise InputError(_("%(name)s is the name of several platforms", name=quoted(said)), hint=hint)
    return found[0] if found else said


def _plain(title: str) -> str:
    return "".join(unicodedata.normalize("NFKC", title[:200]).casefold().split())


def chosen(channel: str, wanted: str, platforms: Mapping[str, Platform]) -> Platform:
    """The platform called `wanted`, for `channel`; a SettingsError that says which was meant when there is none."""
    if wanted in platforms:
        return platforms[wanted]
    raise SettingsError(
        _("channel.%(channel)s: there is no platform %(platform)r", channel=channel, platform=wanted),
        hint=did_you_mean(wanted, platforms, _("`steadycast channel list` shows them")),
    )


def load(platform: Platform) -> type[Adapter]:
    """The adapter's class of a platform, by its name in channel.toml, from its own adapter.py or else its base's.

    The folder is imported as the package `steadycast_channel_<folder>`, so `from .letter import build` works in it;
    nothing is put on sys.path and no byte code is written beside the source.
    """
    file = next((f / "adapter.py" for f in platform.folders if (f / "adapter.py").is_file()), None)
    if file is None:
        raise SettingsError(
            _("has no adapter.py"), file=platform.folder, hint=_("add one, or name a base in channel.toml")
        )
    with _loading:
        module = _imported(f"steadycast_channel_{file.parent.name.replace('-', '_')}", file)
    adapter = getattr(module, platform.adapter, None)
    lacks = [verb for verb in ("publish", "find") if not callable(getattr(adapter, verb, None))]
    if not isinstance(adapter, type) or lacks:
        what = (
            _("its Adapter has no %(lacks)s", lacks=_(" and no ").join(lacks))
            if isinstance(adapter, type)
            else _("has no class %(name)s", name=platform.adapter)
        )
        raise SettingsError(what, file=file, hint=_("see channels/README.md"))
    return adapter


def fake(platform: Platform) -> type | None:
    """The class `Fake` of a platform's fake.py, its far side for tests; None where it has none.

    Its attribute `platform` is the one that it stands for: a base's fake serves those that are built on it, too.
    """
    file = next((f / "fake.py" for f in platform.folders if (f / "fake.py").is_file()), None)
    if file is None:
        return None
    with _loading:
        module = _imported(f"steadycast_channel_{file.parent.name.replace('-', '_')}_fake", file)
    if not isinstance(made := getattr(module, "Fake", None), type):
        raise SettingsError(_("has no class %(name)s", name="Fake"), file=file, hint=_("see channels/README.md"))
    return type(made.__name__, (made,), {"platform": platform})


def forget(folder: Path) -> None:
    """Lets what was imported of a folder's platforms be imported anew by whoever asks next."""
    with _loading:
        for name, module in [*sys.modules.items()]:
            if name.startswith("steadycast_channel_") and Path(getattr(module, "__file__", None) or "").is_relative_to(
                folder
            ):
                _forget(name)


def _imported(name: str, file: Path) -> Any:
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    _forget(name)  # another workspace's folder of the same name, with whatever it imported of itself
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    assert spec is not None and spec.loader is not None  # noqa: PT018  a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _no_byte_code():
            spec.loader.exec_module(module)
    except Exception as error:
        _forget(name)
        frames = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
        line = error.lineno if isinstance(error, SyntaxError) else frames[-1] if frames else None
        raise SettingsError(
            _("cannot be imported: %(type)s: %(why)s", type=type(error).__name__, why=error), file=file, line=line
        ) from error
    return module


def _forget(name: str) -> None:
    inside = f"{name}."
    for known in [m for m in sys.modules if m == name or m.startswith(inside)]:
        del sys.modules[known]


@contextlib.contextmanager
def _no_byte_code() -> Iterator[None]:
    """A workspace's channels/ is never written to: only var/ is."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _resolve(name: str, sheets: Mapping[str, Sheet], found: dict[str, Platform], below: tuple[str, ...]) -> Platform:
    if name in found:
        return found[name]
    sheet = sheets[name]
    base: Platform | None = None
    if (wanted := sheet.table.get("base")) is not None:
        if wanted in (*below, name):
            raise sheet.wrong(_("base = %(base)r leads back to itself", base=wanted), "base")
        if wanted not in sheets:
            hint = did_you_mean(str(wanted), sheets, _("found are %(found)s", found=listed(sheets)))
            raise sheet.wrong(_("base = %(base)r is no platform here", base=wanted), "base", hint=hint)
        base = _resolve(wanted, sheets, found, (*below, name))
    found[name] = platform_of(name, sheet, base)
    return found[name]
