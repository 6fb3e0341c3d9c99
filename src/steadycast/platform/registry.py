"""Platform folders, found and validated; and the adapter class each of them holds."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import re
import sys
import threading
import tomllib
import traceback
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from steadycast import reasons
from steadycast.errors import InputError, SettingsError, did_you_mean
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.platform import composition
from steadycast.platform.configured import cast
from steadycast.platform.contract import Adapter, Limit, MediaRule, Platform, RenderRule, Setting
from steadycast.platform.tables import LIMITED, ROLES, Table
from steadycast.platform.words import merged

API = 2
NEWER = N_("channels/README.md, “From api 1 to 2”, names all that changed")
FORMS = ("article", "audio", "video", "event")
CLASSES = ("conditional", "read-back", "blind", "kit")
CALLS = ("link", "qr", "text", "none")
TOP: Mapping[str, Any] = {
    "api": int,
    "name": str,
    "title": str,
    "titles": dict[str, str],
    "about": str,
    "abouts": dict[str, str],
    "forms": tuple[str, ...],
    "delivery": str,
    "base": str,
    "adapter": str,
    "read_back": bool,
    "local": bool,
    "local_without": tuple[str, ...],
    "form": tuple[str, ...],
    "deadline": float,
    "settle": float,
    "rate": int,
    "one_writer": bool,
    "subscribers": bool,
    "permalink": str,
    "call": str,
    "confirm_hosts": tuple[str, ...],
    "tried": str,
    "experimental": bool,
}
OWN = ("api", "name", "base", "titles", "abouts", "tried", "experimental")  # never the base's
EVERYBODYS = (
    "name",
    "platform",
    "title",
    "forms",
    "paused",
    "read_back_feed",
    "read_back_private",
    "limits",
    "media",
    "upload",
)  # of every channel: no platform's setting can be called so
TABLES = ("limits", "media", "render", "settings", "starter", "data", "words")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
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
    sheets: dict[str, _Sheet] = {}
    found: dict[str, Platform] = {}
    for path, text in read:
        with _noted(path.parent.name, broken):
            sheets[path.parent.name] = _Sheet(path, text)
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


class _Sheet(Table):
    """One channel.toml as read, and where each of its keys stands."""

    def __init__(self, path: Path, text: bytes) -> None:
        self.path = path
        try:
            self.lines = text.decode("utf-8-sig").splitlines()
            self.table: dict[str, Any] = tomllib.loads("\n".join(self.lines))
        except UnicodeDecodeError as error:
            raise SettingsError(_("is not UTF-8"), file=path, hint=_("save it as UTF-8")) from error
        except tomllib.TOMLDecodeError as error:
            why, line = reasons.of_toml(error)
            raise SettingsError(_("is not TOML: %(why)s", why=why), file=path, line=line or len(self.lines)) from error
        self.check()

    def line(self, *keys: str) -> int | None:
        """The line on which the dotted key `keys` is set, as far as a scan of headers and keys can tell."""
        here: list[str] = []
        best: tuple[int, int] | None = None
        for number, text in enumerate(self.lines, 1):
            if header := re.match(r"\s*\[+([^\]]+)\]", text):
                here = [k.strip().strip("\"'") for k in header[1].split(".")]
                path = here
            elif setting := re.match(r"\s*([\w.\"'-]+)\s*=", text):
                path = [*here, *(k.strip("\"'") for k in setting[1].split("."))]
            else:
                continue
            depth = len(path) if list(keys[: len(path)]) == path else 0
            if depth and (best is None or depth > best[0]):
                best = (depth, number)
        return best[1] if best else None

    def wrong(self, message: str, *keys: str, hint: str | None = None) -> SettingsError:
        return SettingsError(message, file=self.path, line=self.line(*keys), hint=hint)

    @contextlib.contextmanager
    def at(self, *keys: str) -> Iterator[None]:
        """What is wrong inside is wrong with the key `keys` of this file."""
        try:
            yield
        except SettingsError as error:
            raise self.wrong(error.message, *keys, hint=error.hint) from None

    def check(self) -> None:
        """Hold everything against the contract that needs no other platform."""
        if (api := self.table.get("api")) != API:
            said = _(
                "api is %(said)s: this Steadycast speaks api = %(api)s",
                said=_("missing") if api is None else repr(api),
                api=API,
            )
            raise self.wrong(said, "api", hint=_(NEWER))
        self.known(self.table, (*TOP, *TABLES))
        if self.table.get("name", self.path.parent.name) != self.path.parent.name:
            raise self.wrong(
                _("name is not the folder's"),
                "name",
                hint=_("drop the key or write %(name)r", name=self.path.parent.name),
            )
        for name in TABLES:
            if not isinstance(self.table.get(name, {}), dict):
                raise self.wrong(_("%(name)s is not a table", name=name), name, hint=_("write [%(name)s]", name=name))
        for tag, words in self.table.get("words", {}).items():
            if not LANGUAGE.fullmatch(tag) or not isinstance(words, dict):
                raise self.wrong(
                    _("%(name)s is not a table for a language", name="words." + tag), "words", tag,
                    hint=_("write [%(name)s]", name="words.zh-Hans"),
                )  # fmt: skip
        if "base" not in self.table:
            for key in ("title", "forms", "delivery"):
                if key not in self.table:
                    raise self.wrong(
                        _("%(key)s is missing", key=key), hint=_("every platform states its %(key)s", key=key)
                    )

    def settings(self, base: Mapping[str, Setting]) -> dict[str, Setting]:
        """The settings, over those of the base; one of the base's that is `false` here is none."""
        given = self.table.get("settings", {})
        dropped = {name for name, rule in given.items() if rule is False and name in base}
        kept = {name: setting for name, setting in base.items() if name not in dropped}
        return self.rules("settings", Setting, {n: r for n, r in given.items() if n not in dropped}, (), kept)

    def top(self) -> dict[str, Any]:
        """The values of the keys outside any table, typed."""
        given = {k: v for k, v in self.table.items() if k in TOP and k not in ("api", "name", "base")}
        typed = {key: self.typed(TOP[key], value, key) for key, value in given.items()}
        for form in typed.get("forms", ()):
            self.chosen(form, FORMS, "forms")
        if "call" in typed:
            self.chosen(typed["call"], CALLS, "call")
        if "delivery" in typed:
            self.chosen(typed["delivery"], CLASSES, "delivery")
            typed.setdefault("read_back", typed["delivery"] == "read-back")
        return typed


