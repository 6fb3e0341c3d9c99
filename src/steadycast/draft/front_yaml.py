"""The YAML of a head as plain text values with their lines.

YAML is never loaded, only its events are read: an alias bomb, a merge-key bomb and fifty thousand brackets each
stop a loader (or the process), and YAML 1.1 would make 12:30 into 750 and `no` into False.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from steadycast import reasons
from steadycast.draft.keys import folded, is_known
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _

MAX_DEPTH = 8
MAX_NODES = 200
UNUSABLE = re.compile("[\0\ud800-\udfff]")

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
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events, fourteen times as fast

HALF_WIDTH = N_("use the half-width colon and a space: `key: value`")
_QUOTE = N_('quote values that contain a colon, a # or a quotation mark: title: "a: b"')

# Blanks that YAML does not take for such at the beginning of a line or after a colon, with their width in spaces. A
# page or a chat that a head is copied from is full of them, and Hexo takes tabs.
_WIDTHS = {"\t": 2, "\u3000": 2, "\u200b": 0, "\u200c": 0, "\u200d": 0, "\u2060": 0, "\ufeff": 0}
_BLANK = "\t\xa0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_MAY_BE_ODD = re.compile(f"[{_BLANK}：]")
_ODD_BEGIN = re.compile(f"[ {_BLANK}]*[{_BLANK}][ {_BLANK}]*(?=[^ {_BLANK}])")
_ODD_COLON = re.compile(
    f"^([ ]*(?:- )?[^\\s:：#\"'{_BLANK}]{{1,40}}) ?(：[ {_BLANK}]*|:[{_BLANK}][ {_BLANK}]*)", re.MULTILINE
)
_A_KEY = re.compile(r"[\w-]+ ?[:：]")
_WHOLE = re.compile(r"[^\s:#-][^:\n]*: +[^\s|>\[{#&*!]")  # a key with its value: nothing can stand below it


def read_yaml(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each key) of a head whose first line is the file's second. Raises DraftError with the line."""
    head = _with_plain_blanks(head)
    return _flat(head) or _by_events(head)


def refuse(what: str, line: int, hint: str) -> DraftError:
    """The error of a head."""
    return DraftError(_("front matter: %(what)s", what=what), line=line, hint=hint)


def _with_plain_blanks(head: str) -> str:
    """`head` with spaces where a line begins with other blanks, and `: ` where a known key ends with its cousins."""
    if not _MAY_BE_ODD.search(head):
        return head
    lines: list[str] = []
    for line in _ODD_COLON.sub(_colon, head).split("\n"):
        odd = _ODD_BEGIN.match(line)
        lines.append(_indented(line[odd.end() :], odd[0], lines[-1:]) if odd else line)
    return "\n".join(lines)


def _colon(found: re.Match[str]) -> str:
    return f"{found[1]}: " if found[2][0] == ":" or is_known(found[1].strip(" -")) else found[0]


def _indented(words: str, blanks: str, above: list[str]) -> str:
    """A line behind odd blanks: as deep as they are wide, but a key below a key with its value stands beside it."""
    depth = sum(_WIDTHS.get(char, 1) for char in blanks)
    if above and _WHOLE.match(above[0].lstrip(" ")) and _A_KEY.match(words):
        depth = len(above[0]) - len(above[0].lstrip(" "))
    return " " * depth + words


