"""A folder of pages: one a post, and an index of all."""

from __future__ import annotations

from steadycast.platform import Channel, Known, Post, PostStore, Receipt, View, media_name, slot_path


class Adapter:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.base = (channel.settings["url"] or channel.site_url).rstrip("/")

    def publish(self, post: Post) -> Receipt:
        shelf = PostStore.of(self.channel)
        shelf.put(post)
        self._catch_up(shelf)
        return self._receipt(post, "answer")

    def revise(self, post: Post, _known: Known) -> Receipt:
        return self.publish(post)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        shelf = PostStore.of(self.channel)
        if shelf.get(post.key) is None:
            return None
        self._catch_up(shelf, all_of_them=not (self.channel.out / _page(post)).is_file())
        return self._receipt(post, "file")

    def withdraw(self, post: Post, _known: Known) -> None:
        shelf = PostStore.of(self.channel)
        shelf.drop(post.key)
        (self.channel.out / _page(post)).unlink(missing_ok=True)
        self._catch_up(shelf)

    def views(self, post: Post) -> list[View]:
        self.publish(post)
        file = self.channel.out / _page(post)
        return [View("page", file.read_text(encoding="utf-8"), widths=(390, 1280), base=file.parent)]

    def _catch_up(self, shelf: PostStore, *, all_of_them: bool = False) -> None:
        if not shelf.unfinished and not all_of_them:
            return
        posts = shelf.whole(shelf.posts)
        for post in posts:
            body = post.html_with(lambda media, up="../" * _page(post).count("/"): up + media_name(media))
            self._keep(shelf, _page(post), title=post.title, body=body, posts=[post])
        newest = posts[: self.channel.settings["page_size"]]
        self._keep(shelf, "index.html", title=self.channel.community, body="", posts=newest)
        shelf.finish()

    def _keep(self, shelf: PostStore, name: str, **told: object) -> None:
        own = {"language": self.channel.language, "about": self.channel.about}
        page = self.channel.render("page.html.j2", page_of=_page, **own, **told)
        shelf.keep(name, page.encode())

    def _receipt(self, post: Post, seen: str) -> Receipt:
        file = self.channel.out / _page(post)
        url = f"{self.base}/{_page(post)}" if self.base else file.resolve().as_uri()
        return Receipt(_page(post), url, at=post.published, seen=seen, page=_page(post))


def _page(post: Post) -> str:
    return f"{slot_path(post)}.html"
