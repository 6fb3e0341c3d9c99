"""A 3:4 poster to send into a group: the cover, words where a font with their letters is found, and the QR code."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from steadycast.platform import Post, broken_lines

from .qr import code
from .words import plain

WIDTH, HEIGHT, BAND, EDGE = 1080, 1440, 360, 60
PAPER, INK, GROUND = "#ffffff", "#1f2328", "#2f5d50"


def jpeg(post: Post, url: str, fonts: Iterable[str]) -> bytes:
    """Return the poster as JPEG, 1080x1440; without a cover its upper part is plain, without a font it has no words."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    top = (WIDTH, HEIGHT - BAND)
    cover = post.cover
    if cover:
        with Image.open(cover.path) as picture:
            sheet.paste(ImageOps.fit(picture.convert("RGB"), top), (0, 0))
    else:
        sheet.paste(GROUND, (0, 0, *top))
    square = BAND - EDGE
    if url:
        with Image.open(io.BytesIO(code(url))) as qr:
            size = square // qr.width * qr.width or square  # whole pixels a module, as long as it fits
            sheet.paste(qr.convert("RGB").resize((size, size), Image.Resampling.NEAREST), _corner(size))
    if font := next((f for f in fonts if Path(f.partition("#")[0]).is_file()), None):
        # A cover made from letters has no file in the draft, and says the title already.
        words = post.summary if cover and not cover.ref else post.title
        _words(sheet, plain(words), font, WIDTH - EDGE * 2 - (square if url else 0))
    made = io.BytesIO()
    sheet.save(made, "JPEG", quality=88, optimize=True)
    return made.getvalue()


def _corner(size: int) -> tuple[int, int]:
    return WIDTH - EDGE - size + 24, HEIGHT - (BAND + size) // 2


def _words(sheet: Image.Image, words: str, path: str, width: int) -> None:
    """Set the words in at most three lines, about equally long."""
    file, _, face = path.partition("#")  # a collection's faces are numbered: Noto CJK has Simplified Chinese at 2
    font = ImageFont.truetype(file, 48, index=int(face or 0))
    lines = broken_lines(words, width, font.getlength)
    for narrower in range(width // 2, width, 24):
        if len(lines) <= 3 and len(tried := broken_lines(words, narrower, font.getlength)) == len(lines):
            lines = tried
            break
    if len(lines) > 3:
        lines[2:] = [lines[2][:-1] + "…"]
    draw = ImageDraw.Draw(sheet)
    middle = HEIGHT - BAND // 2
    draw.multiline_text((EDGE, middle), "\n".join(lines), INK, font, anchor="lm", spacing=18)
