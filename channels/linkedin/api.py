"""The few calls of LinkedIn's versioned API that the adapter makes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any
from urllib.parse import quote, urlsplit

from steadycast.platform import Channel, HttpClient, Limit, Media, Post, Refused, cut

from .answers import made_of, sorted_error, upload_of
from .login import oauth_of

ALT = Limit(4086)


class Api:
    """One member or organization, as the channel's token lets in."""

    def __init__(self, channel: Channel, *, look: bool = False) -> None:
        self.channel = channel
        self.look = look  # nothing may be kept

    @cached_property
    def http(self) -> HttpClient:
        channel = self.channel
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Linkedin-Version": channel.settings["version"],
            "X-Restli-Protocol-Version": "2.0.0",
        }
        base = channel.settings["server"].rstrip("/")
        return channel.http.using(base=base, headers=headers, errors=partial(sorted_error, channel.tell))

    @cached_property
    def token(self) -> str:
        """The access token: from the refresh token, where there is one."""
        if refresh := self.channel.secret("refresh").strip():
            secret = self.channel.secret("client_secret").strip()
            return oauth_of(self.channel, secret, refresh).token(look=self.look)
        if not (token := self.channel.secret("token").strip()):
            raise Refused(self.channel.tell("no-token"), channel=self.channel.name)
        return token

    def name(self) -> str:
        answer = self.http.request("GET", "v2/userinfo")
        told = answer.json()
        return str(told.get("name") or "") if isinstance(told, dict) else ""

    def create(self, asked: Mapping[str, Any]) -> str:
        """The urn of the new post."""
        return made_of(self.http.request("POST", "rest/posts", json=asked))

    def change(self, urn: str, values: Mapping[str, Any]) -> bool:
        """Whether the post was there; its `values` are these now."""
        how = {"X-RestLi-Method": "PARTIAL_UPDATE"}
        answer = self.http.request(
            "POST", _path(urn), json={"patch": {"$set": values}}, headers=how, ok=(200, 204, 404), repeatable=True
        )
        return answer.status != 404

    def delete(self, urn: str) -> None:
        how = {"X-RestLi-Method": "DELETE"}
        self.http.request("DELETE", _path(urn), headers=how, ok=(200, 204, 404), repeatable=True)

    def is_there(self, urn: str) -> bool | None:
        """Whether a post can be read; None where the token may read none."""
        try:
            return self.http.request("GET", _path(urn), ok=(200, 404)).status == 200
        except Refused as error:
            if error.code != "403":
                raise
            return None

    def pictures(self, post: Post) -> list[tuple[str, str]]:
        """The urn and the description of each picture of a post."""
        wanted = [m for m in (post.opening, *post.of("image")) if m][: self.channel.media["image"].count]
        return [(self.picture(media), cut(media.alt, ALT)) for media in wanted]

    def picture(self, media: Media) -> str:
        urn: str = self.channel.step(f"file-{media.sha256[:32]}", partial(self._upload, media), repeatable=True)
        return urn

    def _upload(self, media: Media) -> str:
        asked = {"initializeUploadRequest": {"owner": self.channel.settings["author"]}}
        begun = self.http.request(
            "POST", "rest/images", params={"action": "initializeUpload"}, json=asked, repeatable=True
        )
        address, urn = upload_of(begun)
        headers, host = {"Content-Type": media.mime}, urlsplit(address)
        if host.scheme == "https" and f".{host.hostname}".endswith(".linkedin.com"):  # no other host gets the token
            headers["Authorization"] = self.http.headers["Authorization"]
        self.http.request("PUT", address, data=media.path.read_bytes(), headers=headers, repeatable=True)
        return urn


def _path(urn: str) -> str:
    return f"rest/posts/{quote(urn, safe='')}"
