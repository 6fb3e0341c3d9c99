"""YouTube's Data API v3 with one channel, for tests: sessions that can be resumed, quota, films that stay private."""

from __future__ import annotations

import itertools
import re
from typing import Any

from steadycast.testing import FakeOAuth, FakeServer, Reply, Request, Seen

CLIENT, SECRET, REFRESH = "fake-1.apps.googleusercontent.com", "fake-client-secret", "1//fake-refresh"
UPLOADS = "UUfake"
BLOCK = 256 * 1024


class Fake(FakeServer):
    """`audited`: whether the app's films may be shown. `quota`: units that are left. `keeps`: of a piece, at most."""

    def __init__(self) -> None:
        super().__init__()
        self.audited, self.quota, self.keeps = True, 10_000, 10**12
        self.films: dict[str, dict[str, Any]] = {}
        self.data: dict[str, bytes] = {}
        self.covers: dict[str, bytes] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.oauth = FakeOAuth(CLIENT, SECRET, REFRESH)
        self._ids = itertools.count(1)

    def settings(self) -> dict[str, str]:
        return {"server": self.url, "tokens": f"{self.url}/token", "client": CLIENT}

    def secrets(self) -> dict[str, str]:
        return {"client_secret": SECRET, "refresh": REFRESH}

    def posts(self) -> list[Seen]:
        """What everybody sees."""
        out = [film for film in self.films.values() if film["status"]["privacyStatus"] == "public"]
        return [
            Seen(
                film["id"],
                film["snippet"]["tags"][0].removeprefix("steadycast-"),
                film["snippet"]["description"],
                film["snippet"]["title"],
                (film["id"],),
                f"https://www.youtube.com/watch?v={film['id']}",
            )
            for film in out
        ]

    def code(self, address: str) -> str:
        """The app's secret on its page; on that of the login, the address to which it leads."""
        if "redirect_uri" not in address:
            return SECRET
        assert "access_type=offline" in address
        return self.oauth.page(address)

    def handle(self, request: Request) -> Reply:
        if request.path == "/token":
            return self.oauth.token(request)
        if not self.oauth.lets_in(request):
            return _error(401, "authError", "Invalid Credentials")
        if request.path.startswith("/session/"):
            return self._piece(request, request.path.rpartition("/")[2])
        self.quota -= 1 if request.method == "GET" else 50
        if self.quota < 0:
            return _error(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")
        match (request.method, request.path):
            case ("GET", "/youtube/v3/channels"):
                playlists = {"relatedPlaylists": {"uploads": UPLOADS}}
                return Reply(200, {"items": [{"snippet": {"title": "沪语读书会"}, "contentDetails": playlists}]})
            case ("GET", "/youtube/v3/playlistItems"):
                return self._listed(request.query)
            case ("POST", "/upload/youtube/v3/videos"):
                return self._begin(request)
            case ("POST", "/upload/youtube/v3/thumbnails/set"):
                self.covers[request.query["videoId"]] = request.body
                return Reply(200, {"kind": "youtube#thumbnailSetResponse"})
            case ("GET", "/youtube/v3/videos"):
                wanted = request.query["id"].split(",")
                return Reply(200, {"items": [film for id, film in self.films.items() if id in wanted]})
            case ("PUT", "/youtube/v3/videos"):
                return self._change(request.json(), request.query["part"])
            case ("DELETE", "/youtube/v3/videos"):
                return Reply(204 if self.films.pop(request.query["id"], None) else 404)
        return Reply(404, b"<!doctype html>")

    def _begin(self, request: Request) -> Reply:
        told = request.json()
        if wrong := _wrong(told["snippet"]):
            return _error(400, wrong, "The request metadata specifies an invalid value.")
        name = f"{next(self._ids)}"
        self.sessions[name] = {"told": told, "size": int(request.headers["X-Upload-Content-Length"]), "data": b""}
        return Reply(200, b"", {"Location": f"{self.url}/session/{name}"})

    def _piece(self, request: Request, name: str) -> Reply:
        session = self.sessions.get(name)
        if session is None:
            return Reply(404, b"")
        head = request.headers["Content-Range"]
        if film := session.get("film"):
            return Reply(201, film)
        if sent := re.fullmatch(r"bytes (\d+)-(\d+)/\d+", head):
            first, last = int(sent[1]), int(sent[2])
            whole = last + 1 == session["size"]
            if first != len(session["data"]) or last - first + 1 != len(request.body):
                return _error(400, "badRequest", "Failed to parse Content-Range header.")
            if not whole and len(request.body) % BLOCK:
                return _error(400, "badContent", "The size of a piece is no multiple of 256 kB.")
            session["data"] += request.body[: self.keeps // BLOCK * BLOCK if len(request.body) > self.keeps else None]
        if len(session["data"]) < session["size"]:
            told = {"Range": f"bytes=0-{len(session['data']) - 1}"} if session["data"] else {}
            return Reply(308, b"", told)
        film = {**session["told"], "id": f"fake{next(self._ids):07}"}
        self.films[film["id"]], self.data[film["id"]], session["film"] = film, session["data"], film
        return Reply(201, film)

    def _listed(self, query: dict[str, str]) -> Reply:
        if query["playlistId"] != UPLOADS or not self.films:
            return _error(404, "playlistNotFound", "The playlist cannot be found.")
        first, size = int(query.get("pageToken") or 0), int(query["maxResults"])
        ids = [*reversed(self.films)]
        at = "2026-11-27T12:00:00Z"
        rows = [{"contentDetails": {"videoId": id}, "snippet": {"publishedAt": at}} for id in ids[first:][:size]]
        more = {"nextPageToken": str(first + size)} if len(ids) > first + size else {}
        return Reply(200, {"items": rows, **more})

    def _change(self, told: dict[str, Any], parts: str) -> Reply:
        if told["id"] not in self.films:
            return _error(404, "videoNotFound", "The video cannot be found.")
        if wrong := _wrong(told["snippet"]) if "snippet" in told else "":
            return _error(400, wrong, "The request metadata specifies an invalid value.")
        film = self.films[told["id"]]
        film.update({part: dict(told[part]) for part in parts.split(",")})
        if not self.audited:
            film["status"]["privacyStatus"] = "private"
        return Reply(200, film)


def _wrong(snippet: dict[str, Any]) -> str:
    if not snippet["title"] or len(snippet["title"]) > 100 or re.search("[<>]", snippet["title"]):
        return "invalidTitle"
    if len(snippet["description"].encode()) > 5000 or re.search("[<>]", snippet["description"]):
        return "invalidDescription"
    tags = snippet.get("tags", [])
    return "invalidTags" if sum(len(tag) + 1 + 2 * (" " in tag) for tag in tags) - 1 > 500 else ""


def _error(status: int, reason: str, said: str) -> Reply:
    errors = [{"message": said, "domain": "youtube.video", "reason": reason}]
    return Reply(status, {"error": {"code": status, "message": said, "errors": errors}})
