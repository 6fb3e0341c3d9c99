"""A mail channel says whether its server would let it in, and sends nothing to find out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from platform_bench import adapter

from steadycast.platform import Account, Busy, Refused


class Doorman:
    """An SMTP server that lets one user in."""

    def __init__(self) -> None:
        self.mails = 0
        self.noop = "250 ok"

    async def handle_MAIL(self, *_: object) -> str:
        self.mails += 1
        return "250 ok"

    async def handle_NOOP(self, server: Any, session: Any, envelope: Any, arg: Any) -> str:
        if self.noop == "cut":
            server.transport.abort()
            await asyncio.sleep(0.05)
        return self.noop


@pytest.fixture
def doorman() -> Iterator[Any]:
    def let_in(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    made = Doorman()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(made, hostname="127.0.0.1", port=port, authenticator=let_in, auth_require_tls=False)
    controller.start()
    made.port = port  # type: ignore[attr-defined]
    yield made
    controller.stop()


def letters(tmp_path: Path, port: int, password: str) -> Any:
    return adapter(
        "mail", tmp_path, secrets={"password": password}, **{"from": "a@b.example"}, host="127.0.0.1", port=port,
        security="none", user="me",
    )  # fmt: skip


@pytest.mark.platforms("mail")
def test_a_mail_channels_credentials_are_tried_and_nothing_is_sent(doorman: Any, tmp_path: Path) -> None:
    """EHLO, AUTH, NOOP, QUIT; not one MAIL."""
    assert letters(tmp_path, doorman.port, "right").check() == Account("me")
    with pytest.raises(Refused) as refused:
        letters(tmp_path, doorman.port, "wr0ng-passw0rd").check()
    assert "wr0ng" not in str(refused.value)
    doorman.noop = "cut"
    with pytest.raises(Busy):
        letters(tmp_path, doorman.port, "right").check()
    with pytest.raises(Busy):
        letters(tmp_path, 9, "right").check()
    assert doorman.mails == 0


@pytest.mark.platforms("mail")
def test_a_mail_channel_without_a_server_has_nothing_to_try(tmp_path: Path) -> None:
    """Letters go to the outbox."""
    assert adapter("mail", tmp_path, **{"from": "a@b.example"}).check() == Account("")
