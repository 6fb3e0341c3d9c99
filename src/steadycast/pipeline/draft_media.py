"""A draft's files: taken in, counted against what its member may keep; pictures from elsewhere, fetched and frozen."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from steadycast.draft import Draft, MediaRef
from steadycast.draft.decoding import shown
from steadycast.draft.named_files import from_elsewhere
from steadycast.errors import WARN, DraftError, InputError, LedgerError, Problem
from steadycast.intake.quota import Quota
from steadycast.intake.reconcile import Change
from steadycast.language import N_, ngettext
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import as_known
from steadycast.render.media import Studio
from steadycast.render.prepared_body import check_cost
from steadycast.schedule.model import Origin

if TYPE_CHECKING:
    from steadycast.intake.download import Budget
    from steadycast.intake.pictures import Made
    from steadycast.outgoing import Fetcher


def with_media(app: App, draft: Draft, *, keep: bool) -> Draft:
    """`draft` with each file that it names: of a kind that is taken, and one that can be opened.

    With `keep` they are copied into var/media. Raises the DraftError of the first that cannot be taken, with its line;
    and that of a body that would cost too much.
    """
    check_cost(draft)
    take = takes_media(app, keep=keep)
    return replace(draft, media=tuple(take(ref) for ref in draft.media))


def takes_media(app: App, *, keep: bool) -> Callable[[MediaRef], MediaRef]:
    """Looks at a file that a draft names, and with `keep` copies it into var/media.

    Raises DraftError where it is of no kind that is taken.
    """
    studio = Studio(app.workspace.media, app.workspace.cache, keep)

    def take(ref: MediaRef) -> MediaRef:
        media = studio.take(ref)
        stored = f"{media.sha256}{PurePosixPath(media.name).suffix}"
        return replace(ref, path=media.path, sha256=media.sha256, size=media.size, stored=stored)

    return take


def keep_media(app: App, path: str, draft: Draft) -> None:
    """Copies the files of a revision into var/media as they were when it was taken in; InputError where one is not."""
    looks, keeps = takes_media(app, keep=False), takes_media(app, keep=True)
    for take, ref in [(take, ref) for take in (looks, keeps) for ref in draft.media]:  # nothing is kept of half a draft
        try:
            take(ref)
        except DraftError as error:
            hint = _("save %(file)s anew, then `steadycast intake`, and look at it again", file=shown(ref.ref))
            raise InputError(
                _("%(path)s cannot be approved: %(why)s", path=path, why=error.message), hint=hint
            ) from None


class Quotas:
    """The quotas of one look; a member's is read when the first file of theirs is taken. The house has none."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._of: dict[str, Quota] = {}

    def take(self, draft: Draft) -> None:
        """Counts the files of a draft; DraftError where they are more than its member may hold."""
        if draft.origin is Origin.UGC and draft.media:
            files = {media.sha256: media.size for media in draft.media}
            self.of(draft.member).take(str(draft.path), files, draft.media[0].line)

    def take_file(self, member: str, file: MediaRef) -> None:
        """Counts one file that was fetched for a member."""
        if member:
            self.of(member).take(file.sha256, {file.sha256: file.size}, file.line)

    def of(self, member: str) -> Quota:
        """One member's."""
        if member not in self._of:
            held: dict[str, Mapping[str, int]] = {}
            with contextlib.suppress(*([LedgerError] if self.app.readonly else [])):  # `check` tells it apart
                held = self._held(member)
            self._of[member] = Quota(member, self.app.workspace.intake.member_media, held)
        return self._of[member]

    def _held(self, member: str) -> dict[str, Mapping[str, int]]:
        """What is in var/media of any revision, and what lies in content/ of those that are there now."""
        if not self.app.has_ledger:
            return {}
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for path, here, media in self.app.ledger.media_of(member):
            for told in media:
                stored = self.app.workspace.media / Path(told["file"]).name
                if stored.is_file():
                    found[""][stored.stem] = stored.stat().st_size
                elif here and "size" in told:
                    found[path][stored.stem] = int(told["size"])
        return dict(found)


