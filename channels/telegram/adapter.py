"""Messages of a bot in one Telegram channel or group: a text, an album with its caption, or a rich message."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused, Unknown, View, fits

from .answers import Messages, account_of, messages_of, receipt_of, stops_all
from .api import Api
from .content import CAPTION, album_of, edit_of, rich_of, text_of


class Adapter:
    """Each message is sent at most once; one whose id is known is looked for by an edit that changes nothing."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """The album, and the text below it where it is no caption's length; an article as a rich message, if wanted."""
        if not fits(post.text, limit := self.channel.limits["text"]):
            raise Refused(self.channel.tell("too-long", num=limit.max), channel=self.channel.name)
        return receipt_of(self._sent_rich(post) or self._sent_plain(post))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """Of a message whose id is known whether it is there; None where nothing was begun, else a person looks."""
        sent = messages_of(known)
        if not any(message["kind"] != "media" for message in sent):
            begun = any(value != [] for value in known.steps.values())
            if known.frozen and not begun and not known.receipt:
                return None
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)
        return receipt_of(sent, "read-back") if all(self._edited(m, post) for m in sent) else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Edit the words in their place; those that a caption has no room for any more follow as a text."""
        sent = messages_of(known)
        if not sent or not all(self._edited(message, post) for message in sent):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        if any(m["kind"] == "caption" for m in sent) and not fits(post.text, CAPTION):
            new = [m for m in self._sent_text(post, f"text-{post.revision[:12]}") if m not in sent]
            sent = [{**m, "kind": "media"} if m["kind"] == "caption" else m for m in sent] + new
        return receipt_of(sent)

    def withdraw(self, post: Post, known: Known) -> None:  # noqa: ARG002
        """Delete each message, the last one first; one that is not there is no error."""
        for message in reversed(messages_of(known)):
            self.api.done("deleteMessage", message)
        if any(value is None and (name[:5] == "text-" or not known.receipt) for name, value in known.steps.items()):
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)

    def check(self) -> Account:
        """As which bot, in which chat, and with which rights; refused where it may not post."""
        me, chat = self.api.ask("getMe"), self.api.ask("getChat", chat_id=self.api.chat)
        member = self.api.ask("getChatMember", chat_id=self.api.chat, user_id=me["id"])
        if account := account_of(me, chat, member):
            return account
        raise Refused(self.channel.tell("no-rights", said=f"@{me['username']}"), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """What the chat would see."""
        return [View("text", text=post.text)]

    def _sent_rich(self, post: Post) -> Messages:
        """The article as a rich message; none where it is too long for one, or an older server takes none.

        None is kept as well: a later try, under other settings or on a newer server, goes on as the first one began.
        """
        return self.channel.step("rich", partial(self._rich, post)) if post.form == "article" else []

    def _rich(self, post: Post) -> Messages:
        rich, files = rich_of(post) if self.channel.settings["rich"] else ({}, [])
        try:
            return self.api.send("sendRichMessage", "rich", rich, files) if rich else []
        except Refused as error:
            if stops_all(error):
                raise
            return []

    def _sent_plain(self, post: Post) -> Messages:
        method, asked, files = album_of(self.channel, post)
        kind = "caption" if fits(post.text, CAPTION) else "media"
        send = partial(self.api.send, method, kind, asked, files)
        sent: Messages = self.channel.step("media", send) if files else []
        return sent if sent and kind == "caption" else sent + self._sent_text(post, "text")

    def _sent_text(self, post: Post, step: str) -> Messages:
        return self.channel.step(step, partial(self.api.send, "sendMessage", "text", text_of(self.channel, post)))

    def _edited(self, message: dict[str, Any], post: Post) -> bool:
        """Whether a message is there; its words are the post's then."""
        edit = edit_of(self.channel, post, message["kind"])
        return not edit or self.api.done(edit[0], message, *edit[1:])
