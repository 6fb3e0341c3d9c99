"""Which series a change concerns: an editor of named series may do what concerns these alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import PurePosixPath

from steadycast.pipeline.app import App
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.frozen_draft import to_stock
from steadycast.pipeline.permissions import Act, Person, may, may_write
from steadycast.schedule.stock import suits

LONGEST = 19  # digits of a number that a database can be asked for


def series_of_slot(id: str) -> set[str]:
    """The series of a slot, by its id."""
    return {id.partition("@")[0]}


def series_of_draft(app: App, id_or_path: str) -> set[str]:
    """The series that could carry a draft as it is now: those that it names, else all that its form suits."""
    row = find_draft(app, id_or_path)
    item, newest = to_stock(row, None, app.workspace.pin), read(app, row.id, row.revision)
    if newest is not None:
        item = replace(item, series=tuple(newest.series), form=newest.form)
    return {series.name for series in app.workspace.series.values() if suits(series, item)}


def waits(app: App, member: str) -> bool:
    """Whether what this member writes ("": the house) goes nowhere before a person has approved it."""
    given = app.workspace.members.get(member)
    return not (given and given.trusted) if member else app.workspace.intake.approve_pgc


def may_write_file(
    app: App, person: Person, series: Collection[str], *, member: str = "", path: PurePosixPath | None = None
) -> bool:
    """Whether a person may write a draft that will concern these series: a new one of a member, or the file at `path`.

    One that is there is an editor's of named series to write as it is theirs to decide on: it leaves no others' series.
    """
    at = path.parts if path else ()
    member = member if not at else at[1] if at[0] == "ugc" and len(at) > 1 else ""
    free = waits(app, member)
    if not may_write(person, member, series, waits=free):
        return False
    own = not at or not person.is_limited or (free and member == person.name)
    return own or _decides(app, person, str(path))


def _decides(app: App, person: Person, path: str) -> bool:
    """Whether this person decides on the draft of a file; on one that was not taken in yet, nobody can tell."""
    row = app.ledger.draft(path)
    return row is not None and may(person, Act.DECIDE, series_of_draft(app, row.id))


def series_of_delivery(app: App, marker: str) -> set[str]:
    """The series of a delivery, by its marker; none where there is no such delivery."""
    row = app.ledger.delivery_of(marker.strip().lower())
    return {row.series} if row else set()


def series_of_ask(app: App, id: str) -> set[str]:
    """The series of the slot that a member is asked for; none where nobody is asked so."""
    row = app.ledger.ask(int(id)) if id.isascii() and id.isdecimal() and len(id) < LONGEST else None
    return {row.series} if row else set()


def series_of_request(app: App, id: str) -> set[str]:
    """The series of the slot that a person is asked to publish; none where nobody asked so."""
    row = app.ledger.publish_request(int(id)) if id.isascii() and id.isdecimal() and len(id) < LONGEST else None
    return {row.series} if row else set()
