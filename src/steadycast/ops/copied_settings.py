"""What of steadycast.toml goes along when a community is copied: only what is named here, key by key.

A key that nobody decided on stays behind, and a test fails until somebody has. What goes along is written anew, so
nothing else of the file does: no comment of a person, no odd spelling of a key.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

import tomlkit
from pydantic import BaseModel

from steadycast.language import gettext as _
from steadycast.ops import starter
from steadycast.ops.channel_add import secret_name
from steadycast.ops.copied_from import Place
from steadycast.platform import Platform, Setting
from steadycast.workspace import Workspace
from steadycast.workspace.circle_settings import Circle
from steadycast.workspace.class_settings import ClassTable, CommentTable, LeaveTable
from steadycast.workspace.fair_settings import Fair, MixAt
from steadycast.workspace.paths import SETTINGS_FILE
from steadycast.workspace.ready_settings import Ready
from steadycast.workspace.ritual_settings import AsksTable, RitualTable
from steadycast.workspace.settings import (
    Alarms,
    ArrivalCounter,
    Call,
    ChannelSettings,
    Community,
    DeskSettings,
    Feed,
    Intake,
    Member,
    Publish,
    SeriesTable,
    Settings,
    Upload,
)
from steadycast.workspace.toml_file import statements


@dataclass(frozen=True)
class Goes:
    """What becomes of a table's keys in the copy."""

    keep: str = ""  # as it is
    blank: str = ""  # there, and empty: its new owner fills it in
    never: str = ""  # not there
    given: str = ""  # another value is written by who copies

    @property
    def decided(self) -> list[str]:
        """Every key that somebody decided on."""
        return f"{self.keep} {self.blank} {self.never} {self.given}".split()


# Rules of promises go along. Persons, addresses, accounts, secrets, days of the original's calendar do not.
DECIDED: dict[type[BaseModel], Goes] = {
    Settings: Goes(
        keep="community series channel classes call intake publish alarms desk fair ritual asks ready",
        never="members arrivals feed circle",
    ),
    Community: Goes(keep="language", blank="url description email", never="founder", given="name timezone"),
    Member: Goes(never="title trusted url"),
    SeriesTable: Goes(
        keep="title every rrule forms channels grace late mix reserve fill cooldown skip on_day_off per_year announce "
        "call mix_at",
        never="was start until editor editors",
    ),
    ChannelSettings: Goes(
        keep="platform title forms limits media",
        never="name read_back_feed read_back_private upload",
        given="paused",  # and its platform's own settings: see `_own`
    ),
    Upload: Goes(never="to key password endpoint region access_key secret_key within overwrite"),
    ClassTable: Goes(
        keep="title every rrule skip grace late forms least makeup out enforce leave comment group turn publish",
        never="was until",
        given="start",  # it begins anew; roster.csv and turns.csv stay
    ),
    LeaveTable: Goes(keep="notice most per_year"),
    CommentTable: Goes(keep="each within least of"),
    Call: Goes(keep="text channels utm", blank="url", never="qr"),
    ArrivalCounter: Goes(never="kind url key domain tag goal"),
    Feed: Goes(never="member circle url secret take_old allow_private every form"),
    Intake: Goes(keep="approve_pgc max_bytes member_media archive_over archive_after"),
    Publish: Goes(keep="lead horizon fill_within workers show_first keep_runs"),
    Alarms: Goes(keep="quiet_after ahead", blank="urls"),
    DeskSettings: Goes(keep="member_drafts member_upload", never="url proxies"),
    Circle: Goes(never="name title path url allow_private leader"),
    Fair: Goes(keep="top founder wait decided waiting"),
    MixAt: Goes(keep="active pgc ugc"),
    AsksTable: Goes(keep="channel before at"),
    RitualTable: Goes(keep="when series template lead"),
    Ready: Goes(
        keep="runway deciders decides waits turns members pieces absence founder active comments stay",
        never="sentence",  # the next leader has to find one of their own
    ),
}


@dataclass
class CopiedSettings:
    """The settings of a copy: as a table, and what its new owner has to fill in."""

    table: dict[str, Any]
    blanks: list[Place] = field(default_factory=list)
    emptied: list[tuple[Place, str]] = field(default_factory=list)  # a key that would go along, and what it names


Names = Callable[[str], str]  # what a text names that must not go along: where that stands; "" for nothing


def copied(workspace: Workspace, platforms: Mapping[str, Platform], prefix: str, names: Names) -> CopiedSettings:
    """What goes along of a workspace's settings. Secrets are named anew, after `prefix`."""
    made = CopiedSettings({})
    made.table = _of(Settings, tomllib.loads(workspace.sources[SETTINGS_FILE].decode("utf-8-sig")), (), made, names)
    for name, given in workspace.channels.items():
        platform = platforms[given.platform]
        made.table["channel"][name] |= _own(given, platform, prefix, made)
    _without_empty_calls(made)
    return made


def _of(model: type[BaseModel], given: Mapping[str, Any], at: Place, made: CopiedSettings, names: Names) -> Any:
    """A table of that model: its keys that go along, in their order."""
    goes, found = DECIDED.get(model, Goes()), dict[str, Any]()
    fields = {each.alias or name: (name, each) for name, each in model.model_fields.items()}
    for key, value in given.items():
        if key not in fields:
            continue
        name, path = fields[key][0], (*at, key)
        if name in goes.blank.split():
            found[key] = [] if isinstance(value, list) else ""
            made.blanks.append(path)
        elif name in goes.keep.split():
            kept = _value(fields[key][1].annotation, value, path, made, names)
            if kept not in ({}, []) or value in ({}, []):
                found[key] = kept
    return found


