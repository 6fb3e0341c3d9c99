"""A letter signed for its domain (DKIM, RFC 6376; Ed25519 by RFC 8463), relaxed in headers and in the body.

The one library for it takes RSA in pure Python and comes as source alone; what signs here is cryptography, which is
there. Its verifier is what the tests hold this against.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from steadycast.platform import Channel, Refused

SIGNED = (  # RFC 6376, 5.4.1; RFC 8058 wants those of the list among them
    "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "content-language",
    "list-id", "list-unsubscribe", "list-unsubscribe-post", "precedence", "auto-submitted",
)  # fmt: skip
SHORTEST = 1024  # bits of an RSA key that a receiver still believes (RFC 8301)
LINE = 70  # characters of a line of the signature


def signed(channel: Channel, letter: bytes) -> bytes:
    """The letter, its signature above it where the channel has a key; Refused where that is none."""
    selector, pem = channel.settings["dkim_selector"], channel.secret("dkim_key")
    if not selector and not pem:
        return letter
    domain = channel.settings["dkim_domain"] or channel.settings["from"].rpartition("@")[2]
    if not pem or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,200}[A-Za-z0-9])?", selector):
        raise Refused(channel.tell("dkim-half"), channel=channel.name)
    algorithm, sign = _key(channel, pem)
    head, _, body = letter.partition(b"\r\n\r\n")
    found = _headers(head)
    names = [name for name in SIGNED if name in found]
    # Each name once more than it is there: a second From above ours breaks the signature.
    tags = {
        "v": "1", "a": algorithm, "c": "relaxed/relaxed", "d": domain, "s": selector,
        "t": str(int(channel.now().timestamp())), "h": ":".join([*names, "from", "subject"]),
        "bh": base64.b64encode(hashlib.sha256(_body(body)).digest()).decode(), "b": "",
    }  # fmt: skip
    field = "; ".join(f"{name}={value}" for name, value in tags.items())
    over = "".join(f"{name}:{found[name]}\r\n" for name in names) + f"dkim-signature:{field}"
    made = base64.b64encode(sign(over.encode())).decode()
    lines = "\r\n ".join(made[at : at + LINE] for at in range(0, len(made), LINE))
    shown = field.replace("; ", ";\r\n ")
    return f"DKIM-Signature: {shown}{lines}\r\n".encode() + letter


def _key(channel: Channel, pem: str) -> tuple[str, Any]:
    """The algorithm's name, and what signs bytes."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError):  # TypeError: it has a password
        raise Refused(channel.tell("dkim-key"), channel=channel.name) from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SHORTEST:
        return "rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519-sha256", lambda data: key.sign(hashlib.sha256(data).digest())
    raise Refused(channel.tell("dkim-key"), channel=channel.name)


def _headers(head: bytes) -> dict[str, str]:
    """Each header in its relaxed form (RFC 6376, 3.4.2), by its name in lower case."""
    unfolded = re.sub(r"\r\n(?=[ \t])", "", head.decode())
    pairs = (line.partition(":") for line in unfolded.split("\r\n"))
    return {name.strip().lower(): re.sub(r"[ \t]+", " ", value).strip() for name, _, value in pairs}


def _body(body: bytes) -> bytes:
    """The body in its relaxed form (RFC 6376, 3.4.4)."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
