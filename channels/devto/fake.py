"""A Forem site with one account, for tests: drafts, addresses that are taken, a published one that stays a draft."""

from __future__ import annotations

import itertools
import re
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

KEY = "fakeKeyOfTheAccount0123456"
KNOWN = {
    "title", "body_markdown", "published", "tags", "canonical_url", "main_image", "series", "description",
    "organization_id", "ai_disclosure_level",
}  # fmt: skip


class Fake(FakeServer):
    """`sticky`: how many requests to publish are answered well and change nothing. `others`: addresses of others."""

    def __init__(self) -> None:
        super().__init__()
        self.sticky = 0
        self.others: set[str] = set()
        self.kept: dict[int, dict[str, Any]] = {}
        self._ids = itertools.count(2_000_001)

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"url": self.url}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"key": KEY}

    def posts(self) -> list[Seen]:
        """What readers see: no draft."""
        rows = (row for row in self.kept.values() if row["published"])
        return [Seen(str(r["id"]), _key(r), r["body_markdown"], r["title"], url=r["url"]) for r in rows]

    def handle(self, request: Request) -> Reply:
        """As FakeServer."""
        if request.headers.get("api-key") != KEY:
            return _error(401, "unauthorized")
        if "forem.api-v1" not in request.headers.get("Accept", ""):
            return _error(406, "not acceptable")
        one = re.fullmatch(r"/api/articles/(\d+)", request.path)
        match (request.method, request.path):
            case ("GET", "/api/users/me"):
                return Reply(200, {"type_of": "user", "id": 1, "username": "huyu", "name": "沪语读书会"})
            case ("GET", "/api/articles/me/all"):
                return self._listed(request.query)
            case ("POST", "/api/articles"):
                return self._create(request.json()["article"])
            case ("PUT", _) if one and int(one[1]) in self.kept:
                return self._write(self.kept[int(one[1])], request.json()["article"], 200)
        return _error(404, "not found")

    def _listed(self, query: dict[str, str]) -> Reply:
        page, size = int(query.get("page", 1)), min(1000, int(query.get("per_page", 30)))
        rows = sorted(self.kept.values(), key=lambda row: (row["published"], -row["id"]))
        return Reply(200, rows[(page - 1) * size : page * size])

    def _create(self, asked: dict[str, Any]) -> Reply:
        id = next(self._ids)
        row = {
            "id": id,
            "published": False,
            "published_at": None,
            "canonical_url": "",
            "title": "",
            "body_markdown": "",
        }
        return self._write({**row, "url": f"{self.url}/huyu/{id}"}, asked, 201)

    def _write(self, row: dict[str, Any], asked: dict[str, Any], status: int) -> Reply:
        assert set(asked) <= KNOWN, asked
        made = {**row, **asked}
        if wrong := self._wrong(made):
            return _error(422, wrong)
        if asked.get("published") and not row["published"] and self.sticky:
            self.sticky -= 1
            made["published"] = False
        if made["published"]:
            made["published_at"] = row["published_at"] or "2026-11-27T12:00:05Z"
        self.kept[made["id"]] = made
        return Reply(status, {name: made[name] for name in ("id", "url", "title", "canonical_url", "published_at")})

    def _wrong(self, made: dict[str, Any]) -> str:
        """Why an article cannot be like this, in the site's words; "" when it can."""
        url, others = made["canonical_url"], (r for r in self.kept.values() if r["id"] != made["id"])
        if url and (url in self.others or any(url == row["canonical_url"] for row in others)):
            return "Canonical url has already been taken"
        if not 0 < len(made["title"]) <= 128:
            return "Title is too long (maximum is 128 characters)" if made["title"] else "Title can't be blank"
        tags = made.get("tags", [])
        if len(tags) > 4:
            return "Tag list exceed the maximum of 4 tags"
        bad = next((tag for tag in tags if not tag.isalnum()), "")
        return f'Tag "{bad}" contains non-alphanumeric or prohibited unicode characters' if bad else ""


def _key(row: dict[str, Any]) -> str:
    found = re.search(r"<!-- steadycast ([a-z2-7]{13}) -->", row["body_markdown"])
    return found[1] if found else ""


def _error(status: int, said: str) -> Reply:
    return Reply(status, {"error": said, "status": status})
