"""One key of a draft's head written for a person: nothing else of the file changes, whatever form its head has."""

from __future__ import annotations

import pytest

from steadycast.draft.decoding import decode
from steadycast.draft.front_edit import with_key
from steadycast.draft.frontmatter import split, with_properties
from steadycast.errors import DraftError

DAY = "daily@2026-11-27"
HEADS = {
    "yaml": "---\ntitle: One  # of many\ntags: [a, b]\nevent:\n  place: here\n---\n\nWords.\n",
    "yaml, windows": "---\r\ntitle: 早安\r\n# kept\r\ntags:\r\n  - a\r\n---\r\n\r\nWords.\r\n",
    "yaml, folded title": "---\ntags: a\ntitle: >\n  One\n  two\n---\n\nWords.\n",
    "toml": '+++\ntitle = "One"\n\n[event]\nplace = "here"\n+++\n\nWords.\n',
    "json": '{\n  "title": "One",\n  "tags": ["a"]\n}\n\nWords.\n',
    "json on one line": '{"title": "One", "tags": ["a"]}\n\nWords.\n',
    "json between fences": ';;;\n"title": "One",\n"tags": ["a"]\n;;;\n\nWords.\n',
    "hexo": "title: One\ntags: [a]\n---\n\nWords.\n",
    "pelican": "Title: One\nTags: a\n\nWords.\n",
    "notion": "# One\n\nTags: a\nStatus: done\n\nWords.\n",
    "none": "# One\n\nWords.\n",
    "no line end": "---\ntitle: One\n---",
}


def value_of(raw: bytes, key: str, *, notion: bool) -> object:
    """What a file's head says of `key`."""
    front = split(decode(raw))
    return (with_properties(front) if notion else front).values.get(key)


@pytest.mark.parametrize("kind", HEADS)
def test_a_key_comes_and_goes_without_a_trace(kind: str) -> None:
    raw, notion = HEADS[kind].encode(), kind == "notion"
    pinned = with_key(raw, "slot", DAY, notion=notion)
    assert value_of(pinned, "slot", notion=notion) == DAY
    moved = with_key(pinned, "slot", "daily@2026-11-28", notion=notion)
    assert value_of(moved, "slot", notion=notion) == "daily@2026-11-28"
    assert len(moved) == len(pinned)
    assert with_key(moved, "slot", DAY, notion=notion) == pinned
    assert with_key(moved, "slot", "", notion=notion) == raw
    assert (b"\r" in pinned) == (b"\r" in raw)
    assert pinned.count(b"\n") - pinned.count(b"\r\n") == (0 if b"\r\n" in raw else pinned.count(b"\n"))


def test_a_key_is_changed_where_it_stands_as_it_is_spelled() -> None:
    """Its comment and its Chinese name stay; so does a byte order mark."""
    raw = "\ufeff---\n档期: 2026-11-26  # 跟老王说好了\ntitle: 一\n---\n正文\n".encode()
    assert with_key(raw, "slot", DAY) == raw.replace(b"2026-11-26", DAY.encode())
    assert with_key(raw, "slot", "") == "\ufeff---\ntitle: 一\n---\n正文\n".encode()
    assert with_key(raw, "slot", "2026-11-26") == raw


def test_a_value_of_several_lines_is_changed_too() -> None:
    raw = b"---\nslot: >\n  2026-11-26\ntitle: One\n---\n"
    assert with_key(raw, "slot", DAY) == f"---\nslot: {DAY}\ntitle: One\n---\n".encode()


def test_lines_keep_their_own_ends() -> None:
    """Of a file that has several kinds, only the line that is new takes the first kind."""
    raw = b"---\r\ntitle: One\n---\r\n\nWords.\r\nMore.\r"
    assert with_key(raw, "slot", DAY) == raw.replace(b"\n---\r", f"\nslot: {DAY}\r\n---\r".encode())
    assert with_key(with_key(raw, "slot", DAY), "slot", "") == raw


@pytest.mark.parametrize(
    "raw",
    [
        "---\ntitle: 一\n---\n正文\n".encode("gb18030"),
        b"---\n{title: One, slot: 2026-11-26}\n---\n",
        b"---\ntitle: [\n---\n",
    ],
)
def test_what_cannot_be_changed_alone_is_left_and_told(raw: bytes) -> None:
    with pytest.raises(DraftError):
        with_key(raw, "slot", DAY)
