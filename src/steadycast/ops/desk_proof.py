"""Whether this workspace's desk listens at a port: only who has its key can answer, and the key is never sent.

While the desk is down, another user's program may take its port. An address that holds the key must not lead there.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import re
import secrets

HERE = "127.0.0.1"
ADDRESS = "/proof"
ASKED = re.compile(r"[0-9a-f]{32}")
WAIT = 5.0  # seconds: a desk that makes a large page answers a little later


def answer(key: str, port: int, asked: str) -> str:
    """What a desk with this key, which listens at this port, answers to `asked`.

    The port is in it: who hands the question on to the real desk, at another port, gets an answer that fits that one.
    """
    return hmac.new(key.encode(), f"desk at {port}: {asked}".encode(), hashlib.sha256).hexdigest()


def is_ours(key: str, port: int) -> bool | None:
    """Whether who listens at that port of this machine has this key; None where nobody listens."""
    asked, way = secrets.token_hex(16), http.client.HTTPConnection(HERE, port, timeout=WAIT)
    with contextlib.closing(way):
        try:
            way.connect()
        except OSError:
            return None
        with contextlib.suppress(OSError, http.client.HTTPException):
            way.request("GET", f"{ADDRESS}?asked={asked}")
            said = way.getresponse().read(64)
            return hmac.compare_digest(said, answer(key, port, asked).encode())
    return False
