"""Values that a row holds so that nobody reads them in it: encrypted, and bound to the row they belong to.

The key is made of the installation's secret, which lies in the same ledger. So this protects what leaves the ledger in
part (a row in a log, a report, an error, a table that is exported), and a value that is moved to another channel's row.
It does not protect from whoever has the whole ledger.
"""

from __future__ import annotations

import os
from typing import Any

import orjson

from steadycast.ledger.connection import Database

NONCE = 12  # bytes, random: one key seals far fewer than 2**32 values
PURPOSE = b"steadycast channel state 1"


def seal(db: Database, about: str, value: Any) -> bytes:
    """A JSON value, sealed; `about` names the row, and opens it again."""
    nonce = os.urandom(NONCE)
    return nonce + bytes(_cipher(db).encrypt(nonce, orjson.dumps(value), about.encode()))


def opened(db: Database, about: str, sealed: bytes | None) -> Any:
    """The value; None where there is none, or where it was sealed by another installation or for another row."""
    from cryptography.exceptions import InvalidTag

    if sealed is None:
        return None
    try:
        return orjson.loads(_cipher(db).decrypt(sealed[:NONCE], sealed[NONCE:], about.encode()))
    except (InvalidTag, ValueError):
        return None


def _cipher(db: Database) -> Any:
    # Tens of milliseconds to import: only channels that keep something pay them.
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return ChaCha20Poly1305(HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(db.secret))
