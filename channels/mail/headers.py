"""What stands above a letter: from whom, for whom, of which list, and how its reader leaves it."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Any
from urllib.parse import quote

from steadycast.platform import Channel, Post, Refused

LONGEST = 900  # RFC 5322 allows a line 998 octets


def headers(channel: Channel, recipient: str, post: Post, message_id: str) -> dict[str, Any]:
    """A letter's headers, those without a value too; Refused where one would break out of its line."""
    settings, leave = channel.settings, [address for address in ways_out(channel, recipient) if address]
    by_click = bool(leave) and leave[0].startswith("https://")
    name = settings["from_name"] or channel.community
    for text in (post.title, name, settings["reply_to"]):
        if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", text):
            raise Refused(channel.tell("control-character"), channel=channel.name)
    sender = Address(name, addr_spec=settings["from"])
    list_id = settings["list_id"] or f"{channel.name}.{settings['from'].rpartition('@')[2] or 'localhost'}"
    return {
        "From": sender,
        "To": recipient or sender,
        "Reply-To": settings["reply_to"],
        "Subject": post.title,
        "Date": post.published,
        "Message-ID": message_id,
        "List-Id": f"<{list_id}>",
        "List-Unsubscribe": ", ".join(f"<{address}>" for address in leave),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if by_click else "",
        "Precedence": "bulk",  # no out-of-office answer, as "Auto-Submitted" (RFC 3834)
        "Auto-Submitted": "auto-generated",
        "Content-Language": post.language,
    }


def return_path(channel: Channel) -> str:
    """The address that a letter comes back to."""
    return str(channel.settings["bounces"] or channel.settings["from"])


def _own(channel: Channel, recipient: str) -> list[str]:
    """Those of this one alone: the desk's page, and a letter to the mailbox that is read."""
    of, address = channel.subscribers, quote(return_path(channel), safe="@+")
    by_mail = f"mailto:{address}?subject=unsubscribe%20{of.token(recipient)}" if channel.settings["imap_host"] else ""
    return [way for way in (of.address(recipient), by_mail) if way]


def ways_out(channel: Channel, recipient: str) -> list[str]:
    """The addresses by which this one leaves, the first of them to click; [""] where there is none."""
    address = channel.settings["unsubscribe"].replace("{email}", quote(recipient, safe=""))
    if not address and recipient and (own := _own(channel, recipient)):
        return own
    if not address and channel.email:  # whoever wants to leave can at least write to somebody
        address = f"mailto:{quote(channel.email, safe='@+')}?subject=unsubscribe"
    usable = re.fullmatch(r"(https?://|mailto:)[\x21-\x3b\x3d\x3f-\x7e]+", address) and len(address) <= LONGEST
    return [address if usable else ""]
