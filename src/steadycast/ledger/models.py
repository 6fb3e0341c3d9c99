"""The ledger's tables as SQLModel models, with their indexes and what is unique in them.

They are for who makes a migration, holds a ledger against its tables, or reads one as objects. Commands go without: a
mapper takes longer to load than all that they do, and an index over some rows loads both databases' dialects.

    from sqlmodel import Session, create_engine, select
    from steadycast.ledger.models import model
    from steadycast.ledger.tables import DraftRow

    Draft = model(DraftRow)
    with Session(create_engine("sqlite:///file:var/ledger.sqlite?mode=ro&uri=true")) as session:
        waiting = session.exec(select(Draft).where(Draft.state == "waiting")).all()

Only read: what may be written when, and what is told of it, is the ledger's to say.
"""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import JSON, Index, MetaData, UniqueConstraint, text
from sqlalchemy.schema import SchemaItem
from sqlmodel import Field, SQLModel
from sqlmodel.main import SQLModelMetaclass

from steadycast.ledger.rows import METADATA, REQUIRED, Instant, TableRow
from steadycast.ledger.tables import IN_STOCK, IS_FREED, IS_OPEN, IS_OUT, PLAIN, STANDS, WAITS


def model(row: type[TableRow]) -> Any:
    """The SQLModel model of a row's class: the same columns, read from the same fields."""
    return _models()[row.__tablename__]


def metadata() -> MetaData:
    """Every table with all that a ledger has of it."""
    _models()
    return SQLModel.metadata


@functools.cache
def _models() -> dict[str, Any]:
    return {row.__tablename__: _model(row) for row in TableRow.__subclasses__()}


def _model(row: type[TableRow]) -> Any:
    name = row.__tablename__
    body = {
        "__module__": row.__module__,  # where its types' names are known
        "__doc__": row.__doc__,
        "__annotations__": dict(row.__annotations__),
        "__tablename__": name,
        "__table_args__": _items().get(name, ()),
        **{field: _field(row, field) for field in row.model_fields},
    }
    return SQLModelMetaclass(row.__name__, (SQLModel,), body, table=True)


def _field(row: type[TableRow], name: str) -> Any:
    """A field as SQLModel takes it. Only of those types that it does not know itself is the column's said."""
    said, kind = row.model_fields[name], METADATA.tables[row.__tablename__].c[name].type
    given: dict[str, Any] = {
        "primary_key": said.primary_key,
        "index": said.index,
        "max_length": said.max_length,
        "foreign_key": said.foreign_key,
        "ondelete": said.ondelete,
        "sa_type": said.sa_type or (kind if type(kind) in (Instant, JSON) else None),
        "default_factory": said.default_factory,
    }
    default = {} if said.default is REQUIRED else {"default": said.default}
    return Field(**{key: value for key, value in given.items() if value}, **default)


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
            # Whether a draft is out, and which slots gave theirs back, is asked of every draft. What a plan asks of all
            # that went out stands in the index, so that no row is looked up.
            Index(
                "ix_delivery_out",
                "draft",
                "slot",
                "series",
                "at",
                "origin",
                "member",
                sqlite_where=text(IS_OUT),
                postgresql_where=text(IS_OUT),
            ),
            Index("ix_delivery_freed", "slot", sqlite_where=text(IS_FREED), postgresql_where=text(IS_FREED)),
            # What is not decided yet: few, but for what is planned.
            Index("ix_delivery_open", "state", "at", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
            # The record is one pass over this.
            Index("ix_delivery_record", "channel", "at", "verdict", "finished", "series", "origin", "member"),
        ),
        # What is to be compressed is a handful among all that were ever sent.
        "frozen": (Index("ix_frozen_plain", "at", sqlite_where=text(PLAIN), postgresql_where=text(PLAIN)),),
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
