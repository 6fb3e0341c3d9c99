"""A post as a letter: text first, HTML second with its styles on each element; the same bytes each time it is built."""

from __future__ import annotations

import colorsys
import hashlib
import re
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from typing import Any
from urllib.parse import quote

import css_inline

from steadycast.platform import Channel, Media, Post, slot_path

from .cells import whole_words
from .headers import headers, ways_out

UNFOLDED = {"list-unsubscribe", "message-id", "list-id"}


class Policy(EmailPolicy):
    """SMTP's, but for headers of addresses: the standard library makes encoded words of a long one, and nobody could
    follow it.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in UNFOLDED:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


POLICY = Policy(linesep="\r\n", max_line_length=78)
SHADES = {"paper": (22, 96), "tint": (28, 96), "mark": (58, 36), "light": (60, 74)}  # saturation and lightness, percent
INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class Letter:
    """Builds the letters of one channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel, self.settings = channel, channel.settings
        self.domain = self.settings["from"].rpartition("@")[2] or "localhost"
        data = channel.spec.data if channel.spec else {}
        self.words = channel.words
        hue = data["hues"][hashlib.sha256(channel.community.encode()).digest()[0] % len(data["hues"])]
        mark = (58, 27) if 36 < hue < 196 else SHADES["mark"]  # yellows and greens are bright: darker reads as easily
        self.colours = {name: _hex(hue, *shade) for name, shade in (SHADES | {"mark": mark}).items()}

    def to(self, recipient: str, post: Post) -> bytes:
        """The letter for one recipient, as bytes for SMTP or an .eml file; "" is the outbox's own copy."""
        letter = EmailMessage(policy=POLICY)
        for name, value in headers(self.channel, recipient, post, self.message_id(recipient, post)).items():
            if value:
                letter[name] = value
        leave = ways_out(self.channel, recipient)[0]
        text = self.channel.render("letter.txt.j2", **self._values(post, leave))
        letter.set_content(text, cte=_encoding(text))
        html = self.html(post, leave)
        letter.add_alternative(html, subtype="html", cte=_encoding(html))
        mark = hashlib.sha256(post.key.encode()).hexdigest()
        if pictures := self._pictures(post):
            page = letter.get_payload(1)
            assert isinstance(page, MIMEPart)
            for media in pictures:
                kind, _, sub = media.mime.partition("/")
                page.add_related(
                    media.path.read_bytes(),
                    kind,
                    sub,
                    cid=f"<{self._cid(media)}>",
                    filename=media.name,
                    disposition="inline",
                )
            page.set_boundary(f"=_{mark[24:48]}")
        letter.set_boundary(f"=_{mark[:24]}")
        return letter.as_bytes()

    def message_id(self, recipient: str, post: Post) -> str:
        """The same for ever for one post and one recipient: a server that keeps track drops a second copy."""
        return f"<{hashlib.sha256(f'{post.key} {recipient}'.encode()).hexdigest()[:32]}@{self.domain}>"

    def page(self, post: Post) -> str:
        """Where the post can be read on the web, or nothing."""
        pages = self.settings["pages"].rstrip("/")
        for url in (post.canonical_url, f"{pages}/{quote(slot_path(post))}.html"):
            if re.match(r"https?://[^\s<>\"']+$", url):
                return url
        return ""

    def html(self, post: Post, leave: str) -> str:
        """The letter's page, its styles on each element, its pictures by Content-ID."""
        names = {m.sha256: f"cid:{self._cid(m)}" for m in self._pictures(post)}
        body = whole_words(post.html_with(names))
        cover = f"cid:{self._cid(post.opening)}" if post.opening else ""
        return INLINER.inline(
            self.channel.render("letter.html.j2", body=body, cover=cover, **self._values(post, leave))
        )

    def _values(self, post: Post, leave: str) -> dict[str, Any]:
        given = {"community": self.channel.community, "language": self.channel.language, "colours": self.colours}
        return {"post": post, "page": self.page(post), "leave": leave, "words": self.words, **given}

    def _pictures(self, post: Post) -> list[Media]:
        opening = [post.opening] if post.opening else []
        return [*opening, *(m for m in post.of("image") if f'"media:{m.sha256}"' in post.html)]

    def _cid(self, media: Media) -> str:
        return f"{media.sha256[:24]}@{self.domain}"


def _encoding(text: str) -> str:
    """Quoted-printable stays readable while most of it is ASCII; Han text is a third of the size in base64."""
    return "quoted-printable" if sum(map(str.isascii, text)) > 0.8 * len(text) else "base64"


def _hex(hue: int, saturation: int, lightness: int) -> str:
    """#rrggbb: some mail readers know no other notation."""
    red, green, blue = colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
