"""A form with files, read as it comes in: every size and number is counted before its bytes are kept.

Files are written where the caller says, under names of ours; what a sender calls them is kept as words only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from steadycast.language import gettext as _
from steadycast.pipeline.submission import MOST_FILES, Sent, Why, not_taken

NAMES = 200  # characters of a file's name that are kept
SMALL = 4096  # bytes of a field that is no text
FIELDS = 10


@dataclass
class Form:
    """What was sent: short fields, and files that lie in `folder`."""

    folder: Path
    most: int  # bytes of all files
    text: int  # bytes of the field `text`
    check: Callable[[dict[str, str]], None]  # asked before the first file is kept: raises where the form is not ours
    fields: dict[str, str] = field(default_factory=dict)
    files: list[Sent] = field(default_factory=list)
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _said: bytes = b""
    _name: str = ""
    _kept: bytearray = field(default_factory=bytearray)
    _open: BinaryIO | None = None
    _size: int = 0
    _parts: int = 0

    async def read(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        """The whole form; NotTakenError as soon as anything of it is too much."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not 0 < len(options.get(b"boundary", b"")) <= 100:
            raise not_taken(Why.EMPTY, _("it is no form"))
        parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin, "on_part_data": self._data, "on_part_end": self._end,
                "on_header_field": self._header_name, "on_header_value": self._header_value,
                "on_header_end": self._header_end, "on_headers_finished": self._begun,
            },
        )  # fmt: skip
        try:
            async for chunk in chunks:
                await run_in_threadpool(parser.write, chunk)
            parser.finalize()
        except FormParserError:
            raise not_taken(Why.EMPTY, _("the form cannot be read")) from None
        finally:
            if self._open:
                self._open.close()
        self.check(self.fields)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > FIELDS + MOST_FILES:
            raise not_taken(Why.FILES, _("more than %(most)s files", most=MOST_FILES))
        self._said, self._name = b"", ""
        self._kept.clear()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._said = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _begun(self) -> None:
        _kind, options = parse_options_header(self._said)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")[:NAMES]
        if b"filename" not in options:
            return
        called = options[b"filename"].decode("utf-8", "replace")[-NAMES:]
        if not called:  # a field for files in which none was chosen
            self._name = ""
            return
        self.check(self.fields)
        if len(self.files) >= MOST_FILES:
            raise not_taken(Why.FILES, _("more than %(most)s files", most=MOST_FILES))
        path = self.folder / f".part-{len(self.files)}"
        self._open = path.open("xb")
        self.files.append(Sent(path, called))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._open:
            self._size += end - start
            if self._size > self.most:
                raise not_taken(Why.LARGE, _("more than %(most)s bytes", most=self.most))
            self._open.write(data[start:end])
        else:
            if len(self._kept) + end - start > (self.text if self._name == "text" else SMALL):
                raise not_taken(Why.LARGE, _("the text is too large"))
            self._kept += data[start:end]

    def _end(self) -> None:
        if self._open:
            self._open.close()
            self._open = None
        elif self._name:
            self.fields[self._name] = self._kept.decode("utf-8", "replace")
