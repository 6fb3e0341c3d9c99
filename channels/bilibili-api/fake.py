"""B站's open platform with one account, for tests: signed requests, tokens that rotate, pieces, a review."""

from __future__ import annotations

import itertools
import json
from typing import Any

from steadycast.testing import FakeOAuth, FakeServer, Reply, Request, Seen

from .signing import headers

CLIENT, SECRET, REFRESH = "fake-client-7f3a", "fake-app-secret", "fake-refresh-token"
SIGNED = "x-bili-signature-nonce"


class Fake(FakeServer):
    """`state`, `why`: of the review of each new film. `clock`: of handing in. `oauth.rotates`: as B站 does."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.why, self.clock = 0, "", 1_795_780_800
        self.oauth = FakeOAuth(CLIENT, SECRET, REFRESH)
        self.films: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.whole: dict[str, bytes] = {}  # token, then film -> its bytes
        self._ids = itertools.count(1)

    def settings(self) -> dict[str, Any]:
        return {"server": self.url, "uploads": self.url, "tokens": self.url, "client": CLIENT, "category": 201}

    def secrets(self) -> dict[str, str]:
        return {"client_secret": SECRET, "refresh": self.oauth.refresh}

    def code(self, address: str) -> str:
        """The app's secret on its page; on that of the login, the address to which it leads."""
        if "gourl" not in address:
            return SECRET
        return self.oauth.page(address)

    def posts(self) -> list[Seen]:
        """What everybody sees once it was reviewed."""
        return [
            Seen(n, "", film["desc"], film["title"], (n,), f"https://www.bilibili.com/video/{n}")
            for n, film in self.films.items()
        ]

    def handle(self, request: Request) -> Reply:
        if request.path.startswith("/x/account-oauth2/v1/"):
            return self._token(request)
        if request.path == "/video/v2/part/upload":
            return self._piece(request)
        if not self._is_signed(request):
            return _told(4002, "signature error")
        if not self.oauth.knows(request.headers.get("Access-Token", "")):
            return _told(127001, "access_token invalid")
        match (request.method, request.path.removeprefix("/arcopen/fn/")):
            case ("GET", "user/account/scopes"):
                return _told(data={"openid": "fake", "scopes": ["USER_INFO", "ARC_BASE"]})
            case ("GET", "archive/type/list"):
                children = [{"id": 201, "name": "科学科普", "parent": 36}]
                return _told(data=[{"id": 36, "name": "知识", "children": children}])
            case ("POST", "archive/video/init"):
                self.uploads[token := f"fake-upload-token-{next(self._ids)}"] = {}
                return _told(data={"upload_token": token})
            case ("POST", "archive/video/complete"):
                return self._complete(request.query["upload_token"])
            case ("POST", "archive/cover/upload"):
                return _told(data={"url": f"https://archive.biliimg.com/{request.form()['file'].name}"})
            case ("POST", "archive/add-by-utoken"):
                return self._add(request.query["upload_token"], request.json())
            case ("GET", "archive/view"):
                film = self.films.get(request.query["resource_id"])
                return _told(data=film) if film else _told(-404, "稿件不存在")
            case ("GET", "archive/viewlist"):
                first, size = int(request.query["pn"]) - 1, int(request.query["ps"])
                rows = [*reversed(self.films.values())][first * size :][:size]
                return _told(data={"page": {"pn": first + 1, "ps": size, "total": len(self.films)}, "list": rows})
            case ("POST", "archive/edit"):
                told = request.json()
                return _wrong(told) or self._edited(told)
            case ("POST", "archive/delete"):
                gone = self.films.pop(request.json()["resource_id"], None)
                return _told() if gone else _told(-404, "稿件不存在")
        return Reply(404, b"<!doctype html>")

    def _token(self, request: Request) -> Reply:
        """As RFC 6749, but in an envelope; the time is that of its end."""
        answer = self.oauth.token(request)
        if answer.status != 200:
            return _told(122007 if "grant" in str(answer.body) else 122002, "invalid")
        return _told(data={**answer.body, "expires_in": 4_102_444_800})

    def _is_signed(self, request: Request) -> bool:
        told = request.headers
        plain = told.get_content_type() == "multipart/form-data" or request.method == "GET"
        body = b"" if plain else request.body
        made = headers(CLIENT, SECRET, body, nonce=told.get(SIGNED, ""), timestamp=int(told.get("x-bili-timestamp", 0)))
        return all(told.get(name) == value for name, value in made.items())

    def _piece(self, request: Request) -> Reply:
        token, n = request.query["upload_token"], int(request.query["part_number"])
        if token not in self.uploads:
            return _told(123013, "upload_token invalid")
        self.uploads[token][n] = request.body
        return _told()

    def _complete(self, token: str) -> Reply:
        pieces = self.uploads.get(token)
        if not pieces or sorted(pieces) != list(range(1, len(pieces) + 1)):
            return _told(123013, "parts missing")
        self.whole[token] = b"".join(pieces[n] for n in sorted(pieces))
        return _told()

    def _add(self, token: str, told: dict[str, Any]) -> Reply:
        if wrong := _wrong(told):
            return wrong
        if token not in self.whole:
            return _told(123004, "upload_token was used")
        number = f"BV1fake{next(self._ids):04}"
        self.whole[number] = self.whole.pop(token)
        review = {"state": self.state, "state_desc": "", "reject_reason": self.why}
        self.films[number] = {**told, "resource_id": number, "ctime": self.clock, "addit_info": review}
        return _told(data={"resource_id": number})

    def _edited(self, told: dict[str, Any]) -> Reply:
        if told["resource_id"] not in self.films:
            return _told(-404, "稿件不存在")
        self.films[told["resource_id"]].update(told)
        return _told(data={"resource_id": told["resource_id"]})


def _wrong(told: dict[str, Any]) -> Reply | None:
    bad = any(not sign.isprintable() and sign != "\n" for sign in told["title"] + told["desc"])
    fits = 0 < len(told["title"]) < 80 and len(told["desc"]) < 250 and 0 < len(told["tag"]) < 200
    return None if fits and not bad and told["tid"] == 201 else _told(4000, "参数错误")


def _told(code: int = 0, said: str = "0", data: Any = None) -> Reply:
    body: dict[str, Any] = {"code": code, "message": said, "ttl": 1, "request_id": "fake"}
    return Reply(200, json.dumps(body | ({} if data is None else {"data": data})).encode())
