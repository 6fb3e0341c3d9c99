"""The mail platform: letters that read well anywhere, and no recipient written to twice."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import email
import email.policy
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from platform_bench import HOSTILE, NOW, adapter, article, audio, event, held, media, png, tree

from steadycast.platform import Event, Known, Refused

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


def test_chinese_faces_are_named_only_where_chinese_is_written(tmp_path: Path) -> None:
    """Their quotation marks are as wide as a character."""
    for language, named in (("zh-CN", True), ("en", False)):
        letter = read(outbox(tmp_path / language, article(tmp_path / "in", language=language)))
        assert ("CJK" in letter.get_body(("html",)).get_content()) is named


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


def test_a_picture_that_the_letter_does_not_show_is_not_carried(tmp_path: Path) -> None:
    extra = media(tmp_path / "in", "image", "unused.png", "image/png", png(9, 9, 9))
    post = audio(tmp_path / "in")
    post = dataclasses.replace(post, media=(*post.media, extra))
    assert [p.get_content_type() for p in read(outbox(tmp_path / "out", post)).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
