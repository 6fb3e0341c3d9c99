"""Members owe hand-ins: how each duty ended, what happened to a member, who comments on whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Three new tables, and a revision's own time; nothing that is there changes."""
    op.add_column("revision", sa.Column("own_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "handin",
        sa.Column("the_class", sa.String(), primary_key=True),
        sa.Column("slot", sa.String(), primary_key=True),
        sa.Column("member", sa.String(), primary_key=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("draft", sa.String(16), nullable=True),
        sa.Column("revision", sa.String(64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("made_up_at", sa.BigInteger(), nullable=True),
        sa.Column("made_up_by", sa.String(16), nullable=True),
        sa.Column("closes", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("ix_handin_member", "handin", ["member", "due"])
    op.create_index("ix_handin_draft", "handin", ["draft"])
    op.create_table(
        "member_standing",
        sa.Column("id", RowId, primary_key=True, autoincrement=True),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("the_class", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("first", sa.String(10), nullable=False),
        sa.Column("last", sa.String(10), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
    )
    op.create_index("ix_member_standing_class", "member_standing", ["the_class", "at"])
    op.create_index("ix_member_standing_member", "member_standing", ["member", "at"])
    op.create_table(
        "comment",
        sa.Column("the_class", sa.String(), primary_key=True),
        sa.Column("slot", sa.String(), primary_key=True),
        sa.Column("reviewer", sa.String(), primary_key=True),
        sa.Column("author", sa.String(), primary_key=True),
        sa.Column("draft", sa.String(16), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.String(), nullable=False),
    )
    op.create_index("ix_comment_reviewer", "comment", ["reviewer", "due"])
    op.create_index("ix_comment_author", "comment", ["author", "due"])
