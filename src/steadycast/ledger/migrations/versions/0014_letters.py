"""How long a revision's text is, as classes count it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column; nothing that is there changes."""
    op.add_column("revision", sa.Column("letters", sa.Integer(), nullable=True))
