"""The open platform's signature, version 2.0: six headers in the order of their names, under the app's secret. Pure."""

from __future__ import annotations

import hashlib
import hmac


def headers(client: str, secret: str, body: bytes, *, nonce: str, timestamp: int) -> dict[str, str]:
    """The headers that sign a request with this body; of a form with files, and of a GET, it is empty."""
    said = {
        "x-bili-accesskeyid": client,
        "x-bili-content-md5": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        "x-bili-signature-method": "HMAC-SHA256",
        "x-bili-signature-nonce": nonce,
        "x-bili-signature-version": "2.0",
        "x-bili-timestamp": str(timestamp),
    }
    lines = "\n".join(f"{name}:{said[name]}" for name in sorted(said))
    sign = hmac.new(secret.encode(), lines.encode(), hashlib.sha256).hexdigest()
    return {**said, "Authorization": sign, "Accept": "application/json"}
