"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.BigInteger()  # microseconds since 1970 UTC
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("opened", INSTANT, nullable=False),
        sa.Column("sent", INSTANT, nullable=True),
        sa.Column("closed", INSTANT, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.Column("changed", INSTANT, nullable=False),
        sa.Column("approved_revision", sa.String(64), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_draft_path", "draft", ["path"], unique=False)
    op.create_index("ix_draft_revision", "draft", ["revision"], unique=False)
    op.create_index("ix_draft_state", "draft", ["state"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("delivery", sa.BigInteger(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_event_delivery", "event", ["delivery"], unique=False)
    op.create_table(
        "feed",
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("modified", sa.String(), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ok", INSTANT, nullable=True),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "feed_item",
        sa.Column("feed", sa.String(16), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("draft", sa.String(16), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("feed", "guid"),
    )
    op.create_index("ix_feed_item_hash", "feed_item", ["feed", "content_hash"], unique=False)
    op.create_index("ix_feed_item_link", "feed_item", ["feed", "link"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "problem",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("mend", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
    op.create_table(
        "slot",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("draft", sa.String(16), nullable=True),
        sa.Column("filled", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("excused", sa.String(), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_slot_at", "slot", ["at"], unique=False)
    op.create_index("ix_slot_draft", "slot", ["draft"], unique=False)
    op.create_index("ix_slot_series_at", "slot", ["series", "at"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("grace", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wake", INSTANT, nullable=True),
        sa.Column("marker", sa.String(13), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("lease", INSTANT, nullable=True),
        sa.Column("deadline", INSTANT, nullable=True),
        sa.Column("draft", sa.String(16), nullable=True),
        sa.Column("revision", sa.String(64), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("frozen", sa.String(64), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("finished", INSTANT, nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slot.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "marker", name="uq_delivery_channel_marker"),
        sa.UniqueConstraint("slot", "channel", name="uq_delivery_slot_channel"),
    )
    op.create_index(
        "ix_delivery_record",
        "delivery",
        ["channel", "at", "verdict", "finished", "series", "origin", "member"],
        unique=False,
    )
    op.create_index(
        "ix_delivery_wake",
        "delivery",
        ["wake"],
        unique=False,
        sqlite_where=sa.text("wake IS NOT NULL"),
        postgresql_where=sa.text("wake IS NOT NULL"),
    )
    op.create_table(
        "revision",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("draft", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["draft.id"]),
        sa.PrimaryKeyConstraint("hash", "draft"),
    )
    op.create_table(
        "frozen",
        sa.Column("delivery", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("post", sa.LargeBinary(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sa.PrimaryKeyConstraint("delivery"),
    )
    op.create_table(
        "receipt",
        sa.Column("delivery", sa.BigInteger(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sa.PrimaryKeyConstraint("delivery"),
    )
    op.create_table(
        "step",
        sa.Column("delivery", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("begun", INSTANT, nullable=False),
        sa.Column("remote_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sa.PrimaryKeyConstraint("delivery", "name"),
    )
