"""Posts as signed JSON to one address. Copy this folder to make a platform of your own."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from steadycast.platform import Channel, Known, Media, Post, Receipt, Unknown, View, media_name


class Adapter:
    """One POST a post. What the far side did with it cannot be seen, so it is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.files = channel.settings["files"].rstrip("/")

    def publish(self, post: Post) -> Receipt:
        """Send the post; a 2xx is the receipt, with the `id` and `url` of its JSON where it has them."""
        body = json.dumps(self._body(post), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        answer = self.channel.http.request(
            "POST", self.channel.secret("url"), data=body, headers=self._headers(post, body)
        )
        told = _told(answer.text)
        url = str(told.get("url") or "")
        return Receipt(remote_id=str(told.get("id") or post.key), url=url if url.startswith("http") else "")

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """A webhook cannot be read back: only a person can tell."""
        raise Unknown(self.channel.tell("cannot-ask", key=post.key), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """What would be sent."""
        return [View("text", text=json.dumps(self._body(post), ensure_ascii=False, sort_keys=True, indent=2))]

    def _headers(self, post: Post, body: bytes) -> dict[str, str]:
        stamp = str(int(self.channel.now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": post.key,
            "Steadycast-Timestamp": stamp,
        }
        if secret := self.channel.secret("secret"):
            signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
            headers["Steadycast-Signature"] = f"sha256={signed.hexdigest()}"
        return headers

    def _body(self, post: Post) -> dict[str, Any]:
        event = post.event
        return {
            "key": post.key,
            "slot": post.slot,
            "published": post.published.isoformat(),
            "community": self.channel.community,
            "form": post.form,
            "origin": post.origin,
            "title": post.title,
            "summary": post.summary,
            "html": post.html_with(lambda m: f"{self.files}/{media_name(m)}") if self.files else post.html,
            "text": post.text,
            "language": post.language,
            "author": post.author,
            "member": {"id": post.member, "title": post.member_title, "url": post.member_url},
            "series": {"id": post.series, "title": post.series_title},
            "tags": list(post.tags),
            "canonical_url": post.canonical_url,
            "media": [self._media(m) for m in post.media],
            "event": event
            and {
                "start": event.start.isoformat(),
                "end": event.end.isoformat(),
                "all_day": event.all_day,
                "uid": event.uid,
                "place": event.place,
                "url": event.url,
            },
        }

    def _media(self, media: Media) -> dict[str, Any]:
        url = f"{self.files}/{media_name(media)}" if self.files else ""
        names = ("role", "name", "mime", "size", "sha256", "alt", "width", "height", "seconds")
        return {**{name: getattr(media, name) for name in names}, "url": url}


def _told(text: str) -> dict[str, Any]:
    """What the far side said of itself. It may say nothing: the status was the answer."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
