"""A slot's draft as one channel will show it: where its page will be, by what name the member goes, what it may cost."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict

from steadycast.channel import Post
from steadycast.draft import Draft
from steadycast.errors import DraftError, Refused
from steadycast.ledger.claims import Claimed
from steadycast.pipeline.desk import Desk
from steadycast.pipeline.drafts import approved
from steadycast.render.compose import Body, Target, compose, prepare
from steadycast.shelf import page_path

KEPT = 64  # parsed bodies: one slot's channels share one


class Posts:
    """Makes posts for one run: a draft's body is parsed once for all its channels."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._bodies: OrderedDict[str, Body] = OrderedDict()

    def make(self, claimed: Claimed) -> Post:
        """The post of a claimed delivery, of the newest approved revision; Refused when it cannot be made."""
        draft = approved(self.desk, claimed.draft)
        if draft is None:
            raise Refused("its draft is gone, or its approval was taken back", channel=claimed.channel)
        try:
            return self.post(draft, claimed.channel, claimed.slot, claimed.series, claimed.at, claimed.marker)
        except DraftError as error:
            raise Refused(str(error), channel=claimed.channel) from None

    def post(self, draft: Draft, channel: str, slot: str, series: str, at: dt.datetime, key: str) -> Post:
        """`draft` on `channel` at a slot; raises the DraftError that `fits` would list first."""
        workspace = self.desk.workspace
        target = self.target(draft, channel, slot, series, at, key)
        return compose(
            draft, self.desk.platform(channel), target, workspace.media, workspace.cache, body=self.body(draft)
        )

    def body(self, draft: Draft) -> Body:
        """The parsed body of a draft, from the last few kept."""
        workspace = self.desk.workspace
        if draft.revision not in self._bodies:
            self._bodies[draft.revision] = prepare(
                draft, workspace.media, workspace.cache, base=workspace.community.url
            )
            if len(self._bodies) > KEPT:
                self._bodies.popitem(last=False)
        return self._bodies[draft.revision]

    def target(self, draft: Draft, channel: str, slot: str, series: str, at: dt.datetime, key: str) -> Target:
        """Where and when a post will stand."""
        workspace, promise = self.desk.workspace, self.desk.workspace.series.get(series)
        return Target(
            channel=channel,
            slot=slot,
            key=key,
            published=at.astimezone(workspace.community.zone),
            zone=workspace.community.zone,
            language=workspace.community.language,
            community=workspace.community.name,
            series=series,
            series_title=promise.title if promise else "",
            member_title=workspace.member_title(draft.member) if draft.member else workspace.community.name,
            canonical_url=self.page_url(slot),
            site_url=workspace.community.url,
            settings=self.desk.settings(channel),
        )

    def page_url(self, slot: str) -> str:
        """Where the community's own pages show this slot: on the first channel whose platform has permalinks.

        channel.toml says how: `[data] permalink = "{path}.html"`, {path} being `channel.slot_path` of the post.
        """
        for name, settings in self.desk.workspace.channels.items():
            pattern, base = self.desk.platform(name).data.get("permalink"), str(settings.own.get("url") or "")
            if pattern and base:
                path = page_path(slot, self.desk.ledger.marker(slot, name))
                return f"{base.rstrip('/')}/{str(pattern).format(path=path)}"
        return ""
