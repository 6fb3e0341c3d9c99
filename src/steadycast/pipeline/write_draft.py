"""A draft written at the desk: its file opened, saved by the rules of a drop-in, and what became of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from steadycast.draft import Draft, MediaRef
from steadycast.draft.decoding import decode, visible
from steadycast.draft.edited import Edited, put_together, taken_apart, to_bytes
from steadycast.draft.named_files import role_of
from steadycast.errors import DraftError, InputError, Problem
from steadycast.intake.folder import is_draft_name
from steadycast.language import gettext as _
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline import content_files
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import collect
from steadycast.pipeline.draft_location import DraftLocation, Place
from steadycast.pipeline.draft_media import takes_media
from steadycast.pipeline.drafts import find_draft
from steadycast.pipeline.member_names import titles
from steadycast.pipeline.plan import plan
from steadycast.render.media_files import identify

PATIENCE = 30.0  # seconds that a save waits for another
_WRITTEN = {".md", ".markdown", ".mdx"}


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A draft's file as it is now, open in an editor; of a new one only `member` is known."""

    edited: Edited
    path: PurePosixPath | None = None  # below content/
    base: str = ""  # what the file was when it was opened: sha256 of its bytes
    member: str = ""  # whose a new draft is; "" for the house


@dataclass(eq=False)
class ChangedMeanwhile(InputError):
    """The file is not the one that the edit began with: nothing is written over it."""

    theirs: OpenFile | None = None  # as it is now; None where it is gone


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a draft that was saved."""

    path: PurePosixPath
    row: DraftRow | None = None  # None: it could not be taken in
    place: Place | None = None  # of an approved one
    problems: tuple[Problem, ...] = ()
    noticed: tuple[Problem, ...] = ()


def open_draft(app: App, id_or_path: str) -> OpenFile:
    """The file of a draft as an editor has it. InputError where it has none that is Markdown."""
    row = find_draft(app, id_or_path)
    path = PurePosixPath(row.path)
    if row.source != "folder" or path.suffix.lower() not in _WRITTEN:
        said = _("is written elsewhere, and cannot be edited here")
        raise InputError(said, file=row.path, hint=_("write it anew as Markdown"))
    return _opened(path, _bytes(app, path))


def as_file(app: App, opened: OpenFile) -> bytes:
    """The bytes that saving would write, over the file as it is now; nothing is written."""
    raw = _bytes(app, opened.path) if opened.path else b""
    return to_bytes(_text(opened, raw), raw)


def as_draft(app: App, opened: OpenFile, now: dt.datetime) -> Draft:
    """What would be read if it were saved now. Raises DraftError with the line."""
    raw = as_file(app, opened)
    _not_too_large(app, raw)
    path = opened.path or home_of(app, opened.member) / content_files.draft_name(opened.edited.title)
    return app.reader.draft(raw, path, now)


def save_draft(app: App, opened: OpenFile, now: dt.datetime) -> Saved:
    """Writes the file, takes it in and plans with it. Nothing is written where it could not be read as a draft.

    Raises ChangedMeanwhile where the file is another than the one that was opened.
    """
    if not visible(opened.edited.title):
        raise InputError(_("the title is empty"), hint=_("write one above the text"))
    with app.in_turn("writing", PATIENCE):
        as_draft(app, opened, now)
        path = _put(app, opened)
    return became(app, path, now)


def save_new(app: App, raw: bytes, now: dt.datetime) -> Saved:
    """Writes a new file of the house from a whole Markdown file, takes it in and plans with it.

    Nothing is written where it could not be read as a draft: DraftError says the line.
    """
    _not_too_large(app, raw)
    with app.in_turn("writing", PATIENCE):
        draft = app.reader.draft(raw, PurePosixPath("pgc", "draft.md"), now)
        path = PurePosixPath("pgc", content_files.draft_name(draft.title))
        path = content_files.put_new(app.workspace.content, path, raw)
    return became(app, path, now)


def whole_file(app: App, id_or_path: str) -> tuple[bytes, str]:
    """The bytes of a draft's Markdown file, and what names them; InputError where it has none."""
    opened = open_draft(app, id_or_path)
    assert opened.path is not None
    raw = _bytes(app, opened.path)
    return raw, _name_of(raw)


def save_whole(app: App, id_or_path: str, raw: bytes, base: str, now: dt.datetime) -> Saved:
    """Writes other bytes over a draft's Markdown file, takes it in and plans with it.

    Raises ChangedMeanwhile where the file is not the one that `base` names, and DraftError, with the line, where it
    could not be read as a draft: nothing is written then.
    """
    path = open_draft(app, id_or_path).path
    assert path is not None
    return _save_over(app, path, raw, base, now)


def broken_file(app: App, file: str) -> tuple[bytes, str]:
    """The bytes of a text file that could not be taken in, and what names them; InputError where it is none."""
    path = PurePosixPath(file)
    if not may_fix(file) or file not in {row.path for row in app.ledger.problems()}:
        raise InputError(_("is no draft's file"), file=file)
    raw = _bytes(app, path)
    decode(raw)
    return raw, _name_of(raw)


