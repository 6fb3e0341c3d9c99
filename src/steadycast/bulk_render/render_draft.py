"""One draft made into what each channel shows, and written where it differs from what lies there."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import html
import os
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from steadycast.bulk_render.cache import Fault, Made
from steadycast.bulk_render.outlets import Outlet, outlets
from steadycast.draft import Draft, parse
from steadycast.errors import DraftError, Problem, SettingsError
from steadycast.intake import folder
from steadycast.platform import Post
from steadycast.render.body import Body, prepare
from steadycast.render.compose import Target, compose
from steadycast.render.templates import Templates
from steadycast.workspace import Workspace, load

_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_PAGE = (
    '<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n</head>\n'
    "<body>\n"
    "<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
)


@dataclass(frozen=True, slots=True)
class Order:
    """One draft to make: for which channels, and what lay there of it before."""

    path: str  # below content/
    print: folder.Print
    channels: Sequence[str]
    before: Mapping[str, str] = field(default_factory=dict)  # channel -> extension, of every channel


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one order."""

    path: str
    made: Made | None  # None: it is being written at this moment, and stands as it was
    written: int = 0
    removed: int = 0


class Maker:
    """Makes drafts for some channels; a draft is read and its body parsed once for all of them."""

    def __init__(self, workspace: Workspace, chosen: Sequence[Outlet], approved: Mapping[str, str] | None) -> None:
        self.workspace = workspace
        self.outlets = {outlet.name: outlet for outlet in chosen}
        self.approved = approved  # path -> the approved revision; None: all is shown
        # What nobody approved comes beside what is shown of it, and not into var/media.
        self.media = workspace.media if approved is not None else workspace.var / "render" / ".media"
        self.cache = workspace.cache
        self.out = {outlet.name: str(outlet.channel.out) for outlet in chosen}
        self._limits = folder.Limits(draft_bytes=workspace.intake.max_bytes)
        self._series = workspace.series_names
        self._content = workspace.content.resolve()

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process needs to make one like it: a Channel holds functions, which cannot be sent."""
        return _maker, (self.workspace.root, list(self.outlets), self.approved)

    @cached_property
    def _templates(self) -> dict[str, Templates]:
        community = self.workspace.community
        return {
            name: Templates(outlet.folders, zone=community.zone, watched=False) for name, outlet in self.outlets.items()
        }

    def warm(self) -> None:
        """Compiles every template."""
        for name, outlet in self.outlets.items():
            if outlet.template:
                self._templates[name].warm(outlet.template)

    def make(self, order: Order) -> Done:
        """Reads one draft and writes what its channels show of it. Never raises for what is wrong with the draft."""
        content, path = self.workspace.content, order.path
        found = folder.read(content, folder.Found.at(content, PurePosixPath(path), order.print), self._limits)
        if isinstance(found, folder.Unsettled):
            return Done(path, None)
        piece = _Piece(self, path, order)
        draft: Draft | None = None
        if isinstance(found, Problem):
            piece.faults.append(Fault(found.line, found.message, found.hint))
        elif isinstance(found, folder.Found):
            try:
                draft = self._parse(found)
            except DraftError as error:
                piece.fault(error)
        shown = draft is not None and self._is_shown(path, draft)
        if draft is not None and shown:
            piece.post_all(draft)
        piece.remove_old()
        facts = order.print
        return Done(
            path,
            Made(
                facts.size,
                facts.mtime_ns,
                facts.inode,
                draft.revision if draft else "",
                shown,
                piece.files,
                [[str(m.path), m.size, m.mtime_ns] for m in draft.media] if draft else [],
                [list(fault) for fault in piece.faults],
            ),
            piece.written,
            piece.removed,
        )

    def _is_shown(self, path: str, draft: Draft) -> bool:
        return self.approved is None or self.approved.get(path) == draft.revision

    def _parse(self, found: folder.Found) -> Draft:
        return parse(
            found.raw or b"",
            found.path,
            found.file,
            self._content,
            zone=self.workspace.community.zone,
            mtime=found.mtime,
            known_series=self._series,
        )

    def text(self, outlet: Outlet, post: Post) -> tuple[str, str]:
        """(extension, text) of one post: by the platform's template, else a page, or text where text is limited."""
        if outlet.template:
            return outlet.extension, self._templates[outlet.name].render(
                outlet.template, post=post, channel=outlet.channel
            )
        if "text" in outlet.platform.limits or not post.html:
            return "txt", "\n\n--\n\n".join(post.parts or (post.text,)) + "\n"
        return "html", _PAGE.format(
            language=html.escape(post.language), title=html.escape(post.title), body=post.html.rstrip()
        )


