"""A community's rules copied into a new workspace; and later, what the original has changed since.

The original is only read. Nothing is merged: the copy's leader sees what changed, and decides.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from slugify import slugify

from steadycast.crash_safety import durable
from steadycast.errors import WARN, InputError, Problem
from steadycast.language import gettext as _
from steadycast.language import listed, of_tag, speaking
from steadycast.ops import starter
from steadycast.ops.copied_files import HOLIDAYS, Private, collected
from steadycast.ops.copied_from import copied_from, leaves
from steadycast.ops.copied_settings import CopiedSettings, as_text, copied, toml
from steadycast.pipeline import App
from steadycast.pipeline.class_files import roster
from steadycast.schedule.gates import Gate
from steadycast.workspace import Workspace, load
from steadycast.workspace.loading import read
from steadycast.workspace.paths import COPIED_FROM, SETTINGS_FILE
from steadycast.workspace.toml_file import dotted
from steadycast.workspace.values import zone

TEXTS = {"title", "text"}  # keys for people: in a rhythm or a platform the name is another word
WHOSE = {"STEADYCAST_LEDGER", "STEADYCAST_VAR"}  # what says where one community's ledger is


@dataclass(frozen=True)
class Copy:
    """What came of a copy."""

    workspace: Workspace  # the new one
    files: list[str]  # that were copied, below its folder
    blanks: list[str]  # keys of its settings that its leader fills in
    notes: list[Problem]  # what was meant to go along and did not, and what has to be known


def copy(
    app: App,
    folder: Path,
    *,
    name: str,
    sentence: str,
    timezone: str = "",
    anyway: str = "",
    gates: Sequence[Gate] = (),
    now: dt.datetime,
) -> Copy:
    """Makes a workspace by this community's rules in a folder that is not there yet, or empty.

    `sentence` says in the leader's own words what the community is, and `anyway` why it is copied although a gate is
    not passed; both are kept there with the `gates`. Raises InputError and SettingsError before anything is written.
    """
    _refuse(app, folder, name, sentence)
    private, original = Private.of(app), app.workspace.community.name
    prefix = _prefix(folder)
    settings, files = copied(app.workspace, app.platforms, prefix, private.named), collected(app, private)
    hashes = _hashes(settings.table, files.pieces)
    plain = " ".join(name.split())
    table = _renamed(settings.table, original, plain)
    table["community"] |= {"name": plain, "timezone": str(zone(timezone or app.workspace.community.zone.key))}
    for the_class in table.get("class", {}).values():
        the_class["start"] = now.astimezone(zone(table["community"]["timezone"])).date()
    with speaking(of_tag(app.workspace.community.language).name):
        text = _text(app.workspace, table, settings)
    pieces = {path: _of(path, data, original, plain) for path, data in files.pieces.items()}
    sources = {SETTINGS_FILE: text.encode()} | {path: data for path, data in pieces.items() if path == HOLIDAYS}
    made = read(folder.resolve(), sources, folder / SETTINGS_FILE)
    blanks = [dotted(path) for path in settings.blanks]
    kept = {
        "community": original, "at": now.replace(microsecond=0), "sentence": sentence.strip(), "anyway": anyway.strip(),
        "secrets": prefix, "blank": blanks, "hash": hashes, "gate": [_without_none(gate.row()) for gate in gates],
    }  # fmt: skip
    for path, data in {**pieces, COPIED_FROM: tomlkit.dumps(kept).encode()}.items():
        durable.put(folder / path, data)
    starter.put(made, {})
    return Copy(made, sorted(pieces), blanks, [*files.left, *_emptied(settings), *_elsewhere()])


def passed(gates: Sequence[Gate]) -> bool:
    """Whether every gate is: one that cannot be counted is not."""
    return all(gate.ok for gate in gates)


def _refuse(app: App, folder: Path, name: str, sentence: str) -> None:
    """Raises what stands in the way of a copy."""
    if not name.strip():
        raise InputError(_("the copy needs a name of its own"), hint='--name "..."')
    if not sentence.strip():
        said = _("the leader says in a sentence of their own what this community is")
        raise InputError(said, hint=_('--sentence "...", or `sentence` of [ready] in steadycast.toml'))
    place = folder.resolve()
    if place.is_relative_to(app.workspace.root) or app.workspace.root.is_relative_to(place):
        raise InputError(_("it lies in this workspace, or around it"), file=folder, hint=_("choose another folder"))
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise InputError(_("it is there, and not empty"), file=folder, hint=_("choose another folder"))
    if problems := roster(app).problems:  # whom a half-read roster does not name could not be kept out
        raise InputError(problems[0].message, problems[0].where, problems[0].line, problems[0].hint)
    app.check_settings()
    for channel in app.workspace.channels:
        app.platform(channel)


def _prefix(folder: Path) -> str:
    """What the names of a copy's secrets begin with."""
    return slugify(folder.resolve().name, separator="_") or "copy"


