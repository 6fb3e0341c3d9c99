"""Whatever address a draft or a feed names, no socket of ours is connected to what is not the public internet."""

from __future__ import annotations

import functools
import socket
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import content_of
from hostile import corpus
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from pytest_httpserver import HTTPServer

from steadycast import pipeline
from steadycast.intake import feeds
from steadycast.outgoing import Fetcher, FetchError, connection
from steadycast.outgoing.addresses import is_public

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
PUBLIC, PRIVATE = "93.184.215.14", "127.0.0.1"
HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
    "127.000.000.001", "１２７.０.０.１", "①②⑦.0.0.1", "localhost", "localhost.", "LOCALHOST", "ip6-localhost", "10.0.0.1", "172.16.0.1", "192.168.0.1",
    "169.254.169.254", "2852039166", "0xa9fea9fe", "100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:53aa:64c:0:fbff:80ff:fffe]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]",
    "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[5f00::1]", "[3fff::1]",
)  # fmt: skip


class Connections:
    """Every address that any socket of this process was asked to connect to."""

    def __init__(self) -> None:
        self.watching = False
        self.made: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.watching and event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
            self.made.append(str(args[1][0]))

    @property
    def private(self) -> list[str]:
        return [address for address in self.made if not is_public(address)]


@functools.cache
def watched() -> Connections:
    """What hears of them; it cannot be taken away again, and is asked at each event: only the tests that look begin it."""
    made = Connections()
    sys.addaudithook(made)
    return made


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    """What was connected to; a connection to the public internet is told of and fails, as there is none here."""
    heard = watched()
    heard.made.clear()
    heard.watching = True
    real = socket.socket.connect

    def connect(self: Any, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and is_public(str(address[0])):
            heard.made.append(str(address[0]))
            raise ConnectionRefusedError(111, "refused")
        return real(self, address)

    monkeypatch.setattr(connection.socket.socket, "connect", connect, raising=False)
    yield heard
    heard.watching = False


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[Any, Any]:
    """A resolver that gives these answers in turn; what it is not told it does not know."""
    answers: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        told = answers.get(host)
        if told is None:
            return real(host, port, *args, **more)
        return real(told.pop(0) if len(told) > 1 else told[0], port, *args, **more)

    monkeypatch.setattr(connection.socket, "getaddrinfo", resolve)
    return answers


def refused(url: str) -> None:
    with pytest.raises(FetchError):
        Fetcher(deadline=3).get(url)


def test_the_judge_sees(connections: Connections) -> None:
    """The control: an allowed request to this machine is told."""
    with pytest.raises(FetchError):
        Fetcher(deadline=3, allow_private=True).get("http://127.0.0.1:8009/")
    assert connections.private == ["127.0.0.1"]


@pytest.mark.parametrize("host", HOSTS)
def test_no_spelling_of_a_private_address_is_connected_to(connections: Connections, host: str) -> None:
    refused(f"http://{host}/")
    refused(f"http://{host}:8080/feed")
    refused(f"http://user@{host}/")
    assert connections.private == []


def test_no_known_vector_is_connected_to(connections: Connections) -> None:
    """Schemes, credentials, spellings that two parsers read differently."""
    for url in [
        *corpus("ssrf.json"), "http://127.0.0.1\\@example.com/", "http://example.com#@127.0.0.1/", "http://127.1.1.1:80\\@127.2.2.2:80/",
        "gopher://127.0.0.1:6379/_x", "file:///etc/passwd", "ftp://127.0.0.1/", "//127.0.0.1/", "http:127.0.0.1", "http:/127.0.0.1/", "http://127.0.0.1%00.example.com/",
        "http://127.0.0.1\r\nHost: x/", "http://[::1", "http://", "http://:80/", "http://a:99999/", "unix:///var/run/docker.sock", "dict://127.0.0.1:11211/stat",
    ]:  # fmt: skip
        if not any(urlsplit_host(url).endswith(own) for own in (".nip.io", ".localtest.me")):
            refused(url)
    assert connections.private == []


def urlsplit_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "fe80::1",
        "0.0.0.0",
        "fd00::1",
    ],
)
def test_a_name_that_means_a_private_address_is_not_connected_to(
    connections: Connections, resolver: dict[Any, Any], address: str
) -> None:
    resolver["inside.example"] = [address]
    refused("http://inside.example/feed.xml")
    refused("https://inside.example:8443/feed.xml")
    assert connections.made == []


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    connections: Connections, resolver: dict[Any, Any]
) -> None:
    """Rebinding: the first answer is the only one; the second, private, is never asked for."""
    resolver["turns.example"] = [PUBLIC, PRIVATE]
    refused("http://turns.example/feed.xml")
    assert set(connections.made) == {PUBLIC}


