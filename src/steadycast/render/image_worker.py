"""The child process that opens hostile pictures and sound: one JSON request a line in, one answer a line out.

Run as `python -m steadycast.render.image_worker`. It has little memory, little time for each request, and writes only
the file that it is told to.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps, ImageSequence, UnidentifiedImageError

from steadycast.characters import broken_lines, pieces
from steadycast.language import gettext as _
from steadycast.render.worker import Unusable, serve

MEMORY = 2 << 30  # bytes of address space
SECONDS = 30  # of CPU time, a request
FILE_SIZE = 64 << 20
PIXELS = 40_000_000
FRAMES = 200
ANIMATED_PIXELS = 400_000_000  # width x height x frames
OPENED = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
DRAWN = 1600  # pixels of the longer side of a drawing that becomes a picture
FORMATS = {"jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}
EXTENSIONS = {kind: extension for extension, kind in FORMATS.items()}
SCALES = (1.0, 0.75, 0.5)  # of an animation that is too many bytes
SHRINKING = 8.0  # seconds of CPU time after which no smaller one is tried
LEAST = 0.1  # of its bytes at most are left at half its size
QUALITIES = (88, 80, 72, 64, 54, 44, 34)


def main() -> None:
    """Answer requests until the input ends."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit says more, and is an error instead of a warning
    serve(OPERATIONS, memory=MEMORY, seconds=SECONDS, file_size=FILE_SIZE)


def measure(source: str) -> dict[str, Any]:
    """Width and height as a viewer shows them, and the number of frames; one that breaks off half-way is refused."""
    if source.endswith(".svg"):
        _, width, height = _drawing(source)
        _open(source).load()
        return {"width": round(width), "height": round(height), "frames": 1}
    with _open(source) as image:
        for frame in ImageSequence.Iterator(image):
            frame.load()
        image.seek(0)
        width, height = image.size
        if image.getexif().get(0x0112, 1) >= 5:  # turned by a quarter
            width, height = height, width
        return {"width": width, "height": height, "frames": getattr(image, "n_frames", 1)}


def sound(source: str) -> dict[str, Any]:
    """Seconds of an audio or video file; null when it does not say."""
    from tinytag import TinyTag, TinyTagException

    from steadycast.render import mp3

    try:
        with Path(source).open("rb") as file:
            if source.endswith(".mp3") and (counted := mp3.seconds(file)):
                return {"seconds": counted}
            file.seek(0)
            tag = TinyTag.get(source, file_obj=file, tags=False)
    except TinyTagException as error:
        raise Unusable(_("cannot be read: it is damaged, or of another kind than its name says")) from error
    return {"seconds": tag.duration}


def adapt(
    *,
    source: str,
    out: str,
    formats: list[str],
    bytes: int | None = None,
    width: int | None = None,
    height: int | None = None,
    crop: list[float] | None = None,
    focal: list[float] | None = None,
    moves: list[str] | None = None,
) -> dict[str, Any]:
    """Write the picture upright, without metadata, in one of `formats`, within `bytes`, `width` and `height` pixels.

    `crop` is [ratio] or [width, height]: cut around `focal`, else from the middle, a little above it, then scaled to
    just that size. An animation stays one in the formats `moves`: in its own, else in the first of them.
    """
    if source.endswith(".svg") and "svg" in formats and not crop:
        return _safe_drawing(source, out, bytes)
    with _open(source) as image:
        kind = _format(image.format or "", formats)
        if getattr(image, "n_frames", 1) > 1 and moves and not crop:
            own = EXTENSIONS.get(image.format or "", "")
            moving = _moving(image, FORMATS[own if own in moves else moves[0]], bytes, width, height)
            if moving:
                return _write(out, *moving)
            image.seek(0)  # the first, whichever was looked at last
        if crop is None and (width or height):
            image.draft("RGB", (width or image.width, height or image.height))
        icc = image.info.get("icc_profile")
        still = _shaped(ImageOps.exif_transpose(image), crop, focal)
        still = _within(still, width, height)
    return _pressed(out, still, kind=kind, formats=formats, limit=bytes, icc=icc)


def _open(source: str) -> Image.Image:
    try:
        image = Image.open(_drawn(source) if source.endswith(".svg") else source, formats=OPENED)
    except UnidentifiedImageError:
        raise Unusable(_("is not a picture, whatever its name says")) from None
    if image.width * image.height > PIXELS:
        raise Unusable(
            _(
                "has %(width)s x %(height)s pixels; at most %(most)s million are taken",
                width=image.width,
                height=image.height,
                most=PIXELS // 1_000_000,
            )
        )
    frames = getattr(image, "n_frames", 1)
    if frames > FRAMES or frames * image.width * image.height > ANIMATED_PIXELS:
        raise Unusable(
            _(
                "has %(frames)s frames of %(width)s x %(height)s; at most %(most)s are taken",
                frames=frames,
                width=image.width,
                height=image.height,
                most=FRAMES,
            )
        )
    return image


def _drawing(source: str) -> tuple[bytes, float, float]:
    from steadycast.render import drawing  # a tenth of what this process loads, and few files are drawings

    return drawing.read(Path(source).read_bytes())


