"""A page that needs nothing but itself: what a sandboxed frame, which may load no file, shows of a platform's page."""

from __future__ import annotations

import base64
import html as entities
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote

from steadycast.language import gettext as _
from steadycast.outgoing import HttpClient
from steadycast.platform import Post, Refused, media_name
from steadycast.platform.post_files import place_media

POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
MOST = 24_000_000  # bytes of files in one page: what is beyond is left out
MOST_PLAYED = 4_000_000  # of a sound or a film: a player without its file still shows where it stands
DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<(meta|link|a|img|source|audio|video|track|input)\b([^>]*)>")
NAMED = re.compile(r"\s(src|poster|srcset)=(\"[^\"]*\"|'[^']*'|[^\s>]*)")
HREF = re.compile(r"\shref=(\"[^\"]*\"|'[^']*'|[^\s>]*)")


@dataclass
class Page:
    """One page made whole: `within` is the folder that its files may come from."""

    base: Path
    within: Path
    left: int = MOST

    def contained(self, html: str) -> str:
        """`html` with its styles and files inside it; what lies elsewhere is left out, and a link leads nowhere."""
        policy = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        return f"<!doctype html>{policy}{TAG.sub(self._tag, DOCTYPE.sub('', html, count=1))}"  # before all it speaks of

    def _tag(self, found: re.Match[str]) -> str:
        name, rest = found[1], found[2]
        if name == "meta":  # its own policy, made for files beside it, goes
            return "" if "http-equiv" in rest.lower() else found[0]
        if name == "link":
            return self._style(rest)
        if name == "a":
            return f"<a{HREF.sub(_link, rest)}>"
        return f"<{name}{NAMED.sub(self._source, rest)}>"

    def _style(self, rest: str) -> str:
        """A stylesheet of the page's own as an element; any other link is gone."""
        address = HREF.search(rest)
        file = self._file(_value(address[1])) if address and re.search(r"\brel=.?stylesheet", rest) else None
        if file is None:
            return ""
        css = file.read_text(encoding="utf-8").replace("</", "<\\/")  # no style ends its element
        return f"<style>{css}</style>"

    def _source(self, found: re.Match[str]) -> str:
        """A file of the page's own as data."""
        address = _value(found[2])
        if address.startswith("data:") and found[1] != "srcset":
            return found[0]
        file = self._file(address) if found[1] in ("src", "poster") else None
        mime = mimetypes.guess_type(file.name)[0] if file else None
        if file is None or mime is None:
            return ""
        size = file.stat().st_size
        if size > min(self.left, self.left if mime.startswith("image/") else MOST_PLAYED):
            return ""
        self.left -= size
        return f' {found[1]}="data:{mime};base64,{base64.b64encode(file.read_bytes()).decode()}"'

    def _file(self, address: str) -> Path | None:
        """The file that a relative address names, if it lies where it may."""
        if not address or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]", address):
            return None
        try:
            file = (self.base / unquote(address.partition("?")[0].partition("#")[0])).resolve()
            return file if file.is_relative_to(self.within.resolve()) and file.is_file() else None
        except (OSError, ValueError):  # no name of a file: too long, or with a NUL in it
            return None


def _value(given: str) -> str:
    return entities.unescape(given.strip("\"'"))


def _link(found: re.Match[str]) -> str:
    """A link within the page works; one elsewhere would open a window, which a sandbox does not; a file's is none."""
    address = _value(found[1])
    if address.startswith("#"):
        return found[0]
    return f' target="_blank" rel="noopener noreferrer"{found[0]}' if re.match(r"(?:https?|mailto):", address) else ""


def plain_page(post: Post, folder: Path) -> str:
    """A post's HTML as a page, its pictures laid below `folder`: of a platform that does not say what it looks like."""
    for media in (*post.of("image"), *post.of("cover")):
        place_media(media.path, folder / media_name(media))
    style = (
        "body{font:16px/1.8 system-ui,sans-serif;margin:16px;color:#222;background:#fff;overflow-wrap:break-word}"
        "h1{font-size:1.4em}img{max-width:100%;height:auto}pre{white-space:pre-wrap}"
    )
    language, title = entities.escape(post.language), entities.escape(post.title)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    body = f"<h1>{title}</h1>{post.html_with(media_name)}"
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body><main>{body}</main></body></html>'


class NoFarSide(HttpClient):
    """What a preview's adapter has instead of the far side: whoever asks is told that nothing is sent."""

    __slots__ = ()

    def request(self, *_asked: object, **_more: object) -> NoReturn:
        """Refuse any request."""
        raise Refused(_("a preview sends nothing"), channel=self.channel)

    def secret(self, name: str) -> str:
        """Refuse any secret."""
        raise Refused(_("a preview uses no secret, and so no %(name)s", name=name), channel=self.channel)
