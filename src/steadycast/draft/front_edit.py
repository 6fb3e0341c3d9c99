"""The head of a draft changed in a few of its keys: order, comments and every other line stay as they were. Pure.

A line is written, and the whole is read again: what would not say exactly what was asked for is not taken.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, MutableMapping
from itertools import takewhile
from typing import Any

import tomlkit

from steadycast.draft.front_yaml import read_yaml
from steadycast.draft.frontmatter import Front, split, with_properties
from steadycast.draft.keys import folded
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _

Value = str | list[str] | Mapping[str, Any]  # "", [] and {} take the key away

_IN_FILE = N_("change it in the file itself")
_FENCE = re.compile(r"(?:-{3,}|\+{3}|;{3,}|\.\.\.)[ \t]*\Z")
_WORD = re.compile(r"[^\W\d_][^\n]*\Z")
_TYPED = re.compile(r"(?:true|false|yes|no|on|off|null|y|n)\Z", re.IGNORECASE)  # other tools would take it for no text
_AS_IT_IS = re.compile(r"(?:true|false|[\w@:+-]*\d{4}-\d\d-\d\d[T0-9:]*)\Z")
_TYPED_HERE = {"draft", "skip", "slot", "copy", "evergreen"}  # keys of which other tools may know the type
_APART = re.compile(r"[,，、;；]")
_RAW_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_END = re.compile(r"\r\n|\r|\n")
_UNPRINTED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ud800-\\udfff]")


def with_key(raw: bytes, key: str, value: str, *, notion: bool = False) -> bytes:
    """A draft's file with one key of its head changed; "" takes it away. Every other line stays, with its own end.

    `notion`: the properties below a page's heading are its head. DraftError where it cannot be done surely.
    """
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    try:
        text = raw[len(mark) :].decode("utf-8")
    except UnicodeDecodeError:
        raise DraftError(_("it is not UTF-8, and is left as it is"), hint=_("save it as UTF-8")) from None
    lines, end = _RAW_LINES.findall(text), (_END.search(text) or ["\n"])[0]
    old = [_END.sub("\n", line) for line in lines]
    new = _RAW_LINES.findall(with_keys("".join(old), {key: value}, notion=notion))
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    changed = [_END.sub(end, line) for line in new[first : len(new) - last]]
    return mark + "".join([*lines[:first], *changed, *lines[len(lines) - last :]]).encode()


def _alike(one: list[str], other: list[str]) -> int:
    """How many lines two texts begin with both."""
    return sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def with_keys(text: str, wanted: Mapping[str, Value], *, notion: bool = False) -> str:
    """`text`, a draft's whole text, with these keys of its head changed; DraftError where that cannot be done surely.

    A key is the one that the head already has under another spelling, or in Chinese. `notion`: as in `with_key`.
    """
    front = split(text)
    if not front.values and with_properties(front) is not front:
        if not notion:
            raise DraftError(_("the properties of this page cannot be changed here"), line=1, hint=_(_IN_FILE))
        for key, value in wanted.items():
            text = _with_property(text, key, value)
        return text
    for key, value in wanted.items():
        text = _with_key(text, front, _spelled(front, key), value)
        front = split(text)
    return text


def _spelled(front: Front, key: str) -> str:
    return next((each for each in front.values if folded(each) == folded(key)), key)


def _with_key(text: str, front: Front, key: str, value: Value) -> str:
    before = front.values.get(key)
    if (before or None) == (value or None):
        return text
    head = text.removesuffix(front.body) if front.body else text
    for made in _tried(head, front, key, value):
        if _says(made, front.values, key, value):
            return made + front.body if made else front.body.removeprefix("\n")
    raise _uneditable(front, key)


def _uneditable(front: Front, key: str) -> DraftError:
    said = _("%(key)s cannot be changed here without changing more of the head", key=key)
    return DraftError(said, line=front.lines.get(key), hint=_(_IN_FILE))


def _says(head: str, before: Mapping[str, Any], key: str, value: Value) -> bool:
    """Whether a head says what was asked for, and of all else what it said before, in its order."""
    try:
        found = split(head + "\nWords.\n")
    except DraftError:
        return False
    return _same_but(found.values, before, key, value) and found.body.strip() == "Words."


def _same_but(after: Mapping[str, Any], before: Mapping[str, Any], key: str, value: Value) -> bool:
    others = [[(name, each) for name, each in values.items() if name != key] for values in (after, before)]
    return others[0] == others[1] and _means(after.get(key), value)


def _with_property(text: str, key: str, value: Value) -> str:
    """A page's text with one of the properties below its heading changed."""
    front = with_properties(split(text))
    key = _spelled(front, key)
    if (front.values.get(key) or None) == (value or None):
        return text
    lines = text.split("\n")
    at = front.lines.get(key, max(front.lines.values(), default=0) + 1) - 1
    lines[at : at + (key in front.values)] = [f"{key}: {value}"] if value else []
    after = with_properties(split(made := "\n".join(lines)))
    bodies = {re.sub(r"\n+", "\n", each.body) for each in (front, after)}  # properties leave their empty lines in it
    if len(bodies) > 1 or not _same_but(after.values, front.values, key, value):
        raise _uneditable(front, key)
    return made