@dataclass(slots=True)
class _Reader:
    """Builds plain values from YAML events, and refuses what could not be told by looking at the page."""

    events: Iterator[Any]
    lines: dict[str, int] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> dict[str, Any]:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
                raise refuse(_("a %-directive"), self.line(event), _("remove the line"))
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent | yaml.ScalarEvent | yaml.AliasEvent):
                return self.root(event)
        return {}

    def root(self, event: Any) -> dict[str, Any]:
        value = self.node(event, "", 0)
        if isinstance(value, dict):
            for _event in self.events:  # to the end: an error on the last line is an error
                pass
            return value
        if value == "":
            return {}
        hint = _(HALF_WIDTH) if isinstance(value, str) and "：" in value else _("write `key: value`, one a line")
        raise refuse(_("is not a list of keys"), self.line(event), hint)

    @staticmethod
    def line(event: Any) -> int:
        return int(event.start_mark.line) + 2  # marks count from 0, and the fence is line 1

    def node(self, event: Any, path: str, depth: int) -> Any:
        self.nodes += 1
        line = self.line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise refuse(
                _("anchors and aliases (& and *) are not taken"), line, _('write the value out, or quote it: "*text*"')
            )
        if getattr(event, "tag", None) is not None:
            raise refuse(_("tags (!) are not taken"), line, _('remove it, or quote the value: "!text"'))
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            limit = (
                _("more than %(most)s values", most=MAX_NODES)
                if self.nodes > MAX_NODES
                else _("nested more than %(most)s deep", most=MAX_DEPTH)
            )
            raise refuse(limit, line, _("make it shorter"))
        if isinstance(event, yaml.ScalarEvent):
            if UNUSABLE.search(event.value):
                raise refuse(_("a NUL or half of a surrogate pair"), line, _("remove that escape"))
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
                raise refuse(_("a key that is no word"), line, _("quote values that begin with { or ["))
            if key == "<<" and event.implicit[0]:
                raise refuse(_("merge keys (<<) are not taken"), line, _("write the keys out"))
            if key in out:
                raise refuse(_("%(key)s is given twice", key=key), line, _("keep one of them"))
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


def _by_events(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    reader = _Reader(iter(yaml.parse(head, Loader=_LOADER)))
    try:
        return reader.document(), reader.lines
    except yaml.MarkedYAMLError as error:
        raise _in_plain_words(head, error) from None
    except (yaml.YAMLError, ValueError, StopIteration, RecursionError) as error:
        first = str(error).split("\n")[0]
        raise refuse(reasons.verbatim(first) if first else _("cannot be read"), 1, _("check its YAML")) from None


# What a parser says, what it means, and whether the fault is where it began to read (or where it stopped).
_IN_PLAIN_WORDS = (
    (r"mapping values are not allowed", N_("a value with a colon in it has to be in quotation marks"), False),
    (r"expected ':'", N_("a line that is no `key: value`"), True),
    (r"quoted scalar", N_("a quotation mark is not closed"), True),
    (r"cannot start any token", N_("a value cannot begin with this character unless it is in quotation marks"), False),
    (r"expected key|<block end>|<document start>|block collection", N_("a line that fits to none above it"), False),
    (r"escape", N_('a \\ in "…" means something of its own'), False),
)


_VALUE = r"\s*(?:- +)?(?:[^\s\"'][^:\"']*: +)?"
# Lines whose value opens what does not end on them: looked for first, as a parser goes on for lines.
_NOT_CLOSED = (
    (
        re.compile(_VALUE + r"""(?:"(?:[^"\\]|\\.)*|'(?:[^']|'')*)\Z"""),
        N_("a quotation mark is not closed"),
        N_("close it at the end of this line, or leave both marks out"),
    ),
    (
        re.compile(_VALUE + r"(?:\[[^\]]*|\{[^}]*)\Z"),
        N_("a bracket is not closed"),
        N_("close it with ] or }, or put the whole value in quotation marks"),
    ),
)


def _in_plain_words(head: str, error: yaml.MarkedYAMLError) -> DraftError:
    mark = error.problem_mark or error.context_mark
    stopped = mark.line if mark else 0
    lines = head.split("\n")[: stopped + 1]
    for opened, said, hint in _NOT_CLOSED:
        at = next((number for number, line in enumerate(lines) if opened.match(line.rstrip())), None)
        if at is not None:
            return refuse(_(said), at + 2, _(hint))
    said = f"{error.context or ''} {error.problem or ''}"
    for pattern, words, from_its_beginning in _IN_PLAIN_WORDS:
        if re.search(pattern, said):
            began = error.context_mark.line if from_its_beginning and error.context_mark else stopped
            return refuse(_(words), began + 2, _hint_for(head, began))
    why = reasons.verbatim(error.problem) if error.problem else _("cannot be read")
    return refuse(why, stopped + 2, _hint_for(head, stopped))


def _hint_for(head: str, number: int) -> str:
    lines = head.split("\n")
    line = lines[number] if number < len(lines) else ""
    if "：" in line and ":" not in line:
        return _(HALF_WIDTH)
    if not line.strip() or ":" not in line:
        return _("write `key: value`, one a line; what belongs to a key is indented by two spaces")
    key, _colon_mark, value = line.partition(":")
    known = folded(key.strip())
    return _(_QUOTE) if known and value.strip() else _("write `key: value`, one a line")
