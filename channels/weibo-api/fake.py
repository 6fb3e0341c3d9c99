"""微博's statuses/share, for tests: a safe domain, 140 signs, no topics, no same post twice, and a rate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from steadycast.testing import FakeServer, Reply, Request, Seen, Upload

TOKEN, UID, DOMAIN = "2.00A1b2c3D4e5f6G7h8", "1195230310", "hu.example"
APP, APP_SECRET, CODE = "1073880650", "9d4f0c1e77b2aa5", "c0de-5b1e0f"
BACK = "https://api.weibo.com/oauth2/default.html"
AN_HOUR = 30
KINDS = (b"\xff\xd8", b"\x89PNG", b"GIF8")


class Fake(FakeServer):
    """One account that let one app in."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Seen] = []
        self.ips: list[str] = []

    def settings(self) -> dict[str, str]:
        """Its address, and a page under the app's safe domain."""
        return {"url": self.url, "link": f"https://{DOMAIN}/", "app": APP}

    def secrets(self) -> dict[str, str]:
        """The token that it lets in."""
        return {"token": TOKEN}

    def code(self, address: str) -> str:
        """The app's secret on the app's page; on that of the login, the address to which it leads."""
        if "/apps/" in address:
            return APP_SECRET
        back = parse_qs(urlsplit(address).query).get("redirect_uri", [""])[0]
        return f"{back}?code={CODE}"

    def handle(self, request: Request) -> Reply:
        """Answer as the vendor does: an error has its code in the body, and status 400 or 403."""
        form = request.form()
        if request.path == "/oauth2/access_token":
            return _let_in(request, form)
        if form.get("access_token") != TOKEN:
            return _error(request, 21332, "invalid_access_token", 403)
        if request.path == "/oauth2/get_token_info":
            told = {"uid": UID, "appkey": "1073880650", "scope": None, "create_at": 1352267591, "expire_in": 157679471}
            return Reply(200, told)
        if request.path != "/2/statuses/share.json":
            return _error(request, 10020, "request uri not found", 404)
        status = str(form.get("status", "")).strip()
        return _wrong(request, status, form, self.kept) or self._keep(status, form)

    def _keep(self, status: str, form: Mapping[str, Any]) -> Reply:
        n = str(3504803600502730 + len(self.kept))
        picture = form.get("pic")
        media = (picture.name,) if isinstance(picture, Upload) else ()
        self.kept.append(Seen(n, "", status, media=media, url=f"https://m.weibo.cn/status/{n}"))
        self.ips.append(str(form.get("rip", "")))
        created = "Fri Nov 27 20:00:06 +0800 2026"
        return Reply(200, {"created_at": created, "id": int(n), "mid": n, "idstr": n, "text": status})

    def posts(self) -> list[Seen]:
        """What stands on the account's page."""
        return self.kept


def _let_in(request: Request, form: Mapping[str, Any]) -> Reply:
    if (form["client_id"], form["client_secret"]) != (APP, APP_SECRET):
        return _error(request, 21324, "invalid_client")
    if form["redirect_uri"] != BACK:
        return _error(request, 21322, "redirect_uri_mismatch")
    if form["code"] != CODE or form["grant_type"] != "authorization_code":
        return _error(request, 21325, "invalid_grant")
    return Reply(200, {"access_token": TOKEN, "remind_in": "157679999", "expires_in": 157679999, "uid": UID})


def _wrong(request: Request, status: str, form: Mapping[str, Any], kept: list[Seen]) -> Reply | None:
    if not status:
        return _error(request, 20008, "content is null!")
    if len(status.encode("utf-16-le")) // 2 > 140:
        return _error(request, 20012, "Text too long, please input text less than 140 characters!")
    if not re.search(rf"https?://{re.escape(DOMAIN)}(?![\w.:-])", status):
        return _error(request, 10017, "param error, see doc for more info, text not find domain!")
    if re.search(r"#[^#\s]+#", re.sub(r"https?://\S+", "", status)):
        return _error(request, 10017, "param error, text can not contain topic")
    picture = form.get("pic")
    if isinstance(picture, Upload) and not picture.data.startswith(KINDS):
        return _error(request, 20005, "unsupported image type, only support JPG, GIF, PNG!")
    if isinstance(picture, Upload) and len(picture.data) >= 5_000_000:
        return _error(request, 20006, "image size too large.")
    if kept and kept[-1].text == status:
        return _error(request, 20019, "repeat content!")
    return _error(request, 10023, "User requests out of rate limit!", 403) if len(kept) >= AN_HOUR else None


def _error(request: Request, code: int, said: str, status: int = 400) -> Reply:
    return Reply(status, {"request": request.path, "error_code": code, "error": said})
