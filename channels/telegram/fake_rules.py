"""How a Bot API server reads a request, and what it says no to, in its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

Answer = tuple[int, dict[str, Any]]  # status, and JSON
LISTS = ("media", "entities", "caption_entities", "rich_message", "link_preview_options")
MIMES = {"photo": "image/", "video": "video/mp4", "audio": "audio/"}
BYTES = {"photo": 10_000_000}
TAGS = frozenset(
    "p h1 h2 h3 h4 h5 h6 b strong i em u s del code pre a blockquote ul ol li table tr td th hr br img sup sub".split()  # noqa: SIM905
)


def error(code: int, said: str, **parameters: Any) -> Answer:
    """A no, as the server words it."""
    described = f"Bad Request: {said}" if code == 400 else said
    told = {"ok": False, "error_code": code, "description": described}
    return (code, {**told, **({"parameters": parameters} if parameters else {})})


def well(result: Any) -> Answer:
    """A yes, with what came of it."""
    return (200, {"ok": True, "result": result})


def parsed(request: Any) -> dict[str, Any]:
    """The fields of JSON or of a form, in which lists come as JSON."""
    if request.headers.get_content_type() == "application/json":
        told: dict[str, Any] = request.json()
        return told
    form = request.form()
    return {n: json.loads(v) if n in LISTS and isinstance(v, str) else v for n, v in form.items()}


def named(asked: dict[str, Any], address: str) -> Any:
    """The file of a form that `attach://` names."""
    return asked[address.removeprefix("attach://")]


def wrong_member(member: dict[str, Any], chat: dict[str, Any]) -> Answer | None:
    """Why the bot may not post there."""
    if member["status"] == "kicked":
        return error(403, "Forbidden: bot was kicked from the channel chat")
    may = member.get("can_post_messages", chat["type"] != "channel")
    return None if may else error(400, "not enough rights to send text messages to the chat")


def wrong_words(words: str, marks: Sequence[dict[str, Any]], most: int, what: str) -> Answer | None:
    """Why words cannot go out: too many (marks are not counted), none at all, or marks that lie outside of them."""
    if len(words) > most:
        return error(400, f"{what} is too long")
    if not words.strip() and what == "message":
        return error(400, "message text is empty")
    units = len(words.encode("utf-16-le")) // 2
    for mark in marks:
        if mark["offset"] < 0 or mark["length"] <= 0 or mark["offset"] + mark["length"] > units:
            return error(400, f"entity beginning at UTF-16 offset {mark['offset']} ends after the end of the text")
    return None


def wrong_file(file: Any, role: str) -> Answer | None:
    """Why a file is not taken."""
    if len(file.data) > BYTES.get(role, 50_000_000):
        return (413, {"ok": False, "error_code": 413, "description": "Request Entity Too Large"})
    return None if file.mime.startswith(MIMES[role]) else error(400, "IMAGE_PROCESS_FAILED")


def wrong_album(media: Sequence[dict[str, Any]], files: Sequence[Any]) -> Answer | None:
    """Why these are no album."""
    if not 2 <= len(media) <= 10:
        return error(400, "wrong number of messages in the album: 2 to 10 are allowed")
    for each, file in zip(media, files, strict=True):
        words = wrong_words(each.get("caption", ""), each.get("caption_entities", []), 1024, "message caption")
        if wrong := wrong_file(file, each["type"]) or words:
            return wrong
    return None


def wrong_rich(rich: dict[str, Any]) -> Answer | None:
    """Why it is no rich message: too long, an element that is not known, a picture that did not come with it."""
    html = rich["html"]
    if len(re.sub(r"<[^>]*>", "", html)) > 32_768 or len(rich.get("media", [])) > 50:
        return error(400, "rich message is too long")
    if unknown := set(re.findall(r"</?([a-zA-Z][\w-]*)", html)) - TAGS:
        return error(400, f'can\'t parse rich message: unsupported start tag "{min(unknown)}"')
    there = {each["id"] for each in rich.get("media", [])}
    lost = set(re.findall(r'src="tg://photo\?id=([^"]*)"', html)) - there
    return error(400, "can't parse rich message: media not found") if lost else None
