"""The few requests of Micropub that the adapter makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import urljoin

from steadycast.platform import Answer, Channel, HttpClient, Media, Post, Refused, Unknown

from .answers import instant_of, is_out, properties_of, same_post, sorted_error

PAGE, PAGES = 100, 5  # posts that are looked through
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out
NOT_KNOWN = (400, 404, 405, 410, 501)  # to a question: sites say so in each of these ways


@dataclass(frozen=True)
class Look:
    """What the site's list says of a post."""

    url: str = ""  # its address, where it is there
    whole: bool = False  # whether all that could be it was looked through
    others: bool = False  # whether posts of those days are there that are not it


class Api:
    """One site's endpoint, as the channel's token lets in."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.url = channel.settings["url"]

    @cached_property
    def http(self) -> HttpClient:
        token = {"Authorization": f"Bearer {self.channel.secret('token').strip()}"}
        return self.channel.http.using(base=self.url, headers=token, errors=partial(sorted_error, self.channel.tell))

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """What the site says of itself."""
        answer = self.http.request("GET", self.url, params={"q": "config"})
        told = answer.json() if answer.body.lstrip()[:1] == b"{" else None
        if not isinstance(told, dict):
            raise Refused(self.channel.tell("no-endpoint"), channel=self.channel.name)
        return told

    def targets(self) -> list[str]:
        """Where the site can pass posts on to, by uid."""
        told = self.config.get("syndicate-to")
        return [str(each.get("uid")) for each in told if isinstance(each, dict)] if isinstance(told, list) else []

    def create(self, asked: Mapping[str, Any]) -> str:
        """The address of a new post. With 202 it will be there soon."""
        answer = self.http.request("POST", self.url, json=asked, ok=(200, 201, 202))
        return self._named(answer)

    def change(self, url: str, values: Mapping[str, Sequence[Any]], before: Mapping[str, Any]) -> None:
        """Each value replaced; what is written no more, and was there before, is taken away."""
        asked: dict[str, Any] = {"action": "update", "url": url}
        asked["replace"] = {name: value for name, value in values.items() if value}
        if gone := [name for name, value in values.items() if not value and before.get(name)]:
            asked["delete"] = gone
        self.http.request("POST", self.url, json=asked, ok=(200, 201, 204), repeatable=True)

    def delete(self, url: str) -> None:
        asked = {"action": "delete", "url": url}
        self.http.request("POST", self.url, json=asked, ok=(200, 202, 204, 404, 410), repeatable=True)

    def source(self, url: str) -> Mapping[str, Any] | None:
        """What the site keeps of a post; None where it knows none, or cannot be asked."""
        asked = {"q": "source", "url": url}
        answer = self.http.request("GET", self.url, params=asked, ok=(200, *NOT_KNOWN))
        return properties_of(answer.json()) if answer.status == 200 else None

    def is_there(self, url: str) -> bool:
        """Whether readers have it: by the site's own word, else by its page."""
        if (kept := self.source(url)) is not None:
            return is_out(kept)
        page = self.channel.http.request("GET", url, ok=range(200, 500))  # without the token: a reader has none
        if page.status >= 300 and page.status not in (404, 410):
            raise Unknown(self.channel.tell("cannot-look"), channel=self.channel.name)
        return page.status < 300

    def listed(self, post: Post, *, sure: bool = True) -> Look:
        """Looks for a post in the site's list, which has the newest first. Not `sure`: of the post only the key is."""
        asked: dict[str, Any] = {"q": "source", "limit": PAGE}
        since, others = min(post.due, self.channel.now()) - EARLY, False
        for _ in range(PAGES):
            answer = self.http.request("GET", self.url, params=asked, ok=(200, *NOT_KNOWN))
            told = answer.json() if answer.status == 200 else None
            if not isinstance(told, dict) or not isinstance(rows := told.get("items"), list):
                return Look()
            for kept in filter(None, map(properties_of, rows)):
                if is_out(kept) and (url := same_post(kept, post, sure=sure)):
                    return Look(urljoin(self.url, url), True)
                others = others or (instant_of(kept) or since) > since
            if len(rows) < PAGE or all((instant_of(properties_of(row) or {}) or since) < since for row in rows):
                return Look(whole=True, others=others)
            after = (told.get("paging") or {}).get("after")
            asked |= {"after": after} if after else {"offset": asked.get("offset", 0) + PAGE}
        raise Unknown(self.channel.tell("too-many"), channel=self.channel.name)

    def file(self, media: Media) -> str:
        """The address of a file on the site; it is named by its hash."""
        return self.channel.step(f"file-{media.sha256[:32]}", partial(self._sent, media), repeatable=True)

    def _sent(self, media: Media) -> str:
        if not (there := self.config.get("media-endpoint")):
            raise Refused(self.channel.tell("no-media"), channel=self.channel.name)
        # The site itself names this address, which may be another host's: it gets the token that is the site's own.
        token, name = self.http.headers["Authorization"], f"{media.sha256[:32]}.{media.name.rpartition('.')[2]}"
        with media.path.open("rb") as data:
            answer = self.http.request(
                "POST", urljoin(self.url, str(there)), files={"file": (name, data, media.mime)},
                headers={"Authorization": token}, repeatable=True,
            )  # fmt: skip
        return self._named(answer)

    def _named(self, answer: Answer) -> str:
        """The address of what was made."""
        if not (there := answer.headers.get("Location", "")):
            raise answer.garbled(self.channel.tell("garbled"), answer)
        return str(urljoin(self.url, there))
