"""What every post may change: the front page, the events, the overviews, the sitemap; and what none does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from . import overviews, sitemap
from .listings import parts
from .maker import OVERVIEWS, Maker

FIXED = ("style.css", "favicon.svg", "robots.txt")
PAST = 100  # events


def write(maker: Maker, lists: Collection[tuple[str, str]] | None) -> None:
    """What every post may change; of the parts of overviews and sitemap all, where no `lists` are named."""
    shown = maker.views(maker.index.newest(maker.size))
    now = maker.now.timestamp() * 1_000_000
    events = maker.index.events()
    coming = maker.views(key for key, _, ends in events if ends >= now)
    past = maker.views(islice((key for key, _, ends in reversed(events) if ends < now), PAST))
    for kind, name in OVERVIEWS.items():
        touched = None if lists is None else [each for of, each in lists if of == kind]
        overviews.write(maker, kind, name, touched)
    more = maker.index.count() > maker.size
    front = {"posts": shown, "coming": coming[:3], "series": overviews.leading(maker, "series")[:8], "more": more}
    maker.page("index.html", "index.html.j2", title="", **front)
    maker.page("events.html", "events.html.j2", title=maker.words["events"], coming=coming, past=past)
    sitemap.write(maker, everything=lists is None)
    _fixed(maker)


def paths(maker: Maker) -> Iterator[str]:
    """The pages that `write` makes."""
    yield from ("index.html", "events.html", "404.html", *FIXED)
    for kind, name in OVERVIEWS.items():
        yield f"{name}.html"
        yield from (f"{name}-{n}.html" for n in range(1, parts(len(maker.groups[kind]), overviews.PART) + 1))
    if maker.base:
        yield "sitemap.xml"
        yield from (part for part, _, _ in sitemap.parts(maker))


def _fixed(maker: Maker) -> None:
    """What no post changes."""
    made = maker.index.made(maker.edition)
    if any(name not in made or not (maker.channel.out / name).is_file() for name in (*FIXED, "404.html")):
        root = f"{maker.site['path']}/"  # it is shown at any depth
        maker.page("404.html", "lost.html.j2", title=maker.words["lost"], root=root)
        for name in FIXED:
            maker.keep(name, f"{name}.j2")
