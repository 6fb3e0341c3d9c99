"""The two ends of an answer that is too long to keep: what is new stands at one of them."""

from __future__ import annotations

from urllib3.response import HTTPResponse

from steadycast.outgoing.connection import Connection, FetchError, pieces_of

LONGEST = 128 * 1024 * 1024  # bytes that are looked at, unpacked, before an answer is no answer


def ends_of(response: HTTPResponse, wire: Connection, limit: int) -> tuple[bytes, int]:
    """(body, gap): the whole of it and 0, or its first and last bytes, `limit` together, and where they meet.

    Raises FetchError where it is late, broken, or over `LONGEST`.
    """
    half = limit // 2
    head, tail, seen = bytearray(), bytearray(), 0
    for piece in pieces_of(response, wire):
        seen += len(piece)
        if seen > LONGEST:
            raise FetchError(f"the answer is over {LONGEST >> 20} MB")
        room = half - len(head)
        head += piece[: max(0, room)]
        tail += piece[max(0, room) :]
        if len(tail) > 2 * limit:
            del tail[: len(tail) - half]
    if seen <= limit:
        return bytes(head + tail), 0
    return bytes(head + tail[-half:]), half
