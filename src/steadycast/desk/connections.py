"""Connections to the desk: one that says nothing is hung up on, and nobody holds more of them than browsers do.

The server counts connections, and answers nobody any more once there are too many. So those that ask for nothing must
not stay: a client is given some seconds for the head of each request.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from steadycast.desk.rate_limits import network

HEAD = 10.0  # seconds for the head of a request
IDLE = 5  # seconds after an answer, in which the next request of a connection begins
OF_ONE = 40  # connections of one address elsewhere; a browser makes six
OF_ALL = 300


def config(desk: Any, host: str, port: int, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """How the desk is served. What addresses in `proxies` say of a visitor is believed; so are their connections."""
    return uvicorn.Config(
        desk, host=host, port=port, http=Connection, proxy_headers=bool(proxies), forwarded_allow_ips=[*proxies],
        access_log=False, log_level="warning", server_header=False, timeout_graceful_shutdown=2,
        timeout_keep_alive=IDLE, limit_concurrency=OF_ALL,
    )  # fmt: skip


class Connection(AutoHTTPProtocol):  # type: ignore[valid-type,misc]
    """The server's own, with an end to its patience."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._waiting: asyncio.TimerHandle | None = None
        self.peer = ""  # "" of whoever may have as many connections as there are

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self.peer = "" if _is_near(address) or _is_among(address, self.config.forwarded_allow_ips) else network(address)
        if self.peer and sum(each.peer == self.peer for each in self.connections) > OF_ONE:
            transport.close()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_busy():
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        """Whether the head of a request is there, whose answer is not."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _hang_up(self) -> None:
        self._waiting = None
        if not self._is_busy():
            self.transport.close()


def _is_near(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return not address  # a socket of this machine


def _is_among(address: str, trusted: Iterable[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
        return any(found in ipaddress.ip_network(each, strict=False) for each in trusted)
    except ValueError:
        return address in trusted
