"""Messages of a bot in one Telegram channel or group: a text, an album with its caption, or a rich message."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused, Unknown, View, fits

from .answers import Messages, account_of, messages_of, receipt_of
from .api import Api
from .content import CAPTION, album_of, edit_of, rich_of, text_of


class Adapter:
    """Nothing makes a second sending harmless, and no chat can be read: so each message is sent at most once.

    A message whose id is known is looked for by an edit to the words that it has: "not modified" says that it is there.
    """

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
            if known.frozen and not known.steps and not known.receipt:
                return None
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)
        return receipt_of(sent, "read-back") if all(self._edited(m, post) for m in sent) else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Edit the words in their place; those that a caption has no room for any more follow as a text."""
        sent = messages_of(known)
        if not sent or not all(self._edited(message, post) for message in sent):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        if any(m["kind"] == "caption" for m in sent) and not fits(post.text, CAPTION):
            told = partial(self.api.send, "sendMessage", "text", text_of(self.channel, post))
            text = self.channel.step(f"text-{post.revision[:12]}", told)
            sent = [{**message, "kind": "media"} for message in sent] + text
        return receipt_of(sent)

    def withdraw(self, post: Post, known: Known) -> None:  # noqa: ARG002
        """Delete each message, the last one first; one that is not there is no error."""
        for message in reversed(messages_of(known)):
            self.api.done("deleteMessage", message)
        if not known.receipt and None in known.steps.values():
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
        """The article as a rich message; none where it is too long for one, or an older server takes none."""
        rich, files = rich_of(post) if self.channel.settings["rich"] and post.form == "article" else ({}, [])
        if not rich:
            return []
        try:
            return self.channel.step("rich", partial(self.api.send, "sendRichMessage", "rich", rich, files))
        except Refused:
            return []

    def _sent_plain(self, post: Post) -> Messages:
        method, asked, files = album_of(self.channel, post)
        sent: Messages = []
        kind = "caption" if fits(post.text, CAPTION) else "media"
        if files:
            sent += self.channel.step("media", partial(self.api.send, method, kind, asked, files))
        if not files or kind == "media":
            told = text_of(self.channel, post)
            sent += self.channel.step("text", partial(self.api.send, "sendMessage", "text", told))
        return sent

    def _edited(self, message: dict[str, Any], post: Post) -> bool:
        """Whether a message is there; its words are the post's then."""
        edit = edit_of(self.channel, post, message["kind"])
        return not edit or self.api.done(edit[0], message, *edit[1:])
