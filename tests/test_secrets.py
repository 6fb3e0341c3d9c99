"""What of a secret is hidden, and in which spellings."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.pipeline.secrets import Redactor

URL = "https://user:p4ssw0rd!@hooks.example/services/T0KEN/hooks/s3cr3t-p4th/x?key=v4lu3&sign=a%2Bb%2Fcdef#fr4gment"


def redacted(text: str, *secrets: str) -> str:
    redact = Redactor()
    for secret in secrets or (URL,):
        redact.learn(secret)
    return redact(text)


@pytest.mark.parametrize(
    "said",
    [
        '{"status":404,"path":"/services/T0KEN/hooks/s3cr3t-p4th/x"}',
        '{"path":"\\/services\\/T0KEN\\/hooks\\/s3cr3t-p4th\\/x"}',
        "GET /services/T0KEN/hooks/s3cr3t-p4th/x?key=v4lu3&sign=a%2Bb%2Fcdef HTTP/1.1",
        "no route %2Fservices%2FT0KEN%2Fhooks%2Fs3cr3t-p4th%2Fx",
        "no route %2fservices%2fT0KEN%2fhooks%2fs3cr3t-p4th%2fx",
        "cannot find s3cr3t-p4th here",
        "wrong key v4lu3",
        "wrong sign a+b/cdef or a%2Bb%2Fcdef",
        "<p>key=v4lu3&amp;sign=a%2Bb%2Fcdef</p>",
        "at fr4gment",
        "user:p4ssw0rd! may not",
        "Basic " + base64.b64encode(b"user:p4ssw0rd!").decode(),
        base64.b64encode(URL.encode()).decode(),
        base64.urlsafe_b64encode(b"path=/services/T0KEN/hooks/s3cr3t-p4th/x").decode(),
        quote(quote(URL, safe=""), safe=""),
    ],
)
def test_a_far_side_that_repeats_the_request_tells_nothing(said: Any) -> None:
    shown = redacted(said)
    assert "***" in shown
    tokens = ("T0KEN", "s3cr3t", "v4lu3", "cdef", "fr4gment", "p4ssw0rd")
    assert not [token for token in tokens if token in shown]
    assert base64.b64encode(b"p4ssw0rd!").decode()[:8] not in shown


def test_what_is_no_secret_stays() -> None:
    said = "hooks.example answered 404: services are down for channels at /health?page=2"
    assert redacted(said) == said
    assert redacted("a / b", "https://hooks.example/") == "a / b"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=8, max_size=24)


@given(WORDS, st.binary(max_size=9), st.sampled_from(["plain", "json", "html", "quoted", "twice", "base64", "urlsafe"]))
def test_no_way_of_writing_it_shows_it(secret: Any, before: bytes, how: Any) -> None:
    """Whatever stands before it: of base64 too, where it begins at any of three places within four characters."""
    ways: dict[str, Callable[[], str]] = {
        "plain": lambda: secret,
        "json": lambda: json.dumps(secret)[1:-1],
        "html": lambda: html.escape(secret),
        "quoted": lambda: quote(secret, safe=""),
        "twice": lambda: quote(quote(secret, safe=""), safe=""),
        "base64": lambda: base64.b64encode(before + secret.encode() + b"...").decode(),
        "urlsafe": lambda: base64.urlsafe_b64encode(before + secret.encode() + b"...").decode(),
    }
    assert "***" in redacted(ways[how](), secret)


def test_an_answer_is_cut_only_after_its_secrets_are_taken_out() -> None:
    """Half a token is half a token told."""
    from steadycast.outgoing.answers import words

    redact = Redactor()
    redact.learn(URL)
    for before in range(150, 210):
        said = words(f"{'x' * before} /services/T0KEN/hooks/s3cr3t-p4th/x".encode(), redact)
        assert not [part for part in ("T0K", "s3c", "p4th") if part in said], said
    assert "s3c" not in words((" " * 1990 + "s3cr3t-p4th").encode(), redact)
