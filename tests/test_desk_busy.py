"""Whoever asks for too much, too slowly or too often stops nobody else: connections, bytes of a form, slow pages."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from html import unescape

import pytest
import requests
from desk_bench import KEY, Desk
from pipeline_bench import SETTINGS, Bench
from starlette.exceptions import HTTPException
from starlette.types import Message
from uvicorn.server import ServerState

from steadycast import pipeline
from steadycast.desk import connections, incoming, write
from steadycast.desk.rate_limits import Turns
from steadycast.errors import InputError
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

PASSWORD = "seven teapots"
HEAD = b"POST /log-in HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
FORM = HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(connections, "HEAD", 2.0)
    monkeypatch.setattr(connections, "IDLE", 1)
    app = bench.set_up(SETTINGS, {"ugc/bob/one.md": "# One\n\nWords.\n"})
    accounts.add_person(app, "bob", Role.MEMBER, PASSWORD, pipeline.now())
    accounts.add_person(app, "own", Role.OWNER, PASSWORD, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield desk


def _said(desk: Desk, raw: bytes, *, then: bytes = b"", times: int = 0) -> bytes:
    """What the desk says to these bytes, until it hangs up."""
    with socket.create_connection(("127.0.0.1", int(desk.url.rpartition(":")[2])), timeout=15) as asked:
        asked.sendall(raw)
        answer = b""
        try:
            for _ in range(times):
                asked.sendall(then)
            while piece := asked.recv(65_536):
                answer += piece
        except (BrokenPipeError, ConnectionResetError):  # it has hung up while more was sent
            pass
        return answer


# Connections


def test_connections_that_ask_for_nothing_are_hung_up_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they fill the desk: it answers nobody any more once there are too many."""
    monkeypatch.setattr(connections, "HEAD", 0.3)
    assert _said(desk, b"") == b""
    assert _said(desk, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") == b""
    answered = _said(desk, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /health HT")
    assert answered.count(b"HTTP/1.1 ") == 1, "the head of the second request did not come"


def test_a_request_that_is_being_answered_is_not_hung_up_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD", 0.2)
    with desk.session.get(desk.url + "/events", stream=True, timeout=10) as stream:
        lines = stream.iter_lines()
        next(lines)
        time.sleep(0.6)
        assert not stream.raw.closed
    assert desk.get("/drafts").status_code == 200


def test_one_address_elsewhere_has_some_connections_and_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine and the proxies that are trusted stand for many."""
    made = [_Transport("2001:db8::1") for _ in range(connections.OF_ONE + 1)]
    near = [_Transport("127.0.0.1") for _ in range(connections.OF_ONE + 1)]
    proxy = [_Transport("192.0.2.7") for _ in range(connections.OF_ONE + 1)]
    asyncio.run(_connect([*made, *near, *proxy], proxies=("192.0.2.0/24",)))
    assert [each.closed for each in made] == [False] * connections.OF_ONE + [True]
    assert not any(each.closed for each in (*near, *proxy))


class _Transport(asyncio.Transport):
    """A connection of an address, as far as the server asks."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1), "sockname": ("192.0.2.1", 80)})
        self.closed = False

    def close(self) -> None:
        self.closed = True


async def _connect(transports: list[_Transport], proxies: tuple[str, ...]) -> None:
    served, state = connections.config(lambda: None, "127.0.0.1", 0, proxies), ServerState()
    served.load()
    for each in transports:
        connections.Connection(config=served, server_state=state, app_state={}).connection_made(each)


# Bytes


def test_a_form_of_nobodys_is_no_larger_than_a_form(desk: Desk) -> None:
    """It is read before anybody knows whose it is: each of its thousand fields might take a megabyte."""
    told = _said(desk, FORM + b"Content-Length: 900000000\r\n\r\nname=")
    assert told.startswith(b"HTTP/1.1 413 ")
    piece = b"%x\r\n&f=%s\r\n" % (100_003, b"a" * 100_000)
    untold = _said(desk, FORM + b"Transfer-Encoding: chunked\r\n\r\n", then=piece, times=40)
    assert untold[:13] in (b"HTTP/1.1 413 ", b""), "refused, or hung up on before that was read"


@pytest.mark.parametrize(
    ("path", "most"),
    [("/log-in", 2_000_000), ("/drafts/decide", 2_000_000), ("/write", 32_000_000), ("/write/media", 1 << 29)],
)
def test_each_page_has_its_bounds(path: str, most: int) -> None:
    """They hold for what comes in, whatever its head said."""

    async def read(size: int) -> int:
        left, got = size, 0

        async def receive() -> Message:
            nonlocal left
            piece = min(left, 1_000_000)
            left -= piece
            return {"type": "http.request", "body": bytes(piece), "more_body": left > 0}

        bounded = incoming.bounded(path, receive)
        while True:
            message = await bounded()
            got += len(message["body"])
            if not message["more_body"]:
                return got

    if most < 50_000_000:
        assert asyncio.run(read(most)) == most
        with pytest.raises(HTTPException) as refused:
            asyncio.run(read(most + 1))
        assert refused.value.status_code == 413
    assert incoming.bounds(path)[0] == most


def test_a_form_that_never_ends_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "USUAL", (incoming.USUAL[0], 0.3))
    assert _said(desk, FORM + b"Content-Length: 100\r\n\r\nname=").startswith(b"HTTP/1.1 408 ")


# Slow pages


def test_one_who_asks_for_many_slow_pages_stops_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk has some dozens of threads: so many requests of one person are answered side by side, and no more."""
    let_go, most, running = threading.Event(), [0], [0]
    lock = threading.Lock()

    def slow(*_: object, **__: object) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        let_go.wait(20)
        with lock:
            running[0] -= 1
        raise InputError("enough")

    monkeypatch.setattr(write, "live_preview", slow)
    monkeypatch.setattr(write, "PREVIEWS", threading.Semaphore(100))
    bob = desk.logged_in("bob", PASSWORD)
    values = {"form_token": bob.token("/write"), "title": "T", "body": "Words.", "series": "daily"}
    headers = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
    cookies = bob.session.cookies.get_dict()

    def ask() -> None:
        requests.post(f"{desk.url}/write/preview", data=values, headers=headers, cookies=cookies, timeout=60)

    asking = [threading.Thread(target=ask, daemon=True) for _ in range(60)]
    try:
        for each in asking:
            each.start()
        time.sleep(1.5)
        begun = time.monotonic()
        own = desk.logged_in("own", PASSWORD)
        assert own.get("/drafts").status_code == 200
        assert desk.get("/health").status_code in (200, 503)
        assert time.monotonic() - begun < 10
        assert most[0] == 12
    finally:
        let_go.set()
        for each in asking:
            each.join(30)
    assert bob.get("/me").status_code == 200


def test_turns_are_given_in_order_and_forgotten() -> None:
    turns, went = Turns(most=2), []

    async def go(who: str, n: int) -> None:
        async with turns.of(who):
            went.append((who, n))
            await asyncio.sleep(0.01)

    async def all_of_them() -> None:
        await asyncio.gather(*(go("ann", n) for n in range(5)), go("eve", 0))

    asyncio.run(all_of_them())
    assert [n for who, n in went if who == "ann"] == [*range(5)]
    assert went.index(("eve", 0)) < went.index(("ann", 2))
    assert turns._of == {}


# The form that is taken along


def test_what_is_taken_along_to_the_log_in_fits_into_its_form(desk: Desk) -> None:
    """A long text in Chinese: nine bytes for a character, in the form that comes too late and in the log-in's."""
    body = '"\n\\' * 10_000 + "书" * 25_000
    headers = {"Sec-Fetch-Site": "same-origin"}
    values = {"form_token": "x", "title": "T", "body": body}
    late = requests.post(f"{desk.url}/write", data=values, headers=headers, timeout=20)
    assert late.status_code == 401
    fields = dict(re.findall(r'<input type="hidden" name="(form_token|kept|sent_to)" value="([^"]*)"', late.text))
    asked = {name: unescape(value) for name, value in fields.items()} | {"name": "own", "password": PASSWORD}
    answer = requests.post(f"{desk.url}/log-in", data=asked, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text[:300]
    assert "书" * 1000 in answer.text
    assert KEY not in answer.text
