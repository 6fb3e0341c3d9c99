"""Whatever is sent is kept: what is there is found by the marker, in a list that is whole, fresh and one's own."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Channel, Known, Post, Receipt, Unknown

OLD = 0.2  # seconds: an older list is a cache's


class Adapter:
    """One request a part; a list in pages to look at."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.url = channel.settings["url"]

    def publish(self, post: Post) -> Receipt:
        """Part after part, each a step of its own where there are several."""
        if len(post.parts) == 1:
            return Receipt(self._post(post, 1, post.parts[0], None))
        ids = tuple(self.channel.thread(post, partial(self._post, post)))
        return Receipt(ids[0], parts=ids)

    def _post(self, post: Post, part: int, text: str, _previous: str | None) -> str:
        body = {"key": post.key, "part": part, "text": text, "where": self.channel.name}
        told = self.channel.http.request("POST", f"{self.url}/read-back", json=body).json()
        if told.get("key") != post.key:
            raise Unknown("the answer is another post's", channel=self.channel.name)
        return str(told["id"])

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """The parts that are there; Unknown where the list cannot be trusted to be all there is."""
        mine = [i for i in self._list(post) if i["key"] == post.key]
        if any(i.get("gone") for i in mine):
            raise self._unsure("it was there, and was taken down")
        ids = tuple(str(i["id"]) for i in sorted(mine, key=lambda i: i["part"]))
        if not ids:
            return None
        return Receipt(ids[0], parts=ids if len(post.parts) > 1 else ())

    def _list(self, post: Post) -> list[dict[str, Any]]:
        asked = self.channel.now().timestamp()
        found: list[dict[str, Any]] = []
        since = post.published.timestamp() - 1
        params: dict[str, Any] = {"where": self.channel.name, "since": since, "page": 1, "for": post.key}
        more = True
        while more:
            told = self.channel.http.request("GET", f"{self.url}/read-back", params=params).json()
            if told["account"] != "the-circle" or told["as_of"] < asked - OLD:
                raise self._unsure("the list is another's, or old")
            found += told["items"]
            params |= {"page": params["page"] + 1, "as_of": told["as_of"]}
            more = told["more"]
        if len({i["id"] for i in found}) != told["total"]:  # of another author's words there is no marker
            raise self._unsure("the list is not whole")
        return found

    def _unsure(self, why: str) -> Unknown:
        return Unknown(why, channel=self.channel.name)
