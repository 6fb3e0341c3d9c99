"""The far side brought to the state of the folder: what changed goes there, and what is gone of ours is taken away."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from steadycast.crash_safety import crashpoints, send_window
from steadycast.errors import Busy, Refused
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.upload.far import Far, Until
from steadycast.upload.folder import LocalFolder
from steadycast.upload.manifest import LIST, Manifest, chunks, owned

FILES, BYTES = 200, 32_000_000  # of one portion
ALL = 10**15
LEAST = 5.0  # seconds that have to be left for one more portion
SPARE = 1.0  # seconds of the turn, after an upload has been given up


@dataclass(frozen=True, slots=True)
class Synced:
    """What one upload did."""

    sent: int = 0
    removed: int = 0


def until(within: float) -> Until:
    """The end of what may take `within` seconds, and no longer than this attempt's turn."""
    return Until(time.monotonic() + max(0.0, min(within, send_window.left() - SPARE)))


def far_manifest(far: Far, owner: str, place: str, within: float) -> Manifest | None:
    """What we have on the far side, None where nothing ever was; Refused where the place is another's."""
    return owned(far.read(until(within)), owner, place)


def sync(  # noqa: PLR0917 all of one upload
    folder: LocalFolder,
    far: Far,
    owner: str,
    place: str,
    pages: frozenset[str],
    within: float,
    *,
    overwrite: bool,
    there: Callable[[frozenset[str]], Collection[str]] = frozenset,
) -> Synced:
    """Make the far side be as the folder; nothing is sent where it is that already.

    `pages` are the posts' own pages. Raises Busy where `within` seconds are not enough: the next upload goes on there.
    Without `overwrite`, Refused where the first upload would replace a file that others put there. `there` says which
    of these posts are out, or may be: Busy where the folder has lost one, so that no readers lose it too.
    """
    end = until(within)
    want = Manifest(owner, folder.files, folder.posts)
    have = owned(far.read(end), owner, place)
    if have == want:
        return Synced()
    if have is None and not overwrite:
        _only_ours(folder, far, place, end)
    if have and (lost := there(frozenset(have.posts.keys() - want.posts.keys()))):
        said = _(
            "the folder here lacks %(num)s posts that are out, or may be: `verify` looks, and makes them", num=len(lost)
        )
        raise Busy(said)
    have = have or Manifest(owner)
    files, size = (len(want.files) + 1, ALL) if far.whole else (FILES, BYTES)
    total = sum(have.files.get(name) != digest for name, digest in want.files.items())
    sent = removed = 0
    for chunk in chunks(have, want, folder.sizes, pages, files, size):
        if sent and end.left < LEAST:
            said = _(
                "%(num)s of %(all)s files are uploaded, and it goes on there; `within` says how long it may take",
                num=sent,
                all=total,
            )
            raise Busy(said)
        send_window.begun(end.at)
        crashpoints.checkpoint("upload-portion")
        try:
            with send_window.held():
                far.apply(chunk, end)
        except TimeoutError:
            raise Busy(_("too little of its turn was left to send it")) from None
        crashpoints.checkpoint("upload-portion-there")
        sent += len(chunk.new) + len(chunk.changed)
        removed += len(chunk.gone)
    return Synced(sent, removed)


def _only_ours(folder: LocalFolder, far: Far, place: str, end: Until) -> None:
    """Refused where files at the top of the far folder, which others put there, would be replaced."""
    names = sorted(far.taken({name for name in folder.files if "/" not in name}, end) - {LIST})
    if names:
        said = _(
            "%(place)s holds files that Steadycast did not put there: %(files)s. Choose an empty folder, or set "
            "overwrite = true to replace them",
            place=place,
            files=listed(names[:5]),
        )
        raise Refused(said)
