"""The files that a draft names, found: regular, inside its own origin folder, hashed; or an error with the line."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from steadycast import reasons
from steadycast.draft.decoding import shown
from steadycast.draft.model import MediaRef
from steadycast.draft.names_below import files_below, many_below
from steadycast.draft.safe_open import NotRegularError, mostly_holes, open_inside
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

MAX_BYTES = 1 << 30

MOST_NEARER = 8  # places of one file that are remembered, and looked at each time

_SCHEME = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]+:")
# What generators write where the site's root is meant: Pelican's {static}, Jekyll's {{ site.baseurl }}, Ghost's mark.
_ROOT_MARK = lazy_pattern(r"^(?:\{(?:static|filename)\}|\{\{\s*site\.(?:baseurl|url)\s*\}\}|__GHOST_URL__)/?")
_BESIDE_MARK = lazy_pattern(r"^\{attach\}/?")
_LIQUID_ROOT = lazy_pattern(r"""^\{\{\s*["']([^"']+)["']\s*\|\s*(?:relative_url|absolute_url|prepend:.*?)\s*\}\}$""")


class Folder(NamedTuple):
    """Where one draft's files may lie: `home` is its own folder, `top` its origin's (a member's, or pgc)."""

    content: Path  # resolved
    top: Path  # resolved
    home: Path  # resolved
    own: Path  # the folder named like the draft, where Hexo keeps a post's pictures
    one_link: bool  # a member's files may have one name only: a second could be anybody's file on this disk

    def find(self, wanted: MediaRef) -> MediaRef | None:
        """`wanted`, found and hashed; None for what lives elsewhere on the web. Raises DraftError with its line."""
        name = None if is_remote(wanted.ref) else _local(wanted.ref, wanted.line)
        if name is None:
            return None
        outside, nearer = False, dict[str, None]()
        for candidate in self._candidates(name):
            path = candidate.resolve()
            if not path.is_relative_to(self.top):
                outside = outside or os.path.lexists(candidate)
            elif os.path.lexists(path):
                return self._read(path, _after(wanted, nearer))
            else:
                nearer[str(path)] = None
        if (elsewhere := self._by_name(name, wanted)) is not None:
            below = tuple((each, many_below(each)) for each in self._called(name))
            return self._read(elsewhere, replace(_after(wanted, nearer), below=below))
        what = _("lies outside the draft's own folder") if outside else _("is not there")
        top = shown(self.top.relative_to(self.content))
        hint = _("put it beside the draft or elsewhere in %(folder)s/, and name it as it is spelled", folder=top)
        raise DraftError(
            _("the file %(file)r %(what)s", file=shown(wanted.ref), what=what), line=wanted.line, hint=hint
        )

    def _candidates(self, name: str) -> Iterator[Path]:
        rooted = name.startswith("/")
        bare = name.lstrip("/")
        for spelling in dict.fromkeys((bare, unquote(bare))):
            for form in dict.fromkeys((spelling, *(unicodedata.normalize(f, spelling) for f in ("NFC", "NFD")))):
                if "\0" in form:
                    continue
                if not rooted:
                    yield self.home / form
                    yield self.own / form
                    # Obsidian writes paths from its vault's folder, wherever in it the note lies.
                    yield from (above / form for above in self._above() if above != self.home)
                    continue
                # A whole site dropped in keeps its own root: its folder, or the folder its generator copies from.
                for base in (*self._above(), *self.top.parents):
                    if base.is_relative_to(self.content):
                        yield base / form
                        yield base / "static" / form

    def _above(self) -> Iterator[Path]:
        """The draft's folder and those above it, up to its origin's."""
        return (folder for folder in (self.home, *self.home.parents) if folder.is_relative_to(self.top))

    def _by_name(self, name: str, wanted: MediaRef) -> Path | None:
        """The one file of that name in the origin's folder, as Obsidian finds it; None where there is none."""
        found = {path for each in self._called(name) for path in files_below(each)}
        if len(found) > 1:
            several = _(" and ").join(shown(path.relative_to(self.top)) for path in sorted(found)[:2])
            said = _("there are several files called %(file)r: %(two)s", file=shown(wanted.ref), two=several)
            raise DraftError(said, line=wanted.line, hint=_("write its folder too"))
        return next(iter(found), None)

    def _called(self, name: str) -> Iterator[str]:
        """What a file that is named without its folder may be called, below the origin's folder."""
        for spelling in sorted({name, unquote(name)}):
            if "/" not in spelling:
                yield str(self.top / unicodedata.normalize("NFC", spelling))

    def _read(self, path: Path, wanted: MediaRef) -> MediaRef:
        def wrong(what: str, hint: str) -> DraftError:
            return DraftError(
                _("the file %(file)r %(what)s", file=shown(wanted.ref), what=what), line=wanted.line, hint=hint
            )

        try:
            with open_inside(self.top, path.relative_to(self.top).parts) as file:
                facts = os.fstat(file)
                if self.one_link and facts.st_nlink > 1:
                    raise wrong(
                        _("has a second name elsewhere on this disk (a hard link)"), _("copy it instead of linking it")
                    )
                if facts.st_size > MAX_BYTES:
                    raise wrong(_("is over %(size)s MB", size=MAX_BYTES >> 20), _("make it smaller"))
                if mostly_holes(file):
                    raise wrong(
                        _("is mostly holes: more than half of it was never written"), _("put the whole file there")
                    )
                digest = _sha256(file, facts)
                if digest is None:
                    raise wrong(_("changed while it was read"), _("it is looked at again"))
                return replace(
                    wanted,
                    path=path,
                    sha256=digest,
                    size=facts.st_size,
                    mtime_ns=facts.st_mtime_ns,
                    ctime_ns=facts.st_ctime_ns,
                )
        except NotRegularError:
            raise wrong(_("is no regular file"), _("name a file")) from None
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise wrong(_("is a link that changed while it was read"), _("put the file itself there")) from None
            raise wrong(
                _("cannot be read: %(why)s", why=reasons.of_system(error)), _("check its permissions")
            ) from None


def _after(wanted: MediaRef, nearer: Iterable[str]) -> MediaRef:
    """`wanted`, which lies at none of `nearer`: of very many the first ones, as a draft may make each of them long."""
    return replace(wanted, nearer=tuple(islice(nearer, MOST_NEARER)))


def is_remote(ref: str) -> bool:
    """Whether `ref` is on the web: such pictures stay links."""
    return ref.lower().startswith(("http://", "https://", "//", "data:"))


def _local(ref: str, line: int | None) -> str | None:
    """`ref` as a path, a leading slash meaning a root; None where only a template engine could tell."""
    if liquid := _LIQUID_ROOT.match(ref):
        ref = "/" + liquid[1].lstrip("/")
    ref = _BESIDE_MARK.sub("", _ROOT_MARK.sub("/", ref))
    if "{{" in ref or "{%" in ref:
        return None
    path = re.split(r"[?#]", ref, maxsplit=1)[0]
    if "\\" in path or "%5c" in path.lower():
        raise DraftError(
            _("the file %(file)r is named with a backslash", file=shown(ref)),
            line=line,
            hint=_("use / between folders"),
        )
    if _SCHEME.match(path):
        raise DraftError(
            _("%(file)r is no file beside the draft", file=shown(ref)),
            line=line,
            hint=_("name a file, or an https:// address"),
        )
    if len(path) > 1024 or "\0" in path or not path.strip("/"):
        raise DraftError(
            _("%(file)r names no file", file=shown(ref[:60])), line=line, hint=_("name a file beside the draft")
        )
    return path


_hashed: dict[tuple[int, ...], str] = {}  # what was read already: a gigabyte may be named a thousand times
_HASHED = 4096
_SETTLED = 1_000_000_000  # ns: two writes within one tick of the file system's clock have one time


def _sha256(file: int, facts: os.stat_result) -> str | None:
    """The hash of an open file; None where it grew, shrank or was written while it was read."""
    key = _state(facts)
    if key in _hashed:
        return _hashed[key]
    digest, left = hashlib.sha256(), facts.st_size + 1  # a file that grows for ever is not read for ever
    while left > 0 and (chunk := os.read(file, min(left, 1 << 20))):
        digest.update(chunk)
        left -= len(chunk)
    if left != 1 or _state(os.fstat(file)) != key:
        return None
    if time.time_ns() - facts.st_ctime_ns > _SETTLED:
        if len(_hashed) >= _HASHED:
            _hashed.clear()
        _hashed[key] = digest.hexdigest()
    return digest.hexdigest()


def _state(facts: os.stat_result) -> tuple[int, ...]:
    """What changes with a file's bytes: nobody but the kernel sets a ctime."""
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
