"""What a CalDAV server's answers mean. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from dataclasses import replace

from steadycast.platform import Answer, Channel, Limit, Limits, Refused

NEEDED = ("write-content",)
WRITES = {"all", "write", "write-content", "bind"}  # any of these (RFC 3744): servers name the wide ones alone, too
FIXES = {
    401: "password",
    403: "forbidden",
    405: "no-caldav",
    409: "no-calendar",
    413: "too-large",
    501: "no-caldav",
    507: "full",
}
AROUND = 4096  # bytes of an event besides its text
LONGEST = 6  # bytes that a character takes, escaped and folded
SHORTEST = 200


def sorted_error(channel: Channel, answer: Answer) -> Refused | None:
    """What a status alone does not say, with what to do about it."""
    status = answer.status
    if status == 409 and "no-uid-conflict" in answer.text:
        return Refused(channel.tell("uid-taken"), "409")
    fix = FIXES.get(status)
    return Refused(channel.tell(fix, said=words(answer)).strip(), str(status)) if fix else None


def words(answer: Answer) -> str:
    """What the server says: many say it in XML, which is no message."""
    return "" if answer.text.lstrip().startswith("<") else answer.message


def elements(xml: str, name: str) -> list[str]:
    """What stands in the elements of that name, whatever their prefix; of empty ones, "". Nothing is resolved."""
    found = re.findall(rf"<(?:[\w.-]+:)?{name}(?:\s[^>]*)?(?:/>|>(.*?)</(?:[\w.-]+:)?{name}\s*>)", xml, re.DOTALL)
    return [html.unescape(each.strip()) for each in found]


def names(xml: str) -> tuple[str, ...]:
    """The names of the empty elements in a piece of XML."""
    return tuple(re.findall(r"<(?:[\w.-]+:)?([\w-]+)\s*/>", xml))


def may_write(rights: Collection[str]) -> bool:
    return bool(WRITES & {*rights})


def limits_of(most: int | None, text: Limit) -> Limits:
    """The text that fits into the server's largest object; none where it does not say."""
    if most is None:
        return Limits()
    return Limits({"text": replace(text, max=min(text.max, max(SHORTEST, (most - AROUND) // LONGEST)))})
