"""Which files go along when a community is copied: its own platforms, templates, days off, drafts that say so."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from steadycast.draft import keys as known
from steadycast.draft.comments import without_comments
from steadycast.draft.decoding import decoded
from steadycast.draft.fields import Keys
from steadycast.draft.front_edit import with_keys
from steadycast.draft.frontmatter import split
from steadycast.errors import DraftError, Problem
from steadycast.intake import folder
from steadycast.language import gettext as _
from steadycast.ops.copied_settings import toml
from steadycast.pipeline import App
from steadycast.pipeline.class_files import roster
from steadycast.pipeline.secrets import SHORTEST
from steadycast.workspace import Workspace
from steadycast.workspace.paths import SETTINGS_FILE, SOURCES

HOLIDAYS = SOURCES[1]
HEAD = 4_000  # bytes of a draft that its head stands in
MOST_BYTES = 1_000_000  # of a file of a platform or a template
OF_PLATFORM = {".toml", ".py", ".j2", ".md", ".css", ".js", ".svg", ".jpg", ".png", ".woff2"}
NOT_OF_PLATFORM = {"samples", "var", "__pycache__"}
# Keys of a draft's head that go along: what it says, and no person, day, account or address.
OF_HEAD = (
    *known.TITLE, *known.SUMMARY, *known.TAGS, *known.CATEGORIES, *known.COVER, *known.COVER_ALT, *known.FOCAL,
    "series", "form", "evergreen", "priority", "language", "lang", "call", "draft", "copy", "media", "audio", "video",
)  # fmt: skip
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)


@dataclass
class CopiedFiles:
    """The files of a copy by their path below its folder, and those that were meant to go along and stay."""

    pieces: dict[str, bytes] = field(default_factory=dict)
    left: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Private:
    """The words that must stand nowhere in a copy: members, mail addresses, hosts, values of secrets."""

    words: Mapping[str, str]  # in small letters -> where it stands, for people; never the word itself

    @classmethod
    def of(cls, app: App) -> Private:
        """Those of a workspace. No far side and no server of secrets is asked."""
        workspace = app.workspace
        found = {each: f"members.{seat.member}" for seat in roster(app).seats for each in (seat.member, seat.title)}
        folders = [path.name for path in workspace.content.glob("ugc/*") if path.is_dir()]
        for name in (*workspace.members, *folders, *(feed.member for feed in workspace.feeds)):
            found |= dict.fromkeys((name, workspace.member_title(name)), f"members.{name}")
        text = workspace.sources[SETTINGS_FILE].decode("utf-8-sig")
        found |= dict.fromkeys(_MAIL.findall(text), _("a mail address"))
        found |= dict.fromkeys(_hosts(workspace), _("a host of this community"))
        found |= dict.fromkeys(
            (who for s in workspace.promises.values() for who in (s.editor, *s.editors)), _("an editor")
        )
        found |= dict.fromkeys((each.leader for each in workspace.circles), _("a leader"))
        shortest = {word: 2 if re.search(r"[^\x00-\x7f]", word) else 3 for word in found}
        found = {word: where for word, where in found.items() if len(word) >= shortest[word]}
        found |= {value: _("a secret") for value in _secrets(workspace) if len(value) >= SHORTEST}
        return cls({_folded(word): where for word, where in found.items()})

    def named(self, text: str) -> str:
        """Where the first of these words that a text has comes from; "" where it has none."""
        found = self._pattern.search(_folded(text)) if self.words else None
        return self.words[found[0]] if found else _("a mail address") if _MAIL.search(text) else ""

    def line(self, text: str) -> tuple[int, str] | None:
        """The line of the first of these words in a text, and where the word comes from."""
        lines = enumerate(text.splitlines() if self.named(text) else [], 1)
        return next(((n, where) for n, line in lines if (where := self.named(line))), None)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = sorted(self.words, key=len, reverse=True)
        return re.compile("|".join(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" for w in words))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def _hosts(workspace: Workspace) -> Iterator[str]:
    addresses = [workspace.community.url, workspace.desk.url]
    for channel in workspace.channels.values():
        addresses.append(str(channel.own.get("url", "")))
        if channel.upload:
            addresses.append(channel.upload.to)
    for address in addresses:
        if "://" in address and (host := urlsplit(address).hostname):
            yield host


def _secrets(workspace: Workspace) -> Iterator[str]:
    """The values of secrets that lie here, or that this environment holds under a name that the settings say."""
    if workspace.secrets.is_dir():
        for path in workspace.secrets.iterdir():
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="replace").strip()
    said = set(re.findall(r"""["']([A-Za-z0-9_.-]+)["']""", workspace.sources[SETTINGS_FILE].decode("utf-8-sig")))
    yield from (value for name, value in os.environ.items() if name in said and value)


def collected(app: App, private: Private) -> CopiedFiles:
    """Every file that goes along, but the settings."""
    found, workspace = CopiedFiles(), app.workspace
    if workspace.overrides:
        days = "".join(f'"{day}" = {toml(name)}\n' for day, name in sorted(workspace.overrides.items()))
        found.pieces[HOLIDAYS] = days.encode()
    own = workspace.root / "channels"
    if own in workspace.platform_folders and len(workspace.platform_folders) > 1:
        found.pieces |= _below(workspace.root, own, OF_PLATFORM)
    found.pieces |= _below(workspace.root, workspace.root / "templates", {".j2"})
    _drafts(app, private, found)
    for path in list(found.pieces):
        seen = private.line(found.pieces[path].decode("utf-8", "replace"))
        if not seen and (where := private.named(path)):  # its name tells as much
            seen = 1, where
        if seen:
            said = _("it names what must not go along: %(where)s; it is left out", where=seen[1])
            found.left.append(Problem(path, seen[0], said, _("take that out, and copy again")))
            del found.pieces[path]
    return found


def _below(root: Path, top: Path, endings: set[str]) -> dict[str, bytes]:
    """The files below a folder that end so, by their path below `root`; no link, nothing hidden."""
    found = {}
    for path in sorted(top.rglob("*")) if top.is_dir() and not top.is_symlink() else []:
        parts = path.relative_to(top).parts
        odd = any(part.startswith(".") or part in NOT_OF_PLATFORM for part in parts)
        linked = any(each.is_symlink() for each in (path, *path.parents) if each.is_relative_to(top))
        plain = path.suffix in endings and not odd and not linked and path.is_file()
        if plain and path.stat().st_size <= MOST_BYTES:
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _drafts(app: App, private: Private, found: CopiedFiles) -> None:
    """The house's drafts that say `copy: true`, with the files that they name."""
    limits = folder.Limits(draft_bytes=app.workspace.intake.max_bytes)
    for item in folder.scan(app.workspace.content, limits, {}, sleep=lambda _seconds: None):
        if isinstance(item, folder.DraftFile) and item.path.parts[0] == "pgc":
            try:
                pieces, own = _draft(app, item), f"content/{item.path.as_posix()}"
                if own in pieces and private.named(f"{own}\n{pieces[own].decode('utf-8', 'replace')}"):
                    pieces = {own: pieces[own]}  # it is told and left out below, and its files stay with it
                found.pieces |= pieces
            except DraftError as error:
                if b"copy" in (item.raw or b"")[:HEAD]:
                    found.left.append(error.problem(str(item.path)))


def _draft(app: App, item: folder.DraftFile) -> dict[str, bytes]:
    """A draft's pieces, by their path below the workspace; {} where it does not say that it goes along."""
    front = split(decoded(item.raw or b"")[0])
    if not Keys(front, app.reader.zone).flag("copy"):
        return {}
    draft = item.draft(app.reader)
    if draft.event:
        raise DraftError(_("an event has a day of its own, and stays"), hint=_("take `copy` out of its head"))
    content = app.workspace.content.resolve()
    media = {ref.path.resolve() for ref in draft.media if ref.path.is_file()}
    pieces = {path.relative_to(content): path.read_bytes() for path in media}
    text = _rewritten(front.values, without_comments(front.body).lstrip("\n"))
    return {f"content/{path.as_posix()}": data for path, data in [*pieces.items(), (item.path, text.encode())]}


def _rewritten(head: Mapping[str, Any], body: str) -> str:
    """A draft with the keys of its head that go along."""
    goes = {known.folded(key) for key in OF_HEAD}
    return with_keys(body, {key: value for key, value in head.items() if known.folded(key) in goes})
