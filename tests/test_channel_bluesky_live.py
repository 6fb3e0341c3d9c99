"""The real server of the AT Protocol: what the imitation says of it is true, and a post is there once."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from platform_bench import NOW, ROOT
from test_channel_bluesky_cases import POSTS, Cases, Far, fresh

from steadycast.platform import Busy, MemoryState, Refused

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "bluesky.sh"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What it says of itself: a new one, which ends with this module's tests."""
    folder = tmp_path_factory.mktemp("bluesky")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    subprocess.run(["bash", SCRIPT, "start", folder, str(port)], check=True, timeout=300)
    yield json.loads((folder / "ready.json").read_text())
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


@pytest.fixture(scope="module")
def far(server: Any) -> Far:
    """All tests share a session, as workers do: the server takes 30 log-ins of an account in five minutes."""
    told = {name: server[name] for name in ("url", "handle", "password", "did", "alice")}
    return Far(**told, records=lambda: records(server), state=MemoryState(lambda: NOW))


def records(server: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor: str | None = ""
    while cursor is not None:
        asked = {"repo": server["did"], "collection": POSTS, "limit": 100, **({"cursor": cursor} if cursor else {})}
        page = got(server, "com.atproto.repo.listRecords", asked)
        found |= {each["uri"].rpartition("/")[2]: each["value"] for each in json.loads(page)["records"]}
        cursor = json.loads(page).get("cursor")
    return found


def got(server: Any, name: str, asked: Any) -> bytes:
    with urllib.request.urlopen(f"{server['url']}/xrpc/{name}?{urlencode(asked)}", timeout=30) as answer:
        return bytes(answer.read())


class TestServer(Cases):
    """The same as of the imitation."""


def test_a_picture_is_there_byte_for_byte(server: Any, far: Far, tmp_path: Path) -> None:
    given = fresh(tmp_path)
    (record,) = far.of(far.made(tmp_path).publish(given))
    for shown, sent in zip(record["embed"]["images"], given.media, strict=True):
        asked = {"did": server["did"], "cid": shown["image"]["ref"]["$link"]}
        assert got(server, "com.atproto.sync.getBlob", asked) == sent.path.read_bytes()


def test_the_accounts_own_password_has_another_scope(server: Any, far: Far, tmp_path: Path) -> None:
    own = far.made(tmp_path, password=server["own_password"])
    (may,) = own.check().rights
    assert may.startswith("do anything (the account's own password")


def test_log_ins_are_limited_and_the_limit_says_when(server: Any, far: Far, tmp_path: Path) -> None:
    """Thirty in five minutes, of each account for itself."""
    with pytest.raises(Busy) as told:
        for _ in range(40):
            with pytest.raises(Refused):
                far.made(tmp_path, account="alice.test", password="wrong").check()
    assert told.value.retry_after is not None
    assert 0 < told.value.retry_after.total_seconds() <= 300
    assert far.made(tmp_path).check().name == "@club.test"
