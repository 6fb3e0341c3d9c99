"""Posts of a WordPress site by its REST API: a draft under a slug of ours first, then published by its id."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Account, Busy, Channel, HttpClient, Known, Post, Receipt, Refused

from .answers import found_of, receipt_of, sorted_error
from .content import Content

NEEDED = ("publish_posts", "edit_published_posts", "upload_files", "manage_categories", "delete_published_posts")
SHOWN = {"context": "edit", "_fields": "id,slug,status,link,date_gmt"}
DAY = dt.timedelta(days=1)


class Adapter:
    """The slug ends on the post's key, so that the post can be found; two drafts of it harm nobody, as none is read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        """The site's API, as the channel's account."""
        site, user = self.channel.settings["url"].rstrip("/"), self.channel.settings["user"]
        auth = (user, self.channel.secret("password"))
        return self.channel.http.using(
            base=f"{site}/wp-json/wp/v2", auth=auth, errors=partial(sorted_error, self.channel.tell)
        )

    def publish(self, post: Post) -> Receipt:
        """Find the draft or make it, then publish it by its id; one that is published already is left as it is."""
        there = self._there(post)
        if there and there["status"] == "publish":
            return receipt_of(there)
        content = Content(self.channel, self.http).of(post)
        if not there:
            there = self._save("posts", {**content, "slug": post.keyed_slug, "status": "draft"})
        dated = min(post.published, self.channel.now()).astimezone(dt.UTC).replace(tzinfo=None)
        shown = {**content, "status": "publish", "date_gmt": dated.isoformat()}
        there = self._save(f"posts/{there['id']}", shown, repeatable=False)  # what readers may see is looked for
        if there["status"] == "future":
            raise Busy(self.channel.tell("clock"), channel=self.channel.name)
        if there["status"] != "publish":
            raise Refused(self.channel.tell("kept-as", status=there["status"]), channel=self.channel.name)
        return receipt_of(there)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The post by its id or its slug; a draft is not there, and one in the trash is neither."""
        there = self._there(post, known)
        return receipt_of(there, seen="read-back") if there and there["status"] == "publish" else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write the post anew under its id: its address and its date stay."""
        if not (there := self._there(post, known)):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        return receipt_of(self._save(f"posts/{there['id']}", Content(self.channel, self.http).of(post)))

    def withdraw(self, post: Post, known: Known) -> None:
        """Put it into the trash, where a person can still find it."""
        if there := self._there(post, known):
            self.http.request("DELETE", f"posts/{there['id']}", ok=(200, 404, 410), repeatable=True)

    def check(self) -> Account:
        """As whom the password logs in, and whether that account may do all of this. It does not expire."""
        who = self.http.request("GET", "users/me", params={"context": "edit"}).json()
        rights = tuple(right for right in NEEDED if who["capabilities"].get(right))
        if lacks := [right for right in NEEDED if right not in rights]:
            said = self.channel.tell("lacks", name=who["name"], rights=lacks)
            raise Refused(said, channel=self.channel.name)
        return Account(who["name"], rights)

    def _there(self, post: Post, known: Known | None = None) -> Any:
        """The post's row: by the id on its receipt or by its slug; where its slug is not sure, around its hour."""
        known, slug, hour = known or Known(), post.keyed_slug, post.published.astimezone(dt.UTC).replace(tzinfo=None)
        if known.receipt and known.receipt.remote_id:
            return found_of(self._rows(include=known.receipt.remote_id))
        if row := found_of(self._rows(slug=f"{slug},{slug}-2"), post.key):
            return row
        around = {"after": (hour - DAY).isoformat(), "before": (hour + DAY).isoformat()}
        return None if known.frozen else found_of(self._rows(**around), post.key)

    def _rows(self, **asked: str) -> Any:
        return self.http.request("GET", "posts", params={**SHOWN, **asked, "status": "any", "per_page": 100}).json()

    def _save(self, path: str, post: Mapping[str, Any], *, repeatable: bool = True) -> Any:
        return self.http.request("POST", path, json=post, params=SHOWN, repeatable=repeatable).json()
