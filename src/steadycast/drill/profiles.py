"""How many drafts come in a week: counts with the figures of real communities, as they are drawn from."""

from __future__ import annotations

from collections.abc import Mapping

# Two weeklies that never stop, by the figures measured of their Git histories: the fewest, the middle and the most of
# a week, the mean, and variance over mean. The order of their weeks is not kept: each is drawn for itself.
WEEKLY_CN = (  # ruanyf/weekly, readers' items of a year: 2, 11, 24; 10.9; 1.5
    *(2, 4, 5, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 11),
    *(11, 11, 11, 11, 11, 11, 11, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 16, 16, 17, 17, 18, 19, 24),
)
WEEKLY_RUST = (  # This Week in Rust, members' contributions of a year: 8, 22, 40; 22.5; 1.9
    *(8, 11, 13, 13, 14, 15, 15, 16, 16, 16, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22),
    *(22, 23, 23, 23, 23, 24, 24, 25, 25, 25, 26, 26, 26, 27, 27, 28, 28, 29, 29, 31, 31, 32, 33, 34, 36, 40),
)
# A class of 77 with a hand-in a day, as seven programmes went: 30 % never begin, three of four hand in on a day, and
# 4 % of those who are left give up each day. Of what they hand in, `share` says how much may be published.
CLASS_HARD = tuple(
    round(sum(77 * 0.7 * 0.75 * 0.96 ** (7 * week + day) for day in range(7))) for week in range(12)
)  # fmt: skip

COUNTS: Mapping[str, tuple[int, ...]] = {
    "weekly-cn": WEEKLY_CN,
    "weekly-rust": WEEKLY_RUST,
    "class-hard": CLASS_HARD,
}
IN_ORDER = {"class-hard"}  # its weeks come one after the other, and a new class follows; of the others each is drawn
HOLIDAYS = {"weekly-cn": "CN"}  # nothing comes on these days off
