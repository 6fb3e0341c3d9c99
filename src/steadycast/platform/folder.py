"""A platform whose far side is a folder: publishing twice is publishing once, and what a crash left is made good."""

from __future__ import annotations

from abc import ABC, abstractmethod

from steadycast.platform.contract import Channel, Known
from steadycast.platform.post import Post
from steadycast.platform.post_store import PostStore
from steadycast.receipt import Receipt


class FolderAdapter(ABC):
    """Keeps posts on a shelf under `channel.out`; a platform says what is made of them (`catch_up`) and where it is."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.base = (channel.settings["url"] or channel.site_url).rstrip("/")

    @abstractmethod
    def catch_up(self, shelf: PostStore, post: Post) -> None:
        """Make pages and lists show what is on the shelf, at least this post, then `shelf.finish()`."""

    @abstractmethod
    def receipt(self, shelf: PostStore, post: Post, seen: str) -> Receipt:
        """The proof that a post is there."""

    def take(self, post: Post) -> None:  # noqa: B027 most show every post
        """Raise Refused for a post that cannot be shown here."""

    def publish(self, post: Post) -> Receipt:
        """The post is on the shelf, and everything that shows it is on disk, when this returns."""
        self.take(post)
        with PostStore.of(self.channel) as shelf:
            self.settle(shelf, post)
            shelf.put(post)
            self.catch_up(shelf, post)
            return self.receipt(shelf, post, "answer")

    def settle(self, shelf: PostStore, post: Post) -> None:
        """Make good what a crash left of this post, while its record still tells which pages show it."""
        if (there := shelf.get(post.key)) is not None and (shelf.is_new or post.key in shelf.changed):
            self.catch_up(shelf, there)

    def lay(self, post: Post) -> None:
        """The post is on the shelf; what shows it waits for the next `find`, so that many cost one."""
        self.take(post)
        with PostStore.of(self.channel) as shelf:
            shelf.put(post)

    def revise(self, post: Post, _known: Known) -> Receipt:
        """As publish: what is there under the post's key becomes this one."""
        return self.publish(post)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """The receipt of a post on the shelf; what shows it is made good first where a crash left it behind."""
        with PostStore.of(self.channel) as shelf:
            if shelf.get(post.key) is None:
                return None
            self.catch_up(shelf, post)
            return self.receipt(shelf, post, "file")

    def withdraw(self, post: Post, _known: Known) -> None:
        """Take the post from the shelf, and out of everything that shows it."""
        with PostStore.of(self.channel) as shelf:
            self.settle(shelf, post)
            shelf.drop(post.key)
            self.catch_up(shelf, post)
