"""Frozen posts are compressed once they are old; those that are there, some at each look back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column and an index of what is still to be done; no post is touched, however many there are."""
    op.add_column("frozen", sa.Column("packed", sa.Boolean(), nullable=False, server_default=sa.false()))
    plain = sa.text("NOT packed")
    op.create_index("ix_frozen_plain", "frozen", ["at"], sqlite_where=plain, postgresql_where=plain)