def _safe_drawing(source: str, out: str, limit: int | None) -> dict[str, Any]:
    data, width, height = _drawing(source)
    if limit is not None and len(data) > limit:
        raise Unusable(_("is a drawing of %(size)s bytes; at most %(most)s are taken", size=len(data), most=limit))
    Path(out).write_bytes(data)
    return {"ext": "svg", "width": round(width), "height": round(height)}


def _drawn(source: str) -> BytesIO:
    """A drawing as a PNG, large enough for a page. Nothing outside the file is read: its links are gone by now."""
    import resvg_py

    from steadycast import reasons

    data, width, height = _drawing(source)
    if not 1 / 50 <= width / max(height, 0.01) <= 50:
        raise Unusable(
            _(
                "is a drawing of %(width)s x %(height)s: too narrow for a picture",
                width=format(width, "g"),
                height=format(height, "g"),
            )
        )
    across = max(1, round(DRAWN * min(1.0, width / height)))
    try:
        return BytesIO(resvg_py.svg_to_bytes(svg_string=data.decode(), width=across))
    except ValueError as error:
        raise Unusable(_("is a drawing that cannot be shown: %(why)s", why=reasons.verbatim(str(error)))) from None


def _format(own: str, formats: list[str]) -> str:
    """The format to write: its own where allowed, else the first of `formats`."""
    wanted = [FORMATS[name] for name in formats if name in FORMATS]
    if own == "AVIF":  # mail, old readers and platforms do not show it
        return wanted[0] if wanted else "JPEG"
    return own if not wanted or own in wanted else wanted[0]


