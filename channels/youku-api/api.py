"""The few calls of 优酷's API that the adapter makes, under tokens that renew themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Answer, Channel, HttpClient, OAuth, Refused, Unknown

from .answers import NO_FILM, has_ended, meant
from .login import oauth_of

NEWEST = 50  # films that are looked through


class Api:
    """One account that let the app in."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        server = self.channel.settings["server"].rstrip("/")
        return self.channel.http.using(base=server, errors=partial(meant, self.channel.tell))

    @cached_property
    def oauth(self) -> OAuth:
        return oauth_of(self.channel, self.channel.secret("client_secret").strip(), self.channel.secret("refresh"))

    def call(self, path: str, asked: Mapping[str, Any], *, repeatable: bool = False, look: bool = False) -> Any:
        """An answer. All goes in a form, also the token: an address is written down in too many places."""

        def send(token: str) -> Answer:
            form = {"client_id": self.oauth.client["client_id"], "access_token": token, **asked}
            return self.http.request("POST", path, data=form, repeatable=repeatable)

        told = self.oauth.call(send, look=look, ended=has_ended).json()
        if not isinstance(told, dict):
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name)
        return told

    def name(self) -> str:
        return str(self.call("users/myinfo.json", {}, repeatable=True, look=True).get("name") or "")

    def commit(self, token: str) -> str:
        """The number of the new film."""
        return str(self.call("uploads/commit.json", {"upload_token": token})["video_id"])

    def film(self, number: str) -> Any:
        """A film with its state; None where there is none."""
        try:
            return self.call("videos/show.json", {"video_id": number}, repeatable=True)
        except Refused as error:
            if error.code != NO_FILM:
                raise
            return None

    def own(self) -> list[Any]:
        """The account's newest films, also those in review."""
        told = self.call("videos/by_me.json", {"page": 1, "count": NEWEST}, repeatable=True).get("videos")
        return told if isinstance(told, list) else []
