"""OAuth 1.0a (RFC 5849): a request signed by HMAC-SHA1 with the secrets of the app and of the account. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, quote, urlsplit


def header(
    method: str,
    url: str,
    keys: Sequence[str],
    *,
    nonce: str,
    timestamp: int,
    form: Iterable[tuple[str, str]] = (),
) -> str:
    """The Authorization header. `keys`: the app's key and secret, the account's token and secret.

    `form` are the fields of an urlencoded body; JSON and multipart bodies are not signed (RFC 5849, section 3.4.1.3).
    """
    key, secret, token, token_secret = keys
    said = {
        "oauth_consumer_key": key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp),
        "oauth_token": token,
        "oauth_version": "1.0",
    }
    at = urlsplit(url)
    asked = [*parse_qsl(at.query, keep_blank_values=True), *form, *said.items()]
    pairs = "&".join(f"{name}={value}" for name, value in sorted((coded(n), coded(v)) for n, v in asked))
    base = "&".join((method.upper(), coded(f"{at.scheme}://{at.netloc.lower()}{at.path}"), coded(pairs)))
    sign = hmac.new(f"{coded(secret)}&{coded(token_secret)}".encode(), base.encode(), hashlib.sha1).digest()
    said["oauth_signature"] = base64.b64encode(sign).decode()
    return "OAuth " + ", ".join(f'{name}="{coded(value)}"' for name, value in sorted(said.items()))


def coded(text: str) -> str:
    return quote(text, safe="~")