def test_one_private_answer_among_public_ones_refuses_all(
    connections: Connections, resolver: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        connection.socket,
        "getaddrinfo",
        lambda host, port, **more: [*real(PUBLIC, port, **more), *real(PRIVATE, port, **more)],
    )
    refused("http://both.example/")
    assert connections.made == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:9/",
        "http://0x7f.1:9/",
        "//localhost:9/",
        "http://[::1]:9/",
        "http://inside.example/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_into_the_house_is_not_followed(
    connections: Connections,
    resolver: dict[Any, Any],
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    target: str,
) -> None:
    """The first host is taken for public, as a hostile one would be; where it sends us is not."""
    httpserver.expect_request("/").respond_with_data("", status=status, headers={"Location": target})
    resolver["inside.example"] = ["192.168.0.7"]
    real, first = connection.is_public, Once(PRIVATE)
    monkeypatch.setattr(connection, "is_public", lambda address: first(address) or real(address))
    refused(f"http://{PRIVATE}:{httpserver.port}/")
    assert connections.private == [PRIVATE]
    assert len(httpserver.log) == 1


class Once:
    """True the first time that it is asked about an address."""

    def __init__(self, address: str) -> None:
        self.left = [address]

    def __call__(self, address: str) -> bool:
        if address not in self.left:
            return False
        self.left.remove(address)
        return True


def test_nothing_that_a_draft_names_is_asked_for(connections: Connections, bench: Bench) -> None:
    """Pictures, links, addresses: taking in, planning, previewing and publishing connect to nothing at all."""
    urls = [f"http://{host}/a.png" for host in HOSTS]
    body = "\n\n".join(
        f"![x](<{url}>) <{url}> [y](<{url}>) <img src='{url}'> <video src='{url}'></video>" for url in urls
    )
    front = [
        f"canonical_url: {urls[0]}",
        f"cover: {urls[0]}",
        "event:",
        "  start: 2026-12-01 10:00",
        f"  url: {urls[0]}",
        "form: article",
    ]
    bench.set_up(SETTINGS, {"ugc/alice/a.md": article("One", *front, body=body)})
    pipeline.collect(bench.app, bench.clock.now())
    pipeline.plan(bench.app, bench.clock.now())
    pipeline.preview(bench.app, "ugc/alice/a.md", now=bench.clock.now())
    pipeline.publish(bench.app, series="daily")
    assert [row.title for row in bench.app.ledger.drafts()] == ["One"]
    assert connections.made == []


def test_a_feed_and_its_enclosures_reach_nothing_private(
    connections: Connections, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member's feed at a private address is one problem; so is each enclosure of a feed that is public."""
    items = "".join(
        f"<item><guid>{n}</guid><title>Item {n}</title><description>x</description><enclosure url='http://{host}/a.mp3' type='audio/mpeg' length='1'/></item>"
        for n, host in enumerate(HOSTS) if "%" not in host
    )  # fmt: skip
    feed = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()
    real = feeds.Fetcher.get

    def get(self: Any, url: Any, **more: Any) -> Any:
        if url == "https://public.example/feed":
            return feeds.Fetched(200, url, {}, feed, url)
        return real(self, url, **more)

    monkeypatch.setattr(feeds.Fetcher, "get", get)
    tables = '\n[[feed]]\nmember = "alice"\nurl = "https://public.example/feed"\ntake_old = 100\n'
    tables += '\n[[feed]]\nmember = "bob"\nurl = "http://127.0.0.1/feed"\n'
    bench.set_up(SETTINGS + tables, {"pgc/good.md": article("Good")})
    collected = pipeline.collect(bench.app, bench.clock.now())
    rows = [row for row in bench.app.ledger.drafts() if row.source == "feed"]
    assert len(rows) == min(50, len(HOSTS) - sum("%" in host for host in HOSTS)), "their texts are taken"
    assert not any(content_of(bench.app.ledger, row.revision, row.id)["media"] for row in rows)
    said = {p.where.split("/")[1]: p.message for p in collected.problems}
    assert "not on the public internet" in said["bob"]
    assert "an enclosure cannot be had" in said["alice"]
    assert f"and {len(rows) - 3} more" in said["alice"]
    assert connections.private == []
