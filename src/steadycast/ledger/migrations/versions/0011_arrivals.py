"""Who came, counted by day and source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; nothing that is there changes."""
    op.create_table(
        "arrival",
        sa.Column("counter", sa.String(), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("medium", sa.String(), primary_key=True),
        sa.Column("campaign", sa.String(), primary_key=True),
        sa.Column("content", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_arrival_day", "arrival", ["day"])
