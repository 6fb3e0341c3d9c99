"""A draft as the ledger keeps it: whole, as JSON, its media named by content hash under var/media."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from base64 import b32encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from steadycast.draft import Draft, DraftEvent, MediaRef
from steadycast.draft.comments import title_as_shown
from steadycast.schedule.model import Form, Origin, StockItem

UNDATED = "~"  # of one drop, after all that have a date
_HAN_NUMBER = re.compile("(?<=第)[零〇一二两三四五六七八九十百千]{1,9}")
_NUMBER = re.compile(r"\d{1,12}")
UNITS = {"十": 10, "百": 100, "千": 1000}
DIGITS = {letter: n for n, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
CHOSEN = "chosen"  # in a plan: its slot is a person's choice, and stands in no file
INSTANTS = ("not_before", "expires", "date")


def to_content(draft: Draft, content_root: Path) -> dict[str, Any]:
    """`draft` as JSON values, its files by their names in var/media; of one that is not there, also where it lies."""
    content = asdict(draft)
    del content["notes"], content["title_line"]
    content["path"] = str(draft.path)
    content["media"] = [_file(media, content_root.resolve()) for media in draft.media]
    for key in INSTANTS:
        content[key] = _text(getattr(draft, key))
    if draft.event:
        content["event"] |= {"start": _text(draft.event.start), "end": _text(draft.event.end)}
    return content


def _file(media: MediaRef, content_root: Path) -> dict[str, Any]:
    told: dict[str, Any] = {
        "role": media.role,
        "ref": media.ref,
        "file": media.stored,
        "alt": media.alt,
        "line": media.line,
    }
    if media.focal:
        told["focal"] = [*media.focal]
    lies_there = media.path.is_relative_to(content_root)
    return told | {"size": media.size, "at": str(media.path.relative_to(content_root))} if lies_there else told


def from_content(content: Mapping[str, Any], media: Path, content_root: Path) -> Draft:
    """The draft that `to_content` wrote; its media lie in the folder `media`, or below `content_root` until then.

    Each carries the hash of the bytes that were looked at: a file that is another by now is not taken for it.
    """
    values = dict(content)
    if "dated" not in values:  # kept by a program that knew no comments; in a title of front matter all marks are words
        values["title"] = title_as_shown(values["title"])
    values["path"] = PurePosixPath(values["path"])
    values["origin"], values["form"] = Origin(values["origin"]), Form(values["form"])
    for key in ("tags", "series"):
        values[key] = tuple(values[key])
    for key in INSTANTS:
        values[key] = instant(values[key])
    if values["event"]:
        given = values["event"]
        values["event"] = DraftEvent(**given | {name: instant(given[name]) for name in ("start", "end")})
    values["media"] = tuple(_media(m, media, content_root.resolve()) for m in values["media"])
    return Draft(**values)


def _media(told: Mapping[str, Any], folder: Path, content_root: Path) -> MediaRef:
    stored = Path(told["file"]).name
    path, there = folder / stored, told.get("at")
    if there and not path.exists() and ".." not in Path(there).parts:
        path = content_root / there
    focal = told.get("focal")
    return MediaRef(
        told["role"],
        told["ref"],
        path,
        told["alt"],
        told["line"],
        Path(stored).stem,
        stored=stored,
        focal=(float(focal[0]), float(focal[1])) if focal else None,
    )


def to_plan(draft: Draft, zone: dt.tzinfo, before: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """What the planner asks of a draft, as JSON values: kept beside its id, so that planning parses nothing.

    `before` is what was kept of the revision before: a slot that a person chose, and the draft cannot say, stays.
    """
    start = draft.event.start if draft.event else None
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=zone)
    chosen = {} if draft.slot or not before.get(CHOSEN) else {"slot": before.get("slot"), CHOSEN: True}
    return {
        "series": list(draft.series),
        "slot": draft.slot,
        "not_before": _text(draft.opens),
        "date": _text(draft.date and draft.date.astimezone(dt.UTC)) if draft.dated else None,
        "expires": _text(draft.expires),
        "evergreen": draft.evergreen,
        "priority": draft.priority,
        "event_start": _text(start),
        "skip": sorted(name for name, own in draft.channels.items() if own.get("skip") is True),
        **({"circle": draft.for_circle} if draft.for_circle else {}),
        **chosen,
    }


def to_stock(row: Any, last_used: dt.datetime | None, pin: Callable[[str], str] = str) -> StockItem:
    """The planner's view of an approved draft, from its ledger row; `pin` says its slot as it is called now."""
    plan = row.plan
    return StockItem(
        draft=row.id,
        form=Form(row.form),
        origin=Origin(row.origin),
        member=row.member,
        series=tuple(plan.get("series") or ()),
        slot=pin(plan["slot"]) if plan.get("slot") else None,
        not_before=instant(plan.get("not_before")),
        expires=instant(plan.get("expires")),
        evergreen=bool(plan.get("evergreen")),
        priority=int(plan.get("priority") or 0),
        since=row.approved_at,
        order=f"{plan.get('date') or UNDATED}|{natural(row.path)}",
        event_start=instant(plan.get("event_start")),
        skip_channels=frozenset(plan.get("skip") or ()),
        last_used=last_used,
        circle=row.circle,
    )


def natural(name: str) -> str:
    """A file's name so that names sort as people count: 2 before 10, 第二回 before 第十回."""
    counted = _HAN_NUMBER.sub(lambda found: str(_number(found[0])), name.casefold())
    return _NUMBER.sub(lambda found: found[0].zfill(12), counted)


def _number(text: str) -> int:
    """A Chinese numeral below ten thousand."""
    total, digit = 0, 0
    for letter in text:
        if letter in UNITS:
            total, digit = total + (digit or 1) * UNITS[letter], 0
        else:
            digit = digit * 10 * (letter in DIGITS) + DIGITS.get(letter, 0)
    return total + digit


def draft_id(*said: str) -> str:
    """A draft's id, made of where and how it was first seen: two intakes at once make one draft, not two."""
    return b32encode(hashlib.sha256("\n".join(said).encode()).digest())[:12].decode().lower()


def _text(value: dt.datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def instant(value: str | None) -> dt.datetime | None:
    """An instant as `to_content` wrote it."""
    return None if value is None else dt.datetime.fromisoformat(value)
