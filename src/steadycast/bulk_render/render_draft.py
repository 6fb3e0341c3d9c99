"""One draft made into what each channel shows, and written where it differs from what lies there."""

from __future__ import annotations

import datetime as dt
import errno
import html
import os
from base64 import b32encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from steadycast.bulk_render.all_made import Made, stem_of
from steadycast.bulk_render.outlets import Open, opened
from steadycast.bulk_render.recipe import Recipe
from steadycast.draft import Draft, Reader
from steadycast.errors import DraftError, InputError, Problem, SettingsError
from steadycast.intake import folder
from steadycast.intake.stamps import of_media
from steadycast.language import current, speak
from steadycast.language import gettext as _
from steadycast.platform import Post
from steadycast.render.call import call_at
from steadycast.render.compose import Target, compose
from steadycast.render.prepared_body import Body, prepare

WORTH_A_PROCESS = 120  # orders: starting one costs as much as making so many
CHUNK = 20  # orders that are handed over together
WRONG = (DraftError, SettingsError, OSError)  # what may be the fault of one draft

_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_PAGE = (
    '<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n</head>\n'
    "<body>\n"
    "<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
)


class Order(NamedTuple):
    """One draft to make, and for which channels."""

    path: str  # below content/
    stamp: folder.FileStamp
    channels: Sequence[str]


class Done(NamedTuple):
    """What became of one order."""

    order: Order
    made: Made | None  # None: it is being written at this moment, and stands as it was
    written: int = 0


class Maker:
    """Makes drafts for some channels; a draft is read and its body parsed once for all of them."""

    def __init__(self, recipe: Recipe, approved: Mapping[str, str] | None) -> None:
        self.recipe, self.outlets = recipe, opened(recipe)
        self.zone = recipe.community.zone
        self.approved = approved  # path -> the approved revision; None: all is shown
        # What nobody approved comes beside what is shown of it, and not into var/media.
        self.media = recipe.media if approved is not None else recipe.var / "render" / ".media"
        self.content, self.cache = recipe.content, recipe.cache
        self._reader = Reader(recipe.content.resolve(), self.zone, recipe.series_names)
        self._limits = folder.Limits(draft_bytes=recipe.max_bytes)

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process needs to make one like it: a Channel holds functions, which cannot be sent."""
        return Maker, (self.recipe, self.approved)

    def make_all(self, orders: Sequence[Order], jobs: int) -> Iterator[Done]:
        """What became of each order, in their order; by up to `jobs` processes where there is enough to do."""
        jobs = min(jobs, len(orders) // WORTH_A_PROCESS)
        if jobs < 2:
            yield from map(self.make, orders)
            return
        yield self.make(orders[0])  # what it loads and compiles is shared by all that are forked from here
        import multiprocessing

        from steadycast.crash_safety import forks

        context = multiprocessing.get_context("fork" if forks.are_safe() else "spawn")  # it shares what is loaded
        with context.Pool(jobs, _begin, (self, current().name)) as pool:
            yield from pool.imap(_make, orders[1:], CHUNK)

    def make(self, order: Order) -> Done:
        """Reads one draft and writes what its channels show of it. Never raises for what is wrong with the draft."""
        content = self.content
        found = folder.read(content, folder.DraftFile(PurePosixPath(order.path), order.stamp), self._limits)
        if isinstance(found, folder.Unsettled):
            return Done(order, None)
        piece, draft = _Piece(self, order), None
        if isinstance(found, Problem):
            piece.faults.append([found.line, found.message, found.hint])
        elif isinstance(found, folder.DraftFile):
            try:
                draft = found.draft(self._reader)
            except WRONG as error:
                piece.note(error)
        shown = draft is not None and (self.approved is None or self.approved.get(order.path) == draft.revision)
        if draft is not None and shown:
            piece.post_all(draft)
        media = sorted(map(list, of_media(draft.media))) if draft else []
        at, revision = order.stamp, draft.revision if draft else ""
        seen = (at.size, at.mtime_ns, at.ctime_ns, at.inode, revision)
        return Done(order, Made(*seen, shown, piece.files, media, piece.faults), piece.written)


class _Piece:
    """One order on its way: what was written, and what went wrong."""

    def __init__(self, maker: Maker, order: Order) -> None:
        self.maker, self.order = maker, order
        self.stem = stem_of(order.path)
        self.files: dict[str, str] = {}
        self.faults: list[list[Any]] = []
        self.written = 0

    def note(self, error: Exception, channel: str = "") -> None:
        """Notes what is wrong with the draft, once, with the channel that it is wrong for; raises what is not."""
        if isinstance(error, DraftError):
            self.fault(error, channel)
        elif isinstance(error, SettingsError):  # a template that cannot take this post
            self.fault(DraftError(str(error)), channel)
        elif isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            self.fault(DraftError(_("its name is too long"), hint=_("rename it")), channel)
        else:
            raise error

    def fault(self, error: InputError, channel: str = "") -> None:
        said = [error.line, f"{channel}: {error.message}" if channel else error.message, error.hint or ""]
        if said not in self.faults:
            self.faults.append(said)

    def post_all(self, draft: Draft) -> None:
        """Writes the draft for each channel that takes it."""
        maker = self.maker
        body = prepare(draft, maker.media, maker.cache, base=maker.recipe.community.url)
        for error in body.faults:  # the same for every channel: said once
            self.fault(error)
        if body.faults:
            return
        target = self._target(draft)
        for name in self.order.channels:
            outlet = maker.outlets[name]
            if draft.form not in outlet.forms or draft.channels.get(name, {}).get("skip"):
                continue
            try:
                called = maker.recipe.call(name, draft.series[0] if draft.series else "", draft.call)
                call = call_at(called, maker.recipe.root, name, outlet.platform)
                self._write(outlet, body, target(channel=name, call=call))
            except WRONG as error:
                self.note(error, name)

    def _write(self, outlet: Open, body: Body, target: Target) -> None:
        """Writes the draft for one channel."""
        post = compose(body, outlet.platform, target, letters=bool(outlet.template))  # a page of ours shows no cover
        if post.media and "media:" in post.html:
            post = self._with_pictures(post, outlet)
        extension, text = _shown(outlet, post)
        self.written += write_if_new(f"{outlet.channel.out}/{self.stem}.{extension}", text.encode())
        self.files[target.channel] = extension

    def _target(self, draft: Draft) -> Callable[..., Target]:
        """What makes its Target of a channel and a call."""
        recipe, zone = self.maker.recipe, self.maker.zone
        community = recipe.community
        return partial(
            Target,
            key=key_of(self.order.path),
            published=(draft.date or dt.datetime.fromtimestamp(0, dt.UTC)).astimezone(zone),
            zone=zone,
            language=community.language,
            community=community.name,
            member_title=recipe.member_title(draft.member) if draft.member else community.name,
            member_url=recipe.member_url(draft.member),
        )

    def _with_pictures(self, post: Post, outlet: Open) -> Post:
        """The post with its pictures' addresses as seen from its file, so that a browser shows them."""
        here = (outlet.channel.out / self.stem).parent
        names = {m.sha256: os.path.relpath(m.path, here) for m in post.media}
        return replace(post, html=post.html_with(names, captions=False))


