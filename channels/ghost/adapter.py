"""Posts of a Ghost site by its Admin API: a draft under a slug and a tag of ours first, then published by its id."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused

from .answers import READ, asked_for, found_of, receipt_of
from .api import Api
from .content import fields


class Adapter:
    """Two drafts of a post harm nobody, as no reader sees them. What a person changed in a post that is out stays."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Find the draft or make it, then publish it by its id; one that is published already is left as it is."""
        there = self._there(post)
        if there and there["status"] in READ:
            return receipt_of(there)
        mailed = self._newsletter(post)
        content = fields(self.channel, self.api, post)
        if not there:
            there = self.api.save({**content, "slug": post.keyed_slug, "status": "draft"})
        dated = min(post.published, self.channel.now()).astimezone(dt.UTC)
        shown = content | {"status": "published", "published_at": f"{dated:%Y-%m-%dT%H:%M:%S}.000Z"}
        # What readers may see is looked for, not sent again. A newsletter is sent on this request alone.
        return receipt_of(self.api.save(shown, there["id"], there["updated_at"], repeatable=False, params=mailed))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The post by its id, else by its slug or its tag; a draft is not there."""
        there = self._there(post, known)
        return receipt_of(there, seen="read-back") if there and there["status"] in READ else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write the post anew as long as nobody else has since; its address and its date stay."""
        there = self._there(post, known)
        if not there or there["status"] not in READ:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        seen = known.receipt.detail.get("updated_at") if known.receipt else None
        if post.extra.get("overwrite"):
            seen = None
        content = fields(self.channel, self.api, post)
        return receipt_of(self.api.save(content, there["id"], seen or there["updated_at"]))

    def withdraw(self, post: Post, known: Known) -> None:
        """Back to a draft: no reader sees it, and a person can still find it, with what its newsletter counted."""
        there = self._there(post, known)
        if there and there["status"] in READ:
            self.api.save({"status": "draft"}, there["id"], there["updated_at"])

    def check(self) -> Account:
        """Which site it is, in which version, and as whom the key speaks: it has to be allowed to publish."""
        site, who = self.api.site, self.api.account()
        if not who.may_publish:
            said = self.channel.tell("lacks", name=who.name, role=[*who.roles])
            raise Refused(said, channel=self.channel.name)
        if self._newsletter() and self.api.cannot_mail():
            raise Refused(self.channel.tell("no-mailgun"), channel=self.channel.name)
        named = f"{site['title']} (Ghost {site['version']})"
        told = f"publish posts, as {', '.join(who.roles)}"
        return Account(f"{who.name}, {named}" if who.name else named, (told,))

    def _there(self, post: Post, known: Known | None = None) -> Any:
        """The post's row by the id on its receipt; else by its slug or its tag, of which a person may change one."""
        return found_of(self.api.rows(asked_for(post, known.receipt if known else None)))

    def _newsletter(self, post: Post | None = None) -> dict[str, str]:
        """What sends the newsletter, if the community wants one and this draft does not say no."""
        slug = self.channel.settings["newsletter"]
        if not slug or (post and post.extra.get("newsletter") is False):
            return {}
        if slug not in (known := self.api.newsletters()):
            said = self.channel.tell("no-newsletter", slug=slug, known=[*known])
            raise Refused(said, channel=self.channel.name)
        return {"newsletter": slug, "email_segment": self.channel.settings["email_segment"]}
