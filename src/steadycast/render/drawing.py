"""A drawing (SVG) made safe: only shapes and words stay, and nothing in it leads outside it.

A browser runs what an SVG says once somebody opens it by its own address, and a rasteriser reads the files that it
names: what is not known to be harmless goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET  # entities are refused before it reads a byte

from steadycast.language import gettext as _
from steadycast.render.worker import Unusable

BYTES = 2 << 20
ELEMENTS = 20_000
DEEP = 100
SIDES = (300.0, 150.0)  # where a drawing says nothing of its size, as browsers take it

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_ELEMENTS = frozenset(
    "svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan textPath image switch "  # noqa: SIM905
    "linearGradient radialGradient stop pattern clipPath mask marker filter style feBlend feColorMatrix feComposite "
    "feComponentTransfer feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood "
    "feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight "
    "feSpecularLighting feSpotLight feTile feTurbulence".split()
)
_WITHIN = re.compile(r"\s*(?:#[\w.:-]*|data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*)\s*\Z")
_LEADS_OUT = re.compile(
    r"url\(\s*[\"']?\s*(?!#)|@import|@namespace|expression|javascript:|\\|-moz-binding", re.IGNORECASE
)
_LENGTH = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*(px|pt|mm|cm|in|em|rem|)\s*\Z")
_PIXELS = {"px": 1.0, "": 1.0, "pt": 4 / 3, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0, "rem": 16.0}


def read(data: bytes) -> tuple[bytes, float, float]:
    """A drawing made safe, and its width and height in pixels. Raises Unusable."""
    if len(data) > BYTES:
        raise Unusable(_("is a drawing of over %(size)s MB", size=BYTES >> 20))
    if b"<!ENTITY" in data or b"\0" in data:
        raise Unusable(_("is a drawing with entities of its own, or not in UTF-8"))
    root = _parsed(data)
    if root.tag != f"{{{_SVG}}}svg":
        raise Unusable(_("is no drawing, whatever its name says"))
    _clean(root)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    width, height = _sides(root)
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    return ET.tostring(root, encoding="utf-8"), width, height


def _parsed(data: bytes) -> ET.Element:
    """The tree, not deeper and not larger than may be walked."""
    reader: Any = ET.XMLPullParser(("start", "end"))
    count = depth = 0
    root: ET.Element | None = None
    try:
        for at in range(0, len(data), 65536):
            reader.feed(data[at : at + 65536])
            for what, element in reader.read_events():
                root = element if root is None else root
                count += what == "start"
                depth += 1 if what == "start" else -1
                if count > ELEMENTS or depth > DEEP:
                    raise Unusable(
                        _(
                            "is a drawing of over %(shapes)s shapes, or nested over %(deep)s deep",
                            shapes=ELEMENTS,
                            deep=DEEP,
                        )
                    )
        reader.close()
    except ET.ParseError as error:
        raise Unusable(_("is a broken drawing: its XML goes wrong on line %(line)s", line=error.position[0])) from None
    if root is None:
        raise Unusable(_("is an empty drawing"))
    return root


def _clean(root: ET.Element) -> None:
    for element in root.iter():
        element.attrib = {name: value for name, value in element.attrib.items() if _stays(name, value)}
        element[:] = [child for child in element if _is_harmless(child)]


def _is_harmless(element: ET.Element) -> bool:
    if not isinstance(element.tag, str) or not element.tag.startswith(f"{{{_SVG}}}"):
        return False  # a comment, an instruction, another program's notes
    name = element.tag.rpartition("}")[2]
    if name == "style":
        return not _LEADS_OUT.search("".join(element.itertext()))
    return name in _ELEMENTS


def _stays(name: str, value: str) -> bool:
    space, _, local = name.rpartition("}")
    if space and space not in {f"{{{_XLINK}", "{http://www.w3.org/XML/1998/namespace"}:
        return False
    if local == "href":
        return _WITHIN.match(value) is not None
    return not local.lower().startswith("on") and local != "base" and not _LEADS_OUT.search(value)


def _sides(root: ET.Element) -> tuple[float, float]:
    given = [_length(root.get(name, "")) for name in ("width", "height")]
    box = list(_numbers(root.get("viewBox", "")))
    if len(box) != 4 or box[2] <= 0 or box[3] <= 0:
        if None in given or 0 in given:
            return SIDES
        root.set("viewBox", f"0 0 {given[0]:g} {given[1]:g}")
        return given[0] or 0.0, given[1] or 0.0
    ratio = box[2] / box[3]
    width = given[0] or ((given[1] or 0.0) * ratio) or box[2]
    return width, given[1] or width / ratio


def _length(text: str) -> float | None:
    found = _LENGTH.match(text)
    return float(found[1]) * _PIXELS[found[2]] if found else None


def _numbers(text: str) -> Iterator[float]:
    for word in re.split(r"[\s,]+", text.strip())[:5]:
        if re.fullmatch(r"-?\d{1,7}(?:\.\d{1,9})?", word):
            yield float(word)
