"""What a directory would say of a show's cover, read from the file's first bytes."""

from __future__ import annotations

import struct
from pathlib import Path

SMALLEST, LARGEST = 1400, 3000  # pixels, square: PSP-1 and Apple


def trouble(image: Path) -> str:
    """Why directories would refuse the cover, or nothing."""
    try:
        size = measured(image.read_bytes())
    except (OSError, struct.error, IndexError):
        size = None
    if size is None:
        return f"{image.name} is neither a PNG nor a JPEG"
    width, height = size
    if width == height and SMALLEST <= width <= LARGEST:
        return ""
    return f"{image.name} is {width} x {height}: directories ask for a square of {SMALLEST} to {LARGEST} pixels"


def measured(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, or None where `data` is neither PNG nor JPEG."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # a start of frame, not a table
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
