"""How a server of the AT Protocol judges a post, in its own words: as @atproto/pds 0.5.35 did."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import regex  # type: ignore[import-untyped]

TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
ROOM = {"app.bsky.embed.images": 2_000_000, "app.bsky.embed.video": 300_000_000, "app.bsky.embed.external": 1_000_000}
WRONG = "Invalid app.bsky.feed.post record: "


def cid(data: bytes, kind: str) -> str:
    """An address by content; the real one is of DAG-CBOR."""
    return kind + base64.b32encode(hashlib.sha256(data).digest()).decode().lower().rstrip("=")


def wrong(record: Mapping[str, Any], blobs: Mapping[str, int]) -> tuple[str, str] | None:
    """Why a record cannot be like this: the error's name, and what is said of it."""
    text = record.get("text")
    for name in ("text", "createdAt"):
        if not isinstance(record.get(name), str):
            return "InvalidRequest", f'{WRONG}Missing required key "{name}" at $.record'
    assert isinstance(text, str)
    if (length := len(text.encode())) > 3000:
        return "InvalidRequest", f"{WRONG}string too big (maximum 3000, got {length}) at $.record.text"
    if (length := len(regex.findall(r"\X", text))) > 300:
        return "InvalidRequest", f"{WRONG}grapheme too big (maximum 300, got {length}) at $.record.text"
    if len(record.get("langs", ())) > 3:
        return "InvalidRequest", f"{WRONG}array too big (maximum 3, got {len(record['langs'])}) at $.record.langs"
    for facet in record.get("facets", ()):
        begin, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        text.encode()[begin:end].decode()  # the server does not look; a reader's program would fail
        assert 0 <= begin < end <= len(text.encode())
    return _wrong_embed(record.get("embed") or {}, blobs)


def _wrong_embed(embed: Mapping[str, Any], blobs: Mapping[str, int]) -> tuple[str, str] | None:
    if len(embed.get("images", ())) > 4:
        return (
            "InvalidRequest",
            f"{WRONG}array too big (maximum 4, got {len(embed['images'])}) at $.record.embed.images",
        )
    for blob in files_of(embed):
        size = blobs.get(blob["ref"]["$link"])
        if size is None:
            return "BlobNotFound", f"Could not find blob: {blob['ref']['$link']}"
        if size > ROOM[embed["$type"]]:
            return (
                "BlobTooLarge",
                f"This file is too large. It is {size} but the maximum size is {ROOM[embed['$type']]}.",
            )
    return None


def files_of(embed: Mapping[str, Any]) -> list[Any]:
    """The files that an embed shows."""
    images = [each["image"] for each in embed.get("images", ())]
    return [each for each in (*images, embed.get("video"), embed.get("external", {}).get("thumb")) if each]


def read(record: Mapping[str, Any]) -> str:
    """The text with each link's whole address in the place of what is shown of it."""
    text: str = record["text"]
    data, done, made = text.encode(), 0, ""
    for facet in record.get("facets", ()):
        if uri := facet["features"][0].get("uri"):
            made += data[done : facet["index"]["byteStart"]].decode() + uri
            done = facet["index"]["byteEnd"]
    return made + data[done:].decode()
