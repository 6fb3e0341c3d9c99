"""What is remembered of members' feeds: the last look at each, and every item that was ever seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select, update

from steadycast.ledger.connection import Database, rows_of, table, upsert
from steadycast.ledger.intake import values
from steadycast.ledger.tables import FeedItemRow, FeedRow

FEED = table("feed")
FEED_ITEM = table("feed_item")


def feeds(db: Database) -> list[FeedRow]:
    """What is remembered of each feed."""
    return rows_of(db, FeedRow, select(FEED).order_by(FEED.c.member, FEED.c.key))


def put_feeds(db: Database, feeds: Iterable[FeedRow]) -> None:
    """Keep what the last look at each feed told."""
    fields = [name for name in FeedRow.model_fields if name != "key"]
    with db.write() as connection:
        upsert(connection, FEED, values(feeds), fields)


def feed_items(db: Database, feed: str) -> list[FeedItemRow]:
    """Every item ever seen of one feed."""
    return rows_of(db, FeedItemRow, select(FEED_ITEM).where(FEED_ITEM.c.feed == feed))


def put_feed_items(db: Database, items: Sequence[FeedItemRow]) -> int:
    """Remember new items once for ever; those known already stay as they are. Returns how many were new."""
    with db.write() as connection:
        return upsert(connection, FEED_ITEM, values(items))


def update_feed_item(db: Database, item: FeedItemRow) -> bool:
    """Keep a known item's new link, content, date and draft (an edit); False when it is not known."""
    here = (FEED_ITEM.c.feed == item.feed) & (FEED_ITEM.c.guid == item.guid)
    fields = {name: getattr(item, name) for name in ("link", "content_hash", "draft", "published", "pending", "at")}
    with db.write() as connection:
        return connection.execute(update(FEED_ITEM).where(here).values(**fields)).rowcount == 1
