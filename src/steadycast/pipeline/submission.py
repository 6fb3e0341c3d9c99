"""What a member sends by their page: checked as intake would, then one folder of theirs, dropped in whole.

It is filled as a hidden folder of the member's own, which intake passes over, and gets its name when all is well: so
nothing half written is ever a draft, nothing is overwritten, and no name comes from outside.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from slugify import slugify

from steadycast.crash_safety import durable
from steadycast.draft import Draft
from steadycast.errors import DraftError, InputError
from steadycast.intake.documents import as_markdown, limit
from steadycast.intake.folder import SUFFIXES
from steadycast.intake.quota import OverQuotaError
from steadycast.intake.suffixes import DOCUMENTS, TEXT
from steadycast.language import gettext as _
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import collect
from steadycast.pipeline.draft_location import DraftLocation
from steadycast.pipeline.draft_media import Quotas, with_media
from steadycast.pipeline.plan import plan
from steadycast.pipeline.submission_title import headed, of_files
from steadycast.pipeline.write_draft import Saved
from steadycast.render.media_files import MIMES, kind

DAY = dt.timedelta(days=1)
MOST_FILES = 12  # of one sending
ROOM = 500_000_000  # bytes that stay free on the disk
HIDDEN = ".sending-"  # intake passes over it
STALE = 86_400  # seconds after which one that was left lying is swept
HEAD = 1024  # bytes that tell a file's kind
PATIENCE = 60.0  # seconds for another sending to end
TITLE = 200  # characters


class Why(StrEnum):
    """Why something was not taken, for a page that says it in its reader's language."""

    EMPTY = "empty"
    TODAY = "today"  # as many as a day takes
    FULL = "full"  # the member's files, or the disk
    LARGE = "large"
    FILES = "files"  # too many at once
    KIND = "kind"  # of no kind that is taken
    DOCUMENTS = "documents"  # more than one, or one beside a written text
    UNREADABLE = "unreadable"


@dataclass(eq=False)
class NotTakenError(InputError):
    """What a member sent is no draft; `why` says which rule, `message` what a reader of it said."""

    why: Why = Why.UNREADABLE


def not_taken(why: Why, said: str) -> NotTakenError:
    """The error for one of the rules."""
    return NotTakenError(said, why=why)


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it was sent: where it lies now, and what its sender calls it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where one sending is put together."""

    folder: Path
    member: str


@contextlib.contextmanager
def place(app: App, member: str, now: dt.datetime) -> Iterator[Place]:
    """A hidden folder for what a member is about to send, gone when the block ends. Refused where no more fits."""
    check_day(app, member, now)
    home = _home(app, member)
    _sweep(home)
    check_room(home, app.workspace.desk.member_upload)
    folder = home / f"{HIDDEN}{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield Place(folder, member)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_room(folder: Path, most: int) -> None:
    """Refuses what may take so many bytes, where the disk of this folder would be full by it."""
    if shutil.disk_usage(folder).free < ROOM + most:
        raise not_taken(Why.FULL, _("there is no room on this disk"))


def check_day(app: App, member: str, now: dt.datetime) -> None:
    """Refuses one who sent as many drafts as a day takes."""
    most = app.workspace.desk.member_drafts
    if app.ledger.came_since(member, now - DAY) >= most:
        raise not_taken(Why.TODAY, _("%(num)s drafts came from %(member)s within a day", num=most, member=member))


def _home(app: App, member: str) -> Path:
    """The member's folder: a folder, and no link to another one."""
    home = app.workspace.content / "ugc" / member
    durable.make_folder(home)
    if home.is_symlink() or home.parent.is_symlink():
        raise not_taken(Why.UNREADABLE, _("%(folder)s is a link", folder=home))
    return home


def _sweep(home: Path) -> None:
    for left in home.glob(f"{HIDDEN}*"):
        if time.time() - left.lstat().st_mtime > STALE:
            shutil.rmtree(left, ignore_errors=True)


def send(app: App, at: Place, title: str, text: str, files: Sequence[Sent], *, now: dt.datetime) -> DraftRow | None:
    """Makes one draft of what lies at `at`, and takes it in: it waits for a person's approval then.

    None where it lies there but intake has not seen it yet. Raises NotTakenError.
    """
    title, text = " ".join(title.split())[:TITLE], text.strip()
    documents = [file for file in files if PurePosixPath(file.name).suffix.lower() in SUFFIXES]
    media = [file for file in files if file not in documents]
    if not text and not files:
        raise not_taken(Why.EMPTY, _("nothing was sent"))
    if len(documents) > 1 or (documents and text):
        raise not_taken(Why.DOCUMENTS, _("one document, or a written text, makes one draft"))
    placed = [_placed(at, number, file) for number, file in enumerate(media, 1)]
    if not title:
        title, text = headed(text)
    stem = _stem(title, text, files, now.astimezone(app.workspace.community.zone))
    with app.in_turn(f"sending-{slugify(at.member) or 'member'}", PATIENCE):
        check_day(app, at.member, now)
        name, draft = _written(app, at, stem, _main(app, title, text, documents, placed), now)
        if draft.title_line is None:  # our name for the file would be its title
            title = of_files(app, at.member, draft, files[0].name if files else "")
            (at.folder / name).unlink()
            name, _draft = _written(app, at, stem, _main(app, title, text, documents, placed), now)
        for left in documents:
            left.path.unlink(missing_ok=True)
        path = _named(at, stem) / name
        collect(app, now, feeds=False)
    return app.ledger.draft(str(path.relative_to(app.workspace.content)))


