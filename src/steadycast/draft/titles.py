"""What a draft's head does not say: its title by its heading or its file's name, its date, its summary."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from steadycast.draft.decoding import shown, visible
from steadycast.draft.fields import Keys
from steadycast.draft.frontmatter import Front
from steadycast.draft.outline import Heading, outline
from steadycast.on_demand import lazy_pattern

OF_NOTION = lazy_pattern(r" ?\b[0-9a-f]{32}\Z")
_DATED_NAME = lazy_pattern(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[-_ ]+|\Z)")
_SUMMARY = 200  # code points; a channel cuts it further, to its own limit
_SENTENCE_END = lazy_pattern(r"[。！？!?…][”’」』）)]*|\.(?=\s)")


def date_of_name(path: PurePosixPath, zone: ZoneInfo) -> dt.datetime | None:
    """The midnight that a file name begins with (`2026-11-22-opening.md`), or None."""
    match = _DATED_NAME.match(path.stem)
    try:
        return dt.datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=zone) if match else None
    except ValueError:
        return None


def title_of(front: Front, keys: Keys, path: PurePosixPath) -> str:
    """The title of a text that was published before: by the same rule as a draft's."""
    heading = None if (title := visible(keys.text("title"))) else outline(front.body).heading
    return title or (visible(heading.text) if heading else "") or title_of_name(path)


def title_of_name(path: PurePosixPath) -> str:
    """The title that a file's name gives: without a date before it, or Notion's number behind it."""
    stem = path.parent.name if path.stem in {"index", "README"} else path.stem
    words = _DATED_NAME.sub("", OF_NOTION.sub("", stem), count=1).replace("-", " ").replace("_", " ")
    return visible(shown(" ".join(words.split()))) or visible(shown(stem)) or path.name


def summary_of(paragraph: str) -> str:
    """A paragraph as a summary: whole, or cut after its last sentence that fits, or with an ellipsis."""
    if len(paragraph) <= _SUMMARY:
        return paragraph
    ends = [match.end() for match in _SENTENCE_END.finditer(paragraph, 0, _SUMMARY)]
    return paragraph[: ends[-1]].strip() if ends and ends[-1] > _SUMMARY // 4 else paragraph[: _SUMMARY - 1] + "…"


def without_heading(heading: Heading, body: str, line: int) -> tuple[str, int]:
    """(body, its line) without the lines of `heading`; lines further down keep their numbers."""
    lines = body.split("\n")
    if heading.opens:
        rest = lines[heading.last :]
        blank = next((n for n, text in enumerate(rest) if text.strip()), len(rest))
        return "\n".join(rest[blank:]), line + heading.last + blank
    lines[heading.first - 1 : heading.last] = [""] * (heading.last - heading.first + 1)
    return "\n".join(lines), line
