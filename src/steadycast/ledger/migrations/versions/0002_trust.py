"""What the ledger has to remember of clocks, promises and drafts, beside the rows of the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is rewritten: every column that is added here has a default that means "as before"."""
    op.add_column("feed_item", sa.Column("published", sa.BigInteger(), nullable=True))
    op.add_column("feed_item", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("draft", sa.Column("held", sa.String(), nullable=False, server_default=""))
    op.add_column("draft", sa.Column("resembles", sa.String(), nullable=False, server_default=""))
    op.add_column("draft", sa.Column("published_before", sa.BigInteger(), nullable=True))
