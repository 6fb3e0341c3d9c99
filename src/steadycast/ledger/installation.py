"""What holds for the whole installation: its values in `meta`, the markers' secret, and the last tick."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from steadycast import __version__
from steadycast.errors import LedgerError
from steadycast.language import gettext as _
from steadycast.ledger.connection import Database, table, upsert
from steadycast.ledger.raw_sql import fetch, run

META = table("meta")
VALUES, VALUE = "SELECT key, value FROM meta", "SELECT value FROM meta WHERE key = ?"
KEEP = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
TICK = "tick"  # meta: when the machinery was last alive
PLANNED = "planned"  # meta: as of when planning was done last
STOCK = "stock"  # meta: another word with each change of a draft
WRONG = "wrong"  # meta: another word with each change of what could not be taken in, and of alarms
SECRET = 32  # bytes
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
BLOCK = 64  # bytes, of SHA-256
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]  # two characters a look: a backfill makes a million markers


def settle_in(db: Database) -> None:
    """Load the installation's secret; the first opening makes it, once for ever."""
    if (secret := meta(db, "secret")) is None and not db.readonly:
        with db.write() as connection:
            mine = {"secret": secrets.token_hex(SECRET), "program": __version__}
            upsert(connection, META, [{"key": key, "value": value} for key, value in mine.items()])
        secret = meta(db, "secret")
    db.secret = secret_of({"secret": secret or ""})


def values(connection: Connection) -> dict[str, str]:
    """Every installation-wide value, as this transaction sees it: a handful."""
    return dict(fetch(connection, VALUES, ()))


def value(connection: Connection, key: str) -> str | None:
    """One installation-wide value, or None, as this transaction sees it."""
    return next((kept for (kept,) in fetch(connection, VALUE, (key,))), None)


def keep(connection: Connection, **values: str) -> None:
    """Keep these installation-wide values."""
    run(connection, KEEP, list(values.items()))


def tell(connection: Connection, what: str) -> None:
    """Keep another word than ever before: who remembers the one before knows that something of `what` is another.

    Said last in the transaction that makes it so, as who also says it waits for that one to end.
    """
    keep(connection, **{what: secrets.token_hex(8)})


def secret_of(meta: Mapping[str, str]) -> bytes:
    """The secret among the installation's values; empty where there is none yet. ValueError where it is damaged."""
    secret = bytes.fromhex(meta.get("secret", ""))
    if secret and len(secret) != SECRET:
        raise ValueError("the installation's secret is cut off")
    return secret


def meta(db: Database, key: str) -> str | None:
    """One installation-wide value, or None."""
    with db.read() as connection:
        return value(connection, key)


def metas(db: Database, prefix: str) -> dict[str, str]:
    """The installation-wide values whose key begins so, by the rest of the key."""
    with db.read() as connection:
        kept = fetch(connection, VALUES, ())
        return {key.removeprefix(prefix): value for key, value in kept if key.startswith(prefix)}


def set_meta(db: Database, key: str, value: str) -> None:
    """Keep one installation-wide value."""
    with db.write() as connection:
        keep(connection, **{key: value})


def marker(db: Database, slot: str, channel: str) -> str:
    """The 13 characters (a-z2-7) that a delivery carries for ever: the same on every machine of this installation."""
    return markers(db.secret)(slot, channel)


def sign(db: Database, text: str) -> str:
    """HMAC-SHA256 of a text in hexadecimal: nobody makes it who does not have this installation's secret."""
    if not db.secret:
        raise LedgerError(_("the ledger has no secret yet"))
    return hmac.new(db.secret, f"sign|{text}".encode(), hashlib.sha256).hexdigest()


@functools.lru_cache(maxsize=4)
def markers(secret: bytes) -> Callable[[str, str], str]:
    """What makes markers: the first 13 characters of base32(HMAC-SHA256(secret, slot|channel)) in lower case.

    Of HMAC's two hashes (RFC 2104) each begins with the secret: that beginning is hashed once.
    """
    if len(secret) > BLOCK:
        raise ValueError("the installation's secret is longer than a block of its hash")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in secret.ljust(BLOCK, b"\0"))) for pad in (0x36, 0x5C))

    def marker(slot: str, channel: str) -> str:
        first, second = inner.copy(), outer.copy()
        first.update(f"{slot}|{channel}".encode())
        second.update(first.digest())
        bits = int.from_bytes(second.digest()[:9]) >> 7  # 65 of 72
        return (
            PAIRS[bits >> 55] + PAIRS[bits >> 45 & 1023] + PAIRS[bits >> 35 & 1023] + PAIRS[bits >> 25 & 1023]
            + PAIRS[bits >> 15 & 1023] + PAIRS[bits >> 5 & 1023] + ALPHABET[bits & 31]
        )  # fmt: skip

    return marker


def ticked(db: Database, now: dt.datetime) -> None:
    """Remember that the machinery was alive at `now`."""
    set_meta(db, TICK, now.astimezone(dt.UTC).isoformat())


def last_tick(db: Database) -> dt.datetime | None:
    """When the machinery was last alive; None before its first tick."""
    said = meta(db, TICK)
    return None if said is None else dt.datetime.fromisoformat(said)
