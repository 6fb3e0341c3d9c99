"""The mail platform: letters that read well anywhere, and no recipient written to twice."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import email
import email.policy
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from platform_bench import HOSTILE, NOW, PLATFORMS, adapter, article, audio, event, held, media, png, tree

from steadycast.crash_safety import send_window
from steadycast.platform import Busy, Event, Known, Refused, Unknown

FROM = {"from": "post@hu.example"}
PASSWORD = "pa55-never-shown"


class Postman:
    """A submission server that does as it is told."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, bytes]] = []
        self.say: dict[str, str] = {}  # recipient -> what RCPT answers
        self.after_data: dict[str, str] = {}  # recipient -> what comes after the final dot; "cut" hangs up
        self.connections = 0
        self.port = 0
        self.security = ""
        self.seen: list[tuple[bool, str]] = []

    def connection_made(self) -> None:
        self.connections += 1

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: Any, options: Any) -> Any:
        said = self.say.get(address, "250 ok")
        if said == "cut":
            server.transport.abort()
            await asyncio.sleep(0.05)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> Any:
        (recipient,) = envelope.rcpt_tos
        said = self.after_data.get(recipient, "250 taken")
        if said == "cut":
            self.letters.append((recipient, envelope.content))
            server.transport.abort()
            await asyncio.sleep(0.05)
            return "250 nobody hears this"
        if said.startswith("250"):
            self.letters.append((recipient, envelope.content))
        return said

    @property
    def to(self) -> list[str]:
        return [recipient for recipient, _ in self.letters]


def serve(postman: Postman, **options: Any) -> Any:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Controller(postman, hostname="127.0.0.1", port=port, **options)


@pytest.fixture
def postman() -> Iterator[Postman]:
    hand = Postman()
    server = serve(hand)
    server.start()
    hand.port = server.port
    yield hand
    server.stop()


def mail(out: Any, postman: Any, *people: Any, spec: Any = "mail", **settings: Any) -> Any:
    wanted = {**FROM, "host": "127.0.0.1", "port": postman.port, "security": "none", "to": list(people), **settings}
    return adapter(spec, out, secrets={"password": PASSWORD}, **wanted)


def read(data: bytes) -> Any:
    return email.message_from_bytes(data, policy=email.policy.default)


def outbox(out: Any, post: Any, **settings: Any) -> bytes:
    adapter("mail", out, **{**FROM, **settings}).publish(post)
    return (out / "outbox" / f"{post.key}.eml").read_bytes()


def test_sample(tmp_path: Path) -> None:
    wanted = {"pages": "https://hu.example", "unsubscribe": "https://hu.example/leave?who={email}"}
    held("mail", "letter.eml", outbox(tmp_path / "out", event(tmp_path / "in"), **wanted))