def send_markdown(app: App, member: str, raw: bytes, now: dt.datetime) -> Saved:
    """Takes in one draft of a member, a whole Markdown file, by the same rules. Raises NotTakenError."""
    with place(app, member, now) as at:
        file = at.folder / ".part-0"
        file.write_bytes(raw)
        row = send(app, at, "", "", [Sent(file, "draft.md")], now=now)
    plan(app, now)
    fresh = app.ledger.draft(row.id) if row else None
    path = PurePosixPath(row.path if row else f"ugc/{member}")
    return Saved(path, fresh, DraftLocation(app, now).place(fresh) if fresh and fresh.state == "approved" else None)


def _written(app: App, at: Place, stem: str, main: tuple[bytes, str], now: dt.datetime) -> tuple[str, Draft]:
    """The draft's own file, written; (its name, the draft as intake will read it)."""
    raw, suffix = main
    (at.folder / f"{stem}{suffix}").write_bytes(raw)
    return f"{stem}{suffix}", _check(app, at, f"{stem}{suffix}", now)


def _placed(at: Place, number: int, file: Sent) -> str:
    """The name that a picture, sound or film gets: by its bytes; of its sender's words only what is plain."""
    with file.path.open("rb") as opened:
        extension = kind(opened.read(HEAD))
    if extension not in MIMES:
        raise not_taken(Why.KIND, _("%(file)r is of no kind that is taken", file=PurePosixPath(file.name).name[:80]))
    stem = slugify(PurePosixPath(file.name.replace("\\", "/")).stem, max_length=40) or "file"
    name = f"{number:02d}-{stem}.{extension}"
    file.path.rename(at.folder / name)
    return name


def _main(app: App, title: str, text: str, documents: Sequence[Sent], media: Sequence[str]) -> tuple[bytes, str]:
    """The draft's own file and its suffix: the document as it is, where nothing goes with it; else Markdown."""
    most = app.workspace.intake.max_bytes
    if not documents:
        return _markdown(title, _paragraphs(text), media), ".md"
    (document,) = documents
    suffix = PurePosixPath(document.name).suffix.lower()
    if document.path.stat().st_size > limit(suffix, most):
        raise not_taken(Why.LARGE, _("the document is too large"))
    raw = document.path.read_bytes()
    if not title and not media:
        return raw, suffix
    if suffix not in DOCUMENTS | {TEXT}:
        return (raw + _shown(media).encode(), suffix) if not title else (_markdown(title, _decoded(raw), media), ".md")
    made = _converted(raw, suffix, most)
    body = made.split("\n---\n", 1)[1] if made.startswith("---\n") else made
    head = made[: len(made) - len(body)]
    return (_markdown(title, body, media), ".md") if title else ((head + body + _shown(media)).encode(), ".md")


def _converted(raw: bytes, suffix: str, most: int) -> str:
    try:
        return as_markdown(raw, suffix, most)[0].decode()
    except (DraftError, UnicodeDecodeError) as error:
        raise not_taken(Why.UNREADABLE, getattr(error, "message", _("it cannot be read"))) from None


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise not_taken(Why.UNREADABLE, _("it is not UTF-8")) from None


def _markdown(title: str, body: str, media: Sequence[str]) -> bytes:
    head = f"title: {json.dumps(title, ensure_ascii=False)}" if title else "converted: true"
    return f"---\n{head}\n---\n\n{body.strip()}\n{_shown(media)}".encode()


def _shown(media: Sequence[str]) -> str:
    """The files below the text, as the editor writes them; a sound or film gives the draft its form."""
    return "".join(f"\n![]({name})\n" for name in media)


def _paragraphs(text: str) -> str:
    """Each line a paragraph where no line is empty, as phones write them."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(lines) if "" in (line.strip() for line in lines) else "\n\n".join(lines)


def _stem(title: str, text: str, files: Sequence[Sent], now: dt.datetime) -> str:
    first = title or (text.split("\n", 1)[0] if text else PurePosixPath(files[0].name).stem)
    return f"{now:%Y%m%d}-{slugify(first[:80], max_length=50) or 'draft'}"


def _check(app: App, at: Place, name: str, now: dt.datetime) -> Draft:
    """The draft as intake will read it. Raises NotTakenError for what it would refuse."""
    path = PurePosixPath("ugc", at.member, at.folder.name, name)
    try:
        raw = (at.folder / name).read_bytes()
        if len(raw) > limit(path.suffix.lower(), app.workspace.intake.max_bytes):
            raise not_taken(Why.LARGE, _("the text is too large"))
        made, notes = as_markdown(raw, path.suffix.lower(), app.workspace.intake.max_bytes)
        draft = app.reader.draft(made, path, now, notes)
        Quotas(app).take(draft)
        return with_media(app, draft, keep=False)
    except DraftError as error:
        why = Why.FULL if isinstance(error, OverQuotaError) else Why.UNREADABLE
        raise not_taken(why, error.message) from None


def _named(at: Place, stem: str) -> Path:
    """The folder under its own name, which nothing has yet, with everything on the disk."""
    for file in at.folder.iterdir():
        file.chmod(0o644)
        durable.sync(file)
    at.folder.chmod(0o755)
    for number in range(1, 1000):
        target = at.folder.with_name(stem if number == 1 else f"{stem}-{number}")
        if not os.path.lexists(target):
            at.folder.rename(target)
            durable.sync(target.parent)
            return target
    raise not_taken(Why.TODAY, _("too many drafts of one name"))
