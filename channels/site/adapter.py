"""A static site in a folder: the folder is the far side, so publishing twice is publishing once."""

from __future__ import annotations

from steadycast.platform import FolderAdapter, Known, Post, PostStore, Receipt, View

from .pages import Pages
from .renewal import Backlog
from .views import page_of


class Adapter(FolderAdapter):
    """Writes pages under `channel.out`; serve that folder as it is, or open index.html."""

    _backlog: Backlog | None = None  # what the last turn of a renewal left

    def withdraw(self, post: Post, known: Known) -> None:
        """Take the post's page away, and its line from every page that listed it."""
        with PostStore.of(self.channel) as shelf:
            self.settle(shelf, post)
        (self.channel.out / page_of(post)).unlink(missing_ok=True)
        super().withdraw(post, known)

    def views(self, post: Post) -> list[View]:
        """The post's page as a phone and as a desk have it."""
        self.publish(post)
        file = self.channel.out / page_of(post)
        return [View("page", file.read_text(encoding="utf-8"), widths=(390, 1280), base=file.parent)]

    def catch_up(self, shelf: PostStore, post: Post) -> None:
        """The pages that have changed, and a post's own where it is not there; of a small site all that are stale."""
        there = (self.channel.out / page_of(post)).is_file()
        Pages(self.channel, shelf, self.base).catch_up(post.key, there=there)

    def renew(self, most: int) -> int | None:
        """Makes stale pages again, up to so many, or twice that where two processes can; how many are left.

        None where there were none.
        """
        with PostStore.of(self.channel) as shelf:
            self._backlog = Pages(self.channel, shelf, self.base).renew(most, self._backlog, alone=False)
        return None if self._backlog is None else len(self._backlog.pages)

    def receipt(self, _shelf: PostStore, post: Post, seen: str) -> Receipt:
        """The post's page."""
        page = page_of(post)
        file = (self.channel.out / page).resolve()
        url = f"{self.base}/{page}" if self.base else file.as_uri()
        return Receipt(remote_id=page, url=url, at=post.published, seen=seen, page=page)
