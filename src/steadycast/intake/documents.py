"""What people write elsewhere than in Markdown, as Markdown: plain text, Word, notebooks, web pages."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from steadycast import retold
from steadycast.draft.decoding import decoded, read_as
from steadycast.draft.frontmatter import has_front
from steadycast.draft.model import Note
from steadycast.errors import DraftError
from steadycast.intake import child_process
from steadycast.intake.document_worker import MAX_BYTES, MAX_SECONDS, PASTED
from steadycast.intake.markup import EVERY_MARK
from steadycast.intake.suffixes import DOCUMENTS, TEXT
from steadycast.language import gettext as _
from steadycast.language import ngettext

_ADDRESS = re.compile(r"(https?://\S+)")
# What would begin a heading, a list, a rule, or the line below a table's head.
_FIRST = re.compile(r"(?:[#+-]|:::|\d{1,9}[.)])(?=\s|[#+:-]|\Z)|:(?=-+:?\Z)")
_HEADING = 60  # characters: a longer first line is the text's beginning
# Text that begins with what looks like a head is none: a document has its own words from the first on.
_NO_HEAD = "---\nconverted: true\n---\n\n"


def limit(suffix: str, draft_bytes: int) -> int:
    """How large a file of that kind may be."""
    return MAX_BYTES if suffix in DOCUMENTS else draft_bytes


def as_markdown(raw: bytes, suffix: str, draft_bytes: int) -> tuple[bytes, tuple[Note, ...]]:
    """(Markdown, what its writer should know of the way). Raises DraftError for a document that is no draft."""
    if suffix == TEXT:
        return _plain(raw)
    if suffix not in DOCUMENTS:
        return raw, ()
    answer = _converted(raw, suffix)
    if "error" in answer:
        raise DraftError(retold.again(answer["error"]), hint=_("save it as Markdown or as plain text"))
    head = f"---\ntitle: {json.dumps(answer['title'], ensure_ascii=False)}\n---\n\n" if answer["title"] else _NO_HEAD
    made = (head + answer["text"].strip() + "\n").encode()
    if len(made) > draft_bytes:
        raise DraftError(
            _("has %(size)s MB of text", size=format(len(made) / 1e6, ".1f")),
            hint=_("a draft has at most %(size)s MB", size=format(draft_bytes / 1e6, "g")),
        )
    return made, _left_out(int(answer["pictures"] or 0))


def pasted(html: bytes) -> str:
    """What somebody pasted, as Markdown. Raises DraftError where it cannot be read within a document's limits."""
    answer = _converted(html, PASTED)
    if "error" in answer:
        raise DraftError(retold.again(answer["error"]), hint=_("paste it as plain text"))
    return str(answer["text"])


def _left_out(pictures: int) -> tuple[Note, ...]:
    said = ngettext("its picture was left out", "its %(num)s pictures were left out", pictures)
    return (Note(said, _("name pictures in Markdown"), harmless=True),) if pictures else ()


def _converted(raw: bytes, suffix: str) -> dict[str, Any]:
    try:
        # Of the wall, three times its own: a busy machine is no fault of the document's.
        return child_process.ask("document_worker", {"kind": suffix}, raw, 3 * MAX_SECONDS)
    except (subprocess.SubprocessError, ValueError):
        return {"error": _("could not be read within the limits of a document")}


def _plain(raw: bytes) -> tuple[bytes, tuple[Note, ...]]:
    """Plain text as Markdown that shows the same characters; what has front matter is Markdown already.

    A short first line with an empty one below it is the title, also where it is marked as Markdown does (`# x`). Where
    no line is empty, each line is a paragraph, as phones and Chinese editors write them.
    """
    text, encoding = decoded(raw)
    if has_front(text) and text.lstrip("\ufeff\n ").startswith(("---", "+++")):
        return raw, ()
    lines = [line.strip(" \t\u3000") for line in text.strip().split("\n")]
    title = len(lines) > 1 and 0 < len(lines[0]) <= _HEADING and not lines[1]
    apart = "\n\n" if "" not in lines[2 if title else 0 :] else "\n"
    shown = [_escaped(line) for line in lines]
    if title:
        shown[0] = f"# {_escaped(lines[0].removeprefix('# ').lstrip() or lines[0])}\n"
    return (_NO_HEAD + apart.join(shown) + "\n").encode(), (read_as(encoding),) if encoding else ()


def _escaped(line: str) -> str:
    first = _FIRST.match(line)
    mark = line[: first.end()] if first else ""
    pieces = _ADDRESS.split(line[len(mark) :])
    rest = "".join(piece if n % 2 else EVERY_MARK.sub(r"\\\1", piece) for n, piece in enumerate(pieces))
    return (f"{mark[:-1]}\\{mark[-1]}" if mark[:1].isdigit() else f"\\{mark}" if mark else "") + rest
