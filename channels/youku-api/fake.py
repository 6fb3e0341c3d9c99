"""优酷's API and its storage with one account, for tests: tokens that rotate, signed pieces, a commit, a review."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import Any

from steadycast.testing import FakeOAuth, FakeServer, Reply, Request, Seen

from .storage import signature

CLIENT, SECRET, REFRESH = "fake-client-9a", "fake-client-secret", "fake-refresh-token"
KEY, KEY_SECRET, STS = "STS.fake", "fake-storage-secret", "fake-sts-token"


class Fake(FakeServer):
    """`state`: of the review of each new film. `expires`: when the storage's credentials end."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.expires, self.renewals = "normal", "2099-01-01T00:00:00Z", 0
        self.oauth = FakeOAuth(CLIENT, SECRET, REFRESH)
        self.films: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}  # upload token -> what was said of it
        self.pieces: dict[str, dict[int, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self._ids = itertools.count(1)

    def settings(self) -> dict[str, str]:
        return {"server": self.url, "client": CLIENT}

    def secrets(self) -> dict[str, str]:
        return {"client_secret": SECRET, "refresh": self.oauth.refresh}

    def code(self, address: str) -> str:
        """What the app's page and the page of tools show."""
        return SECRET if address.endswith("/app") else self.oauth.refresh

    def posts(self) -> list[Seen]:
        """What everybody sees once it was reviewed."""
        return [Seen(n, "", film["description"], film["title"], (n,), film["link"]) for n, film in self.films.items()]

    def handle(self, request: Request) -> Reply:
        if request.path.startswith("/bucket/"):
            return self._stored(request)
        if request.path == "/oauth2/token.json":
            return self.oauth.token(request)
        form = request.form()
        if form.get("client_id") != CLIENT:
            return _error(1005, "client id invalid")
        if not self.oauth.knows(form.get("access_token", "")):
            return _error(1009, "access token expired")
        match request.path:
            case "/users/myinfo.json":
                return Reply(200, {"id": "1", "name": "沪语读书会"})
            case "/uploads/create.json":
                return self._create(form)
            case "/uploads/get_sts_inf.json":
                self.renewals, self.expires = self.renewals + 1, "2099-01-01T00:00:00Z"
                return Reply(200, self._credentials())
            case "/uploads/commit.json":
                return self._commit(form["upload_token"])
            case "/videos/by_me.json":
                rows = [*reversed(self.films.values())][: int(form["count"])]
                return Reply(200, {"total": len(rows), "page": 1, "videos": rows})
        film = self.films.get(form.get("video_id", ""))
        if film is None:
            return _error(120020001, "video does not exist", 404)
        if request.path == "/videos/update.json":
            film.update({name: form[name] for name in ("title", "description", "tags", "category")})
        elif request.path == "/videos/destroy.json":
            del self.films[film["id"]]
        return Reply(200, film)

    def _create(self, form: dict[str, Any]) -> Reply:
        tags = form["tags"].split(",")
        if not 2 <= len(form["title"]) <= 60 or len(form["description"]) >= 2000:
            return _error(1013, "invalid parameter: title or description")
        if len(tags) > 10 or any(not 2 <= len(tag) <= 20 for tag in tags):
            return _error(1013, "invalid parameter: tags")
        self.tasks[token := f"fake-upload-{next(self._ids)}"] = form
        told = {"upload_token": token, "oss_bucket": "bucket", "oss_object": f"{token}.mp4"}
        return Reply(201, {**self._credentials(), **told})

    def _credentials(self) -> dict[str, str]:
        keys = {"temp_access_id": KEY, "temp_access_secret": KEY_SECRET, "security_token": STS}
        return {**keys, "endpoint": self.url, "expire_time": self.expires}

    def _commit(self, token: str) -> Reply:
        task, data = self.tasks.get(token), self.objects.get(f"/bucket/{token}.mp4", b"")
        if task is None or hashlib.md5(data, usedforsecurity=False).hexdigest() != task["file_md5"]:
            return _error(1013, "invalid parameter: upload_token")
        del self.tasks[token]
        number = f"Xfake{next(self._ids)}"
        told = {name: task[name] for name in ("title", "description", "tags", "category")}
        link = f"https://v.youku.com/v_show/id_{number}.html"
        self.films[number] = {"id": number, "link": link, "state": self.state, "data": len(data), **told}
        return Reply(200, {"video_id": number})

    def _stored(self, request: Request) -> Reply:
        """As OSS: an upload in pieces of one object."""
        head = {name.lower(): value for name, value in request.headers.items()}
        made = signature(KEY_SECRET, request.method, head, request.target)
        if head["authorization"] != f"OSS {KEY}:{made}" or head["x-oss-security-token"] != STS:
            return Reply(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if "uploads" in request.target.partition("?")[2]:
            self.pieces[id := f"U{next(self._ids)}"] = {}
            return Reply(200, f"<Initiated><UploadId>{id}</UploadId></Initiated>")
        pieces = self.pieces.get(request.query["uploadId"])
        if pieces is None:
            return Reply(404, "<Error><Code>NoSuchUpload</Code></Error>")
        if request.method == "PUT":
            pieces[int(request.query["partNumber"])] = request.body
            return Reply(200, b"", {"ETag": f'"{_tag(request.body)}"'})
        wanted = re.findall(r'<ETag>"(\w+)"</ETag>', request.body.decode())
        assert wanted == [_tag(pieces[n]) for n in sorted(pieces)]
        self.objects[request.path] = b"".join(pieces[n] for n in sorted(pieces))
        del self.pieces[request.query["uploadId"]]
        return Reply(200, "<CompleteMultipartUploadResult/>")


def _tag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper()


def _error(code: int, said: str, status: int = 400) -> Reply:
    return Reply(status, {"error": {"code": code, "type": "SystemException", "description": said}})
