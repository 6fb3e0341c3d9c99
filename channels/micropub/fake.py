"""A site that speaks Micropub as the W3C's text has it, as far as the adapter asks."""

from __future__ import annotations

import json
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

TARGET = "https://news.example/club"
SCOPES = {"t0ken-all": "create update delete media", "t0ken-few": "update"}


class Fake(FakeServer):
    """One site. `lists`: it can list its posts; `slugs`: it takes the slug it is given; `largest`: of a body."""

    def __init__(self, *, lists: bool = True, slugs: bool = True, files: bool = True, largest: int = 2_500_000) -> None:
        super().__init__()
        self.lists, self.slugs, self.takes_files, self.largest = lists, slugs, files, largest
        self.rows: dict[str, dict[str, Any]] = {}  # address -> properties
        self.gone: set[str] = set()
        self.files: dict[str, bytes] = {}

    def settings(self) -> dict[str, str]:
        return {"url": f"{self.url}/micropub"}

    def secrets(self) -> dict[str, str]:
        return {"token": "t0ken-all"}

    def posts(self) -> list[Seen]:
        """What readers have."""
        out = [(url, told) for url, told in self.rows.items() if url not in self.gone]
        return [
            Seen(
                url,
                url.rstrip("/").rpartition("-")[2] if self.slugs else "",
                told["content"][0]["html"],
                told["name"][0],
                tuple(path for path in self.files if path in json.dumps(told)),
                url,
            )
            for url, told in out
        ]

    def handle(self, request: Request) -> Reply:
        if request.path.startswith("/posts/"):
            address = f"{self.url}{request.path}"
            return Reply(200 if address in self.rows and address not in self.gone else 404, b"<!doctype html>")
        scopes = SCOPES.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if scopes is None:
            return _error(401, "unauthorized")
        if request.path not in ("/micropub", "/media"):
            return Reply(404, b"<!doctype html>")
        if len(request.body) > self.largest:
            return Reply(413, b"<html>too large</html>")
        if request.method == "GET":
            return self._asked(request)
        told = request.json() if request.path == "/micropub" else {}
        action = "media" if request.path == "/media" else told.get("action", "create")
        if action not in scopes.split():
            return _error(403, "insufficient_scope", f"the token has no {action}")
        return self._upload(request) if action == "media" else self._done(action, told)

    def _asked(self, request: Request) -> Reply:
        match request.query.get("q"):
            case "config":
                config: dict[str, Any] = {"syndicate-to": [{"uid": TARGET, "name": "Club"}]}
                return Reply(200, config | ({"media-endpoint": f"{self.url}/media"} if self.takes_files else {}))
            case "source" if "url" in request.query:
                there = self._there(request.query["url"])
                return Reply(200, {"type": ["h-entry"], "properties": there}) if there else _error(400)
            case "source" if self.lists:
                rows = [{"properties": {**told, "url": [url]}} for url, told in self.rows.items() if self._there(url)]
                offset, limit = int(request.query.get("offset", 0)), int(request.query["limit"])
                return Reply(200, {"items": rows[::-1][offset:][:limit]})
        return _error(400)

    def _done(self, action: str, told: dict[str, Any]) -> Reply:
        if action == "create":
            return self._create(told)
        if not (there := self._there(told["url"])):
            return _error(400, said="no such post")
        if action == "delete":
            self.gone.add(told["url"])
        there.update(told.get("replace", {}))
        for name in told.get("delete", ()):
            there.pop(name)
        return Reply(204)

    def _create(self, told: dict[str, Any]) -> Reply:
        properties = told["properties"]
        slug = properties.pop("mp-slug")[0] if self.slugs else f"{len(self.rows) + 1}"
        url, n = f"{self.url}/posts/{slug}/", 1
        while url in self.rows:
            n += 1
            url = f"{self.url}/posts/{slug}-{n}/"
        properties.pop("mp-slug", None)
        self.rows[url] = properties
        return Reply(201, b"", {"Location": url})

    def _upload(self, request: Request) -> Reply:
        file = request.form()["file"]
        address = f"{self.url}/files/{len(self.files)}-{file.name}"
        self.files[address] = file.data
        return Reply(201, b"", {"Location": address})

    def _there(self, url: str) -> dict[str, Any] | None:
        return None if url in self.gone else self.rows.get(url)


def _error(status: int, error: str = "invalid_request", said: str = "") -> Reply:
    return Reply(status, {"error": error, "error_description": said})
