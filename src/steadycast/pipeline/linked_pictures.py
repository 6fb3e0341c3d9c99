"""Pictures from elsewhere that drafts in content/ show: fetched while nobody waits, and frozen with their draft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steadycast.draft import Draft
from steadycast.draft.elsewhere import from_elsewhere
from steadycast.errors import WARN, Problem
from steadycast.intake.reconcile import Change
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import as_known
from steadycast.pipeline.drafts import takes_fetched
from steadycast.pipeline.member_quotas import Quotas
from steadycast.schedule.model import Origin

if TYPE_CHECKING:
    from steadycast.intake.download import Budget
    from steadycast.intake.pictures import Made
    from steadycast.outgoing import Fetcher

# What those of one draft, and of one look, may cost in seconds and bytes; the rest is fetched at the next.
OF_A_DRAFT = (60.0, 256 << 20)
OF_A_LOOK = (180.0, 1 << 30)
STAYS_A_LINK = "it stays a link; put the file beside the draft"


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
    rows = {row.path: row for row in app.ledger.drafts() if row.source == "folder" and row.state != "gone"}
    found, told = [], []
    for one, made in brought:
        path = str(one.draft.path)
        told += [Problem(path, None, said, STAYS_A_LINK, severity=WARN) for said in made.missing]
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
    said = f"{len(missing)} picture{'s' if len(missing) > 1 else ''} from elsewhere, not fetched"
    hint = "`steadycast intake` fetches them; what cannot be had stays a link"
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