def _means(found: Any, value: Value) -> bool:
    if isinstance(found, str) and isinstance(value, list):  # as Pelican has lists
        return found == ", ".join(value) and not any(_APART.search(word) for word in value)
    return (found or None) == (value or None)


def _tried(head: str, front: Front, key: str, value: Value) -> Iterator[str]:
    """Heads that may say it: the one that changes the fewest lines first."""
    opens = head.lstrip("\ufeff\u200b\u2060 \n")
    if not opens:
        yield f"---\n{_yaml(key, value)}---\n\n"
    elif opens.startswith("+++"):
        yield _toml(head, key, value)
    elif opens.startswith((";;;", "{")):
        yield from _json(head, key, value)
    else:
        yield from _lines(head, front, key, value)


# --- YAML, and plain `Key: words`


def _lines(head: str, front: Front, key: str, value: Value) -> Iterator[str]:
    lines = head.split("\n")
    if not value and [line for line in lines if line][::2] == ["---", "---"] and len(front.values) == 1:
        yield ""  # a head that holds nothing else
    start, end = _span(lines, front, key)
    old = lines[start:end]
    if value and isinstance(value, Mapping) and isinstance(front.values.get(key), Mapping):
        yield "\n".join(_nested(lines, front, key, front.values[key], value))
    plainly = not any(_FENCE.match(line) for line in lines)
    for written in _spellings(key, value, old, plainly=plainly):
        yield "\n".join([*lines[:start], *written, *lines[end:]])


def _span(lines: list[str], front: Front, key: str) -> tuple[int, int]:
    """The lines [start, end) of a key and what belongs to it; of one that is not there, where it would stand."""
    if key not in front.values:
        at = _end_of_keys(lines)
        return at, at
    start = front.lines[key] - 1
    return start, _below(lines, start)


def _below(lines: list[str], start: int) -> int:
    """Where what belongs to the key on a line ends: before the next line that is not deeper, or a comment above it."""
    depth = len(lines[start]) - len(lines[start].lstrip(" "))
    end = start + 1
    for n in range(start + 1, len(lines)):
        line = lines[n]
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        item = indent == depth and line.lstrip().startswith(("- ", "-\t")) and not _FENCE.match(line)
        if indent <= depth and not item and not line.startswith(("\t", "\u3000")):
            break
        end = n + 1
    return end


def _end_of_keys(lines: list[str]) -> int:
    """Before the fence that closes a head; of one without, before its first empty line."""
    opened = bool(lines) and next((bool(_FENCE.match(line)) for line in lines if line.strip("\ufeff\u200b ")), False)
    fences = [n for n, line in enumerate(lines) if _FENCE.match(line)]
    closing = fences[1:] if opened else fences
    if closing:
        return closing[0]
    filled = next((n for n, line in enumerate(lines) if line.strip()), 0)
    return next((n for n in range(filled, len(lines)) if not lines[n].strip()), len(lines))


def _nested(lines: list[str], front: Front, path: str, known: Mapping[str, Any], value: Mapping[str, Any]) -> list[str]:
    """The lines with a table changed one key at a time, so that what else stands in it stays."""
    made = list(lines)
    above = front.lines[path] - 1
    for name in reversed({**known, **value}):
        old, new = known.get(name), value.get(name, "")
        start = front.lines.get(f"{path}.{name}", 0) - 1
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and new:
            made = _nested(made, front, f"{path}.{name}", old, new)
        elif name in known and start > above:
            made[start : _below(made, start)] = _deeper(_yaml(name, new), made[start]) if new else []
        elif name not in known:
            at = _below(made, above)
            made[at:at] = _deeper(_yaml(name, new), f"  {made[above]}")
    return made


def _deeper(text: str, beside: str) -> list[str]:
    """Lines as deep as the line `beside` them."""
    depth = beside[: len(beside) - len(beside.lstrip(" "))]
    return [f"{depth}{line}" if line else "" for line in text.rstrip("\n").split("\n")]


