"""A platform's channel.toml, read and held to the contract; what is wrong in it is told with its line."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steadycast import reasons
from steadycast.errors import SettingsError
from steadycast.language import N_, quoted
from steadycast.language import gettext as _
from steadycast.platform import composition
from steadycast.platform.configured import cast
from steadycast.platform.contract import Limit, MediaRule, Platform, RenderRule, Setting
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
    "serves": tuple[str, ...],
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


class Sheet(Table):
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


def _shaped(sheet: Sheet, setting: Setting) -> None:
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


def platform_of(name: str, sheet: Sheet, base: Platform | None) -> Platform:
    """The platform that a file describes, over its base."""
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
