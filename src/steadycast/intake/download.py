"""Files that drafts and feeds name on the web, kept in the cache: guarded, bounded together, asked for a few times."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.crash_safety import durable
from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.outgoing import FetchError

if TYPE_CHECKING:
    from steadycast.outgoing import Fetcher

MAX_MEDIA = 64 * 1024 * 1024
MAX_PICTURE = 16 * 1024 * 1024
TRIES = 4  # of one file; each later than the one before, and then no more
FIRST_WAIT = 600.0  # seconds before the second try

Take = Callable[[MediaRef], MediaRef]


class NotHadError(FetchError):
    """A file that cannot be had now, and with `final` never: it is asked for no more."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


class Budget:
    """What a number of downloads may cost together; `within` is a larger one that pays too."""

    def __init__(self, seconds: float, size: int, items: int, within: Budget | None = None) -> None:
        self._until = time.monotonic() + seconds
        self._room = size
        self._items = items
        self._within = within

    def spent(self) -> bool:
        """Whether no other item may be begun."""
        return self.seconds() <= 0 or self._items <= 0 or (self._within is not None and self._within.spent())

    def seconds(self) -> float:
        """How many are left, at least 0."""
        own = max(0.0, self._until - time.monotonic())
        return own if self._within is None else min(own, self._within.seconds())

    def room(self) -> int:
        """How many bytes are left."""
        return self._room if self._within is None else min(self._room, self._within.room())

    def pay(self, size: int, items: int = 0) -> None:
        """Take so many bytes and items off."""
        self._room -= size
        self._items -= items
        if self._within:
            self._within.pay(size, items)


@dataclass(frozen=True, slots=True)
class Downloads:
    """Gets files from the web into `folder`, and through `take`, which refuses what is no picture, sound or film.

    A file that failed is tried again later and later, and after a few tries no more; `at_once` asks without waiting.
    """

    folder: Path
    fetcher: Fetcher | None  # None where nothing is to be asked for
    budget: Budget
    take: Take
    private: str = ""  # an address whose host and port may be on a private network; no other may
    at_once: bool = False

    def get(self, wanted: MediaRef, name: str, *, most: int, seconds: float) -> MediaRef:
        """`wanted`, whose `ref` is an address, with the file it names; raises NotHadError."""
        path = self.folder / name
        if not path.is_file():
            self._fetch(wanted.ref, path, most, seconds)
        facts = path.stat()
        with path.open("rb") as kept:
            digest = hashlib.file_digest(kept, "sha256").hexdigest()
        found = replace(wanted, path=path, sha256=digest, size=facts.st_size, mtime_ns=facts.st_mtime_ns)
        try:
            return self.take(found)
        except DraftError as error:
            path.unlink(missing_ok=True)  # the next try may find a better one
            raise self._failed(path, error.message.replace(wanted.ref, "").strip()) from None

    def _fetch(self, url: str, path: Path, most: int, seconds: float) -> None:
        self._may_try(path)
        allowed = min(seconds, self.budget.seconds())
        if self.fetcher is None or allowed <= 0 or self.budget.room() < most:
            raise NotHadError(_("it waits for the next look: too much was to be fetched at once"), final=False)
        from steadycast.outgoing import authority

        try:
            own = bool(self.private) and authority(url) == authority(self.private)
            got = self.fetcher.get(url, max_bytes=most, deadline=allowed, allow_private=own)
        except FetchError as error:
            if allowed < seconds and self.budget.seconds() <= 0:  # others took its time
                raise NotHadError(_("it waits for the next look: time was up"), final=False) from None
            raise self._failed(path, str(error)) from None
        self.budget.pay(len(got.body))
        if got.status != 200 or re.match(r"text/html", got.headers.get("Content-Type", ""), re.IGNORECASE):
            raise self._failed(path, _("its server answered %(status)s without the file", status=got.status))
        durable.put(path, got.body, rights=0o600)

    def _may_try(self, path: Path) -> None:
        tries, last = _tries(_note(path))
        if self.at_once or not tries:
            return
        if tries >= TRIES:
            raise NotHadError(_("it could not be had in %(num)s tries", num=tries), final=True)
        if last <= time.time() < last + FIRST_WAIT * 4 ** (tries - 1):  # before: the clock was ahead
            raise NotHadError(_("it could not be had, and is tried again later"), final=False)

    def _failed(self, path: Path, said: str) -> NotHadError:
        note = _note(path)
        tries = _tries(note)[0] + 1
        with contextlib.suppress(OSError):  # a full disk: then it is tried more often
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(str(tries), encoding="ascii")
        return NotHadError(said, final=tries >= TRIES)


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.failed")


def _tries(note: Path) -> tuple[int, float]:
    """How often a file was asked for in vain, and when last."""
    try:
        return int(note.read_text(encoding="ascii")), note.stat().st_mtime
    except (OSError, ValueError):
        return 0, 0.0
