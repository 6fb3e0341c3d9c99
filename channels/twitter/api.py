"""The few calls of X's API v2 that the adapter makes."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Channel, HttpClient, Limit, Media, Post, Refused, Unknown, cut

from .answers import kept, row_of, sorted_error
from .login import oauth_of
from .oauth import header

PAGES = 5  # of 100 posts each, and each post that is read costs money
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out
KEYS = ("key", "key_secret", "access_token", "access_secret")
ALT = Limit(1000)


class Api:
    """One account: by a login, by a token of OAuth 2.0, or by the four keys of OAuth 1.0a."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        token, (key, *more) = self.channel.secret("token").strip(), (self.channel.secret(n).strip() for n in KEYS)
        way: dict[str, Any] = {"headers": {"Authorization": f"Bearer {token}"}}
        if refresh := self.channel.secret("refresh").strip():
            way = {"auth": oauth_of(self.channel, self.channel.secret("client_secret").strip(), refresh).sign}
        elif key and all(more) and not token:
            way = {"auth": partial(_signed, [key, *more])}
        elif not token:
            raise Refused(self.channel.tell("no-token"), channel=self.channel.name)
        base = f"{self.channel.settings['server'].rstrip('/')}/2"
        return self.channel.http.using(base=base, errors=partial(sorted_error, self.channel.tell), **way)

    @cached_property
    def me(self) -> Any:
        """The account, with its id and its name."""
        answer = self.http.request("GET", "users/me")
        try:
            told = answer.json()["data"]
            return {"id": str(int(told["id"])), "username": str(told["username"])}
        except (KeyError, TypeError, ValueError):
            raise answer.garbled("the answer names no account", answer) from None

    def create(self, asked: Mapping[str, Any]) -> dict[str, str]:
        answer = self.http.request("POST", "tweets", json=asked)
        told = answer.json()
        return kept(told.get("data") if isinstance(told, dict) else None, answer)

    def delete(self, id: str) -> None:
        self.http.request("DELETE", f"tweets/{id}", ok=(200, 404), repeatable=True)

    def is_there(self, id: str) -> bool:
        """Whether a post can be read; X tells of one that is gone in a 200 with errors."""
        answer = self.http.request("GET", f"tweets/{id}", ok=(200, 404))
        if answer.status == 404:
            return False
        told = answer.json()
        if not (data := isinstance(told, dict) and told.get("data")) and "not found" not in answer.text.lower():
            raise answer.garbled("the answer is no post", answer)
        return bool(data)

    def own(self, due: dt.datetime) -> list[dict[str, str]]:
        """The account's posts since a day before `due`, the oldest first."""
        since = f"{(min(due, self.channel.now()) - EARLY).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
        asked = {
            "max_results": 100,
            "start_time": since,
            "exclude": "retweets",
            "tweet.fields": "created_at,entities,referenced_tweets",
        }
        rows: list[dict[str, str]] = []
        for _ in range(PAGES):
            answer = self.http.request("GET", f"users/{self.me['id']}/tweets", params=asked)
            told = answer.json()
            if not isinstance(told, dict) or not ("data" in told or "meta" in told):
                raise answer.garbled("the answer is no list of posts", answer)
            rows += [row_of(each, answer) for each in told.get("data") or ()]
            if not (more := (told.get("meta") or {}).get("next_token")):
                return rows[::-1]
            asked["pagination_token"] = more
        raise Unknown(self.channel.tell("too-many", num=len(rows)), channel=self.channel.name)

    def files(self, post: Post) -> list[str]:
        """The ids of the pictures of a post."""
        wanted = [m for m in (post.opening, *post.of("image")) if m][: self.channel.media["image"].count]
        return [self._file(media) for media in wanted]

    def _file(self, media: Media) -> str:
        # X forgets a file that no post shows after a day, and so do we.
        name = f"file-{media.sha256[:16]}-{self.channel.now():%Y%m%d}"
        id: str = self.channel.step(name, partial(self._upload, media), repeatable=True)
        return id

    def _upload(self, media: Media) -> str:
        with media.path.open("rb") as data:
            files, form = {"media": (media.name, data, media.mime)}, {"media_category": "tweet_image"}
            answer = self.http.request("POST", "media/upload", files=files, data=form, repeatable=True)
        try:
            id = str(int(answer.json()["data"]["id"]))
        except (KeyError, TypeError, ValueError):
            raise answer.garbled("the answer names no file", answer) from None
        if media.alt:
            about = {"id": id, "metadata": {"alt_text": {"text": cut(media.alt, ALT)}}}
            self.http.request("POST", "media/metadata", json=about, repeatable=True)
        return id


def _signed(keys: Sequence[str], request: Any) -> Any:
    """The request under OAuth 1.0a, by real time: X holds it against its own clock. JSON and files are not signed."""
    made = header(request.method, request.url, keys, nonce=secrets.token_hex(16), timestamp=int(time.time()))
    request.headers["Authorization"] = made
    return request