def _resolve(name: str, sheets: Mapping[str, _Sheet], found: dict[str, Platform], below: tuple[str, ...]) -> Platform:
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
    found[name] = _platform(name, sheet, base)
    return found[name]


def _shaped(sheet: _Sheet, setting: Setting) -> None:
    """A setting's pattern is one, its examples are what it takes, and people are told how a value should look."""
    at = ("settings", setting.name, "pattern")
    try:
        re.compile(setting.pattern)
    except re.error as error:
        raise sheet.wrong(_("pattern: %(why)s", why=error), *at, hint=_("see the module re of Python")) from None
    if odd := next((each for each in setting.examples if not setting.fits(each)), None):
        raise sheet.wrong(_("its example %(example)s does not fit its pattern", example=quoted(odd)), *at)
    if setting.pattern and not setting.examples:
        raise sheet.wrong(_("a pattern needs examples"), *at, hint=_('write examples = ["…"]'))


def _platform(name: str, sheet: _Sheet, base: Platform | None) -> Platform:
    own = {key: getattr(base, key) for key in TOP if base is not None and key not in OWN}
    settings = sheet.settings(base.settings if base else {})
    said = sheet.top()
    for key in ("form", "local_without"):  # they name settings; one of the base's may be none here
        sheet.known(dict.fromkeys(said.get(key, ())), tuple(settings), key)
        own[key] = tuple(setting for setting in own.get(key, ()) if setting in settings)
    sheet.known(sheet.table.get("starter", {}), tuple(settings), "starter")
    for setting in settings.values():
        if setting.name in EVERYBODYS:
            hint = _("call it something else")
            raise sheet.wrong(
                _("every channel has a %(name)r already", name=setting.name), "settings", setting.name, hint=hint
            )
        if setting.secret and setting.default is not None:
            raise sheet.wrong(
                _("secret setting %(name)r has a default", name=setting.name), "settings", setting.name, "default"
            )
        _shaped(sheet, setting)
        if setting.default is not None:
            with sheet.at("settings", setting.name, "default"):
                cast(setting, setting.default, f"settings.{setting.name}.default")
    render = sheet.rule(RenderRule, sheet.table.get("render", {}), base.render if base else None, ("render",), {})
    if odd := composition.unknown(render.compose):
        known = " ".join(f"{{{name}}}" for name in composition.PIECES)
        raise sheet.wrong(
            f"compose: {odd}", "render", "compose", hint=_("it is made of %(pieces)s and plain words", pieces=known)
        )
    return Platform(
        **{**own, **said},
        name=name,
        folder=sheet.path.parent,
        base=base,
        limits=sheet.rules("limits", Limit, sheet.table.get("limits", {}), LIMITED, base.limits if base else {}),
        media=sheet.rules("media", MediaRule, sheet.table.get("media", {}), ROLES, base.media if base else {}),
        render=render,
        settings=settings,
        starter=sheet.table.get("starter"),
        data=merged(base.data if base else {}, sheet.table.get("data", {})),
        words=sheet.table.get("words", {}),
    )
