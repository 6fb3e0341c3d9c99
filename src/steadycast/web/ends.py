"""The two ends of an answer that is too long to keep: what is new stands at one of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from urllib3.response import HTTPResponse

from steadycast.web.wire import Connection, FetchError, packed_as, unpacker

LONGEST = 128 * 1024 * 1024  # bytes that are looked at, unpacked, before an answer is no answer
_CHUNK = 64 * 1024


def ends_of(response: HTTPResponse, wire: Connection, limit: int) -> tuple[bytes, int]:
    """(body, gap): the whole of it and 0, or its first and last bytes, `limit` together, and where they meet.

    Raises FetchError where it is late, broken, or over `LONGEST`.
    """
    half = limit // 2
    head, tail, seen = bytearray(), bytearray(), 0
    for piece in _unpacked(response):
        seen += len(piece)
        if seen > LONGEST:
            raise FetchError(f"the answer is over {LONGEST >> 20} MB")
        room = half - len(head)
        head += piece[: max(0, room)]
        tail += piece[max(0, room) :]
        if len(tail) > 2 * limit:
            del tail[: len(tail) - half]
    if wire.late:  # a connection that was cut at the deadline can look like the end of the body
        raise TimeoutError("out of time")
    if seen <= limit:
        return bytes(head + tail), 0
    return bytes(head + tail[-half:]), half


def _unpacked(response: HTTPResponse) -> Iterator[bytes]:
    encoding, unpack = packed_as(response), None
    while packed := response.read(_CHUNK, decode_content=False):
        if not encoding:
            yield packed
            continue
        unpack = unpack or unpacker(encoding, packed)
        while packed:  # a kilobyte may hold a megabyte
            try:
                yield unpack.decompress(packed, 1 << 20)
            except zlib.error:
                raise FetchError("the answer is packed wrongly") from None
            packed = unpack.unconsumed_tail
    if unpack and not unpack.eof:
        raise FetchError("the answer breaks off")
