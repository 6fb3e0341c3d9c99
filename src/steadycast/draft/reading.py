"""Front matter and body of one Markdown file, as a frozen Draft; or a DraftError that names file and line."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zoneinfo import ZoneInfo

from steadycast.draft import keys as names
from steadycast.draft import named_files, tables
from steadycast.draft.attached import Folder
from steadycast.draft.comments import without_comments
from steadycast.draft.decoding import decoded, read_as, shown, visible
from steadycast.draft.definitions import with_definitions_shown, without_modules
from steadycast.draft.fields import Keys
from steadycast.draft.frontmatter import Front, split, with_properties
from steadycast.draft.generators import in_markdown, left_over
from steadycast.draft.model import Draft, DraftEvent, MediaRef, Note
from steadycast.draft.outline import Outline, opens_with_words, outline, shows_no_file
from steadycast.draft.parse_cost import check_cost, check_depth
from steadycast.draft.revision import revision_of
from steadycast.draft.titles import OF_NOTION, date_of_name, summary_of, title_of_name, without_heading
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.schedule.forms import Form, Origin
from steadycast.schedule.pins import is_spelled

_NO_CATEGORY = {"uncategorized", "未分类"}
_NOT_READY = {"draft", "drafts", "pending", "private", "hidden", "skip", "trash", "草稿", "待定", "私密"}


def is_ready(keys: Keys, path: PurePosixPath) -> bool:
    """Whether front matter and path call a draft ready: by none of the ways to say that it is not."""
    draft, published, status = keys.flag("draft"), keys.flag("published"), keys.text("status").lower()
    return not draft and published is not False and status not in _NOT_READY and "_drafts" not in path.parts


def place(path: PurePosixPath) -> tuple[Origin, str]:
    """(origin, member) of a path below content/. Raises DraftError for what lies in neither pgc/ nor ugc/<member>/."""
    parts = path.parts
    if len(parts) > 1 and parts[0] == "pgc":
        return Origin.PGC, ""
    if len(parts) > 2 and parts[0] == "ugc":
        return Origin.UGC, unicodedata.normalize("NFC", parts[1])
    if parts[:1] == ("ugc",):
        raise DraftError(_("lies in no member's folder"), hint=_("move it to ugc/<member>/"))
    raise DraftError(_("lies in neither pgc/ nor ugc/<member>/"), hint=_("move it to one of them"))


class Reader(NamedTuple):
    """Reads the drafts of one community: it holds what is the same for each of them."""

    content: Path  # the folder that they lie in
    zone: ZoneInfo  # of times that name none
    series: Collection[str] | None = None  # the names there are, a mapping of each to what it means; None: unchecked

    def draft(self, raw: bytes, path: PurePosixPath, mtime: dt.datetime, notes: tuple[Note, ...] = ()) -> Draft:
        """The draft in `raw`, the bytes of the file at `path` below content/; `notes` were made on the way to them.

        `mtime` is aware, and dates a draft that nothing else dates. Raises DraftError: file, line, what is wrong, and
        how to fix it.
        """
        try:
            origin, member = place(path)
            text, encoding = decoded(raw)
            front = split(text)
            if OF_NOTION.search(path.stem):
                front = with_properties(front)
            front = _prepared(front, mdx=path.suffix.lower() == ".mdx")
            reading = _Reading(front, path, partial(self._folder, path, origin), Keys(front, self.zone), encoding)
            draft = reading.draft(origin, member, mtime.astimezone(self.zone), self.series)
        except DraftError as error:
            error.file = shown(self.content / path)
            raise
        return replace(draft, notes=(*notes, *draft.notes)) if notes else draft

    def _folder(self, path: PurePosixPath, origin: Origin) -> Folder:
        """Where the files of the draft at `path` may lie."""
        content = self.content.resolve()
        return Folder(
            content=content,
            top=content.joinpath(*path.parts[: 1 if origin is Origin.PGC else 2]),
            home=content.joinpath(*path.parent.parts),
            own=content.joinpath(*path.with_suffix("").parts),
            one_link=origin is Origin.UGC,
        )


def _prepared(front: Front, *, mdx: bool) -> Front:
    """`front` whose body is Markdown that is safe to parse, without its writer's comments."""
    try:
        body = without_modules(front.body) if mdx else front.body
        body = with_definitions_shown(in_markdown(without_comments(body)))
        check_depth(body)
        check_cost(body)
    except DraftError as error:
        raise _in_the_file(error, front) from None
    return Front(front.values, front.lines, body, front.body_line)


