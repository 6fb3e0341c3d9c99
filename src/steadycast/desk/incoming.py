"""What comes in with a request: no more bytes than its page takes, and not for ever.

A form is read before it is asked whether it is one of ours, so this is looked at while it comes in.
"""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from steadycast.language import N_
from steadycast.language import gettext as _

USUAL = 2_000_000, 30.0  # bytes of a form, and seconds that it may take
LARGEST_FORM = 32_000_000  # bytes: of a text, a character may take nine as a form sends it
LARGEST_PASTE = 8_000_000
LARGEST_MEDIUM = 1 << 29
OTHERS = {  # by the beginning of a path, the longest first
    "/write/media": (LARGEST_MEDIUM, 900.0),
    "/write/paste": (LARGEST_PASTE, 60.0),
    "/write": (LARGEST_FORM, 300.0),
}
TOO_MUCH = N_("This is more than the desk takes at once.")


def bounds(path: str) -> tuple[int, float]:
    """How many bytes a page takes, and in how many seconds."""
    return next((given for start, given in OTHERS.items() if path.startswith(start)), USUAL)


def is_too_large(request: Request) -> bool:
    """Whether a form says itself that it is more than one may be; a text or a file is answered by its own page."""
    told, given = request.headers.get("content-length", "0"), bounds(request.url.path)
    return given == USUAL and (not told.isdecimal() or len(told) > 15 or int(told) > given[0])


def bounded(path: str, receive: Receive) -> Receive:
    """The same body, as long as it stays within its bounds; HTTPException as soon as it does not."""
    most, patience = bounds(path)
    until, size, is_whole = asyncio.get_running_loop().time() + patience, 0, False

    async def received() -> Message:
        nonlocal size, is_whole
        if is_whole:  # what comes now says that the connection has ended, whenever that is
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, _("The request came too slowly.")) from None
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
        if size > most:
            raise HTTPException(413, _(TOO_MUCH))
        return message

    return received
