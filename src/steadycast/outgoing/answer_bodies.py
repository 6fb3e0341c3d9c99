"""The body of an answer, unpacked, of which never more is held than was asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from urllib3.response import HTTPResponse

from steadycast.language import gettext as _
from steadycast.outgoing.connection import Connection
from steadycast.outgoing.fetch_errors import FetchError

LONGEST = 128 * 1024 * 1024  # bytes that are looked at, unpacked, before an answer is no answer
_CHUNK = 64 * 1024


def body_of(response: HTTPResponse, wire: Connection, limit: int) -> bytes:
    """The whole body, unpacked; FetchError when it is over `limit` bytes, late or broken."""
    announced, body = response.headers.get("Content-Length", ""), bytearray()
    if announced.isdigit() and int(announced) > limit:
        raise FetchError(_("the answer is over %(size)s KB", size=limit // 1024))
    for piece in pieces_of(response, wire):
        body += piece
        if len(body) > limit:
            raise FetchError(_("the answer is over %(size)s KB", size=limit // 1024))
    return bytes(body)


def ends_of(response: HTTPResponse, wire: Connection, limit: int) -> tuple[bytes, int]:
    """(body, gap): the whole of it and 0, or its first and last bytes, `limit` together, and where they meet.

    What is new in a long answer stands at one of its ends. FetchError where it is late, broken, or over `LONGEST`.
    """
    half = limit // 2
    head, tail, seen = bytearray(), bytearray(), 0
    for piece in pieces_of(response, wire):
        seen += len(piece)
        if seen > LONGEST:
            raise FetchError(_("the answer is over %(size)s MB", size=LONGEST >> 20))
        room = half - len(head)
        head += piece[: max(0, room)]
        tail += piece[max(0, room) :]
        if len(tail) > 2 * limit:
            del tail[: len(tail) - half]
    if seen <= limit:
        return bytes(head + tail), 0
    return bytes(head + tail[-half:]), half


def pieces_of(response: HTTPResponse, wire: Connection) -> Iterator[bytes]:
    """The body, unpacked, in pieces of a megabyte at most; TimeoutError when it is late, FetchError when it is broken.

    Whatever urllib3's stream raises (broken chunks, too few bytes, a reset) the caller sorts.
    """
    encoding, unpack = _packed_as(response), None
    while packed := response.read(_CHUNK, decode_content=False):
        if not encoding:
            yield packed
            continue
        unpack = unpack or _unpacker(encoding, packed)
        while packed:  # a kilobyte may hold a megabyte
            try:
                yield unpack.decompress(packed, 1 << 20)
            except zlib.error:
                raise FetchError(_("the answer is packed wrongly")) from None
            packed = unpack.unconsumed_tail
        if unpack.eof:  # what follows is nobody's
            return
    if wire.late:  # a connection that was cut at the deadline can look like the end of the body
        raise TimeoutError("out of time")
    if unpack:
        raise FetchError(_("the answer breaks off"))


def _packed_as(response: HTTPResponse) -> str:
    """How an answer is packed, "" where it is not; FetchError where nobody asked for that."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise FetchError(_("the answer is packed in a way that was not asked for"))
    return "" if encoding == "identity" else encoding


def _unpacker(encoding: str, first: bytes) -> Any:
    """What unpacks a body that begins with `first`."""
    raw_deflate = encoding == "deflate" and first[0] & 0x0F != 8  # RFC 9110 asks for zlib's wrapper, some leave it out
    return zlib.decompressobj(-zlib.MAX_WBITS if raw_deflate else zlib.MAX_WBITS | 32)
