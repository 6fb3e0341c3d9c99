"""What platforms that speak to an API need: a step's value is JSON, and a channel remembers things of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


QUOTE = {
    "sqlite": "UPDATE step SET value = json_quote(value) WHERE value IS NOT NULL",
    "postgresql": "UPDATE step SET value = CAST(to_json(value) AS text) WHERE value IS NOT NULL",
}


def upgrade() -> None:
    """Old values become JSON strings: a thread that was begun before the upgrade goes on after its last part."""
    op.execute("ALTER TABLE step RENAME COLUMN remote_id TO value")
    op.execute(QUOTE[op.get_bind().dialect.name])
    op.create_table(
        "channel_state",
        sa.Column("channel", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
    )