def _shaped(image: Image.Image, crop: list[float] | None, focal: list[float] | None) -> Image.Image:
    if crop is None:
        return image
    if focal:
        cut = image.crop(_around(image.size, crop[0] / crop[1] if len(crop) == 2 else crop[0], focal))
        whole = (int(crop[0]), int(crop[1])) if len(crop) == 2 else cut.size
        return cut if cut.size == whole else _true_colours(cut).resize(whole, Image.Resampling.LANCZOS)
    if len(crop) == 2:
        return ImageOps.fit(image, (int(crop[0]), int(crop[1])), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    ratio = crop[0]
    width, height = image.size
    size = (round(height * ratio), height) if width / height > ratio else (width, round(width / ratio))
    left, top = (width - size[0]) // 2, round((height - size[1]) * 0.4)
    return image.crop((left, top, left + max(1, size[0]), top + max(1, size[1])))


def _around(size: tuple[int, int], ratio: float, focal: list[float]) -> tuple[int, int, int, int]:
    """The largest part of that ratio whose middle is as near to the point as the edges let it."""
    width, height = size
    across, down = (round(height * ratio), height) if width / height > ratio else (width, round(width / ratio))
    across, down = max(1, across), max(1, down)
    left = min(max(0, round(focal[0] * width - across / 2)), width - across)
    top = min(max(0, round(focal[1] * height - down / 2)), height - down)
    return left, top, left + across, top + down


def _within(image: Image.Image, width: int | None, height: int | None) -> Image.Image:
    scale = min(1.0, (width or image.width) / image.width, (height or image.height) / image.height)
    if scale == 1.0:
        return image
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return _true_colours(image).resize(size, Image.Resampling.LANCZOS)


def _true_colours(image: Image.Image) -> Image.Image:
    """A palette or 16-bit picture as RGB or RGBA."""
    if image.mode in {"RGB", "RGBA", "L"}:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _pressed(
    out: str, image: Image.Image, *, kind: str, formats: list[str], limit: int | None, icc: bytes | None
) -> dict[str, Any]:
    """Write `image` as `kind`; under `limit` bytes by a lower quality, then as JPEG, then by fewer pixels."""
    lossy = kind if kind in {"JPEG", "WEBP"} else "JPEG" if not formats or {"jpg", "jpeg"} & set(formats) else kind
    first = _encoded(image, kind, QUALITIES[0], icc)
    if limit is None or len(first) <= limit:
        return _write(out, first, kind, image.size)
    for _smaller in range(12):
        for quality in QUALITIES if lossy in {"JPEG", "WEBP"} else QUALITIES[:1]:
            data = _encoded(image, lossy, quality, None)
            if len(data) <= limit:
                return _write(out, data, lossy, image.size)
        image = _within(image, max(1, image.width * 3 // 4), None)
    raise Unusable(_("cannot be made smaller than %(size)s bytes", size=limit))


def _encoded(image: Image.Image, kind: str, quality: int, icc: bytes | None) -> bytes:
    image = _opaque(image) if kind == "JPEG" else image
    options: dict[str, Any] = {"icc_profile": icc} if icc and kind != "GIF" else {}
    if kind in {"JPEG", "WEBP"}:
        options |= {"quality": quality}
    if kind == "JPEG":
        options |= {"optimize": True, "progressive": True}
    clean = image.copy()
    clean.info.clear()  # comments, EXIF, GPS, XMP: encoders take them from here
    if image.mode == "P" and "transparency" in image.info and kind in {"PNG", "GIF"}:
        options["transparency"] = image.info["transparency"]
    data = BytesIO()
    clean.save(data, kind, exif=b"", **options) if kind != "GIF" else clean.save(data, kind, **options)
    return data.getvalue()


def _opaque(image: Image.Image) -> Image.Image:
    """`image` on white, as RGB or grey."""
    if image.mode in {"RGB", "L"}:
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    whole = image.convert("RGBA")
    ground = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(ground, whole).convert("RGB")


def _moving(
    image: Image.Image, kind: str, limit: int | None, width: int | None, height: int | None
) -> tuple[bytes, str] | None:
    """The animation as `kind` within `limit` bytes, smaller where it has to be; None where it cannot be, or in time."""
    until = time.process_time() + SHRINKING
    for scale in SCALES:
        most = (min(width or image.width, image.width) * scale, min(height or image.height, image.height) * scale)
        data = _animation(image, kind, max(1, int(most[0])), max(1, int(most[1])))
        if limit is None or len(data) <= limit:
            return data, kind
        if time.process_time() > until or len(data) * LEAST > limit:
            break
    return None


def _animation(image: Image.Image, kind: str, width: int, height: int) -> bytes:
    frames, durations = [], []
    apart = bool(image.info.get("default_image"))  # of an APNG: a picture for who shows no animation
    for n, frame in enumerate(ImageSequence.Iterator(image)):
        if n == 0 and apart:
            continue
        durations.append(int(frame.info.get("duration", 100)))
        still = _within(frame.convert("RGBA"), width, height)
        still.info.clear()
        frames.append(still)
    data = BytesIO()
    frames[0].save(
        data, kind, save_all=True, append_images=frames[1:], duration=durations, loop=image.info.get("loop", 0)
    )
    return data.getvalue()


def _write(out: str, data: bytes, kind: str, size: tuple[int, int] | None = None) -> dict[str, Any]:
    Path(out).write_bytes(data)
    if size is None:
        with Image.open(BytesIO(data), formats=OPENED) as written:
            size = written.size
    return {"ext": EXTENSIONS[kind], "width": size[0], "height": size[1]}


# A cover made from a title

_GROUNDS = ("#1f3a4d", "#4a2f3c", "#2f4a38", "#4d3b1f", "#33365c", "#5a2d2d", "#254a4a", "#3f3350")


def cover(
    *, out: str, title: str, note: str, size: list[int], formats: list[str], font: list[Any] | None
) -> dict[str, Any]:
    """Write a cover: the title in large letters on the ground that is always its own; shapes where there is no font."""
    width, height = size
    seed = hashlib.sha256(title.encode()).digest()
    image = Image.new("RGB", (width, height), _GROUNDS[seed[0] % len(_GROUNDS)])
    draw = ImageDraw.Draw(image, "RGBA")
    _shapes(draw, width, height, seed, 26 if font else 60)
    if font:
        _lettering(draw, (width, height), title, note, font)
    return _pressed(out, image, kind=_format("JPEG", formats), formats=formats, limit=None, icc=None)


def _shapes(draw: ImageDraw.ImageDraw, width: int, height: int, seed: bytes, alpha: int) -> None:
    for x, y, radius in zip(seed[1:9], seed[9:17], seed[17:25], strict=True):
        r = (radius / 255 * 0.3 + 0.08) * max(width, height)
        middle = (x / 255 * width, y / 255 * height)
        box = (middle[0] - r, middle[1] - r, middle[0] + r, middle[1] + r)
        draw.ellipse(box, fill=(255, 255, 255, alpha * (radius % 3 + 1) // 6))


def _lettering(draw: ImageDraw.ImageDraw, size: tuple[int, int], title: str, note: str, font: list[Any]) -> None:
    width, height = size
    margin = min(width, height) // 9
    room, points, least = width - 2 * margin, min(width, height) // 4, min(width, height) // 10
    while True:
        letters = _letters(font[0], points, font[1])
        lines = broken_lines(title, room, letters.getlength)
        whole = points <= least or all(letters.getlength(word.rstrip()) <= room for word in pieces(title))
        if points <= 12 or (whole and len(lines) * points * 1.35 <= height - 2.6 * margin):
            break
        points = points * 9 // 10
    lines = lines[: max(1, int((height - 2 * margin) / (points * 1.35)))]
    y = (height - len(lines) * points * 1.35) / 2 - (margin / 4 if note else 0)
    for line in lines:
        draw.text((margin, y), line, font=letters, fill="white")
        y += points * 1.35
    if note:
        small = _letters(font[0], max(12, min(width, height) // 16), font[1])
        draw.text((margin, height - margin), note, font=small, fill=(255, 255, 255, 190), anchor="lm")


@lru_cache(maxsize=16)  # covers come in few sizes; each font takes twenty megabytes of the addresses allowed
def _letters(file: str, points: int, index: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, points, index=index)


OPERATIONS: dict[str, Callable[..., dict[str, Any]]] = {f.__name__: f for f in (measure, adapt, cover, sound)}

if __name__ == "__main__":
    main()
