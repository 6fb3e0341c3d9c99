"""The paste page's own script and its pictures."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.platform import Media, Post, View

if TYPE_CHECKING:
    from .sheet import Sheet

EMBED = 1_500_000  # bytes: a larger picture is shown from media/ instead of being carried inside the page
_TEXT = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
# The page's Content-Security-Policy lets this script run and no other: nothing from a draft ever does.
SCRIPT = {"script": _TEXT, "script_hash": base64.b64encode(hashlib.sha256(_TEXT.encode()).digest()).decode()}


def embedded(post: Post, placed: Mapping[str, Media]) -> str:
    """Return its HTML with its pictures inside, so that copying carries them; `data-file` is their name in the kit."""
    names = {media.sha256: name for name, media in placed.items() if media.role in ("image", "cover")}

    def carried(found: re.Match[str]) -> str:
        name, media = found[1], placed.get(found[1])
        if media is None:
            return found[0]
        data = name
        if media.size <= EMBED:
            data = f"data:{media.mime};base64,{base64.b64encode(media.path.read_bytes()).decode()}"
        return f'src="{data}" data-file="{name}"'

    return re.sub(r'src="(media/[^"]+)"', carried, post.html_with(names, captions=False))


def views(sheet: Sheet, folder: Path) -> Iterator[View]:
    """Yield the text as it stands once it is pasted, at the width of the platform's reader, then each field."""
    if sheet.show_body:
        body = embedded(sheet.post, sheet.placed)
        html = sheet.channel.render("pasted.html.j2", kit=sheet, body=body)
        yield View("body", html, widths=(int(sheet.data["width"]),), base=folder)
    for field in sheet.fields:
        yield View(field.name, text=field.value, n=field.n, max=field.max)
