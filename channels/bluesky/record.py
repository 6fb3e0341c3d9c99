"""What a post is as records of app.bsky.feed.post: keys, marked text, pictures, and what is proof of it. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steadycast.platform import Known, Limit, Media, Post, Receipt, count, cut, marks

PARTS = 250  # of one thread: a text is split into no more
PICTURES = 4
SHOWN = 30  # bytes of an address that a reader sees: what [limits.text] counts for one
MENTIONS = 20  # of one part that are looked up: the rest stays plain text
ALT, TAG = Limit(1000, "graphemes", bytes=10_000), Limit(64, "graphemes", bytes=640)
ADDRESS = re.compile(r"/post/([2-7a-j][2-7a-z]{12})(?![2-7a-z])")  # of a post, as readers and people have it
DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
END = r"(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # of a label of a host's name
MENTION = re.compile(rf"(?<![\w@./-])@((?:[A-Za-z0-9]{END}\.)+[A-Za-z]{END})(?![\w-]|\.\w)", re.ASCII)

Part = Mapping[str, Any]  # uri, cid, and the root of its thread


def tid(post: Post, n: int) -> str:
    """The key of part `n`: a TID, which is the microsecond of the promised hour and ten bits, all of the marker's."""
    mark = int.from_bytes(hashlib.sha256(post.key.encode()).digest()[:8])
    second, spread = int(post.due.timestamp()) * 1_000_000, mark % (1_000_000 - PARTS)
    number = second + spread + n - 1 << 10 | mark >> 54
    return "".join(DIGITS[number >> shift & 31] for shift in range(60, -1, -5))


def keys_of(post: Post, known: Known) -> list[tuple[str, bool]]:
    """Where its parts can be, and whether none follows one that is not there; an address that a person gave is one."""
    given = ADDRESS.search(known.receipt.url) if known.receipt else None
    if given and given[1] != tid(post, 1):
        return [(given[1], True)]
    least = max(len(post.parts), len(known.receipt.parts) if known.receipt else 0)
    return [(tid(post, n), n >= least) for n in range(1, PARTS + 1)]


def stamp(at: float, n: int) -> str:
    """When part `n` of what was first sent `at` was made: each a millisecond after the one before."""
    made = dt.datetime.fromtimestamp(at, dt.UTC) + dt.timedelta(milliseconds=n - 1)
    return f"{made:%Y-%m-%dT%H:%M:%S}.{made.microsecond // 1000:03}Z"


def record_of(post: Post, marked: tuple[str, list[Any]], made: str, above: Part | None, embed: Any) -> Any:
    """The record of one part; `marked` is its text as `rich` gives it, `above` the part that it answers."""
    text, facets = marked
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": made, "facets": facets, "embed": embed}
    language = post.language.partition("-")[0].lower()
    record["langs"] = [language] if re.fullmatch(r"[a-z]{2,3}", language) else []
    record["reply"] = above and {"root": above["root"], "parent": {"uri": above["uri"], "cid": above["cid"]}}
    return {name: value for name, value in record.items() if value}


def rich(text: str, did_of: Callable[[str], str | None]) -> tuple[str, list[Any]]:
    """`text` with its long addresses shown shorter; and where its links, hashtags and mentions are, in bytes of UTF-8.

    `did_of` tells whose a handle is, or None: then it stays plain text.
    """
    links = marks(text)
    named = [(*m.span(), "mention") for m in MENTION.finditer(text)]
    free = [m for m in named if not any(begin <= m[0] < end for begin, end, _ in links)][:MENTIONS]
    facets, shown, done = [], "", 0
    for begin, end, kind in sorted(links + free):
        words = text[begin:end]
        shown, at, done = shown + text[done:begin], 0, end
        at = len(shown.encode())
        shown += short(words) if kind == "link" else words
        if feature := _feature(kind, words, did_of):
            facets.append({"index": {"byteStart": at, "byteEnd": len(shown.encode())}, "features": [feature]})
    return shown + text[done:], facets


def short(address: str) -> str:
    """An address as readers see it: without its scheme, and no longer than it counts."""
    bare = address.partition("://")[2]
    return bare if len(bare.encode()) <= SHOWN else bare.encode()[: SHOWN - 3].decode(errors="ignore") + "..."


def _feature(kind: str, words: str, did_of: Callable[[str], str | None]) -> Any:
    name, given = f"app.bsky.richtext.facet#{kind}", words[1:]
    if kind == "link":
        return {"$type": name, "uri": words}
    if kind == "tag":  # "#1" is a number, not a hashtag, as in the vendor's own programs
        return None if given.isdigit() or count(given, TAG) > TAG.max else {"$type": name, "tag": given}
    did = did_of(given.lower())
    return {"$type": name, "did": did} if did else None


def card_of(post: Post) -> dict[str, str] | None:
    """The card that leads to the post's own page.

    None where it has no page, or where its text leads there itself and pictures can be shown in the card's place.
    """
    address = post.canonical_url
    if not address or (address in post.text and pictures_of(post)):
        return None
    return {"uri": address, "title": post.title, "description": post.summary}


def pictures_of(post: Post) -> list[Media]:
    """The cover, unless it is in the text anyway, and the pictures, as many as are shown."""
    return [m for m in (post.opening, *post.of("image")) if m][:PICTURES]


def embed_of(post: Post, upload: Callable[[Media], Any]) -> dict[str, Any] | None:
    """What the first part shows below its text: a film, the card of the post's page, or its pictures."""
    pictures = pictures_of(post)
    if film := next(iter(post.of("video")), None):
        return {"$type": "app.bsky.embed.video", "video": upload(film), **_described(film)}
    if card := card_of(post):
        thumb = {"thumb": upload(pictures[0])} if pictures else {}
        return {"$type": "app.bsky.embed.external", "external": {**card, **thumb}}
    images = [{"image": upload(each), **_described(each)} for each in pictures]
    return {"$type": "app.bsky.embed.images", "images": images} if images else None


def _described(media: Media) -> dict[str, Any]:
    sides = {"aspectRatio": {"width": media.width, "height": media.height}} if media.width and media.height else {}
    return {"alt": cut(media.alt, ALT), **sides}


def kept(told: Mapping[str, Any], above: Part | None) -> dict[str, Any]:
    """What is kept of a part."""
    own = {"uri": told["uri"], "cid": told["cid"]}
    return {**own, "root": above["root"] if above else own}


def receipt_of(parts: Sequence[Part], app: str, seen: str = "answer") -> Receipt:
    """The proof of a thread, by its first part; its address has the account's DID, which stays when its name goes."""
    _, _, did, _, key = parts[0]["uri"].split("/")
    return Receipt(parts[0]["uri"], f"{app.rstrip('/')}/profile/{did}/post/{key}", seen=seen, parts=tuple(parts))
