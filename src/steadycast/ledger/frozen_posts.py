"""The bytes that deliveries sent, kept for as long as the ledger is: once they are a day old they are compressed.

Not at once: a post is frozen in a hurry, and read again within hours by a look or a retry, as a rule. What is older is
read by a person's change or `rebuild`, or never.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable

from sqlalchemy import select

from steadycast.ledger.connection import Database, among, table
from steadycast.ledger.raw_sql import fetch, micros, numbers, run
from steadycast.ledger.tables import PLAIN

FROZEN = table("frozen")
LEVEL = 9
AT_ONCE, BYTES = 100, 4_000_000  # posts in one transaction, and of how many bytes, about
KEEP = (
    "INSERT INTO frozen (delivery, hash, post, at, packed) VALUES (?, ?, ?, ?, FALSE) "
    "ON CONFLICT (delivery) DO UPDATE SET hash = excluded.hash, post = excluded.post, at = excluded.at, packed = FALSE"
)
OLD = f"SELECT delivery, length(post) FROM frozen WHERE {PLAIN} AND at < ? ORDER BY at LIMIT ?"  # noqa: S608
SENT = f"SELECT delivery, hash, post FROM frozen WHERE {PLAIN} AND delivery IN"  # noqa: S608
PACK = f"UPDATE frozen SET post = ?, packed = TRUE WHERE delivery = ? AND hash = ? AND {PLAIN}"  # noqa: S608


def frozen(db: Database, ids: Iterable[int]) -> dict[int, bytes]:
    """The frozen posts' bytes, as they were sent."""
    query = select(FROZEN.c.delivery, FROZEN.c.post, FROZEN.c.packed)
    with db.read() as connection:
        return {
            id: as_sent(post, packed=packed) for id, post, packed in among(connection, query, FROZEN.c.delivery, ids)
        }


def as_sent(post: bytes, *, packed: bool) -> bytes:
    """A post's bytes as they were sent. Damaged ones stay as they are: their hash tells."""
    try:
        return zlib.decompress(post) if packed else bytes(post)
    except zlib.error:
        return bytes(post)


def pack_frozen(db: Database, before: dt.datetime) -> int:
    """Compress some of the posts that were frozen before then, the oldest first; how many, 0 when all are.

    A short transaction each time: a large ledger of before is compressed bit by bit, and whoever is killed loses none.
    """
    with db.read() as connection:
        found = fetch(connection, OLD, (micros(before), AT_ONCE))
        ids = [id for n, (id, _) in enumerate(found) if sum(size for _, size in found[:n]) < BYTES]
        rows = fetch(connection, f"{SENT} ({numbers(ids)})", ()) if ids else []
    packed = [(zlib.compress(post, LEVEL), id, hash) for id, hash, post in rows]  # no writer waits for that
    if not packed:
        return 0
    with db.write() as connection:
        return run(connection, PACK, packed)
