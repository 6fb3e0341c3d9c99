"""A person's comments in a YAML file that is written anew: each goes along with the line that it stands above or on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import yaml

ENTRY = re.compile(r"\s*- name: *(.*?)\s*")
KEY = re.compile(r"\s*(?:- )*([^:]+):")
END = ""  # what a comment below all lines stands above


class Comment(NamedTuple):
    """A comment, and the line that it belongs to."""

    said: str  # with what stands before it, where it has a line of its own
    entry: str  # the name of the list's entry that the line is in; "": in none
    line: str  # without the comment
    above: bool  # in a line of its own


def with_comments(old: str, new: str, ours: Collection[str]) -> str:
    """The text `new` with the comments of `old`, but for those that are `ours`; as it is where `old` is no YAML.

    One whose line is there no more stands above that of the same key, else above its entry, and one whose entry is gone
    above all of them. Where one would stand within a text of many lines, all stand above the first line.
    """
    try:
        found = [comment for comment in _comments(old) if comment.said not in ours]
    except yaml.YAMLError:
        return new
    placed = _placed(found, new)
    if not _alike(placed, new):
        head = [line for line in new.splitlines() if line.startswith("#")]
        begun = [*head, *(f"# {comment.said.lstrip('# ')}" for comment in found)]
        placed = "\n".join([*begun, *new.splitlines()[len(head) :], END])
    return placed


def _alike(one: str, other: str) -> bool:
    try:
        return bool(yaml.safe_load(one) == yaml.safe_load(other))
    except yaml.YAMLError:
        return False


def _placed(found: Iterable[Comment], new: str) -> str:
    lines, entries = new.splitlines(), _entries(new.splitlines())
    above: dict[int, list[str]] = {}
    for comment in found:
        n = _place(comment, lines, entries)
        if comment.above or lines[n : n + 1] != [comment.line]:
            above.setdefault(n, []).append(comment.said if comment.above else f"# {comment.said.lstrip('# ')}")
        else:
            lines[n] = f"{lines[n]}  {comment.said}"
    told = [text for n, line in enumerate([*lines, END]) for text in (*above.get(n, ()), line)]
    return "\n".join(told)


def _comments(text: str) -> Iterator[Comment]:
    lines, ends = text.splitlines(), _ends(text)
    entries = _entries(lines)
    for n, line in enumerate(lines):
        end = ends.get(n, 0)
        if not line[end:].lstrip().startswith("#"):
            continue
        if end:
            yield Comment(line[end:].strip(), entries[n], line[:end], above=False)
        else:
            next_ = next((m for m in range(n + 1, len(lines)) if ends.get(m)), None)
            place = (END, END) if next_ is None else (entries[next_], lines[next_][: ends[next_]])
            yield Comment(line.rstrip(), *place, above=True)


def _ends(text: str) -> dict[int, int]:
    """Where what is no comment ends on each line that has such."""
    lines, ends = text.splitlines(), dict[int, int]()
    for token in yaml.scan(text, yaml.SafeLoader):
        start, end = token.start_mark, token.end_mark
        if end.index == start.index:
            continue  # the beginning or end of a block: nothing stands there
        ends |= {n: len(lines[n]) for n in range(start.line, end.line)}
        if end.column:
            ends[end.line] = end.column
    return ends


def _entries(lines: list[str]) -> list[str]:
    """The entry that each line is in."""
    name, told = "", []
    for line in lines:
        name = begun[1] if (begun := ENTRY.fullmatch(line)) else name
        told.append(name)
    return told


def _place(comment: Comment, lines: list[str], entries: list[str]) -> int:
    """The line above which the comment is to stand, or on which."""
    if comment.line == END:
        return len(lines)
    its = [n for n, name in enumerate(entries) if name == comment.entry and not lines[n].startswith("#")]
    begins = its[0] if its else entries.index(next(filter(None, entries), ""))
    same = (n for n in its if lines[n] == comment.line)
    alike = (n for n in its if _key(lines[n]) == _key(comment.line) != "")
    return next(same, next(alike, begins))


def _key(line: str) -> str:
    """The key that a line gives a value, however that is written."""
    found = KEY.match(line)
    return found[1] if found else ""
