"""The community's streak as a small SVG badge, for a README or a site's footer."""

from __future__ import annotations

import math
import unicodedata

from steadycast.language import of_tag
from steadycast.report import words
from steadycast.report.model import Report
from steadycast.report.page import clean, environment

GOOD, WARM, COLD = "#24785f", "#a8730b", "#7b8385"  # white text on each has a contrast of at least 3.9


def badge(report: Report) -> str:
    """An SVG that says for how long the community has kept its promises.

    Its colour turns from green to amber when one of the streak's slots was late, and to grey when there is no streak.
    """
    streak = report.streak
    label = _short(clean(report.community))
    value = words.streak(streak, of_tag(report.language))
    colour = COLD if not streak.current else WARM if streak.late else GOOD
    template = environment().get_template("badge.svg.j2")
    return template.render(label=label, value=value, left=_width(label), right=_width(value), colour=colour)


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _width(text: str) -> int:
    """Pixels that a text takes at 11 px in a wide sans face, with its margins."""
    return math.ceil(sum(11 if unicodedata.east_asian_width(c) in "WF" else 7 for c in text)) + 12
