"""A bucket of S3, or of a server that speaks its language; each object is there whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import mimetypes
import re
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.errors import Busy, FarSideError, Refused
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.upload.far import Until
from steadycast.upload.manifest import LIST, MOST_BYTES, Chunk
from steadycast.upload.sigv4 import EMPTY, Key, escaped, signed
from steadycast.workspace.upload_target import UploadTarget

if TYPE_CHECKING:
    from steadycast.outgoing import Answer, HttpClient

PROBE = ".steadycast-test"
_CODE = re.compile(rb"<Code>(\w{1,60})</Code>")
# What a browser has to be told, whatever the machine's own tables say.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".m4a": "audio/mp4",
}
_FIXES = {
    "InvalidAccessKeyId": N_("the server does not know the access key: see its secret"),
    "SignatureDoesNotMatch": N_("the server does not take the signature: see the secret of the secret key"),
    "AccessDenied": N_("the key may not do that in this bucket: it needs to read, write, delete and list there"),
    "NoSuchBucket": N_("there is no such bucket: make it, or see its name"),
    "RequestTimeTooSkewed": N_("the clock of this machine is wrong: set it"),
    "PermanentRedirect": N_("the bucket is in another region: set region and endpoint"),
    "AuthorizationHeaderMalformed": N_("the bucket is in another region: set region and endpoint"),
    "QuotaExceeded": N_("the host has no room left: free some, or ask for more"),
    "XMinioStorageFull": N_("the host has no room left: free some, or ask for more"),
    "EntityTooLarge": N_("a file is larger than the server takes"),
}
_LATER = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "OperationAborted"}


@dataclass
class S3:
    """One prefix of one bucket."""

    target: UploadTarget
    http: HttpClient
    endpoint: str
    key: Key
    root: Path  # of the files on this machine
    now: Callable[[], dt.datetime]
    whole: bool = False

    def read(self, until: Until) -> bytes | None:
        """As Far."""
        answer = self._request("GET", LIST, until, ok=(200, 404), max_bytes=MOST_BYTES)
        return None if answer.status == 404 else answer.body

    def taken(self, names: Collection[str], until: Until) -> set[str]:
        """As Far."""
        return {name for name in names if self._request("HEAD", name, until, ok=(200, 404)).status == 200}

    def apply(self, chunk: Chunk, until: Until) -> None:
        """As Far."""
        if chunk.before is not None:
            self._put(LIST, chunk.before, until)
        for name in (*chunk.new, *chunk.changed):
            self._put(name, self.root / name, until)
        for name in chunk.gone:
            self._request("DELETE", name, until, ok=(200, 204, 404))
        if chunk.after is not None:
            self._put(LIST, chunk.after, until)

    def probe(self, until: Until) -> None:
        """As Far."""
        self._put(PROBE, b"Steadycast was here\n", until)
        self._request("DELETE", PROBE, until, ok=(200, 204, 404))

    def _put(self, name: str, data: bytes | Path, until: Until) -> None:
        kind = _TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        with ExitStack() as stack:
            if isinstance(data, bytes):
                body: object = data
                digest = hashlib.sha256(data).hexdigest()
            else:
                body = stack.enter_context(data.open("rb"))
                digest = hashlib.file_digest(body, "sha256").hexdigest()
                body.seek(0)
            self._request("PUT", name, until, body, digest, kind)

    def _request(  # noqa: PLR0917 all of one request
        self,
        method: str,
        name: str,
        until: Until,
        data: object = None,
        digest: str = EMPTY,
        kind: str = "",
        *,
        ok: Collection[int] = (200,),
        max_bytes: int = 100_000,
    ) -> Answer:
        prefix = f"{self.target.path}/" if self.target.path else ""
        url = f"{self.endpoint}/{escaped(f'{self.target.host}/{prefix}{name}')}"
        headers = signed(self.key, method, url, {"Content-Type": kind} if kind else {}, digest, self.now())
        if until.left <= 0:
            raise Busy(_("it did not end in time; `within` says how long one upload may take"))
        return self.http.using(errors=_meant).request(
            method, url, data=data, headers=headers, ok=ok, max_bytes=max_bytes, deadline=until.left, repeatable=True
        )


def _meant(answer: Answer) -> FarSideError | None:
    """What the code of an answer means."""
    found = _CODE.search(answer.body[:4000])
    code = found[1].decode() if found else ""
    if code in _FIXES:
        return Refused(_(_FIXES[code]), code)
    if code in _LATER:
        return Busy(_("the server asks for patience"), code)
    return None
