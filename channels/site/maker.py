"""What every page of the site is made with: the shelf's index, the menu, templates, and what changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from steadycast.platform import Channel, Group, PostStore

from .views import listing_of, view, web

ALL = ("all", "")
OVERVIEWS = {"series": "series", "member": "members", "tag": "tags"}


class Maker:
    """One round over one shelf. It takes in what changed there."""

    def __init__(self, channel: Channel, shelf: PostStore, base: str) -> None:
        self.channel, self.shelf, self.base = channel, shelf, base
        self.data = channel.spec.data if channel.spec else {}
        self.words = channel.words
        self.now = channel.now()
        self.size = channel.settings["page_size"]
        self.index = shelf.index
        self.changed, self.was_new = shelf.changed, shelf.is_new
        self.before = self.names() if self.changed and not self.was_new else None
        for name in ("groups", "stems"):
            self.__dict__.pop(name, None)  # as they were before
        self.touched = shelf.take_in()
        self.site = self._site()
        self.edition = f"{shelf.edition} {''.join(str(int(on)) for on in self._menu().values())}"
        self.made: set[str] = set()
        self._seen: dict[str, dict[str, Any]] = {}

    @cached_property
    def groups(self) -> dict[str, dict[str, Group]]:
        """The lists of each kind, by when they appeared."""
        return {kind: {group.name: group for group in self.index.groups(kind)} for kind in OVERVIEWS}

    def names(self) -> dict[str, list[str]]:
        """The lists of each kind, and of all, by when they appeared."""
        return {kind: list(groups) for kind, groups in self.groups.items()} | {"": self.stems}

    @cached_property
    def stems(self) -> list[str]:
        """The path of each list, without number and suffix, by when it appeared."""
        found = [(group.first, kind, group.name) for kind in OVERVIEWS for group in self.groups[kind].values()]
        return ["all", *(listing_of(kind, name) for _, kind, name in sorted(found))]

    @cached_property
    def taken(self) -> set[str]:
        """The paths of lists: one may be named as another's page is."""
        return set(self.stems)

    @cached_property
    def known(self) -> set[str]:
        """What was made before, whatever with."""
        return self.index.pages()

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

    def _menu(self) -> dict[str, bool]:
        """Which of the overviews the menu of every page leads to: those that hold something."""
        return {
            "events": self.index.has("event"),
            "members": self.index.has("member"),
            "tags": self.index.has("tag"),
        }

    def _hue(self) -> int:
        chosen = self.channel.settings["hue"]
        hues = self.data["hues"]
        name = hashlib.sha256(self.channel.community.encode()).digest()
        return int(chosen) if chosen >= 0 else int(hues[name[0] % len(hues)])

    def views(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """These posts as templates see them, in this order."""
        wanted = list(keys)
        for post in self.shelf.brief(key for key in wanted if key not in self._seen):
            self._seen[post.key] = view(post, self.words, self.now)
        return [self._seen[key] for key in wanted]

    def title(self, kind: str, name: str) -> str:
        """A list's title, as the newest post has it."""
        if kind in ("all", "tag"):
            return name or str(self.words["all"])
        newest = self.views(self.index.newest(1, (kind, name)))[0]["post"]
        title: str = newest.series_title if kind == "series" else newest.member_title
        return title or name

    def without(self, stem: str, last: int, *, there: bool) -> None:
        """Pages that a list no longer has lead to its first; of a list that is no more none is left."""
        if not there:
            self.remove(f"{stem}.html")
        for dash in ("-", "--"):
            number = last + 1
            while (page := f"{stem}{dash}{number}") not in self.taken and (self.channel.out / f"{page}.html").is_file():
                if there:
                    self.page(f"{page}.html", "moved.html.j2", title="", to=quote(f"{stem}.html"))
                else:
                    self.remove(f"{page}.html")
                number += 1

    def remove(self, path: str) -> None:
        """Take a page away."""
        (self.channel.out / path).unlink(missing_ok=True)
        self.index.drop_pages([path])

    def page(self, path: str, template: str, *, name: str = "", **values: Any) -> None:
        """Make an HTML page; `name` is what it is known by, where that is not its path."""
        root = values.pop("root", "../" * path.count("/"))
        picture = next((v["cover"] for v in values.get("posts", ()) if v["cover"]), None)
        given = {"description": "", "canonical": "", "to": "", "data": None, "shown": None, "picture": picture}
        self.keep(path, template, name=name, root=root, here=quote(path), **given | values)

    def keep(self, path: str, template: str, *, name: str = "", **values: Any) -> None:
        """Make a file, and write it where it is not that already."""
        text = self.channel.render(template, site=self.site, words=self.words, **values)
        self.shelf.keep(path, text.encode())
        self.made.add(name or path)
