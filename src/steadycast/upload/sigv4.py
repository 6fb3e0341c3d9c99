"""Signatures of version 4, as S3 and the servers that speak its language ask for them. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, with its examples as tests.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """Who signs, and for which region."""

    access: str
    secret: str
    region: str
    service: str = "s3"


def escaped(path: str) -> str:
    """A key as an address has it, and as it is signed."""
    return quote(path, safe="/-_.~")


def signed(  # noqa: PLR0917 all that is signed
    key: Key, method: str, url: str, headers: Mapping[str, str], body: str, now: dt.datetime
) -> dict[str, str]:
    """The headers of a request, with those that sign it. `body` is the SHA-256 of what is sent; `url` is escaped."""
    parts, at = urlsplit(url), now.astimezone(dt.UTC)
    stamp, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    given = {**headers, "x-amz-date": stamp, **({"x-amz-content-sha256": body} if key.service == "s3" else {})}
    told = {name.lower(): " ".join(value.split()) for name, value in {**given, "host": parts.netloc}.items()}
    names = ";".join(sorted(told))
    query = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(parts.query, True))
    request = "\n".join([
        method,
        parts.path or "/",
        "&".join(f"{k}={v}" for k, v in query),
        *(f"{name}:{told[name]}" for name in sorted(told)),
        "",
        names,
        body,
    ])  # fmt: skip
    scope = f"{day}/{key.region}/{key.service}/aws4_request"
    to_sign = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = f"AWS4{key.secret}".encode()
    for word in (day, key.region, key.service, "aws4_request"):
        secret = hmac.digest(secret, word.encode(), "sha256")
    signature = hmac.digest(secret, to_sign.encode(), "sha256").hex()
    credential = f"Credential={key.access}/{scope}"
    given["Authorization"] = f"{ALGORITHM} {credential},SignedHeaders={names},Signature={signature}"
    return given
