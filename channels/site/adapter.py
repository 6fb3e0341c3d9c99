"""A static site in a folder: the folder is the far side, so publishing twice is publishing once."""

from __future__ import annotations

from steadycast.platform import Channel, Known, Post, PostStore, Receipt, View

from .pages import Pages
from .views import page_of


class Adapter:
    """Writes pages under `channel.out`; serve that folder as it is, or open index.html."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.base = (channel.settings["url"] or channel.site_url).rstrip("/")

    def publish(self, post: Post) -> Receipt:
        """The post's page and every page that lists it are on disk when this returns."""
        shelf = PostStore.of(self.channel)
        shelf.put(post)
        self._catch_up(shelf)
        return self._receipt(post, "answer")

    def revise(self, post: Post, _known: Known) -> Receipt:
        """As publish: what is there under the post's key becomes this one."""
        return self.publish(post)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """The receipt of a post on the shelf; its pages are made good first where a crash left them behind."""
        shelf = PostStore.of(self.channel)
        if shelf.get(post.key) is None:
            return None
        self._catch_up(shelf, missing=() if (self.channel.out / page_of(post)).is_file() else (post.key,))
        return self._receipt(post, "file")

    def withdraw(self, post: Post, _known: Known) -> None:
        """Take the post's page away, and its line from every page that listed it."""
        shelf = PostStore.of(self.channel)
        shelf.drop(post.key)
        (self.channel.out / page_of(post)).unlink(missing_ok=True)
        self._catch_up(shelf)

    def views(self, post: Post) -> list[View]:
        """The post's page as a phone and as a desk have it."""
        self.publish(post)
        file = self.channel.out / page_of(post)
        return [View("page", file.read_text(encoding="utf-8"), widths=(390, 1280), base=file.parent)]

    def _catch_up(self, shelf: PostStore, missing: tuple[str, ...] = ()) -> None:
        if todo := shelf.unfinished | set(missing):
            Pages(self.channel, shelf, self.base).write(todo)
            shelf.finish()

    def _receipt(self, post: Post, seen: str) -> Receipt:
        page = page_of(post)
        file = (self.channel.out / page).resolve()
        url = f"{self.base}/{page}" if self.base else file.as_uri()
        return Receipt(remote_id=page, url=url, at=post.published, seen=seen, page=page)
