"""A TOML file read into a model; what is wrong in it is named with its line and the hint."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from steadycast import reasons
from steadycast.errors import SettingsError, did_you_mean
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.workspace.paths import SETTINGS_FILE
from steadycast.workspace.values import NAME

MAX_SETTINGS = 1_000_000  # bytes
UNKNOWN_KEY = "extra_forbidden"  # as the models call it
NAMED = {"members", "series", "channel", "class", "call", "arrivals"}  # tables whose keys are names that somebody chose
LISTS = {
    "feed": (N_("is one table, and feeds are a list"), N_("write [[feed]], with two brackets")),
    "ritual": (N_("is one table, and rituals are a list"), N_("write [[ritual]], with two brackets")),
    "circle": (N_("is one table, and circles are a list"), N_("write [[circle]], with two brackets")),
}

M = TypeVar("M", bound=BaseModel)


def checked(model: type[M], file: Path, raw: bytes) -> tuple[M, str, dict[str, Any]]:
    """A TOML file's settings as `model` has them, its text and its tables; a SettingsError names line and hint."""
    text, table = tables(file, raw)
    try:
        return model.model_validate(table), text, table
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
        first = min(errors, key=lambda each: each["type"] != UNKNOWN_KEY)  # a misspelt key is the likelier cause
        path = tuple(p for p in first["loc"] if p != "[key]")
        said, hint = _plainly(first["type"], first["msg"], path, table, model)
        raise SettingsError(f"{dotted(path)}: {said}", file=file, line=line_of(text, path), hint=hint) from None


def _plainly(
    kind: str, said: str, path: tuple[str | int, ...], table: Mapping[str, Any], model: type[BaseModel]
) -> tuple[str, str | None]:
    """(what is wrong, the hint) in the words of people who write TOML, where the model's own are a programmer's."""
    name = str(path[-1]) if path else ""
    if kind == UNKNOWN_KEY:
        known = _known_keys(path, model)
        return _("unknown key"), did_you_mean(name, known, _("known here: %(keys)s", keys=listed(sorted(known))))
    if len(path) == 1 and name in LISTS and isinstance(table.get(name), Mapping):
        one_table, brackets = LISTS[name]
        return _(one_table), _(brackets)
    if path == ("community", "language"):
        return _("is no language tag"), _("for example zh-CN, en or de")
    if kind == "string_too_short":
        return _("is empty"), None
    chosen = len(path) == 2 and path[0] in NAMED
    if kind == "string_pattern_mismatch" and (chosen or NAME in said or name in ("platform", "template")):
        meant = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:39] if chosen else ""
        hint = _("small letters, digits and dashes, at most 39") + (f": {meant}" if meant else "")
        return _("is a name that cannot be a folder's and an address's"), hint
    return reasons.of_model(said), None


def _known_keys(path: tuple[str | int, ...], model: type[BaseModel]) -> Iterable[str]:
    """The keys that the table on that path may have, of which the last step is none."""
    known: dict[str, Any] = {each.alias or name: each for name, each in model.model_fields.items()}
    steps = iter(path[:-1])
    for step in steps:
        if step in known:  # else it is a place in a list
            annotation = known[step].annotation
            inner = next(_models(annotation), None)
            known = {each.alias or name: each for name, each in inner.model_fields.items()} if inner else known
            if get_origin(annotation) is dict:
                next(steps, None)  # a name that the community chose
    return known


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a key's value is made of, however deep within lists and tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def tables(file: Path, raw: bytes) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file, and its tables; a SettingsError names line and hint."""
    text = _decoded(file, raw)
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why, at = reasons.of_toml(error)
        at = at or max(1, len(text.rstrip().splitlines()))
        if twice := re.search(r"Cannot declare \('channel', '([^']+)'\) twice", str(error)):
            said, hint = (
                _("two channels are called %(name)s", name=quoted(twice[1])),
                _("give one of them another name"),
            )
        else:
            said, hint = _("it is not TOML: %(why)s", why=why), _mended(text.split("\n")[at - 1])
        raise SettingsError(said, file=file, line=at, hint=hint) from None


def _decoded(file: Path, raw: bytes) -> str:
    if len(raw) > MAX_SETTINGS:
        raise SettingsError(_("it is larger than 1 MB"), file=file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SettingsError(_("it is not UTF-8"), file=file, line=line, hint=_("save it as UTF-8")) from None


def _mended(line: str) -> str:
    """How to mend a line that is no TOML."""
    if bare := re.match(r"\s*\[\s*members\s*\.\s*([^\]\"']+?)\s*\]", line):
        return _(
            'a name that is not of plain letters, digits and dashes stands in quotes: [members."%(bare)s"]',
            bare=bare[1],
        )
    if full := re.search(r"(?<==)\s*[“”‘’＂＇［]|＝|^\s*［", line):
        return _(
            "%(mark)s is a full-width mark: here only the half-width ones count: \" ' = , [ ]", mark=full[0].strip()
        )
    if re.match(r"\s*\[[^\]]*[^\x00-\x7f]", line):
        return _('a name is small letters, digits and dashes; what people read goes below it: title = "..."')
    return _("text stands in quotes, lists in [ ]; toml.io shows how")


def dotted(path: Iterable[str | int]) -> str:
    """A path in steadycast.toml as people write it: `series.daily.every`, `feed[2].url` (counted from 1)."""
    return "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".") or SETTINGS_FILE


def line_of(text: str, path: tuple[str | int, ...]) -> int | None:
    """The line on which that path stands, or its nearest table's; None where nothing of it is found."""
    best, line = 0, None
    for number, here in statements(text):
        common = min(len(here), len(path))
        if common > best and here[:common] == path[:common]:
            best, line = common, number
    return line


def statements(text: str) -> Iterable[tuple[int, tuple[str | int, ...]]]:
    """Each line that opens a table or sets a key, with its path. tomllib tells no lines, so this reads them again."""
    table: tuple[str | int, ...] = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line):
            names = tuple(n.strip("\"'") for n in re.findall(r""""[^"]*"|'[^']*'|[^.\s]+""", header[2]))
            if header[1] == "[[":
                seen[names] = seen.get(names, -1) + 1
            table = (*names, seen[names]) if header[1] == "[[" else names
            yield number, table
        elif key := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            yield number, (*table, *key[1].split("."))
