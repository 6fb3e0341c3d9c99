"""What a kit says: each field cut and counted, the steps in the community's language, the due time, the links."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from html import unescape
from shlex import quote as quoted
from typing import Any
from urllib.parse import quote

from steadycast.platform import Channel, Media, Post, web_address

from .fields import Field, fields
from .words import first_fit, plain


class Sheet:
    """A post as one person posts it by hand; every value is text that has yet to be escaped by its template."""

    def __init__(self, post: Post, channel: Channel, placed: Mapping[str, Media]) -> None:
        assert channel.spec is not None
        self.post, self.channel, self.placed = post, channel, placed
        self.data, self.limits, self.settings = channel.spec.data, channel.limits, channel.settings
        self.words = channel.words
        self.platform = channel.spec.title_in(channel.language)
        self.title = plain(post.title)
        self.url = web_address(post.canonical_url) or web_address(channel.site_url)
        self.account = plain(self.settings.get("account") or channel.public_title)
        self.creator = self.settings.get("creator") or self.data["creator"].get(post.form, "")
        self.own_page = self.url if self.data["own_page"] else ""
        self.command = f"steadycast confirm {post.key} --url {quoted(self.own_page) if self.own_page else 'URL'}"
        self.hosts = channel.spec.confirm_hosts
        self.guard = bool(self.data["guard"])
        self.groups = [plain(g) for g in self.settings.get("groups") or ()]
        self.links = [(plain(words), web_address(url)) for words, url in post.links if web_address(url)]
        self.tags = [plain(tag) for tag in post.tags]
        self.text = self.short() if self.data.get("short") else post.text.strip()
        self.fields = list(fields(self))
        self.show_body = "body" in self.data["fields"][post.form] and bool(post.html)

    @property
    def due(self) -> str:
        """The due time for people, which is the slot's hour: local date, weekday, time, zone and offset."""
        local = self.post.due.astimezone(self.channel.zone)
        return f"{self.when(local)} {self.channel.zone.key} (UTC{local.isoformat()[-6:]})"

    @property
    def due_iso(self) -> str:
        """The due time for programs, with its offset."""
        return self.post.due.astimezone(self.channel.zone).isoformat(timespec="seconds")

    def when(self, at: dt.datetime) -> str:
        """Write an instant in the community's zone, with its weekday."""
        return f"{self.day(at)} {at.astimezone(self.channel.zone):%H:%M}"

    def day(self, at: dt.datetime) -> str:
        """Write the day of an instant in the community's zone, with its weekday."""
        local = at.astimezone(self.channel.zone)
        return f"{local:%Y-%m-%d} {self.words['weekdays'][local.weekday()]}"

    @property
    def share(self) -> str:
        """A compose page that is filled in already, where the platform has one."""
        form = self.data.get("share", "")
        return form.format(url=quote(self.url, safe=""), title=quote(self.title, safe="")) if form and self.url else ""

    @property
    def steps(self) -> list[str]:
        """The numbered steps between opening the creator page and confirming."""
        steps = self.words["steps"]
        return [*steps.get(self.post.form, steps["any"])]

    @property
    def tag_line(self) -> str:
        """The tags as this platform's tag box takes them."""
        return str(self.data["tag_join"]).join(str(self.data["tag"]).format(tag=tag) for tag in self.tags)

    def short(self) -> str:
        """Return the first of the platform's short forms that fits its limit; the last one is the title alone."""
        post = self.post
        forms: Sequence[str] = self.data["short"]
        if post.extra.get("text"):  # the author's own words for this channel come first
            forms = ("{text}\n{url}", "{text}", *forms)
        given = {"title": self.title, "summary": plain(post.summary), "text": post.text.strip(), "url": self.url}
        when = self.day if post.event and post.event.all_day else self.when
        given["when"] = when(post.event.start) if post.event else ""
        given["place"] = plain(post.event.place) if post.event else ""
        return first_fit(forms, given, self.limits["text"]) or self.title

    @property
    def length(self) -> str:
        """How much text the body has, as an editor counts it: characters, without mark-up and line breaks."""
        text = unescape(re.sub(r"<[^>]*>|\n", "", self.post.html))
        return f"{len(text):,}"

    def counter(self, field: Field, lead: str = "") -> str:
        """What a field takes of its limit, for people: `18/32 字`; nothing where no limit is known."""
        if not field.max:
            return ""
        unit = "counted_tags" if field.name == "tags" else f"counted_{field.count}"
        over = f" {self.words['over']}" if field.n > field.max else ""
        return f"{lead}{field.n}/{field.max} {self.words.get(unit, field.count)}{over}"

    @property
    def tickets(self) -> list[dict[str, str]]:
        """The ticket table of the draft's `channels.<name>.tickets`: name, price, count, from, until."""
        given = self.post.extra.get("tickets") if self.post.event else None
        rows = [row for row in given if isinstance(row, Mapping)] if isinstance(given, list | tuple) else []
        return [{key: plain(row.get(key, "")) for key in ("name", "price", "count", "from", "until")} for row in rows]

    @property
    def files(self) -> list[dict[str, Any]]:
        """The media in order of use, as the page and the checklist list them."""
        return [
            {"name": name, "role": m.role, "alt": plain(m.alt), "size": f"{m.width}×{m.height}" if m.width else ""}
            for name, m in self.placed.items()
        ]

    def texts(self) -> dict[str, str]:
        """Return the kit's text files: what is in them is what is pasted, and nothing else."""
        by_name = {field.name: field.value for field in self.fields}
        made = {f"{name}.txt": by_name[name] for name in ("title", "summary", "tags") if name in by_name}
        if self.text:
            made["article.txt"] = self.text + "\n"
        made["links.txt"] = "".join(f"[{n}] {words}\n    {url}\n" for n, (words, url) in enumerate(self.links, 1))
        made["links.txt"] += f"{self.words['link']}{self.words['colon']}{self.url}\n" if self.url else ""
        if self.post.event:
            rows = [f"{f.label}{self.words['colon']}{f.value}\n" for f in self.fields if f.name not in ("text", "tags")]
            rows += ["\t".join(ticket.values()) + "\n" for ticket in self.tickets]
            made["event.txt"] = "".join(rows)
        return {name: text for name, text in made.items() if text}
