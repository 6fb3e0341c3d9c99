"""What the ledger remembers of drafts, for telling them apart; and which of them wait to be told apart by a person."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from steadycast.intake.reconcile import COPY, DOUBTFUL, Known, Memory
from steadycast.intake.similar import Text
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline.desk import Desk
from steadycast.pipeline.results import Problem, many

ARCHIVE = "archive"


def as_known(row: DraftRow) -> Known:
    """A draft's row, as much of it as tells it from others."""
    gone = row.state == "gone"
    return Known(row.id, PurePosixPath(row.path), row.revision, gone, row.title, row.held, row.resembles)


def memory(desk: Desk) -> Memory:
    """The ledger, asked only where drafts have to be told apart."""

    def texts(rows: Collection[Known]) -> dict[str, Text]:
        named = [(row.id, row.revision) for row in rows]
        return {
            id: Text.of(
                content["title"], content["body"], ((m["role"], Path(m["file"]).stem) for m in content["media"])
            )
            for id, content in desk.ledger.texts(named)
        }

    return Memory(lambda: used(desk), texts, desk.ledger.had)


def used(desk: Desk) -> dict[str, dt.datetime]:
    """When each draft went out last, that did."""
    return {past.draft: past.at for past in desk.ledger.used()}


def held(desk: Desk) -> list[Problem]:
    """What waits for a person: each copy and each doubtful draft with the other one's name; an archive in one line."""
    rows = {row.id: row for row in desk.ledger.drafts()}
    waiting = [row for row in rows.values() if row.state in {COPY, DOUBTFUL}]
    went_out = used(desk) if waiting else {}
    found = [_named(desk, row, rows.get(row.resembles), went_out) for row in waiting]
    return found + _archives(desk, [row for row in rows.values() if row.state == ARCHIVE])


def _named(desk: Desk, row: DraftRow, other: DraftRow | None, used: dict[str, dt.datetime]) -> Problem:
    name = other.path if other else "a draft that is no longer known"
    out = used.get(row.resembles)
    day = f", which went out on {out.astimezone(desk.workspace.community.zone):%Y-%m-%d}" if out else ""
    if row.state == DOUBTFUL:
        mend = f"a new one: `steadycast approve {row.id}`; the same: `steadycast reject {row.id}`, or remove the file"
        return Problem(row.path, None, f"looks like {name}{day}", mend)
    gone = ", which is gone" if other is not None and other.state == "gone" and not out else ""
    mend = f"remove one of the two; `steadycast approve {row.id}` makes it a draft of its own"
    return Problem(row.path, None, f"is a copy of {name}{day}{gone}", mend)


def _archives(desk: Desk, rows: list[DraftRow]) -> list[Problem]:
    """One line for all that came in at once and is old, and the commands that decide."""
    if not rows:
        return []
    folders: dict[str, int] = defaultdict(int)
    for row in rows:
        folders[row.path.partition("/")[0]] += 1
    days = desk.workspace.intake.archive_after.days
    said = f"{many(len(rows), 'old draft')} came at once, dated more than {days} days back: held as archive"
    where = max(folders, key=lambda folder: folders[folder])
    series = next(iter(desk.workspace.series), "SERIES")
    mend = (
        f"published before: `steadycast backfill {desk.workspace.content.name}/{where} --series {series}`; "
        "to publish now: `steadycast approve --archive`; neither: `steadycast reject --all --before DATE`"
    )
    return [Problem(f"{where}/", None, said, mend)]