def _value(annotation: Any, value: Any, at: Place, made: CopiedSettings, names: Names) -> Any:
    """What goes along of the value of one key; its field says which model it is of, or holds by name, or lists."""
    if (model := model_in(annotation)) is None:
        return _plain(value, at, made, names)
    if isinstance(value, list):
        return [_of(model, each, (*at, n), made, names) for n, each in enumerate(value)]
    if get_origin(annotation) is dict:
        return {key: _of(model, each, (*at, key), made, names) for key, each in value.items()}
    return _of(model, value, at, made, names)


def _plain(value: Any, at: Place, made: CopiedSettings, names: Names) -> Any:
    """A value that goes along; a text that names somebody is left empty."""
    if isinstance(value, dict):
        return {key: _plain(each, (*at, key), made, names) for key, each in value.items()}
    if isinstance(value, list):
        found = [each for each in value if not isinstance(each, str) or not names(each)]
        # A day that was left out is the original's own, and its reason may tell of a person.
        return [each for each in found if at[-1] != "skip" or str(each).startswith("holidays:")]
    if isinstance(value, str) and (named := names(value)):
        made.emptied.append((at, named))
        made.blanks.append(at)
        return ""
    return value


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds: itself, or as the values of its table or its list; None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := model_in(each))), None)


def _own(given: Any, platform: Platform, prefix: str, made: CopiedSettings) -> dict[str, Any]:
    """A channel's settings of its platform's own, and whether it is paused: what would leave this machine is."""
    own = dict[str, Any]()
    for name, value in given.own.items():
        setting, path = platform.settings.get(name), ("channel", given.name, name)
        if setting is None:
            continue
        if setting.secret:  # the value may be the secret itself, where somebody took it for one
            own[name] = secret_name(f"{prefix}_{given.name}", name)
        elif of_style(setting):
            own[name] = value
        elif setting.type not in ("int", "bool"):
            own[name] = [] if setting.type == "list" else ""
            made.blanks.append(path)
    return own if platform.can_upload and not given.paused else {"paused": True, **own}


def of_style(setting: Setting) -> bool:
    """Whether a platform's setting is a choice of manner: a switch, one of a list, a number between two bounds.

    What is written freely is the account's: a name, an address, a file, an id.
    """
    bounded = setting.type == "int" and setting.min is not None and setting.max is not None
    return not setting.secret and (setting.type == "bool" or bool(setting.choices) or bounded)


def _without_empty_calls(made: CopiedSettings) -> None:
    """Takes out calls of which nothing is left to say, and where they are named."""
    calls = made.table.get("call", {})
    for name in [name for name, call in calls.items() if not call.get("text")]:
        del calls[name]
        made.blanks = [path for path in made.blanks if path[:2] != ("call", name)]
        for series in made.table.get("series", {}).values():
            if series.get("call") == name:
                del series["call"]
    if not calls:
        made.table.pop("call", None)


# ── as text ──────────────────────────────────────────────────────────────


def as_text(original: str, table: Mapping[str, Any], blanks: Sequence[Place], head: str) -> str:
    """A table as steadycast.toml, in the order of the original's text, with those comments that Steadycast wrote.

    A person's comment may name anybody, and nobody can tell: it stays behind.
    """
    ours = {said for words in starter.WORDS.values() for said in words.values()}
    lines = [*(f"# {line}" for line in head.splitlines()), ""]
    stated = {path for _number, path in statements(original)}
    places = dict(statements(original))
    section: Place = ()
    for number, line in enumerate(original.splitlines(), 1):
        remark = re.search(r"#\s*([^#]*)$", line)
        beside = f"  # {remark[1].strip()}" if remark and remark[1].strip() in ours else ""
        if (path := places.get(number)) is None:
            lines += [beside.strip()] if beside or not line.strip() else []
        elif line.lstrip().startswith("["):
            section = path
            if isinstance(found := _at(table, path), dict) and found:
                lines.append(f"[[{_dotted(path[:-1])}]]" if isinstance(path[-1], int) else f"[{_dotted(path)}]")
                added = [key for key in found if (*path, key) not in {each[: len(path) + 1] for each in stated}]
                lines += [f"{_key(key)} = {toml(found[key])}" for key in added]
        elif (value := _at(table, path)) is not None:
            empty = "  # " + _("to fill in") if path in blanks else ""
            lines.append(f"{_dotted(path[len(section) :])} = {toml(value)}{empty or beside}")
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
    try:
        return text if tomllib.loads(text) == table else tomlkit.dumps(table)
    except tomllib.TOMLDecodeError:  # the original is written in a way that this cannot follow
        return tomlkit.dumps(table)


def _at(table: Any, path: Place) -> Any:
    for key in path:
        try:
            table = table[key]
        except (KeyError, IndexError, TypeError):
            return None
    return table


def _dotted(path: Place) -> str:
    return ".".join(_key(str(key)) for key in path)


def _key(name: str) -> str:
    return tomlkit.key(name).as_string()


def toml(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {toml(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