def test_text_first_html_second_pictures_inside(tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    letter = read(outbox(tmp_path / "out", post))
    kinds = [part.get_content_type() for part in letter.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "image/png"]
    page = letter.get_body(("html",)).get_content()
    for part in letter.walk():
        if "Content-ID" in part:
            assert f'src="cid:{part["Content-ID"].strip("<>")}"' in page
    assert "media:" not in page
    assert post.text.strip() in letter.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_styles_are_on_each_element_and_the_dark_ones_stay_in_the_head(tmp_path: Path) -> None:
    page = read(outbox(tmp_path / "out", article(tmp_path / "in"))).get_body(("html",)).get_content()
    assert "@media (prefers-color-scheme: dark)" in page
    assert '<p style="' in page
    assert "hsl(" not in page, "some mail readers know only #rrggbb"
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_column_stands_as_its_author_wanted(tmp_path: Path) -> None:
    cells = '<table><tr><td align="right">12</td><td>left</td></tr></table>'
    page = read(outbox(tmp_path / "out", article(tmp_path / "in", html=cells))).get_body(("html",)).get_content()
    aligned, plain = re.findall(r"<td [^>]*>(?=12|left)", page)
    assert "text-align" not in aligned
    assert "text-align: left" in plain


@pytest.mark.parametrize(
    ("cell", "columns", "kept"),
    [
        ("辰光", 5, True),
        ("老底子", 3, True),
        ("慢慢叫抬", 3, False),
        ("bah xian", 3, False),
        ("<em>辰光</em>", 3, False),
        ("辰光", 6, False),
    ],
)
def test_a_short_word_in_a_table_is_not_broken_on_a_phone(tmp_path: Path, cell: str, columns: int, kept: bool) -> None:
    """A head of one character is no reason to set 辰光 in two lines; a table of many columns needs the room."""
    head, row = ("".join(f"<{t}>{w}</{t}>" for w in [words] * columns) for t, words in (("th", "字"), ("td", cell)))
    table = f"<table><tr>{head}</tr><tr>{row}</tr></table>"
    page = read(outbox(tmp_path / "out", article(tmp_path / "in", html=table))).get_body(("html",)).get_content()
    styles = re.findall(r"<td ([^>]*)>(?=辰光|老底子|慢慢叫抬|bah xian|<em)", page)
    assert len(styles) == columns
    assert all(("nowrap" in style) == kept for style in styles)


def test_the_same_post_is_the_same_bytes(tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    assert outbox(tmp_path / "a", post) == outbox(tmp_path / "b", post)
    other = outbox(tmp_path / "c", article(tmp_path / "in", 2))
    assert read(other)["Message-ID"] != read(outbox(tmp_path / "d", post))["Message-ID"]
    assert read(outbox(tmp_path / "e", post))["Date"].datetime == post.published


@pytest.mark.parametrize("text", ["沪语" * 3000, "word " * 3000, "x" * 5000, ".\n..\n" * 30])
def test_no_line_is_longer_than_998_octets(tmp_path: Path, text: str) -> None:
    post = article(tmp_path / "in", text=text, title="很长的题目" * 20, html=f"<p>{text}</p>")
    data = outbox(tmp_path / "out", post, unsubscribe="https://hu.example/leave?t=" + "x" * 600)
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert data.isascii()


def test_a_way_to_leave_is_in_the_head_and_in_the_letter(tmp_path: Path, postman: Postman) -> None:
    leave = "https://hu.example/leave?who={email}&list=" + "notes-" * 30
    mail(tmp_path / "out", postman, "a+b@hu.example", unsubscribe=leave).publish(article(tmp_path / "in"))
    letter = read(postman.letters[0][1])
    address = leave.replace("{email}", "a%2Bb%40hu.example")
    assert f"List-Unsubscribe: <{address}>\r\n".encode() in postman.letters[0][1]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Id"] == "<out.hu.example>"
    assert address in letter.get_body(("plain",)).get_content()
    by_mail = read(outbox(tmp_path / "box", article(tmp_path / "in"), unsubscribe="mailto:leave@hu.example"))
    assert by_mail["List-Unsubscribe-Post"] is None
    odd = read(outbox(tmp_path / "odd", article(tmp_path / "in"), unsubscribe="javascript:alert(1)"))
    assert odd["List-Unsubscribe"] is None


def test_without_a_way_to_leave_of_its_own_one_writes_to_the_community(tmp_path: Path) -> None:
    made = adapter("mail", tmp_path / "out", **FROM)
    made.channel = dataclasses.replace(made.channel, email="desk@hu.example")
    post = article(tmp_path / "in")
    type(made)(made.channel).publish(post)
    letter = read((tmp_path / "out/outbox" / f"{post.key}.eml").read_bytes())
    assert letter["List-Unsubscribe"] == "<mailto:desk@hu.example?subject=unsubscribe>"
    assert letter["List-Unsubscribe-Post"] is None
    assert "mailto:desk@hu.example" in letter.get_body(("html",)).get_content()


def test_the_button_of_a_green_letter_can_be_read(tmp_path: Path) -> None:
    """A community whose name picks green: 4.5 to 1 between the button's words and the button."""
    made = adapter("mail", tmp_path / "out", pages="https://hu.example", **FROM)
    for number in range(40):
        named = dataclasses.replace(made.channel, community=f"House {number}")
        type(made)(named).publish(article(tmp_path / "in"))
        letter = read(next((tmp_path / "out/outbox").iterdir()).read_bytes())
        button = re.search(r"background: #(\w{6});\s*color: #ffffff", letter.get_body(("html",)).get_content())
        assert button
        channels = [int(button[1][n : n + 2], 16) / 255 for n in (0, 2, 4)]
        light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        shine = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
        assert 1.05 / (shine + 0.05) >= 4.5, button[1]


def test_the_house_is_not_named_twice_in_one_line(tmp_path: Path) -> None:
    post = article(tmp_path / "in", series="", series_title="", member_title="沪语读书会")
    text = read(outbox(tmp_path / "out", post)).get_body(("plain",)).get_content()
    assert text.splitlines()[1].count("沪语读书会") == 1


def test_an_event_says_until_when(tmp_path: Path) -> None:
    start = NOW + dt.timedelta(days=3)
    for hours, until in (
        (2, f"{start + dt.timedelta(hours=2):%H:%M}"),
        (26, f"{(start + dt.timedelta(hours=26)).day}日"),
    ):
        post = event(tmp_path / "in", event=Event(start, start + dt.timedelta(hours=hours)))
        letter = read(outbox(tmp_path / str(hours), post))
        for part in ("plain", "html"):
            line = next(x for x in letter.get_body((part,)).get_content().splitlines() if x.startswith("时间"))
            assert until in line.partition("–")[2], part
            assert (line.count("年") == 1) == (hours == 2), part


def test_the_way_out_stands_above_too(tmp_path: Path) -> None:
    """A reader that cuts a long letter off cuts its foot off first."""
    post = article(tmp_path / "in", html="<p>" + "字" * 50_000 + "</p>")
    text = (
        read(outbox(tmp_path / "out", post, unsubscribe="https://hu.example/leave")).get_body(("html",)).get_content()
    )
    above, _, below = text.partition("字字字")
    assert 'href="https://hu.example/leave"' in above
    assert 'href="https://hu.example/leave"' in below


def test_an_all_day_event_says_its_days(tmp_path: Path) -> None:
    start = dt.datetime(2026, 12, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    for days, said in ((1, "2026年12月12日 周六"), (2, "2026年12月12日 周六 – 2026年12月13日 周日")):
        post = event(tmp_path / "in", event=Event(start, start + dt.timedelta(days=days), all_day=True))
        letter = read(outbox(tmp_path / str(days), post))
        for part in ("plain", "html"):
            line = next(x for x in letter.get_body((part,)).get_content().splitlines() if x.startswith("时间"))
            assert line[3:].removesuffix("<br>") == said


@pytest.mark.parametrize("title", ["a\nBcc: all@example.org", "a\r\nX: y", "a\x00b", "a\u2028b", HOSTILE])
def test_a_control_character_in_a_header_is_refused(tmp_path: Path, title: Any) -> None:
    with pytest.raises(Refused, match="control character"):
        adapter("mail", tmp_path / "out", **FROM).publish(article(tmp_path / "in", title=title))
    assert not (tmp_path / "out").exists()


def test_the_outbox_holds_one_file_a_post(tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    first = adapter("mail", tmp_path / "out", **FROM)
    assert first.find(post, Known()) is None
    receipt = first.publish(post)
    before = tree(tmp_path / "out")
    assert adapter("mail", tmp_path / "out", **FROM).publish(post) == receipt
    assert tree(tmp_path / "out") == before
    assert first.find(post, Known()).remote_id == receipt.remote_id


def test_a_letter_near_the_size_that_is_cut_off_is_told(tmp_path: Path) -> None:
    short = adapter("mail", tmp_path / "out", **FROM).publish(article(tmp_path / "in"))
    long = adapter("mail", tmp_path / "out", **FROM).publish(article(tmp_path / "in", 2, html="<p>沪</p>" * 8000))
    assert "warning" not in short.detail
    assert "cut it off past 102 KB" in long.detail["warning"]


def test_one_transaction_and_one_message_id_a_recipient(tmp_path: Path, postman: Postman) -> None:
    file = tmp_path / "people.txt"
    file.write_text(
        "# readers\n老周 <b@hu.example>\n\na@hu.example # again\nnot an address\nc@hu.example\n", encoding="utf-8"
    )
    sending = mail(tmp_path / "out", postman, "a@hu.example", recipients=str(file))
    receipt = sending.publish(article(tmp_path / "in"))
    assert postman.to == ["a@hu.example", "b@hu.example", "c@hu.example"]
    assert len({read(data)["Message-ID"] for _, data in postman.letters}) == 3
    assert all(read(data)["To"] == to for to, data in postman.letters)
    assert receipt.detail == {"sent": 3, "unusable": 1}


def test_a_resume_writes_to_nobody_twice(tmp_path: Path, postman: Postman) -> None:
    """The server is gone after two of four; the next attempt sends the other two."""
    people = [f"{name}@hu.example" for name in "abcd"]
    sending = mail(tmp_path / "out", postman, *people)
    postman.say = {"c@hu.example": "421 closing"}
    with pytest.raises(Busy):
        sending.publish(article(tmp_path / "in"))
    assert postman.to == people[:2]
    postman.say = {}
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 4}
    assert postman.to == people


def test_one_that_is_refused_does_not_stop_the_others(tmp_path: Path, postman: Postman) -> None:
    postman.say = {"b@hu.example": "550 5.1.1 <b@hu.example> no such user"}
    postman.after_data = {"c@hu.example": "554 5.7.1 not this letter"}
    sending = mail(tmp_path / "out", postman, *(f"{n}@hu.example" for n in "abcd"))
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 2, "refused": 2}
    assert postman.to == ["a@hu.example", "d@hu.example"]
    sending.publish(article(tmp_path / "in"))
    assert len(postman.to) == 2


def test_when_all_are_refused_so_is_the_post(tmp_path: Path, postman: Postman) -> None:
    postman.say = {"b@hu.example": "550 5.1.1 <b@hu.example> no such user"}
    with pytest.raises(Refused) as caught:
        mail(tmp_path / "out", postman, "b@hu.example").publish(article(tmp_path / "in"))
    assert caught.value.code == "550"
    assert "b@hu" not in str(caught.value)


def test_one_that_is_to_wait_does_not_stop_the_others(tmp_path: Path, postman: Postman) -> None:
    """Greylisting: 450 now, taken in a quarter of an hour."""
    postman.say = {"a@hu.example": "450 4.2.0 <a@hu.example> greylisted"}
    sending = mail(tmp_path / "out", postman, "a@hu.example", "b@hu.example")
    with pytest.raises(Busy, match=r"1 of 2 letters wait: the mail server said 4\.2\.0"):
        sending.publish(article(tmp_path / "in"))
    assert postman.to == ["b@hu.example"]
    postman.say = {}
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 2}
    assert postman.to == ["b@hu.example", "a@hu.example"]


def test_a_4xx_after_the_letter_is_surely_not_taken(tmp_path: Path, postman: Postman) -> None:
    postman.after_data = {"a@hu.example": "452 4.3.1 disk full"}
    with pytest.raises(Busy):
        mail(tmp_path / "out", postman, "a@hu.example").publish(article(tmp_path / "in"))


def test_silence_after_the_final_dot_is_unknown_and_never_sent_again(tmp_path: Path, postman: Postman) -> None:
    postman.after_data = {"b@hu.example": "cut"}
    sending = mail(tmp_path / "out", postman, *(f"{n}@hu.example" for n in "abc"))
    with pytest.raises(Unknown, match="1 of 3 letters: the server hung up after the letter"):
        sending.publish(article(tmp_path / "in"))
    assert sorted(postman.to) == ["a@hu.example", "b@hu.example", "c@hu.example"], "the others' letters went on"
    postman.after_data = {}
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 2, "unknown": 1}
    assert len(postman.to) == 3