def _text(workspace: Workspace, table: Mapping[str, Any], settings: CopiedSettings) -> str:
    """The copy's steadycast.toml, in the language that is spoken."""
    rules = _("By the rules of %(name)s. What stands empty is yours to fill in.", name=workspace.community.name)
    words = starter.WORDS["zh" if workspace.community.language.startswith("zh") else "en"]
    original = workspace.sources[SETTINGS_FILE].decode("utf-8-sig")
    return as_text(original, table, settings.blanks, f"{rules}\n{words['keys']}")


def _renamed(value: Any, before: str, after: str) -> Any:
    """A table in whose texts for people the copy's name stands where the original's stood."""
    if isinstance(value, dict):
        return {
            key: each if isinstance(each, str) and key not in TEXTS else _renamed(each, before, after)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [each if isinstance(each, str) else _renamed(each, before, after) for each in value]
    return value.replace(before, after) if isinstance(value, str) else value


def _of(path: str, data: bytes, before: str, after: str) -> bytes:
    """A copied file as the copy has it: a draft says the copy's name."""
    draft = path.startswith("content/") and path.endswith((".md", ".markdown", ".mdx"))
    return data.replace(before.encode(), after.encode()) if draft else data


def _hashes(table: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, str]:
    """What went along, piece by piece, each as a hash of what was copied: nothing else of the original is in it."""
    values = {dotted(path): toml(value).encode() for path, value in leaves(table) if path}
    return {name: hashlib.sha256(data).hexdigest()[:16] for name, data in {**values, **files}.items()}


def _without_none(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}  # TOML has no word for it


def _emptied(settings: CopiedSettings) -> list[Problem]:
    return [
        Problem(SETTINGS_FILE, None, _("%(key)s names what must not go along (%(where)s): it is left empty",
                                       key=dotted(path), where=where), severity=WARN)
        for path, where in settings.emptied
    ]  # fmt: skip


def _elsewhere() -> list[Problem]:
    """The environment may say where the ledger is: of this community, not of the copy."""
    if not (said := sorted(WHOSE & os.environ.keys())):
        return []
    what = _("%(names)s says where this community keeps its ledger: give the copy another", names=listed(said))
    return [Problem("environment", None, what, severity=WARN)]


# ── later ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Changed:
    """One thing that the original has changed since the copy."""

    what: str  # changed, new, gone
    name: str  # a key of steadycast.toml, or a file
    value: str = ""  # of a key: what it says there now

    def row(self) -> dict[str, str]:
        """As JSON tells it."""
        return {"what": self.what, "name": self.name, "value": self.value}


def changed(root: Path, original: Path) -> list[Changed]:
    """What the original has changed of what the workspace at `root` was copied from. Both are only read."""
    begun = copied_from(root)
    if begun is None:
        raise InputError(_("this community is no copy"), file=root, hint=_("run it in the copy"))
    app = App(load(original), readonly=True)
    private = Private.of(app)
    settings = copied(app.workspace, app.platforms, begun.secrets or _prefix(root), private.named)
    now = _hashes(settings.table, collected(app, private).pieces)
    values = {dotted(path): toml(value) for path, value in leaves(settings.table)}
    before = begun.hash
    said = [Changed("changed" if name in before else "new", name, values.get(name, ""))
            for name, seen in now.items() if before.get(name) != seen]  # fmt: skip
    return [*said, *(Changed("gone", name) for name in before if name not in now)]
