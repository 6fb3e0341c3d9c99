"""What went out is read from one index, in order of drafts: planning asks for all of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index has more columns; no row changes."""
    out = sa.text(
        "draft IS NOT NULL AND state IN ('sending', 'unknown', 'handed', 'published', 'seen', 'confirmed', 'withdrawn')"
    )
    told = ["draft", "slot", "series", "at", "origin", "member"]
    op.drop_index("ix_delivery_out", "delivery")
    op.create_index("ix_delivery_out", "delivery", told, sqlite_where=out, postgresql_where=out)
