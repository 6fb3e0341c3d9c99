"""The head of a draft taken apart: YAML (`---`) or TOML (`+++`) as plain text values with their lines, and the body.

YAML is never loaded, only its events are read: an alias bomb, a merge-key bomb and fifty thousand brackets each
stop a loader (or the process), and YAML 1.1 would make 12:30 into 750 and `no` into False.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from steadycast.errors import DraftError

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
MAX_NODES = 200

_FENCES = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE),
}
_LOOKS_LIKE_KEY = re.compile(r"""\s*(?:#|["']?[^\s:："'#][^:：\n]*["']?\s*(?::(?:\s|$)|：)|[{}])""")
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_PLAIN_NULL = {"", "~", "null", "Null", "NULL"}
# One line that means to YAML what it seems to mean: no indicator begins its value, nothing in it could be a comment, an
# escape, a key or a line break (of which YAML knows five).
_ODD = "\\x00-\\x1f\\x7f-\\xa0\\u2028\\u2029\\ufeff\\ud800-\\udfff"
_IN_A_LIST = rf"[^\W_](?:[^{_ODD}:#,\[\]{{}}\"'?&*!|>%@`-]*[^{_ODD} :#,\[\]{{}}\"'?&*!|>%@`-])?"
_FLAT_LINE = re.compile(
    rf"([A-Za-z_][A-Za-z0-9_-]{{0,63}}): (?:\"([^\"\\{_ODD}]*)\"|'([^'{_ODD}]*)'|\[({_IN_A_LIST}(?:, ?{_IN_A_LIST})*)\]"
    rf"|([^\W_](?:(?:[^{_ODD} :#]|:(?=[^{_ODD} ])| (?! |#))*[^{_ODD} :#])?))\n"
)
_COMMA = re.compile(", ?")
_HALF_WIDTH = "use the half-width colon and a space: `key: value`"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events, fourteen times as fast


@dataclass(frozen=True, slots=True)
class Front:
    """One file, taken apart. `values` holds text, numbers (TOML), lists and mappings; `lines` the line of each key."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]  # "event.start" -> 7
    body: str
    body_line: int  # the file's line on which `body` begins


def split(text: str) -> Front:
    """The front matter and body of `text`; no front matter at all is fine. Raises DraftError with the line."""
    for fence in _FENCES:
        if text.startswith(fence) and (parts := _fenced(text, fence)) is not None:
            head, body, body_line = parts
            values, lines = _yaml(head) if fence == "---" else _toml(head)
            return Front(values, lines, body, body_line)
    return Front({}, {}, text, 1)


def has_front(text: str) -> bool:
    """Whether `text` begins with front matter, be it empty or broken."""
    try:
        return any(text.startswith(fence) and _fenced(text, fence) is not None for fence in _FENCES)
    except DraftError:
        return True


def _fenced(text: str, fence: str) -> tuple[str, str, int] | None:
    """(head, body, the body's line), or None where the first line is a rule or text and opens no front matter."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != fence:
        return None
    end = _FENCES[fence].search(rest)
    if fence == "---" and not _opens_yaml(rest[: end.start()] if end else rest):
        return None
    if end is None:
        raise DraftError(
            f"the front matter has no closing {fence}", line=1, mend=f"add a line {fence} after its last key"
        )
    head = rest[: end.start()]
    if len(head.encode()) > MAX_BYTES:
        raise DraftError(f"the front matter is over {MAX_BYTES // 1024} KB", line=1, mend="move text into the body")
    return head, rest[end.end() + 1 :], text.count("\n", 0, len(first) + 1 + end.end()) + 2


def _opens_yaml(head: str) -> bool:
    """Whether what follows a first `---` can be keys: nothing at all, a comment, or a line that begins with a key."""
    line = next((line for line in head.split("\n", 50)[:50] if line.strip()), "")
    return not line or _LOOKS_LIKE_KEY.match(line) is not None


def _refuse(what: str, line: int, mend: str) -> DraftError:
    return DraftError(f"front matter: {what}", line=line, mend=mend)


# --- YAML


@dataclass(slots=True)
class _Reader:
    """Builds plain values from YAML events, and refuses what could not be told by looking at the page."""

    events: Iterator[Any]
    lines: dict[str, int] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> dict[str, Any]:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
                raise _refuse("a %-directive", self.line(event), "remove the line")
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent | yaml.ScalarEvent | yaml.AliasEvent):
                return self.root(event)
        return {}

    def root(self, event: Any) -> dict[str, Any]:
        value = self.node(event, "", 0)
        if isinstance(value, dict):
            for _ in self.events:  # to the end: an error on the last line is an error
                pass
            return value
        if value == "":
            return {}
        mend = _HALF_WIDTH if isinstance(value, str) and "：" in value else "write `key: value`, one a line"
        raise _refuse("is not a list of keys", self.line(event), mend)

    @staticmethod
    def line(event: Any) -> int:
        return int(event.start_mark.line) + 2  # marks count from 0, and the fence is line 1

    def node(self, event: Any, path: str, depth: int) -> Any:
        self.nodes += 1
        line = self.line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refuse(
                "anchors and aliases (& and *) are not taken", line, 'write the value out, or quote it: "*text*"'
            )
        if getattr(event, "tag", None) is not None:
            raise _refuse("tags (!) are not taken", line, 'remove it, or quote the value: "!text"')
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            limit = f"more than {MAX_NODES} values" if self.nodes > MAX_NODES else f"nested more than {MAX_DEPTH} deep"
            raise _refuse(limit, line, "make it shorter")
        if isinstance(event, yaml.ScalarEvent):
            if _UNUSABLE.search(event.value):
                raise _refuse("a NUL or half of a surrogate pair", line, "remove that escape")
            return "" if event.implicit[0] and event.value in _PLAIN_NULL else event.value
        return self.mapping(path, depth) if isinstance(event, yaml.MappingStartEvent) else self.sequence(path, depth)

    def sequence(self, path: str, depth: int) -> list[Any]:
        out: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            out.append(self.node(event, f"{path}.{len(out)}", depth + 1))
            self.lines[f"{path}.{len(out) - 1}"] = self.line(event)
        return out

    def mapping(self, path: str, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, path, depth + 1)
            line = self.line(event)
            if not isinstance(key, str):
                raise _refuse("a key that is no word", line, "quote values that begin with { or [")
            if key == "<<" and event.implicit[0]:
                raise _refuse("merge keys (<<) are not taken", line, "write the keys out")
            if key in out:
                raise _refuse(f"{key} is given twice", line, "keep one of them")
            where = f"{path}.{key}" if path else key
            self.lines[where] = line
            out[key] = self.node(next(self.events), where, depth + 1)
        return out


def _flat(head: str) -> tuple[dict[str, Any], dict[str, int]] | None:
    """What `_Reader` makes of a head of plain lines, `key: words` or `key: [one, two]`; None for any other.

    Nearly every head is of this kind, and reading its events takes five times as long.
    """
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    at, nodes = 0, 1
    while match := _FLAT_LINE.match(head, at):
        key, double, single, listed, plain = match.groups()
        if key in values or key in _PLAIN_NULL:
            return None
        line = lines[key] = len(values) + 2
        if listed is None:
            quoted = single if double is None else double
            values[key] = quoted if quoted is not None else "" if plain in _PLAIN_NULL else plain
        else:
            values[key] = ["" if word in _PLAIN_NULL else word for word in _COMMA.split(listed)]
            lines |= {f"{key}.{n}": line for n in range(len(values[key]))}
            nodes += len(values[key])
        at = match.end()
    nodes += 2 * len(values)
    return (values, lines) if at == len(head) and values and nodes <= MAX_NODES else None


def _yaml(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    return _flat(head) or _by_events(head)


def _by_events(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    reader = _Reader(iter(yaml.parse(head, Loader=_LOADER)))
    try:
        return reader.document(), reader.lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refuse(
            error.problem or "cannot be read", (mark.line if mark else 0) + 2, _yaml_mend(head, mark)
        ) from None
    except (yaml.YAMLError, ValueError, StopIteration, RecursionError) as error:
        raise _refuse(str(error).split("\n")[0] or "cannot be read", 1, "check its YAML") from None


def _yaml_mend(head: str, mark: Any) -> str:
    lines = head.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, not tabs"
    if "：" in line and ":" not in line:
        return _HALF_WIDTH
    return 'quote values that contain a colon, a # or a quotation mark: title: "a: b"'


# --- TOML


def _toml(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        values = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+)", str(error))
        what = re.sub(r" \(at .*", "", str(error))
        raise _refuse(what, int(where[1]) + 1 if where else head.count("\n") + 1, "check its TOML") from None
    except RecursionError:
        raise _refuse(f"nested more than {MAX_DEPTH} deep", 1, "make it flatter") from None
    except ValueError as error:  # a number of thousands of digits
        raise _refuse(str(error).split(";")[0], 1, "check its TOML") from None
    _measure(values)
    return {key: _plain(value) for key, value in values.items()}, _toml_lines(head)


def _measure(values: Mapping[str, Any]) -> None:
    """Refuse a tree that is too large; walks without recursion, as the tree may be deeper than the stack."""
    nodes, level = 0, list(values.values())
    for _depth in range(MAX_DEPTH):
        nodes += len(level)
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if nodes > MAX_NODES:
            raise _refuse(f"more than {MAX_NODES} values", 1, "make it shorter")
    if level:
        raise _refuse(f"nested more than {MAX_DEPTH} deep", 1, "make it flatter")


def _plain(value: Any) -> Any:
    """TOML's own dates, numbers and booleans as the text that YAML would have given."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    text = str(value)
    if _UNUSABLE.search(text):
        raise _refuse("a NUL character", 1, "remove that escape")
    return text


def _toml_lines(head: str) -> dict[str, int]:
    """The line of each key, by the shape of the line: right for every front matter a person would write."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(head.split("\n"), 2):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line):
            table = header[1].replace('"', "").replace("'", "")
            lines.setdefault(table, number)
        elif pair := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            lines.setdefault(f"{table}.{pair[1]}" if table else pair[1], number)
    return lines
