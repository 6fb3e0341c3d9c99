"""A member is asked to write for a slot: who, by when, and what they answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table; nothing that is there changes."""
    op.create_table(
        "ask",
        sa.Column("id", RowId, primary_key=True, autoincrement=True),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=True),
        sa.Column("draft", sa.String(16), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
    )
    standing = sa.text("state IN ('open', 'taken')")
    op.create_index("uq_ask_standing", "ask", ["slot"], unique=True, sqlite_where=standing, postgresql_where=standing)
    op.create_index("ix_ask_at", "ask", ["at"])
    op.create_index("ix_ask_member", "ask", ["member", "at"])
    op.create_index("ix_ask_slot", "ask", ["slot"])
    op.create_index("ix_ask_draft", "ask", ["draft"])