def _maker(root: Path, names: Sequence[str], approved: Mapping[str, str] | None) -> Maker:
    workspace = load(root)
    return Maker(workspace, outlets(workspace, names), approved)


class _Piece:
    """One order on its way: what was written, and what went wrong."""

    def __init__(self, maker: Maker, path: str, order: Order) -> None:
        self.maker = maker
        self.order = order
        self.stem = stem_of(path)
        self.key = key_of(path)
        self.files = {name: ext for name, ext in order.before.items() if name not in order.channels}
        self.faults: list[Fault] = []
        self.written = self.removed = 0

    def fault(self, error: DraftError, channel: str = "") -> None:
        """Notes what is wrong, once, with the channel that it is wrong for."""
        said = Fault(error.line, f"{channel}: {error.message}" if channel else error.message, error.hint or "")
        if said not in self.faults:
            self.faults.append(said)

    def post_all(self, draft: Draft) -> None:
        maker = self.maker
        body = prepare(draft, maker.media, maker.cache, base=maker.workspace.community.url)
        for error in body.faults:  # the same for every channel: said once
            self.fault(error)
        if body.faults:
            return
        published = (draft.date or dt.datetime.fromtimestamp(0, dt.UTC)).astimezone(maker.workspace.community.zone)
        for name in self.order.channels:
            outlet = maker.outlets[name]
            if draft.form not in outlet.forms or draft.channels.get(name, {}).get("skip"):
                continue
            try:
                extension, text = maker.text(outlet, self._post(draft, outlet, published, body))
                self.written += write_if_new(f"{maker.out[name]}/{self.stem}.{extension}", text.encode())
                self.files[name] = extension
            except DraftError as error:
                self.fault(error, name)
            except SettingsError as error:  # a template that cannot take this post
                self.fault(DraftError(str(error)), name)
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                self.fault(DraftError("its name is too long", hint="rename the file"), name)

    def _post(self, draft: Draft, outlet: Outlet, published: dt.datetime, body: Body) -> Post:
        maker, community = self.maker, self.maker.workspace.community
        target = Target(
            channel=outlet.name,
            key=self.key,
            published=published,
            zone=community.zone,
            language=community.language,
            community=community.name,
            member_title=maker.workspace.member_title(draft.member) if draft.member else community.name,
            member_url=maker.workspace.member_url(draft.member),
        )
        post = compose(body, outlet.platform, target)
        return self._with_pictures(post, outlet) if "media:" in post.html else post

    def _with_pictures(self, post: Post, outlet: Outlet) -> Post:
        """The post with its pictures' addresses as seen from its file, so that a browser shows them."""
        here = (outlet.channel.out / self.stem).parent
        names = {m.sha256: os.path.relpath(m.path, here) for m in post.media}
        return replace(post, html=post.html_with(names, captions=False))

    def remove_old(self) -> None:
        """Takes away what was written for a channel before, and is not written any more."""
        for name in self.order.channels:
            extension = self.order.before.get(name)
            if extension is not None and self.files.get(name) != extension:
                self.removed += remove(self.maker.outlets[name].channel.out / f"{self.stem}.{extension}")


def stem_of(path: str) -> str:
    """A draft's path without its suffix: what its outputs are called."""
    return path.rpartition(".")[0]


def key_of(path: str) -> str:
    """A marker of the right form that is always the same for one draft; no delivery has it."""
    return b32encode(sha256(path.encode()).digest())[:13].decode().lower()


def write_if_new(file: str, data: bytes) -> bool:
    """Whether `data` had to be written. Whole or not at all, but not made durable: it can be made again.

    Paths are strings here: making a Path costs as much as writing a file.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.stat(file).st_size == len(data) and Path(file).read_bytes() == data:  # noqa: PTH116
            return False
    folder_, _, name = file.rpartition("/")
    fresh = f"{folder_}/.{name}.{os.getpid()}.part"
    try:
        try:
            out = os.open(fresh, _ANEW, 0o666)
        except FileNotFoundError:
            os.makedirs(folder_, exist_ok=True)  # noqa: PTH103
            out = os.open(fresh, _ANEW, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(out, rest) :]
        finally:
            os.close(out)
        os.replace(fresh, file)  # noqa: PTH105
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
    return True


def remove(file: Path) -> bool:
    """Whether there was such a file to remove."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True
