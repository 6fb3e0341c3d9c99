"""What a Bot API server's answers mean. Pure."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steadycast.platform import Account, Answer, Busy, Known, Receipt, Refused, Unknown, one_line

Messages = list[dict[str, Any]]  # of each message its id, its chat, its address, its time, and what words it holds
# What an error's description holds -> what is told, which names what to do.
MEANT = {
    "chat not found": "bad-chat",
    "thread not found": "bad-topic",
    "topic_closed": "bad-topic",
    "not enough rights": "no-rights",
    "have no rights": "no-rights",
    "need administrator": "no-rights",
    "chat_write_forbidden": "no-rights",
    "can't be deleted": "late",
}
ADDRESS = re.compile(r"https?://t\.me/(c/)?([\w-]+)/(?:\d+/)?(\d+)(?:\?.*)?")
POSTS = {"channel": "can_post_messages"}  # the right to post, by the kind of chat


def sorted_error(tell: Callable[..., str], answer: Answer) -> Busy | Refused | Unknown | None:
    """The error of an answer; None where it is well, or where its status says enough."""
    if answer.status >= 500:
        return None
    told = answer.json()
    if not isinstance(told, dict) or "ok" not in told:
        return Unknown(tell("garbled")) if answer.status == 200 else None
    if told["ok"] is True and "result" in told:
        return None
    code, said = str(told.get("error_code") or answer.status), one_line(str(told.get("description", "")))[:200]
    match code:
        case "429":
            return Busy(said, code, retry_after=_seconds(parameters(answer).get("retry_after")))
        case "401" | "404":  # who has no bot's token is told that there is no such page
            return Refused(said if "method" in said else tell("bad-token"), code)
        case "403":
            return Refused(tell("not-in", said=said), code)
        case "400":
            meant = next((key for words, key in MEANT.items() if words in said.lower()), "")
            return Refused(tell(meant, said=said) if meant else said, code)
    return Unknown(said, code) if answer.status == 200 else None


def stops_all(error: Refused) -> bool:
    """Whether no message would be taken, of whatever kind: the token or the chat is wrong, and a person fixes it."""
    if not error.answer:  # it was refused here, before a request
        return True
    said = error.answer.message.lower()
    if error.code == "404":
        return "method" not in said
    return error.code in ("401", "403") or any(words in said for words in MEANT)


def parameters(answer: Answer | None) -> Mapping[str, Any]:
    """What an error says besides its words: how long to wait, or where the chat has gone."""
    told: Any = {}
    with contextlib.suppress(Busy, Unknown):
        told = answer.json() if answer else {}
    found = told.get("parameters") if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}


def kept(answer: Answer, kind: str) -> Messages:
    """What is kept of the message, or of each of an album, of which the first holds the words."""
    told = answer.json()["result"]
    each_of = told if isinstance(told, list) else [told]
    try:
        return [_kept(each, "media" if n else kind) for n, each in enumerate(each_of)]
    except (KeyError, TypeError):
        raise answer.garbled("the answer names no message", answer) from None


def _kept(told: Mapping[str, Any], kind: str) -> dict[str, Any]:
    id, chat = int(told["message_id"]), told["chat"]
    number, name = str(chat["id"]), chat.get("username")
    private = f"c/{number.removeprefix('-100')}" if number.startswith("-100") else ""
    url = f"https://t.me/{name or private}/{id}" if name or private else ""
    return {"id": id, "chat": number, "kind": kind, "url": url, "at": told.get("date")}


def receipt_of(sent: Sequence[Mapping[str, Any]], seen: str = "answer") -> Receipt:
    """The proof of all messages of a post, by the first; each of them is kept."""
    first = sent[0]
    at = dt.datetime.fromtimestamp(first["at"], dt.UTC) if first["at"] else None
    return Receipt(f"{first['chat']}/{first['id']}", first["url"], at, seen, detail={"messages": list(sent)})


def messages_of(known: Known) -> Messages:
    """The messages that are known to be there: a receipt's, or those of the steps; of a person's the address alone."""
    if known.receipt and (there := list(known.receipt.detail.get("messages") or ())):
        later = [m for name, value in known.steps.items() if name.startswith("text-") for m in value or ()]
        return there + [message for message in later if message["id"] not in {m["id"] for m in there}]
    if known.receipt and (found := ADDRESS.fullmatch(known.receipt.url)):
        chat = f"-100{found[2]}" if found[1] else f"@{found[2]}"
        return [{"id": int(found[3]), "chat": chat, "kind": "text", "url": known.receipt.url, "at": None}]
    return [message for name in ("rich", "media", "text") for message in known.steps.get(name) or ()]


def account_of(me: Mapping[str, Any], chat: Mapping[str, Any], member: Mapping[str, Any]) -> Account | None:
    """As whom the bot posts there, and what it may; None where it may not post."""
    rights = tuple(sorted(right for right, may in member.items() if right.startswith("can_") and may is True))
    needed, status = POSTS.get(chat.get("type", ""), ""), member.get("status")
    may = status == "creator" or (needed in rights if needed else status in ("administrator", "member"))
    may = may or (status == "restricted" and "can_send_messages" in rights)
    return Account(f"@{me['username']} → {chat.get('title', chat['id'])}", rights) if may else None


def _seconds(told: Any) -> dt.timedelta | None:
    return dt.timedelta(seconds=min(max(told, 1), 86_400)) if isinstance(told, int | float) else None
