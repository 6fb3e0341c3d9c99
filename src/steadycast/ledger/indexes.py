"""The tables' indexes, and what is unique in them: for who makes a migration, or holds a ledger against the tables.

They stand apart because an index over some rows loads both databases' dialects, and no statement needs an index's name.
"""

from __future__ import annotations

from sqlalchemy import Index, MetaData, Table, UniqueConstraint, text
from sqlalchemy.schema import SchemaItem

from steadycast.ledger.rows import METADATA
from steadycast.ledger.tables import IN_STOCK, IS_FREED, IS_OPEN, IS_OUT, STANDS, WAITS


def indexed() -> MetaData:
    """Every table with all that a ledger has of it."""
    for name, items in _items().items():
        if not METADATA.tables[name].info.setdefault("indexed", False):
            Table(name, METADATA, *items, extend_existing=True, info={"indexed": True})
    return METADATA


def _items() -> dict[str, tuple[SchemaItem, ...]]:
    return {
        "draft": (
            Index("ix_draft_given", "origin", "member", "first_seen", "state"),
            # The oldest in stock are asked for, a few at a time.
            Index(
                "ix_draft_approved", "approved_at", "path", sqlite_where=text(IN_STOCK), postgresql_where=text(IN_STOCK)
            ),
        ),
        "feed_item": (Index("ix_feed_item_link", "feed", "link"), Index("ix_feed_item_hash", "feed", "content_hash")),
        "slot": (Index("ix_slot_series_at", "series", "at"), Index("ix_slot_at", "at")),
        "delivery": (
            UniqueConstraint("slot", "channel", name="uq_delivery_slot_channel"),
            UniqueConstraint("channel", "marker", name="uq_delivery_channel_marker"),
            # What is due now is a handful among a million: the index holds only rows that still want something.
            Index(
                "ix_delivery_wake",
                "wake",
                sqlite_where=text("wake IS NOT NULL"),
                postgresql_where=text("wake IS NOT NULL"),
            ),
            # Whether a draft is out, and which slots gave theirs back, is asked of every draft.
            Index("ix_delivery_out", "draft", sqlite_where=text(IS_OUT), postgresql_where=text(IS_OUT)),
            Index("ix_delivery_freed", "slot", sqlite_where=text(IS_FREED), postgresql_where=text(IS_FREED)),
            # What is not decided yet: few, but for what is planned.
            Index("ix_delivery_open", "state", "at", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
            # The record is one pass over this.
            Index("ix_delivery_record", "channel", "at", "verdict", "finished", "series", "origin", "member"),
        ),
        "event": (Index("ix_event_delivery", "delivery"),),
        "session": (Index("ix_session_person", "person"),),
        "api_token": (Index("ix_api_token_person", "person"),),
        "ask": (
            # Two editors who ask at once: the second is told.
            Index("uq_ask_standing", "slot", unique=True, sqlite_where=text(STANDS), postgresql_where=text(STANDS)),
            Index("ix_ask_at", "at"),
            Index("ix_ask_member", "member", "at"),
            Index("ix_ask_slot", "slot"),
        ),
        "publish_request": (
            Index(
                "uq_publish_request_open", "slot", unique=True, sqlite_where=text(WAITS), postgresql_where=text(WAITS)
            ),
            Index("ix_publish_request_state", "state", "at"),
        ),
        "arrival": (Index("ix_arrival_day", "day"),),
        "handin": (Index("ix_handin_member", "member", "due"), Index("ix_handin_draft", "draft")),
        "member_standing": (
            Index("ix_member_standing_class", "the_class", "at"),
            Index("ix_member_standing_member", "member", "at"),
        ),
        "comment": (
            Index("ix_comment_reviewer", "reviewer", "due"),
            Index("ix_comment_author", "author", "due"),
        ),
    }
