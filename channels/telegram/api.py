"""The few calls of the Bot API that the adapter makes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Answer, Channel, HttpClient, Media, Refused

from .answers import Messages, kept, parameters, sorted_error

TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)
GONE = ("message to edit not found", "message to delete not found", "message_id_invalid", "message not found")
SAME = "message is not modified"


class Api:
    """One bot, and the chat that it posts to. Its token is a part of every address, and stands in no message."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @cached_property
    def http(self) -> HttpClient:
        token, server = self.channel.secret("token").strip(), self.channel.settings["server"].rstrip("/")
        if not TOKEN.fullmatch(token):  # another one would lead to another address
            raise Refused(self.channel.tell("bad-token"), channel=self.channel.name)
        return self.channel.http.using(base=f"{server}/bot{token}", errors=partial(sorted_error, self.channel.tell))

    @property
    def chat(self) -> str:
        """The chat of the settings, or the supergroup that it has become."""
        chat = str(self.channel.settings["chat"]).strip()
        moved = self.channel.state.get("moved") or {}
        return str(moved["to"]) if moved.get("from") == chat else chat

    def ask(self, method: str, **asked: Any) -> Any:
        return self.http.request("GET", method, params=asked).json()["result"]

    def send(self, method: str, kind: str, asked: Mapping[str, Any], files: Sequence[Media] = ()) -> Messages:
        """The messages that a call made; `kind` is what words the first of them holds."""
        settings = self.channel.settings
        where = {"message_thread_id": settings["topic"], "disable_notification": settings["silent"]}
        told = {**{name: value for name, value in where.items() if value}, **asked}
        try:
            return kept(self._call(method, {"chat_id": self.chat, **told}, files), kind)
        except Refused as error:
            if not (moved := parameters(error.answer).get("migrate_to_chat_id")):
                raise
            self.channel.state.set("moved", {"from": str(settings["chat"]).strip(), "to": int(moved)})
            return kept(self._call(method, {"chat_id": self.chat, **told}, files), kind)

    def done(
        self,
        method: str,
        message: Mapping[str, Any],
        asked: Mapping[str, Any] | None = None,
        files: Sequence[Media] = (),
    ) -> bool:
        """Whether a message that is edited or deleted was there; an edit to what it says already is none."""
        told = {"chat_id": message["chat"], "message_id": message["id"], **(asked or {})}
        try:
            self._call(method, told, files, repeatable=True)
        except Refused as error:
            said = error.message.lower()
            if any(words in said for words in GONE):
                return False
            if SAME not in said:
                raise
        return True

    def _call(
        self, method: str, asked: Mapping[str, Any], files: Sequence[Media] = (), *, repeatable: bool = False
    ) -> Answer:
        if not files:
            return self.http.request("POST", method, json=asked, repeatable=repeatable)
        fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
        sent = {f"file{n}": (file.name, file.path.read_bytes(), file.mime) for n, file in enumerate(files)}
        return self.http.request("POST", method, data=fields, files=sent, repeatable=repeatable)
