"""Every post and every list, for search engines; in parts, the oldest first, where they are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from .listings import cut
from .maker import ALL, Maker
from .views import page_of

SITEMAP = 500  # addresses in one part; 50,000 may be: sitemaps.org/protocol.html


def write(maker: Maker, *, everything: bool) -> None:
    """Every post and every list; in parts, the oldest first, where they are many."""
    if not maker.base:
        return
    stems, count = maker.stems, maker.index.count()
    for gone in {path for path in maker.known if path.startswith("sitemap-")} - {part for part, _, _ in parts(maker)}:
        maker.remove(gone)
    if max(len(stems), count) <= SITEMAP:
        newest = list(reversed(_addresses(maker, 0, count)))
        maker.keep("sitemap.xml", "sitemap.xml.j2", home=True, posts=newest, paths=_paths(stems))
        return
    moved = maker.touched[ALL].moved if ALL in maker.touched else set()
    first = 0 if everything else min((maker.index.rank(ALL, place) for place in moved), default=count)
    changed = {"posts": set(range(first // SITEMAP + 1, count // SITEMAP + 2))}
    changed["lists"] = set(cut(None if everything or maker.before is None else maker.before[""], stems, SITEMAP, ()))
    for part, what, n in parts(maker):
        if n in changed[what] or part not in maker.known:
            start, stop = (n - 1) * SITEMAP, n * SITEMAP
            posts = _addresses(maker, start, stop) if what == "posts" else []
            paths = _paths(stems[start:stop]) if what == "lists" else []
            maker.keep(part, "sitemap.xml.j2", home=part == "sitemap-lists-1.xml", posts=posts, paths=paths)
    maker.keep("sitemap.xml", "sitemap_parts.xml.j2", parts=[part for part, _, _ in parts(maker)])


def parts(maker: Maker) -> Iterator[tuple[str, str, int]]:
    """Path, kind and number of each, where there are several."""
    many = {"posts": maker.index.count(), "lists": len(maker.stems)}
    if max(many.values()) > SITEMAP:
        for what, count in many.items():
            yield from ((f"sitemap-{what}-{n}.xml", what, n) for n in range(1, (count - 1) // SITEMAP + 2))


def _addresses(maker: Maker, start: int, stop: int) -> list[tuple[str, str]]:
    posts = maker.shelf.brief(maker.index.keys(ALL, start, stop))
    return [(quote(page_of(post)), post.published.isoformat(timespec="seconds")) for post in posts]


def _paths(stems: Iterable[str]) -> list[str]:
    return [quote(f"{stem}.html") for stem in stems]
