"""The few calls of YouTube's Data API v3 that the adapter makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Answer, Channel, HttpClient, Media, OAuth, Piece, Post, Refused, Unknown

from .answers import sorted_error
from .content import marker

PAGE, PAGES = 50, 4  # films that are looked through; each page costs two units of 10,000 a day
EARLY = dt.timedelta(days=1)


class Api:
    """One channel, under access tokens that are made from its refresh token."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        server = self.channel.settings["server"].rstrip("/")
        return self.channel.http.using(base=server, errors=partial(sorted_error, self.channel.tell))

    @cached_property
    def oauth(self) -> OAuth:
        client = {
            "client_id": self.channel.settings["client"],
            "client_secret": self.channel.secret("client_secret").strip(),
        }
        return OAuth(self.channel, self.channel.settings["tokens"], client, self.channel.secret("refresh").strip())

    def call(self, method: str, path: str, *, look: bool = False, **asked: Any) -> Answer:
        """An answer under an access token."""
        headers, data = asked.pop("headers", {}), asked.get("data")

        def send(token: str) -> Answer:
            if isinstance(data, Piece):
                data.rewind()
            bearer = {**headers, "Authorization": f"Bearer {token}"}
            return self.http.request(method, path, headers=bearer, **asked)

        return self.oauth.call(send, look=look)

    def own(self, *, look: bool = False) -> Any:
        """The channel of the account."""
        asked = {"part": "snippet,contentDetails", "mine": "true"}
        rows = self._rows(self.call("GET", "youtube/v3/channels", params=asked, look=look))
        if not rows:
            raise Refused(self.channel.tell("no-channel"), channel=self.channel.name)
        return rows[0]

    def film(self, id: str) -> Any:
        """A film with its words and who may see it; None where it is gone."""
        rows = self._rows(self.call("GET", "youtube/v3/videos", params={"part": "snippet,status", "id": id}))
        return rows[0] if rows else None

    def marked(self, post: Post) -> Any:
        """The film that carries the post's marker, of those that were sent since a day before its hour."""
        since = (min(post.due, self.channel.now()) - EARLY).astimezone(dt.UTC)
        for ids, last in self._sent(since):
            found = self._rows(self.call("GET", "youtube/v3/videos", params={"part": "snippet,status", "id": ids}))
            mark = marker(post)
            if there := next((film for film in found if mark in film["snippet"].get("tags", ())), None):
                return there
            if last:
                return None
        raise Unknown(self.channel.tell("too-many", num=PAGE * PAGES), channel=self.channel.name)

    def change(self, film: Mapping[str, Any], *, repeatable: bool = True) -> Any:
        """A film with other words, or for other eyes: of each part that is named all is replaced."""
        parts = ",".join(name for name in film if name != "id")
        return self.call("PUT", "youtube/v3/videos", params={"part": parts}, json=film, repeatable=repeatable).json()

    def delete(self, id: str) -> None:
        self.call("DELETE", "youtube/v3/videos", params={"id": id}, ok=(200, 204, 404), repeatable=True)

    def cover(self, id: str, cover: Media) -> bool:
        """Put a picture in front of the film. An account that may not (403) keeps YouTube's own."""
        asked: dict[str, Any] = {"params": {"videoId": id, "uploadType": "media"}, "data": cover.path.read_bytes()}
        try:
            path = "upload/youtube/v3/thumbnails/set"
            self.call("POST", path, headers={"Content-Type": cover.mime}, repeatable=True, **asked)
        except Refused as error:
            if error.answer is None or error.answer.status != 403:
                raise
            return False
        return True

    def _sent(self, since: dt.datetime) -> Iterator[tuple[str, bool]]:
        """The ids of the newest films, page by page, and whether none is left that could be looked for."""
        asked = {"part": "contentDetails,snippet", "maxResults": PAGE}
        asked["playlistId"] = self.own()["contentDetails"]["relatedPlaylists"]["uploads"]
        for _ in range(PAGES):
            answer = self.call("GET", "youtube/v3/playlistItems", params=asked, ok=(200, 404))
            rows = self._rows(answer) if answer.status == 200 else []  # a channel without a film has no such list
            more = answer.json().get("nextPageToken") if rows else None
            old = any(dt.datetime.fromisoformat(row["snippet"]["publishedAt"]) < since for row in rows)
            yield ",".join(row["contentDetails"]["videoId"] for row in rows), old or not more
            asked["pageToken"] = more

    def _rows(self, answer: Answer) -> list[Any]:
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(rows := told.get("items", []), list):
            raise answer.garbled(self.channel.tell("garbled"), answer)
        return rows
