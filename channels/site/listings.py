"""The site's lists: all posts, and those of each series, member and tag; and how a list is cut into pages.

Archives are cut from the oldest post on: a new post changes the newest archive page only, and the address of an
archive page shows the same posts for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from .views import listing_of


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of so many posts; its pages are `<stem>.html` (the newest) and `<stem>-1.html` (the oldest) and on."""

    kind: str  # all, series, member, tag
    name: str
    count: int
    taken: Collection[str] = ()  # paths of lists, without suffix: one may be called as an archive page of another is

    @property
    def stem(self) -> str:
        """The path of its pages, without number and suffix."""
        return self.kind if self.kind == "all" else listing_of(self.kind, self.name)

    def last(self, size: int) -> int:
        """The number of its newest archive page; 0 where all of it is on one page."""
        return (self.count - 1) // size + 1 if self.count > size else 0

    def path(self, number: int, size: int) -> str:
        """The path of a page of it; 0 and what comes after the last is the newest, -1 none."""
        if number < 0:
            return ""
        if not 0 < number <= self.last(size):
            return f"{self.stem}.html"
        plain = f"{self.stem}-{number}"
        return f"{self.stem}--{number}.html" if plain in self.taken else f"{plain}.html"  # no name has two in a row

    def part(self, number: int, size: int) -> tuple[int, int]:
        """Which of its posts a page shows, from the oldest on."""
        start = (number - 1) * size if number else max(0, self.count - size)
        return start, min(start + size, self.count)

    def beside(self, number: int, size: int) -> tuple[str, str]:
        """Where a page leads: to newer and to older posts."""
        if not number:  # it shows the newest of the last archive page, and some of the one before
            return "", self.path((self.count - size - 1) // size + 1 if self.last(size) else -1, size)
        return self.path(number + 1, size), self.path(number - 1 or -1, size)

    def touched(self, size: int, moved: int | None, same: Iterable[int]) -> Iterator[int]:
        """The numbers of its pages that change: with its order from post `moved` on, and with the posts `same`."""
        last, wanted = self.last(size), {rank // size + 1 for rank in same}
        if moved is not None:  # where a page begins, that before it leads to another
            wanted |= set(range(max(1, moved // size + (moved % size > 0)), last + 1))
        yield 0
        yield from sorted(number for number in wanted if number <= last)


def cut(before: list[str] | None, now: list[str], size: int, touched: Iterable[str]) -> list[int]:
    """Which parts, of `size` names each, are another than before: those from where the order is another, and touched.

    `before` is None where nothing is known of it. Parts are numbered from 1.
    """
    last = (len(now) - 1) // size + 1
    if before is None:
        return list(range(1, last + 1))
    pairs = zip(before, now, strict=False)
    same = next((n for n, (old, new) in enumerate(pairs) if old != new), min(len(before), len(now)))
    wanted = set(range(max(1, same // size + (same % size > 0)), last + 1)) if before != now else set()
    known = {name: n for n, name in enumerate(now)}
    wanted |= {known[name] // size + 1 for name in touched if name in known}
    return sorted(wanted)


def parts(many: int, size: int) -> int:
    """In how many parts there are so many; 0 where one page has all of them."""
    return (many - 1) // size + 1 if many > size else 0
