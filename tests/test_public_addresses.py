"""Which addresses a draft or a feed may make us talk to, and what is shown of one."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from steadycast.outgoing import Fetcher, FetchError, redacted_urls, shown_url
from steadycast.outgoing.addresses import is_public

PRIVATE = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.100.100.200 0.0.0.0 192.0.0.192 198.18.0.1
224.0.0.1 240.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fd00:ec2::254 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe
::127.0.0.1 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:7f00:1:: 64:ff9b::7f00:1 64:ff9b:1::7f00:1 2001:db8::1 ff02::1 100::1
nonsense 127.1 2001::1""".split()
PUBLIC = (
    "93.184.216.34 8.8.8.8 2606:2800:220:1:248:1893:25c8:1946 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1".split()
)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_lead_inside(address: Any) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_on_the_public_internet(address: Any) -> None:
    assert is_public(address)


def _vectors() -> Any:
    """Small ones of our own, and a public collection where one is at hand."""
    own = [
        "http://0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
    ]
    folder = os.environ.get("STEADYCAST_CORPORA")
    return own + (json.loads(Path(folder, "ssrf.json").read_text()) if folder else [])


@pytest.mark.parametrize("url", _vectors())
def test_known_tricks_reach_nothing_inside(url: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is connected to a private address, however it is spelled; names outside are not looked up."""
    real = socket.getaddrinfo

    def offline(host: str, *args: Any, **more: Any) -> Any:
        try:
            socket.inet_aton(host)
        except OSError:
            if ":" not in host and host not in {"localhost", "ip6-localhost"}:
                raise socket.gaierror("offline") from None
        return real(host, *args, **more)

    def never(self: Any, address: Any) -> None:
        assert ipaddress.ip_address(address[0]).is_global, address
        raise OSError("offline")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(FetchError):
        Fetcher(deadline=5).get(url)


def test_shown_addresses_keep_the_host_and_four_characters() -> None:
    assert shown_url("https://hooks.example/services/T00/B00/abcdEFGH") == "https://hooks.example/…EFGH"
    assert shown_url("https://u:pw@alice.example/") == "https://alice.example"
    assert shown_url("http://[broken") == "(unreadable address)"
    assert redacted_urls("no address") == "no address"
