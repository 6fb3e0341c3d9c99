"""The mailbox for bounces on a server that means no good: nothing is taken without end, and nothing waits for ever."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import adapter

from steadycast.platform import Busy, Known, MemoryState, Refused

FROM = {"from": "post@hu.example", "user": "post", "to": ["a@hu.example"], "host": "127.0.0.1"}
LETTER = b"Subject: hello\r\n\r\nx"


class Box:
    """An IMAP server that answers each command as `says` tells: what it gives is sent before the tagged OK."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.says: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.forever = b""  # sent again and again in answer to FETCH
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        try:
            with line, line.makefile("rwb") as file:
                file.write(self.says.get("greeting", b"* OK IMAP4rev1\r\n"))
                file.flush()
                while asked := file.readline():
                    tag, _, command = asked.decode().strip().partition(" ")
                    name = command.split()[1] if command.startswith("UID ") else command.split()[0]
                    self.asked.append(command)
                    while self.forever and name == "FETCH":
                        file.write(self.forever)
                        file.flush()
                    file.write(self.says.get(name, b""))
                    file.write(self.says.get(f"{name} ends", b"%s OK done\r\n") % tag.encode())
                    file.flush()
        except (OSError, TypeError):
            return


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box()
    made.says["CAPABILITY"] = b"* CAPABILITY IMAP4rev1\r\n"
    made.says["EXAMINE"] = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\n"
    yield made
    made.listening.close()


def reading(box: Box, out: Path, state: MemoryState | None = None) -> Any:
    given = {**FROM, "imap_host": "127.0.0.1", "imap_port": box.port, "imap_security": "none"}
    made = adapter("mail", out, secrets={"password": "pa55-never-shown"}, **given)
    return type(made)(dataclasses.replace(made.channel, state=state or made.channel.state))


def fetched(number: int, letter: bytes = LETTER) -> bytes:
    return b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (number, number, len(letter), letter)


def test_each_look_goes_on_where_the_last_one_ended(tmp_path: Path, box: Box) -> None:
    state = MemoryState()
    box.says["FETCH"] = b"".join(fetched(n) for n in (1, 2, 3))
    assert reading(box, tmp_path / "out", state).listen() == {"other": 3}
    assert [each for each in box.asked if "FETCH" in each] == ["UID FETCH 1:3 (BODY.PEEK[]<0.64000>)"]
    assert "EXAMINE" in " ".join(box.asked), "it is opened for reading alone"
    box.asked.clear()
    assert reading(box, tmp_path / "out", state).listen() == {}
    assert [each for each in box.asked if "FETCH" in each] == []
    box.says["EXAMINE"] = box.says["EXAMINE"].replace(b"UIDNEXT 4", b"UIDNEXT 9000")
    box.says["FETCH"] = b""
    reading(box, tmp_path / "out", state).listen()
    asked = [each.split()[2] for each in box.asked if "FETCH" in each]
    assert (asked[0], asked[-1], len(asked)) == ("4:13", "194:203", 20)
    box.says["EXAMINE"] = box.says["EXAMINE"].replace(b"UIDVALIDITY 7", b"UIDVALIDITY 8")
    box.asked.clear()
    reading(box, tmp_path / "out", state).listen()
    assert next(each.split()[2] for each in box.asked if "FETCH" in each) == "8800:8809", "another mailbox: its newest"


@pytest.mark.parametrize(
    "says",
    [
        {"FETCH": b"* 1 FETCH (BODY[]<0> {9999999999}\r\n"},
        {"FETCH": b"* 1 FETCH (BODY[]<0> {400}\r\nx"},
        {"FETCH ends": b"%s NO not you\r\n"},
        {"EXAMINE": b"* OK [UIDVALIDITY 7] x\r\n"},
        {"EXAMINE": b"* OK [UIDVALIDITY x] x\r\n* OK [UIDNEXT 99999999999999999999] x\r\n"},
        {"greeting": b"* BYE go away\r\n"},
        {"greeting": b"\xff\x00\r\n"},
        {"greeting": b"x" * 2_000_000 + b"\r\n"},
    ],
)
def test_what_is_no_answer_is_busy_and_keeps_no_place(tmp_path: Path, box: Box, says: dict[str, bytes]) -> None:
    box.says |= says
    state = MemoryState()
    if b"{400}" in says.get("FETCH", b""):
        box.says["FETCH ends"] = b""
        threading.Timer(0.5, box.listening.close).start()
    made = reading(box, tmp_path / "out", state)
    with quick(), pytest.raises(Busy, match="look at `imap_host`") as caught:
        made.listen()
    assert "pa55" not in repr(caught.value)
    assert state.get("mailbox") is None


