"""The last rung of the ladder: a digest of what went out lately, for a slot that nothing else fills."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from steadycast.errors import SteadycastError
from steadycast.ledger.intake import UNLISTED
from steadycast.ledger.tables import DONE, DraftRow, RevisionRow
from steadycast.pipeline.app import App
from steadycast.schedule.model import Assignment, Slot
from steadycast.schedule.reserve import DIGEST_FEWEST, DIGEST_OF

if TYPE_CHECKING:
    from steadycast.draft import Draft

PREFIX = "digest:"
TEMPLATE = "digest"
MOST = 12  # items


def write(app: App, now: dt.datetime, slots: Iterable[Slot], chosen: Iterable[Assignment]) -> list[Assignment]:
    """`chosen` with each asked-for digest written as a draft of the house; without, where too little went out."""
    by_id = {s.id: s for s in slots}
    told = []
    for assignment in chosen:
        if not assignment.draft.startswith(PREFIX):
            told.append(assignment)
            continue
        draft = _compose(app, now, by_id[assignment.slot])
        if draft is not None:
            told.append(replace(assignment, draft=_keep(app, now, draft, assignment.slot)))
    return told


def _compose(app: App, now: dt.datetime, slot: Slot) -> Draft | None:
    from steadycast.draft import revision_of
    from steadycast.pipeline.house_texts import house_text

    items = _lately(app, now, slot.series)
    if len(items) < DIGEST_FEWEST:
        return None
    day = slot.day.isoformat()
    values = {"day": day, "items": [{"title": title, "url": url} for title, url in items]}
    try:
        draft = _read(app, now, house_text(app, TEMPLATE, values))
    except SteadycastError as error:  # a slip in the community's own template empties no slot
        logging.getLogger(__name__).warning("%s", error)
        draft = _read(app, now, house_text(app, TEMPLATE, values, bundled=True))
    path = PurePosixPath("digest", slot.series, f"{day}.md")
    draft = replace(draft, path=path, language=app.workspace.community.language, date=now)
    return replace(draft, revision=revision_of(draft, {"date"}))


def _read(app: App, now: dt.datetime, raw: bytes) -> Draft:
    return app.reader.draft(raw, PurePosixPath("pgc", "digest.md"), now)


def _lately(app: App, now: dt.datetime, series: str) -> list[tuple[str, str]]:
    """(title, URL) of each draft that went out, the newest last; the URL is the first channel's that has one."""
    titles = {row.id: row.title for row in app.ledger.drafts() if row.source not in UNLISTED}
    sent = app.ledger.deliveries(states=DONE, after=now - DIGEST_OF, before=now)
    urls: dict[str, str] = {}
    for delivery in sent:
        if delivery.series == series and delivery.draft in titles:
            urls[delivery.draft] = urls.get(delivery.draft) or delivery.url
    return [(titles[draft], url) for draft, url in urls.items()][-MOST:]


def _keep(app: App, now: dt.datetime, draft: Draft, slot: str) -> str:
    from steadycast.pipeline.frozen_draft import draft_id, to_content, to_plan

    id_ = draft_id(PREFIX, slot)
    row = DraftRow(
        id=id_,
        path=str(draft.path),
        source="digest",
        origin=draft.origin,
        form=draft.form,
        title=draft.title,
        revision=draft.revision,
        state="approved",
        first_seen=now,
        changed=now,
        approved_revision=draft.revision,
        approved_at=now,
        approved_by="on arrival",
        plan=to_plan(draft, app.workspace.community.zone) | {"slot": slot},
    )
    app.ledger.put_drafts(
        [row], [RevisionRow(hash=draft.revision, draft=id_, at=now, content=to_content(draft, app.workspace.content))]
    )
    return id_
