"""What the desk's pages ask of many drafts and deliveries is read from indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Indexes only; no row changes."""
    out = sa.text(
        "draft IS NOT NULL AND state IN ('sending', 'unknown', 'handed', 'published', 'seen', 'confirmed', 'withdrawn')"
    )
    freed = sa.text("state IN ('missed', 'cancelled', 'excused')")
    op.create_index("ix_delivery_out", "delivery", ["draft"], sqlite_where=out, postgresql_where=out)
    op.create_index("ix_delivery_freed", "delivery", ["slot"], sqlite_where=freed, postgresql_where=freed)
    open_ = sa.text("verdict = ''")
    op.create_index("ix_delivery_open", "delivery", ["state", "at"], sqlite_where=open_, postgresql_where=open_)
    op.create_index("ix_draft_given", "draft", ["origin", "member", "first_seen", "state"])
