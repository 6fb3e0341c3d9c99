"""A WordPress site as far as the adapter asks, with its habits: `-2` on a taken slug, a wrong password as 400."""

from __future__ import annotations

import base64
import html
import itertools
import re
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

from .fake_rules import now, stranger, unique, wrong

USER, PASSWORD = "club", "fake application password"
SOURCE = re.compile(r'src="([^"]+)"')
FIELDS = ("title", "content", "excerpt", "categories", "tags", "featured_media")
RIGHTS = ("publish_posts", "edit_published_posts", "upload_files", "manage_categories", "delete_published_posts")


class Fake(FakeServer):
    """One site with one Editor. `allowed` are the types of files it takes."""

    def __init__(self, *, role: tuple[str, ...] = RIGHTS, largest: int = 8_000_000) -> None:
        super().__init__()
        self.role, self.largest = role, largest
        self.allowed = ("image/", "audio/", "video/", "application/pdf")
        self.rows: dict[int, dict[str, Any]] = {}  # posts
        self.files: dict[int, dict[str, Any]] = {}
        self.terms: dict[str, dict[int, str]] = {"categories": {}, "tags": {}}
        self._ids = itertools.count(5)

    def settings(self) -> dict[str, str]:
        return {"url": self.url, "user": USER}

    def secrets(self) -> dict[str, str]:
        return {"password": PASSWORD}

    def posts(self) -> list[Seen]:
        """What a reader sees: published, and not in the trash."""
        seen = [
            (id, row, row["slug"].rpartition("-")[2]) for id, row in self.rows.items() if row["status"] == "publish"
        ]
        return [
            Seen(
                str(id),
                key,
                row["content"],
                html.unescape(row["title"]),
                (*SOURCE.findall(row["content"]),),
                self._link(id),
            )
            for id, row, key in seen
        ]

    def handle(self, request: Request) -> Reply:
        if not request.path.startswith("/wp-json/wp/v2/"):
            return Reply(404, b"<!doctype html><title>Page not found</title>")
        path, method = request.path.removeprefix("/wp-json/wp/v2/"), request.method
        if request.headers.get("Authorization") != f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}":
            return Reply(*stranger(method, path, request.query))
        if path == "users/me":
            return Reply(200, {"id": 1, "name": USER, "capabilities": dict.fromkeys(self.role, True)})
        if path == "posts":
            return Reply(200, self._listed(request.query)) if method == "GET" else self._create(request.json())
        if path.startswith("posts/"):
            return self._one(method, int(path.removeprefix("posts/")), request)
        if path == "media":
            return self._media(request)
        if path in self.terms and method == "POST":
            return self._term(path, request.json()["name"])
        return Reply(*wrong("rest_no_route"))

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        slugs, ids = query.get("slug", "").split(","), query.get("include", "").split(",")
        after, before = query.get("after", ""), query.get("before", "~")
        return [
            self._shown(id)
            for id, row in self.rows.items()
            if row["status"] != "trash"
            and ("slug" not in query or row["slug"] in slugs)
            and ("include" not in query or str(id) in ids)
            and after < row["date_gmt"] < before
        ]

    def _create(self, asked: dict[str, Any]) -> Reply:
        if not any(asked.get(name) for name in ("title", "content", "excerpt")):
            return Reply(*wrong("empty_content"))
        id = next(self._ids)
        empty = {
            **dict.fromkeys(("title", "content", "excerpt"), ""),
            "categories": [],
            "tags": [],
            "featured_media": 0,
        }
        self.rows[id] = {**empty, "slug": asked.get("slug", str(id)), "status": "draft", "date_gmt": now()}
        return self._write(id, asked, 201)

    def _one(self, method: str, id: int, request: Request) -> Reply:
        row = self.rows.get(id)
        if row is None:
            return Reply(*wrong("rest_post_invalid_id"))
        if method == "DELETE":
            if row["status"] == "trash":
                return Reply(*wrong("rest_already_trashed"))
            row.update(status="trash", slug=f"{row['slug']}__trashed")
            return Reply(200, self._shown(id))
        return self._write(id, request.json(), 200) if method == "POST" else Reply(200, self._shown(id))

    def _write(self, id: int, asked: dict[str, Any], status: int) -> Reply:
        row = self.rows[id]
        wanted = asked.get("status", row["status"])
        if wanted == "publish" and "publish_posts" not in self.role:
            return Reply(*wrong("rest_cannot_publish"))
        row.update({name: asked[name] for name in FIELDS if name in asked})
        row["date_gmt"] = asked.get("date_gmt", row["date_gmt"])
        row["status"] = "future" if wanted == "publish" and row["date_gmt"] > now(60) else wanted
        if row["status"] == "publish":  # drafts may share a slug, posts may not
            row["slug"] = unique(row["slug"], {other["slug"] for n, other in self.rows.items() if n != id})
        return Reply(status, self._shown(id))

    def _media(self, request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, [f for f in self.files.values() if f["slug"] == request.query.get("slug")])
        if "upload_files" not in self.role:
            return Reply(*wrong("rest_cannot_create"))
        if len(request.body) > self.largest:
            return Reply(*wrong("rest_upload_too_large"))
        if not request.headers.get("Content-Type", "").startswith(self.allowed):
            return Reply(*wrong("rest_upload_sideload_error"))
        id, name = next(self._ids), request.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
        slug, address = request.query.get("slug") or name.rpartition(".")[0], f"{self.url}/wp-content/uploads/{name}"
        self.files[id] = {"id": id, "slug": slug, "source_url": address, "alt_text": request.query.get("alt_text", "")}
        return Reply(201, self.files[id])

    def _term(self, kind: str, name: str) -> Reply:
        if kind == "categories" and "manage_categories" not in self.role:
            return Reply(*wrong("rest_cannot_create"))
        same = [id for id, known in self.terms[kind].items() if known.lower() == name.lower()]
        if same:
            return Reply(*wrong("term_exists", term_id=same[0]))
        self.terms[kind][id := next(self._ids)] = name
        return Reply(201, {"id": id, "name": name})

    def _link(self, id: int) -> str:
        return self.url + (f"/{row['slug']}/" if (row := self.rows[id])["status"] == "publish" else f"/?p={id}")

    def _shown(self, id: int) -> dict[str, Any]:
        row = self.rows[id]
        return {"id": id, **{n: row[n] for n in ("slug", "status", "date_gmt")}, "link": self._link(id)}
