"""What a fake far side is asked, and what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Upload:
    """One file of a form."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Request:
    """One request, whole."""

    method: str
    target: str  # as it came: path and query
    headers: Message  # names in any case
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's values by name, the last of each."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def form(self) -> dict[str, Any]:
        """A form's values by name: text, or an `Upload` of a file; a list of them where the name ends in []."""
        found: dict[str, Any] = {}
        for name, value in self.fields():
            if name.endswith("[]"):
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        return found

    def fields(self) -> Iterator[tuple[str, str | Upload]]:
        """A form's values in order, with their names."""
        if self.headers.get_content_type() != "multipart/form-data":
            yield from parse_qsl(self.body.decode(), keep_blank_values=True)
            return
        boundary = str(self.headers.get_param("boundary")).encode()
        for part in (b"\r\n" + self.body).split(b"\r\n--" + boundary)[1:-1]:
            head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            told = head.decode()
            name = re.search(r'\bname="([^"]*)"', told)
            file = re.search(r"\bfilename\*?=(?:\"([^\"]*)\"|(\S+))", told)
            mime = re.search(r"(?im)^content-type:\s*(\S+)", told)
            if name and file:
                yield name[1], Upload(file[1] or file[2] or "", mime[1] if mime else "", data)
            elif name:
                yield name[1], data.decode()


@dataclass(frozen=True)
class Reply:
    """What the far side answers: bytes, text, or anything that JSON has."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        """The body's bytes, and their type."""
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/plain; charset=utf-8"
        return json.dumps(self.body).encode(), "application/json"


@dataclass(frozen=True)
class Seen:
    """One post as a reader of the far side would see it."""

    id: str
    key: str  # the post's marker, where it can be seen; else whatever is the same for one post
    text: str
    title: str = ""
    media: tuple[str, ...] = ()  # ids or addresses of its files
    url: str = ""
    parent: str = ""  # the id of the part before, in a thread
