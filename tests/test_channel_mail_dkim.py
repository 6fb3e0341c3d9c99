"""A letter's signature is one that receivers believe: judged by a verifier that others wrote."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from platform_bench import NOW, adapter, article
from test_channel_mail import PASSWORD, Postman, postman  # noqa: F401  fixtures

from steadycast.platform import Refused

VERIFY = """
import sys, dkim
letter, record = sys.stdin.buffer.read(), sys.argv[1].encode()
asked = []
def dns(name, timeout=5):
    asked.append(name)
    return record
print(dkim.verify(letter, dnsfunc=dns), asked[:1])
"""


def pem(key: Any) -> str:
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return str(key.private_bytes(*kinds).decode())


def record(key: Any) -> str:
    """What stands in the DNS."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(key.public_key().public_bytes(*raw)).decode()}"
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return f"v=DKIM1; k=rsa; p={base64.b64encode(key.public_key().public_bytes(*der)).decode()}"


RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()


def sending(out: Path, server: Postman, key: str, **settings: Any) -> Any:
    given = {"from": "post@hu.example", "host": "127.0.0.1", "port": server.port, "security": "none"}
    given |= {"to": ["a@hu.example"], "dkim_selector": "one", **settings}
    return adapter("mail", out, secrets={"password": PASSWORD, "dkim_key": key}, **given)


def verified(letter: bytes, in_dns: str) -> str:
    """The verifier's word, and which name it asked for. It is Debian's: of another Python than ours."""
    assert sys.executable != "/usr/bin/python3"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", VERIFY, in_dns], input=letter, capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode().strip()


@pytest.mark.live
@pytest.mark.parallel
@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
def test_receivers_believe_it_and_nobody_changes_a_word(tmp_path: Path, postman: Postman, key: Any) -> None:  # noqa: F811
    settings = {"unsubscribe": "https://hu.example/leave?who={email}", "dkim_domain": "letters.hu.example"}
    sending(tmp_path / "out", postman, pem(key), **settings).publish(article(tmp_path / "in"))
    letter = postman.letters[0][1]
    assert verified(letter, record(key)) == "True [b'one._domainkey.letters.hu.example.']"
    unfolded = letter.replace(b"Subject: ", b"Subject:   ").replace(b"\r\nList-Id", b"\r\nReceived: by x\r\nList-Id")
    assert verified(unfolded, record(key)).startswith("True"), "relays fold and add headers"
    for changed in (
        letter.replace(b"List-Unsubscribe: <https://hu", b"List-Unsubscribe: <https://evil"),
        letter.replace(b"\r\nFrom: ", b"\r\nFrom: Eve <eve@evil.example>\r\nFrom: ", 1),
        letter.replace(b"To: a@", b"To: b@"),
        letter[:-9] + b"x" + letter[-8:],
    ):
        assert changed != letter
        assert verified(changed, record(key)).startswith("False")
    other = record(ed25519.Ed25519PrivateKey.generate() if key is ED else rsa.generate_private_key(65537, 2048))
    assert verified(letter, other).startswith("False")


def test_a_letter_is_signed_once_a_key_is_there(tmp_path: Path, postman: Postman) -> None:  # noqa: F811
    sending(tmp_path / "out", postman, pem(RSA)).publish(article(tmp_path / "in"))
    letter = postman.letters[0][1]
    head = letter.partition(b"\r\nFrom:")[0].decode()
    assert head.startswith("DKIM-Signature: v=1;\r\n a=rsa-sha256;\r\n c=relaxed/relaxed;\r\n d=hu.example;\r\n s=one;")
    assert f" t={int(NOW.timestamp())};" in head
    assert ":from:subject;" in head
    assert max(len(line) for line in head.split("\r\n")) < 200
    sending(tmp_path / "out", postman, "", dkim_selector="").publish(article(tmp_path / "in", 2))
    assert b"DKIM" not in postman.letters[1][1]


@pytest.mark.parametrize(
    ("key", "selector", "said"),
    [
        ("", "one", "needs both"), (pem(RSA), "", "needs both"), (pem(RSA), "a b; x=1", "needs both"),
        ("no key", "one", "is no private key"), (pem(ec.generate_private_key(ec.SECP256R1())), "one", "is no private"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_told_before_anything_is_sent(
    tmp_path: Path, postman: Postman, key: str, selector: str, said: str  # noqa: F811
) -> None:  # fmt: skip
    made = sending(tmp_path / "out", postman, key, dkim_selector=selector)
    for verb in (made.check, lambda: made.publish(article(tmp_path / "in"))):
        with pytest.raises(Refused, match=said) as caught:
            verb()
        assert not key or key not in repr(caught.value)
    assert postman.letters == []