def test_a_server_that_hangs_up_before_the_letter_is_busy(tmp_path: Path, postman: Postman) -> None:
    postman.say = {"a@hu.example": "cut"}
    with pytest.raises(Busy, match="hung up before the letter"):
        mail(tmp_path / "out", postman, "a@hu.example").publish(article(tmp_path / "in"))


def test_nobody_listening_is_busy(tmp_path: Path, postman: Postman) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Busy, match="no connection to the mail server"):
        mail(tmp_path / "out", postman, "a@hu.example", port=port).publish(article(tmp_path / "in"))


def test_a_server_without_starttls_gets_no_letter(tmp_path: Path, postman: Postman) -> None:
    with pytest.raises(Refused, match="offers no STARTTLS"):
        mail(tmp_path / "out", postman, "a@hu.example", security="starttls").publish(article(tmp_path / "in"))
    with pytest.raises(Refused, match="offers no STARTTLS"):  # what is no such word is the safer one
        mail(tmp_path / "out", postman, "a@hu.example", security="ssl").publish(article(tmp_path / "in"))
    assert postman.to == []


@pytest.mark.parametrize("known", [True, False])
def test_it_logs_in_and_never_tells_the_password(tmp_path: Path, known: bool) -> None:
    hand = Postman()
    seen = []

    def check(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> Any:
        seen.append(data.password.decode())
        return AuthResult(success=known, handled=False)

    server = serve(hand, authenticator=check, auth_require_tls=False)
    server.start()
    hand.port = server.port
    try:
        sending = mail(tmp_path / "out", hand, "a@hu.example", user="post")
        if known:
            assert sending.publish(article(tmp_path / "in")).detail == {"sent": 1}
        else:
            with pytest.raises(Refused, match="or not this user") as caught:
                sending.publish(article(tmp_path / "in"))
            assert PASSWORD not in repr(caught.value) + repr(caught.value.__cause__)
            assert caught.value.code == "535"
    finally:
        server.stop()
    assert seen[0] == PASSWORD


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
    assert time.monotonic() - began < 2


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
    found_at(monkeypatch, *[deaf] * 5)
    sending = mail(tmp_path / "out", postman, "a@hu.example", spec=spec, host="mail.example")
    began = time.monotonic()
    with pytest.raises(Busy, match="no connection to the mail server"):
        sending.publish(article(tmp_path / "in"))
    assert time.monotonic() - began < 2


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
    assert time.monotonic() - began < 2
    asked.set()


def test_an_endless_answer_is_not_kept(tmp_path: Path) -> None:
    """Lines as fast as they come: what is read of an answer is bounded, however long the deadline."""
    with dripping(b"250-" + b"x" * 900 + b"\r\n", every=0) as server:
        sending = mail(tmp_path / "out", server, "a@hu.example")
        began = time.monotonic()
        with pytest.raises(Busy):
            sending.publish(article(tmp_path / "in"))
    assert time.monotonic() - began < 20


def test_what_cannot_be_sent_to_is_refused_before_anything(tmp_path: Path, postman: Postman) -> None:
    post = article(tmp_path / "in")
    with pytest.raises(Refused, match="nobody to send to"):
        mail(tmp_path / "a", postman).publish(post)
    with pytest.raises(Refused, match="list of recipients cannot be read"):
        mail(tmp_path / "b", postman, recipients=str(tmp_path / "none.txt")).publish(post)
    with pytest.raises(Refused, match="sender is no mail address"):
        mail(tmp_path / "c", postman, "a@hu.example", **{"from": "post"}).publish(post)
    with pytest.raises(Unknown):
        mail(tmp_path / "d", postman, "a@hu.example").find(post, Known())


@pytest.mark.parametrize(
    "line", ["a@b@c", "a\r\nRCPT TO:<x@y.z>@hu.example", "<>", "ä@hu.example", "a b@hu.example", "a@hu.example>\x00"]
)
def test_an_address_that_is_none_reaches_no_server(tmp_path: Path, postman: Postman, line: str) -> None:
    receipt = mail(tmp_path / "out", postman, line, "good@hu.example").publish(article(tmp_path / "in"))
    assert postman.to == ["good@hu.example"]
    assert receipt.detail["unusable"] == 1


def test_dots_at_the_start_of_a_line_arrive(tmp_path: Path, postman: Postman) -> None:
    post = article(tmp_path / "in", text=".\n.. dots\n.", html="<p>x</p>", language="en")
    post = dataclasses.replace(post, text="plain ascii so that it is quoted-printable\n" * 9 + ".\n.. dots\n.")
    mail(tmp_path / "out", postman, "a@hu.example").publish(post)
    assert "\n.\n.. dots\n." in read(postman.letters[0][1]).get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_picture_that_the_letter_does_not_show_is_not_carried(tmp_path: Path) -> None:
    extra = media(tmp_path / "in", "image", "unused.png", "image/png", png(9, 9, 9))
    post = audio(tmp_path / "in")
    post = dataclasses.replace(post, media=(*post.media, extra))
    assert [p.get_content_type() for p in read(outbox(tmp_path / "out", post)).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
