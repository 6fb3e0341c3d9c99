"""An adapter that fails before anything left: refused, with its own file and line; else in doubt, as before."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from conftest import NOON, Promise
from pytest_httpserver import HTTPServer

from steadycast.delivery import Opened, deliver
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.outgoing import HttpClient
from steadycast.platform import Channel, registry
from steadycast.testing import SECRET, Clock, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)
ADAPTER = """
import os
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

from steadycast.platform import Unknown


class Adapter:
    def __init__(self, channel):
        self.channel, self.out, self.url = channel, channel.out, channel.settings["url"]

    def publish(self, post):
        {body}
        raise KeyError("{secret}")  # line 18

    def find(self, post, known):
        return None
"""
NOT_BEGUN = {
    "nothing at all": "pass",
    "a file that it reads": "Path(__file__).read_text()",
    "a request that only reads": 'self.channel.http.request("GET", self.url)',
    "a request that may be repeated": 'self.channel.http.request("POST", self.url, repeatable=True)',
    "a step that may be repeated": 'self.channel.step("up", lambda: {}["no such key"], repeatable=True)',
    "its exit": "sys.exit(3)",
}
BEGUN = {
    "a request": 'self.channel.http.request("POST", self.url)',
    "a file": '(self.out / "a").write_text("x")',
    "a folder": '(self.out / "a").mkdir()',
    "a file by its number": 'os.close(os.open(self.out / "a", os.O_WRONLY | os.O_CREAT))',
    "a file in another's place": 'os.replace(__file__, self.out / "a")',
    "a program": 'subprocess.run([sys.executable, "-c", ""])',
    "a wire of its own": "smtplib.SMTP(*self.url.removeprefix('http://').rstrip('/').split(':'), timeout=0.1)",
    "a letter without a connection": 'with socket.socket(type=socket.SOCK_DGRAM) as s: s.sendto(b"x", ("127.0.0.1", 9))',
    "a step": 'self.channel.step("up", lambda: 7)',
    "a step that fails": 'self.channel.step("up", lambda: {}["no such key"])',
}


@pytest.fixture
def tried(ledger: Ledger, promise: Promise, clock: Clock, tmp_path: Path, httpserver: HTTPServer) -> Any:
    """What became of one delivery to a blind platform whose adapter does this, and then fails."""
    httpserver.expect_request("/").respond_with_json({})
    (tmp_path / "out").mkdir()

    def tried(body: Any) -> Any:
        folder = tmp_path / "channels" / "mine"
        folder.mkdir(parents=True)
        (folder / "adapter.py").write_text(ADAPTER.format(body=body, secret=SECRET), encoding="utf-8")
        platform = replace(FakeChannel("blind", clock).platform, folder=folder)
        settings = {"url": httpserver.url_for("/")}

        def open_(name: Any, step: Any) -> Any:
            channel = Channel(
                name,
                "mine",
                settings,
                tmp_path / "out",
                cast("ZoneInfo", None),
                "en",
                "",
                step=step,
                http=HttpClient(name),
            )
            return Opened(registry.load(platform)(channel), platform, lambda text: text.replace(SECRET, "***"))

        [id] = promise("blog")
        claims = ledger.claim(NOON, "w", LEASE, ids=[id])
        [result] = deliver(ledger, claims, a_post, open_, clock=clock)
        return result

    return tried


@pytest.mark.parametrize("body", NOT_BEGUN.values(), ids=NOT_BEGUN)
def test_what_was_not_begun_was_not_sent(tried: Any, body: Any) -> None:
    """No person has to look on a blind platform for a post that never left; they are told where the fault is."""
    result = tried(body)
    assert result.state == State.REFUSED
    assert result.message.startswith("nothing was sent: ")
    assert SECRET not in result.message
    line = 17 if "key" in body or "exit" in body else 18
    assert f"(channels/mine/adapter.py:{line})" in result.message


@pytest.mark.parametrize("body", BEGUN.values(), ids=BEGUN)
def test_what_may_have_left_is_in_doubt(tried: Any, body: Any) -> None:
    """By whatever way, also one that the adapter made for itself."""
    assert tried(body).state == State.UNKNOWN


LEDGER = "__import__('steadycast.errors').errors.LedgerError('it stood still')"  # as a step has it


@pytest.mark.parametrize("error", ["MemoryError()", "OSError(24, 'Too many open files')", LEDGER])
def test_what_the_machine_or_the_ledger_did_not_give_is_tried_again(tried: Any, error: Any) -> None:
    """It is no fault of the adapter's."""
    assert tried(f"raise {error}").state == State.DUE


def test_an_adapter_that_says_unknown_is_believed(tried: Any) -> None:
    """It may know of something that nobody sees."""
    assert tried('raise Unknown("who knows")').state == State.UNKNOWN
