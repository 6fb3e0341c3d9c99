"""The few calls of a Ghost site's Admin API that the adapter makes, each under a token of its own."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Channel, HttpClient, Media, Refused

from .answers import sorted_error

KEY = re.compile(r"([0-9a-f]{24}):((?:[0-9a-f]{2}){16,64})")
LASTS = 300  # seconds: a site takes no token that is older
ROW = "id,slug,status,url,updated_at,published_at"
KINDS = {"audio": "media", "video": "media", "attachment": "files"}  # of a file, by its role; all else are pictures


@dataclass(frozen=True)
class Who:
    """As whom a key speaks: nobody of the staff where it is an integration's."""

    name: str
    roles: tuple[str, ...]

    @property
    def may_publish(self) -> bool:
        return "Contributor" not in self.roles


class Api:
    """One site, as the channel's key lets in."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        if not (key := KEY.fullmatch(self.channel.secret("key").strip())):
            raise Refused(self.channel.tell("no-key"), channel=self.channel.name)
        site = self.channel.settings["url"].rstrip("/").removesuffix("/ghost")
        return self.channel.http.using(
            base=f"{site}/ghost/api/admin",
            headers={"Accept-Version": "v5.0"},
            auth=partial(signed, key[1], bytes.fromhex(key[2])),
            errors=partial(sorted_error, self.channel.tell),
        )

    @cached_property
    def site(self) -> Any:
        """Its title, version and address, as it tells everybody."""
        return self.http.request("GET", "site/").json()["site"]

    def account(self) -> Who:
        """The staff member whose token the key is; an integration has none."""
        told = self.http.request("GET", "users/me/", params={"include": "roles"}, ok=(200, 404))
        if told.status == 404:
            return Who("", ("Admin Integration",))
        user = told.json()["users"][0]
        return Who(user["name"], tuple(role["name"] for role in user["roles"]))

    def newsletters(self) -> list[str]:
        """The slugs of those that can be sent."""
        asked = {"filter": "status:active", "fields": "slug", "limit": 100}
        return [row["slug"] for row in self.http.request("GET", "newsletters/", params=asked).json()["newsletters"]]

    def cannot_mail(self) -> bool:
        """Whether the site surely has nothing to send a newsletter with."""
        return self.http.request("GET", "config/").json()["config"].get("mailgunIsConfigured") is False

    def rows(self, filter: str) -> Any:
        """The posts that a filter finds, in any state."""
        asked = {"filter": filter, "fields": ROW, "limit": 100}
        return self.http.request("GET", "posts/", params=asked).json()["posts"]

    def save(
        self,
        post: Mapping[str, Any],
        id: str = "",
        updated_at: str = "",
        *,
        repeatable: bool = True,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a post, or change the one of that id as it was at `updated_at`: else it is somebody else's by now."""
        body = {"posts": [{**post, "updated_at": updated_at} if id else post]}
        method, path = ("PUT", f"posts/{id}/") if id else ("POST", "posts/")
        asked = {"source": "html", **(params or {})}
        return self.http.request(method, path, json=body, params=asked, repeatable=repeatable).json()["posts"][0]

    def file(self, file: Media) -> str:
        """A file's address on the site; it is named by its hash, so that it is sent once."""
        return self.channel.step(f"file-{file.sha256[:32]}", partial(self._sent, file), repeatable=True)

    def _sent(self, file: Media) -> str:
        kind, name = KINDS.get(file.role, "images"), f"{file.sha256[:32]}.{file.name.rpartition('.')[2]}"
        # There is no list of files, but this month's lie under the names that they came with.
        address = f"{self.site['url'].rstrip('/')}/content/{kind}/{dt.datetime.now(dt.UTC):%Y/%m}/{name}"
        there = self.channel.http.request("HEAD", address, ok=range(200, 600))
        if there.status == 200 and "text/html" not in there.headers.get("Content-Type", "text/html"):
            return address
        with file.path.open("rb") as data:
            files = {"file": (name, data, file.mime)}
            return str(
                self.http.request("POST", f"{kind}/upload/", files=files, repeatable=True).json()[kind][0]["url"]
            )


def signed(id: str, secret: bytes, request: Any) -> Any:
    """The request with a token of its own: RFC 7519, HS256 under the key's secret."""
    # The site holds it against its own clock: real time, whatever hour the plan is made for.
    now = int(time.time())
    said = (
        _url64({"alg": "HS256", "typ": "JWT", "kid": id})
        + b"."
        + _url64({"iat": now, "exp": now + LASTS, "aud": "/admin/"})
    )
    sign = base64.urlsafe_b64encode(hmac.new(secret, said, hashlib.sha256).digest()).rstrip(b"=")
    request.headers["Authorization"] = f"Ghost {said.decode()}.{sign.decode()}"
    return request


def _url64(value: Mapping[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=")
