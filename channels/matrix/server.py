"""A homeserver and one of its rooms, and what the account may do there."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any
from urllib.parse import quote

from steadycast.platform import Answer, Channel, HttpClient, Refused

from .answers import created, lacking, sorted_error


class Server:
    """One room, as the account that the channel's token speaks for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        base = f"{self.channel.settings['url'].rstrip('/')}/_matrix"
        token = {"Authorization": f"Bearer {self.channel.secret('token')}"}
        return self.channel.http.using(base=base, headers=token, errors=partial(sorted_error, self.channel))

    @cached_property
    def user(self) -> str:
        """As whom the token speaks."""
        return str(self._named(self.http.request("GET", "client/v3/account/whoami"), "user_id"))

    @cached_property
    def room(self) -> str:
        """The room's id: an alias may be given to another room one day."""
        named = str(self.channel.settings["room"]).strip()
        if named.startswith("!"):
            return named
        there = self.http.request("GET", f"client/v3/directory/room/{quote(named, safe='')}", ok=(200, 404))
        if there.status == 404:
            raise Refused(self.channel.tell("no-room", said=there.message), channel=self.channel.name)
        return str(self._named(there, "room_id"))

    def state(self, kind: str, **params: str) -> Any:
        """An event of the room's state, or {} where there is none."""
        there = self.http.request("GET", self._path(f"state/{kind}/"), params=params, ok=(200, 404))
        return there.json() if there.status == 200 else {}

    def lacks(self, wanted: tuple[str, ...]) -> list[str]:
        """Which of these the account may not do in the room."""
        lacks = lacking(self.user, self.state("m.room.power_levels"), wanted)
        return lacks if lacks and not created(self.user, self.state("m.room.create", format="event")) else []

    def most(self) -> int | None:
        """How many bytes a file may have."""
        size = self.http.request("GET", "client/v1/media/config").json().get("m.upload.size")
        return size if isinstance(size, int) else None

    def _path(self, rest: str, version: int = 3) -> str:
        return f"client/v{version}/rooms/{quote(self.room, safe='')}/{rest}"

    def _named(self, answer: Answer, name: str) -> Any:
        try:
            return answer.json()[name]
        except (KeyError, TypeError):
            raise answer.garbled(self.channel.tell("no-id"), answer) from None
