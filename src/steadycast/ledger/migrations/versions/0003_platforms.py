"""What platforms that speak to an API need: a step's value is JSON, where it was one plain string."""

from __future__ import annotations

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
