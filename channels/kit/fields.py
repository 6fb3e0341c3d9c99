"""What is pasted, one field at a time, each with how much of its limit it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from steadycast.platform import Limit, count, cut, web_address

from .words import plain

if TYPE_CHECKING:
    from .sheet import Sheet


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to paste: where it goes, what it is, and how much of the limit it takes (`max` 0: none known)."""

    name: str
    label: str
    value: str
    n: int = 0
    max: int = 0
    count: str = "codepoints"
    long: bool = False  # several lines

    @property
    def file(self) -> str:
        """The text file of the kit that holds it, where it has one."""
        return "article.txt" if self.name == "text" else f"{self.name}.txt"


def fields(sheet: Sheet) -> Iterator[Field]:
    """Yield the fields of this post's form that have a value, in the order they are pasted."""
    values = {**_said(sheet), **_event(sheet)}
    for name in sheet.data["fields"][sheet.post.form]:
        if value := values.get(name, ""):
            limit = sheet.limits.get(name, Limit(0))
            n = len(sheet.tags) if name == "tags" else count(value, limit)
            yield Field(name, sheet.words.get(name, name), value, n, limit.max, limit.count, "\n" in value)


def _said(sheet: Sheet) -> dict[str, str]:
    post, limit = sheet.post, sheet.limits.get("author")
    author = plain(post.author or post.member_title)
    return {
        "title": sheet.title,
        "summary": plain(post.summary),
        "author": _signed(author, limit) if limit else author,
        "tags": sheet.tag_line,
        "text": sheet.text,
        "link": sheet.url,
    }


def _signed(author: str, limit: Limit) -> str:
    """A name in whole words, or nothing: half a word is nobody's name. Han text may end behind any character."""
    shown = cut(author, limit, ellipsis="")
    around = author[max(0, len(shown) - 1) : len(shown) + 1] if len(shown) < len(author) else ""
    inside_a_word = len(around) == 2 and around.isalnum() and not any(east_asian_width(c) in "WF" for c in around)
    return "" if inside_a_word else shown


def _event(sheet: Sheet) -> dict[str, str]:
    event, extra, zone = sheet.post.event, sheet.post.extra, sheet.channel.zone.key
    if event is None:
        return {}
    days = {"start": sheet.day(event.start), "end": sheet.day(event.last)}
    hours = {"start": f"{sheet.when(event.start)} {zone}", "end": f"{sheet.when(event.end)} {zone}"}
    return {
        "organiser": plain(extra.get("organiser") or sheet.channel.community),
        **(days if event.all_day else hours),
        "place": plain(event.place),
        "online": web_address(event.url),
        "contact": plain(extra.get("contact") or sheet.settings.get("contact") or sheet.channel.email),
    }