def _shown(outlet: Open, post: Post) -> tuple[str, str]:
    """(extension, text) of one post: by the platform's template, else a page, or text where text is limited."""
    if outlet.template:
        extension = outlet.template.removeprefix("post.").removesuffix(".j2")
        return extension, outlet.templates.render(outlet.template, post=post, channel=outlet.channel)
    if "text" in outlet.platform.limits or not post.html:
        return "txt", "\n\n--\n\n".join(post.parts or (post.text,)) + "\n"
    return "html", _PAGE.format(
        language=html.escape(post.language), title=html.escape(post.title), body=post.html.rstrip()
    )


# In another process

_maker: Maker


def _begin(maker: Maker, language: str) -> None:
    global _maker  # noqa: PLW0603  one for each process of the pool
    _maker = maker
    speak(language)


def _make(order: Order) -> Done:
    return _maker.make(order)


def key_of(path: str) -> str:
    """A marker of the right form that is always the same for one draft; no delivery has it."""
    return b32encode(sha256(path.encode()).digest()[:10])[:13].decode().lower()


def write_if_new(file: str, data: bytes) -> bool:
    """Whether `data` had to be written. Not made durable: it can be made again.

    What lies there already is replaced whole or not at all. Nobody reads a new file yet, so it is written in place: a
    run that is cut off is not remembered, and the next one looks at every file that it left.

    Paths are strings here: making a Path costs as much as writing a file.
    """
    try:
        _write(file, data, _NEW)
    except FileExistsError:
        return _replaced(file, data)
    except FileNotFoundError:
        os.makedirs(file.rpartition("/")[0], exist_ok=True)  # noqa: PTH103
        _write(file, data, _NEW)
    return True


def _replaced(file: str, data: bytes) -> bool:
    if os.stat(file).st_size == len(data) and Path(file).read_bytes() == data:  # noqa: PTH116
        return False
    folder_, _, name = file.rpartition("/")
    fresh = f"{folder_}/.{name}.{os.getpid()}.part"
    _write(fresh, data, _ANEW)
    try:
        os.replace(fresh, file)  # noqa: PTH105
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
    return True


def _write(file: str, data: bytes, how: int) -> None:
    """A file with `data`; none where that fails."""
    out = os.open(file, how, 0o666)
    try:
        done = os.write(out, data)
        while done < len(data):
            done += os.write(out, data[done:])
    except BaseException:
        Path(file).unlink(missing_ok=True)
        raise
    finally:
        os.close(out)
