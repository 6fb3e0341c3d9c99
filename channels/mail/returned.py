"""What came back: bounces (RFC 3464) and letters that unsubscribe. Only a token of ours says whose a letter is.

Anybody can write to the mailbox. So an address in a bounce is believed of nobody: the token, which stood in the letter
that came back, is one that its recipient alone has.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections import Counter
from email.message import Message

from steadycast.platform import Channel

from .mailbox import unread

TOKEN = re.compile(rb"(?<![0-9a-f])[0-9a-f]{56}(?![0-9a-f])")
ASKED = re.compile(r"\s*(?:re:\s*)?unsubscribe\s+([0-9a-f]{56})\s*", re.IGNORECASE)
MOST_TOKENS = 50  # that are looked at in one letter
MOST_PARTS = 50
STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})")
NONE = re.compile(r"5\.(0\.0|1\.[0-6]|1\.10|2\.1)")  # RFC 3463: there is no such mailbox; all else may pass


def taken_in(channel: Channel) -> dict[str, int]:
    """How many letters of each kind came since the last look: left, hard, soft, other."""
    seen: Counter[str] = Counter()
    for raw in unread(channel):
        try:
            seen[_kind(channel, raw)] += 1
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # made to be no letter
            seen["other"] += 1
    return dict(seen)


def _kind(channel: Channel, raw: bytes) -> str:
    letter, of = email.message_from_bytes(raw, policy=email.policy.compat32), channel.subscribers
    if asked := ASKED.fullmatch(str(letter.get("Subject", ""))[:200]):
        if mark := of.mark_of(asked[1].lower()):
            of.leave(mark, "message")
            return "left"
        return "other"
    if (told := _bounce(letter)) is None:
        return "other"
    found = (of.mark_of(token.decode()) for token in list(dict.fromkeys(TOKEN.findall(raw)))[:MOST_TOKENS])
    if not (mark := next(filter(None, found), "")):
        return "other"
    code, hard = told
    once = hashlib.sha256(raw).hexdigest()[:16]
    of.came_back(mark, code, hard=hard, once=once, most=channel.settings["hard_bounces"])
    return "hard" if hard else "soft"


def _bounce(letter: Message) -> tuple[str, bool] | None:
    """The code of a bounce, and whether the address is none for ever; None of what is no bounce."""
    for _, part in zip(range(MOST_PARTS), letter.walk(), strict=False):
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks[:MOST_PARTS] if isinstance(blocks, list) else ():
            if not isinstance(block, Message):
                continue
            action, status = (str(block.get(name, "")).strip().lower() for name in ("Action", "Status"))
            if action in ("failed", "delayed") and (code := STATUS.match(status)):
                return code[1], action == "failed" and NONE.fullmatch(code[1]) is not None
    return None
