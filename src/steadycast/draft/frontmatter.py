"""The head of a draft found and taken apart: its values with their lines, and the body.

Read are YAML between `---` (with Hexo also without the first of them), TOML between `+++`, JSON in braces or between
`;;;`, and Pelican's `Key: words` up to the first empty line. What looks like a head and is none is an error: it would
stand on every page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from steadycast.draft.front_data import read_json, read_plain, read_toml
from steadycast.draft.front_yaml import read_yaml
from steadycast.draft.keys import folded, is_known
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

MAX_BYTES = 64 * 1024

Values = tuple[dict[str, Any], dict[str, int]]

_BEFORE = lazy_pattern(r"[\s\u200b-\u200d\u2060\ufeff]{0,1000}")  # seen by nobody: a head may come after it
_FENCE = lazy_pattern(r"(-{3,}|\+{3}|;{3,})[ \t]*(?:\n|\Z)")
_LOOKS_LIKE_KEY = lazy_pattern(r"""\s*(?:#|["']?[^\s:："'#][^:：\n]*["']?\s*(?::(?:\s|$)|：)|[{}])""")
_KEY = lazy_pattern(r"""[ ]{0,3}["']?([^\s:：=#"'\-][^:：=\n]{0,40}?)["']?[ \t]*([:：=])[ \t\xa0\u3000]*(.*)""")
_BELOW_A_KEY = lazy_pattern(r"[ \t\xa0\u3000]+\S|- |#")
_HEXO_ENDS = lazy_pattern(r"-{3,}[ \t]*\Z")
_NEEDS_YAML = lazy_pattern(r"^(?:[ \t]*- |\s+[\w-]+:\s|[^\s:：][^:：\n]*[:：][ \t]*[\[\"'{>|])", re.MULTILINE)
_ODD_FENCE = lazy_pattern(
    r"(?:[-_=*~\u2010-\u2015\uff0d\u2500\u2501]{2,}|`{3,}[ ]?(?:ya?ml|toml|json)?)[ \t]*(?:\n|\Z)"
)
_JSON_OPENS = lazy_pattern(r'\{\s*"([^"\n]{1,60})"\s*:')
_OF_EVERY_HEAD = {"title", "date", "tags", "categories", "category", "layout", "slug", "permalink"}
_OF_NOTION = lazy_pattern(r"\A(\s*# [^\n]+\n\n)((?:[^\s:#>|*`!\[-][^\n:]{0,40}: [^\n]*\n)+)(?=\n)")


class Front(NamedTuple):
    """One file, taken apart. `values` holds text, numbers (TOML), lists and mappings; `lines` the line of each key."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]  # "event.start" -> 7
    body: str
    body_line: int  # the file's line on which `body` begins


class _Head(NamedTuple):
    """Where a head stands, and how it is read."""

    text: str
    read: Callable[[str], Values]
    shift: int  # from the lines that `read` counts to the file's
    body: str
    body_line: int

    def taken_apart(self) -> Front:
        if len(self.text.encode()) > MAX_BYTES:
            line = max(1, self.shift + 1)
            raise DraftError(
                _("the front matter is over %(size)s KB", size=MAX_BYTES // 1024),
                line=line,
                hint=_("move text into the body"),
            )
        try:
            values, lines = self.read(self.text)
        except DraftError as error:
            error.line = max(1, (error.line or 1) + self.shift)
            raise
        return Front(values, {key: line + self.shift for key, line in lines.items()}, self.body, self.body_line)


def split(text: str) -> Front:
    """The front matter and body of `text`; no front matter at all is fine. Raises DraftError with the line."""
    head = _find(text)
    return head.taken_apart() if head else Front({}, {}, text, 1)


def has_front(text: str) -> bool:
    """Whether `text` begins with front matter, be it empty or broken."""
    try:
        return _find(text) is not None
    except DraftError:
        return True


def with_properties(front: Front) -> Front:
    """A page that Notion exported, the properties below its heading taken for the head that they were."""
    found = None if front.values else _OF_NOTION.match(front.body)
    if not found:
        return front
    values, lines = read_plain(found[2].rstrip("\n"))
    before = front.body_line - 1 + found[1].count("\n")
    body = found[1] + "\n" * found[2].count("\n") + front.body[found.end() :]  # every line keeps its number
    return Front(values, {key: line + before for key, line in lines.items()}, body, front.body_line)


def _find(text: str) -> _Head | None:
    before = _BEFORE.match(text)
    rest = text[before.end() :] if before else text
    above = text.count("\n", 0, before.end()) if before else 0
    if before and before[0].rpartition("\n")[2][:4] in {"    ", "\t"}:
        return None  # code
    if (fence := _FENCE.match(rest)) and (head := _fenced(rest, fence, above)) is not None:
        return head
    if rest.startswith("{"):
        return _json(rest, above)
    if first := _KEY.match(rest):
        return _bare(rest, above) if is_known(first[1]) else None
    if odd := _ODD_FENCE.match(rest):
        _refuse_what_looks_like_one(rest[odd.end() :], odd[0].strip(), above + 1)
    return None


# --- between fences


def _fenced(rest: str, fence: re.Match[str], above: int) -> _Head | None:
    """The head, or None where the first line is a rule or text and opens none."""
    mark, after = fence[1], rest[fence.end() :]
    end = _end_of(mark).search(after)
    inside = after[: end.start()] if end else after
    plain = mark in {"---", "+++"}
    if not _opens(mark, inside, sure=plain and not above) or (end is None and not plain):
        return None
    if end is None:
        raise DraftError(
            _("the front matter has no closing %(mark)s", mark=mark),
            line=above + 1,
            hint=_("add a line %(mark)s after its last key", mark=mark),
        )
    at = fence.end() + end.end()
    body, line = rest[at + 1 :], above + rest.count("\n", 0, at) + 2
    if mark[0] == ";":
        return _Head(f"{{\n{inside}}}", read_json, above, body, line)
    return _Head(inside, read_toml if mark == "+++" else read_yaml, above, body, line)


def _end_of(mark: str) -> re.Pattern[str]:
    ends = rf"{re.escape(mark)}|\.\.\." if mark == "---" else re.escape(mark)
    return re.compile(rf"^(?:{ends})[ \t]*$", re.MULTILINE)


def _opens(mark: str, inside: str, *, sure: bool) -> bool:
    """Whether what follows a first fence can be keys: nothing at all, a comment, or a line that begins with a key.

    Where the fence might as well be a rule (longer, or not on the first line), only a key that heads have will do.
    """
    if mark == "+++":
        return True
    line = next((line for line in inside.split("\n", 50)[:50] if line.strip()), "")
    if sure and (not line or _LOOKS_LIKE_KEY.match(line)):
        return True
    found = _KEY.match(line)
    return found is not None and is_known(found[1])


# --- without


def _json(rest: str, above: int) -> _Head | None:
    if not _JSON_OPENS.match(rest):
        return None
    try:
        found, end = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(rest[: MAX_BYTES * 2])
    except (ValueError, RecursionError):
        end = at.end() if (at := re.search(r"^\}[ \t]*$", rest, re.MULTILINE)) else len(rest)
        found = _JSON_OPENS.findall(rest)
    if not any(map(is_known, found)):
        return None
    if rest[end : end + 200].split("\n", 1)[0].strip():
        return None  # words on the same line: it is text
    body = rest[end:].partition("\n")[2]
    return _Head(rest[:end], read_json, above, body, above + rest.count("\n", 0, end) + 2)


def _bare(rest: str, above: int) -> _Head | None:
    """A head without its first fence, as Hexo takes it, or without any, as Pelican does."""
    lines = rest[:MAX_BYTES].split("\n")
    keys: dict[str, str] = {}  # empty where one of its lines is none of a head's
    number = next((n for n, line in enumerate(lines) if not line.strip() or _HEXO_ENDS.match(line)), len(lines))
    for line in lines[:number]:
        found = _KEY.match(line)
        if found and found[2] != "=":
            keys.setdefault(folded(found[1]), found[3])
        elif not _BELOW_A_KEY.match(line):
            keys.clear()
            break
    if not ("title" in keys or re.match(r"\d{4}\D", keys.get("date", ""))):
        _refuse_what_looks_like_one(rest, "", above + 1)
        return None
    text = "\n".join(lines[:number]) + "\n"
    body = "\n".join(lines[number + 1 :]) + rest[MAX_BYTES:]
    hexo = number < len(lines) and bool(lines[number].strip())
    as_yaml = hexo or _NEEDS_YAML.search(text)
    return _Head(text, read_yaml if as_yaml else read_plain, above - bool(as_yaml), body, above + number + 2)


def _refuse_what_looks_like_one(rest: str, fence: str, line: int) -> None:
    """Raises DraftError where keys that heads have stand at the beginning and nobody would read them."""
    found: set[str] = set()
    for text in rest.split("\n", 20)[:20]:
        key = _KEY.match(text)
        if key and is_known(key[1]):
            found.add(folded(key[1]))
        elif text.strip() and not _BELOW_A_KEY.match(text) and text.strip() not in {"---", "+++"}:
            break
    if len(found) > 1 and found & _OF_EVERY_HEAD:
        said = _(", but begins with %(fence)s", fence=fence) if fence else ""
        raise DraftError(
            _("looks like front matter%(said)s", said=said),
            line=line,
            hint=_("put a line of three hyphens, ---, before its first key and one after its last"),
        )
