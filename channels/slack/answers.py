"""What Slack's answers mean: the status is 200 whatever happened, but of a webhook. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from steadycast.platform import Answer, Busy, Known, Receipt, Refused, Unknown, one_line

TOKEN = ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive")
MEANT = {
    **dict.fromkeys(TOKEN, "bad-token"),
    "channel_not_found": "bad-channel",
    "is_archived": "bad-channel",
    "not_in_channel": "not-in",
    "cant_update_message": "cannot-change",
    "edit_window_closed": "cannot-change",
    "cant_delete_message": "cannot-change",
}
IN_DOUBT = ("internal_error", "fatal_error", "service_unavailable", "request_timeout")
HOOK = {"invalid_token", "no_service", "no_team", "no_active_hooks", "action_prohibited"}
ADDRESS = re.compile(r"https://[\w.-]+/archives/(\w+)/p(\d{10})(\d{6})(?:\?.*)?")
NEEDED = ("chat:write", "files:write")


def sorted_error(tell: Callable[..., str], answer: Answer) -> Busy | Refused | Unknown | None:
    """The error of an answer of the API, by its `error`."""
    if answer.status != 200:
        return None
    told = answer.json()
    if not isinstance(told, dict) or "ok" not in told:
        return Unknown(tell("garbled"))
    if told["ok"] is True:
        return None
    code = one_line(str(told.get("error") or "?"))[:60]
    if code == "ratelimited":
        return Busy(code, code)
    if code in IN_DOUBT:
        return Unknown(code, code)
    if code == "missing_scope":
        return Refused(tell("scopes", scopes=one_line(str(told.get("needed")))[:60]), code)
    if code == "invalid_blocks" and "slack file" in answer.text:
        return Busy(tell("file-waits"), code, retry_after=dt.timedelta(seconds=15))
    return Refused(tell(MEANT[code], said=code) if code in MEANT else code, code)


def sorted_hook(tell: Callable[..., str], answer: Answer) -> Refused | Unknown | None:
    """The error of an answer of a webhook: words, and a status that is right."""
    said = answer.text.strip()
    if answer.status == 200:
        return None if said == "ok" else Unknown(tell("garbled"))
    if answer.status in (400, 403, 404, 410) and said in HOOK:
        return Refused(tell("bad-webhook", said=said), str(answer.status))
    if answer.status in (404, 410) and said in ("channel_not_found", "channel_is_archived"):
        return Refused(tell("bad-channel", said=said), str(answer.status))
    return None


def kept(told: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """What is kept of a message; raises KeyError where it has no time."""
    return {"ts": str(told["ts"]), "channel": str(told.get("channel") or channel)}


def receipt_of(message: Mapping[str, Any], team: str, seen: str = "answer") -> Receipt:
    """The proof of one message; its id is the time at which it was made."""
    url = f"{team.rstrip('/')}/archives/{message['channel']}/p{message['ts'].replace('.', '')}" if team else ""
    at = dt.datetime.fromtimestamp(float(message["ts"]), dt.UTC)
    return Receipt(message["ts"], url, at, seen, detail={"message": dict(message)})


def message_of(known: Known) -> dict[str, Any] | None:
    """The message of a receipt or of a step that is done; of a person's receipt by its address."""
    if known.receipt and (there := known.receipt.detail.get("message")):
        return dict(there)
    if known.receipt and (found := ADDRESS.fullmatch(known.receipt.url)):
        return {"ts": f"{found[2]}.{found[3]}", "channel": found[1]}
    done: dict[str, Any] | None = known.steps.get("message")
    return done


def lacking(scopes: tuple[str, ...]) -> list[str]:
    """The scopes that a token lacks, where Slack tells which it has."""
    return [need for need in NEEDED if scopes and need not in scopes]
