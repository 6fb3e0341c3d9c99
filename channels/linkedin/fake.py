"""LinkedIn's versioned API with one author, for tests: little text cut in silence, duplicates, ended versions."""

from __future__ import annotations

import itertools
import re
from typing import Any
from urllib.parse import unquote

from steadycast.testing import FakeOAuth, FakeServer, Reply, Request, Seen

TOKEN = "fake-linkedin-token-of-the-member"  # noqa: S105 it opens nothing
CLIENT, SECRET, REFRESH = "fakeClientId", "fakeClientSecret", "fakeRefreshToken"
AUTHOR = "urn:li:person:Ab1_cD"
OLDEST = "202507"
RESERVED = re.compile(r"(?<!\\)(?:\\\\)*[|{}@\[\]()<>*_~]|(?<!\\)(?:\\\\)*#(?!\w)")


class Fake(FakeServer):
    """`reads`: whether the token may read posts, as few may. `ghosts`: what was deleted is a duplicate still.

    `refreshes`: it gives refresh tokens.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.ghosts = True, False
        self.oauth, self.refreshes = FakeOAuth(CLIENT, SECRET, REFRESH), True
        self.kept: dict[str, dict[str, Any]] = {}
        self.said: dict[str, str] = {}  # the words -> the urn that they were posted as
        self.images: dict[str, bytes] = {}
        self._ids = itertools.count(7_300_000_000_000_000_001)

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"server": self.url, "tokens": f"{self.url}/oauth", "client": CLIENT, "author": AUTHOR}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"token": TOKEN}

    def code(self, address: str) -> str:
        """The app's secret on its page; on that of the login, the address to which it leads."""
        return self.oauth.page(address) if "redirect_uri" in address else SECRET

    def posts(self) -> list[Seen]:
        """Every post as a reader sees it: without backslashes, and without what stands behind a bare sign."""
        return [
            Seen(urn, "", shown(row["commentary"]), row["title"], tuple(row["images"]), _address(urn))
            for urn, row in self.kept.items()
        ]

    def handle(self, request: Request) -> Reply:
        """As FakeServer."""
        if request.method == "PUT" and request.path.startswith("/dms-uploads/"):
            self.images[f"urn:li:image:{request.path.rpartition('/')[2]}"] = request.body
            return Reply(201)
        if request.path == "/oauth/accessToken":
            answer = self.oauth.token(request)
            if answer.status == 200 and not self.refreshes:
                del answer.body["refresh_token"]
            return answer
        if request.headers.get("Authorization") != f"Bearer {TOKEN}" and not self.oauth.lets_in(request):
            return _error(401, "INVALID_ACCESS_TOKEN", "Invalid access token")
        if request.path == "/v2/userinfo":
            return Reply(200, {"sub": "Ab1_cD", "name": "沪语读书会"})
        if request.headers.get("Linkedin-Version", "") < OLDEST:
            return _error(426, "NONEXISTENT_VERSION", "Requested version is not active")
        assert request.headers.get("X-Restli-Protocol-Version") == "2.0.0"
        if request.path == "/rest/images" and request.query.get("action") == "initializeUpload":
            id = f"C{next(self._ids)}"
            return Reply(200, {"value": {"uploadUrl": f"{self.url}/dms-uploads/{id}", "image": f"urn:li:image:{id}"}})
        if request.path == "/rest/posts":
            return self._create(request.json())
        return self._one(request, unquote(request.path.removeprefix("/rest/posts/")))

    def _create(self, asked: dict[str, Any]) -> Reply:
        if asked["author"] != AUTHOR:
            return _error(403, "ACCESS_DENIED", "Field Value validation failed in REQUEST_BODY: author")
        if len(asked["commentary"].encode("utf-16-le")) // 2 > 3000:
            return _error(422, "FIELD_LENGTH_TOO_LONG", "commentary: field length exceeds 3000 characters")
        content = asked.get("content", {})
        images = [each["id"] for each in content.get("multiImage", {}).get("images", ())]
        images += [
            value
            for value in (content.get("media", {}).get("id"), content.get("article", {}).get("thumbnail"))
            if value
        ]
        if any(image not in self.images for image in images):
            return _error(400, "INVALID_URN", "the image is not ready")
        if (urn := self.said.get(asked["commentary"])) and (urn in self.kept or self.ghosts):
            return _error(422, "DUPLICATE_POST", f"Content is a duplicate of {urn}")
        urn = f"urn:li:share:{next(self._ids)}"
        title = content.get("article", {}).get("title", "")
        self.kept[urn] = {"commentary": asked["commentary"], "images": images, "title": title, "asked": asked}
        self.said[asked["commentary"]] = urn
        return Reply(201, b"", {"x-restli-id": urn})

    def _one(self, request: Request, urn: str) -> Reply:
        if request.method == "DELETE":
            self.kept.pop(urn, None)
            return Reply(204)
        if request.method == "GET" and not self.reads:
            return _error(403, "ACCESS_DENIED", "Not enough permissions to access: partnerApiPosts.GET")
        if urn not in self.kept:
            return _error(404, "NOT_FOUND", "The post was not found")
        if request.method == "GET":
            return Reply(200, {"id": urn, "author": AUTHOR, "commentary": self.kept[urn]["commentary"]})
        assert request.headers.get("X-RestLi-Method") == "PARTIAL_UPDATE"
        self.kept[urn].update(request.json()["patch"]["$set"])
        return Reply(204)


def shown(commentary: str) -> str:
    """What a reader sees: all up to the first sign that is reserved and has no backslash."""
    bare = RESERVED.search(commentary)
    return re.sub(r"\\(.)", r"\1", commentary[: bare.start()] if bare else commentary, flags=re.DOTALL)


def _address(urn: str) -> str:
    return f"https://www.linkedin.com/feed/update/{urn}/"


def _error(status: int, code: str, said: str) -> Reply:
    return Reply(status, {"status": status, "code": code, "message": said})
