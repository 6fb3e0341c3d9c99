"""A call: the sentence, link or code by which a post leads its reader to the community's own place."""

from __future__ import annotations

import hashlib
import html as entities
import io
import re
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from steadycast.crash_safety import durable
from steadycast.draft import MediaRef
from steadycast.platform import Media, MediaRule, Platform
from steadycast.render.media import Studio

NONE = "none"
MODULE = 8  # pixels of a code's smallest square


class Call(NamedTuple):
    """What a post says at its end: words, where they lead, and a picture to be scanned where the community gave one."""

    name: str
    text: str
    url: str = ""  # as it is shown there: with where it stands, where that is counted
    picture: Path | None = None  # the community's own code; None: one is drawn from `url`
    counted: bool = True  # whether the page of the post is counted, too, where it is the only link


class Written(Protocol):
    """[call.NAME] of steadycast.toml."""

    @property
    def text(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def qr(self) -> str: ...
    @property
    def utm(self) -> bool: ...


def call_at(
    named: tuple[str, Written] | None, root: Path, channel: str, platform: Platform, *, series: str = "", slot: str = ""
) -> Call | None:
    """The call as it stands at one slot on one channel; None where none is made, or the platform lets none be.

    `root` is the workspace, in which its picture lies.
    """
    if named is None or platform.call == NONE:
        return None
    name, given = named
    url = tracked(given.url, channel, platform, series, slot) if given.utm and given.url else given.url
    return Call(name, " ".join(given.text.split()), url, root / given.qr if given.qr else None, given.utm)


def tracked(url: str, channel: str, platform: Platform, series: str, slot: str) -> str:
    """`url` with where it stands: the four utm parameters that web statistics know. What it says itself stays.

    The medium is `page`, `email`, `qr` or `post`; the campaign is the series, the content the slot's local time.
    """
    medium = "qr" if platform.call == "qr" else "email" if platform.subscribers else "post"
    medium = "page" if platform.permalink else medium
    at = slot.partition("@")[2].replace(":", "")
    said = {"utm_source": channel, "utm_medium": medium, "utm_campaign": series, "utm_content": at}
    parts = urlsplit(url)
    there = {name for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
    more = urlencode({name: value for name, value in said.items() if value and name not in there})
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, more)))))


def slot_of(campaign: str, content: str) -> str:
    """The slot's id that `tracked` wrote as campaign and content; "" where they name none."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d)(\d\d)", content)
    return f"{campaign}@{found[1]}:{found[2]}" if found and campaign else ""


def as_text(call: Call, manner: str) -> str:
    """The call in plain words, with its address where a link may stand."""
    return " ".join(filter(None, (call.text, call.url if manner == "link" else "")))


def as_html(call: Call, manner: str, *, links: bool, picture: Media | None = None) -> str:
    """The call as one paragraph; with `links` its words are one, else the address stands behind them."""
    words = entities.escape(call.text or call.url)
    if manner == "link" and call.url:
        address = entities.escape(call.url)
        words = f'<a href="{address}">{words}</a>' if links else entities.escape(as_text(call, manner))
    shown = f'<p class="call">{words}</p>' if words else ""
    if picture is not None:
        shown += f'\n<p><img src="media:{picture.sha256}" alt="{entities.escape(picture.alt)}"></p>'
    return shown


def code(call: Call, studio: Studio, rule: MediaRule) -> Media:
    """The picture to be scanned, as the platform takes pictures; DraftError where the community's own cannot be used.

    Drawn from an address it has the same bytes each time.
    """
    path = call.picture or _drawn(call.url, studio.cache)
    taken = studio.take(MediaRef("image", f"call-{call.name}{path.suffix}", path, alt=call.text or call.url))
    return studio.adapt(taken, rule)


def _drawn(url: str, cache: Path) -> Path:
    """The QR code of an address as a file, quiet zone included (ISO/IEC 18004 asks for four modules)."""
    import segno

    file = cache / "qr" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.png"
    if not file.exists():
        made = io.BytesIO()
        segno.make(url, error="m", micro=False).save(made, kind="png", scale=MODULE, border=4)
        with durable.landing(file) as landing:
            landing.write_bytes(made.getvalue())
    return file
