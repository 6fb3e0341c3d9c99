"""A Ghost site as far as the adapter asks: it holds tokens against its clock, and a change against the last one."""

from __future__ import annotations

import itertools
import re
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

from .fake_rules import KINDS, SECRET, invalid, now, refused, stranger, unique, wrong

ID = "6b0c46e9748bc361679265a2"
SOURCE = re.compile(r'src="([^"]+)"')
FIELDS = ("title", "html", "custom_excerpt", "canonical_url", "feature_image", "feature_image_alt", "tags", "status")
ASKED = re.compile(r"(id|slug|tags\.name):'([^']*)'")


class Fake(FakeServer):
    """One site with one key. `role`: that it is a staff member's token, and not an integration's."""

    def __init__(self, *, role: str = "", largest: int = 50_000_000, mailgun: bool = True) -> None:
        super().__init__()
        self.role, self.largest, self.mailgun = role, largest, mailgun
        self.ahead = 0  # seconds of its clock
        self.newsletters = ["weekly"]
        self.rows: dict[str, dict[str, Any]] = {}
        self.files: dict[str, str] = {}  # path -> type
        self.sent: list[tuple[str, str, str]] = []  # each letter: of which post, newsletter, segment
        self._ids = itertools.count(0x6B0C00000000000000000001)
        self._changes = itertools.count()

    def settings(self) -> dict[str, str]:
        return {"url": self.url}

    def secrets(self) -> dict[str, str]:
        return {"key": f"{ID}:{SECRET}"}

    def posts(self) -> list[Seen]:
        """What a reader sees: published."""
        out = [(row, self._url(row)) for row in self.rows.values() if row["status"] == "published"]
        return [
            Seen(
                row["id"],
                row["slug"].rpartition("-")[2],
                row["html"],
                row["title"],
                (*SOURCE.findall(row["html"]),),
                url,
            )
            for row, url in out
        ]

    def touch(self, id: str, **changes: Any) -> None:
        """A person writes something into a post in the site's editor."""
        self.rows[id].update(changes, updated_at=self._moment())

    def handle(self, request: Request) -> Reply:
        method, path = request.method, request.path.removeprefix("/ghost/api/admin/")
        if path.startswith("/content/"):
            known = self.files.get(path)
            return Reply(200 if known else 404, b"", {"Content-Type": known or "text/html"})
        if path == request.path:
            return Reply(404, b"<!doctype html><title>404</title>")
        if path == "site/":
            return Reply(200, {"site": {"title": "Club", "version": "6.65", "url": f"{self.url}/"}})
        if told := stranger(request.headers.get("Authorization", ""), ID, self.ahead):
            return Reply(*wrong(*told))
        match (method, path.split("/")):
            case ("GET", ["users", "me", ""]) if self.role:
                return Reply(200, {"users": [{"name": "Alice", "roles": [{"name": self.role}]}]})
            case ("GET", ["config", ""]):
                return Reply(200, {"config": {"version": "6.65.0", "mailgunIsConfigured": self.mailgun}})
            case ("GET", ["newsletters", ""]):
                return Reply(200, {"newsletters": [{"slug": slug} for slug in self.newsletters]})
            case ("GET", ["posts", ""]):
                return Reply(200, {"posts": self._listed(request.query["filter"])})
            case ("POST", ["posts", ""]):
                return self._create(request.json()["posts"][0])
            case ("PUT", ["posts", id, ""]) if id in self.rows:
                return self._change(self.rows[id], request.json()["posts"][0], request.query)
            case ("POST", [kind, "upload", ""]) if kind in KINDS:
                return self._upload(kind, request)
            case (_, ["posts" | "users", *_]):
                return Reply(*wrong("gone"))
        return Reply(*wrong("no-route"))

    def _listed(self, filter: str) -> list[dict[str, Any]]:
        asked = ASKED.findall(filter)
        rows = self.rows.values()
        return [self._shown(r) for r in rows if any(value in (r["tags"] if "." in n else [r[n]]) for n, value in asked)]

    def _create(self, asked: dict[str, Any]) -> Reply:
        if said := refused(asked, self.role):
            return Reply(*wrong(*said))
        row: dict[str, Any] = dict.fromkeys(FIELDS)
        row |= {"id": f"{next(self._ids):024x}", "tags": [], "html": "", "published_at": None}
        row |= {"slug": unique(asked["slug"], {other["slug"] for other in self.rows.values()}), "mailed": False}
        self.rows[row["id"]] = row
        self._write(row, asked)
        return Reply(201, {"posts": [self._shown(row)]})

    def _change(self, row: dict[str, Any], asked: dict[str, Any], query: dict[str, str]) -> Reply:
        if said := refused(asked, self.role) or (not asked.get("updated_at") and invalid("updated_at")):
            return Reply(*wrong(*said))
        wanted = {name: asked[name] for name in FIELDS if name in asked}
        wanted |= {"tags": [tag["name"] for tag in asked["tags"]]} if "tags" in asked else {}
        if any(row[name] != value for name, value in wanted.items()) and asked["updated_at"] != row["updated_at"]:
            return Reply(*wrong("edited"))
        published = wanted.get("status") == "published" != row["status"]
        if published and (newsletter := query.get("newsletter")):
            if newsletter not in self.newsletters:
                return Reply(*wrong("no-newsletter"))
            if not row["mailed"]:  # a post is one letter, however often it is published
                row["mailed"] = True
                self.sent.append((row["id"], newsletter, query.get("email_segment", "all")))
        self._write(row, asked)
        return Reply(200, {"posts": [self._shown(row)]})

    def _write(self, row: dict[str, Any], asked: dict[str, Any]) -> None:
        before = dict(row)
        row.update({name: asked[name] for name in FIELDS if name in asked and name != "tags"})
        row["tags"] = [tag["name"] for tag in asked["tags"]] if "tags" in asked else row["tags"]
        row["published_at"] = asked.get("published_at", row["published_at"])
        if row != before:
            row["updated_at"] = self._moment()

    def _upload(self, kind: str, request: Request) -> Reply:
        file = request.form()["file"]
        if len(request.body) > self.largest:
            return Reply(413, b"<html><title>413 Request Entity Too Large</title></html>")
        if not file.mime.startswith(KINDS[kind]):
            return Reply(*wrong(kind))
        stem, _, extension = file.name.rpartition(".")
        folder = f"/content/{kind}/{now(self.ahead):%Y/%m}"
        taken = {path.rpartition("/")[2].rpartition(".")[0] for path in self.files if path.startswith(folder)}
        path = f"{folder}/{unique(stem, taken, first=1)}.{extension}"
        self.files[path] = file.mime
        return Reply(201, {kind: [{"url": self.url + path, "ref": None}]})

    def _moment(self) -> str:
        """The time of a change: no two are the same here."""
        return f"2026-11-27T12:{next(self._changes):02}:00.000Z"

    def _url(self, row: dict[str, Any]) -> str:
        return f"{self.url}/{row['slug']}/" if row["status"] == "published" else f"{self.url}/p/{row['id']}/"

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"url": self._url(row), **{n: row[n] for n in ("id", "slug", "status", "updated_at", "published_at")}}
