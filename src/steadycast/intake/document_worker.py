"""One document as Markdown, in a process of its own: a few kilobytes of a zip can unpack to gigabytes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

from steadycast import retold
from steadycast.intake.child_process import answer
from steadycast.language import gettext as _

MAX_BYTES = 64 * 1024 * 1024  # of the file: a document carries its pictures in itself
MAX_SECONDS = 20
_MAX_MEMORY = 1024 * 1024 * 1024
_MAX_XML = 32 * 1024 * 1024  # of a document's text and styles, unpacked
_MAX_UNPACKED = 512 * 1024 * 1024
_TITLES = "p[style-name='Title'] => h1:fresh\np[style-name='标题'] => h1:fresh"
PASTED = "pasted"  # no file: what somebody pastes into a text
_SCAFFOLD = re.compile(r"\{[{%]")


class Unusable(Exception):
    """Why a document is no draft, in words for its author."""


def main() -> None:
    """Answer one request."""
    with retold.noting():
        answer(
            lambda head, raw: _retellable(read(head["kind"], raw)),
            largest=MAX_BYTES,
            memory=_MAX_MEMORY,
            seconds=MAX_SECONDS,
        )


def _retellable(found: dict[str, Any]) -> dict[str, Any]:
    """An error goes to the other process with what it was made of: it is kept, and read in other languages."""
    return {"error": retold.kept(found["error"])} if "error" in found else found


def read(kind: str, raw: bytes) -> dict[str, Any]:
    """{"text": Markdown, "title": its own, or "", "pictures": how many were left out}, or {"error": why}."""
    try:
        text, title, pictures = (_pasted if kind == PASTED else KINDS[kind])(raw)
    except Unusable as error:
        return {"error": error.args[0]}
    except MemoryError:
        return {"error": _("needs more memory than a document may")}
    except Exception:  # whatever a broken file makes a parser say
        return {"error": _("cannot be read: it is damaged, or no such document")}
    return {"text": text, "title": title, "pictures": pictures}


def _docx(raw: bytes) -> tuple[str, str, int]:
    from steadycast.intake.markup import EVERY_MARK, markdown

    _check_size(raw)
    import mammoth  # type: ignore[import-untyped]

    pictures = 0

    def left_out(_image: Any) -> dict[str, str]:
        nonlocal pictures
        pictures += 1
        return {}

    html = mammoth.convert_to_html(
        io.BytesIO(raw), convert_image=mammoth.images.img_element(left_out), style_map=_TITLES
    ).value
    return markdown(html, special=EVERY_MARK), "", pictures


def _check_size(raw: bytes) -> None:
    """Refuses what would unpack to far more than it is, before anything of it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = archive.infolist()
    xml = sum(file.file_size for file in files if file.filename.endswith((".xml", ".rels")))
    if len(files) > 10_000 or xml > _MAX_XML or sum(file.file_size for file in files) > _MAX_UNPACKED:
        raise Unusable(_("would unpack to far more than a document has"))


def _ipynb(raw: bytes) -> tuple[str, str, int]:
    book = json.loads(raw)
    language = str(book.get("metadata", {}).get("kernelspec", {}).get("language", ""))[:20]
    parts, pictures = [], 0
    for cell in book["cells"]:
        text = _joined(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            parts.append(text)
        elif cell.get("cell_type") == "code":
            parts.append(_fenced(text, language))
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                pictures += any(str(name).startswith("image/") for name in data)
                said = _joined(output.get("text")) or _joined(data.get("text/plain"))
                parts.append(_fenced(said, "text") if said and len(data) <= 1 else "")
    return "\n\n".join(part for part in parts if part.strip()), "", pictures


def _joined(lines: Any) -> str:
    return lines if isinstance(lines, str) else "".join(str(line) for line in lines or ())


def _fenced(text: str, language: str) -> str:
    if not text.strip():
        return ""
    marks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def _html(raw: bytes) -> tuple[str, str, int]:
    from steadycast.draft.decoding import decode
    from steadycast.intake.markup import EVERY_MARK, markdown

    page = decode(raw)
    if _SCAFFOLD.search(page):
        raise Unusable(_("is a template of a site, and no draft"))
    title = re.search(r"<title[^>]*>([^<]{1,500})</title>", page, re.IGNORECASE)
    body = re.search(r"<body[^>]*>(.*)", page, re.IGNORECASE | re.DOTALL)
    import html

    pictures = len(re.findall(r"<img\b[^>]*\bsrc=[\"'](?!https?:)", page, re.IGNORECASE))
    text = markdown(body[1] if body else page, special=EVERY_MARK)
    named = title[1] if title and not text.startswith("# ") else ""
    return text, html.unescape(named).strip(), pictures


def _pasted(raw: bytes) -> tuple[str, str, int]:
    from steadycast.intake.pasted import as_markdown

    return as_markdown(raw.decode("utf-8", "replace")), "", 0


KINDS: dict[str, Callable[[bytes], tuple[str, str, int]]] = {
    ".docx": _docx, ".ipynb": _ipynb, ".html": _html, ".htm": _html
}  # fmt: skip


if __name__ == "__main__":
    main()
