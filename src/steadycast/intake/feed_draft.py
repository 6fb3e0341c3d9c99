"""A feed's item as its member's draft, with the files that it names."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from steadycast.draft import Draft, MediaRef, revision_of
from steadycast.draft.decoding import visible
from steadycast.draft.outline import outline
from steadycast.draft.titles import summary_of
from steadycast.intake.download import MAX_MEDIA, Downloads, NotHadError
from steadycast.intake.feed_items import Item
from steadycast.intake.feeds import FeedSettings
from steadycast.intake.pictures import Made, with_pictures
from steadycast.language import gettext as _
from steadycast.schedule.model import Form, Origin

SECONDS = 120.0  # for one enclosure
_ENDINGS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
}


def draft_of(item: Item, feed: FeedSettings, key: str, downloads: Downloads) -> Made:
    """A feed item as its member's draft, or another community's, with what could be had of its enclosures and pictures.

    Where the feed has no text, the title stands for it.
    """
    media, missing, again = _enclosures(item, downloads)
    look = outline(item.body, of_html=True)
    heading = look.heading.text if look.heading else ""
    found = (item.title, heading, summary_of(look.paragraph)[:60])
    title = next(filter(visible, found), feed.whose)
    roles = [ref.role for ref in media]
    form = next((form for form in (Form.VIDEO, Form.AUDIO) if form in roles), Form.ARTICLE)
    if feed.form is Form.ARTICLE or feed.form in roles:  # an item without a sound is no audio, whatever was asked for
        form = feed.form
    draft = Draft(
        path=PurePosixPath("feed", feed.whose, hashlib.sha256(f"{feed.key}\n{key}".encode()).hexdigest()[:16]),
        origin=Origin.UGC,
        member=feed.member,
        circle=feed.circle,
        licence=item.licence if feed.circle else "",
        revision="",
        title=title,
        body=item.body or item.summary or title,
        summary=item.summary or summary_of(look.paragraph),
        author=item.author,
        form=form,
        tags=item.tags,
        canonical_url=item.link if item.link.startswith(("http://", "https://")) else "",
        date=item.published,
        media=tuple(media),
    )
    made = with_pictures(replace(draft, revision=revision_of(draft)), downloads)
    return Made(made.draft, (*missing, *made.missing), again or made.again)


def _enclosures(item: Item, downloads: Downloads) -> tuple[list[MediaRef], list[str], bool]:
    """Those that were had, why others were not, and whether one of these is tried again."""
    found, missing, again = [], [], False
    for url, mime in item.enclosures:
        ending = _ending(url, mime)
        if not ending:
            continue
        kind = next(kind for kind, name in _ENDINGS.items() if name == ending).partition("/")[0]
        name = f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.{ending}"
        wanted = MediaRef("cover" if kind == "image" else kind, url, Path())
        try:
            had = downloads.get(wanted, name, most=MAX_MEDIA, seconds=SECONDS)
            found.append(replace(had, ref=name))
        except NotHadError as error:
            missing.append(_("an enclosure cannot be had: %(why)s", why=error))
            again = again or not error.final
    return found, missing, again


def _ending(url: str, mime: str) -> str:
    """The file ending of an enclosure of a kind we take, by its MIME type, else by its address; "" for others."""
    by_type = _ENDINGS.get(mime.partition(";")[0].strip().lower(), "")
    by_name = PurePosixPath(urlsplit(url).path).suffix.lower().lstrip(".")
    return by_type or (by_name if by_name in _ENDINGS.values() else "")
