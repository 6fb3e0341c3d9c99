"""What a Mastodon server's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

from steadycast.platform import Answer, Busy, Known, Limit, Limits, MediaRule, Receipt

REMEMBERED = dt.timedelta(minutes=50)  # of the hour for which a server keeps an Idempotency-Key
MIMES = {
    "jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "mp3": "audio/mpeg",
    "m4a": "audio/mp4", "ogg": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "mp4": "video/mp4",
    "webm": "video/webm", "mov": "video/quicktime",
}  # fmt: skip


def sorted_error(answer: Answer) -> Busy | None:
    """What a status alone does not say: a file that is still being made ready comes as 422."""
    waits = answer.status == 422 and "finished processing" in answer.message
    return Busy(answer.message, "422", retry_after=dt.timedelta(seconds=30)) if waits else None


def in_doubt(known: Known, since: dt.timedelta) -> bool:
    """Whether newer statuses with other words may be ours, as a server changed them, so long after the hour.

    Within the hour the Idempotency-Key is known again: a second sending is the first.
    """
    begun = any(name.startswith("part-") for name in known.steps)
    return not known.frozen or (begun and since > REMEMBERED)


def part_of(answer: Answer) -> dict[str, str]:
    """What is kept of the status or the file of an answer."""
    try:
        return kept(answer.json())
    except (KeyError, TypeError, AttributeError):
        raise answer.garbled("the answer names no id", answer) from None


def kept(told: Mapping[str, Any]) -> dict[str, str]:
    """What is kept of a status or a file."""
    return {"id": str(told["id"]), "url": str(told.get("url") or ""), "at": str(told.get("created_at") or "")}


def receipt_of(parts: Sequence[Any], seen: str = "answer") -> Receipt:
    """The proof of a thread, by its first status."""
    first = parts[0]
    return Receipt(first["id"], first["url"], at_of({"created_at": first["at"]}), seen=seen, parts=tuple(parts))


def parts_of(receipt: Receipt) -> Sequence[Any]:
    """The statuses of a receipt; a person's has their address alone, which ends on the id."""
    alone = {"id": receipt.remote_id or receipt.url.rpartition("/")[2], "url": receipt.url, "at": ""}
    return receipt.parts or [alone]


def at_of(status: Mapping[str, Any]) -> dt.datetime | None:
    return dt.datetime.fromisoformat(status["created_at"]) if status["created_at"] else None


def same_words(shown: str, sent: str) -> bool:
    """Whether a status, which comes as HTML, says what was sent: the same letters and figures in the same order.

    Servers shorten a mention to the name, lay out lines and marks their own way, and hide the ends of long links.
    """
    return _letters(html.unescape(re.sub(r"<[^>]*>", "", shown))) == _letters(sent)


def _letters(text: str) -> str:
    text = unicodedata.normalize("NFKC", re.sub(r"(@\w+)@[\w.-]+", r"\1", text))
    return re.sub(r"[\W_]+", "", text).casefold() or "".join(text.split())


def limits_of(told: Any, known: Mapping[str, MediaRule]) -> Limits:
    """The limits of /api/v2/instance; of the formats that are `known` those that this server takes, too."""
    texts, files = told["configuration"]["statuses"], told["configuration"]["media_attachments"]
    text = Limit(texts["max_characters"], "graphemes", url=texts["characters_reserved_per_url"])
    side = isqrt(files["image_matrix_limit"])  # it limits the area: no picture of these sides has more

    def rule(kind: str, size: str, **more: Any) -> MediaRule:
        formats = (f for f in known[kind].formats if MIMES[f] in files["supported_mime_types"])
        return MediaRule(tuple(formats), bytes=files[size], **more)

    image = rule("image", "image_size_limit", count=texts["max_media_attachments"], width=side, height=side)
    media = {"image": image, "cover": rule("cover", "image_size_limit", width=side, height=side)}
    return Limits({"text": text}, {**media, **{kind: rule(kind, "video_size_limit") for kind in ("audio", "video")}})
