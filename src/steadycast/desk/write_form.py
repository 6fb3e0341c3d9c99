"""The form in which a draft is written, as a draft that is edited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData

from steadycast.draft.edited import OVERRIDES, Edited
from steadycast.draft.named_files import as_focal
from steadycast.errors import InputError
from steadycast.language import gettext as _

LONGEST_TITLE = 500


def edited_in(form: FormData, channels: Iterable[str]) -> Edited:
    """The draft that the form holds; what is said for one of the channels alone, too. Raises InputError."""

    def text(name: str) -> str:
        return " ".join(str(form.get(name, "")).split())

    if len(text("title")) > LONGEST_TITLE:
        said = _("the title has more than %(most)s characters", most=LONGEST_TITLE)
        raise InputError(said, hint=_("make it shorter"))
    return Edited(
        title=text("title"),
        body=_plain_ends(str(form.get("body", ""))),
        summary=text("summary"),
        tags=_words(text("tags")),
        series=tuple(str(name) for name in form.getlist("series") if name),
        form=text("form"),
        slot=text("slot"),
        language=text("language"),
        cover_alt=text("cover_alt"),
        focal=_focal(text("focal_x"), text("focal_y")),
        ready=form.get("ready") != "no",
        channels={name: given for name in channels if (given := _override(form, name))},
    )


def _focal(across: str, down: str) -> str:
    """Two numbers of a hundred as a point of a picture; one that is not given is the middle. "" where none is."""
    if not across and not down:
        return ""
    point = as_focal(f"{across or 50}% {down or 50}%")
    if point is None:
        value = f"{across} {down}"[:60]
        raise InputError(
            _("%(value)s is no point of a picture", value=value), hint=_("write two numbers from 0 to 100")
        )
    return "{:g} {:g}".format(*point)


def _override(form: FormData, channel: str) -> Mapping[str, Any]:
    """What the form says for one channel alone."""
    given: dict[str, Any] = {}
    for name in OVERRIDES:
        value = _plain_ends(str(form.get(f"on.{channel}.{name}", ""))).strip()
        if value:
            given[name] = list(_words(value)) if name == "tags" else True if name == "skip" else value
    return given


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for each in re.split(r"[,，、;；\n]", text) if (word := each.strip(" #\t"))))


def _plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
