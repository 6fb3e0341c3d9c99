"""A post as a WordPress site takes it: its files in the site's library, its terms made where they are not there."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

from steadycast.platform import Channel, HttpClient, Media, Post, Refused


class Content:
    """What is written into a post: repeated, it changes nothing and makes nothing twice."""

    def __init__(self, channel: Channel, http: HttpClient) -> None:
        self.channel = channel
        self.http = http

    def of(self, post: Post) -> dict[str, Any]:
        """The fields of the post, its files and terms by their ids."""
        pictures = {file.sha256: self.file(file)["source_url"] for file in post.of("image")}
        values = {"post": post, "pictures": pictures, "address": lambda file: self.file(file)["source_url"]}
        content = self.channel.render("content.html.j2", **values).replace("[", "&#91;")  # what a plug-in would run
        named = self.channel.settings["categories"] or [post.series_title]
        return {
            "title": escape(post.title, quote=False),
            "excerpt": escape(post.summary, quote=False),
            "content": content,
            "categories": [self.term("categories", name) for name in named if name],
            "tags": [self.term("tags", name) for name in post.tags if name],
            "featured_media": self.file(post.opening)["id"] if post.opening else 0,
        }

    def term(self, kind: str, name: str) -> Any:
        """The id of a category or a tag; that it is there already is no error."""
        asked = {"name": escape(name, quote=False)}
        try:
            return self.http.request("POST", kind, json=asked, params={"_fields": "id"}, repeatable=True).json()["id"]
        except Refused as error:
            told = error.answer.json() if error.answer else {}
            if told.get("code") != "term_exists":
                raise
            return told["data"]["term_id"]

    def file(self, file: Media) -> Any:
        """A file's id and address; it is named by its hash, so that it is sent once."""
        return self.channel.step(f"file-{file.sha256[:32]}", partial(self._sent, file), repeatable=True)

    def _sent(self, file: Media) -> Any:
        asked = {"slug": file.sha256[:32], "_fields": "id,source_url"}
        if there := self.http.request("GET", "media", params=asked).json():
            return there[0]
        named = f"{asked['slug']}.{file.name.rpartition('.')[2]}"
        headers = {"Content-Type": file.mime, "Content-Disposition": f'attachment; filename="{named}"'}
        asked |= {"title": file.name, "alt_text": file.alt}
        with file.path.open("rb") as data:
            return self.http.request("POST", "media", data=data, headers=headers, params=asked, repeatable=True).json()
