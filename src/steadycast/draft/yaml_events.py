"""The YAML of a head by its events, for heads that are more than plain lines; nothing else needs the parser.

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
from steadycast.draft.front_yaml import HALF_WIDTH, MAX_DEPTH, MAX_NODES, PLAIN_NULL, UNUSABLE, refuse
from steadycast.draft.keys import folded
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events, fourteen times as fast
_QUOTE = N_('quote values that contain a colon, a # or a quotation mark: title: "a: b"')


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
            return "" if event.implicit[0] and event.value in PLAIN_NULL else event.value
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


def read(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each key) of a head. Raises DraftError with the line."""
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