def _in_the_file(error: DraftError, front: Front) -> DraftError:
    """An error whose line in the body has become the file's."""
    error.line = (error.line or 1) + front.body_line - 1
    return error


@dataclass(frozen=True)
class _Reading:
    """One file on its way to a Draft."""

    front: Front
    path: PurePosixPath
    find_folder: Callable[[], Folder]
    keys: Keys
    encoding: str  # "" for UTF-8

    @cached_property
    def folder(self) -> Folder:
        """Asked for only by drafts that name a file: finding it costs as much as reading one."""
        return self.find_folder()

    @cached_property
    def outline(self) -> Outline:
        """Likewise: a draft with a title, a summary and no file of its own needs no parser."""
        try:
            return outline(self.front.body, on_the_web=False)
        except DraftError as error:
            raise _in_the_file(error, self.front) from None

    def draft(self, origin: Origin, member: str, mtime: dt.datetime, known_series: Collection[str] | None) -> Draft:
        keys, derived = self.keys, []
        title = visible(keys.text("title"))
        title, body, body_line, named = self.title_and_body(title)
        date = keys.instant(*names.DATE)
        if named:
            derived.append("title")
        if date is None:
            derived.append("date")
            date = date_of_name(self.path, keys.zone)
        media = tuple(named_files.found(chain(named_files.of_head(keys), self.embedded()), lambda: self.folder))
        media = named_files.with_focal(keys, media)
        noticed: list[Note] = []
        event = tables.event(keys, noticed)
        comment_on = keys.text("comment_on")
        draft = Draft(
            path=self.path,
            origin=origin,
            member=member,
            revision="",
            title=title,
            body=body,
            summary=keys.text(*names.SUMMARY) or summary_of(self.outline.paragraph),
            author=", ".join(keys.words(*names.AUTHOR)),
            form=self.form(media, event),
            tags=self.tags(),
            series=self.series(known_series),
            slot=self.slot(),
            not_before=keys.instant("not_before", "publishDate"),
            expires=keys.instant("expires", day_end=True) or keys.instant("expiryDate"),
            evergreen=keys.flag("evergreen") or False,
            priority=keys.number("priority") or 0,
            language=keys.text("language", "lang"),
            canonical_url=self.address("canonical_url", "canonical"),
            slug=keys.text("slug"),
            call=keys.text("call"),
            for_circle=keys.text("circle") if origin is Origin.PGC else "",  # a member of it has no other say in it
            comment_on=comment_on,
            ready=is_ready(self.keys, self.path) and not comment_on,
            date=date or mtime,
            dated=date is not None,
            event=event,
            media=media,
            channels=tables.channels(keys),
            title_line=None if named else self.title_line(),
            body_line=body_line,
            extra=dict(keys.left),  # what nobody has taken
            notes=(*noticed, *self.notes()),  # last: what is left over is looked through
        )
        self.check(draft)
        object.__setattr__(draft, "revision", revision_of(draft, derived))  # nobody has seen it without one
        return draft

    def title_and_body(self, title: str) -> tuple[str, str, int, bool]:
        """(title, body, the body's line, whether the file's name gave the title); a heading used as title is cut."""
        body, line = self.front.body, self.front.body_line
        heading = None if title and opens_with_words(body) else self.outline.heading
        heading = heading if heading and visible(heading.text) else None
        if heading and (not title or (heading.opens and heading.text == title)):
            body, line = without_heading(heading, body, line)
        if title or heading:
            return title or (heading.text if heading else ""), body, line, False
        return title_of_name(self.path), body, line, True

    def title_line(self) -> int | None:
        """The file's line of the title: the key's, else the heading's."""
        if line := self.front.lines.get("title"):
            return line
        heading = self.outline.heading
        return self.front.body_line + heading.first - 1 if heading else None

    def tags(self) -> tuple[str, ...]:
        """Tags and categories: to a reader they are the same. Zola keeps both in a table."""
        keys, spaces = self.keys, "_posts" in self.path.parts
        found = [*keys.words(*names.TAGS, spaces=spaces), *_flat_words(keys, spaces=spaces)]
        below = keys.left.get("taxonomies")
        if isinstance(below, dict):
            del keys.left["taxonomies"]
            for name in ("tags", "categories"):
                found += keys.as_words(f"taxonomies.{name}", below[name]) if below.get(name) else ()
        return tuple(dict.fromkeys(word for word in found if word.lower() not in _NO_CATEGORY))

    def notes(self) -> Iterator[Note]:
        """What of this draft is taken, but perhaps not as it was meant."""
        if self.encoding:
            yield read_as(self.encoding)
        for number, said, hint in left_over(self.front.body):
            yield Note(said, hint, self.front.body_line + number - 1)
        left = self.keys.left
        for key in left:
            if near := names.meant(key):
                yield Note(
                    _("nothing reads %(key)r", key=shown(key[:60])),
                    _("did you mean %(near)s?", near=near),
                    self.keys.lines.get(key),
                )
        for key in names.below_event(left):
            hint = _("put 时间 and 地点 below 活动:, indented by two spaces")
            yield Note(_("nothing reads %(key)s here", key=key), hint, self.keys.lines.get(key))

    def series(self, known: Collection[str] | None) -> tuple[str, ...]:
        key, value = self.keys.take("series")
        words = self.keys.as_words(key, value) if value else ()
        if known is None:
            return words
        named = dict.fromkeys(self.keys.choice(key, word, known, N_("unknown series %(value)s")) for word in words)
        return tuple(dict.fromkeys(known[word] if isinstance(known, Mapping) else word for word in named))

    def slot(self) -> str | None:
        key, value = self.keys.take("slot")
        if not key:
            return None
        text = re.sub(r"(\d)\s+(\d)", r"\1T\2", str(value).strip())
        if value and not is_spelled(text):
            said = _("slot is no date: %(slot)r", slot=text[:60])
            hint = _("write slot: %(day)s, or %(day)sT20:00", day=self.keys.day_to_come)
            raise self.keys.wrong(key, said, hint)
        return text or None

    def address(self, *names: str) -> str:
        key, value = self.keys.take(*names)
        return tables.address(self.keys, key, value) if value else ""

    def form(self, media: tuple[MediaRef, ...], event: DraftEvent | None) -> Form:
        key, value = self.keys.take("form")
        roles = {item.role for item in media}
        if value:
            said = str(value).strip().lower()
            form = Form(
                self.keys.choice(
                    key, names.FORMS.get(said, said), [f.value for f in Form], N_("unknown form %(value)s")
                )
            )
            if form in {Form.AUDIO, Form.VIDEO} and form not in roles:
                said = _("form %(form)s without a file of that kind", form=form)
                raise self.keys.wrong(key, said, _("add media: voice.%(kind)s", kind=_SAMPLE[form]))
            if form is Form.EVENT and event is None:
                hint = _("add event: with start: %(day)s 19:30 below it", day=self.keys.day_to_come)
                raise self.keys.wrong(key, _("form event without an event"), hint)
            return form
        if event is not None:
            return Form.EVENT
        return next((form for form in (Form.VIDEO, Form.AUDIO) if form in roles), Form.ARTICLE)

    def embedded(self) -> Iterator[MediaRef]:
        """The files that the body shows."""
        for file in () if shows_no_file(self.front.body) else self.outline.files:
            if file.ref:
                yield MediaRef(file.role, file.ref, Path(), file.alt, file.line + self.front.body_line - 1)

    def check(self, draft: Draft) -> None:
        if draft.ready and not draft.body.strip() and not draft.media and draft.event is None:
            raise DraftError(
                _("has no text"), line=draft.body_line, hint=_("write some, or set draft: true until it is ready")
            )
        if draft.not_before and draft.expires and draft.expires <= draft.not_before:
            line = self.keys.lines.get("expires") or self.keys.lines.get("expiryDate")
            raise DraftError(_("expires before it may go out"), line=line, hint=_("check not_before and expires"))


_SAMPLE = {Form.AUDIO: "mp3", Form.VIDEO: "mp4"}


def _flat_words(keys: Keys, *, spaces: bool) -> tuple[str, ...]:
    """Categories; Hexo nests them: [[a, b], [c]]."""
    key, value = keys.take(*names.CATEGORIES)
    if isinstance(value, dict):
        keys.left[key] = value
        return ()
    if isinstance(value, list):
        value = [word for item in value for word in (item if isinstance(item, list) else [item])]
    return keys.as_words(key, value, spaces=spaces) if value else ()
