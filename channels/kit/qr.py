"""The QR code of an address."""

from __future__ import annotations

import functools
import io

import segno


@functools.lru_cache(maxsize=32)  # a kit that is shown, written and renewed has the same code each time
def code(url: str, scale: int = 8) -> bytes:
    """Return the QR code of `url` as PNG, quiet zone included (ISO/IEC 18004 asks for four modules)."""
    made = io.BytesIO()
    segno.make(url, error="m", micro=False).save(made, kind="png", scale=scale, border=4)
    return made.getvalue()
