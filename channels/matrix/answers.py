"""What a Matrix server's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from steadycast.platform import Answer, Busy, Channel, Receipt, Refused

from .content import FIELD, TEXT

NEEDED = ("m.room.message", "m.room.redaction")  # to post, and to take back
ROOM = "@room"
FIRST_WITH_CREATORS = 12  # version of a room whose creators may everything, and stand in no list of levels


def sorted_error(channel: Channel, answer: Answer, *, large: str = "too-large") -> Busy | Refused | None:
    """What an errcode says, with what to do about it; and how long to wait, which older servers say in the body."""
    if answer.status < 400:
        return None
    told = answer.json() if answer.text.lstrip().startswith("{") else {}
    code, said = told.get("errcode", ""), answer.message
    if answer.status == 404 and code in ("", "M_UNRECOGNIZED"):
        return Refused(channel.tell("no-matrix"), "404")
    if code == "M_LIMIT_EXCEEDED":
        wait = told.get("retry_after_ms")
        later = dt.timedelta(milliseconds=wait) if isinstance(wait, int) and wait > 0 else None
        return Busy(said, code, retry_after=answer.retry_after or later)
    fixes = {
        "M_UNKNOWN_TOKEN": "token",
        "M_MISSING_TOKEN": "token",
        "M_USER_DEACTIVATED": "token",
        "M_FORBIDDEN": "forbidden",
        "M_TOO_LARGE": large,
    }
    return Refused(channel.tell(fixes[code], said=said, channel=channel.name), code) if code in fixes else None


def kept(event: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a message: its id, and the server's own time in milliseconds."""
    return {"id": event["event_id"], "at": event.get("origin_server_ts", 0)}


def part_of(event: Mapping[str, Any], key: str) -> str:
    """Which part of the post with that key a message is; "" where it is none, an edit, or was taken away."""
    content = event.get("content", {})
    ours = content.get(FIELD)
    edit = isinstance(relates := content.get("m.relates_to"), dict) and relates.get("rel_type") == "m.replace"
    return str(ours.get("part")) if isinstance(ours, dict) and ours.get("key") == key and not edit else ""


def removed(event: Mapping[str, Any], user: str) -> bool:
    """Whether somebody else took that message of the user away; what the user took away may be sent anew."""
    because = event.get("unsigned", {}).get("redacted_because") or {}
    return not event.get("content") and because.get("sender") != user


def sent_as(event: Mapping[str, Any]) -> str:
    """Under which transaction id this device sent a message, which stays when it is taken away; "" for others."""
    return str(event.get("unsigned", {}).get("transaction_id", ""))


def receipt_of(room: str, user: str, parts: Mapping[str, Any], seen: str = "answer") -> Receipt:
    """The proof of a post: its text, and in the detail every message of it by its part."""
    text = parts[TEXT]
    at = dt.datetime.fromtimestamp(text["at"] / 1000, dt.UTC) if text["at"] else None
    via = quote(user.partition(":")[2])
    url = f"https://matrix.to/#/{quote(room, safe='!:')}/{quote(text['id'], safe='$:')}?via={via}"
    return Receipt(
        text["id"], url, at, seen=seen, detail={"events": {name: each["id"] for name, each in parts.items()}}
    )


def parts_of(receipt: Receipt) -> dict[str, Any]:
    """The messages of a receipt; a person's has the text's address alone, which names its event."""
    alone = receipt.remote_id or receipt.url.rpartition("/")[2].partition("?")[0]
    return {name: {"id": id, "at": 0} for name, id in (receipt.detail.get("events") or {TEXT: alone}).items()}


def lacking(user: str, levels: Mapping[str, Any], wanted: tuple[str, ...]) -> list[str]:
    """What the power levels of a room do not let that user do; what they leave out is as the specification says."""
    own = levels.get("users", {}).get(user, levels.get("users_default", 0))
    needed = {name: levels.get("events", {}).get(name, levels.get("events_default", 0)) for name in NEEDED}
    needed[ROOM] = levels.get("notifications", {}).get("room", 50)
    return [name for name in wanted if own < needed[name]]


def created(user: str, event: Mapping[str, Any]) -> bool:
    """Whether that user made the room, of a version in which who made it may everything."""
    content = event.get("content", {})
    version = str(content.get("room_version", "1"))
    makers = (event.get("sender"), *content.get("additional_creators", ()))
    return version.isdigit() and int(version) >= FIRST_WITH_CREATORS and user in makers
