"""What pages ask of many drafts and many weeks has rows of its own: no list reads texts, no record counts all again."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
BATCH = 1000


def upgrade() -> None:
    """New tables, one of them filled from the newest revision of every draft, and an index of what is in stock."""
    label = op.create_table(
        "draft_label",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("draft", sa.String(16), sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("ix_draft_label_draft", "draft_label", ["draft"])
    there = sa.text("approved_revision IS NOT NULL")
    op.create_index("ix_draft_approved", "draft", ["approved_at", "path"], sqlite_where=there, postgresql_where=there)
    op.create_table(
        "record_week",
        sa.Column("monday", sa.String(10), primary_key=True),
        sa.Column("counts", sa.Text(), nullable=False),
    )
    rows: list[dict[str, str]] = []
    for row in _labels(op.get_bind()):
        rows.append(row)
        if len(rows) == BATCH:
            op.bulk_insert(label, rows)
            rows = []
    op.bulk_insert(label, rows)


def _labels(connection: sa.Connection) -> Iterator[dict[str, str]]:
    draft = sa.table("draft", sa.column("id"), sa.column("revision"))
    revisions = sa.table("revision", sa.column("hash"), sa.column("draft"), sa.column("content", sa.JSON))
    content, here = revisions.c.content, (revisions.c.draft == draft.c.id) & (revisions.c.hash == draft.c.revision)
    query = sa.select(draft.c.id, content["tags"], content["series"], content["language"]).join_from(
        draft, revisions, here
    )
    for id, tags, series, language in connection.execute(query).all():
        found = {("tag", tag) for tag in tags or ()} | {("series", name) for name in series or ()}
        named = {(kind, name.casefold()[:100]) for kind, name in (*found, ("language", language or ""))}
        yield from ({"kind": kind, "name": name, "draft": id} for kind, name in named)
