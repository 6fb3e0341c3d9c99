"""How a Synapse judges what it is sent, and what it says then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LARGEST = 65536  # bytes of a whole event
AROUND = 700  # bytes that the server puts around a content: hashes, signatures, what came before
Answer = tuple[int, dict[str, Any]]  # status, and JSON


def error(status: int, code: str, said: str, **more: Any) -> Answer:
    return status, {"errcode": code, "error": said, **more}


def wrong(content: Any) -> Answer | None:
    """Why this cannot be a message."""
    if not isinstance(content, dict):
        return error(400, "M_NOT_JSON", "Content not JSON.")
    if _has_float(content):
        return error(400, "M_BAD_JSON", "Bad JSON value: float")
    if len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) + AROUND > LARGEST:
        return error(413, "M_TOO_LARGE", "event too large")
    for name in ("msgtype", "body"):
        if not isinstance(content.get(name), str):
            return error(400, "M_UNKNOWN", f"'{name}' not a string type")
    return None


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(each) for each in value.values())
    return any(_has_float(each) for each in value) if isinstance(value, list) else isinstance(value, float)


def shown(event: Mapping[str, Any], edits: list[dict[str, Any]]) -> dict[str, Any]:
    """A message as its readers see it: the newest edit in its place."""
    newest = edits[-1]["content"].get("m.new_content") if edits else None
    content: dict[str, Any] = newest or event["content"]
    return content


def edits(events: Mapping[str, Any], id: str) -> list[dict[str, Any]]:
    """The edits of a message, the oldest first; of one that was taken away, none."""
    if id not in events or not events[id]["content"]:
        return []
    asked = {"rel_type": "m.replace", "event_id": id}
    return [each for each in events.values() if each["content"].get("m.relates_to") == asked]
