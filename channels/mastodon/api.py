"""The few calls of Mastodon's API that the adapter makes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Busy, Channel, HttpClient, Limit, Media, Post, Unknown, cut

from .answers import at_of, part_of, sorted_error

PAGES = 25  # of 40 statuses each: who posts more than that between a post and its look is not looked through
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out, where no step tells
POLLS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # seconds between two looks at a file that is being made ready
ALT = Limit(1500)


class Api:
    """One server, as the account that the channel's token speaks for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        channel = self.channel
        token = {"Authorization": f"Bearer {channel.secret('token')}"}
        return channel.http.using(base=f"{channel.settings['url'].rstrip('/')}/api", headers=token, errors=sorted_error)

    def account(self) -> Any:
        return self.http.request("GET", "v1/accounts/verify_credentials").json()

    def scopes(self) -> tuple[str, ...]:
        """The application's scopes, where the server tells them (4.3 and newer; others may know no such question)."""
        told = self.http.request("GET", "v1/apps/verify_credentials", ok=(200, 401, 403, 404))
        return tuple(told.json().get("scopes") or ()) if told.status == 200 else ()

    def instance(self) -> Any:
        return self.http.request("GET", "v2/instance").json()

    def create(self, asked: Mapping[str, Any], key: str) -> dict[str, str]:
        return part_of(self.http.request("POST", "v1/statuses", json=asked, headers={"Idempotency-Key": key}))

    def edit(self, id: str, asked: Mapping[str, Any]) -> dict[str, str]:
        return part_of(self.http.request("PUT", f"v1/statuses/{id}", json=asked, repeatable=True))

    def status(self, id: str) -> dict[str, str] | None:
        there = self.http.request("GET", f"v1/statuses/{id}", ok=(200, 404))
        return part_of(there) if there.status == 200 else None

    def delete(self, parts: Sequence[Any]) -> None:
        """The last one first: a reply whose status is gone would stand alone."""
        for part in reversed(parts):
            self.http.request("DELETE", f"v1/statuses/{part['id']}", ok=(200, 404), repeatable=True)

    def newest(self) -> str:
        """The id of the account's newest status, "0" where it has none."""
        return next((s["id"] for s in self._page({"limit": 1})), "0")

    def own(self, since: str | None, due: dt.datetime) -> list[Any]:
        """The account's statuses newer than the one called `since`, or not much older than `due`; the oldest first."""
        own: list[Any] = []
        for _ in range(PAGES):
            page = self._page({"limit": 40, "since_id": since, "max_id": own[-1]["id"] if own else None})
            new = [s for s in page if since or (at := at_of(s)) is None or at >= due - EARLY]
            own += new
            if not new or len(new) < len(page):
                return own[::-1]
        raise Unknown(self.channel.tell("too-many", num=len(own)), channel=self.channel.name)

    def _page(self, params: Mapping[str, Any]) -> list[Any]:
        path = f"v1/accounts/{self.account()['id']}/statuses"
        page: list[Any] = self.http.request("GET", path, params={**params, "exclude_reblogs": "true"}).json()
        return page

    def files(self, post: Post) -> list[str]:
        """The ids of a film or a recording alone, else of as many pictures as the server shows."""
        pictures = [m for m in (post.opening, *post.of("image")) if m][: self.channel.media["image"].count]
        return [self.file(media) for media in (post.of("video") or post.of("audio"))[:1] or pictures]

    def file(self, media: Media) -> str:
        """The id of a file that is ready. The server forgets one that no status shows after a day, and so do we."""
        name = f"file-{media.sha256[:16]}-{self.channel.now():%Y%m%d}"
        id = self.channel.step(name, partial(self._upload, media), repeatable=True)
        for wait in POLLS:
            # 404: a status shows it already. Its thread goes on, and does not need it.
            if self.http.request("GET", f"v1/media/{id}", ok=(200, 206, 404)).status != 206:
                return id
            time.sleep(wait)
        raise Busy(
            self.channel.tell("not-ready", name=media.name),
            channel=self.channel.name,
            retry_after=dt.timedelta(seconds=30),
        )

    def _upload(self, media: Media) -> str:
        with media.path.open("rb") as file:
            files, data = {"file": (media.name, file, media.mime)}, {"description": cut(media.alt, ALT)}
            return part_of(self.http.request("POST", "v2/media", files=files, data=data, repeatable=True))["id"]
