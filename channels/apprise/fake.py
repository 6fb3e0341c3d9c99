"""An Apprise API server, for tests: keys with their services and tags, services that are named in a request."""

from __future__ import annotations

import base64
import re
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

KEY, USER, PASSWORD = "hu-8f31c07ab2", "desk", "p4ss-w0rd"
SERVICES = {  # by key: each service and its tags
    KEY: {"tgram://l2g-bot/-100": {"friends"}, "discord://w3bh00k/t0ken": {"friends", "press"}},
    "empty-5d11": {},
}


class Fake(FakeServer):
    """One server behind a password. `down` are services (the start of their address) that take nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Seen] = []
        self.sent: list[str] = []  # each service that got a message
        self.down: set[str] = set()
        self.locked = False  # APPRISE_CONFIG_LOCK: shows its services to nobody

    def settings(self) -> dict[str, str]:
        """Where it is."""
        return {"url": self.url, "user": USER}

    def secrets(self) -> dict[str, str]:
        """A key of its own, and the password."""
        return {"key": KEY, "password": PASSWORD}

    def handle(self, request: Request) -> Reply:
        """Answer as the server does when it is asked for JSON."""
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers["Authorization"] != wanted:
            return _said(401, "Access Denied", {"WWW-Authenticate": 'Basic realm="Apprise"'})
        if request.path == "/status":
            return Reply(200, {"persistent_storage": True, "can_write_config": True, "details": ["OK"]})
        if found := re.fullmatch(r"/json/urls/([\w-]{1,128})", request.path):
            return self._urls(found[1], request.query.get("tag", ""))
        if found := re.fullmatch(r"/notify/(?:([\w-]{1,128})/?)?", request.path):
            return self._notify(found[1] or "", request.json())
        return _said(404, "not found")

    def posts(self) -> list[Seen]:
        """What the services show, one for each message."""
        return self.kept

    def _urls(self, key: str, tag: str) -> Reply:
        if self.locked:
            return _said(403, "The site has been configured to deny this request")
        if key not in SERVICES:
            return Reply(204, {"error": "There was no configuration found"})
        urls = [
            {"url": f"{url.partition(':')[0]}://****/", "tags": sorted(SERVICES[key][url])} for url in _of(key, tag)
        ]
        return Reply(200, {"tags": ["friends", "press"], "urls": urls})

    def _notify(self, key: str, told: Any) -> Reply:
        wrong = not told.get("body") or told.get("type", "info") not in ("info", "success", "warning", "failure")
        if wrong or told.get("format") not in (None, "text", "markdown", "html"):
            return _said(400, "Payload lacks minimum requirements")
        if key and key not in SERVICES:
            return Reply(204, {"error": "There was no configuration found"})
        services = _of(key, told.get("tag", "")) if key else re.findall(r"\w+://\S+", told.get("urls", ""))
        if not key and not services:
            return Reply(204, {"error": "There was no services to notify"})
        taken = [url for url in services if not any(url.startswith(down) for down in self.down)]
        self.sent += taken
        if taken:
            n = str(len(self.kept) + 1)
            self.kept.append(Seen(n, "", told["body"], told.get("title", "")))
        if not services or len(taken) < len(services):
            return Reply(424, {"error": "One or more notification could not be sent", "details": []})
        return Reply(200, {"error": None, "details": [["INFO", "2026-11-27 20:00:05,120", "Sent notification."]]})


def _of(key: str, tag: str) -> list[str]:
    """A key's services; a comma between tags is "or"."""
    tags = set(re.split(r"\s*,\s*", tag)) - {"", "all"}
    return [url for url, its in SERVICES[key].items() if not tags or tags & its]


def _said(status: int, words: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, {"error": words}, headers or {})
