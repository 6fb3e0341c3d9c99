"""The fake far side that platforms bring in fake.py: a real server, and verbs for what goes wrong."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from steadycast.outgoing import HttpClient
from steadycast.platform import Answer, Busy, Refused, Unknown
from steadycast.testing import FakeServer, Reply, Request, Seen, Upload


class Board(FakeServer):
    """A board that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    def settings(self) -> Any:
        return {"url": self.url}

    def handle(self, request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, self.kept, {"X-Total": str(len(self.kept))})
        self.kept.append(request.json()["text"])
        return Reply(201, {"id": len(self.kept)})

    def posts(self) -> list[Seen]:
        return [Seen(str(n), text, text) for n, text in enumerate(self.kept)]


@pytest.fixture
def board() -> Iterator[Board]:
    with Board() as fake:
        yield fake


@pytest.fixture
def client(board: Board) -> HttpClient:
    return HttpClient("board", deadline=1.0).using(base=board.url)


def send(client: HttpClient, text: str = "hello", **more: Any) -> Answer:
    return client.request("POST", "/posts", json={"text": text}, **more)


def test_it_is_a_server_that_keeps_what_it_is_sent(board: Board, client: HttpClient) -> None:
    assert send(client).json() == {"id": 1}
    got = client.request("GET", "/posts?a=1&b=", params={"c": "ü"})
    assert (got.json(), got.headers["x-total"]) == (["hello"], "1")
    assert [r.method for r in board.requests] == ["POST", "GET"]
    assert board.requests[1].query == {"a": "1", "b": "", "c": "ü"}
    assert board.requests[1].path == "/posts"
    assert [seen.text for seen in board.posts()] == ["hello"]


@pytest.mark.parametrize(
    ("verb", "error", "kept"),
    [
        (lambda b: b.accept_then_cut(), Unknown, 1),
        (lambda b: b.hang(), Unknown, 0),
        (lambda b: b.hang(accepted=True), Unknown, 1),
        (lambda b: b.busy(7), Busy, 0),
        (lambda b: b.fail(), Unknown, 0),
        (lambda b: b.refuse(), Refused, 0),
        (lambda b: b.answer_garbage(), Unknown, 1),
        (lambda b: b.answer_garbage(accepted=False), Unknown, 0),
        (lambda b: b.echo(403), Refused, 0),
        (lambda b: b.answer(Reply(418, {"message": "a teapot"})), Unknown, 0),
    ],
)
def test_each_verb_is_for_the_next_request_that_changes_something(
    board: Board,
    client: HttpClient,
    verb: Callable[..., Any],
    error: type[Busy | Refused | Unknown],
    kept: int,
) -> None:
    verb(board)
    if error is not Refused or board._verbs[0].method == "":
        assert client.request("GET", "/posts").json() == []
    began = time.monotonic()
    with pytest.raises(error) as caught:
        send(client, deadline=0.3).json()
    assert time.monotonic() - began < 2
    assert len(board.kept) == kept
    if error is Busy:
        assert isinstance(caught.value, Busy)
        assert caught.value.retry_after == dt.timedelta(seconds=7)


def test_a_verb_can_wait_for_a_request_of_its_own(board: Board, client: HttpClient) -> None:
    board.fail("POST", "/other", times=2)
    board.accept_then_cut(after=1)
    assert send(client).status == 201
    with pytest.raises(Unknown, match="broke"):
        send(client)
    assert send(client).json() == {"id": 3}
    for _ in range(2):
        with pytest.raises(Unknown, match="500"):
            client.request("POST", "/other", json={"text": "x"})
    assert client.request("POST", "/other", json={"text": "x"}).json() == {"id": 4}


def test_when_it_is_closed_nobody_listens(board: Board, client: HttpClient) -> None:
    board.close()
    with pytest.raises(Busy, match="cannot be reached"):
        send(client)


def test_a_fault_of_the_fake_itself_is_told(board: Board, client: HttpClient) -> None:
    with pytest.raises(Unknown):
        client.request("POST", "/posts", json={"other": 1})
    assert [repr(error) for error in board.broken] == ["KeyError('text')"]


def test_forms_are_read_with_their_files(board: Board) -> None:
    """As requests writes them: one part a field, names in any script, bytes as they are."""
    picture = bytes(range(256)) + b"\r\n--x\r\n\n"
    seen: list[Any] = []

    def handle(request: Request) -> Reply:
        seen.append(request.form())
        return Reply()

    board.handle = handle  # type: ignore[method-assign]
    client = HttpClient("board").using(base=board.url)
    client.request("POST", "/f", data={"text": "a b&c=侬好"})
    client.request("POST", "/f", data={"ids[]": ["1", "2"], "q": ""})
    client.request("POST", "/m", data={"text": "侬好\r\n"}, files={"file": ("a b.png", picture, "image/png")})
    assert seen[0] == {"text": "a b&c=侬好"}
    assert seen[1] == {"ids[]": ["1", "2"], "q": ""}
    assert seen[2] == {"text": "侬好\r\n", "file": Upload("a b.png", "image/png", picture)}


def test_a_body_in_chunks_is_read_whole(board: Board, client: HttpClient) -> None:
    client.request("POST", "/posts", data=iter([b'{"text": ', b'"in two"}']))
    assert board.kept == ["in two"]
