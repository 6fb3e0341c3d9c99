"""The pages of a list: its newest posts, and its archive, numbered from the oldest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote

from .listings import Listing
from .maker import Maker


def write(maker: Maker, listing: Listing, number: int) -> None:
    """One page of a list; with the newest, number 0, those that it no longer has lead to it."""
    if not number:
        maker.without(listing.stem, listing.last(maker.size), there=bool(listing.count))
    if not listing.count:
        return
    of = (listing.kind, listing.name)
    newer, older = (quote(path) for path in listing.beside(number, maker.size))
    maker.page(
        listing.path(number, maker.size),
        "list.html.j2",
        kind=listing.kind,
        title=maker.title(*of),
        total=listing.count,
        number=number,
        posts=maker.views(reversed(maker.index.keys(of, *listing.part(number, maker.size)))),
        newer=newer,
        older=older,
    )


def is_renamed(maker: Maker, listing: Listing) -> bool:
    """Whether a series or a member is called otherwise than its pages say; from now on it is called so."""
    if listing.kind not in ("series", "member") or not listing.count:
        return False
    noted, title = f"title {listing.kind} {listing.name}", maker.title(listing.kind, listing.name)
    before = maker.index.told(noted)
    maker.index.note(noted, title)
    return before not in ("", title)


def make_way(maker: Maker, listings: Callable[[], Iterable[Listing]]) -> None:
    """The archives of each list that has a page called as a list that came or went just now is."""
    before = None if maker.before is None else set(maker.before[""])
    moved = set(maker.stems) if before is None else before ^ set(maker.stems)
    called = {stem.rpartition("-")[0] for stem in moved if stem.rpartition("-")[2].isdigit()}
    for listing in listings() if called else ():
        if listing.stem in called:
            for number in range(listing.last(maker.size) + 1):
                write(maker, listing, number)
                if number and "--" not in listing.path(number, maker.size):
                    maker.remove(f"{listing.stem}--{number}.html")


def no_more(maker: Maker, path: str) -> None:
    """A page that nothing makes any more, of an archive with a gap: it leads to its list where there is one."""
    stem = path.removesuffix(".html").rpartition("-")[0].removesuffix("-")
    if path.endswith(".html") and stem in maker.taken:
        maker.page(path, "moved.html.j2", title="", to=quote(f"{stem}.html"))
    elif path.endswith(".html"):
        maker.remove(path)
    else:
        maker.index.drop_pages([path])
