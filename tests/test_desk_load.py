"""The desk is read as hard as it can answer while a slot comes due: the slot is not late for it."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from prefect_server import free_port, wait_for
from test_flows import finished, make_workspace
from test_up import upped

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAGES = ("/", "/calendar", "/drafts", "/kits", "/log", "/health", "/static/desk.css")
READERS = 8
MINUTE = dt.timedelta(minutes=1)


@pytest.mark.live
@pytest.mark.slow
def test_a_slot_is_in_time_while_the_desk_is_read_for_a_minute(tmp_path: Path) -> None:
    """Readers ask without a pause from half a minute before the slot to half a minute after it."""
    port = free_port()
    slot = (dt.datetime.now(SHANGHAI) + dt.timedelta(seconds=130)).replace(second=0, microsecond=0)
    community = make_workspace(tmp_path / "community", f"{slot:%H:%M}")
    answers: Counter[int] = Counter()
    ended = threading.Event()
    with upped(community, "--desk-port", str(port)) as up:
        address = re.search(rf"http://127.0.0.1:{port}/\S+", (community / "up.log").read_text(encoding="utf-8"))
        assert address
        assert dt.datetime.now(SHANGHAI) < slot - MINUTE / 2, "the machine was too slow to start in time"

        def read(first: int) -> None:
            session, n = requests.Session(), first
            session.get(address[0], timeout=30)
            while not ended.is_set():
                answers[session.get(f"http://127.0.0.1:{port}{PAGES[n % len(PAGES)]}", timeout=30).status_code] += 1
                n += 1

        readers = [threading.Thread(target=read, args=(n,), daemon=True) for n in range(READERS)]
        wait_for(lambda: dt.datetime.now(SHANGHAI) >= slot - MINUTE / 2, 90)
        for reader in readers:
            reader.start()
        wait_for(lambda: dt.datetime.now(SHANGHAI) >= slot + MINUTE / 2, 90)
        out = finished(community)
        ended.set()
        for reader in readers:
            reader.join(30)
        assert up.poll() is None
    print(f"{sum(answers.values())} answers in a minute; out after {[d['finished'] - d['at'] for d in out]}")
    assert set(answers) == {200}
    assert sum(answers.values()) > 1_000
    assert {(d["channel"], d["verdict"]) for d in out} == {("site", "kept"), ("mirror", "kept")}
    # Its process waits for the second; only a look every minute, where that one failed, would be later than this.
    assert all(d["finished"] - d["at"] < MINUTE / 2 for d in out)
