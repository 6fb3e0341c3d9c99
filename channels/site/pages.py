"""Which pages a change touches, and what each of them shows.

A publish writes what it touches, and no more. Pages that are to be another for another reason (templates, settings,
the menu) are stale: where there are many, they are left to `renew`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from steadycast.platform import Post, media_name

from . import archives, fronts, renewal
from .body import body
from .linked import linked
from .listings import Listing
from .maker import OVERVIEWS, Maker
from .renewal import Backlog, Stale
from .views import minutes, page_of, standfirst, view, web

SHOWN_AT = "events as of"  # the index's word for when it was last seen which events are over
AT_ONCE = 50  # posts of a site whose stale pages are made with a publish


class Pages(Maker):
    """One round of catching up over one shelf."""

    def catch_up(self, key: str, *, there: bool) -> None:
        """Bring up to date what shows the posts that changed; and the post `key`, unless its page is `there`."""
        here = self.shelf.get(key) is not None
        anew = {key} if here and (self.was_new or not there) else set[str]()
        self._write_changes(anew)
        if self.index.told("made") == self.edition:
            self._finish(whole=True)
        elif self.index.count() <= AT_ONCE or (self.was_new and not here):  # what was taken away is gone at once
            self.renew((self.index.count() + 1) * 1000)
        else:
            self._finish(whole=False)

    def renew(self, most: int, backlog: Backlog | None = None, *, alone: bool = True) -> Backlog | None:
        """Make up to so many stale pages again; what is left, None where there were none.

        Unless `alone`, a fork makes as many beside this process, where this machine has a processor for it.
        """
        self._write_changes(set())
        if self.index.told("made") == self.edition:
            self._finish(whole=True)
            return None
        same = backlog and not self.index.is_changed and backlog[:2] == (self.edition, self.index.left)
        stale = backlog.pages if backlog and same else self._stale()
        alone = alone or len(stale) < renewal.WORTH_A_FORK or not self.index.can_be_shared
        todo = stale[: most if alone else 2 * most]
        if alone:
            renewal.make(self, todo)
        else:
            renewal.make_in_two(self, todo)
        self.index.keep_pages(self.made, self.edition)
        rest = stale[len(todo) :]
        if not rest:
            for path in self.index.pages() - self.index.made(self.edition):
                archives.no_more(self, path)
        self._finish(whole=not rest)
        return Backlog(self.edition, self.index.left, rest)

    def _finish(self, *, whole: bool) -> None:
        self.index.keep_pages(self.made, self.edition)
        # While two editions stand side by side it is neither: the one before may come back meanwhile.
        self.index.note("made", self.edition if whole else "")
        self.shelf.finish(whole=whole)

    def _stale(self) -> list[Stale]:
        """Each page that another edition made, or none; readers' first pages first."""
        made = self.index.made(self.edition) | self.made
        found: list[Stale] = []
        if not made.issuperset(fronts.paths(self)):
            found.append(Stale("", partial(fronts.write, lists=None)))
        keys = self.index.newest(self.index.count())
        found += [Stale(key, partial(Pages._articles, keys=[key])) for key in keys if key not in made]
        for listing in self._listings():
            for number in range(listing.last(self.size) + 1):
                if (path := listing.path(number, self.size)) not in made:
                    found.append(Stale(path, partial(archives.write, listing=listing, number=number)))
        return found

    def _listings(self) -> Iterator[Listing]:
        yield Listing("all", "", self.index.count(), self.taken)
        for kind in OVERVIEWS:
            for group in self.groups[kind].values():
                yield Listing(kind, group.name, group.posts, self.taken)

    def _write_changes(self, anew: Collection[str]) -> None:
        """What shows the posts that changed, are `anew`, or are of events that are over by now and were not."""
        told, now = self.index.told(SHOWN_AT), int(self.now.timestamp() * 1_000_000)
        ended = self.index.ended(*sorted((int(told or 0), now)))  # after `now` where the clock was set back
        if self.changed or anew or ended:
            self._write({*anew, *ended})
        if ended or (not told and self.index.has("event")):
            self.index.note(SHOWN_AT, str(now))

    def _write(self, anew: Collection[str]) -> None:
        """Every page that shows one of the posts that changed or are `anew`, and those that every post may change."""
        keys = set(self.changed) | set(anew)
        lists = {of: (told.moved, set(told.same)) for of, told in self.touched.items()}
        for key in anew:
            for of, place in self.index.places(key).items():
                lists.setdefault(of, (set(), set()))[1].add(place)
        for (kind, name), (moved, same) in lists.items():
            if kind == "series":
                keys |= {key for place in moved | same for key in self.index.beside((kind, name), place) if key}
        self._articles(sorted(keys))
        self.index.drop_pages(key for key in self.changed if not self.index.briefs([key]))
        for (kind, name), (moved, same) in lists.items():
            if kind != "event":
                listing = Listing(kind, name, self.index.count((kind, name)), self.taken)
                ranks = [self.index.rank((kind, name), place) for place in same]
                first = self.index.rank((kind, name), min(moved)) if moved else None
                whole = range(listing.last(self.size) + 1) if archives.is_renamed(self, listing) else ()
                for number in whole or listing.touched(self.size, first, ranks):
                    archives.write(self, listing, number)
        archives.make_way(self, self._listings)
        fronts.write(self, lists.keys())

    def _articles(self, keys: Iterable[str]) -> None:
        for key in keys:
            if (post := self.shelf.get(key)) is not None:
                self._article(post)

    def _article(self, post: Post) -> None:
        page, shown = page_of(post), view(post, self.words, self.now)
        series, places = ("series", post.series), self.index.places(post.key)
        beside = self.index.beside(series, places[series]) if series in places else (None, None)
        sound, film = next(iter(post.of("audio")), None), next(iter(post.of("video")), None)
        canonical = web(post.canonical_url) or (f"{self.base}/{shown['page']}" if self.base else "")
        self.page(
            page,
            "article.html.j2",
            name=post.key,
            shown=shown | {"standfirst": standfirst(post)},
            title=post.title,
            description=post.summary,
            body=body(post, "../" * page.count("/"), self.words),
            sound=sound and {"src": media_name(sound), "mime": sound.mime, "length": minutes(sound.seconds)},
            film=film and {"src": media_name(film), "mime": film.mime},
            canonical=canonical,
            **dict(zip(("before", "after"), (key and self.views([key])[0] for key in beside), strict=True)),
            data=linked(post, self.channel.community, self.base, canonical),
        )
