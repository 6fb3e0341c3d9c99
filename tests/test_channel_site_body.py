"""A post's HTML inside a page of the site: nothing jumps, nothing is skipped, nothing is without a name."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_bench import ROOT, article

from steadycast.platform.registry import load, platforms

load(platforms([ROOT / "channels"])["site"])  # the folder is no package: its adapter's import makes it one
import sys  # noqa: E402

BODY = next(
    m for name, m in sys.modules.items() if name.endswith(".body") and "site" in name and hasattr(m, "in_order")
)
WORDS = {"done": "已完成", "to_do": "未完成"}


@given(st.lists(st.integers(1, 6), max_size=12))
def test_headings_begin_at_the_second_level_and_leave_none_out(levels: Any) -> None:
    made = BODY.in_order("".join(f'<h{n} id="x">t</h{n}>' for n in levels))
    found = [int(n) for n in re.findall(r"<h(\d)", made)]
    assert [int(n) for n in re.findall(r"</h(\d)", made)] == found
    assert all(after <= before + 1 for before, after in zip([1, *found], found, strict=False))
    assert all(n >= 2 for n in found)
    for one, other, level, deeper in zip(found, found[1:], levels, levels[1:], strict=False):
        assert (other > one) == (deeper > level) or other == one == 6


@pytest.mark.parametrize(("given", "made"), [([1, 3, 3, 2], [2, 3, 3, 3]), ([3, 2], [2, 2]), ([2, 3, 4], [2, 3, 4])])
def test_headings_as_they_are_placed(given: Any, made: Any) -> None:
    html = BODY.in_order("".join(f"<h{n}>t</h{n}>" for n in given))
    assert [int(n) for n in re.findall(r"<h(\d)", html)] == made


def test_boxes_have_names_and_what_scrolls_can_be_reached(tmp_path: Path) -> None:
    html = (
        '<li><input type="checkbox" checked="" disabled=""> a</li><li><input type="checkbox" disabled=""> b</li>'
        "<pre><code>x</code></pre><table><tr><td>1</td></tr></table>"
    )
    made = BODY.body(dataclasses.replace(article(tmp_path), html=html), "", WORDS)
    assert re.findall(r'<input aria-label="([^"]+)"', made) == ["已完成", "未完成"]
    assert '<pre tabindex="0"><code>' in made
    assert '<div class="wide" tabindex="0"><table>' in made
    assert "</table></div>" in made


def test_a_picture_has_its_sides_and_its_title_is_its_caption(tmp_path: Path) -> None:
    post = article(tmp_path)
    picture = post.of("image")[0]
    shown = f'<p><img src="media:{picture.sha256}" alt="a" title="弄堂口"></p><p>x <img src="https://a.example/b.png" alt="">'
    made = BODY.body(dataclasses.replace(post, html=shown), "../", WORDS)
    assert f'width="{picture.width}" height="{picture.height}" loading="lazy"' in made
    assert "<figcaption>弄堂口</figcaption></figure>" in made
    assert f'src="../media/{picture.sha256}' in made
    assert made.count("<figure>") == 1
