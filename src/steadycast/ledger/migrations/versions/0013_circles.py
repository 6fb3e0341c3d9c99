"""Which community a draft is shared by, where it is another's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column; what is there is this community's own."""
    op.add_column("draft", sa.Column("circle", sa.String(), nullable=False, server_default=""))
