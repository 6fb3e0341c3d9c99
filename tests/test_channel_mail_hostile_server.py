"""Mail servers that cannot prove their name, drip, hang, or never come to an end."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from platform_bench import PLATFORMS, article
from test_channel_mail import (
    PASSWORD,
    Postman,
    mail,
    postman,  # noqa: F401  fixtures
    serve,
)

from steadycast.crash_safety import send_window
from steadycast.platform import Busy, Refused, Unknown

# TLS


@pytest.fixture(params=["starttls", "tls"])
def closed(request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server that takes letters and passwords inside TLS only, as name.example; and which kind of TLS it wants."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    hand = Postman()

    def check(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> Any:
        hand.seen.append((session.ssl is not None or request.param == "tls", data.password.decode()))
        return AuthResult(success=True)

    if request.param == "starttls":
        server = serve(hand, authenticator=check, auth_required=True, tls_context=context, require_starttls=True)
    else:
        server = serve(hand, authenticator=check, auth_require_tls=False, ssl_context=context)
    server.start()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    hand.port, hand.security = server.port, request.param
    yield hand
    server.stop()


def inside(tmp_path: Path, hand: Any, host: str = "name.example") -> Any:
    wanted = {"host": host, "security": hand.security, "user": "post"}
    return mail(tmp_path / "out", hand, "a@hu.example", **wanted)


def test_letters_and_passwords_go_through_tls(
    tmp_path: Path, closed: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real handshake, with STARTTLS and with TLS from the first byte; the password comes after it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert inside(tmp_path, closed).publish(article(tmp_path / "in")).detail == {"sent": 1}
    assert closed.to == ["a@hu.example"]
    assert closed.seen == [(True, PASSWORD)]


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_server_that_cannot_prove_its_name_gets_nothing(
    tmp_path: Path, closed: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Nobody vouches for its certificate, or it is another name's: no password, no letter, and a person fixes it."""
    if wrong == "name":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    host = "other.example" if wrong == "name" else "name.example"
    with pytest.raises(Refused, match="certificate is not valid for its name"):
        inside(tmp_path, closed, host).publish(article(tmp_path / "in"))
    assert (closed.to, closed.seen) == ([], [])


# A server that never comes to an end


@contextlib.contextmanager
def dripping(line: Any, before: bytes = b"", every: float | None = 0.05) -> Iterator[Any]:
    """A server that greets, and after `before` says this again and again; or once, at the end of a letter."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                taken, _ = listening.accept()
                with taken:
                    taken.sendall(b"220 hello\r\n")
                    for answer in filter(None, before.split(b"|")):
                        taken.recv(65536)
                        taken.sendall(answer + b"\r\n")
                    letter = b""
                    while every is None and not letter.endswith(b"\r\n.\r\n"):
                        if not (more := taken.recv(65536)):
                            return  # whoever sent has gone
                        letter += more
                    taken.sendall(line)
                    while every is not None:
                        time.sleep(every)
                        taken.sendall(line)

        threading.Thread(target=serve, daemon=True).start()
        yield SimpleNamespace(port=listening.getsockname()[1])


BEFORE_THE_LETTER = b"250 hello|250 ok|250 ok"


@pytest.mark.parametrize(
    ("before", "error", "said"),
    [
        (b"", Busy, "no connection to the mail server"),
        (BEFORE_THE_LETTER, Busy, "before the letter"),
        (BEFORE_THE_LETTER + b"|354 go on", Unknown, "after the letter"),
    ],
    ids=["greeting", "envelope", "letter"],
)
@pytest.mark.parametrize("line", [b"250-more\r\n", b"2"], ids=["lines", "bytes"])
def test_a_server_that_drips_is_left_at_the_deadline(
    tmp_path: Path, before: Any, error: Any, said: str, line: bytes
) -> None:
    """Each byte comes in time and the answer never ends: the deadline is for all of it together."""
    spec = dataclasses.replace(PLATFORMS["mail"], deadline=1.0)
    with dripping(line, before=before) as server:
        sending = mail(tmp_path / "out", server, "a@hu.example", spec=spec)
        began = time.monotonic()
        with pytest.raises(error, match=said):
            sending.publish(article(tmp_path / "in"))
    assert time.monotonic() - began < 10  # it would never end; how soon it does is the machine's affair


@pytest.mark.parametrize(
    "said", [b"", b"2", b"25", b"4", b"450", b"hello\r\n", b"999 ?\r\n", b"354 go on\r\n", b"\r\n"]
)
def test_nonsense_after_the_letter_is_unknown(tmp_path: Path, said: bytes) -> None:
    """Half a number, no number, a number of no meaning: it may have been taken, and is not sent again."""
    with dripping(said, before=BEFORE_THE_LETTER + b"|354 go on", every=None) as server:
        sending = mail(tmp_path / "out", server, "a@hu.example")
        with pytest.raises(Unknown, match="1 of 1 letters"):
            sending.publish(article(tmp_path / "in"))


def test_no_letter_leaves_a_worker_whose_turn_is_over(tmp_path: Path) -> None:
    """It was frozen after the envelope: the server never gets the letter, and another worker may send it."""
    with dripping(b"", before=BEFORE_THE_LETTER + b"|354 go on", every=None) as server:
        sending = mail(tmp_path / "out", server, "a@hu.example")
        with send_window.lasts(lambda: -1.0), pytest.raises(Busy, match="its turn was over before the letter"):
            sending.publish(article(tmp_path / "in"))


def found_at(monkeypatch: pytest.MonkeyPatch, *ports: Any) -> None:
    """The name of a mail server leads to these ports, one address each."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_addresses_that_are_all_dead_cost_one_deadline_together(
    tmp_path: Path, postman: Postman, monkeypatch: pytest.MonkeyPatch, deaf: int
) -> None:
    """Not one each: whatever else the slot has to send waits for this letter."""
    spec = dataclasses.replace(PLATFORMS["mail"], deadline=1.0)
    found_at(monkeypatch, *[deaf] * 9)
    sending = mail(tmp_path / "out", postman, "a@hu.example", spec=spec, host="mail.example")
    began = time.monotonic()
    with pytest.raises(Busy, match="no connection to the mail server"):
        sending.publish(article(tmp_path / "in"))
    assert time.monotonic() - began < 8


