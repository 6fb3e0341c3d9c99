"""The vendor's storage (Aliyun OSS): one object that goes up in pieces, each request signed as OSS asks.

The signature is that of version 1, 在Header中包含签名: https://help.aliyun.com/document_detail/31951.html
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from steadycast.platform import Channel, Unknown, piece


def signature(secret: str, method: str, headers: Mapping[str, str], resource: str) -> str:
    """Of a request with these headers (names in small letters) to `/bucket/object?parameters`."""
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-oss-"))
    head = (headers.get(name, "") for name in ("content-md5", "content-type", "date"))
    said = "\n".join((method, *head, own + resource))
    return base64.b64encode(hmac.new(secret.encode(), said.encode(), hashlib.sha1).digest()).decode()


class Storage:
    """One object, by the credentials that the vendor gave for some hours."""

    def __init__(self, channel: Channel, given: Mapping[str, str]) -> None:
        self.channel, self.given = channel, given
        endpoint, bucket = given["endpoint"], given["oss_bucket"]
        at = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        path = quote(given["oss_object"])
        # A name has the bucket before it, a number in the path, as OSS' own clients do it.
        plain = _is_number(at.hostname or "")
        self.url = (
            f"{at.scheme}://{at.netloc}/{bucket}/{path}" if plain else f"{at.scheme}://{bucket}.{at.netloc}/{path}"
        )

    def begin(self) -> str:
        """The id of a new upload in pieces."""
        found = re.search(r"<UploadId>([^<]+)</UploadId>", self._asked("POST", {"uploads": ""}).text)
        if found is None:
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name)
        return found[1]

    def send(self, upload: str, n: int, file: Path, where: tuple[int, int]) -> str:
        """One piece (offset and size); gives what it is known by. The same number again takes its place."""
        with piece(file, *where) as data:
            answer = self._asked("PUT", {"partNumber": str(n), "uploadId": upload}, data)
        return str(answer.headers.get("ETag", "")).strip('"')

    def complete(self, upload: str, tags: list[str]) -> None:
        rows = (f'<Part><PartNumber>{n}</PartNumber><ETag>"{tag}"</ETag></Part>' for n, tag in enumerate(tags, 1))
        body = f"<CompleteMultipartUpload>{''.join(rows)}</CompleteMultipartUpload>".encode()
        self._asked("POST", {"uploadId": upload}, body, ok=(200, 404))  # 404: it was completed, and its answer lost

    def _asked(self, method: str, params: Mapping[str, str], data: Any = b"", ok: tuple[int, ...] = (200,)) -> Any:
        given = self.given
        headers = {
            "content-type": "application/octet-stream",
            "date": email.utils.formatdate(usegmt=True),  # real time, whatever hour the plan is made for
            "x-oss-security-token": given["security_token"],
        }
        asked = "&".join(f"{name}={params[name]}" if params[name] else name for name in sorted(params))
        resource = f"/{given['oss_bucket']}/{given['oss_object']}?{asked}"
        sign = signature(given["temp_access_secret"], method, headers, resource)
        headers["Authorization"] = f"OSS {given['temp_access_id']}:{sign}"
        return self.channel.http.request(
            method, f"{self.url}?{asked}", headers=headers, data=data, ok=ok, repeatable=True
        )


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