def _spellings(key: str, value: Value, old: list[str], *, plainly: bool) -> Iterator[list[str]]:
    """A key with its value as lines: `plainly` as Pelican reads it; as YAML, with the comment that stood behind it."""
    if not value:
        yield []
        return
    words = ", ".join(value) if isinstance(value, list) else value
    if plainly and isinstance(words, str) and "\n" not in words:
        yield [f"{key}: {words}"]
    listed = isinstance(value, list) and any(re.match(r"[ \t]*- ", line) for line in old[1:])
    written = _yaml(key, value, listed=listed).rstrip("\n").split("\n")
    for comment in _comments(old):
        yield [written[0] + comment, *written[1:]]
    yield written


def _comments(old: list[str]) -> Iterator[str]:
    """What may be the comment behind a value on one line: the value is the same without it."""
    for found in re.finditer(r"[ \t]+#", old[0]) if len(old) == 1 else ():
        try:
            same = read_yaml(old[0] + "\n")[0] == read_yaml(old[0][: found.start()] + "\n")[0]
        except DraftError:
            continue
        if same:
            yield old[0][found.start() :]


def _yaml(key: str, value: Value, *, listed: bool = False) -> str:
    """`key` with its value, as lines that end in a line break."""
    name = key if _plain(key) and not set(key) & set(":#") else _quoted(key)
    if isinstance(value, Mapping):
        inside = "".join("\n".join(_deeper(_yaml(each, value[each]), "  ")) + "\n" for each in value if value[each])
        return f"{name}:\n{inside}"
    if isinstance(value, list):
        if listed:
            return f"{name}:\n" + "".join(f"  - {_scalar(each)}\n" for each in value)
        return f"{name}: [{', '.join(_in_a_list(each) for each in value)}]\n"
    if "\n" in value and not _UNPRINTED.search(value) and not re.match(r"\s", value) and not value.endswith("\n"):
        return f"{name}: |-\n" + "".join(f"  {line}\n" if line else "\n" for line in value.split("\n"))
    typed = folded(key) in _TYPED_HERE and _AS_IT_IS.match(value)
    return f"{name}: {value if typed else _scalar(value)}\n"


def _scalar(value: str) -> str:
    return value if _plain(value) else _quoted(value)


def _in_a_list(value: str) -> str:
    return value if _plain(value) and not set(value) & set(",[]{}\"'") else _quoted(value)


def _plain(value: str) -> bool:
    """Whether a value can stand without quotation marks, for us and for other tools."""
    if not _WORD.match(value) or _TYPED.match(value) or value != value.strip():
        return False
    try:
        return read_yaml(f"k: {value}\n")[0] == {"k": value}
    except DraftError:
        return False


def _quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


# --- TOML and JSON


def _toml(head: str, key: str, value: Value) -> str:
    before, mark, rest = head.partition("+++")
    inside, closing, after = rest.rpartition("+++")
    document = tomlkit.parse(inside)
    _set(document, key, value)
    return f"{before}{mark}{tomlkit.dumps(document)}{closing}{after}"


def _set(table: MutableMapping[str, Any], key: str, value: Value) -> None:
    if not value:
        table.pop(key, None)
    elif isinstance(value, Mapping) and isinstance(table.get(key), MutableMapping):
        for name in [*table[key], *value]:
            if table[key].get(name) != value.get(name):
                _set(table[key], name, value.get(name, ""))
    elif value in ("true", "false"):
        table[key] = value == "true"
    else:
        table[key] = value


def _json(head: str, key: str, value: Value) -> Iterator[str]:
    bare = head.lstrip("\ufeff\u200b\u2060 \n").startswith("{")
    start = head.index("{") if bare else head.index("\n") + 1
    end = head.rindex("}") + 1 if bare else head.rindex(";;;")
    while not bare and head[end - 1] == ";":
        end -= 1
    inside = head[start:end]
    if isinstance(value, str):
        yield from (head[:start] + made + head[end:] for made in _json_in_place(inside, key, value))
    values = json.loads(inside if bare else f"{{{inside}}}")
    _set(values, key, value)
    lines = json.dumps(values, ensure_ascii=False, indent=2).split("\n")
    text = "\n".join(lines if bare else lines[1:-1]) + ("" if bare else "\n")
    yield head[:start] + text + head[end:]


def _json_in_place(inside: str, key: str, value: str) -> Iterator[str]:
    """One text of a table changed where it stands; a new one stands first."""
    name, said = json.dumps(key, ensure_ascii=False), json.dumps(value, ensure_ascii=False)
    pair = rf'{re.escape(name)}\s*:\s*"[^"\\]*"'
    if value:
        yield re.sub(pair, lambda found: found[0].partition(":")[0] + f": {said}", inside, count=1)
        new = f"{name}: {said},"
        yield re.sub(r"(\{?)(\s*)", lambda found: f"{found[0]}{new}{found[2] or ' '}", inside, count=1)
    else:
        yield from (re.sub(cut, "", inside, count=1) for cut in (rf"{pair}\s*,\s*", rf"\s*,\s*{pair}"))