def test_a_dead_address_leaves_time_for_the_next_one(
    tmp_path: Path, postman: Postman, monkeypatch: pytest.MonkeyPatch, deaf: int
) -> None:
    """A server's IPv6 address where there is no IPv6: the letter goes to the other."""
    spec = dataclasses.replace(PLATFORMS["mail"], deadline=4.0)
    found_at(monkeypatch, deaf, postman.port)
    sending = mail(tmp_path / "out", postman, "a@hu.example", spec=spec, host="mail.example")
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 1}
    assert postman.to == ["a@hu.example"]


@pytest.mark.parametrize("threads", [True, False], ids=["threads", "no-thread-left"])
@pytest.mark.parametrize("fails", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_name_that_is_unknown_is_tried_later(
    tmp_path: Path, postman: Postman, monkeypatch: pytest.MonkeyPatch, fails: Any, threads: bool
) -> None:
    """Nothing was sent: it may be the resolver that is down."""

    def unknown(*_: Any, **__: Any) -> None:
        raise fails

    def scarce(_thread: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    if not threads:
        monkeypatch.setattr(threading.Thread, "start", scarce)
    with pytest.raises(Busy, match="no connection to the mail server"):
        mail(tmp_path / "out", postman, "a@hu.example", host="mail.example").publish(article(tmp_path / "in"))


def test_a_resolver_that_never_answers_is_left_at_the_deadline(
    tmp_path: Path, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own waits for half a minute and more, and cannot be told not to."""
    spec = dataclasses.replace(PLATFORMS["mail"], deadline=0.5)
    asked = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: asked.wait(10) and [])
    sending = mail(tmp_path / "out", postman, "a@hu.example", spec=spec, host="mail.example")
    began = time.monotonic()
    with pytest.raises(Busy, match="no connection to the mail server"):
        sending.publish(article(tmp_path / "in"))
    assert time.monotonic() - began < 8
    asked.set()


def test_an_endless_answer_is_not_kept(tmp_path: Path) -> None:
    """Lines as fast as they come: what is read of an answer is bounded, however long the deadline."""
    with dripping(b"250-" + b"x" * 900 + b"\r\n", every=0) as server:
        sending = mail(tmp_path / "out", server, "a@hu.example")
        began = time.monotonic()
        with pytest.raises(Busy):
            sending.publish(article(tmp_path / "in"))
    assert time.monotonic() - began < 20
