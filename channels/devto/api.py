"""The few calls of Forem's API v1 that the adapter makes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Busy, Channel, HttpClient

from .answers import row_of, sorted_error

PAGE = 100  # articles that are asked for at once
PAGES = 50
LARGEST = 64_000_000  # bytes of such a page: each article comes with its source


class Api:
    """One site, as the account of the channel's key."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        key = {"api-key": self.channel.secret("key").strip(), "Accept": "application/vnd.forem.api-v1+json"}
        base = f"{self.channel.settings['url'].rstrip('/')}/api"
        return self.channel.http.using(base=base, headers=key, errors=partial(sorted_error, self.channel.tell))

    def account(self) -> Any:
        return self.http.request("GET", "users/me").json()

    def own(self) -> list[dict[str, Any]]:
        """All articles of the account, drafts as well."""
        rows: list[dict[str, Any]] = []
        for page in range(1, PAGES + 1):
            asked = {"page": page, "per_page": PAGE}
            answer = self.http.request("GET", "articles/me/all", params=asked, max_bytes=LARGEST)
            told = answer.json()
            if not isinstance(told, list):
                raise answer.garbled("the answer is no list of articles", answer)
            rows += [row_of(each, answer) for each in told]
            if len(told) < PAGE:
                return rows
        raise Busy(self.channel.tell("too-many", num=len(rows)), channel=self.channel.name)

    def create(self, article: Mapping[str, Any]) -> int:
        """The id of a new article, which is a draft."""
        answer = self.http.request("POST", "articles", json={"article": article}, repeatable=True)
        try:
            return int(answer.json()["id"])
        except (KeyError, TypeError, ValueError):
            raise answer.garbled("the answer names no article", answer) from None

    def write(self, id: int, article: Mapping[str, Any], *, repeatable: bool = True) -> None:
        """Change an article; to do it twice changes nothing more. What readers may see by it is looked for instead."""
        self.http.request("PUT", f"articles/{id}", json={"article": article}, repeatable=repeatable)
