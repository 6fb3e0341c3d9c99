"""X's API v2 with one account, for tests: weighted length, duplicates, short links, files, OAuth 1.0a and 2.0."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import Any
from urllib.parse import unquote

from steadycast.platform import Limit, count
from steadycast.testing import FakeOAuth, FakeServer, Reply, Request, Seen

from .oauth import header

TOKEN = "fake-oauth2-token-of-the-account"  # noqa: S105 it opens nothing
CLIENT, SECRET, REFRESH = "fakeClientId", "fakeClientSecret", "fakeRefreshToken"
KEYS = ("fakeAppKey", "fakeAppSecret", "7-fakeAccessToken", "fakeAccessSecret")
LIMIT = Limit(280, "weighted")
LINK = re.compile(r"(?:https?://|\bwww\.)[^\s\u3000-\u9fff\uff00-\uffef]+")


class Fake(FakeServer):
    """`forget()`: hours later, the same words may be said again. `credits`: whether the account can pay."""

    def __init__(self) -> None:
        super().__init__()
        self.credits = True
        self.oauth = FakeOAuth(CLIENT, SECRET, REFRESH, basic=True)
        self.kept: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, str]] = {}
        self.said: set[str] = set()
        self._ids = itertools.count(1_990_000_000_000_000_001)

    def settings(self) -> dict[str, str]:
        return {"server": self.url, "client": CLIENT}

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def posts(self) -> list[Seen]:
        """Every post, the oldest first."""
        return [
            Seen(
                id, "", row["text"], media=tuple(row["media"]), url=f"https://x.com/i/status/{id}", parent=row["above"]
            )
            for id, row in self.kept.items()
        ]

    def code(self, address: str) -> str:
        """The app's secret on its page; on that of the login, the address to which it leads."""
        return self.oauth.page(address) if "redirect_uri" in address else SECRET

    def forget(self) -> None:
        """Hours have gone by."""
        self.said.clear()

    def handle(self, request: Request) -> Reply:
        if request.path == "/2/oauth2/token":
            return self.oauth.token(request)
        if not self._lets_in(request):
            return Reply(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})
        one = re.fullmatch(r"/2/tweets/(\d+)", request.path)
        match (request.method, request.path):
            case ("GET", "/2/users/me"):
                return Reply(200, {"data": {"id": "7", "name": "沪语读书会", "username": "huyu"}})
            case ("GET", "/2/users/7/tweets"):
                return self._listed(request.query)
            case ("POST", "/2/tweets"):
                return self._create(request.json())
            case ("POST", "/2/media/upload"):
                return self._upload(request.form())
            case ("POST", "/2/media/metadata"):
                told = request.json()
                self.files[told["id"]]["alt"] = told["metadata"]["alt_text"]["text"]
                return Reply(200, {"data": {"id": told["id"]}})
            case ("GET", _) if one:
                row = self.kept.get(one[1])
                return Reply(
                    200, {"data": self._shown(one[1], row)} if row else {"errors": [{"title": "Not Found Error"}]}
                )
            case ("DELETE", _) if one:
                return Reply(200, {"data": {"deleted": self.kept.pop(one[1], None) is not None}})
        return _problem(404, "Not Found")

    def _lets_in(self, request: Request) -> bool:
        told = request.headers.get("Authorization", "")
        if told.startswith("Bearer "):
            return told == f"Bearer {TOKEN}" or self.oauth.lets_in(request)
        said = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', told)}
        if not {"oauth_nonce", "oauth_timestamp"} <= set(said):
            return False
        url = f"{self.url}{request.target}"
        nonce, at = said["oauth_nonce"], int(said["oauth_timestamp"])
        return told == header(request.method, url, KEYS, nonce=nonce, timestamp=at)

    def _create(self, asked: dict[str, Any]) -> Reply:
        text, above = asked["text"], asked.get("reply", {}).get("in_reply_to_tweet_id", "")
        media = asked.get("media", {}).get("media_ids", [])
        if not self.credits:
            return _problem(402, "Your enrolled account does not have any credits to fulfill this request.")
        if not text.strip() or count(text, LIMIT) > LIMIT.max:
            return _problem(403 if text.strip() else 400, "Your Tweet text is too long.")
        if text in self.said:
            return _problem(403, "You are not allowed to create a Tweet with duplicate content.")
        if above and above not in self.kept:
            return _problem(403, "You attempted to reply to a Tweet that is deleted or not visible to you.")
        if len(media) > 4 or any(id not in self.files for id in media):
            return _problem(400, "Your media IDs are invalid.")
        id = str(next(self._ids))
        at = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        self.kept[id] = {"text": text, "above": above, "media": media, "at": at}
        self.said.add(text)
        return Reply(201, {"data": {"id": id, "text": text, "edit_history_tweet_ids": [id]}})

    def _listed(self, query: dict[str, str]) -> Reply:
        size, first = int(query["max_results"]), int(query.get("pagination_token") or 0)
        rows = [self._shown(id, row) for id, row in reversed(self.kept.items())]
        page, more = rows[first : first + size], len(rows) > first + size
        meta = {"result_count": len(page), **({"next_token": str(first + size)} if more else {})}
        return Reply(200, {"data": page, "meta": meta} if page else {"meta": meta})

    def _shown(self, id: str, row: dict[str, Any]) -> dict[str, Any]:
        """As X shows a post: links are short ones, signs of HTML are entities, and files have an address at its end."""
        links = [(found, f"https://t.co/{n}a{id}") for n, found in enumerate(LINK.findall(row["text"]))]
        text = row["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for address, short in links:
            text = text.replace(address.replace("&", "&amp;"), short, 1)
        urls = [
            {"url": short, "expanded_url": address if "://" in address else f"http://{address}"}
            for address, short in links
        ]
        if row["media"]:
            text += f" https://t.co/m{id}"
            urls.append({"url": f"https://t.co/m{id}", "expanded_url": f"https://x.com/huyu/status/{id}/photo/1"})
        above = [{"type": "replied_to", "id": row["above"]}] if row["above"] else []
        return {"id": id, "text": text, "created_at": row["at"], "entities": {"urls": urls}, "referenced_tweets": above}

    def _upload(self, form: dict[str, Any]) -> Reply:
        file, id = form["media"], str(next(self._ids))
        if form.get("media_category") != "tweet_image" or not file.mime.startswith("image/"):
            return _problem(400, "media type unrecognized.")
        self.files[id] = {"name": file.name, "alt": ""}
        return Reply(
            200, {"data": {"id": id, "media_key": f"3_{id}", "size": len(file.data), "expires_after_secs": 86400}}
        )


def _problem(status: int, said: str) -> Reply:
    return Reply(status, {"title": "Problem", "detail": said, "status": status, "type": "about:blank"})
