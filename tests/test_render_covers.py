"""Covers: cropped to what a platform asks, lettered where one is required and a draft has none."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pictures import opened, picture
from PIL import Image

from steadycast.characters import pieces
from steadycast.platform import MediaRule
from steadycast.render import media as media_module
from steadycast.render.media import Studio


def test_covers_are_cropped_to_each_ratio(studio: Studio, take: Callable[..., Any]) -> None:
    rule = MediaRule(formats=("jpg",), ratios=("2.35:1", "1:1"), sizes=((900, 383), (500, 500)))
    covers = studio.covers(take(picture((1000, 1000)), "c.jpg", "cover"), rule, "题", "")
    assert [(c.width, c.height, c.role, c.name) for c in covers] == [
        (900, 383, "cover", "c-1.jpg"),
        (500, 500, "cover", "c-2.jpg"),
    ]
    by_ratio = studio.covers(take(picture((1000, 1000)), "c.jpg", "cover"), MediaRule(ratios=("16:9",)), "题", "")
    assert (by_ratio[0].width, by_ratio[0].height) == (1000, 562)


@pytest.mark.parametrize(
    ("focal", "ratio", "left"),
    [((0.9, 0.5), "1:1", 100), ((0.0, 0.5), "1:1", 0), ((0.5, 0.5), "1:1", 50), ((0.9, 0.1), "2:1", 0)],
)
def test_a_crop_keeps_the_focal_point_and_stays_within_the_picture(
    studio: Studio, take: Callable[..., Any], focal: tuple[float, float], ratio: str, left: int
) -> None:
    """Each column of the picture has its number as its red: what is left of it says where it was cut."""
    data = BytesIO()
    Image.frombytes("RGB", (200, 100), bytes(v for _ in range(100) for x in range(200) for v in (x, 0, 0))).save(
        data, "PNG"
    )
    (cover,) = studio.covers(take(data.getvalue(), "c.png", "cover"), MediaRule(ratios=(ratio,)), "", "", focal)
    assert opened(cover).getpixel((0, 0))[0] == left
    sized = MediaRule(ratios=(ratio,), sizes=((50, 50),))
    (small,) = studio.covers(take(data.getvalue(), "c.png", "cover"), sized, "", "", focal)
    assert opened(small).size == (50, 50)


@pytest.mark.parametrize("letters", [True, False])
def test_a_cover_is_lettered_when_one_is_required(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, letters: bool
) -> None:
    """With the machine's Han font, or with shapes where it has none; the same title is the same cover."""
    if not letters:
        monkeypatch.setattr(media_module, "font", lambda: None)
    rule = MediaRule(formats=("jpg",), required=True, sizes=((900, 383),))
    (first,) = studio.covers(None, rule, "沪语童谣里的老上海，以及 long English words", "沪语读书会")
    (again,) = studio.covers(None, rule, "沪语童谣里的老上海，以及 long English words", "沪语读书会")
    assert (first.width, first.height, first.mime) == (900, 383, "image/jpeg")
    assert first == again
    assert len(opened(first).getcolors(1 << 20)) > 2
    assert studio.covers(None, MediaRule(), "题", "") == ()


@pytest.mark.parametrize("title", ["Evening", "Donaudampfschifffahrtsgesellschaft", "https://example.org/" + "a" * 200])
def test_no_word_of_a_cover_runs_over_its_edge(studio: Studio, title: str) -> None:
    (cover,) = studio.covers(None, MediaRule(required=True, sizes=((500, 500),)), title, "")
    _, brightest = opened(cover).convert("L").crop((500 - 40, 0, 500, 500)).getextrema()
    assert brightest < 200, "letters are white"


def test_a_line_of_a_cover_never_begins_with_punctuation() -> None:
    assert pieces("弄堂、石库门 and a “day”。") == [
        "弄",
        "堂、",
        "石",
        "库",
        "门 ",
        "and ",
        "a ",
        "“day”。",
    ]