def takes_fetched(app: App, quotas: Quotas, member: str) -> Callable[[MediaRef], MediaRef]:
    """As `takes_media`, of files that were fetched for a member, or for the house: they are nowhere else, and kept."""
    take = takes_media(app, keep=not app.readonly)

    def within(ref: MediaRef) -> MediaRef:
        quotas.take_file(member, ref)
        return take(ref)

    return within


# What those of one draft, and of one look, may cost in seconds and bytes; the rest is fetched at the next.
OF_A_DRAFT = (60.0, 256 << 20)
OF_A_LOOK = (180.0, 1 << 30)
STAYS_A_LINK = N_("it stays a link; put the file beside the draft")


@dataclass(frozen=True, slots=True)
class MissingPictures:
    """A draft some of whose pictures are still to be fetched."""

    draft: Draft  # without any of them
    revision: str  # as it was taken in, with those that were at hand


def at_hand(app: App, draft: Draft, quotas: Quotas, lacking: list[MissingPictures] | None = None) -> Draft:
    """`draft` with those of its pictures that are here already; one that lacks some is added to `lacking`."""
    if not from_elsewhere(draft):
        return draft
    made = _made(app, draft, quotas)
    if made.again and lacking is not None:
        lacking.append(MissingPictures(draft, made.draft.revision))
    return made.draft


def bring(app: App, lacking: list[MissingPictures], *, at_once: bool) -> Iterator[tuple[MissingPictures, Made]]:
    """Each with what could be fetched of its pictures; the house's own first."""
    from steadycast.intake.download import Budget
    from steadycast.outgoing import Fetcher

    fetcher, total, quotas = Fetcher(), Budget(*OF_A_LOOK, items=len(lacking)), Quotas(app)
    for one in sorted(lacking, key=lambda each: each.draft.origin is not Origin.PGC):
        own = Budget(*OF_A_DRAFT, items=1, within=total)
        yield one, _made(app, one.draft, quotas, fetcher, own, at_once=at_once)


def changes(app: App, brought: list[tuple[MissingPictures, Made]]) -> tuple[tuple[Change, ...], list[Problem]]:
    """The edits that fetched pictures are, of drafts that nobody changed meanwhile; and what is told of the others."""
    if not brought:
        return (), []
    rows = {row.path: row for row in app.ledger.known_drafts() if row.source == "folder" and row.state != "gone"}
    found, told = [], []
    for one, made in brought:
        path = str(one.draft.path)
        told += [Problem(path, None, said, _(STAYS_A_LINK), severity=WARN) for said in made.missing]
        row = rows.get(path)
        if row and row.revision == one.revision != made.draft.revision:
            found.append(Change(row.id, made.draft, as_known(row), row.held, row.resembles))
    return tuple(found), told


def away(draft: Draft) -> list[Problem]:
    """What `check` says of pictures that are not here, as of now."""
    here = {media.ref for media in draft.media}
    missing = [shown for shown in from_elsewhere(draft) if shown.ref not in here]
    if not missing:
        return []
    said = ngettext(
        "%(num)s picture from elsewhere, not fetched", "%(num)s pictures from elsewhere, not fetched", len(missing)
    )
    hint = _("`steadycast intake` fetches them; what cannot be had stays a link")
    return [Problem(str(draft.path), missing[0].line, said, hint, severity=WARN)]


def _made(
    app: App,
    draft: Draft,
    quotas: Quotas,
    fetcher: Fetcher | None = None,
    budget: Budget | None = None,
    *,
    at_once: bool = False,
) -> Made:
    from steadycast.intake.download import Budget, Downloads
    from steadycast.intake.pictures import with_pictures

    folder = app.workspace.cache / "pictures"
    nothing = Budget(0, 0, items=0)  # what is not at hand is not asked for
    take = takes_fetched(app, quotas, draft.member)
    return with_pictures(draft, Downloads(folder, fetcher, budget or nothing, take, at_once=at_once))
