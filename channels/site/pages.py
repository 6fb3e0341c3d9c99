"""Which pages a change touches, and what each of them shows."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from steadycast.platform import Channel, Post, PostStore, media_name

from .body import body
from .linked import linked
from .listings import Listing, listings, with_neighbours
from .views import listing_of, minutes, page_of, standfirst, view, web

FIXED = ("style.css", "favicon.svg", "robots.txt")
OVERVIEWS = {"series": "series", "member": "members", "tag": "tags"}
SITEMAP = 45_000  # a sitemap holds 50,000 addresses: sitemaps.org/protocol.html


class Pages:
    """One round of catching up over one shelf."""

    def __init__(self, channel: Channel, shelf: PostStore, base: str) -> None:
        self.channel, self.shelf, self.base = channel, shelf, base
        self.data = channel.spec.data if channel.spec else {}
        self.words = channel.words
        self.now = channel.now()
        self.size = channel.settings["page_size"]
        self.listings = listings(shelf.posts, self.words)
        self.site = self._site()

    def write(self, todo: Iterable[str]) -> None:
        """Bring up to date every page that shows one of the posts `todo`, and those that every post may change."""
        keys = set(todo)
        here = {p.key for p in self.shelf.posts}
        if keys - here or self._menu() != self._menu(without=keys):
            keys |= here  # a post went, and which pages showed it is no longer known; or each page's menu changes
        wanted = with_neighbours(keys, self.listings)
        for post in self.shelf.whole(p for p in self.shelf.posts if p.key in wanted):
            self._article(post)
        for listing in self.listings.values():
            self._listing(listing, keys)
        self._front()
        self._fixed()

    def _site(self) -> dict[str, Any]:
        settings = self.channel.settings
        return {
            "name": self.channel.community,
            "about": settings["about"] or self.channel.about,
            "language": self.channel.language,
            "base": self.base,
            "path": urlsplit(self.base).path,
            "seal": self.channel.community.strip()[:1] or "·",
            "hue": self._hue(),
            "feed": web(settings["feed"]).rstrip("/"),
            "podcast": web(settings["podcast"]),
            "calendar": web(settings["calendar"]),
            **self._menu(),
        }

    def _menu(self, without: Container[str] = ()) -> dict[str, bool]:
        """Which of the overviews the menu of every page leads to: those that hold something."""
        posts = [p for p in self.shelf.posts if p.key not in without]
        return {
            "events": any(p.event for p in posts),
            "members": any(p.member for p in posts),
            "tags": any(p.tags for p in posts),
        }

    def _hue(self) -> int:
        chosen = self.channel.settings["hue"]
        hues = self.data["hues"]
        name = hashlib.sha256(self.channel.community.encode()).digest()
        return int(chosen) if chosen >= 0 else int(hues[name[0] % len(hues)])

    def _article(self, post: Post) -> None:
        page, shown = page_of(post), self._view(post)
        row = self.listings.get(listing_of("series", post.series)) if post.series else None
        beside = (p and self._view(p) for p in (row.beside(post.key) if row else (None, None)))
        sound, film = next(iter(post.of("audio")), None), next(iter(post.of("video")), None)
        canonical = web(post.canonical_url) or (f"{self.base}/{shown['page']}" if self.base else "")
        self._page(
            page,
            "article.html.j2",
            shown=shown | {"standfirst": standfirst(post)},
            title=post.title,
            description=post.summary,
            body=body(post, "../" * page.count("/"), self.words),
            sound=sound and {"src": media_name(sound), "mime": sound.mime, "length": minutes(sound.seconds)},
            film=film and {"src": media_name(film), "mime": film.mime},
            canonical=canonical,
            **dict(zip(("before", "after"), beside, strict=True)),
            data=linked(post, self.channel.community, self.base, canonical),
        )

    def _listing(self, listing: Listing, keys: set[str]) -> None:
        same = {"title": listing.title, "kind": listing.kind, "total": len(listing.posts)}
        for page in listing.pages(self.size, keys):
            shown = [self._view(p) for p in reversed(page.pop("posts"))]
            links = {way: quote(page.pop(way)) for way in ("newer", "older")}
            self._page(page.pop("path"), "list.html.j2", posts=shown, **same, **links, **page)

    def _front(self) -> None:
        """The front page, the events and the overviews: what every post may change."""
        shown = [self._view(p) for p in self.shelf.posts[: self.size]]
        held = {p.event.uid or p.draft or p.key: p for p in reversed(self.shelf.posts) if p.event}  # announced twice
        events = sorted((self._view(p) for p in held.values()), key=lambda v: str(v["moment"]["start"]))
        coming = [e for e in events if not e["moment"]["over"]]
        past = [e for e in reversed(events) if e["moment"]["over"]][:100]
        rows = {kind: self._overview(kind) for kind in OVERVIEWS}
        more = len(self.shelf.posts) > self.size
        front = {"posts": shown, "coming": coming[:3], "series": rows["series"], "more": more}
        self._page("index.html", "index.html.j2", title="", **front)
        self._page("events.html", "events.html.j2", title=self.words["events"], coming=coming, past=past)
        for kind, name in OVERVIEWS.items():
            self._page(f"{name}.html", "overview.html.j2", title=self.words[name], kind=kind, rows=rows[kind])

    def _overview(self, kind: str) -> list[dict[str, Any]]:
        """The listings of one kind, the most recently fed first; tags by how much they hold."""
        found = sorted((x for x in self.listings.values() if x.kind == kind), key=lambda x: x.stem)
        found.sort(key=lambda x: len(x.posts) if kind == "tag" else x.posts[-1].published.timestamp(), reverse=True)
        return [
            {"title": x.title, "page": quote(f"{x.stem}.html"), "count": len(x.posts), "last": self._view(x.posts[-1])}
            for x in found
        ]

    def _fixed(self) -> None:
        self._page("404.html", "lost.html.j2", title=self.words["lost"], root=f"{self.site['path']}/")  # at any depth
        for name in FIXED:
            self._keep(name, f"{name}.j2")
        if self.base:
            lists = [quote(f"{stem}.html") for stem in self.listings]
            posts = [(quote(page_of(p)), p.published.isoformat(timespec="seconds")) for p in self.shelf.posts[:SITEMAP]]
            self._keep("sitemap.xml", "sitemap.xml.j2", posts=posts, paths=lists)

    def _view(self, post: Post) -> dict[str, Any]:
        return view(post, self.words, self.now)

    def _page(self, path: str, template: str, **values: Any) -> None:
        root = values.pop("root", "../" * path.count("/"))
        picture = next((v["cover"] for v in values.get("posts", ()) if v["cover"]), None)
        given = {"description": "", "canonical": "", "data": None, "shown": None, "picture": picture, **values}
        self._keep(path, template, root=root, here=quote(path), **given)

    def _keep(self, path: str, template: str, **values: Any) -> None:
        text = self.channel.render(template, site=self.site, words=self.words, **values)
        self.shelf.keep(path, text.encode())
