"""Whether this workspace's desk listens at a port: only who has its key can answer, and the key is never sent.

While the desk is down, another user's program may take its port. An address that holds the key must not lead there.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
import socket
import time

HERE = "127.0.0.1"
ADDRESS = "/proof"
ASKED = re.compile(r"[0-9a-f]{32}")
WAIT = 5.0  # seconds for the whole answer: a desk that makes a large page answers a little later
LONGEST = 4096  # bytes of it


def answer(key: str, host: str, port: int, asked: str) -> str:
    """What a desk with this key, asked at this address of its own, answers to `asked`.

    The address is in it: who hands the question on to the real desk, which is at another, gets an answer for that one.
    """
    return hmac.new(key.encode(), f"desk at {host}:{port}: {asked}".encode(), hashlib.sha256).hexdigest()


def is_ours(key: str, port: int) -> bool | None:
    """Whether who listens at that port of this machine has this key; None where nobody listens."""
    asked, until = secrets.token_hex(16), time.monotonic() + WAIT
    try:
        way = socket.create_connection((HERE, port), timeout=WAIT)
    except OSError:
        return None
    with way, contextlib.suppress(OSError):
        way.sendall(f"GET {ADDRESS}?asked={asked} HTTP/1.0\r\nHost: {HERE}:{port}\r\n\r\n".encode())
        said = _whole(way, until).partition(b"\r\n\r\n")[2]
        return hmac.compare_digest(said, answer(key, HERE, port, asked).encode())
    return False


def _whole(way: socket.socket, until: float) -> bytes:
    """What comes until the other side closes; raises TimeoutError at the end of the time, however slowly it drips."""
    said = b""
    while len(said) < LONGEST:
        way.settimeout(max(until - time.monotonic(), 0.001))
        piece = way.recv(LONGEST)
        if not piece:
            break
        said += piece
        if time.monotonic() > until:
            raise TimeoutError
    return said
