"""A program asks a person to publish a slot ahead of its hour, and what the person said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table; nothing that is there changes."""
    op.create_table(
        "publish_request",
        sa.Column("id", RowId, primary_key=True, autoincrement=True),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("draft", sa.String(16), nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_publish_request_open", "publish_request", ["slot"], unique=True, sqlite_where=is_open,
        postgresql_where=is_open,
    )  # fmt: skip
    op.create_index("ix_publish_request_state", "publish_request", ["state", "at"])