@pytest.mark.parametrize("more", [b"* 1 FETCH (FLAGS ())\r\n", fetched(1, b"y" * 60_000), b"* OK still here\r\n", b"z"])
def test_an_answer_without_end_is_cut(tmp_path: Path, box: Box, more: bytes) -> None:
    box.forever = more
    began = time.monotonic()
    with quick(0.5), pytest.raises(Busy):
        reading(box, tmp_path / "out").listen()
    assert time.monotonic() - began < 15


@contextlib.contextmanager
def quick(seconds: float = 2.0) -> Iterator[None]:
    """A look that may take so many seconds; the module is the platform's own, whatever name it was loaded by."""
    module = next(m for name, m in sys.modules.items() if name.endswith(".mailbox") and hasattr(m, "BEGINNING"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SECONDS", seconds)
        yield


def test_without_a_mailbox_nothing_is_read(tmp_path: Path) -> None:
    assert adapter("mail", tmp_path / "out", **FROM).listen() is None


def test_a_wrong_password_is_told(tmp_path: Path, box: Box) -> None:
    box.says["LOGIN ends"] = b"%s NO pa55-never-shown is wrong\r\n"
    with pytest.raises(Refused, match="give the right `imap_password`") as caught:
        reading(box, tmp_path / "out").listen()
    assert "pa55" not in repr(caught.value)


def returned(token: str, code: str, number: int, action: str = "failed") -> bytes:
    """A bounce as Postfix writes it."""
    told = (
        "From: MAILER-DAEMON@mx.example", f"Message-ID: <{number}@mx.example>", "Subject: Undelivered Mail",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b", "", "I'm sorry.",
        "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example",
        f"Original-Envelope-Id: {token}", "", "Final-Recipient: rfc822; x@elsewhere.example", f"Action: {action}",
        f"Status: {code}", "Diagnostic-Code: smtp; 550 no", "", "--b--", "",
    )  # fmt: skip
    return "\r\n".join(told).encode()


def test_bounces_count_by_their_token_and_end_a_recipient(tmp_path: Path, box: Box) -> None:
    """Two that say there is no such mailbox; one that comes twice counts once, and a full mailbox ends nobody."""
    state = MemoryState()
    made = reading(box, tmp_path / "out", state)
    of = made.channel.subscribers
    ann, bo = (of.token(f"{name}@hu.example") for name in ("a", "b"))
    letters = [
        returned(ann, "5.1.1", 1), returned(ann, "5.1.1", 1), returned(bo, "5.2.2", 2), returned(bo, "5.7.1", 3),
        returned(bo, "4.4.1", 4, "delayed"), returned(bo, "2.0.0", 5, "delivered"), returned(ann[:-1] + "0", "5.1.1", 6),
        returned("", "5.1.1", 7), f"Subject: UNSUBSCRIBE  {bo}x\r\n\r\n".encode(),
    ]  # fmt: skip
    box.says["EXAMINE"] = box.says["EXAMINE"].replace(b"UIDNEXT 4", b"UIDNEXT 8")
    box.says["FETCH"] = b"".join(fetched(n, letter) for n, letter in enumerate(letters, 1))
    assert ann[-1] != "0"
    assert made.listen() == {"hard": 2, "soft": 3, "other": 4}
    assert (of.left(), sorted(of.returned().values())) == ({}, ["4.4.1 ×3", "5.1.1 ×1"])
    box.says["EXAMINE"] = box.says["EXAMINE"].replace(b"UIDNEXT 8", b"UIDNEXT 9")
    box.says["FETCH"] = fetched(8, returned(ann, "5.1.1", 8)) + fetched(
        9, f"Subject: Unsubscribe {bo}\r\n\r\n".encode()
    )
    assert made.listen() == {"hard": 1, "left": 1}
    left = of.left()
    assert {left[of.mark("a@hu.example")].why, left[of.mark("b@hu.example")].why} == {"bounced", "message"}
    assert [(each.state, each.why) for each in made.recipients(Known())] == [("bounced", "5.1.1")]
    of.back(of.mark("a@hu.example"))
    assert [(each.state, each.why) for each in made.recipients(Known())] == [("waiting", "")]
