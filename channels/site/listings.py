"""The site's lists: all posts, and those of each series, member and tag; and how a list is cut into pages.

Archives are cut from the oldest post on: a new post changes the newest archive page only, and the address of an
archive page shows the same posts for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steadycast.platform import Post

from .views import listing_of


@dataclass
class Listing:
    """One list, oldest post first; its pages are `<stem>.html` (the newest) and `<stem>-1.html` (the oldest) and on."""

    kind: str  # all, series, member, tag
    stem: str
    title: str = ""
    posts: list[Post] = field(default_factory=list)

    def pages(self, size: int, keys: set[str]) -> Iterator[dict[str, Any]]:
        """Every page that changes with the posts `keys`: its path, its posts, its number and where it leads."""
        first = next((n for n, post in enumerate(self.posts) if post.key in keys), None)
        if first is None:
            return
        total = len(self.posts)
        chunks = [self.posts[n : n + size] for n in range(0, total, size)] if total > size else []
        older = f"{self.stem}-{(total - size - 1) // size + 1}.html" if chunks else ""
        yield self._page(f"{self.stem}.html", self.posts[-size:], 0, "", older)
        for n in range(max(0, first // size - 1), len(chunks)):
            newer = f"{self.stem}-{n + 2}.html" if n + 1 < len(chunks) else f"{self.stem}.html"
            older = f"{self.stem}-{n}.html" if n else ""
            yield self._page(f"{self.stem}-{n + 1}.html", chunks[n], n + 1, newer, older)

    def _page(self, path: str, posts: Sequence[Post], number: int, newer: str, older: str) -> dict[str, Any]:
        return {"path": path, "posts": posts, "number": number, "newer": newer, "older": older}

    def beside(self, key: str) -> tuple[Post | None, Post | None]:
        """The posts before and after one, in time."""
        at = next(n for n, post in enumerate(self.posts) if post.key == key)
        return (self.posts[at - 1] if at else None, self.posts[at + 1] if at + 1 < len(self.posts) else None)


def listings(newest_first: Sequence[Post], words: Mapping[str, Any]) -> dict[str, Listing]:
    """Every listing of these posts, by its stem."""
    everything = Listing("all", "all", str(words["all"]))
    found = {everything.stem: everything}
    for post in reversed(newest_first):
        everything.posts.append(post)
        for kind, name, title in _places(post):
            stem = listing_of(kind, name)
            listing = found.setdefault(stem, Listing(kind, stem))
            listing.title = title  # the newest post knows best
            listing.posts.append(post)
    return found


def with_neighbours(keys: set[str], found: Mapping[str, Listing]) -> set[str]:
    """These keys and, since each page links both ways, those before and after them in their series."""
    wanted = set(keys)
    for listing in found.values():
        if listing.kind == "series":
            row = [p.key for p in listing.posts]
            near = {n + step for n, key in enumerate(row) if key in keys for step in (-1, 1)}
            wanted |= {row[n] for n in near if 0 <= n < len(row)}
    return wanted


def _places(post: Post) -> Iterator[tuple[str, str, str]]:
    if post.series:
        yield "series", post.series, post.series_title or post.series
    if post.member:
        yield "member", post.member, post.member_title or post.member
    for tag in dict.fromkeys(post.tags):
        if tag.strip():
            yield "tag", tag, tag
