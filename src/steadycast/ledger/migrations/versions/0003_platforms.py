"""What platforms that speak to an API need: a step's value is JSON, and a channel remembers things of its own."""

from __future__ import annotations

from pathlib import PurePath

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
    op.execute("ALTER TABLE problem RENAME COLUMN mend TO hint")
    _name_pages(op.get_bind())
    op.create_table(
        "channel_state",
        sa.Column("channel", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
    )


def _name_pages(connection: sa.Connection) -> None:
    """A kit that waits names its page as receipts do now: by its path below the channel's folder."""
    receipt = sa.table("receipt", sa.column("delivery"), sa.column("detail", sa.JSON()))
    delivery = sa.table("delivery", sa.column("id"), sa.column("state"))
    waiting = sa.select(delivery.c.id).where(delivery.c.state == "handed")
    for id, detail in connection.execute(sa.select(receipt).where(receipt.c.delivery.in_(waiting))).all():
        if detail.get("path") and detail.get("page"):
            named = {"page": f"{PurePath(detail['path']).name}/{detail['page']}"}
            connection.execute(receipt.update().where(receipt.c.delivery == id).values(detail=named))
