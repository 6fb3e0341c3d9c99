"""A drawing of our own as a picture: it is no draft's, so it needs no process of its own."""

from __future__ import annotations

WIDTH = 1720  # pixels: two a unit of the record's picture


def png(svg: str, width: int = WIDTH) -> bytes:
    """An SVG as a PNG of that width."""
    import resvg_py  # only where somebody asks for a picture

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width))
