"""Pictures that a draft shows from elsewhere, brought home: no reader of a letter is counted by somebody's server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from steadycast.draft import Draft, MediaRef
from steadycast.draft.named_files import from_elsewhere
from steadycast.intake.download import MAX_PICTURE, Downloads, NotHadError
from steadycast.language import gettext as _

MOST = 100  # of one draft; what is more stays a link
SECONDS = 20.0  # for one


@dataclass(frozen=True, slots=True)
class Made:
    """A draft with what could be had of its files, what could not be, and whether some of that is tried again."""

    draft: Draft
    missing: tuple[str, ...] = ()
    again: bool = False


def with_pictures(draft: Draft, downloads: Downloads) -> Made:
    """`draft` with its pictures from elsewhere among its media."""
    found, missing, again = [], [], False
    for shown in from_elsewhere(draft)[:MOST]:
        wanted = MediaRef("image", shown.ref, Path(), shown.alt, shown.line)
        try:
            found.append(downloads.get(wanted, _name(shown.ref), most=MAX_PICTURE, seconds=SECONDS))
        except NotHadError as error:
            missing.append(_("line %(line)s: a picture from elsewhere: %(why)s", line=shown.line, why=error))
            again = again or not error.final
    if not found:
        return Made(draft, tuple(missing), again)
    revision = hashlib.sha256("\n".join([draft.revision, *(f"{m.ref} {m.sha256}" for m in found)]).encode()).hexdigest()
    return Made(replace(draft, media=(*draft.media, *found), revision=revision), tuple(missing), again)


def _name(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:32]
