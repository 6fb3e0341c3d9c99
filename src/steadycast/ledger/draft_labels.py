"""Tags, series and language that a draft's newest revision names: what it is found by that is no column of it.

They stand in rows of their own, so that a list that asks for one of them reads an index, and not every draft's text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from steadycast.ledger.connection import among, chunks, table

DRAFT, REVISION, LABEL = table("draft"), table("revision"), table("draft_label")
KINDS = {"tag": "tags", "series": "series", "language": "language"}  # and where a revision's content has it
LONGEST = 100  # characters of one


def labelled(kind: str, names: Iterable[str]) -> ColumnElement[bool]:
    """Whether a draft has one of these as its tag, series or language; upper case or lower is the same.

    The language of a draft that names none is "".
    """
    c = LABEL.c
    return DRAFT.c.id.in_(select(c.draft).where(c.kind == kind, c.name.in_(sorted({*map(_folded, names)}))))


def note_labels(connection: Connection, drafts: Collection[str]) -> None:
    """Have the labels of these drafts as their newest revisions have them, in the transaction that changes those."""
    for ids in chunks(drafts):
        connection.execute(delete(LABEL).where(LABEL.c.draft.in_(ids)))
    here = (REVISION.c.draft == DRAFT.c.id) & (REVISION.c.hash == DRAFT.c.revision)
    query = select(DRAFT.c.id, *(REVISION.c.content[key] for key in KINDS.values())).join(REVISION, here)
    for batch in chunks(labels for row in among(connection, query, DRAFT.c.id, drafts) for labels in _labels(*row)):
        connection.execute(insert(LABEL), batch)


def _labels(draft: str, *told: Any) -> Iterable[dict[str, str]]:
    for kind, words in zip(KINDS, told, strict=True):
        said = [words or ""] if kind == "language" else words or ()
        yield from ({"kind": kind, "name": name, "draft": draft} for name in {*map(_folded, said)})


def _folded(name: str) -> str:
    return name.casefold()[:LONGEST]