def save_fixed(app: App, file: str, text: str, base: str, now: dt.datetime) -> Saved:
    """Writes another text over a file that could not be taken in, as `save_whole` does over a draft's."""
    there, _there = broken_file(app, file)
    return _save_over(app, PurePosixPath(file), to_bytes(text, there), base, now)


def may_fix(file: str) -> bool:
    """Whether a file below content/ is a text that an editor can be shown."""
    path = PurePosixPath(file)
    return path.parts[:1] in (("pgc",), ("ugc",)) and path.suffix.lower() in _WRITTEN and ".." not in path.parts


def _save_over(app: App, path: PurePosixPath, raw: bytes, base: str, now: dt.datetime) -> Saved:
    _not_too_large(app, raw)

    def unchanged() -> None:
        there = _bytes(app, path)
        if base != _name_of(there):
            hint = _("take what you need of both, then save")
            raise ChangedMeanwhile(_("the file changed meanwhile"), file=str(path), hint=hint)

    with app.in_turn("writing", PATIENCE):
        unchanged()
        app.reader.draft(raw, path, now)
        content_files.put(app.workspace.content, path, raw, check=unchanged)
    return became(app, path, now)


def _not_too_large(app: App, raw: bytes) -> None:
    if len(raw) > (most := app.workspace.intake.max_bytes):
        raise DraftError(
            _("is too large: %(size)s MB", size=format(len(raw) / 1e6, ".1f")),
            hint=_("a draft has at most %(size)s MB of text", size=format(most / 1e6, "g")),
        )


def _put(app: App, opened: OpenFile) -> PurePosixPath:
    content = app.workspace.content
    if opened.path is None:
        name = content_files.draft_name(opened.edited.title)
        return content_files.put_new(content, home_of(app, opened.member) / name, as_file(app, opened))
    raw = _unchanged(app, opened)
    data = to_bytes(_text(opened, raw), raw)
    if data != raw:
        content_files.put(content, opened.path, data, check=lambda: _unchanged(app, opened))
    return opened.path


def _unchanged(app: App, opened: OpenFile) -> bytes:
    assert opened.path is not None
    try:
        raw = _bytes(app, opened.path)
    except InputError as error:
        raise ChangedMeanwhile(
            _("the file is gone"), file=str(opened.path), hint=_("save it as a new draft")
        ) from error
    if _name_of(raw) != opened.base and to_bytes(_text(opened, raw), raw) != raw:  # else it says the same already
        hint = _("take what you need of both, then save")
        raise ChangedMeanwhile(
            _("the file changed meanwhile"), file=str(opened.path), hint=hint, theirs=_opened(opened.path, raw)
        )
    return raw


def became(app: App, path: PurePosixPath, now: dt.datetime) -> Saved:
    """What becomes of a file that now lies in content/: it is taken in, and planned with."""
    found = collect(app, now, feeds=False)
    plan(app, now)
    row = app.ledger.draft(str(path))
    problems = tuple(p for p in found.problems if p.where == str(path))
    noticed = tuple(p for p in found.noticed if p.where == str(path))
    place = DraftLocation(app, now).place(row) if row and row.state == "approved" else None
    return Saved(path, None if problems else row, place, problems, noticed)


def _opened(path: PurePosixPath, raw: bytes) -> OpenFile:
    try:
        return OpenFile(taken_apart(decode(raw), path), path, _name_of(raw))
    except DraftError as error:
        error.file = str(path)
        raise


def add_medium(app: App, opened: OpenFile, source: Path, name: str) -> MediaRef:
    """Lays a picture, a sound or a video beside a draft; the answer says how the draft names it.

    Its kind is told by its bytes, whatever its name says. Raises DraftError where it is of none that is taken.
    """
    _digest, extension = identify(source)
    called = content_files.file_name(name, extension)
    if role_of(called) == "attachment":
        raise InputError(
            _("%(file)s is no picture, sound or video: a text cannot show it", file=called),
            hint=_("put it where people can open it, and link to it"),
        )
    takes_media(app, keep=False)(MediaRef(role_of(called), called, source))
    folder = (opened.path.parent if opened.path else home_of(app, opened.member)) / "media"
    if opened.path and opened.path.parts[:1] not in (("pgc",), ("ugc",)):
        raise InputError(_("is no draft's file"), file=str(opened.path))
    laid = content_files.put_new(app.workspace.content, folder / called, source)
    return MediaRef(role_of(called), f"media/{laid.name}", app.workspace.content / laid)


def _text(opened: OpenFile, raw: bytes) -> str:
    return put_together(decode(raw) if raw else "", opened.edited, opened.path)


def _bytes(app: App, path: PurePosixPath) -> bytes:
    if path.parts[:1] not in (("pgc",), ("ugc",)) or not is_draft_name(path.name):
        raise InputError(_("is no draft's file"), file=str(path), hint=_("drafts lie in content/pgc/ and content/ugc/"))
    return content_files.read(app.workspace.content, path, app.workspace.intake.max_bytes)


def home_of(app: App, member: str) -> PurePosixPath:
    """Where a new draft lies below content/: the house's, or a member's."""
    if not member:
        return PurePosixPath("pgc")
    if member not in titles(app):
        raise InputError(_("there is no member %(member)r", member=member), hint=_("add them in steadycast.toml"))
    return PurePosixPath("ugc", member)


def _name_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
