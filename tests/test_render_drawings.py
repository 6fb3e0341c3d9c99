"""Drawings (SVG): kept where they are taken, made safe, painted elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pictures import opened, picture

from steadycast.errors import DraftError
from steadycast.platform import MediaRule
from steadycast.render import measured_media
from steadycast.render.media import Studio
from steadycast.render.worker import Worker

SITE = MediaRule(("jpg", "png", "svg"), width=1600)
KIT = MediaRule(("jpg", "png"))


def svg(inside: str = "<rect width='20' height='10' fill='#c00'/>", head: str = "width='20' height='10'") -> bytes:
    return f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' {head}>{inside}</svg>".encode()


class TestDrawings:
    def test_one_stays_a_drawing_where_that_is_taken_and_is_a_picture_elsewhere(
        self, studio: Studio, take: Callable[..., Any]
    ) -> None:
        media = take(b"<?xml version='1.0'?>\n<!-- made by hand -->\n" + svg(), "d.svg")
        assert (media.mime, media.width, media.height) == ("image/svg+xml", 20, 10)
        drawn, painted = studio.adapt(media, SITE), studio.adapt(media, KIT)
        assert (drawn.mime, painted.mime) == ("image/svg+xml", "image/png")
        assert (painted.width, painted.height) == (1600, 800)
        assert opened(painted).convert("RGB").getpixel((800, 400)) == (204, 0, 0)
        (cover,) = studio.covers(take(svg(), "c.svg", "cover"), MediaRule(("jpg",), sizes=((160, 90),)), "t", "")
        assert opened(cover).size == (160, 90)

    @pytest.mark.parametrize(
        "bad",
        [
            "<script>alert(1)</script>",
            "<g onload='alert(1)'/>",
            "<a href='javascript:alert(1)'><rect/></a>",
            "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><img src='x'/></body></foreignObject>",
            "<image href='{other}' width='20' height='10'/>",
            "<image xlink:href='file://{other}' width='20' height='10'/>",
            "<image href='https://far.example/a.png' width='20' height='10'/>",
            "<image href='data:image/svg+xml;base64,PHN2Zy8+' width='20' height='10'/>",
            "<use href='{other}#a'/>",
            "<style>@import url(https://far.example/a.css);</style>",
            "<style>rect {{ fill: url(https://far.example/a) }}</style>",
            "<rect style='fill: url({other})' width='1' height='1'/>",
            "<set attributeName='href' to='javascript:alert(1)'/>",
            "<?xml-stylesheet href='https://far.example/a.css'?>",
            "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
        ],
    )
    def test_nothing_in_it_runs_or_leads_out(
        self, studio: Studio, take: Callable[..., Any], tmp_path: Path, bad: str
    ) -> None:
        """A drawing on the site can be opened by its own address, and a rasteriser reads the files that it names."""
        other = tmp_path / "of-another.png"
        other.write_bytes(picture((20, 10), "PNG", colour=(0, 200, 0)))
        media = take(svg(bad.format(other=other) + "<rect width='5' height='5' fill='#c00'/>"), "d.svg")
        text = studio.adapt(media, SITE).path.read_text()
        for word in (
            "script",
            "alert",
            "onload",
            "far.example",
            "of-another",
            "foreignObject",
            "import",
            "base64",
            "set ",
        ):
            assert word not in text
        assert "rect" in text
        assert (0, 200, 0) not in {c for _, c in opened(studio.adapt(media, KIT)).convert("RGB").getcolors(1 << 22)}

    @pytest.mark.parametrize(
        "data",
        [
            b"<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>" + svg("<text>&b;</text>"),
            svg("<g>" * 200 + "</g>" * 200),
            svg("<g/>" * 30_000),
            svg() + b" " * (3 << 20),
            svg("<g>"),
            b"<html><body><svg ></svg></body></html>",
            svg(head="width='9000' height='1'"),
            svg(
                "<g id='a'>"
                + "".join(f"<g id='n{n}'>" + f"<use href='#n{n - 1}'/>" * 30 + "</g>" for n in range(1, 12))
                + "</g><g id='n0'><rect width='1' height='1'/></g>"
            ),
        ],
        ids=["entities", "deep", "many", "large", "broken", "html", "narrow", "use bomb"],
    )
    def test_one_that_is_none_or_would_cost_too_much_is_refused_with_its_line(
        self, take: Callable[..., Any], data: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(measured_media, "_worker", Worker("steadycast.render.image_worker", timeout=20))
        with pytest.raises(DraftError) as caught:
            take(data, "d.svg")
        assert caught.value.line == 7
        assert caught.value.hint
