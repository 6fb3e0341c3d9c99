"""A Bot API server with one bot, for tests: limits after its marks, errors in its words, no look at a chat."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

from . import fake_rules as rules
from .fake_rules import Answer, error, named, well

TOKEN = "7000000001:AAFakeTokenOfTheBot-aaaaaaaaaaaaaaa"  # noqa: S105 it opens nothing
CHAT = {"id": -1001234567890, "type": "channel", "title": "沪语读书会", "username": "huyu"}
RIGHTS = {"status": "administrator", "can_post_messages": True, "can_edit_messages": True, "can_delete_messages": False}
SENT = ("sendPhoto", "sendVideo", "sendAudio")


class Fake(FakeServer):
    """One channel. `rich`: whether it is new enough for rich messages; `old`: every message is over 48 hours old."""

    def __init__(self) -> None:
        super().__init__()
        self.chat: dict[str, Any] = dict(CHAT)
        self.member: dict[str, Any] = dict(RIGHTS)
        self.moved = 0  # the number of the supergroup that the group has become
        self.rich, self.old = True, False
        self.kept: dict[int, dict[str, Any]] = {}  # id -> words, how they are shown, files, its album
        self._ids = itertools.count(11)

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"server": self.url, "chat": "@huyu"}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"token": TOKEN}

    def posts(self) -> list[Seen]:
        """What stands in the chat; an album is one."""
        seen: dict[str, Seen] = {}
        for id, message in self.kept.items():
            at, files = message["album"], tuple(message["files"])
            first = seen.get(at) or Seen(at, "", message["words"], url=f"https://t.me/huyu/{id}")
            seen[at] = replace(first, media=first.media + files)
        return list(seen.values())

    def handle(self, request: Request) -> Reply:
        """As FakeServer."""
        return Reply(*self._answer(request))

    def _answer(self, request: Request) -> Answer:
        bot, _, method = request.path.removeprefix("/").partition("/")
        if bot != f"bot{TOKEN}":
            return error(401, "Unauthorized") if bot.startswith("bot") and ":" in bot else error(404, "Not Found")
        asked = request.query if request.method == "GET" else rules.parsed(request)
        if method == "getMe":
            return well({"id": 7000000001, "is_bot": True, "username": "huyu_bot"})
        if str(asked.get("chat_id")) == str(self.chat["id"]) and self.moved:
            return error(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.moved)
        if str(asked.get("chat_id")) not in (str(self.moved or self.chat["id"]), f"@{self.chat.get('username')}"):
            return error(400, "chat not found")
        return self._in_chat(method, asked)

    def _in_chat(self, method: str, asked: dict[str, Any]) -> Answer:
        known: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "getChat": lambda _: well(self.chat),
            "getChatMember": lambda _: well(self.member),
            "sendMessage": self._text,
            "sendMediaGroup": self._album,
            **{name: partial(self._file, name.removeprefix("send").lower()) for name in SENT},
            "editMessageText": self._edit,
            "editMessageCaption": self._edit,
            "deleteMessage": self._delete,
        }
        if method.startswith("send") and (wrong := rules.wrong_member(self.member, self.chat)):
            return wrong
        if method == "sendRichMessage" and self.rich:
            return self._rich(asked)
        return known[method](asked) if method in known else error(404, "Not Found: method not found")

    def _text(self, asked: dict[str, Any]) -> Answer:
        if wrong := rules.wrong_words(asked.get("text", ""), asked.get("entities", []), 4096, "message"):
            return wrong
        return well(self._keep(asked["text"], asked.get("entities", []), []))

    def _file(self, role: str, asked: dict[str, Any]) -> Answer:
        words, marks, file = asked.get("caption", ""), asked.get("caption_entities", []), named(asked, asked[role])
        if wrong := rules.wrong_file(file, role) or rules.wrong_words(words, marks, 1024, "message caption"):
            return wrong
        return well(self._keep(words, marks, [file.name]))

    def _album(self, asked: dict[str, Any]) -> Answer:
        files = [named(asked, each["media"]) for each in asked["media"]]
        if wrong := rules.wrong_album(asked["media"], files):
            return wrong
        told = [(m.get("caption", ""), m.get("caption_entities", [])) for m in asked["media"]]
        sent: list[dict[str, Any]] = []
        for words, file in zip(told, files, strict=True):
            sent.append(self._keep(*words, [file.name], str(sent[0]["message_id"]) if sent else ""))
        return well(sent)

    def _rich(self, asked: dict[str, Any]) -> Answer:
        rich = asked["rich_message"]
        if wrong := rules.wrong_rich(rich):
            return wrong
        files = [named(asked, each["media"]["media"]).name for each in rich.get("media", [])]
        return well(self._keep(rich["html"], [], files))

    def _edit(self, asked: dict[str, Any]) -> Answer:
        if not (message := self.kept.get(int(asked["message_id"]))):
            return error(400, "message to edit not found")
        if "rich_message" in asked:
            wrong, words, marks = rules.wrong_rich(asked["rich_message"]), asked["rich_message"]["html"], []
        else:
            is_text = "text" in asked
            words, marks = (
                asked["text" if is_text else "caption"],
                asked.get("entities" if is_text else "caption_entities", []),
            )
            wrong = rules.wrong_words(words, marks, *((4096, "message") if is_text else (1024, "message caption")))
        if wrong:
            return wrong
        if (message["words"], message["marks"]) == (words, marks):
            return error(400, "message is not modified: specified new message content is exactly the same")
        message.update(words=words, marks=marks)
        return well(self._shown(int(asked["message_id"])))

    def _delete(self, asked: dict[str, Any]) -> Answer:
        if int(asked["message_id"]) not in self.kept:
            return error(400, "message to delete not found")
        if self.old:
            return error(400, "message can't be deleted")
        del self.kept[int(asked["message_id"])]
        return well(True)

    def _keep(self, words: str, marks: list[Any], files: list[str], album: str = "") -> dict[str, Any]:
        id = next(self._ids)
        self.kept[id] = {"words": words, "marks": marks, "files": files, "album": album or str(id)}
        return self._shown(id)

    def _shown(self, id: int) -> dict[str, Any]:
        number = self.moved or self.chat["id"]
        return {"message_id": id, "date": 1_795_000_000 + id, "chat": {**self.chat, "id": number}}
